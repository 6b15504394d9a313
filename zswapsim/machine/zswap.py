# SPDX-License-Identifier: GPL-2.0-only
"""zswap: compressed swap pages in pools of memory, with a limit, in front of the swap file.

Models Linux 5.4 and 6.1 mm/zswap.c (specification section 5); what differs between them is in the
profile's switches. The compressor is not here: a store is told the length that it produced, or
-errno where it failed.

Deviations: one CPU, no reference counts (entries are freed when removed), queued shrink work runs
right after the store that queued it and its device write.
"""

from typing import Any, NamedTuple

from zswapsim import profiles
from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC
from zswapsim.machine import journal as j
from zswapsim.machine.journal import has_headroom, note
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_next,
    list_prev,
    make_links,
)
from zswapsim.machine.swap import PSWPOUT, ZSWPIN, ZSWPOUT, Swap
from zswapsim.machine.zpool import zpool_evict
from zswapsim.machine.zpools import (
    pools_free,
    pools_malloc,
    pools_read_owner,
    pools_shrink,
    pools_total_pages,
    pools_write_owner,
)

NONE, COMPRESSED, SAME_FILLED = range(3)

DEBUGFS = (
    "pool_limit_hit",  # a store found the pool full
    "reject_reclaim_fail",  # a shrink of the pool failed
    "reject_alloc_fail",  # the allocator had no memory
    "reject_kmemcache_fail",  # no memory for the entry itself
    "reject_compress_poor",  # too large for the allocator ever to store
    "written_back_pages",  # an entry went to the swap file to make room
    "duplicate_entry",  # a store found an entry of its slot
    "stored_pages",  # entries now, same-filled ones included
    "same_filled_pages",  # same-filled entries now
)
(
    POOL_LIMIT_HIT,
    REJECT_RECLAIM_FAIL,
    REJECT_ALLOC_FAIL,
    REJECT_KMEMCACHE_FAIL,
    REJECT_COMPRESS_POOR,
    WRITTEN_BACK_PAGES,
    DUPLICATE_ENTRY,
    STORED_PAGES,
    SAME_FILLED_PAGES,
    POOL_PAGES,  # pool_total_size as the kernel caches it, in pages
    REACHED_FULL,
    SHRINK_QUEUED,
    HYSTERESIS_REJECTS,
    COMPRESS_ERRORS,
    COMPRESSIONS,
    COUNTERS,
) = range(16)

(
    ENABLED,
    TOTALRAM_PAGES,
    MAX_POOL_PERCENT,
    ACCEPT_THRESHOLD_PERCENT,
    SAME_FILLED_PAGES_ENABLED,
    NON_SAME_FILLED_PAGES_ENABLED,
    PARAMETERS,
) = range(7)


class Zswap(NamedTuple):
    """zswap's state. Arrays are int64.

    kind, handle, length, content, pool: shape (slots,), the entry of each slot: NONE, COMPRESSED
    or SAME_FILLED; its object's handle; compressed bytes; content number; number of its pool.
    pool_list: links of the live pools, newest current one first, head is node `pools`;
    pool_refs: shape (pools,), entries of a pool, plus 1 while it is current;
    pool_header: shape (pools,), bytes before the data of an object.
    """

    kind: Ints
    handle: Ints
    length: Ints
    content: Ints
    pool: Ints
    pool_list: Links
    pool_refs: Ints
    pool_header: Ints
    counters: Ints
    parameters: Ints
    switches: Ints


def make_zswap(
    row: profiles.Profile, slots: int, pool_evictable: list[bool], zeros: Zeros
) -> Zswap:
    """Return an enabled zswap for slots 0 .. slots - 1 with no pool current yet."""
    pools = len(pool_evictable)
    zswap = Zswap(
        kind=zeros(slots),
        handle=zeros(slots),
        length=zeros(slots),
        content=zeros(slots),
        pool=zeros(slots),
        pool_list=make_links(pools + 1, zeros),
        pool_refs=zeros(pools),
        pool_header=zeros(pools),
        counters=zeros(COUNTERS),
        parameters=zeros(PARAMETERS),
        switches=zeros(len(profiles.SWITCHES)),
    )
    for node in range(pools + 1):
        init_list_head(zswap.pool_list, node)
    for index, name in enumerate(profiles.SWITCHES):
        zswap.switches[index] = getattr(row, name)
    for number, evictable in enumerate(pool_evictable):
        zswap.pool_header[number] = row.header_bytes if evictable else 0
    for parameter in (ENABLED, SAME_FILLED_PAGES_ENABLED, NON_SAME_FILLED_PAGES_ENABLED):
        zswap.parameters[parameter] = 1
    zswap.parameters[MAX_POOL_PERCENT] = row.max_pool_percent
    zswap.parameters[ACCEPT_THRESHOLD_PERCENT] = row.accept_threshold_percent
    return zswap


@simulated
def zswap_pool_current(zswap: Zswap) -> int:
    """Return the number of the pool that takes new stores, or -1."""
    head = len(zswap.pool_refs)
    if list_empty(zswap.pool_list, head):
        return -1
    return list_next(zswap.pool_list, head)


@simulated
def zswap_pool_last(zswap: Zswap) -> int:
    """Return the number of the pool that a shrink takes from, or -1."""
    head = len(zswap.pool_refs)
    if list_empty(zswap.pool_list, head):
        return -1
    return list_prev(zswap.pool_list, head)


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
def zswap_update_total_size(swap: Swap) -> None:
    """Take the pools' size anew. It is stale in between, which shows right after a reclaim."""
    swap.zswap.counters[POOL_PAGES] = pools_total_pages(swap.pools)


@simulated
def zswap_is_full(zswap: Zswap) -> bool:
    """Say whether the pools are over max_pool_percent of memory."""
    parameters = zswap.parameters
    max_pages = parameters[TOTALRAM_PAGES] * parameters[MAX_POOL_PERCENT] // 100
    return max_pages < zswap.counters[POOL_PAGES]


@simulated
def zswap_can_accept(zswap: Zswap) -> bool:
    """Say whether the pools are below the accept threshold."""
    parameters = zswap.parameters
    level = parameters[TOTALRAM_PAGES] * parameters[ACCEPT_THRESHOLD_PERCENT] // 100
    return level * parameters[MAX_POOL_PERCENT] // 100 > zswap.counters[POOL_PAGES]


@simulated
def zswap_shrink(swap: Swap) -> int:
    """Free one page of the last pool; return 0 or -errno."""
    number = zswap_pool_last(swap.zswap)
    note(swap.journal, j.SHRINK, 0, number, 0, 0, 0)
    outcome = -ENOENT
    if number >= 0:
        outcome = pools_shrink(swap.pools, number, swap, 1)
    note(swap.journal, j.SHRINK_END, 0, number, 0, 0, outcome)
    if outcome != 0:
        swap.zswap.counters[REJECT_RECLAIM_FAIL] += 1
    return outcome


@simulated
def shrink_worker(swap: Swap) -> None:
    """Run the shrink work that a store queued, if any."""
    if swap.zswap.counters[SHRINK_QUEUED] == 1:
        swap.zswap.counters[SHRINK_QUEUED] = 0
        zswap_shrink(swap)


@simulated
def zswap_free_entry(swap: Swap, slot: int) -> None:
    """Free a slot's entry and its object."""
    zswap = swap.zswap
    if zswap.kind[slot] == COMPRESSED:
        number = zswap.pool[slot]
        handle = zswap.handle[slot]
        pools_free(swap.pools, number, handle)
        note(swap.journal, j.FREE, slot, number, handle, zswap.length[slot], zswap.content[slot])
        zswap_pool_put(zswap, number)
    else:
        zswap.counters[SAME_FILLED_PAGES] -= 1
    zswap.kind[slot] = NONE
    zswap.counters[STORED_PAGES] -= 1
    zswap_update_total_size(swap)


@simulated
def make_room(swap: Swap) -> int:
    """Check the limit before a store; return 0 if it may go on, or -ENOMEM."""
    zswap = swap.zswap
    counters = zswap.counters
    if zswap_is_full(zswap):
        counters[POOL_LIMIT_HIT] += 1
        if zswap.switches[profiles.FULL_ACTION] == profiles.QUEUE:
            counters[REACHED_FULL] = zswap.switches[profiles.HYSTERESIS]
            counters[SHRINK_QUEUED] = 1
            return -ENOMEM
        if zswap_shrink(swap) != 0:
            return -ENOMEM
        # FIDELITY: the cached size still counts the page that was just freed.
        if zswap_is_full(zswap):
            return -ENOMEM
    elif counters[REACHED_FULL] == 1:
        if not zswap_can_accept(zswap):
            counters[HYSTERESIS_REJECTS] += 1
            return -ENOMEM
        counters[REACHED_FULL] = 0
    return 0


@simulated
def place_page(swap: Swap, slot: int, length: int) -> int:
    """Allocate an object of the current pool for a compressed page; return its handle or -errno."""
    zswap = swap.zswap
    counters = zswap.counters
    number = zswap_pool_current(zswap)
    if number < 0:
        return -EINVAL
    counters[COMPRESSIONS] += 1
    if length < 0:
        counters[COMPRESS_ERRORS] += 1
        return length
    handle = pools_malloc(swap.pools, number, zswap.pool_header[number] + length)
    if handle == -ENOSPC:
        counters[REJECT_COMPRESS_POOR] += 1
    elif handle < 0:
        counters[REJECT_ALLOC_FAIL] += 1
    else:
        pools_write_owner(swap.pools, number, handle, slot)
        zswap.pool[slot] = number
        zswap.pool_refs[number] += 1
    return handle


@simulated
def zswap_store(swap: Swap, slot: int, content: int, length: int, same_filled: int) -> int:
    """Store a page; return 0, or -errno where it has to go to the swap file.

    length: compressed bytes, or -errno where the compressor fails; same_filled: 1 if all 64-bit
    words of the page are equal. -ENODEV: disabled. -ENOMEM: full, or refused until below the
    accept threshold, or no page left. -ENOSPC: too large for the allocator. -EINVAL: the
    compressor failed. Source: Linux 5.4 and 6.1 mm/zswap.c zswap_frontswap_store.
    """
    zswap = swap.zswap
    counters = zswap.counters
    if zswap.switches[profiles.FRONTSWAP] == 1 and zswap.kind[slot] != NONE:
        zswap_invalidate_page(swap, slot)
    if zswap.parameters[ENABLED] == 0:
        return -ENODEV
    outcome = make_room(swap)
    if outcome != 0:
        return outcome
    if same_filled == 1 and zswap.parameters[SAME_FILLED_PAGES_ENABLED] == 1:
        kind = SAME_FILLED
        handle = 0
    else:
        if zswap.parameters[NON_SAME_FILLED_PAGES_ENABLED] == 0:
            return -EINVAL
        handle = place_page(swap, slot, length)
        if handle < 0:
            return handle
        kind = COMPRESSED
    if zswap.kind[slot] != NONE:
        counters[DUPLICATE_ENTRY] += 1
        zswap_free_entry(swap, slot)
    zswap.kind[slot] = kind
    zswap.handle[slot] = handle
    zswap.length[slot] = length if kind == COMPRESSED else 0
    zswap.content[slot] = content
    if kind == COMPRESSED:
        note(swap.journal, j.STORE, slot, zswap.pool[slot], handle, length, content)
    else:
        counters[SAME_FILLED_PAGES] += 1
        note(swap.journal, j.STORE_SAME, slot, 0, 0, 0, content)
    counters[STORED_PAGES] += 1
    zswap_update_total_size(swap)
    swap.stat[ZSWPOUT] += 1
    return 0


@simulated
def zswap_load(swap: Swap, slot: int) -> int:
    """Load a page; return 0, or -ENOENT where it is not in zswap. The entry stays."""
    zswap = swap.zswap
    kind = zswap.kind[slot]
    if kind == NONE:
        note(swap.journal, j.LOAD_MISS, slot, 0, 0, 0, 0)
        return -ENOENT
    event = j.LOAD if kind == COMPRESSED else j.LOAD_SAME
    note(
        swap.journal,
        event,
        slot,
        zswap.pool[slot],
        zswap.handle[slot],
        zswap.length[slot],
        zswap.content[slot],
    )
    swap.stat[ZSWPIN] += 1
    return 0


@simulated
def zswap_invalidate_page(swap: Swap, slot: int) -> None:
    """Forget a slot's entry, if there is one: the slot is free, or about to be stored anew."""
    note(swap.journal, j.INVALIDATE, slot, 0, 0, 0, 0)
    if swap.zswap.kind[slot] != NONE:
        zswap_free_entry(swap, slot)


@simulated
def zswap_invalidate_area(swap: Swap) -> bool:
    """Forget all entries, as swapoff does; False if the journal has no room to go on."""
    for slot in range(len(swap.zswap.kind)):
        if not has_headroom(swap.journal):
            return False
        if swap.zswap.kind[slot] != NONE:
            zswap_free_entry(swap, slot)
    return True


@simulated
def zswap_writeback_entry(swap: Swap, pool: Any, handle: int) -> int:
    """Write an object's page to the swap file and free it; the pool's evict callback.

    Returns 0, also if the entry is gone; -EEXIST while the slot's page is in the swap cache,
    -ENOMEM where the slot is already free. Source: Linux 6.1 mm/zswap.c zswap_writeback_entry.
    """
    zswap = swap.zswap
    number = zswap_pool_last(zswap)
    slot = pools_read_owner(swap.pools, number, handle)
    note(swap.journal, j.EVICT, slot, number, handle, 0, 0)
    if zswap.kind[slot] != COMPRESSED or zswap.handle[slot] != handle:
        return 0
    if swap.busy[slot] != 0:
        note(swap.journal, j.EVICT_FAILED, slot, number, handle, 0, swap.busy[slot])
        return swap.busy[slot]
    content = zswap.content[slot]
    note(swap.journal, j.WRITEBACK, slot, number, handle, zswap.length[slot], content)
    swap.device[slot] = content + 1
    swap.stat[PSWPOUT] += 1
    zswap.counters[WRITTEN_BACK_PAGES] += 1
    zswap_free_entry(swap, slot)
    return 0


zpool_evict.register(Swap, zswap_writeback_entry)
