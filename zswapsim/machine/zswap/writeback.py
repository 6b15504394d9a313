# SPDX-License-Identifier: GPL-2.0-only
"""Writeback: entries go to the swap file to make room.

Up to 6.1 a pool gives one of its pages free and asks for the writeback of its objects; from 6.6 on
zswap follows an LRU of its own (specification 5.10, 5.11). Models one online root memory cgroup.
"""

from typing import Any

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EAGAIN, EEXIST, ENOENT, ENOMEM
from zswapsim.machine import journal as j
from zswapsim.machine.faults import (
    WRITE_ERROR,
    WRITEBACK_EXISTS,
    WRITEBACK_NOMEM,
    note_redirtied,
    should_fail,
)
from zswapsim.machine.journal import note
from zswapsim.machine.list_head import list_empty, list_move, list_prev
from zswapsim.machine.pools.zpool import zpool_evict
from zswapsim.machine.pools.zpools import pools_map, pools_read_owner, pools_shrink
from zswapsim.machine.swap import PSWPOUT, ZSWPWB, Swap
from zswapsim.machine.tracepoints import (
    trace_second_chance,
    trace_shrink,
    trace_shrink_end,
    trace_writeback,
)
from zswapsim.machine.zswap.entry import (
    count_decompression,
    is_stale,
    lru_head,
    note_entry,
    zswap_free_entry,
)
from zswapsim.machine.zswap.pools import zswap_pool_get, zswap_pool_put
from zswapsim.machine.zswap.state import (
    COMPRESSED,
    NR_PROTECTED,
    REJECT_RECLAIM_FAIL,
    SHRINK,
    SHRINK_POOL,
    WRITEBACK_DECOMPRESSIONS,
    WRITTEN_BACK_PAGES,
    ZSWPWB_EVENT,
)
from zswapsim.profiles import MEMCG_LRU, SECOND_CHANCE


@simulated
def writeback_obstacle(swap: Swap, slot: int) -> int:
    """Return 0 if a slot's entry can be written back, or the -errno with which that fails."""
    outcome = swap.busy[slot]
    if outcome == 0 and is_stale(swap.zswap, slot) and swap.device[slot] == 0:
        outcome = -ENOMEM  # the slot was freed, which a stale entry outlives
    if outcome == 0 and should_fail(swap.faults, WRITEBACK_EXISTS, slot, slot):
        outcome = -EEXIST
    if outcome == 0 and should_fail(swap.faults, WRITEBACK_NOMEM, slot, slot):
        outcome = -ENOMEM
    return outcome


@simulated
def write_entry(swap: Swap, slot: int) -> None:
    """Write a slot's entry to the swap file. A write error is known only when the entry is gone.

    The page that it was decompressed into then stays in the swap cache, and is dirty. Nobody looks
    for an entry of which the swap core knows that its slot holds zeros, so no error matters there.
    """
    note_entry(swap, j.WRITEBACK, slot)
    content = swap.zswap.content[slot]
    swap.device[slot] = content + 1
    if swap.zero[slot] == 0 and should_fail(swap.faults, WRITE_ERROR, slot, content):
        note(swap.journal, j.WRITE_FAILED, slot, 0, 0, 0, content)
        swap.device[slot] = 0
        swap.busy[slot] = -EEXIST
        note_redirtied(swap.faults, slot)


@simulated
def writeback_slot(swap: Swap, slot: int) -> int:
    """Write a slot's compressed entry to the swap file and free it.

    -EEXIST while the slot's page is in the swap cache, -ENOMEM where the slot is already free.
    Source: Linux 6.1 and 6.12 mm/zswap.c zswap_writeback_entry.

    Deviation: a stale entry of 3.11 is counted and freed, but it leaves the newer page that the
    swap file has of its slot alone, which the kernel overwrites (and so loses data).
    """
    zswap = swap.zswap
    outcome = writeback_obstacle(swap, slot)
    if outcome != 0:
        note(swap.journal, j.EVICT_FAILED, slot, zswap.pool[slot], 0, 0, outcome)
        trace_writeback(slot, outcome)
        return outcome
    trace_writeback(slot, 0)
    if not is_stale(zswap, slot):
        write_entry(swap, slot)
    swap.stat[PSWPOUT] += 1
    swap.stat[ZSWPWB] += zswap.switches[ZSWPWB_EVENT]
    count_decompression(zswap, slot, WRITEBACK_DECOMPRESSIONS)
    zswap_free_entry(swap, slot, WRITTEN_BACK_PAGES)
    return 0


@simulated
def zswap_writeback_entry(swap: Swap, pool: Any, handle: int) -> int:
    """Answer a pool that wants an object gone; 0 also if the entry is gone already."""
    zswap = swap.zswap
    number = zswap.counters[SHRINK_POOL]
    slot = pools_read_owner(swap.pools, number, handle)
    note(swap.journal, j.EVICT, slot, number, pools_map(swap.pools, number, handle), 0, 0)
    if zswap.kind[slot] != COMPRESSED or zswap.handle[slot] != handle:
        return 0
    return writeback_slot(swap, slot)


zpool_evict.register(Swap, zswap_writeback_entry)


@simulated
def zswap_shrink(swap: Swap, number: int) -> int:
    """Free one page of a pool; return 0 or -errno."""
    swap.zswap.counters[SHRINK_POOL] = number
    note(swap.journal, j.SHRINK, 0, number, 0, 0, 0)
    trace_shrink(number)
    outcome = -ENOENT
    if number >= 0:
        # Held meanwhile: a pool whose last entry goes still counts, with the page that is not free.
        zswap_pool_get(swap.zswap, number)
        outcome = pools_shrink(swap.pools, number, swap, 1)
        zswap_pool_put(swap.zswap, number)
    note(swap.journal, j.SHRINK_END, 0, number, 0, 0, outcome)
    trace_shrink_end(number, outcome)
    if outcome != 0:
        swap.zswap.counters[REJECT_RECLAIM_FAIL] += 1
    return outcome


@simulated
def shrink_oldest(swap: Swap, number: int) -> int:
    """Visit the oldest entry of the LRU of a pool, or from 6.12 on of all.

    Returns 0: written back. -EAGAIN: it had a second chance (6.12), and is the newest now. -ENOENT:
    there is none. Else the writeback failed, and the entry is the newest. Source: Linux 6.6
    mm/zswap.c zswap_reclaim_entry, 6.12 shrink_memcg_cb.
    """
    zswap = swap.zswap
    head = lru_head(zswap, number)
    if list_empty(zswap.lru, head):
        return -ENOENT
    slot = list_prev(zswap.lru, head)
    list_move(zswap.lru, slot, head)
    if zswap.switches[SHRINK] == SECOND_CHANCE and zswap.referenced[slot] == 1:
        zswap.referenced[slot] = 0
        trace_second_chance(slot)
        return -EAGAIN
    note_entry(swap, j.EVICT, slot)
    outcome = writeback_slot(swap, slot)
    if outcome != 0:
        zswap.counters[REJECT_RECLAIM_FAIL] += 1
        if zswap.switches[SHRINK] == MEMCG_LRU:
            zswap.counters[NR_PROTECTED] += 1
    return outcome
