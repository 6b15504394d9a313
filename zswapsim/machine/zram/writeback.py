# SPDX-License-Identifier: GPL-2.0-only
"""zram's writeback: slots are marked idle, and pages that match go to the backing device.

Models Linux 6.1 drivers/block/zram/zram_drv.c (specification section 6). Each page is decompressed
and takes a block of its own, the lowest that is free; block 0 is never used.
"""

from typing import Any

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EINVAL, EIO, ENODEV, ENOSPC
from zswapsim.machine import journal as j
from zswapsim.machine.faults import WRITE_ERROR, should_fail
from zswapsim.machine.journal import has_headroom, note
from zswapsim.machine.tracepoints import trace_zram_writeback
from zswapsim.machine.zram.device import (
    BD_COUNT,
    BD_WRITES,
    CLOCK,
    COMPRESSED,
    CURSOR,
    EMPTY,
    FIRST_FREE_BLOCK,
    HUGE,
    MEMORY_TRACKING,
    PAGES_STORED,
    POOL,
    WRITEBACK_DECOMPRESSIONS,
    WRITEBACK_LIMIT_ENABLE,
    WRITEBACK_LIMIT_PAGES,
    WRITTEN_BACK,
    Zram,
    free_block_bdev,
    zram_free_page,
)

ALL_PAGES = -1
"""An age that every page has."""

IDLE_WRITEBACK, HUGE_WRITEBACK, HUGE_IDLE_WRITEBACK, PAGE_WRITEBACK = range(1, 5)
MODES = {"idle": IDLE_WRITEBACK, "huge": HUGE_WRITEBACK, "huge_idle": HUGE_IDLE_WRITEBACK}
"""The modes that name no page, as they are written to the kernel's file."""

GO_ON = 1
"""Outcome: the journal is full; drain it and call again, with the same arguments."""


@simulated
def zram_mark_idle(zram: Zram, age: int) -> int:
    """Mark what has not been used for more than `age` pages read and written; return 0.

    age: ALL_PAGES marks every slot that holds something. -EINVAL: an age, and memory is not
    tracked. Source: Linux 6.1 drivers/block/zram/zram_drv.c idle_store, mark_idle.
    """
    tracking = zram.parameters[MEMORY_TRACKING] == 1
    if age < ALL_PAGES or (age != ALL_PAGES and not tracking):
        return -EINVAL
    now = zram.counters[CLOCK]
    for index in range(len(zram.kind)):
        if zram.kind[index] != EMPTY and (age == ALL_PAGES or now - zram.accessed[index] > age):
            zram.idle[index] = 1
    return 0


@simulated
def alloc_block_bdev(zram: Zram) -> int:
    """Take the lowest free block of the backing device; return it, or 0 if there is none."""
    block = zram.counters[FIRST_FREE_BLOCK]
    while block < len(zram.blocks) and zram.blocks[block] == 1:
        block += 1
    zram.counters[FIRST_FREE_BLOCK] = block
    if block >= len(zram.blocks):
        return 0
    zram.blocks[block] = 1
    zram.counters[BD_COUNT] += 1
    return block


@simulated
def is_wanted(zram: Zram, index: int, mode: int) -> bool:
    """Say whether a slot has an object, and is of those that the mode asks for."""
    kind = zram.kind[index]
    if kind != COMPRESSED and kind != HUGE:
        return False
    if zram.idle[index] == 0 and mode in (IDLE_WRITEBACK, HUGE_IDLE_WRITEBACK):
        return False
    return kind == HUGE or mode in (IDLE_WRITEBACK, PAGE_WRITEBACK)


@simulated
def write_back_slot(zram: Zram, pool: Any, journal: j.Journal, index: int, block: int) -> int:
    """Move a slot's page from its object to a block; return 0.

    -EIO: the device did not take it. The slot has it still, and is not idle; the block is free.
    """
    content = zram.content[index]
    zram.counters[WRITEBACK_DECOMPRESSIONS] += 1 if zram.kind[index] == COMPRESSED else 0
    if should_fail(zram.faults, WRITE_ERROR, index, content):
        note(journal, j.WRITE_FAILED, block, 0, 0, 0, content)
        zram.idle[index] = 0
        return -EIO
    trace_zram_writeback(index, block)
    note(journal, j.WRITEBACK, block, POOL, zram.handle[index], zram.length[index], content)
    zram_free_page(zram, pool, journal, index)
    zram.kind[index] = WRITTEN_BACK
    zram.handle[index] = block
    zram.counters[PAGES_STORED] += 1
    zram.counters[BD_WRITES] += 1
    if zram.parameters[WRITEBACK_LIMIT_ENABLE] == 1:
        zram.parameters[WRITEBACK_LIMIT_PAGES] -= 1
    return 0


@simulated
def writeback_limit_is_used_up(zram: Zram) -> bool:
    """Say whether there is a limit, and it allows no more pages."""
    parameters = zram.parameters
    return parameters[WRITEBACK_LIMIT_ENABLE] == 1 and parameters[WRITEBACK_LIMIT_PAGES] == 0


@simulated
def zram_writeback(zram: Zram, pool: Any, journal: j.Journal, mode: int, page_index: int) -> int:
    """Write pages back, from slot 0 upwards or the one of PAGE_WRITEBACK; return 0 or -errno.

    -EINVAL: no such mode or slot. -ENODEV: no backing device. What went before an error stays
    written: -EIO: the writeback limit is used up. -ENOSPC: no free block. GO_ON, positive: see
    there. Empty, same-filled and written-back slots are passed over, and so is what the device
    does not take.
    FIDELITY: limit and blocks are asked for before a slot is looked at, so both errors also come
    where nothing is left to write. Source: Linux 6.1 drivers/block/zram/zram_drv.c writeback_store.
    """
    slots = len(zram.kind)
    if mode < IDLE_WRITEBACK or mode > PAGE_WRITEBACK:
        return -EINVAL
    if mode == PAGE_WRITEBACK and (page_index < 0 or page_index >= slots):
        return -EINVAL
    if len(zram.blocks) == 0:
        return -ENODEV
    index = page_index if mode == PAGE_WRITEBACK else zram.counters[CURSOR]
    end = page_index + 1 if mode == PAGE_WRITEBACK else slots
    zram.counters[CURSOR] = 0
    outcome = 0
    block = 0
    while index < end and outcome == 0:
        if block == 0:
            block = alloc_block_bdev(zram)
        if not has_headroom(journal):
            zram.counters[CURSOR] = index
            outcome = GO_ON
        elif writeback_limit_is_used_up(zram):
            outcome = -EIO
        elif block == 0:
            outcome = -ENOSPC
        elif (
            is_wanted(zram, index, mode) and write_back_slot(zram, pool, journal, index, block) == 0
        ):
            block = 0
        index += 1
    if block != 0:
        free_block_bdev(zram, block)
    return outcome
