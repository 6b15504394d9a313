# SPDX-License-Identifier: GPL-2.0-only
"""A pool in a person's hands: the zpool operations with exceptions in place of errno."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import EINVAL, ENOENT, InvalidArgument, raise_errno
from zswapsim.machine.pools import zpool

EvictCallback = Callable[["Pool", int], int]
"""evict(pool, handle) frees the object and returns 0, or returns a negative errno."""


class Pool:
    """One pool of a zpool driver, run interpreted.

    Objects: malloc, free, map, unmap, place. Size: total_pages, total_size.
    Reclaim: shrink. Life: destroy (or use it as a context manager), check.
    """

    def __init__(self, type_: str, max_pages: int = 4096, evict: EvictCallback | None = None):
        """Make a pool. NoEntry lists the types there are; max_pages bounds its memory."""
        if max_pages < 1:
            raise InvalidArgument(f"max_pages {max_pages}: allowed is 1 or more")
        self.state = zpool.get_driver(type_).create(max_pages, zeros_interpreted)
        self._driver = zpool.get_driver(type_)
        zpool.acquire(self._driver)
        self._evict = evict
        self._live = True

    def __repr__(self) -> str:
        return f"<Pool {self.type} of {self.total_pages} pages>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.destroy()

    @property
    def type(self) -> str:
        """The driver's type."""
        return self._driver.type

    @property
    def evictable(self) -> bool:
        """Whether shrink can work: the driver has it and there is an evict callback."""
        return self._driver.evictable and self._evict is not None

    @property
    def total_pages(self) -> int:
        """Pages in use."""
        return zpool.zpool_total_pages(self.state)

    @property
    def total_size(self) -> int:
        """Bytes in use, in whole pages."""
        return self.total_pages * 4096

    def malloc(self, size: int, *, highmem: bool = False) -> int:
        """Allocate size bytes and return a handle.

        InvalidArgument: size 0 or less, or highmem. NoSpace: too large for the driver.
        OutOfMemory: no page left. The pool is unchanged on error.
        """
        handle = -EINVAL if highmem else zpool.zpool_malloc(self.state, size)
        if handle < 0:
            raise_errno(handle, f"{self.type} cannot allocate {size} bytes")
        return handle

    def free(self, handle: int) -> None:
        """Free an object. InvalidArgument where nothing is allocated at that handle."""
        self._checked(zpool.zpool_free(self.state, handle), f"handle {handle} is not allocated")

    def map(self, handle: int) -> int:
        """Return the object's byte address in the pool's memory."""
        return self._checked(
            zpool.zpool_map(self.state, handle), f"handle {handle} is not allocated"
        )

    def unmap(self, handle: int) -> None:
        """End a mapping; nothing to do in any driver there is."""
        zpool.zpool_unmap(self.state, handle)

    def place(self, handle: int) -> tuple[int | str, ...]:
        """Tell where an object lies; (page, "F" or "L", byte offset) for zbud."""
        return self._driver.place(self.state, self.map(handle))

    def shrink(self, pages: int) -> int:
        """Evict objects through the callback until pages are free; return pages.

        InvalidArgument: the pool is empty, pages is 0 or it is not evictable. TryAgain: all
        retries failed. `reclaimed` tells how many pages came free before the error.
        """
        status = zpool.zpool_shrink(self.state, self, pages) if self.evictable else -EINVAL
        self._checked(status, f"{self.type} could not free {pages} pages")
        return self.reclaimed

    @property
    def reclaimed(self) -> int:
        """Pages that the last shrink reclaimed."""
        return zpool.zpool_reclaimed(self.state) if self._driver.evictable else 0

    def evict(self, state: zpool.PoolState, handle: int) -> int:
        """Answer the driver (zpool_evict): ask the callback; -ENOENT without one."""
        return -ENOENT if self._evict is None else self._evict(self, handle)

    def check(self) -> None:
        """Audit every invariant; InvariantError names the one that fails."""
        self._driver.check(self.state)

    def destroy(self) -> None:
        """Give the pool back to its driver; a second call does nothing."""
        if self._live:
            self._live = False
            zpool.release(self._driver)

    def _checked(self, status: int, message: str) -> int:
        if status < 0:
            raise_errno(status, message)
        return status
