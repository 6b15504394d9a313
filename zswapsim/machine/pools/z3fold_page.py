# SPDX-License-Identifier: GPL-2.0-only
"""The pages of a z3fold pool: their geometry, their objects, and the lists that they are on.

Models Linux 6.1 mm/z3fold.c (specification 3.1, 3.2). What is done with them is in z3fold.py and
z3fold_compact.py.

Layout of a page of 64 chunks of 64 bytes: chunks 0 and 1 are the header, FIRST starts at chunk 2,
MIDDLE at start_middle, LAST ends with chunk 63. A buddy of 0 chunks is free. An object too large
to share a page has one without header, a headless page, whose buddy HEADLESS has all 64 chunks.

Handle: a number that an object keeps when it moves. It names a slot, the slot holds the number of
a cell: page * 4 + (buddy + first_num) % 4, where first_num counts how often the page's MIDDLE
became its FIRST. So such a change leaves the slot alone, as in the kernel. Pages and handles count
from 1, so that every address is greater than 0 and a slot of 0 is free.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import EINVAL, ENOMEM, InvalidArgument
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_next,
    make_links,
)
from zswapsim.machine.pools.z3fold_lru import PageLru, lru_del, lru_init, lru_unbar, make_lru
from zswapsim.machine.tracepoints import trace_z3fold_search

PAGE_SIZE = 4096
CHUNK_SHIFT = 6
CHUNK_SIZE = 1 << CHUNK_SHIFT
TOTAL_CHUNKS = PAGE_SIZE // CHUNK_SIZE
ZHDR_CHUNKS = 2

HEADLESS, FIRST, MIDDLE, LAST = range(4)
BUDDY_SHIFT = 2
BUDDIES = 1 << BUDDY_SHIFT
BUDDY_MASK = BUDDIES - 1

# Fields of a page's header: 0 to 3 are the chunks of HEADLESS, FIRST, MIDDLE and LAST. A header is
# one integer: measured at 40,000 pages, what counts is how much memory an operation touches.
START_MIDDLE, FIRST_NUM, FOREIGN_HANDLES, FLAGS = range(4, 8)
FIELD_SHIFT = 3
FIELD_MASK = (1 << (1 << FIELD_SHIFT)) - 1
LIVE, CLAIMED, NEEDS_COMPACTING = 1, 2, 4

FOREIGN = 1
CELL_SHIFT = 1

# Nodes of the links: 0..63 are the unbuddied lists by free chunks, 64 the work list, and then come
# the pages, of which the first is number 1.
WORK = TOTAL_CHUNKS

PAGES_NR, UNUSED, SPARE, HANDLES, SPARE_HANDLES, RECLAIMED = range(6)
SINGLE_OBJECT_MOVE, RELIST, HEADER_CHUNKS, DEFERRED_WORK = range(4)


class Z3foldPool(NamedTuple):
    """A z3fold pool. Arrays are int64; pages and handles count from 1, row 0 of theirs is unused.

    buddy, work: links of the unbuddied lists, and of the queue of pages to compact;
    lru: the page LRU, in which pages with foreign objects are barred;
    header: shape (pages + 1,), 8 fields of 8 bits each: chunks of the four buddies, START_MIDDLE
    the chunk where MIDDLE starts, FIRST_NUM, FOREIGN_HANDLES objects moved in from other pages,
    FLAGS a sum of LIVE, CLAIMED by reclaim, and NEEDS_COMPACTING on the work list (0: a free page);
    handle_of: shape (4 * (pages + 1),), handle of the object in a cell;
    slot: shape (handles + 1,), cell of a handle's object << 1, + FOREIGN if it was moved in from
    another page; 0 if there is none;
    owner: shape (handles + 1,), the word at the start of the object;
    spare, spare_handles: shape (pages,), (handles,), stacks of released pages and handles;
    moved: MOVED_BYTES, MOVED_FROM, MOVED_TO of the last free, or of the last z3fold_work;
    counts: PAGES_NR pages in use, UNUSED pages ever used, SPARE height of their stack, HANDLES
    handles ever used, SPARE_HANDLES height of their stack, RECLAIMED pages by the last shrink;
    rules: see z3fold_create_pool.
    """

    buddy: Links
    work: Links
    lru: PageLru
    header: Ints
    handle_of: Ints
    slot: Ints
    owner: Ints
    spare: Ints
    spare_handles: Ints
    moved: Ints
    counts: Ints
    rules: Ints


def z3fold_create_pool(
    max_pages: int,
    zeros: Zeros,
    *,
    single_object_move: int = 1,
    relist: int = 1,
    header_chunks: int = ZHDR_CHUNKS,
    deferred_work: int = 0,
) -> Z3foldPool:
    """Return an empty pool with room for max_pages pages.

    As 6.1 unless said. single_object_move: 1 if a page's only object may move into another page
    (5.4: 0, and a full page is then not compacted); relist: 1 if a page that could not be reclaimed
    is on an unbuddied list again (5.4, 5.10: 0); header_chunks: more in debug kernels;
    deferred_work: 1 if compaction waits for z3fold_work, as in the kernel, 0 if free does it.
    InvalidArgument: a header of less than 1 chunk, or one that leaves no room for an object.
    """
    if not 1 <= header_chunks < TOTAL_CHUNKS - 1:
        raise InvalidArgument(f"header_chunks {header_chunks}: allowed is 1 to {TOTAL_CHUNKS - 2}")
    nodes = WORK + 1 + max_pages
    handles = 3 * max_pages
    pool = Z3foldPool(
        buddy=make_links(nodes, zeros),
        work=make_links(nodes, zeros),
        lru=make_lru(max_pages, zeros),
        header=zeros(max_pages + 1),
        handle_of=zeros(BUDDIES * (max_pages + 1)),
        slot=zeros(handles + 1),
        owner=zeros(handles + 1),
        spare=zeros(max_pages),
        spare_handles=zeros(handles),
        moved=zeros(3),
        counts=zeros(6),
        rules=zeros(4),
    )
    for head in range(WORK + 1):
        init_list_head(pool.buddy, head)
        init_list_head(pool.work, head)
    pool.rules[SINGLE_OBJECT_MOVE] = single_object_move
    pool.rules[RELIST] = relist
    pool.rules[HEADER_CHUNKS] = header_chunks
    pool.rules[DEFERRED_WORK] = deferred_work
    return pool


@simulated
def size_to_chunks(size: int) -> int:
    """Return the chunks that size bytes take."""
    return (size + CHUNK_SIZE - 1) >> CHUNK_SHIFT


@simulated
def page_node(page: int) -> int:
    """Return the node of a page."""
    return WORK + page


@simulated
def zhdr_get(pool: Z3foldPool, page: int, field: int) -> int:
    """Return a field of a page's header; the field of a buddy is its chunks."""
    return (pool.header[page] >> (field << FIELD_SHIFT)) & FIELD_MASK


@simulated
def zhdr_add(pool: Z3foldPool, page: int, field: int, change: int) -> None:
    """Change a field of a page's header, which stays in 0..255, FLAGS in 0..127."""
    pool.header[page] += change << (field << FIELD_SHIFT)


@simulated
def zhdr_set(pool: Z3foldPool, page: int, field: int, value: int) -> None:
    """Set a field of a page's header."""
    zhdr_add(pool, page, field, value - zhdr_get(pool, page, field))


@simulated
def has_flag(pool: Z3foldPool, page: int, flag: int) -> bool:
    """Say whether a page has that flag."""
    return zhdr_get(pool, page, FLAGS) & flag != 0


@simulated
def page_is_unused(pool: Z3foldPool, page: int) -> bool:
    """Say whether nothing holds a page: no object, no claim, no place on the work list."""
    chunks = zhdr_get(pool, page, HEADLESS) + zhdr_get(pool, page, FIRST)
    chunks += zhdr_get(pool, page, MIDDLE) + zhdr_get(pool, page, LAST)
    return chunks == 0 and zhdr_get(pool, page, FLAGS) == LIVE


@simulated
def num_free_chunks(pool: Z3foldPool, page: int) -> int:
    """Return the chunks of the largest hole that a page offers."""
    first, last = zhdr_get(pool, page, FIRST), zhdr_get(pool, page, LAST)
    if zhdr_get(pool, page, MIDDLE) == 0:
        return TOTAL_CHUNKS - pool.rules[HEADER_CHUNKS] - first - last
    start = zhdr_get(pool, page, START_MIDDLE)
    before = 0 if first else start - pool.rules[HEADER_CHUNKS]
    after = 0 if last else TOTAL_CHUNKS - start - zhdr_get(pool, page, MIDDLE)
    return max(before, after)


@simulated
def get_free_buddy(pool: Z3foldPool, page: int, chunks: int) -> int:
    """Return the buddy that an object goes to, in a page that has a hole for it.

    Where there is a MIDDLE, 5.4 takes FIRST for an object one chunk too long, which would then
    overlap it; so it does not here.
    """
    if zhdr_get(pool, page, MIDDLE) != 0:
        before = zhdr_get(pool, page, START_MIDDLE) - pool.rules[HEADER_CHUNKS]
        if zhdr_get(pool, page, FIRST) == 0 and chunks <= before:
            return FIRST
        return LAST
    if zhdr_get(pool, page, FIRST) == 0:
        return FIRST
    if zhdr_get(pool, page, LAST) == 0:
        return LAST
    return MIDDLE


@simulated
def cell_of(pool: Z3foldPool, page: int, bud: int) -> int:
    """Return the number of the cell that a buddy is in."""
    return page * BUDDIES + ((bud + zhdr_get(pool, page, FIRST_NUM)) & BUDDY_MASK)


@simulated
def find_cell(pool: Z3foldPool, handle: int) -> int:
    """Return the cell of a handle's object, or -EINVAL if it is not allocated."""
    if handle <= 0 or handle > pool.counts[HANDLES]:
        return -EINVAL
    cell = pool.slot[handle] >> CELL_SHIFT
    return cell if cell != 0 else -EINVAL


@simulated
def cell_to_buddy(pool: Z3foldPool, cell: int) -> int:
    """Return which buddy of its page is in a cell."""
    return (cell - zhdr_get(pool, cell // BUDDIES, FIRST_NUM)) & BUDDY_MASK


@simulated
def buddy_address(pool: Z3foldPool, page: int, bud: int) -> int:
    """Return the byte address of a buddy that is in use."""
    chunk = 0
    if bud == FIRST:
        chunk = pool.rules[HEADER_CHUNKS]
    elif bud == MIDDLE:
        chunk = zhdr_get(pool, page, START_MIDDLE)
    elif bud == LAST:
        chunk = TOTAL_CHUNKS - zhdr_get(pool, page, LAST)
    return page * PAGE_SIZE + (chunk << CHUNK_SHIFT)


@simulated
def put_object(pool: Z3foldPool, page: int, bud: int, chunks: int, handle: int) -> None:
    """Put the object of a handle into a free buddy, as one of the page's own."""
    zhdr_set(pool, page, bud, chunks)
    if bud == MIDDLE:
        zhdr_set(pool, page, START_MIDDLE, zhdr_get(pool, page, FIRST) + pool.rules[HEADER_CHUNKS])
    cell = cell_of(pool, page, bud)
    pool.slot[handle] = cell << CELL_SHIFT
    pool.handle_of[cell] = handle


@simulated
def alloc_handle(pool: Z3foldPool) -> int:
    """Return a handle that is not in use: the released last, else a new one."""
    if pool.counts[SPARE_HANDLES] > 0:
        pool.counts[SPARE_HANDLES] -= 1
        return pool.spare_handles[pool.counts[SPARE_HANDLES]]
    pool.counts[HANDLES] += 1
    return pool.counts[HANDLES]


@simulated
def free_handle(pool: Z3foldPool, page: int, handle: int) -> None:
    """Give a handle back whose object was in that page."""
    foreign = pool.slot[handle] & FOREIGN
    pool.slot[handle] = 0
    if foreign != 0:
        zhdr_add(pool, page, FOREIGN_HANDLES, -1)
        if zhdr_get(pool, page, FOREIGN_HANDLES) == 0:
            lru_unbar(pool.lru, page)
    pool.spare_handles[pool.counts[SPARE_HANDLES]] = handle
    pool.counts[SPARE_HANDLES] += 1


@simulated
def alloc_z3fold_page(pool: Z3foldPool) -> int:
    """Return a fresh page on no list, or -ENOMEM: the released page last, else a new one."""
    if pool.counts[SPARE] > 0:
        pool.counts[SPARE] -= 1
        page = pool.spare[pool.counts[SPARE]]
    elif pool.counts[UNUSED] < len(pool.spare):
        pool.counts[UNUSED] += 1
        page = pool.counts[UNUSED]
    else:
        return -ENOMEM
    pool.counts[PAGES_NR] += 1
    pool.header[page] = 0
    zhdr_set(pool, page, FLAGS, LIVE)
    init_list_head(pool.buddy, page_node(page))
    init_list_head(pool.work, page_node(page))
    lru_init(pool.lru, page)
    return page


@simulated
def release_z3fold_page(pool: Z3foldPool, page: int) -> None:
    """Give a page back, off all lists."""
    list_del(pool.buddy, page_node(page))
    lru_del(pool.lru, page)
    pool.header[page] = 0
    pool.spare[pool.counts[SPARE]] = page
    pool.counts[SPARE] += 1
    pool.counts[PAGES_NR] -= 1


@simulated
def add_to_unbuddied(pool: Z3foldPool, page: int) -> None:
    """Insert a page with a free buddy at the head of the list of its free chunks."""
    full = zhdr_get(pool, page, FIRST) != 0 and zhdr_get(pool, page, MIDDLE) != 0
    if not full or zhdr_get(pool, page, LAST) == 0:
        list_add(pool.buddy, page_node(page), num_free_chunks(pool, page))


@simulated
def take_unbuddied(pool: Z3foldPool, chunks: int) -> int:
    """Unlink and return the page with the smallest hole that fits, newest first; 0 if none.

    A page that waits to be compacted is unlinked and passed over, until its compaction lists it.
    Source: Linux 6.1 mm/z3fold.c __z3fold_alloc.
    """
    for free_chunks in range(chunks, TOTAL_CHUNKS - pool.rules[HEADER_CHUNKS]):
        while not list_empty(pool.buddy, free_chunks):
            node = list_next(pool.buddy, free_chunks)
            list_del(pool.buddy, node)
            if not has_flag(pool, node - WORK, NEEDS_COMPACTING):
                trace_z3fold_search(chunks, free_chunks, node - WORK)
                return node - WORK
    trace_z3fold_search(chunks, 0, 0)
    return 0
