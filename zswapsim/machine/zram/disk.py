# SPDX-License-Identifier: GPL-2.0-only
"""zram as the disk that swap slots lie on: a slot is a page of the device.

Its pool is the first of the chain, and counts as memory like zswap's do.
"""

from zswapsim.engine.simulated import Zeros, simulated
from zswapsim.errors import EINVAL
from zswapsim.machine.faults import COMPRESS_ERROR, Faults, should_fail
from zswapsim.machine.pools import zsmalloc
from zswapsim.machine.pools.zsmalloc_classes import huge_class_size
from zswapsim.machine.pools.zsmalloc_zspage import ZsPool
from zswapsim.machine.swap import Swap
from zswapsim.machine.swap_disk import (
    disk_free,
    disk_held_pages,
    disk_is_synchronous,
    disk_read,
    disk_write,
)
from zswapsim.machine.zram.device import (
    BD_COUNT,
    PAGES_STORED,
    Zram,
    make_zram,
    zram_bvec_read,
    zram_bvec_write,
    zram_slot_free_notify,
)
from zswapsim.machine.zram.writeback import ALL_PAGES, GO_ON, zram_mark_idle, zram_writeback
from zswapsim.profiles import Profile


def make_zram_disk(
    row: Profile,
    slots: int,
    *,
    limit_pages: int,
    backing_blocks: int,
    zeros: Zeros,
    memory_tracking: bool = False,
    faults: Faults | None = None,
) -> tuple[Zram, ZsPool]:
    """Return an empty device of a kernel, as make_zram, and the pool it stores in."""
    zram = make_zram(
        slots,
        huge_class_size=huge_class_size(row.zsmalloc_max_chain, row.zsmalloc_algorithm),
        limit_pages=limit_pages,
        backing_blocks=backing_blocks,
        zeros=zeros,
        memory_tracking=memory_tracking,
        faults=faults,
    )
    options = zsmalloc.DRIVER.options(row)
    # One more than slots: a page that is written anew is there twice for a moment.
    room = zsmalloc.DRIVER.room_for(slots + 1, **options)
    return zram, zsmalloc.DRIVER.create(zeros=zeros, **room, **options)


@simulated
def zram_disk_write(
    disk: Zram, swap: Swap, slot: int, content: int, length: int, same_filled: int
) -> int:
    """Compress a page into the pool; -ENOMEM where that would be over its limit.

    -EINVAL: a fault plan lets the compressor fail.
    """
    is_same = 1 if same_filled != 0 else 0
    if is_same == 0 and should_fail(swap.faults, COMPRESS_ERROR, slot, content):
        length = -EINVAL
    return zram_bvec_write(disk, swap.pools.pool, swap.journal, slot, content, length, is_same)


@simulated
def zram_disk_read(disk: Zram, swap: Swap, slot: int) -> int:
    """Decompress a page, or read it from the backing device, which may give -EIO."""
    return zram_bvec_read(disk, swap.journal, slot)


@simulated
def zram_disk_free(disk: Zram, swap: Swap, slot: int) -> None:
    """Forget the page of a slot that was freed."""
    zram_slot_free_notify(disk, swap.pools.pool, swap.journal, slot)


@simulated
def zram_disk_held_pages(disk: Zram) -> int:
    """Return the pages stored less those on the backing device."""
    return disk.counters[PAGES_STORED] - disk.counters[BD_COUNT]


@simulated
def zram_disk_is_synchronous(disk: Zram) -> bool:
    """Say yes, unless there is a backing device, whose reads take their time."""
    return len(disk.blocks) == 0


disk_write.register(Zram, zram_disk_write)
disk_read.register(Zram, zram_disk_read)
disk_free.register(Zram, zram_disk_free)
disk_held_pages.register(Zram, zram_disk_held_pages)
disk_is_synchronous.register(Zram, zram_disk_is_synchronous)


def run_zram_writeback(swap: Swap, mode: int) -> int:
    """Write back what the mode says, then mark the rest idle for the next time; an entry loop.

    Returns the outcome of zram_writeback: 0, GO_ON where the journal has to be drained and the call
    repeated, or -errno: -ENOSPC where the backing device is full.
    """
    outcome = zram_writeback(swap.disk, swap.pools.pool, swap.journal, mode, 0)
    if outcome != GO_ON:
        zram_mark_idle(swap.disk, ALL_PAGES)
    return outcome
