# SPDX-License-Identifier: GPL-2.0-only
"""The limit of the pools, and the threshold below which they accept pages again.

Specification 5.2 and 5.3; all divisions are of integers, in the kernel's order.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.errors import ENOMEM
from zswapsim.machine.swap import Swap
from zswapsim.machine.tracepoints import trace_hysteresis, trace_limit_hit
from zswapsim.machine.zswap.pools import zswap_pool_last, zswap_pool_of, zswap_used_pages
from zswapsim.machine.zswap.state import (
    ACCEPT_LEVEL,
    ACCEPT_THRESHOLD_PERCENT,
    FULL_ACTION,
    FULL_TEST,
    HYSTERESIS,
    HYSTERESIS_REJECTS,
    HYSTERESIS_SHRINKS,
    MAX_POOL_PERCENT,
    POOL_LIMIT_HIT,
    POOL_SCOPE,
    REACHED_FULL,
    SHRINK_CANDIDATES,
    SHRINK_FAILURES,
    SHRINK_POOL,
    SHRINK_QUEUED,
    TOTALRAM_PAGES,
    Zswap,
)
from zswapsim.machine.zswap.writeback import zswap_shrink
from zswapsim.profiles import PER_SWAP_TYPE, POOL_FIRST, QUEUE, REACHED, RETEST


@simulated
def zswap_max_pages(zswap: Zswap) -> int:
    """Return max_pool_percent of memory, in pages."""
    return zswap.parameters[TOTALRAM_PAGES] * zswap.parameters[MAX_POOL_PERCENT] // 100


@simulated
def zswap_is_full(swap: Swap) -> bool:
    """Say whether the pools are over the limit, or from 6.12 on at it."""
    max_pages = zswap_max_pages(swap.zswap)
    used = zswap_used_pages(swap)
    if swap.zswap.switches[FULL_TEST] == REACHED:
        return used >= max_pages
    return max_pages < used


@simulated
def zswap_accept_thr_pages(zswap: Zswap) -> int:
    """Return the accept threshold, in pages."""
    threshold = zswap.parameters[ACCEPT_THRESHOLD_PERCENT]
    if zswap.switches[ACCEPT_LEVEL] == POOL_FIRST:
        return zswap_max_pages(zswap) * threshold // 100
    level = zswap.parameters[TOTALRAM_PAGES] * threshold // 100
    return level * zswap.parameters[MAX_POOL_PERCENT] // 100


@simulated
def zswap_can_accept(swap: Swap) -> bool:
    """Say whether the pools are below the accept threshold, or from 6.12 on not above it."""
    level = zswap_accept_thr_pages(swap.zswap)
    if swap.zswap.switches[ACCEPT_LEVEL] == POOL_FIRST:
        return zswap_used_pages(swap) <= level
    return level > zswap_used_pages(swap)


@simulated
def queue_shrink(zswap: Zswap) -> None:
    """Queue the shrink work, unless it is queued already."""
    counters = zswap.counters
    if counters[SHRINK_QUEUED] == 0:
        counters[SHRINK_QUEUED] = 1
        counters[SHRINK_POOL] = zswap_pool_last(zswap)
        counters[SHRINK_FAILURES] = 0
        counters[SHRINK_CANDIDATES] = 0


@simulated
def make_room(swap: Swap, slot: int) -> int:
    """Check the limit before a store; return 0 if it may go on, or -ENOMEM."""
    zswap = swap.zswap
    counters = zswap.counters
    switches = zswap.switches
    if zswap_is_full(swap):
        counters[POOL_LIMIT_HIT] += 1
        trace_limit_hit(zswap_used_pages(swap), zswap_max_pages(zswap))
        if switches[FULL_ACTION] == QUEUE:
            counters[REACHED_FULL] = switches[HYSTERESIS]
            queue_shrink(zswap)
            return -ENOMEM
        number = zswap_pool_last(zswap)
        if switches[POOL_SCOPE] == PER_SWAP_TYPE:
            number = zswap_pool_of(zswap, slot)
        if zswap_shrink(swap, number) != 0:
            return -ENOMEM
        # FIDELITY: the cached size still counts the page that was just freed.
        if switches[FULL_ACTION] == RETEST and zswap_is_full(swap):
            return -ENOMEM
    elif counters[REACHED_FULL] == 1:
        accepts = zswap_can_accept(swap)
        trace_hysteresis(zswap_used_pages(swap), zswap_accept_thr_pages(zswap), 1 if accepts else 0)
        if not accepts:
            counters[HYSTERESIS_REJECTS] += 1
            if switches[HYSTERESIS_SHRINKS] == 1:
                queue_shrink(zswap)
            return -ENOMEM
        counters[REACHED_FULL] = 0
    return 0
