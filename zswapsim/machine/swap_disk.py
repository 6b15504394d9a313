# SPDX-License-Identifier: GPL-2.0-only
"""The block device that swap slots lie on: five operations, generic by the type of the device.

SwapFile is a file, whose reads and writes succeed unless a fault plan says otherwise. Another
device, such as zram, registers its own implementations for its type.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, generic, simulated
from zswapsim.errors import EIO
from zswapsim.machine import journal as j
from zswapsim.machine.faults import READ_ERROR, WRITE_ERROR, should_fail
from zswapsim.machine.journal import note
from zswapsim.machine.swap import PSWPOUT, Swap

DiskState = Any


@generic
def disk_write(
    disk: DiskState, swap: Swap, slot: int, content: int, length: int, same_filled: int
) -> int:
    """Write a page to a slot; return 0, or -errno and the slot holds what it held.

    length, same_filled: as for zswap_store, for a device that compresses.
    """
    raise NotImplementedError


@generic
def disk_read(disk: DiskState, swap: Swap, slot: int) -> int:
    """Read the page of a slot; return 0, or -EIO where the device does not give it."""
    raise NotImplementedError


@generic
def disk_free(disk: DiskState, swap: Swap, slot: int) -> None:
    """Take note that a slot was freed."""
    raise NotImplementedError


@generic
def disk_held_pages(disk: DiskState) -> int:
    """Return how many pages the device holds in memory, where its pool counts."""
    raise NotImplementedError


@generic
def disk_is_synchronous(disk: DiskState) -> bool:
    """Say whether reads need no waiting: such pages skip swap cache and read-ahead."""
    raise NotImplementedError


class SwapFileDisk(NamedTuple):
    """A swap file. nothing: a placeholder, as numba knows no empty tuple with a name."""

    nothing: Ints


def make_swap_file_disk(zeros: Zeros) -> SwapFileDisk:
    """Return a swap file; what it holds is swap.device."""
    return SwapFileDisk(zeros(1))


@simulated
def file_write(
    disk: SwapFileDisk, swap: Swap, slot: int, content: int, length: int, same_filled: int
) -> int:
    """Write the page as it is; -EIO: a write error, and what the slot holds is undefined.

    Such a write was begun, so it counts.
    """
    if should_fail(swap.faults, WRITE_ERROR, slot, content):
        note(swap.journal, j.WRITE_FAILED, slot, 0, 0, 0, content)
        swap.device[slot] = 0
        swap.stat[PSWPOUT] += 1
        return -EIO
    note(swap.journal, j.SWAP_WRITE, slot, 0, 0, 0, content)
    return 0


@simulated
def file_read(disk: SwapFileDisk, swap: Swap, slot: int) -> int:
    """Read the page as it is; -EIO: a read error."""
    content = swap.device[slot] - 1
    if should_fail(swap.faults, READ_ERROR, slot, content):
        note(swap.journal, j.READ_FAILED, slot, 0, 0, 0, content)
        return -EIO
    note(swap.journal, j.SWAP_READ, slot, 0, 0, 0, content)
    return 0


@simulated
def file_free(disk: SwapFileDisk, swap: Swap, slot: int) -> None:
    """Do nothing: the file keeps what nobody will read."""


@simulated
def file_held_pages(disk: SwapFileDisk) -> int:
    """Return 0."""
    return 0


@simulated
def file_is_synchronous(disk: SwapFileDisk) -> bool:
    """Say no."""
    return False


disk_write.register(SwapFileDisk, file_write)
disk_read.register(SwapFileDisk, file_read)
disk_free.register(SwapFileDisk, file_free)
disk_held_pages.register(SwapFileDisk, file_held_pages)
disk_is_synchronous.register(SwapFileDisk, file_is_synchronous)
