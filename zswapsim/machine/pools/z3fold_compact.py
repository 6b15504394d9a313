# SPDX-License-Identifier: GPL-2.0-only
"""Compaction of z3fold: after a free, a page's lone object moves out, or its MIDDLE slides.

Models Linux 6.1 mm/z3fold.c do_compact_page (specification 3.5). In the kernel a free only queues
it, unless the page was on no list; a worker does it when the one who frees has done with the CPU,
so that of several frees in a row all come first. Until then the page is not for alloc, and it is
kept, and counted, even if it is empty. A pool made with deferred_work does the same, and its user
calls z3fold_work; another compacts in the free, as the worker does after a free on its own.

A compaction moves one object at most, pool.moved tells which.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.machine.list_head import list_add_tail, list_del, list_empty, list_next
from zswapsim.machine.pools.z3fold_lru import lru_bar
from zswapsim.machine.pools.z3fold_page import (
    BUDDY_MASK,
    CHUNK_SHIFT,
    CLAIMED,
    DEFERRED_WORK,
    FIRST,
    FIRST_NUM,
    FLAGS,
    FOREIGN,
    FOREIGN_HANDLES,
    HEADER_CHUNKS,
    LAST,
    MIDDLE,
    NEEDS_COMPACTING,
    SINGLE_OBJECT_MOVE,
    START_MIDDLE,
    TOTAL_CHUNKS,
    WORK,
    Z3foldPool,
    add_to_unbuddied,
    buddy_address,
    cell_of,
    get_free_buddy,
    has_flag,
    page_is_unused,
    page_node,
    put_object,
    release_z3fold_page,
    take_unbuddied,
    zhdr_add,
    zhdr_get,
    zhdr_set,
)
from zswapsim.machine.pools.zpool import MOVED_BYTES, MOVED_FROM, MOVED_TO
from zswapsim.machine.tracepoints import trace_z3fold_move

BIG_CHUNK_GAP = 3


@simulated
def note_move(pool: Z3foldPool, chunks: int, old: int, new: int) -> None:
    """Note that an object moved from one byte address to another."""
    pool.moved[MOVED_BYTES] = chunks << CHUNK_SHIFT
    pool.moved[MOVED_FROM] = old
    pool.moved[MOVED_TO] = new


@simulated
def single_buddy(pool: Z3foldPool, page: int) -> int:
    """Return the buddy of a page's only object, 0 if it has several."""
    first, middle = zhdr_get(pool, page, FIRST), zhdr_get(pool, page, MIDDLE)
    last = zhdr_get(pool, page, LAST)
    if middle == 0 and last == 0:
        return FIRST
    if first == 0 and last == 0:
        return MIDDLE
    if first == 0 and middle == 0:
        return LAST
    return 0


@simulated
def compact_single_buddy(pool: Z3foldPool, page: int) -> bool:
    """Move the only object of a page that has no foreign one into another page; say if it went.

    The other page keeps its place in the LRU. Source: Linux 6.1 mm/z3fold.c compact_single_buddy.
    """
    bud = single_buddy(pool, page)
    if bud == 0:
        return False
    chunks = zhdr_get(pool, page, bud)
    target = take_unbuddied(pool, chunks)
    if target == 0:
        return False
    old = buddy_address(pool, page, bud)
    handle = pool.handle_of[cell_of(pool, page, bud)]
    zhdr_set(pool, page, bud, 0)
    new_bud = get_free_buddy(pool, target, chunks)
    put_object(pool, target, new_bud, chunks, handle)
    pool.slot[handle] += FOREIGN
    zhdr_add(pool, target, FOREIGN_HANDLES, 1)
    lru_bar(pool.lru, target)
    add_to_unbuddied(pool, target)
    trace_z3fold_move(page, bud, target, new_bud)
    note_move(pool, chunks, old, buddy_address(pool, target, new_bud))
    return True


@simulated
def z3fold_compact_page(pool: Z3foldPool, page: int) -> None:
    """Make MIDDLE the FIRST if it is alone, or slide it to its neighbour over a gap of 3 chunks.

    Source: Linux 6.1 mm/z3fold.c z3fold_compact_page.
    """
    header = pool.rules[HEADER_CHUNKS]
    first, middle = zhdr_get(pool, page, FIRST), zhdr_get(pool, page, MIDDLE)
    last, start = zhdr_get(pool, page, LAST), zhdr_get(pool, page, START_MIDDLE)
    if middle == 0:
        return
    old = buddy_address(pool, page, MIDDLE)
    if first == 0 and last == 0:
        zhdr_set(pool, page, FIRST, middle)
        zhdr_set(pool, page, MIDDLE, 0)
        zhdr_set(pool, page, START_MIDDLE, 0)
        # The object stays in its cell, so its slot need not be found.
        zhdr_set(pool, page, FIRST_NUM, (zhdr_get(pool, page, FIRST_NUM) + 1) & BUDDY_MASK)
        trace_z3fold_move(page, MIDDLE, page, FIRST)
        note_move(pool, middle, old, buddy_address(pool, page, FIRST))
    elif last == 0 and start - (first + header) >= BIG_CHUNK_GAP:
        zhdr_set(pool, page, START_MIDDLE, first + header)
        trace_z3fold_move(page, MIDDLE, page, MIDDLE)
        note_move(pool, middle, old, buddy_address(pool, page, MIDDLE))
    elif first == 0 and TOTAL_CHUNKS - (last + start + middle) >= BIG_CHUNK_GAP:
        zhdr_set(pool, page, START_MIDDLE, TOTAL_CHUNKS - last - middle)
        trace_z3fold_move(page, MIDDLE, page, MIDDLE)
        note_move(pool, middle, old, buddy_address(pool, page, MIDDLE))


@simulated
def do_compact_page(pool: Z3foldPool, page: int) -> None:
    """Compact a page and list it by its new free chunks, or release it if it is empty.

    Source: Linux 6.1 mm/z3fold.c do_compact_page.
    """
    list_del(pool.buddy, page_node(page))
    if page_is_unused(pool, page):
        release_z3fold_page(pool, page)
        return
    if has_flag(pool, page, CLAIMED):
        return  # z3fold_reclaim_page lists it
    may_move = pool.rules[SINGLE_OBJECT_MOVE] != 0
    if zhdr_get(pool, page, FOREIGN_HANDLES) != 0:
        may_move = False
    if may_move and compact_single_buddy(pool, page):
        release_z3fold_page(pool, page)
        return
    z3fold_compact_page(pool, page)
    add_to_unbuddied(pool, page)


@simulated
def compact_after_free(pool: Z3foldPool, page: int) -> None:
    """Compact a page that an object was freed from, or put it on the work list.

    A page that is on no list, as it was full, never waits.
    Source: Linux 6.1 mm/z3fold.c z3fold_free.
    """
    if has_flag(pool, page, NEEDS_COMPACTING):
        return
    if list_empty(pool.buddy, page_node(page)):
        # FIDELITY: in 5.4 the compaction finds the page claimed by this very free, and leaves it
        # on no list: nothing goes there until it is empty.
        if pool.rules[SINGLE_OBJECT_MOVE] != 0:
            do_compact_page(pool, page)
    elif pool.rules[DEFERRED_WORK] != 0:
        zhdr_add(pool, page, FLAGS, NEEDS_COMPACTING)
        list_add_tail(pool.work, page_node(page), WORK)
    else:
        do_compact_page(pool, page)


@simulated
def z3fold_work(pool: Z3foldPool) -> int:
    """Compact the page that has waited longest; return 1, or 0 if none waits.

    pool.moved then tells of its move. The kernel's worker has always emptied the work list before
    a store or a shrink begins, and before a system call ends.
    """
    pool.moved[MOVED_BYTES] = 0
    if list_empty(pool.work, WORK):
        return 0
    node = list_next(pool.work, WORK)
    list_del(pool.work, node)
    page = node - WORK
    zhdr_add(pool, page, FLAGS, -NEEDS_COMPACTING)
    do_compact_page(pool, page)
    return 1
