# SPDX-License-Identifier: GPL-2.0-only
"""zswap's shrinker: writeback driven by memory reclaim, off unless enabled (from 6.8 on).

Specification 5.11: the shrinker tells how many entries it could give, less those that it protects,
and reclaim scans some of them. 6.8 protects a number that grows with use and halves; from 6.12 on
pages that had to be read from the swap file speak for as many entries.

Deviation: how often reclaim asks is simplified, see shrink_slab.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EAGAIN, EEXIST, ENOENT
from zswapsim.machine.journal import has_headroom
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap.entry import lru_length, protect_more
from zswapsim.machine.zswap.pools import zswap_pool_current, zswap_used_pages
from zswapsim.machine.zswap.state import (
    NR_DISK_SWAPINS,
    NR_PROTECTED,
    SHRINK,
    SHRINKER_BATCH,
    SHRINKER_DEFERRED,
    SHRINKER_ENABLED,
    SHRINKER_FREEABLE,
    SHRINKER_SCAN,
    STORED_PAGES,
)
from zswapsim.machine.zswap.writeback import shrink_oldest
from zswapsim.profiles import MEMCG_LRU

SHRINK_BATCH = 128
DEFAULT_SEEKS = 2


@simulated
def zswap_folio_swapin(swap: Swap) -> None:
    """Take note of a page that had to be read from the swap file."""
    if swap.zswap.parameters[SHRINKER_ENABLED] == 1:
        if swap.zswap.switches[SHRINK] == MEMCG_LRU:
            protect_more(swap.zswap)
        else:
            swap.zswap.counters[NR_DISK_SWAPINS] += 1


@simulated
def zswap_shrinker_count(swap: Swap) -> int:
    """Return how many entries the shrinker offers; this uses up the protection of 6.12.

    Source: Linux 6.8 and 6.12 mm/zswap.c zswap_shrinker_count.
    """
    zswap = swap.zswap
    counters = zswap.counters
    if zswap.parameters[SHRINKER_ENABLED] == 0:
        return 0
    freeable = lru_length(zswap)
    if zswap.switches[SHRINK] == MEMCG_LRU:
        freeable -= min(freeable, counters[NR_PROTECTED])
    else:
        spared = min(freeable, counters[NR_DISK_SWAPINS])
        counters[NR_DISK_SWAPINS] -= spared
        freeable -= spared
    stored = counters[STORED_PAGES]
    if freeable == 0 or stored == 0:
        return 0
    backing = zswap_used_pages(swap)
    return freeable // stored * backing + freeable % stored * backing // stored


@simulated
def shrinker_refuses(swap: Swap, entries: int) -> bool:
    """Say whether so many entries are more than 6.8 gives, which protects some."""
    zswap = swap.zswap
    if zswap.switches[SHRINK] != MEMCG_LRU:
        return False
    return zswap.counters[NR_PROTECTED] >= lru_length(zswap) - entries


@simulated
def zswap_shrinker_scan(swap: Swap, entries: int) -> int:
    """Visit up to so many of the oldest entries; return how many are left to visit.

    It stops where the journal has no room; -EAGAIN to stop the pass: an entry is in the swap cache,
    or there is none. Source: Linux 6.8 and 6.12 mm/zswap.c zswap_shrinker_scan.
    """
    number = zswap_pool_current(swap.zswap)
    for visited in range(entries):
        if not has_headroom(swap.journal):
            return entries - visited
        outcome = shrink_oldest(swap, number)
        if outcome == -EEXIST or outcome == -ENOENT:
            return -EAGAIN
    return 0


@simulated
def shrink_slab(swap: Swap, priority: int) -> bool:
    """Let one pass of reclaim ask the shrinker; False if the journal had no room to end it.

    The general rule for shrinkers: of what is offered, 2 in 2^priority are scanned, in batches;
    what is less than a batch is put off and added up. Source: mm/shrinker.c do_shrink_slab.
    """
    counters = swap.zswap.counters
    if counters[SHRINKER_BATCH] == 0 and counters[SHRINKER_SCAN] == 0:
        freeable = zswap_shrinker_count(swap)
        delta = (freeable >> priority) * 4 // DEFAULT_SEEKS
        deferred = counters[SHRINKER_DEFERRED]
        counters[SHRINKER_SCAN] = min((deferred >> priority) + delta, 2 * freeable)
        counters[SHRINKER_DEFERRED] = min(deferred + delta, 2 * freeable)
        counters[SHRINKER_FREEABLE] = freeable
    while True:
        if counters[SHRINKER_BATCH] == 0:
            scan = counters[SHRINKER_SCAN]
            if scan == 0 or scan < min(SHRINK_BATCH, counters[SHRINKER_FREEABLE]):
                break
            counters[SHRINKER_BATCH] = min(SHRINK_BATCH, scan)
            counters[SHRINKER_SCAN] -= counters[SHRINKER_BATCH]
            if shrinker_refuses(swap, counters[SHRINKER_BATCH]):
                break
            counters[SHRINKER_DEFERRED] = max(
                0, counters[SHRINKER_DEFERRED] - counters[SHRINKER_BATCH]
            )
        left = zswap_shrinker_scan(swap, counters[SHRINKER_BATCH])
        counters[SHRINKER_BATCH] = max(0, left)
        if left < 0:
            break
        if left > 0:
            return False
    counters[SHRINKER_BATCH] = 0
    counters[SHRINKER_SCAN] = 0
    return True
