# SPDX-License-Identifier: GPL-2.0-only
"""The audit of a z3fold pool: lists, counts, geometry, handles."""

from zswapsim.errors import InvariantError
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools.z3fold_lru import is_barred, lru_check, lru_pages
from zswapsim.machine.pools.z3fold_page import (
    BUDDIES,
    CELL_SHIFT,
    CLAIMED,
    FIRST,
    FIRST_NUM,
    FLAGS,
    FOREIGN,
    FOREIGN_HANDLES,
    HANDLES,
    HEADER_CHUNKS,
    HEADLESS,
    LAST,
    MIDDLE,
    NEEDS_COMPACTING,
    PAGE_SIZE,
    PAGES_NR,
    RELIST,
    SINGLE_OBJECT_MOVE,
    SPARE,
    SPARE_HANDLES,
    TOTAL_CHUNKS,
    UNUSED,
    WORK,
    Z3foldPool,
    buddy_address,
    cell_of,
    has_flag,
    num_free_chunks,
    page_is_unused,
    zhdr_get,
)


def z3fold_check(pool: Z3foldPool) -> None:
    """Audit everything; InvariantError names the first thing that is wrong."""
    used = range(1, pool.counts[UNUSED] + 1)
    live = [page for page in used if zhdr_get(pool, page, FLAGS) != 0]
    spare = [pool.spare[i] for i in range(pool.counts[SPARE])]
    lru_check(pool.lru)
    _require(sorted(lru_pages(pool.lru)) == live, "the LRU is not a permutation of the live pages")
    _require(pool.counts[PAGES_NR] == len(live), "pages_nr is not the number of live pages")
    _require(sorted([*live, *spare]) == list(used), "a page is lost")
    waiting = [page for page in live if has_flag(pool, page, NEEDS_COMPACTING)]
    work = [node - WORK for node in list_nodes(pool.work, WORK)]
    _require(sorted(work) == waiting, "the work list is not the pages that need compacting")
    for page in live:
        _check_page(pool, page)
    _check_unbuddied(pool, live)
    _check_handles(pool, live)


def _buddies(pool: Z3foldPool, page: int) -> list[int]:
    """Return the buddies of a page that are in use."""
    return [bud for bud in range(BUDDIES) if zhdr_get(pool, page, bud) != 0]


def _check_page(pool: Z3foldPool, page: int) -> None:
    _require(not has_flag(pool, page, CLAIMED), f"page {page} is claimed by nobody")
    _require(not page_is_unused(pool, page), f"page {page} is live and empty")
    _require(0 <= zhdr_get(pool, page, FIRST_NUM) < BUDDIES, f"page {page}: first_num")
    buddies = _buddies(pool, page)
    if HEADLESS in buddies:
        whole = buddies == [HEADLESS] and zhdr_get(pool, page, HEADLESS) == TOTAL_CHUNKS
        _require(whole, f"page {page} is headless and has buddies")
        return
    end = pool.rules[HEADER_CHUNKS] * 64
    for bud in (FIRST, MIDDLE, LAST):
        if bud in buddies:
            start = buddy_address(pool, page, bud) - page * PAGE_SIZE
            _require(start >= end, f"the buddies of page {page} overlap")
            end = start + zhdr_get(pool, page, bud) * 64
    _require(end <= PAGE_SIZE, f"a buddy of page {page} passes its end")


def _check_unbuddied(pool: Z3foldPool, live: list[int]) -> None:
    listed = [
        (free_chunks, node - WORK)
        for free_chunks in range(TOTAL_CHUNKS)
        for node in list_nodes(pool.buddy, free_chunks)
    ]
    closed = ([HEADLESS], [FIRST, MIDDLE, LAST])
    filed = {page: free_chunks for free_chunks, page in listed}
    _require(len(filed) == len(listed), "a page is on two unbuddied lists")
    _require(filed.keys() <= set(live), "a released page is on an unbuddied list")
    for page in live:
        if has_flag(pool, page, NEEDS_COMPACTING):
            continue  # it may be on an older list, or on none, until it is compacted
        if page not in filed:
            older = pool.rules[RELIST] == 0 or pool.rules[SINGLE_OBJECT_MOVE] == 0
            _require(older or _buddies(pool, page) in closed, f"page {page} is on no list")
        else:
            right = _buddies(pool, page) not in closed
            right = right and filed[page] == num_free_chunks(pool, page)
            _require(right, f"page {page} is on the wrong list")


def _check_handles(pool: Z3foldPool, live: list[int]) -> None:
    handles = range(1, pool.counts[HANDLES] + 1)
    allocated = {handle for handle in handles if pool.slot[handle] != 0}
    spare = [pool.spare_handles[i] for i in range(pool.counts[SPARE_HANDLES])]
    _require(sorted([*allocated, *spare]) == list(handles), "a handle is lost")
    for page in live:
        foreign = 0
        for bud in _buddies(pool, page):
            cell = cell_of(pool, page, bud)
            handle = pool.handle_of[cell]
            found = handle in allocated and pool.slot[handle] >> CELL_SHIFT == cell
            _require(found, f"an object of page {page} has no handle")
            allocated.remove(handle)
            foreign += pool.slot[handle] & FOREIGN
        counted = zhdr_get(pool, page, FOREIGN_HANDLES)
        _require(foreign == counted, f"page {page} miscounts its foreign objects")
        _require(
            is_barred(pool.lru, page) == (foreign > 0),
            f"page {page} is not barred as its objects are foreign",
        )
    _require(not allocated, "a handle has no object")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvariantError(f"z3fold: {message}")
