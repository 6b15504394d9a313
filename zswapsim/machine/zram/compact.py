# SPDX-License-Identifier: GPL-2.0-only
"""Compaction of zram's pool: objects move together, and their slots get the new handles.

Models Linux 6.1 drivers/block/zram/zram_drv.c compact_store. The kernel's handles stay as they are,
since zsmalloc looks an object's place up; here a handle is the place, so zs_compact tells what it
moved and slots are looked up by their handles, in a hash table that is made for that.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.machine.journal import MOVE, Journal, has_headroom, note
from zswapsim.machine.pools.zsmalloc_compact import zs_compact
from zswapsim.machine.pools.zsmalloc_zspage import MOVED, RESUME, ZsPool
from zswapsim.machine.zram.device import COMPRESSED, HUGE, PAGES_COMPACTED, POOL, Zram
from zswapsim.machine.zram.writeback import GO_ON


@simulated
def remember_slot(zram: Zram, index: int) -> None:
    """Enter a slot into the table under its handle.

    Open addressing; an entry whose slot has another handle by now is passed over, never removed.
    """
    size = len(zram.slot_of)
    at = zram.handle[index] % size
    while zram.slot_of[at] != 0:
        at = (at + 1) % size
    zram.slot_of[at] = index + 1


@simulated
def remember_slots(zram: Zram) -> None:
    """Make the table anew."""
    for at in range(len(zram.slot_of)):
        zram.slot_of[at] = 0
    for index in range(len(zram.kind)):
        if zram.kind[index] == COMPRESSED or zram.kind[index] == HUGE:
            remember_slot(zram, index)


@simulated
def find_slot(zram: Zram, handle: int) -> int:
    """Return the slot whose object has that handle, which must be in the table."""
    size = len(zram.slot_of)
    at = handle % size
    while zram.handle[zram.slot_of[at] - 1] != handle:
        at = (at + 1) % size
    return zram.slot_of[at] - 1


@simulated
def zram_compact(zram: Zram, pool: ZsPool, journal: Journal) -> int:
    """Compact the pool; return 0, or GO_ON where the journal has no room.

    Source: Linux 6.1 drivers/block/zram/zram_drv.c compact_store.
    """
    more = True
    while more:
        if not has_headroom(journal):
            return GO_ON
        zram.counters[PAGES_COMPACTED] += zs_compact(pool, zram.moves)
        if pool.counts[MOVED] > 0:
            remember_slots(zram)
        for move in range(pool.counts[MOVED]):
            old = zram.moves[2 * move]
            new = zram.moves[2 * move + 1]
            index = find_slot(zram, old)
            zram.handle[index] = new
            remember_slot(zram, index)
            note(journal, MOVE, 0, POOL, old, zram.length[index], new)
        more = pool.counts[RESUME] != 0
    return 0
