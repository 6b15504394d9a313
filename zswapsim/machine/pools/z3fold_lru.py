# SPDX-License-Identifier: GPL-2.0-only
"""The page LRU of z3fold, in which pages with foreign objects are barred from reclaim.

The kernel walks over barred pages each time it looks for a victim. They gather at the old end,
where nothing but a free takes them away, so that under lasting pressure the walk is most of the
work: measured 25 times the run time of zbud at 25,000 pages. Here is the same list, in the same
order, with two more things that find the same victim:

- a cursor: all pages older than it are barred, or in the heap. It only moves to newer pages, so
  each page is walked over once for each time that it was made the newest;
- a heap of pages that lost their bar behind the cursor, the oldest on top.

Nodes are pages, which count from 1; node 0 is the list's head, and no page.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import InvariantError
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_nodes,
    list_prev,
    make_links,
)

HEAD = 0
AGE, HEAP_AT = range(2)
FIELDS = 2
BARRED = -1
CLOCK, CURSOR, HEAP = range(3)


class PageLru(NamedTuple):
    """Pages by age. Arrays are int64.

    links: the list, the newest page first;
    info: shape (2 * (pages + 1),), of a page: AGE the clock when it was made the newest, HEAP_AT
    its place in the heap, 0 if it is not there, BARRED if it must not be;
    heap: shape (pages + 1,), pages, those at i older than those at 2 i and 2 i + 1, from 1;
    counts: CLOCK pages ever made the newest, CURSOR a page or 0 behind the newest, HEAP size.
    """

    links: Links
    info: Ints
    heap: Ints
    counts: Ints


def make_lru(max_pages: int, zeros: Zeros) -> PageLru:
    """Return an empty list; each page needs lru_init first."""
    lru = PageLru(
        links=make_links(max_pages + 1, zeros),
        info=zeros(FIELDS * (max_pages + 1)),
        heap=zeros(max_pages + 1),
        counts=zeros(3),
    )
    init_list_head(lru.links, HEAD)
    return lru


@simulated
def lru_init(lru: PageLru, page: int) -> None:
    """Make a page one that is not listed and not barred."""
    init_list_head(lru.links, page)
    lru.info[page * FIELDS + HEAP_AT] = 0


@simulated
def lru_empty(lru: PageLru) -> bool:
    """Say whether nothing is listed, barred or not."""
    return list_empty(lru.links, HEAD)


@simulated
def lru_add(lru: PageLru, page: int) -> None:
    """Insert an unlisted page as the newest."""
    list_add(lru.links, page, HEAD)
    lru.counts[CLOCK] += 1
    lru.info[page * FIELDS + AGE] = lru.counts[CLOCK]
    if lru.counts[CURSOR] == HEAD:
        lru.counts[CURSOR] = page


@simulated
def lru_del(lru: PageLru, page: int) -> None:
    """Take a page off the list; nothing if it is not listed."""
    if lru.counts[CURSOR] == page:
        lru.counts[CURSOR] = list_prev(lru.links, page)
    if lru.info[page * FIELDS + HEAP_AT] > 0:
        heap_remove(lru, page)
    list_del(lru.links, page)


@simulated
def lru_bar(lru: PageLru, page: int) -> None:
    """Bar a page."""
    if lru.info[page * FIELDS + HEAP_AT] > 0:
        heap_remove(lru, page)
    lru.info[page * FIELDS + HEAP_AT] = BARRED


@simulated
def lru_unbar(lru: PageLru, page: int) -> None:
    """Lift the bar of a listed page."""
    lru.info[page * FIELDS + HEAP_AT] = 0
    cursor = lru.counts[CURSOR]
    if cursor == HEAD or lru.info[page * FIELDS + AGE] < lru.info[cursor * FIELDS + AGE]:
        lru.counts[HEAP] += 1
        heap_put(lru, page, lru.counts[HEAP])
        heap_up(lru, lru.counts[HEAP])


@simulated
def lru_oldest(lru: PageLru) -> int:
    """Return the oldest page that is not barred, 0 if there is none."""
    if lru.counts[HEAP] > 0:
        return lru.heap[1]
    cursor = lru.counts[CURSOR]
    while cursor != HEAD and lru.info[cursor * FIELDS + HEAP_AT] == BARRED:
        cursor = list_prev(lru.links, cursor)
    lru.counts[CURSOR] = cursor
    return cursor


def is_barred(lru: PageLru, page: int) -> bool:
    """Say whether a page is barred; for audits."""
    return lru.info[page * FIELDS + HEAP_AT] == BARRED


@simulated
def heap_age(lru: PageLru, at: int) -> int:
    """Return the age of the page at a place of the heap."""
    return lru.info[lru.heap[at] * FIELDS + AGE]


@simulated
def heap_put(lru: PageLru, page: int, at: int) -> None:
    """Write a page at a place of the heap."""
    lru.heap[at] = page
    lru.info[page * FIELDS + HEAP_AT] = at


@simulated
def heap_up(lru: PageLru, at: int) -> None:
    """Let the page at a place rise above newer ones."""
    page = lru.heap[at]
    age = heap_age(lru, at)
    while at > 1 and heap_age(lru, at // 2) > age:
        heap_put(lru, lru.heap[at // 2], at)
        at //= 2
    heap_put(lru, page, at)


@simulated
def heap_down(lru: PageLru, at: int) -> None:
    """Let the page at a place sink below older ones."""
    page = lru.heap[at]
    age = heap_age(lru, at)
    while 2 * at <= lru.counts[HEAP]:
        child = 2 * at
        if child < lru.counts[HEAP] and heap_age(lru, child + 1) < heap_age(lru, child):
            child += 1
        if heap_age(lru, child) > age:
            break
        heap_put(lru, lru.heap[child], at)
        at = child
    heap_put(lru, page, at)


@simulated
def heap_remove(lru: PageLru, page: int) -> None:
    """Take a page out of the heap; the last one fills its place."""
    at = lru.info[page * FIELDS + HEAP_AT]
    lru.info[page * FIELDS + HEAP_AT] = 0
    last = lru.heap[lru.counts[HEAP]]
    lru.counts[HEAP] -= 1
    if last != page:
        heap_put(lru, last, at)
        heap_up(lru, at)
        heap_down(lru, lru.info[last * FIELDS + HEAP_AT])


def lru_pages(lru: PageLru) -> list[int]:
    """Return the pages listed, the newest first; for audits and tests."""
    return list_nodes(lru.links, HEAD)


def lru_check(lru: PageLru) -> None:
    """Audit cursor and heap; InvariantError names the first thing that is wrong."""
    newest_first = lru_pages(lru)
    ages = [lru.info[page * FIELDS + AGE] for page in newest_first]
    _require(ages == sorted(ages, reverse=True), "pages are not in the order of their age")
    heap = [lru.heap[at] for at in range(1, lru.counts[HEAP] + 1)]
    for at, page in enumerate(heap, 1):
        _require(lru.info[page * FIELDS + HEAP_AT] == at, f"page {page} is elsewhere in the heap")
        _require(at == 1 or heap_age(lru, at // 2) < heap_age(lru, at), "the heap is out of order")
    cursor = lru.counts[CURSOR]
    _require(cursor == HEAD or cursor in newest_first, "the cursor is not a listed page")
    passed = newest_first[newest_first.index(cursor) + 1 :] if cursor != HEAD else newest_first
    free = [page for page in passed if not is_barred(lru, page)]
    _require(sorted(free) == sorted(heap), "the heap is not the free pages behind the cursor")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvariantError(f"z3fold: {message}")
