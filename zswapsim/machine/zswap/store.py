# SPDX-License-Identifier: GPL-2.0-only
"""store, load and invalidate: what the swap path asks of zswap.

Models Linux 3.11 to 6.18 mm/zswap.c (specification 5.3 to 5.5, 5.9).
"""

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC
from zswapsim.machine import journal as j
from zswapsim.machine.faults import ALLOC_FAIL, COMPRESS_ERROR, ENTRY_FAIL, should_fail
from zswapsim.machine.journal import has_headroom, note
from zswapsim.machine.pools.zpools import (
    pools_free,
    pools_malloc,
    pools_pages,
    pools_write_owner,
)
from zswapsim.machine.swap import ZSWPIN, ZSWPOUT, Swap
from zswapsim.machine.tracepoints import (
    trace_invalidate,
    trace_load,
    trace_same_filled,
    trace_store,
    trace_store_end,
)
from zswapsim.machine.zswap.entry import (
    count_decompression,
    is_stale,
    note_entry,
    note_move,
    zswap_free_entry,
    zswap_lru_add,
    zswap_lru_touch,
)
from zswapsim.machine.zswap.limit import make_room
from zswapsim.machine.zswap.pools import zswap_pool_get, zswap_pool_of, zswap_update_total_size
from zswapsim.machine.zswap.state import (
    COMPRESS_ERRORS,
    COMPRESS_ERRORS_RULE,
    COMPRESSED,
    COMPRESSIONS,
    DUPLICATE_ENTRY,
    DUPLICATES,
    ENABLED,
    EXCLUSIVE_LOADS,
    FREED_BY_INVALIDATE,
    FREED_BY_LOAD,
    FREED_BY_STORE,
    FRONTSWAP,
    LOAD_DECOMPRESSIONS,
    LOADS,
    NON_SAME_FILLED_PAGES_ENABLED,
    NONE,
    PAGE_SIZE,
    POOL_PAGES,
    POOL_SCOPE,
    RAW_INCOMPRESSIBLE,
    REJECT_ALLOC_FAIL,
    REJECT_COMPRESS_FAIL,
    REJECT_COMPRESS_POOR,
    REJECT_KMEMCACHE_FAIL,
    SAME_FILLED,
    SAME_FILLED_PAGES,
    SAME_FILLED_PAGES_ENABLED,
    SAME_FILLED_RULE,
    STORED_INCOMPRESSIBLE_PAGES,
    STORED_PAGES,
    Zswap,
)
from zswapsim.profiles import (
    ALWAYS,
    ANY_WORD,
    AT_INSERT,
    BY_ERRNO,
    ON_REQUEST,
    PER_SWAP_TYPE,
    REMOVED_FIRST,
    REPLACED,
    UNCOUNTED,
)


@simulated
def stored_length(zswap: Zswap, length: int) -> int:
    """Return the bytes to store, or -errno; 6.18 keeps a page that does not compress as it is."""
    if zswap.switches[RAW_INCOMPRESSIBLE] == 1 and (length <= 0 or length >= PAGE_SIZE):
        return PAGE_SIZE
    return length


@simulated
def count_compress_error(zswap: Zswap, error: int) -> None:
    """Count a page that the compressor refused, as the kernel does: up to 6.6 not at all."""
    counters = zswap.counters
    counters[COMPRESS_ERRORS] += 1
    rule = zswap.switches[COMPRESS_ERRORS_RULE]
    if rule == BY_ERRNO and error == -ENOSPC:
        counters[REJECT_COMPRESS_POOR] += 1
    elif rule != UNCOUNTED:
        counters[REJECT_COMPRESS_FAIL] += 1


@simulated
def pool_malloc(swap: Swap, number: int, slot: int, size: int) -> int:
    """Allocate in a pool, which may be told that there is no page left; return as zpool_malloc.

    No driver has to know of faults: what made its pool grow is given back at once, which leaves the
    pool as it was. Deviation: -ENOMEM also where an old zsmalloc has an error of its own for that;
    zswap counts both as the same.
    """
    faults = swap.faults
    if faults.plans_of[ALLOC_FAIL] == 0:
        return pools_malloc(swap.pools, number, size)
    pages = pools_pages(swap.pools, number)
    handle = pools_malloc(swap.pools, number, size)
    grew = handle > 0 and pools_pages(swap.pools, number) > pages
    if grew and should_fail(faults, ALLOC_FAIL, slot, slot):
        pools_free(swap.pools, number, handle)
        note_move(swap, number)
        return -ENOMEM
    return handle


@simulated
def place_page(swap: Swap, slot: int, length: int) -> int:
    """Allocate an object for a compressed page, or for an error; return its handle or -errno."""
    zswap = swap.zswap
    counters = zswap.counters
    number = zswap_pool_of(zswap, slot)
    if number < 0:
        return -EINVAL
    counters[COMPRESSIONS] += 1
    if length < 0:
        count_compress_error(zswap, length)
        return length
    handle = pool_malloc(swap, number, slot, zswap.pool_header[number] + length)
    if handle == -ENOSPC:
        counters[REJECT_COMPRESS_POOR] += 1
    elif handle < 0:
        counters[REJECT_ALLOC_FAIL] += 1
    else:
        pools_write_owner(swap.pools, number, handle, slot)
        zswap_pool_get(zswap, number)
    return handle


@simulated
def insert_entry(
    swap: Swap, slot: int, kind: int, handle: int, length: int, content: int, number: int
) -> None:
    """Put a new entry in place of what the slot has."""
    zswap = swap.zswap
    counters = zswap.counters
    if zswap.kind[slot] != NONE:
        if zswap.switches[DUPLICATES] == AT_INSERT:
            counters[DUPLICATE_ENTRY] += 1
        zswap_free_entry(swap, slot, FREED_BY_STORE)
    zswap.kind[slot] = kind
    zswap.handle[slot] = handle
    zswap.length[slot] = length
    zswap.content[slot] = content
    zswap.pool[slot] = number
    counters[STORED_PAGES] += 1
    if kind == COMPRESSED:
        note_entry(swap, j.STORE, slot)
        if zswap.switches[RAW_INCOMPRESSIBLE] == 1 and length == PAGE_SIZE:
            counters[STORED_INCOMPRESSIBLE_PAGES] += 1
        zswap_lru_add(zswap, slot)
    else:
        counters[SAME_FILLED_PAGES] += 1
        note(swap.journal, j.STORE_SAME, slot, 0, 0, 0, content)
    zswap_update_total_size(swap, number)


@simulated
def zswap_store_page(swap: Swap, slot: int, content: int, length: int, same_filled: int) -> int:
    """Store a page for which the limit has room; return 0 or -errno."""
    zswap = swap.zswap
    parameters = zswap.parameters
    if should_fail(swap.faults, ENTRY_FAIL, slot, content):
        zswap.counters[REJECT_KMEMCACHE_FAIL] += 1
        return -ENOMEM
    if (
        same_filled != 0
        and zswap.switches[SAME_FILLED_RULE] == ANY_WORD
        and parameters[SAME_FILLED_PAGES_ENABLED] == 1
    ):
        trace_same_filled(slot)
        insert_entry(swap, slot, SAME_FILLED, 0, 0, content, 0)
        return 0
    if parameters[NON_SAME_FILLED_PAGES_ENABLED] == 0:
        return -EINVAL
    if length >= 0 and should_fail(swap.faults, COMPRESS_ERROR, slot, content):
        length = -EINVAL
    length = stored_length(zswap, length)
    handle = place_page(swap, slot, length)
    if handle < 0:
        return handle
    insert_entry(swap, slot, COMPRESSED, handle, length, content, zswap_pool_of(zswap, slot))
    return 0


@simulated
def prepare_slot(swap: Swap, slot: int) -> None:
    """Remove the entry of a slot that is stored anew, in kernels that do so beforehand."""
    zswap = swap.zswap
    if zswap.switches[FRONTSWAP] == 1 and zswap.backed[slot] == 1:
        if zswap.switches[DUPLICATES] != AT_INSERT:
            zswap_invalidate_page(swap, slot)
    elif zswap.switches[DUPLICATES] == REMOVED_FIRST and zswap.kind[slot] != NONE:
        zswap.counters[DUPLICATE_ENTRY] += 1
        zswap_free_entry(swap, slot, FREED_BY_STORE)


@simulated
def end_store(swap: Swap, slot: int, outcome: int) -> None:
    """Leave a slot's frontswap bit, and after a failure its old entry, as the kernel does.

    FIDELITY: 3.11 keeps the old entry, which no load finds any more.
    """
    zswap = swap.zswap
    if outcome < 0 and zswap.switches[DUPLICATES] == REPLACED and zswap.kind[slot] != NONE:
        zswap_free_entry(swap, slot, FREED_BY_STORE)
    if zswap.switches[FRONTSWAP] == 1:
        zswap.backed[slot] = 1 if outcome == 0 else 0


@simulated
def zswap_store(swap: Swap, slot: int, content: int, length: int, same_filled: int) -> int:
    """Store a page; return 0, or -errno where it has to go to the swap file.

    length: compressed bytes, or -errno where the compressor fails; same_filled: not 0 if all 64-bit
    words of the page are equal. -ENODEV: disabled. -ENOMEM: full, or refused until below the
    accept threshold, or no page left. -ENOSPC: too large for the allocator. -EINVAL: the
    compressor failed. Source: mm/zswap.c zswap_frontswap_store, from 6.6 on zswap_store.
    """
    trace_store(slot, content, length, same_filled)
    prepare_slot(swap, slot)
    outcome = -ENODEV
    if swap.zswap.parameters[ENABLED] == 1:
        outcome = make_room(swap, slot)
        if outcome == 0:
            outcome = zswap_store_page(swap, slot, content, length, same_filled)
    end_store(swap, slot, outcome)
    if outcome == 0:
        swap.stat[ZSWPOUT] += 1
    trace_store_end(slot, outcome)
    return outcome


@simulated
def zswap_load(swap: Swap, slot: int) -> int:
    """Load a page; return 0, or -ENOENT where it is not in zswap.

    The entry stays, or goes with an exclusive load. Source: Linux 6.1 zswap_frontswap_load, 6.12
    zswap_load.
    """
    zswap = swap.zswap
    kind = zswap.kind[slot]
    if kind == NONE or is_stale(zswap, slot):
        note(swap.journal, j.LOAD_MISS, slot, 0, 0, 0, 0)
        trace_load(slot, NONE, 0)
        return -ENOENT
    if kind == COMPRESSED:
        note_entry(swap, j.LOAD, slot)
        count_decompression(zswap, slot, LOAD_DECOMPRESSIONS)
    else:
        note(swap.journal, j.LOAD_SAME, slot, 0, 0, 0, zswap.content[slot])
    swap.stat[ZSWPIN] += 1
    loads = zswap.switches[LOADS]
    if loads == ALWAYS or (loads == ON_REQUEST and zswap.parameters[EXCLUSIVE_LOADS] == 1):
        trace_load(slot, kind, 1)
        zswap_free_entry(swap, slot, FREED_BY_LOAD)
    else:
        trace_load(slot, kind, 0)
        if kind == COMPRESSED:
            zswap_lru_touch(zswap, slot)
    return 0


@simulated
def zswap_invalidate_page(swap: Swap, slot: int) -> None:
    """Forget a slot's entry, if there is one: the slot is free, or about to be stored anew.

    FIDELITY: with frontswap a slot whose bit is clear is left alone, stale entry and all.
    """
    zswap = swap.zswap
    note(swap.journal, j.INVALIDATE, slot, 0, 0, 0, 0)
    if is_stale(zswap, slot):
        return
    trace_invalidate(slot, zswap.kind[slot])
    zswap.backed[slot] = 0
    if zswap.kind[slot] != NONE:
        zswap_free_entry(swap, slot, FREED_BY_INVALIDATE)


@simulated
def zswap_invalidate_area(swap: Swap) -> bool:
    """Forget all entries, as swapoff does; False if the journal has no room to go on."""
    zswap = swap.zswap
    cached_pages = zswap.counters[POOL_PAGES]
    done = True
    for slot in range(len(zswap.kind)):
        if not has_headroom(swap.journal):
            done = False
            break
        zswap.backed[slot] = 0
        if zswap.kind[slot] != NONE:
            zswap_free_entry(swap, slot, FREED_BY_INVALIDATE)
    if zswap.switches[POOL_SCOPE] == PER_SWAP_TYPE:
        zswap.counters[POOL_PAGES] = cached_pages  # FIDELITY: 3.11 does not take the size anew
    return done
