# SPDX-License-Identifier: GPL-2.0-only
"""Laws between numbers that are counted in different places, part of check() of zswap.

What came in and what went reconciles with what is there:

    stored_pages = zswpout - written_back_pages - by load - by invalidate - by store

where the last three are entries that an exclusive load took, that zswap was told to forget, and
whose slot was stored anew. What each of them can be in a kernel is said by its switches. The bytes
of all entries lie in their pools apart from one another, and the pools hold nothing else.
"""

from itertools import pairwise

from zswapsim.errors import InvariantError
from zswapsim.machine.pools.layout import layout_of
from zswapsim.machine.pools.zpools import Pools, pools_map, pools_pages
from zswapsim.machine.swap import PSWPOUT, SWPIN_ZERO, SWPOUT_ZERO, ZSWPIN, ZSWPOUT, ZSWPWB, Swap
from zswapsim.machine.zswap import state as z
from zswapsim.profiles import (
    ALWAYS,
    ANY_WORD,
    AT_INSERT,
    BY_ERRNO,
    BY_FRONTSWAP,
    COUNTED,
    NEVER,
    QUEUE,
    REMOVED_FIRST,
    ZERO_IN_CORE,
)


def check_counters(swap: Swap) -> None:
    """Reconcile counters with one another; InvariantError names the law that does not hold."""
    counters, stat = swap.zswap.counters, swap.stat
    by_load = counters[z.FREED_BY_LOAD]
    by_store = counters[z.FREED_BY_STORE]
    written_back = counters[z.WRITTEN_BACK_PAGES]
    gone = written_back + by_load + by_store + counters[z.FREED_BY_INVALIDATE]
    require(
        counters[z.STORED_PAGES] == stat[ZSWPOUT] - gone,
        "stored_pages is not what came less what went",
    )
    switches = swap.zswap.switches
    loads = switches[z.LOADS]
    require(by_load <= stat[ZSWPIN], "more entries were taken by loads than there were loads")
    require(loads != ALWAYS or by_load == stat[ZSWPIN], "an exclusive load left its entry")
    require(loads != NEVER or by_load == 0, "a load took its entry")
    counted = switches[z.DUPLICATES] in (AT_INSERT, REMOVED_FIRST)
    require(
        counters[z.DUPLICATE_ENTRY] == (by_store if counted else 0),
        "duplicate_entry is not the entries that a store took away",
    )
    require(
        switches[z.DUPLICATES] != BY_FRONTSWAP or by_store == 0,
        "a store took an entry away, which frontswap forgets before",
    )
    require(
        stat[ZSWPWB] == written_back * int(switches[z.ZSWPWB_EVENT]),
        "zswpwb is not written_back_pages",
    )
    require(stat[PSWPOUT] >= written_back, "more was written back than to the disk")
    _check_refusals(swap)


def _check_refusals(swap: Swap) -> None:
    """Check the counters of what was refused, and of what kernels have and have not."""
    counters, switches, stat = swap.zswap.counters, swap.zswap.switches, swap.stat
    errors, rule = counters[z.COMPRESS_ERRORS], switches[z.COMPRESS_ERRORS_RULE]
    failed = counters[z.REJECT_COMPRESS_FAIL]
    if rule == BY_ERRNO:
        poor = errors - failed
        require(0 <= poor <= counters[z.REJECT_COMPRESS_POOR], "a compressor's error is not told")
    else:
        require(failed == (errors if rule == COUNTED else 0), "reject_compress_fail is wrong")
    refused = errors + counters[z.REJECT_ALLOC_FAIL]
    require(counters[z.COMPRESSIONS] >= refused, "more pages were refused than were compressed")
    same, in_core = switches[z.SAME_FILLED_RULE], stat[SWPIN_ZERO] + stat[SWPOUT_ZERO]
    require(same == ANY_WORD or counters[z.SAME_FILLED_PAGES] == 0, "a same-filled entry")
    require(same == ZERO_IN_CORE or in_core == 0, "a page of zeros stopped in the swap core")
    queues = switches[z.FULL_ACTION] == QUEUE
    require(queues or counters[z.SHRINK_QUEUED] == 0, "shrink work is queued")
    require(switches[z.HYSTERESIS] == 1 or counters[z.REACHED_FULL] == 0, "zswap waits")


def check_objects(swap: Swap) -> None:
    """Check that the bytes of entries lie apart, and that pools hold these and no others."""
    zswap = swap.zswap
    pools = swap.pools
    slots = [slot for slot in range(len(zswap.kind)) if zswap.kind[slot] == z.COMPRESSED]
    for number in range(len(zswap.pool_refs)):
        entries = [slot for slot in slots if zswap.pool[slot] == number]
        spans = sorted(_span(swap, number, slot) for slot in entries)
        for (_, end), (begin, _) in pairwise(spans):
            require(end <= begin, f"two objects of pool {number} overlap at byte {begin}")
        held = sum(end - begin for begin, end in spans)
        pages = pools_pages(swap.pools, number)
        require(held <= pages * z.PAGE_SIZE, f"pool {number} holds more than its pages")
        assert isinstance(pools, Pools)
        layout = layout_of(pools.pool)
        pools = pools.rest
        placed = {one.handle: one.size_bytes for page in layout.pages for one in page.objects}
        if layout.pages or layout.lists or not entries:
            require(len(placed) == len(entries), f"pool {number} has an object that nobody has")
            for slot in entries:
                size = zswap.pool_header[number] + zswap.length[slot]
                room = placed.get(int(zswap.handle[slot]), 0)
                require(size <= room, f"the object of slot {slot} has too little room")


def _span(swap: Swap, number: int, slot: int) -> tuple[int, int]:
    zswap = swap.zswap
    begin = int(pools_map(swap.pools, number, zswap.handle[slot]))
    return begin, begin + int(zswap.pool_header[number] + zswap.length[slot])


def require(holds: bool, message: str) -> None:
    """InvariantError with that message where something does not hold."""
    if not holds:
        raise InvariantError(f"zswap: {message}")
