# SPDX-License-Identifier: GPL-2.0-only
"""Entries of zswap: the journal's view of one, its place in the LRU, its end."""

from zswapsim.engine.simulated import simulated
from zswapsim.machine import journal as j
from zswapsim.machine.journal import note, wants
from zswapsim.machine.list_head import list_add, list_del, list_move
from zswapsim.machine.pools.zpool import MOVED_BYTES, MOVED_FROM, MOVED_TO
from zswapsim.machine.pools.zpools import pools_free, pools_map, pools_moved, pools_work
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap.pools import (
    zswap_pool_current,
    zswap_pool_put,
    zswap_update_total_size,
)
from zswapsim.machine.zswap.state import (
    COMPRESSED,
    FRONTSWAP,
    NONE,
    NR_PROTECTED,
    PAGE_SIZE,
    RAW_INCOMPRESSIBLE,
    SAME_FILLED_PAGES,
    SHRINK,
    STORED_INCOMPRESSIBLE_PAGES,
    STORED_PAGES,
    Zswap,
)
from zswapsim.profiles import MEMCG_LRU, POOL_PAGE, SECOND_CHANCE


@simulated
def note_entry(swap: Swap, event: int, slot: int) -> None:
    """Write a record of a slot's object: its pool, address, length and content."""
    if wants(swap.journal, event):
        zswap = swap.zswap
        number = zswap.pool[slot]
        address = pools_map(swap.pools, number, zswap.handle[slot])
        note(swap.journal, event, slot, number, address, zswap.length[slot], zswap.content[slot])


@simulated
def count_decompression(zswap: Zswap, slot: int, counter: int) -> None:
    """Count an object that is decompressed; one that 6.18 stored raw is copied."""
    if zswap.switches[RAW_INCOMPRESSIBLE] == 0 or zswap.length[slot] != PAGE_SIZE:
        zswap.counters[counter] += 1


@simulated
def is_stale(zswap: Zswap, slot: int) -> bool:
    """Say whether frontswap does not ask for a slot: of an entry there no load knows any more."""
    return zswap.switches[FRONTSWAP] == 1 and zswap.backed[slot] == 0


@simulated
def note_move(swap: Swap, number: int) -> None:
    """Write a record of the object that a pool has just moved, if it has."""
    moved_bytes = pools_moved(swap.pools, number, MOVED_BYTES)
    if moved_bytes != 0:
        before = pools_moved(swap.pools, number, MOVED_FROM)
        after = pools_moved(swap.pools, number, MOVED_TO)
        note(swap.journal, j.MOVE, 0, number, before, moved_bytes, after)


@simulated
def zswap_pools_work(swap: Swap) -> int:
    """Do one piece of the work that pools have put off; return 1, or 0 if none has."""
    for number in range(len(swap.zswap.pool_refs)):
        if pools_work(swap.pools, number) != 0:
            note_move(swap, number)
            return 1
    return 0


@simulated
def lru_head(zswap: Zswap, number: int) -> int:
    """Return the head of the LRU of a pool's entries; from 6.12 on there is one for all pools."""
    if zswap.switches[SHRINK] == SECOND_CHANCE:
        return len(zswap.kind)
    return len(zswap.kind) + number


@simulated
def lru_length(zswap: Zswap, number: int) -> int:
    """Return how many entries are on the LRU that those of a pool are on."""
    if zswap.switches[SHRINK] == SECOND_CHANCE:
        return zswap.counters[STORED_PAGES]
    entries = zswap.pool_refs[number]
    if number == zswap_pool_current(zswap):
        return entries - 1
    return entries


@simulated
def protect_more(zswap: Zswap, number: int) -> None:
    """Let 6.8's shrinker protect one more entry for an added one, but not a quarter of its LRU.

    What else makes it protect more, a rotation or a page from the swap file, does not decay it.
    """
    protected = zswap.counters[NR_PROTECTED] + 1
    zswap.counters[NR_PROTECTED] = (
        protected // 2 if protected > lru_length(zswap, number) // 4 else protected
    )


@simulated
def zswap_lru_add(zswap: Zswap, slot: int) -> None:
    """Put a new entry at the newest end of its LRU, where the kernel has one."""
    if zswap.switches[SHRINK] != POOL_PAGE:
        list_add(zswap.lru, slot, lru_head(zswap, zswap.pool[slot]))
        zswap.referenced[slot] = 1
        if zswap.switches[SHRINK] == MEMCG_LRU:
            protect_more(zswap, zswap.pool[slot])


@simulated
def zswap_lru_touch(zswap: Zswap, slot: int) -> None:
    """Move an entry that stays after a load to the newest end of its LRU, where there is one."""
    if zswap.switches[SHRINK] != POOL_PAGE and zswap.switches[SHRINK] != SECOND_CHANCE:
        list_move(zswap.lru, slot, lru_head(zswap, zswap.pool[slot]))
        if zswap.switches[SHRINK] == MEMCG_LRU:
            protect_more(zswap, zswap.pool[slot])


@simulated
def zswap_free_entry(swap: Swap, slot: int, why: int) -> None:
    """Free a slot's entry and its object. why: the counter of what takes it."""
    zswap = swap.zswap
    number = zswap.pool[slot]
    if zswap.kind[slot] == COMPRESSED:
        note_entry(swap, j.FREE, slot)
        if zswap.switches[SHRINK] != POOL_PAGE:
            list_del(zswap.lru, slot)
        if zswap.switches[RAW_INCOMPRESSIBLE] == 1 and zswap.length[slot] == PAGE_SIZE:
            zswap.counters[STORED_INCOMPRESSIBLE_PAGES] -= 1
        pools_free(swap.pools, number, zswap.handle[slot])
        note_move(swap, number)
        zswap_pool_put(zswap, number)
    else:
        zswap.counters[SAME_FILLED_PAGES] -= 1
    zswap.kind[slot] = NONE
    zswap.counters[STORED_PAGES] -= 1
    zswap.counters[why] += 1
    zswap_update_total_size(swap, number)
