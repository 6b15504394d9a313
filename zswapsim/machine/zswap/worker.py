# SPDX-License-Identifier: GPL-2.0-only
"""The shrink work that a refused store queues; it runs right after that store.

Specification 5.11. A run can write back any number of entries, so it stops where the journal has no
room and goes on when it was drained; nothing else may run in between.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.errors import ENOENT
from zswapsim.machine.journal import has_headroom
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap.limit import zswap_can_accept
from zswapsim.machine.zswap.pools import zswap_pool_current
from zswapsim.machine.zswap.state import (
    MEMCG_VISITED,
    REJECT_RECLAIM_FAIL,
    SHRINK,
    SHRINK_CANDIDATES,
    SHRINK_FAILURES,
    SHRINK_POOL,
    SHRINK_QUEUED,
)
from zswapsim.machine.zswap.writeback import shrink_oldest, zswap_shrink
from zswapsim.profiles import MEMCG_LRU, POOL_LRU, POOL_PAGE

MAX_RECLAIM_RETRIES = 16


@simulated
def shrink_worker(swap: Swap) -> bool:
    """Run the queued shrink work, if any; False if the journal had no room to end it."""
    counters = swap.zswap.counters
    if counters[SHRINK_QUEUED] == 0:
        return True
    kind = swap.zswap.switches[SHRINK]
    if kind == POOL_PAGE:
        counters[SHRINK_QUEUED] = 0
        zswap_shrink(swap, counters[SHRINK_POOL])
        return True
    going_on = True
    while going_on:
        if not has_headroom(swap.journal):
            return False
        if kind == POOL_LRU:
            going_on = shrink_pool_step(swap)
        elif kind == MEMCG_LRU:
            going_on = shrink_memcg_step(swap)
        else:
            going_on = shrink_global_step(swap)
        if zswap_can_accept(swap):
            going_on = False
    counters[SHRINK_QUEUED] = 0
    return True


@simulated
def failed_too_often(swap: Swap) -> bool:
    """Count a failure; say whether the run ends with it."""
    swap.zswap.counters[SHRINK_FAILURES] += 1
    return swap.zswap.counters[SHRINK_FAILURES] == MAX_RECLAIM_RETRIES


@simulated
def shrink_pool_step(swap: Swap) -> bool:
    """Visit one entry of the pool the work was queued for; say whether to go on. Linux 6.6."""
    outcome = shrink_oldest(swap, swap.zswap.counters[SHRINK_POOL])
    if outcome == 0:
        return True
    if outcome == -ENOENT:
        swap.zswap.counters[REJECT_RECLAIM_FAIL] += 1
        return False
    return not failed_too_often(swap)


@simulated
def next_memcg(swap: Swap) -> bool:
    """Go on to the next memory cgroup; False at the end of a round. There is one."""
    counters = swap.zswap.counters
    counters[MEMCG_VISITED] = 1 - counters[MEMCG_VISITED]
    return counters[MEMCG_VISITED] == 1


@simulated
def shrink_memcg_step(swap: Swap) -> bool:
    """Visit one entry of the current pool, or end a round; say whether to go on. Linux 6.8.

    FIDELITY: the end of each round counts as a failure, so a run writes back 16 entries at most.
    """
    if not next_memcg(swap):
        return not failed_too_often(swap)
    if shrink_oldest(swap, zswap_pool_current(swap.zswap)) == 0:
        return True
    return not failed_too_often(swap)


@simulated
def shrink_global_step(swap: Swap) -> bool:
    """Visit one entry of all pools, or end a round; say whether to go on. Linux 6.12, 6.18.

    Only a round in which there was no entry at all counts as a failure.
    """
    counters = swap.zswap.counters
    if not next_memcg(swap):
        candidates = counters[SHRINK_CANDIDATES]
        counters[SHRINK_CANDIDATES] = 0
        return candidates > 0 or not failed_too_often(swap)
    outcome = shrink_oldest(swap, 0)
    if outcome == -ENOENT:
        return True
    counters[SHRINK_CANDIDATES] += 1
    return outcome == 0 or not failed_too_often(swap)
