# SPDX-License-Identifier: GPL-2.0-only
"""zswap's shrinker: writeback driven by memory reclaim, off unless enabled (from 6.8 on).

Specification 5.11: the shrinker tells how many entries it could give, less those that it protects,
and reclaim scans some of them. 6.8 protects a number that grows with use and halves; from 6.12 on
pages that had to be read from the swap file speak for as many entries.

Deviations: how often reclaim asks is simplified, see ask_shrinker; 6.8 has a shrinker for each
pool, here only that of the current one is asked.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EAGAIN, EEXIST, ENOENT, ENOSPC
from zswapsim.machine.journal import has_headroom
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap.entry import lru_length
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
    SHRINKER_WRITTEN,
    STORED_PAGES,
)
from zswapsim.machine.zswap.writeback import shrink_oldest
from zswapsim.profiles import MEMCG_LRU, SECOND_CHANCE

SHRINK_BATCH = 128
DEFAULT_SEEKS = 2


@simulated
def zswap_folio_swapin(swap: Swap) -> None:
    """Take note of a page that had to be read from the swap file."""
    zswap = swap.zswap
    if zswap.switches[SHRINK] == MEMCG_LRU:
        zswap.counters[NR_PROTECTED] += 1
    elif zswap.switches[SHRINK] == SECOND_CHANCE:
        zswap.counters[NR_DISK_SWAPINS] += 1


@simulated
def zswap_shrinker_count(swap: Swap) -> int:
    """Return how many entries the shrinker offers; this uses up the protection of 6.12.

    Source: Linux 6.8 and 6.12 mm/zswap.c zswap_shrinker_count.
    """
    zswap = swap.zswap
    counters = zswap.counters
    number = zswap_pool_current(zswap)
    stored = counters[STORED_PAGES]
    if zswap.parameters[SHRINKER_ENABLED] == 0 or number < 0 or stored == 0:
        return 0
    freeable = lru_length(zswap, number)
    if zswap.switches[SHRINK] == MEMCG_LRU:
        freeable -= min(freeable, counters[NR_PROTECTED])
    else:
        spared = min(freeable, counters[NR_DISK_SWAPINS])
        counters[NR_DISK_SWAPINS] -= spared
        freeable -= spared
    backing = zswap_used_pages(swap)
    return freeable // stored * backing + freeable % stored * backing // stored


@simulated
def shrinker_refuses(swap: Swap, number: int, entries: int) -> bool:
    """Say whether the shrinker is off, or 6.8's protects what would be left of so many entries."""
    zswap = swap.zswap
    if zswap.parameters[SHRINKER_ENABLED] == 0 or number < 0:
        return True
    if zswap.switches[SHRINK] != MEMCG_LRU:
        return False
    return zswap.counters[NR_PROTECTED] >= lru_length(zswap, number) - entries


@simulated
def zswap_shrinker_scan(swap: Swap, entries: int) -> int:
    """Visit up to so many of the oldest entries; return how many were written back.

    -EAGAIN to stop the pass: refused, none written back, or one is in the swap cache, which also
    ends the scan. -ENOSPC: the journal has no room to end it; drain it and call again. Source:
    Linux 6.8 and 6.12 mm/zswap.c zswap_shrinker_scan.
    """
    counters = swap.zswap.counters
    number = zswap_pool_current(swap.zswap)
    if counters[SHRINKER_BATCH] == 0:
        if shrinker_refuses(swap, number, entries):
            return -EAGAIN
        counters[SHRINKER_BATCH] = entries
        counters[SHRINKER_WRITTEN] = 0
    outcome = 0
    while counters[SHRINKER_BATCH] > 0:
        if not has_headroom(swap.journal):
            return -ENOSPC
        counters[SHRINKER_BATCH] -= 1
        outcome = shrink_oldest(swap, number)
        if outcome == 0:
            counters[SHRINKER_WRITTEN] += 1
        elif outcome == -EEXIST or outcome == -ENOENT:
            counters[SHRINKER_BATCH] = 0
    if outcome == -EEXIST or counters[SHRINKER_WRITTEN] == 0:
        return -EAGAIN
    return counters[SHRINKER_WRITTEN]


@simulated
def begin_pass(swap: Swap, priority: int) -> None:
    """Set how many entries a pass is to scan: 2 in 2^priority of those offered, and some put off.

    The general rule for shrinkers. Source: mm/shrinker.c do_shrink_slab.
    """
    counters = swap.zswap.counters
    freeable = zswap_shrinker_count(swap)
    counters[SHRINKER_FREEABLE] = freeable
    if freeable > 0:
        delta = (freeable >> priority) * 4 // DEFAULT_SEEKS
        deferred = counters[SHRINKER_DEFERRED]
        counters[SHRINKER_SCAN] = min((deferred >> priority) + delta, 2 * freeable)
        counters[SHRINKER_DEFERRED] = deferred + delta


@simulated
def shrink_slab(swap: Swap, priority: int) -> bool:
    """Let one pass of reclaim ask the shrinker; False if the journal had no room to end it.

    It scans in batches until it is to stop; what is less than a batch is put off to later passes.
    """
    counters = swap.zswap.counters
    if counters[SHRINKER_BATCH] == 0 and counters[SHRINKER_SCAN] == 0:
        begin_pass(swap, priority)
    least = min(SHRINK_BATCH, counters[SHRINKER_FREEABLE])
    while counters[SHRINKER_SCAN] > 0 and counters[SHRINKER_SCAN] >= least:
        batch = min(SHRINK_BATCH, counters[SHRINKER_SCAN])
        written = zswap_shrinker_scan(swap, batch)
        if written == -ENOSPC:
            return False
        if written < 0:
            break
        counters[SHRINKER_SCAN] -= batch
        counters[SHRINKER_DEFERRED] -= batch
    counters[SHRINKER_SCAN] = 0
    if counters[SHRINKER_FREEABLE] > 0:
        most = 2 * counters[SHRINKER_FREEABLE]
        counters[SHRINKER_DEFERRED] = min(counters[SHRINKER_DEFERRED], most)
    return True
