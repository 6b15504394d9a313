# SPDX-License-Identifier: GPL-2.0-only
"""Everything that can go wrong, and the errno that the simulated kernel uses for it.

ZswapSimError
├── InvalidArgument (ValueError)     EINVAL   bad size, handle, option or name
├── NoSpace                          ENOSPC   can never fit in the allocator
├── OutOfMemory                      ENOMEM   no page left, or the pool is full
├── TryAgain                         EAGAIN   shrink used up its retries; lists have rotated
├── Busy                             EBUSY    a driver still has pools
├── NoEntry (LookupError)            ENOENT   no such name, handle or slot
├── AlreadyExists                    EEXIST   the name is taken, or the page is in the swap cache
├── NoDevice                         ENODEV   there is no backing device
├── DeviceError                      EIO      a device takes no more, as its limit says
├── TraceError (ValueError)                   a trace or recording cannot be read: what and where
├── DataMismatch                              a page came back with other bytes than were stored
├── LawBroken (AssertionError)                a part of another package fails its conformance check
└── InvariantError (AssertionError)           check() failed: a bug of this program

Inside the machine an outcome is 0 or a negative errno; raise_errno maps it to an exception at the
Python edge. None of these derives from OSError, so that a real I/O error is never mistaken for a
simulated one.
"""

from typing import ClassVar, NoReturn

from zswapsim.printable import printable

EPERM = 1
ENOENT = 2
EIO = 5
EAGAIN = 11
ENOMEM = 12
EBUSY = 16
EEXIST = 17
ENODEV = 19
EINVAL = 22
ENOSPC = 28


class ZswapSimError(Exception):
    """Root of all errors that this package raises on purpose."""

    errno: ClassVar[int | None] = None


class InvalidArgument(ZswapSimError, ValueError):
    """A size, handle, option or name outside what is allowed."""

    errno = EINVAL


class NoSpace(ZswapSimError):
    """The object is too large for the allocator, whatever else it holds."""

    errno = ENOSPC


class OutOfMemory(ZswapSimError):
    """There is no free page now."""

    errno = ENOMEM


class TryAgain(ZswapSimError):
    """Reclaim used up its retries. State did change: pages rotated, single buddies may be gone."""

    errno = EAGAIN


class Busy(ZswapSimError):
    """The driver still has live pools."""

    errno = EBUSY


class NoEntry(ZswapSimError, LookupError):
    """There is no such name, handle or slot."""

    errno = ENOENT


class AlreadyExists(ZswapSimError):
    """The name is taken, or the slot's page is in the swap cache."""

    errno = EEXIST


class NoDevice(ZswapSimError):
    """There is no device to do that with."""

    errno = ENODEV


class DeviceError(ZswapSimError):
    """A simulated device takes no more."""

    errno = EIO


class TraceError(ZswapSimError, ValueError):
    """A trace or recording is damaged, truncated or of another format.

    The message is one line of printable text, whatever the file is called and holds.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class DataMismatch(ZswapSimError):
    """A page came back from the pool or the swap file with other bytes than it was stored with."""


class LawBroken(ZswapSimError, AssertionError):
    """A part does not keep to what its kind promises; the message tells the law and the steps."""


class InvariantError(ZswapSimError, AssertionError):
    """A check() found the state inconsistent."""


_BY_ERRNO: dict[int, type[ZswapSimError]] = {
    EINVAL: InvalidArgument,
    ENOSPC: NoSpace,
    ENOMEM: OutOfMemory,
    EAGAIN: TryAgain,
    EBUSY: Busy,
    ENOENT: NoEntry,
    EEXIST: AlreadyExists,
    ENODEV: NoDevice,
    EIO: DeviceError,
}


def raise_errno(status: int, message: str) -> NoReturn:
    """Raise the exception for a negative errno that the machine returned."""
    raise _BY_ERRNO.get(-status, ZswapSimError)(message)
