# SPDX-License-Identifier: GPL-2.0-only
"""zbud: at most two objects to a page, the first left-justified, the last right-justified.

Models Linux 5.4 mm/zbud.c (specification section 1). Low density, but a page is reclaimed by
evicting at most two objects, and a search for room looks at 62 lists at most.

Layout of a page of 64 chunks of 64 bytes: chunk 0 is the header, FIRST starts at byte 64, LAST
ends at byte 4096. Sizes are known in chunks only; a buddy of 0 chunks is free.

Handle: page * 4096 + byte offset of the object: 64 for FIRST, 4096 - 64 * last_chunks for LAST.
The largest object has 62 chunks, so the two can never have the same offset.

Deviations: no locks, no gfp; a pool has a capacity in pages; free checks its handle, where the
kernel's behaviour is undefined.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, index_item, simulated
from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, ENOSPC, InvariantError
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_next,
    list_nodes,
    list_prev,
    make_links,
)
from zswapsim.machine.pools import zpool
from zswapsim.machine.tracepoints import (
    trace_zbud_alloc,
    trace_zbud_evict,
    trace_zbud_free,
    trace_zbud_reclaim,
    trace_zbud_reclaim_end,
    trace_zbud_search,
)

PAGE_SIZE = 4096
CHUNK_SHIFT = 6
CHUNK_SIZE = 1 << CHUNK_SHIFT
ZHDR_SIZE_ALIGNED = CHUNK_SIZE
NCHUNKS = 63
MAX_SIZE = PAGE_SIZE - ZHDR_SIZE_ALIGNED - CHUNK_SIZE
RECLAIM_RETRIES = 8

# Nodes of the links: 0..62 the unbuddied lists by free chunks, then buddied, lru, then the pages.
BUDDIED = NCHUNKS
LRU = NCHUNKS + 1
FIRST_PAGE = NCHUNKS + 2

PAGES_NR, UNUSED, SPARE, RECLAIMED = range(4)
FREE, LIVE, UNDER_RECLAIM = range(3)


class ZbudPool(NamedTuple):
    """A zbud pool. Nodes = 65 list heads, then one node a page.

    buddy: links of the unbuddied and buddied lists; lru: links of the page LRU;
    first_chunks, last_chunks: int8, shape (pages,), chunks of each buddy, 0 free;
    state: int8, shape (pages,), FREE, LIVE or UNDER_RECLAIM;
    owner: int64, shape (2 * pages,), the word at the start of FIRST and LAST;
    spare: int32, shape (pages,), stack of released pages;
    counts: int64, PAGES_NR pages in use, UNUSED next page never used, SPARE height of the stack,
    RECLAIMED pages that the last shrink reclaimed.
    """

    buddy: Links
    lru: Links
    first_chunks: Ints
    last_chunks: Ints
    state: Ints
    owner: Ints
    spare: Ints
    counts: Ints


def zbud_create_pool(max_pages: int, zeros: Zeros) -> ZbudPool:
    """Return an empty pool with room for max_pages pages."""
    nodes = FIRST_PAGE + max_pages
    pool = ZbudPool(
        buddy=make_links(nodes, zeros),
        lru=make_links(nodes, zeros),
        first_chunks=zeros(max_pages, "int8"),
        last_chunks=zeros(max_pages, "int8"),
        state=zeros(max_pages, "int8"),
        owner=zeros(2 * max_pages),
        spare=zeros(max_pages, index_item(max_pages)),
        counts=zeros(4),
    )
    for head in range(FIRST_PAGE):
        init_list_head(pool.buddy, head)
        init_list_head(pool.lru, head)
    return pool


@simulated
def size_to_chunks(size: int) -> int:
    """Return the chunks that size bytes take."""
    return (size + CHUNK_SIZE - 1) >> CHUNK_SHIFT


@simulated
def num_free_chunks(pool: ZbudPool, page: int) -> int:
    """Return the free chunks of a page."""
    return NCHUNKS - pool.first_chunks[page] - pool.last_chunks[page]


@simulated
def first_handle(page: int) -> int:
    """Return the handle of a page's FIRST object."""
    return page * PAGE_SIZE + ZHDR_SIZE_ALIGNED


@simulated
def last_handle(pool: ZbudPool, page: int) -> int:
    """Return the handle of a page's LAST object."""
    return page * PAGE_SIZE + PAGE_SIZE - (pool.last_chunks[page] << CHUNK_SHIFT)


@simulated
def find_object(pool: ZbudPool, handle: int) -> int:
    """Return 2 * page for a FIRST, 2 * page + 1 for a LAST, or -EINVAL if nothing is there."""
    page = handle // PAGE_SIZE
    if handle <= 0 or page >= len(pool.state) or pool.state[page] == FREE:
        return -EINVAL
    if handle == first_handle(page):
        if pool.first_chunks[page] == 0:
            return -EINVAL
        return 2 * page
    if pool.last_chunks[page] == 0 or handle != last_handle(pool, page):
        return -EINVAL
    return 2 * page + 1


@simulated
def alloc_zbud_page(pool: ZbudPool) -> int:
    """Return a fresh page on no list, or -ENOMEM: the released page last, else a new one."""
    if pool.counts[SPARE] > 0:
        pool.counts[SPARE] -= 1
        page = pool.spare[pool.counts[SPARE]]
    elif pool.counts[UNUSED] < len(pool.state):
        page = pool.counts[UNUSED]
        pool.counts[UNUSED] += 1
    else:
        return -ENOMEM
    pool.counts[PAGES_NR] += 1
    pool.state[page] = LIVE
    pool.first_chunks[page] = 0
    pool.last_chunks[page] = 0
    init_list_head(pool.buddy, FIRST_PAGE + page)
    init_list_head(pool.lru, FIRST_PAGE + page)
    return page


@simulated
def free_zbud_page(pool: ZbudPool, page: int) -> None:
    """Give an empty page back."""
    pool.state[page] = FREE
    pool.spare[pool.counts[SPARE]] = page
    pool.counts[SPARE] += 1
    pool.counts[PAGES_NR] -= 1


@simulated
def add_to_buddy_list(pool: ZbudPool, page: int) -> None:
    """Insert a page at the head of buddied, or of the unbuddied list of its free chunks."""
    if pool.first_chunks[page] == 0 or pool.last_chunks[page] == 0:
        list_add(pool.buddy, FIRST_PAGE + page, num_free_chunks(pool, page))
    else:
        list_add(pool.buddy, FIRST_PAGE + page, BUDDIED)


@simulated
def take_unbuddied(pool: ZbudPool, chunks: int) -> int:
    """Unlink and return the page with the smallest gap that fits, newest first; -1 if none."""
    for free_chunks in range(chunks, NCHUNKS):
        if not list_empty(pool.buddy, free_chunks):
            node = list_next(pool.buddy, free_chunks)
            list_del(pool.buddy, node)
            trace_zbud_search(chunks, free_chunks, node - FIRST_PAGE)
            return node - FIRST_PAGE
    trace_zbud_search(chunks, 0, -1)
    return -1


@simulated
def zbud_alloc(pool: ZbudPool, size: int) -> int:
    """Place size bytes; return a handle.

    -EINVAL: size <= 0. -ENOSPC: size > 3968. -ENOMEM: no page left. The pool changes only on
    success. At most 62 lists are looked at. Source: Linux 5.4 mm/zbud.c zbud_alloc.
    """
    if size <= 0:
        return -EINVAL
    if size > MAX_SIZE:
        return -ENOSPC
    chunks = size_to_chunks(size)
    page = take_unbuddied(pool, chunks)
    if page < 0:
        page = alloc_zbud_page(pool)
        if page < 0:
            return page
    goes_first = pool.first_chunks[page] == 0
    if goes_first:
        pool.first_chunks[page] = chunks
    else:
        pool.last_chunks[page] = chunks
    add_to_buddy_list(pool, page)
    list_del(pool.lru, FIRST_PAGE + page)
    list_add(pool.lru, FIRST_PAGE + page, LRU)
    trace_zbud_alloc(page, 0 if goes_first else 1, chunks)
    if goes_first:
        return first_handle(page)
    return last_handle(pool, page)


@simulated
def zbud_free(pool: ZbudPool, handle: int) -> int:
    """Free an object; its page keeps its place in the LRU, or is released when empty.

    -EINVAL: nothing is allocated at the handle (undefined in the kernel).
    Source: Linux 5.4 mm/zbud.c zbud_free.
    """
    found = find_object(pool, handle)
    if found < 0:
        return found
    page = found // 2
    if found % 2 == 0:
        pool.first_chunks[page] = 0
    else:
        pool.last_chunks[page] = 0
    if pool.state[page] == UNDER_RECLAIM:
        trace_zbud_free(page, found % 2, 0)
        return 0  # zbud_reclaim_page files or releases the page
    list_del(pool.buddy, FIRST_PAGE + page)
    emptied = pool.first_chunks[page] == 0 and pool.last_chunks[page] == 0
    trace_zbud_free(page, found % 2, 1 if emptied else 0)
    if emptied:
        list_del(pool.lru, FIRST_PAGE + page)
        free_zbud_page(pool, page)
    else:
        add_to_buddy_list(pool, page)
    return 0


@simulated
def zbud_reclaim_page(pool: ZbudPool, owner: Any, retries: int) -> int:
    """Evict the objects of the oldest pages until one page is free, FIRST before LAST.

    Success is judged by the chunk counts, not by what the owner answered. -EINVAL: nothing in
    the pool, or retries is 0. -EAGAIN: retries pages were visited in vain; what was evicted stays
    evicted, and visited pages are the newest now. Source: Linux 5.4 mm/zbud.c zbud_reclaim_page.
    """
    if list_empty(pool.lru, LRU) or retries == 0:
        return -EINVAL
    for _ in range(retries):
        node = list_prev(pool.lru, LRU)
        page = node - FIRST_PAGE
        list_del(pool.lru, node)
        list_del(pool.buddy, node)
        pool.state[page] = UNDER_RECLAIM
        # Both handles are taken now: LAST's follows from its size, which freeing it forgets.
        first = first_handle(page) if pool.first_chunks[page] else 0
        last = last_handle(pool, page) if pool.last_chunks[page] else 0
        trace_zbud_reclaim(page, first, last)
        failed = 0
        if first != 0:
            trace_zbud_evict(page, 0)
            failed = zpool.zpool_evict(owner, pool, first)
        if last != 0 and failed == 0:
            trace_zbud_evict(page, 1)
            zpool.zpool_evict(owner, pool, last)
        pool.state[page] = LIVE
        emptied = pool.first_chunks[page] == 0 and pool.last_chunks[page] == 0
        trace_zbud_reclaim_end(page, 1 if emptied else 0)
        if emptied:
            free_zbud_page(pool, page)
            return 0
        add_to_buddy_list(pool, page)
        list_add(pool.lru, node, LRU)
    return -EAGAIN


@simulated
def zbud_shrink(pool: ZbudPool, owner: Any, pages: int) -> int:
    """Reclaim pages one by one, 8 retries each; return the last outcome, -EINVAL for 0 pages.

    counts[RECLAIMED] tells how many came free. Source: Linux 5.4 mm/zbud.c zbud_zpool_shrink.
    """
    outcome = -EINVAL
    total = 0
    while total < pages:
        outcome = zbud_reclaim_page(pool, owner, RECLAIM_RETRIES)
        if outcome < 0:
            break
        total += 1
    pool.counts[RECLAIMED] = total
    return outcome


@simulated
def zbud_map(pool: ZbudPool, handle: int) -> int:
    """Return the object's byte address: the handle itself."""
    return handle if find_object(pool, handle) >= 0 else -EINVAL


@simulated
def zbud_unmap(pool: ZbudPool, handle: int) -> int:
    """Do nothing, as the kernel's."""
    return 0


@simulated
def zbud_total_pages(pool: ZbudPool) -> int:
    """Return the pages in use."""
    return pool.counts[PAGES_NR]


@simulated
def zbud_reclaimed(pool: ZbudPool) -> int:
    """Return the pages that the last shrink reclaimed."""
    return pool.counts[RECLAIMED]


@simulated
def zbud_write_owner(pool: ZbudPool, handle: int, word: int) -> int:
    """Write the word at the start of an object."""
    found = find_object(pool, handle)
    if found < 0:
        return found
    pool.owner[found] = word
    return 0


@simulated
def zbud_read_owner(pool: ZbudPool, handle: int) -> int:
    """Return the word at the start of an object."""
    found = find_object(pool, handle)
    return found if found < 0 else pool.owner[found]


def zbud_place(pool: ZbudPool, address: int) -> tuple[int | str, ...]:
    """Return (page, "F" or "L", byte offset); the address alone tells it."""
    page, offset = divmod(address, PAGE_SIZE)
    return page, "F" if offset == ZHDR_SIZE_ALIGNED else "L", offset


def zbud_check(pool: ZbudPool) -> None:
    """Audit lists, counts and geometry; InvariantError names the first thing that is wrong."""
    lru = [node - FIRST_PAGE for node in list_nodes(pool.lru, LRU)]
    live = [page for page in range(pool.counts[UNUSED]) if pool.state[page] == LIVE]
    spare = [pool.spare[i] for i in range(pool.counts[SPARE])]
    _require(sorted(lru) == live, "the LRU is not a permutation of the live pages")
    _require(pool.counts[PAGES_NR] == len(live), "pages_nr is not the number of live pages")
    _require(sorted([*live, *spare]) == list(range(pool.counts[UNUSED])), "a page is lost")
    filed = {page: head for head in range(LRU) for page in _on_list(pool, head)}
    _require(len(filed) == sum(len(_on_list(pool, head)) for head in range(LRU)), "listed twice")
    for page in live:
        first, last = pool.first_chunks[page], pool.last_chunks[page]
        _require(first + last > 0, f"page {page} is live and empty")
        _require(first + last <= NCHUNKS, f"the buddies of page {page} overlap")
        right_list = BUDDIED if first and last else NCHUNKS - first - last
        _require(filed.get(page) == right_list, f"page {page} is on the wrong list")


def _on_list(pool: ZbudPool, head: int) -> list[int]:
    return [node - FIRST_PAGE for node in list_nodes(pool.buddy, head)]


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvariantError(f"zbud: {message}")


for _generic, _own in (
    (zpool.zpool_malloc, zbud_alloc),
    (zpool.zpool_free, zbud_free),
    (zpool.zpool_shrink, zbud_shrink),
    (zpool.zpool_reclaimed, zbud_reclaimed),
    (zpool.zpool_map, zbud_map),
    (zpool.zpool_unmap, zbud_unmap),
    (zpool.zpool_total_pages, zbud_total_pages),
    (zpool.zpool_write_owner, zbud_write_owner),
    (zpool.zpool_read_owner, zbud_read_owner),
    (zpool.zpool_moved, zpool.nothing_moves),
    (zpool.zpool_work, zpool.no_work),
):
    _generic.register(ZbudPool, _own)

DRIVER = zpool.ZpoolDriver(
    type="zbud",
    summary="two objects a page at most; page LRU, simple and quick to reclaim",
    create=zbud_create_pool,
    check=zbud_check,
    place=zbud_place,
    evictable=True,
)
