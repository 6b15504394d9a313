# SPDX-License-Identifier: GPL-2.0-only
"""zswap's pools: which takes new stores, which is shrunk, how large they are together.

Models Linux 5.4 to 6.18 mm/zswap.c (specification 5.7, 5.12). In 3.11 each swap type has a pool,
and the size is that of the pool used last.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.machine.list_head import list_add, list_add_tail, list_del, list_empty, list_next
from zswapsim.machine.list_head import list_prev as list_last
from zswapsim.machine.pools.zpools import pools_pages
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap.state import POOL_PAGES, POOL_SCOPE, TYPE_SLOTS, USED_VALUE, Zswap
from zswapsim.profiles import LIVE, PER_SWAP_TYPE


@simulated
def zswap_pool_current(zswap: Zswap) -> int:
    """Return the number of the pool that takes new stores, or -1."""
    head = len(zswap.pool_refs)
    if list_empty(zswap.pool_list, head):
        return -1
    return list_next(zswap.pool_list, head)


@simulated
def zswap_pool_last(zswap: Zswap) -> int:
    """Return the number of the pool that has not been current for the longest time, or -1."""
    head = len(zswap.pool_refs)
    if list_empty(zswap.pool_list, head):
        return -1
    return list_last(zswap.pool_list, head)


@simulated
def zswap_pool_of(zswap: Zswap, slot: int) -> int:
    """Return the number of the pool that takes a store to a slot, or -1."""
    type_slots = zswap.parameters[TYPE_SLOTS]
    if zswap.switches[POOL_SCOPE] == PER_SWAP_TYPE and type_slots > 0:
        return slot // type_slots
    return zswap_pool_current(zswap)


@simulated
def zswap_pool_get(zswap: Zswap, number: int) -> None:
    """Take one reference of a pool for an entry."""
    if zswap.pool_refs[number] == 0:  # the pool of another swap type than the first
        list_add_tail(zswap.pool_list, number, len(zswap.pool_refs))
    zswap.pool_refs[number] += 1


@simulated
def zswap_pool_put(zswap: Zswap, number: int) -> None:
    """Drop one reference of a pool; the last one takes it off the list."""
    zswap.pool_refs[number] -= 1
    if zswap.pool_refs[number] == 0:
        list_del(zswap.pool_list, number)


@simulated
def zswap_pool_make_current(zswap: Zswap, number: int) -> int:
    """Make a pool the current one, as a write to the zpool or compressor parameter; return 0."""
    current = zswap_pool_current(zswap)
    if current == number:
        return 0
    zswap.pool_refs[number] += 1
    list_del(zswap.pool_list, number)
    list_add(zswap.pool_list, number, len(zswap.pool_refs))
    if current >= 0:
        zswap_pool_put(zswap, current)
    return 0


@simulated
def zswap_total_pages(swap: Swap) -> int:
    """Return the pages of the pools on the list: one that has died does not count, whatever

    it still has to give back.
    """
    pool_refs = swap.zswap.pool_refs
    total = 0
    for number in range(len(pool_refs)):
        if pool_refs[number] > 0:
            total += pools_pages(swap.pools, number)
    return total


@simulated
def zswap_update_total_size(swap: Swap, number: int) -> None:
    """Take the size anew, after a change in the pool of that number.

    It is stale in between, which shows right after a reclaim.
    """
    zswap = swap.zswap
    if zswap.switches[POOL_SCOPE] == PER_SWAP_TYPE:
        zswap.counters[POOL_PAGES] = pools_pages(swap.pools, number)
    else:
        zswap.counters[POOL_PAGES] = zswap_total_pages(swap)


@simulated
def zswap_used_pages(swap: Swap) -> int:
    """Return the size that zswap goes by: the cached one, or from 6.12 on that of now."""
    zswap = swap.zswap
    if zswap.switches[USED_VALUE] == LIVE:
        zswap.counters[POOL_PAGES] = zswap_total_pages(swap)
    return zswap.counters[POOL_PAGES]
