# SPDX-License-Identifier: GPL-2.0-only
"""check() of zswap and all below it: for tests, and after each step of a run by hand."""

from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools.zpools import pools_read_owner
from zswapsim.machine.reconcile import check_counters, check_objects, require
from zswapsim.machine.swap import ZSWPIN, Swap
from zswapsim.machine.swap_slots import check_swap_slots
from zswapsim.machine.zswap.entry import lru_head
from zswapsim.machine.zswap.pools import zswap_pool_current
from zswapsim.machine.zswap.state import (
    COMPRESSED,
    COMPRESSIONS,
    LOAD_DECOMPRESSIONS,
    NONE,
    PAGE_SIZE,
    RAW_INCOMPRESSIBLE,
    SAME_FILLED,
    SAME_FILLED_PAGES,
    SHRINK,
    STORED_INCOMPRESSIBLE_PAGES,
    STORED_PAGES,
    WRITEBACK_DECOMPRESSIONS,
    WRITTEN_BACK_PAGES,
    Zswap,
)
from zswapsim.profiles import POOL_PAGE


def check_swap(swap: Swap, drivers: list[object]) -> None:
    """Audit slots, entries, references and every pool. drivers: one for each pool of the chain."""
    check_swap_slots(swap.slots)
    zswap = swap.zswap
    kinds = [int(zswap.kind[slot]) for slot in range(len(zswap.kind))]
    require(
        zswap.counters[STORED_PAGES] == sum(kind != NONE for kind in kinds),
        "stored_pages is not the number of entries",
    )
    require(
        zswap.counters[SAME_FILLED_PAGES] == kinds.count(SAME_FILLED),
        "same_filled_pages is not the number of same-filled entries",
    )
    entries = [slot for slot, kind in enumerate(kinds) if kind == COMPRESSED]
    places = {(int(zswap.pool[slot]), int(zswap.handle[slot])) for slot in entries}
    require(len(places) == len(entries), "two entries share an object")
    live = list_nodes(zswap.pool_list, len(zswap.pool_refs))
    for number in range(len(zswap.pool_refs)):
        refs = sum(int(zswap.pool[slot]) == number for slot in entries)
        refs += zswap_pool_current(zswap) == number
        require(zswap.pool_refs[number] == refs, f"pool {number} has a wrong reference count")
        require((number in live) == (refs > 0), f"pool {number} is wrongly on the list, or off")
    for slot in entries:
        number = int(zswap.pool[slot])
        owner = pools_read_owner(swap.pools, number, int(zswap.handle[slot]))
        if zswap.pool_header[number]:
            require(owner == slot, f"the object of slot {slot} names slot {owner}")
        else:
            require(owner >= 0, f"the object of slot {slot} is not allocated")
    _check_lru(zswap, entries)
    raw = [slot for slot in entries if int(zswap.length[slot]) == PAGE_SIZE]
    require(
        zswap.counters[STORED_INCOMPRESSIBLE_PAGES]
        == len(raw) * int(zswap.switches[RAW_INCOMPRESSIBLE]),
        "stored_incompressible_pages is not the number of raw entries",
    )
    _check_codings(swap)
    check_counters(swap)
    pools = swap.pools
    for driver in drivers:
        driver.check(pools.pool)  # type: ignore[attr-defined]
        pools = pools.rest
    check_objects(swap)


def _check_codings(swap: Swap) -> None:
    """Check how often the compressor ran against what came and went."""
    counters = swap.zswap.counters
    loads, writebacks = counters[LOAD_DECOMPRESSIONS], counters[WRITEBACK_DECOMPRESSIONS]
    require(0 <= loads <= swap.stat[ZSWPIN], "more loads were decompressed than there were")
    written_back = counters[WRITTEN_BACK_PAGES]
    raw_stays = int(swap.zswap.switches[RAW_INCOMPRESSIBLE]) == 1
    require(
        writebacks == written_back or (raw_stays and 0 <= writebacks < written_back),
        "not all writebacks were decompressed",
    )
    compressed = counters[STORED_PAGES] - counters[SAME_FILLED_PAGES]
    require(compressed <= counters[COMPRESSIONS], "more pages are stored than were compressed")


def _check_lru(zswap: Zswap, entries: list[int]) -> None:
    if zswap.switches[SHRINK] == POOL_PAGE:
        return
    slots = len(zswap.kind)
    listed = []
    for number in range(len(zswap.pool_refs)):
        for slot in list_nodes(zswap.lru, slots + number):
            require(lru_head(zswap, int(zswap.pool[slot])) == slots + number, "a wrong LRU")
            listed.append(slot)
    require(sorted(listed) == entries, "the LRU is not the entries that can be written back")
