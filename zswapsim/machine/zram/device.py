# SPDX-License-Identifier: GPL-2.0-only
"""zram: a block device whose pages lie compressed in memory, in a zsmalloc pool of its own.

Models Linux 6.1 drivers/block/zram/zram_drv.c (specification section 6); of what is modelled, 5.4
lacks the column huge_pages_since. The compressor is not here: a write is told the length that it
produced. Marking slots idle and writing them back is in zram_writeback, compaction in zram_compact.

A slot is EMPTY, SAME (one repeated word), COMPRESSED, HUGE (stored raw, 4096 bytes) or WRITTEN_BACK
(in a block of the backing device). In the journal `slot` is the slot, but for WRITEBACK and
SWAP_READ, where it is the block: what they move is in the backing device. A FREE record follows
each WRITEBACK and names the slot. `length` 4096 says that the object is the page itself.

Deviations: one CPU, so one object at a time is under way; device I/O completes at once; the clock
counts pages read and written, where the kernel's counts seconds.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import EIO, ENOMEM
from zswapsim.machine import journal as j
from zswapsim.machine.faults import ALLOC_FAIL, READ_ERROR, Faults, make_faults, should_fail
from zswapsim.machine.journal import note
from zswapsim.machine.pools.zpool import zpool_free, zpool_malloc, zpool_total_pages
from zswapsim.machine.tracepoints import (
    trace_zram_free,
    trace_zram_limit,
    trace_zram_read,
    trace_zram_write,
    trace_zram_write_end,
)

PAGE_SIZE = 4096
EMPTY, SAME, COMPRESSED, HUGE, WRITTEN_BACK = range(5)
POOL = 0
"""Number of the pool, for the journal: zram has one."""

MM_STAT = (
    "orig_data_size",  # bytes of all pages stored, same-filled and written-back ones included
    "compr_data_size",  # bytes of the objects
    "mem_used_total",  # bytes of the pool's pages
    "mem_limit",  # bytes that these may be, 0 for any number
    "mem_used_max",  # the most they ever were
    "same_pages",  # same-filled pages now
    "pages_compacted",  # pool pages that compaction freed, ever
    "huge_pages",  # pages stored raw now
    "huge_pages_since",  # pages ever stored raw; not in 5.4
)
BD_STAT = (
    "bd_count",  # blocks of the backing device in use
    "bd_reads",  # pages read from it
    "bd_writes",  # pages written to it
)
(
    PAGES_STORED,
    COMPR_DATA_SIZE,
    MAX_USED_PAGES,
    SAME_PAGES,
    PAGES_COMPACTED,
    HUGE_PAGES,
    HUGE_PAGES_SINCE,
    BD_COUNT,
    BD_READS,
    BD_WRITES,
    CLOCK,  # pages read and written so far
    FIRST_FREE_BLOCK,  # no block below it is free
    CURSOR,  # slot at which an interrupted writeback goes on
    COMPRESSIONS,  # pages that went to the compressor
    LOAD_DECOMPRESSIONS,  # objects that went through the decompressor for a read
    WRITEBACK_DECOMPRESSIONS,  # and for a writeback
    COUNTERS,
) = range(17)
(
    HUGE_CLASS_SIZE,
    LIMIT_PAGES,
    MEMORY_TRACKING,
    WRITEBACK_LIMIT_ENABLE,
    WRITEBACK_LIMIT_PAGES,
    PARAMETERS,
) = range(6)


class Zram(NamedTuple):
    """zram's state. Arrays are int64.

    kind, handle, length, content, idle: shape (slots,), of each slot: EMPTY and so on; its object's
    handle, or its block when WRITTEN_BACK; bytes of its object; content number; 1 if it was marked
    idle and not used since;
    accessed: shape (slots,), the clock when a slot was last read or written; shape (1,), without
    meaning, if memory is not tracked;
    blocks: shape (blocks,), 1 for a block of the backing device in use; block 0 is never used, and
    a device of none is no device;
    slot_of, moves: room for compaction, see zram_compact;
    counters, parameters: as named above; faults: what is to fail.
    """

    kind: Ints
    handle: Ints
    length: Ints
    content: Ints
    idle: Ints
    accessed: Ints
    blocks: Ints
    slot_of: Ints
    moves: Ints
    counters: Ints
    parameters: Ints
    faults: Faults


MOVES = 256
"""Objects that one step of compaction moves at most: as many as a zspage can have."""


def make_zram(
    slots: int,
    *,
    huge_class_size: int,
    limit_pages: int,
    backing_blocks: int,
    zeros: Zeros,
    memory_tracking: bool = False,
    faults: Faults | None = None,
) -> Zram:
    """Return an empty device of slots 0 .. slots - 1.

    huge_class_size: bytes from which on a page is stored raw, see zsmalloc_classes; limit_pages: of
    the pool, 0 for none; backing_blocks: pages of the backing device, 0 if there is none.
    """
    zram = Zram(
        kind=zeros(slots, "int8"),
        handle=zeros(slots),
        length=zeros(slots, "int16"),
        content=zeros(slots, "int32"),
        idle=zeros(slots, "int8"),
        accessed=zeros(slots if memory_tracking else 1),
        blocks=zeros(backing_blocks, "int8"),
        slot_of=zeros(2 * (slots + MOVES) + 1),
        moves=zeros(2 * MOVES),
        counters=zeros(COUNTERS),
        parameters=zeros(PARAMETERS),
        faults=make_faults((), slots, zeros) if faults is None else faults,
    )
    zram.parameters[HUGE_CLASS_SIZE] = huge_class_size
    zram.parameters[LIMIT_PAGES] = limit_pages
    zram.parameters[MEMORY_TRACKING] = int(memory_tracking)
    zram.counters[FIRST_FREE_BLOCK] = 1
    return zram


@simulated
def zram_accessed(zram: Zram, index: int) -> None:
    """Note that a slot was used: it is not idle any more."""
    zram.idle[index] = 0
    zram.counters[CLOCK] += 1
    if zram.parameters[MEMORY_TRACKING] == 1:
        zram.accessed[index] = zram.counters[CLOCK]


@simulated
def free_block_bdev(zram: Zram, block: int) -> None:
    """Give a block of the backing device back."""
    zram.blocks[block] = 0
    zram.counters[BD_COUNT] -= 1
    zram.counters[FIRST_FREE_BLOCK] = min(zram.counters[FIRST_FREE_BLOCK], block)


@simulated
def zram_free_page(zram: Zram, pool: Any, journal: j.Journal, index: int) -> None:
    """Free what a slot holds, if anything: its object, or its block.

    Source: Linux 6.1 drivers/block/zram/zram_drv.c zram_free_page.
    """
    kind = zram.kind[index]
    counters = zram.counters
    zram.idle[index] = 0
    if zram.parameters[MEMORY_TRACKING] == 1:
        zram.accessed[index] = 0
    if kind == EMPTY:
        return
    trace_zram_free(index, kind)
    if kind == SAME:
        counters[SAME_PAGES] -= 1
    elif kind == WRITTEN_BACK:
        free_block_bdev(zram, zram.handle[index])
    else:
        handle = zram.handle[index]
        length = zram.length[index]
        zpool_free(pool, handle)
        note(journal, j.FREE, index, POOL, handle, length, zram.content[index])
        counters[COMPR_DATA_SIZE] -= length
        if kind == HUGE:
            counters[HUGE_PAGES] -= 1
    counters[PAGES_STORED] -= 1
    zram.kind[index] = EMPTY
    zram.handle[index] = 0
    zram.length[index] = 0


@simulated
def zram_slot_free_notify(zram: Zram, pool: Any, journal: j.Journal, index: int) -> None:
    """Forget a slot: it was discarded, or the swap slot that it is was freed."""
    note(journal, j.INVALIDATE, index, 0, 0, 0, 0)
    zram_free_page(zram, pool, journal, index)


@simulated
def zram_malloc(zram: Zram, pool: Any, index: int, length: int) -> int:
    """Allocate in the pool, which may be told that no page is left; see zswap's pool_malloc."""
    faults = zram.faults
    if faults.plans_of[ALLOC_FAIL] == 0:
        return zpool_malloc(pool, length)
    pages = zpool_total_pages(pool)
    handle = zpool_malloc(pool, length)
    grew = handle > 0 and zpool_total_pages(pool) > pages
    if grew and should_fail(faults, ALLOC_FAIL, index, index):
        zpool_free(pool, handle)
        return -ENOMEM
    return handle


@simulated
def alloc_object(zram: Zram, pool: Any, index: int, length: int) -> int:
    """Allocate within the limit; return a handle, or -errno and the pool is as it was.

    FIDELITY: the peak counts an object that the limit then refuses.
    """
    handle = zram_malloc(zram, pool, index, length)
    if handle < 0:
        return handle
    counters = zram.counters
    pages = zpool_total_pages(pool)
    counters[MAX_USED_PAGES] = max(counters[MAX_USED_PAGES], pages)
    limit_pages = zram.parameters[LIMIT_PAGES]
    if limit_pages > 0 and pages > limit_pages:
        trace_zram_limit(pages, limit_pages)
        zpool_free(pool, handle)
        return -ENOMEM
    return handle


@simulated
def zram_write_page(
    zram: Zram,
    pool: Any,
    journal: j.Journal,
    index: int,
    content: int,
    length: int,
    same_filled: int,
) -> int:
    """Do the work of zram_bvec_write. The old page of the slot goes after the new one is in."""
    counters = zram.counters
    kind = SAME
    handle = 0
    size = 0
    if same_filled == 0:
        counters[COMPRESSIONS] += 1
        if length < 0:
            return length
        kind = COMPRESSED
        size = length
        if length >= zram.parameters[HUGE_CLASS_SIZE]:
            kind = HUGE
            size = PAGE_SIZE
        handle = alloc_object(zram, pool, index, size)
        if handle < 0:
            return handle
        note(journal, j.STORE, index, POOL, handle, size, content)
        counters[COMPR_DATA_SIZE] += size
    zram_free_page(zram, pool, journal, index)
    if kind == SAME:
        note(journal, j.STORE_SAME, index, 0, 0, 0, content)
        counters[SAME_PAGES] += 1
    elif kind == HUGE:
        counters[HUGE_PAGES] += 1
        counters[HUGE_PAGES_SINCE] += 1
    zram.kind[index] = kind
    zram.handle[index] = handle
    zram.length[index] = size
    zram.content[index] = content
    counters[PAGES_STORED] += 1
    return 0


@simulated
def zram_bvec_write(
    zram: Zram,
    pool: Any,
    journal: j.Journal,
    index: int,
    content: int,
    length: int,
    same_filled: int,
) -> int:
    """Write a page; return 0, or -errno and the slot holds what it held.

    length: compressed bytes, which may be more than 4096, or -errno where the compressor failed,
    which is then the outcome; same_filled: 1 if all 64-bit words of the page are equal.
    -ENOMEM: the pool would be over its limit while it holds the old page and the new one, or has no
    page left. Source: Linux 6.1 drivers/block/zram/zram_drv.c __zram_bvec_write.
    """
    trace_zram_write(index, content, length, same_filled)
    outcome = zram_write_page(zram, pool, journal, index, content, length, same_filled)
    trace_zram_write_end(index, zram.kind[index], outcome)
    if outcome != 0:
        note(journal, j.STORE_FAILED, index, 0, 0, length, outcome)
    zram_accessed(zram, index)
    return outcome


@simulated
def zram_bvec_read(zram: Zram, journal: j.Journal, index: int) -> int:
    """Read a page; return 0. A slot that holds nothing reads as zeros, LOAD_MISS in the journal.

    -EIO: it is on the backing device, which does not give it. Such a read was begun, so it counts.
    Source: Linux 6.1 drivers/block/zram/zram_drv.c zram_bvec_read.
    """
    kind = zram.kind[index]
    handle = zram.handle[index]
    content = zram.content[index]
    outcome = 0
    trace_zram_read(index, kind)
    if kind == EMPTY:
        note(journal, j.LOAD_MISS, index, 0, 0, 0, 0)
    elif kind == SAME:
        note(journal, j.LOAD_SAME, index, 0, 0, 0, content)
    elif kind == WRITTEN_BACK:
        event = j.SWAP_READ
        if should_fail(zram.faults, READ_ERROR, index, content):
            event = j.READ_FAILED
            outcome = -EIO
        note(journal, event, handle, 0, 0, 0, content)
        zram.counters[BD_READS] += 1
    else:
        zram.counters[LOAD_DECOMPRESSIONS] += 1 if kind == COMPRESSED else 0
        note(journal, j.LOAD, index, POOL, handle, zram.length[index], content)
    zram_accessed(zram, index)
    return outcome


@simulated
def mm_stat_show(zram: Zram, pool: Any, row: Ints, at: int) -> None:
    """Write the columns of MM_STAT to row[at:]."""
    counters = zram.counters
    row[at] = counters[PAGES_STORED] * PAGE_SIZE
    row[at + 1] = counters[COMPR_DATA_SIZE]
    row[at + 2] = zpool_total_pages(pool) * PAGE_SIZE
    row[at + 3] = zram.parameters[LIMIT_PAGES] * PAGE_SIZE
    row[at + 4] = counters[MAX_USED_PAGES] * PAGE_SIZE
    row[at + 5] = counters[SAME_PAGES]
    row[at + 6] = counters[PAGES_COMPACTED]
    row[at + 7] = counters[HUGE_PAGES]
    row[at + 8] = counters[HUGE_PAGES_SINCE]


@simulated
def bd_stat_show(zram: Zram, row: Ints, at: int) -> None:
    """Write the columns of BD_STAT to row[at:]."""
    row[at] = zram.counters[BD_COUNT]
    row[at + 1] = zram.counters[BD_READS]
    row[at + 2] = zram.counters[BD_WRITES]
