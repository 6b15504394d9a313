# SPDX-License-Identifier: GPL-2.0-only
"""What zswap holds: an entry for each slot, its pools, counters, parameters and switches."""

from typing import NamedTuple

from zswapsim import profiles
from zswapsim.engine.simulated import Ints, Zeros
from zswapsim.machine.list_head import Links, init_list_head, make_links

PAGE_SIZE = 4096

NONE, COMPRESSED, SAME_FILLED = range(3)
"""Kinds of entries; a page that 6.18 stored raw is COMPRESSED too, with a length of a page."""

DEBUGFS = (
    "pool_limit_hit",  # a store found the pool full
    "reject_reclaim_fail",  # a shrink of the pool, or from 6.6 on a writeback, failed
    "reject_alloc_fail",  # the allocator had no memory
    "reject_kmemcache_fail",  # no memory for the entry itself
    "reject_compress_poor",  # too large for the allocator ever to store
    "written_back_pages",  # an entry went to the swap file to make room
    "duplicate_entry",  # a store found an entry of its slot (to 6.8)
    "stored_pages",  # entries now, same-filled ones included
    "same_filled_pages",  # same-filled entries now (5.4 to 6.8)
    "reject_compress_fail",  # the compressor failed (from 6.8 on)
    "decompress_fail",  # an entry could not be decompressed (6.18)
    "stored_incompressible_pages",  # entries now that are stored as they are (6.18)
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
    REJECT_COMPRESS_FAIL,
    DECOMPRESS_FAIL,
    STORED_INCOMPRESSIBLE_PAGES,
    POOL_PAGES,  # pool_total_size as the kernel caches it, in pages
    REACHED_FULL,
    HYSTERESIS_REJECTS,
    COMPRESS_ERRORS,
    COMPRESSIONS,  # pages that went to the compressor
    LOAD_DECOMPRESSIONS,  # objects that went through the decompressor for a load
    WRITEBACK_DECOMPRESSIONS,  # and for a writeback
    # Entries that went, by what took them; WRITTEN_BACK_PAGES is the fifth of these.
    FREED_BY_LOAD,  # an exclusive one
    FREED_BY_INVALIDATE,  # the slot was freed, or frontswap had zswap forget it
    FREED_BY_STORE,  # the slot was stored anew
    FREED_BY_FOLIO,  # new, but another page of the folio failed: never counted as taken
    # The shrink work: whether it is queued, for which pool, how far it is. It can be interrupted.
    SHRINK_QUEUED,
    SHRINK_POOL,
    SHRINK_FAILURES,
    SHRINK_CANDIDATES,
    MEMCG_VISITED,  # 1 if the walk over the memory cgroups, which are one, is at its end
    # The shrinker: what it protects, and how far it is.
    NR_PROTECTED,
    NR_DISK_SWAPINS,
    SHRINKER_DEFERRED,
    SHRINKER_SCAN,
    SHRINKER_BATCH,
    SHRINKER_FREEABLE,
    SHRINKER_WRITTEN,
    COUNTERS,
) = range(len(DEBUGFS) + 24)

(
    ENABLED,
    TOTALRAM_PAGES,
    MAX_POOL_PERCENT,
    ACCEPT_THRESHOLD_PERCENT,
    SAME_FILLED_PAGES_ENABLED,
    NON_SAME_FILLED_PAGES_ENABLED,
    EXCLUSIVE_LOADS,
    SHRINKER_ENABLED,
    TYPE_SLOTS,  # slots of one swap type, 0 where there is only one
    PARAMETERS,
) = range(10)

(
    POOL_SCOPE,
    FULL_TEST,
    USED_VALUE,
    ACCEPT_LEVEL,
    FULL_ACTION,
    HYSTERESIS,
    HYSTERESIS_SHRINKS,
    SHRINK,
    DUPLICATES,
    FRONTSWAP,
    SAME_FILLED_RULE,
    LOADS,
    COMPRESS_ERRORS_RULE,
    RAW_INCOMPRESSIBLE,
    ZSWPWB_EVENT,
    LARGE_FOLIOS,
) = (
    profiles.SWITCHES.index(name)
    for name in (
        "pool_scope",
        "full_test",
        "used_value",
        "accept_level",
        "full_action",
        "hysteresis",
        "hysteresis_shrinks",
        "shrink",
        "duplicates",
        "frontswap",
        "same_filled",
        "exclusive_loads",
        "compress_errors",
        "raw_incompressible",
        "zswpwb_event",
        "large_folios",
    )
)


class Zswap(NamedTuple):
    """zswap's state. Arrays are int64, but those of slots.

    kind, handle, length, content, pool: int8, int64, int16, int32, int16, shape (slots,), the entry
    of each slot: NONE, COMPRESSED or SAME_FILLED; its object's handle; stored bytes; content
    number; number of its pool;
    referenced: int8, shape (slots,), 1 if the entry has a second chance;
    backed: int8, shape (slots,), 1 if frontswap asks zswap for the slot;
    lru: links of entries, newest first; nodes are the slots, then one head a pool;
    pool_list: links of the live pools, newest current one first, head is node `pools`;
    pool_refs: shape (pools,), entries of a pool, plus 1 while it is current;
    pool_header: shape (pools,), bytes before the data of an object.
    """

    kind: Ints
    handle: Ints
    length: Ints
    content: Ints
    pool: Ints
    referenced: Ints
    backed: Ints
    lru: Links
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
        kind=zeros(slots, "int8"),
        handle=zeros(slots),
        length=zeros(slots, "int16"),
        content=zeros(slots, "int32"),
        pool=zeros(slots, "int16"),
        referenced=zeros(slots, "int8"),
        backed=zeros(slots, "int8"),
        lru=make_links(slots + pools, zeros),
        pool_list=make_links(pools + 1, zeros),
        pool_refs=zeros(pools),
        pool_header=zeros(pools),
        counters=zeros(COUNTERS),
        parameters=zeros(PARAMETERS),
        switches=zeros(len(profiles.SWITCHES)),
    )
    for node in range(pools + 1):
        init_list_head(zswap.pool_list, node)
    for number in range(pools):
        init_list_head(zswap.lru, slots + number)
    for index, name in enumerate(profiles.SWITCHES):
        zswap.switches[index] = getattr(row, name)
    for number, evictable in enumerate(pool_evictable):
        zswap.pool_header[number] = row.header_bytes if evictable else 0
    for parameter in (ENABLED, SAME_FILLED_PAGES_ENABLED, NON_SAME_FILLED_PAGES_ENABLED):
        zswap.parameters[parameter] = 1
    zswap.parameters[MAX_POOL_PERCENT] = row.max_pool_percent
    zswap.parameters[ACCEPT_THRESHOLD_PERCENT] = row.accept_threshold_percent
    return zswap
