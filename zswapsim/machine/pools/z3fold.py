# SPDX-License-Identifier: GPL-2.0-only
"""z3fold: at most three objects to a page, and compaction that moves objects.

Models Linux 6.1 mm/z3fold.c (specification section 3); what 5.4 and 5.10 do differently is chosen
when the pool is made. Denser than zbud, as simple to reclaim, and it takes any page of 4096 bytes.

The layout of pages and handles is told in z3fold_page.py, compaction in z3fold_compact.py, and in
z3fold_lru.py how a victim is found.

Deviations: no locks, no gfp, so one CPU's unbuddied lists and no object mapped during a compaction
or a reclaim; no page migration; no reuse of pages not yet given back (5.4); a pool has a capacity
in pages; free checks its handle, where the kernel's behaviour is undefined; a buddy that the owner
of another one freed on the way is not asked for. Unless made with deferred_work, a pool compacts in
the free.
"""

from typing import Any

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EAGAIN, EINVAL, ENOSPC, InvalidArgument
from zswapsim.machine.list_head import list_del
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.z3fold_check import z3fold_check
from zswapsim.machine.pools.z3fold_compact import compact_after_free, z3fold_work
from zswapsim.machine.pools.z3fold_lru import lru_add, lru_del, lru_empty, lru_oldest
from zswapsim.machine.pools.z3fold_page import (
    BUDDIES,
    BUDDY_SHIFT,
    CHUNK_SHIFT,
    CHUNK_SIZE,
    CLAIMED,
    FIRST,
    FLAGS,
    HEADER_CHUNKS,
    HEADLESS,
    LAST,
    LIVE,
    MIDDLE,
    PAGE_SIZE,
    PAGES_NR,
    RECLAIMED,
    RELIST,
    TOTAL_CHUNKS,
    Z3foldPool,
    add_to_unbuddied,
    alloc_handle,
    alloc_z3fold_page,
    buddy_address,
    cell_of,
    cell_to_buddy,
    find_cell,
    free_handle,
    get_free_buddy,
    has_flag,
    page_is_unused,
    page_node,
    put_object,
    release_z3fold_page,
    size_to_chunks,
    take_unbuddied,
    z3fold_create_pool,
    zhdr_add,
    zhdr_get,
    zhdr_set,
)
from zswapsim.machine.tracepoints import (
    trace_z3fold_alloc,
    trace_z3fold_evict,
    trace_z3fold_free,
    trace_z3fold_reclaim,
    trace_z3fold_reclaim_end,
)
from zswapsim.profiles import Profile

RECLAIM_RETRIES = 8


def z3fold_options(row: Profile) -> dict[str, int]:
    """Pick what a kernel's profile decides."""
    return {
        "single_object_move": row.z3fold_single_object_move,
        "relist": row.z3fold_relist,
    }


def address_pages(max_pages: int, **options: int) -> int:
    """Return the pages of memory that addresses reach into: no object is in page 0."""
    return max_pages + 1


@simulated
def z3fold_alloc(pool: Z3foldPool, size: int) -> int:
    """Place size bytes; return a handle.

    -EINVAL: size <= 0. -ENOSPC: size > 4096. -ENOMEM: no page left. No object, count or LRU place
    changes on an error. Sizes above 3904 (header of 2 chunks) get a headless page. At most 62 lists
    are looked at. Source: Linux 6.1 mm/z3fold.c z3fold_alloc.
    """
    if size <= 0:
        return -EINVAL
    if size > PAGE_SIZE:
        return -ENOSPC
    headless = size > PAGE_SIZE - (pool.rules[HEADER_CHUNKS] << CHUNK_SHIFT) - CHUNK_SIZE
    chunks = TOTAL_CHUNKS if headless else size_to_chunks(size)
    page = 0 if headless else take_unbuddied(pool, chunks)
    if page == 0:
        page = alloc_z3fold_page(pool)
        if page < 0:
            return page
    handle = alloc_handle(pool)
    bud = HEADLESS if headless else get_free_buddy(pool, page, chunks)
    put_object(pool, page, bud, chunks, handle)
    trace_z3fold_alloc(page, bud, chunks)
    if not headless:
        add_to_unbuddied(pool, page)
    lru_del(pool.lru, page)
    lru_add(pool.lru, page)
    return handle


@simulated
def z3fold_free(pool: Z3foldPool, handle: int) -> int:
    """Free an object, and compact its page or release it; zpool_moved tells what moved.

    -EINVAL: the handle is not allocated (undefined in the kernel). An object of a headless page
    under reclaim stays, the outcome of its eviction decides. Source: Linux 6.1 mm/z3fold.c
    z3fold_free.
    """
    pool.moved[zpool.MOVED_BYTES] = 0
    cell = find_cell(pool, handle)
    if cell < 0:
        return cell
    page = cell // BUDDIES
    bud = cell_to_buddy(pool, cell)
    claimed = zhdr_get(pool, page, FLAGS) & CLAIMED
    if claimed and bud == HEADLESS:
        return 0
    zhdr_set(pool, page, bud, 0)
    free_handle(pool, page, handle)
    trace_z3fold_free(page, bud)
    if claimed:
        return 0  # z3fold_reclaim_page lists or releases the page
    if page_is_unused(pool, page):
        release_z3fold_page(pool, page)
    else:
        compact_after_free(pool, page)
    return 0


@simulated
def evict_buddy(pool: Z3foldPool, owner: Any, page: int, bud: int) -> int:
    """Ask the owner for one buddy of a page, if it is in use."""
    if zhdr_get(pool, page, bud) == 0:
        return 0
    trace_z3fold_evict(page, bud)
    return zpool.zpool_evict(owner, pool, pool.handle_of[cell_of(pool, page, bud)])


@simulated
def evict_buddies(pool: Z3foldPool, owner: Any, page: int) -> int:
    """Ask the owner for the objects of a page, until one fails."""
    failed = evict_buddy(pool, owner, page, HEADLESS)
    if failed == 0:
        failed = evict_buddy(pool, owner, page, MIDDLE)
    if failed == 0:
        failed = evict_buddy(pool, owner, page, FIRST)
    if failed == 0:
        failed = evict_buddy(pool, owner, page, LAST)
    return failed


@simulated
def z3fold_reclaim_page(pool: Z3foldPool, owner: Any, retries: int) -> int:
    """Evict the objects of the oldest pages until one page is free: MIDDLE, FIRST, LAST.

    Pages with foreign objects are passed over. Success is judged by what is left in the page, for
    a headless one by what the owner answered. -EINVAL: nothing in the pool, or retries is 0.
    -EAGAIN: no page but such with foreign objects, or retries pages visited in vain; what was
    evicted stays evicted, and visited pages are the newest now. Nothing moves.
    Source: Linux 6.1 mm/z3fold.c z3fold_reclaim_page.
    """
    if retries == 0:
        return -EINVAL
    for _ in range(retries):
        if lru_empty(pool.lru):
            return -EINVAL
        page = lru_oldest(pool.lru)
        if page == 0:
            break
        lru_del(pool.lru, page)
        list_del(pool.buddy, page_node(page))
        zhdr_add(pool, page, FLAGS, CLAIMED)
        trace_z3fold_reclaim(page)
        failed = evict_buddies(pool, owner, page)
        zhdr_add(pool, page, FLAGS, -CLAIMED)
        headless = zhdr_get(pool, page, HEADLESS) != 0
        if headless and failed == 0:
            zhdr_set(pool, page, HEADLESS, 0)
            free_handle(pool, page, pool.handle_of[cell_of(pool, page, HEADLESS)])
        emptied = page_is_unused(pool, page)
        trace_z3fold_reclaim_end(page, 1 if emptied else 0)
        if emptied:
            release_z3fold_page(pool, page)
            return 0
        lru_add(pool.lru, page)
        if pool.rules[RELIST] and not headless:
            add_to_unbuddied(pool, page)
    return -EAGAIN


@simulated
def z3fold_shrink(pool: Z3foldPool, owner: Any, pages: int) -> int:
    """Reclaim pages one by one, 8 retries each; return the last outcome, -EINVAL for 0 pages.

    counts[RECLAIMED] tells how many came free. Source: Linux 6.1 mm/z3fold.c z3fold_zpool_shrink.
    """
    outcome = -EINVAL
    total = 0
    while total < pages:
        outcome = z3fold_reclaim_page(pool, owner, RECLAIM_RETRIES)
        if outcome < 0:
            break
        total += 1
    pool.counts[RECLAIMED] = total
    return outcome


@simulated
def z3fold_map(pool: Z3foldPool, handle: int) -> int:
    """Return the object's byte address, which the next free may change."""
    cell = find_cell(pool, handle)
    if cell < 0:
        return cell
    return buddy_address(pool, cell // BUDDIES, cell_to_buddy(pool, cell))


@simulated
def z3fold_unmap(pool: Z3foldPool, handle: int) -> int:
    """Do nothing: no object is mapped while another operation runs."""
    return 0


@simulated
def z3fold_total_pages(pool: Z3foldPool) -> int:
    """Return the pages in use."""
    return pool.counts[PAGES_NR]


@simulated
def z3fold_reclaimed(pool: Z3foldPool) -> int:
    """Return the pages that the last shrink reclaimed."""
    return pool.counts[RECLAIMED]


@simulated
def z3fold_write_owner(pool: Z3foldPool, handle: int, word: int) -> int:
    """Write the word at the start of an object."""
    cell = find_cell(pool, handle)
    if cell < 0:
        return cell
    pool.owner[handle] = word
    return 0


@simulated
def z3fold_read_owner(pool: Z3foldPool, handle: int) -> int:
    """Return the word at the start of an object."""
    cell = find_cell(pool, handle)
    return cell if cell < 0 else pool.owner[handle]


@simulated
def z3fold_moved(pool: Z3foldPool, part: int) -> int:
    """Tell of the object that the last free, or the last z3fold_work, moved."""
    return pool.moved[part]


def z3fold_place(pool: Z3foldPool, address: int) -> tuple[int | str, ...]:
    """Return (page, "H") for a headless page, else (page, low bits of the kernel's slot).

    Low bits: number of the object's cell in the page, and its chunks << 2 if it is a LAST.
    InvalidArgument: no object starts at that address.
    """
    page, offset = divmod(address, PAGE_SIZE)
    if not 0 < page <= len(pool.spare) or not has_flag(pool, page, LIVE):
        raise InvalidArgument(f"z3fold: no object starts at address {address}")
    for bud in (HEADLESS, FIRST, MIDDLE, LAST):
        chunks = int(zhdr_get(pool, page, bud))
        if chunks != 0 and buddy_address(pool, page, bud) % PAGE_SIZE == offset:
            if bud == HEADLESS:
                return page, "H"
            low = int(cell_of(pool, page, bud)) % BUDDIES
            return page, low + (chunks << BUDDY_SHIFT if bud == LAST else 0)
    raise InvalidArgument(f"z3fold: no object starts at address {address}")


for _generic, _own in (
    (zpool.zpool_malloc, z3fold_alloc),
    (zpool.zpool_free, z3fold_free),
    (zpool.zpool_shrink, z3fold_shrink),
    (zpool.zpool_reclaimed, z3fold_reclaimed),
    (zpool.zpool_map, z3fold_map),
    (zpool.zpool_unmap, z3fold_unmap),
    (zpool.zpool_total_pages, z3fold_total_pages),
    (zpool.zpool_write_owner, z3fold_write_owner),
    (zpool.zpool_read_owner, z3fold_read_owner),
    (zpool.zpool_moved, z3fold_moved),
    (zpool.zpool_work, z3fold_work),
):
    _generic.register(Z3foldPool, _own)

DRIVER = zpool.ZpoolDriver(
    type="z3fold",
    summary="three objects a page at most; page LRU, compaction that moves objects",
    create=z3fold_create_pool,
    check=z3fold_check,
    place=z3fold_place,
    options=z3fold_options,
    address_pages=address_pages,
    evictable=True,
    moves=True,
)
