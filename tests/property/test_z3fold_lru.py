# SPDX-License-Identifier: GPL-2.0-only
"""The LRU with barred pages against a plain list that is walked from its old end."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.conformance.strict import plain, zeros_of
from zswapsim.conformance.tape import (
    entry,
)
from zswapsim.engine.simulated import Ints
from zswapsim.errors import InvariantError
from zswapsim.machine import build
from zswapsim.machine.pools import z3fold_lru as zl

PAGES = 12
ADD, DELETE, BAR, UNBAR, OLDEST = range(5)


def run_lru_tape(lru: zl.PageLru, operations: Ints, pages: Ints, results: Ints) -> int:
    """Run operations on one list; return their number."""
    for i in range(len(operations)):
        page = pages[i]
        if operations[i] == ADD:
            zl.lru_add(lru, page)
        elif operations[i] == DELETE:
            zl.lru_del(lru, page)
        elif operations[i] == BAR:
            zl.lru_bar(lru, page)
        elif operations[i] == UNBAR:
            zl.lru_unbar(lru, page)
        else:
            results[i] = zl.lru_oldest(lru)
    return len(operations)


def make(engine: str) -> zl.PageLru:
    lru = zl.make_lru(PAGES, zeros_of(engine))
    for page in range(1, PAGES + 1):
        zl.lru_init(lru, page)
    return lru


def run(engine: str, lru: zl.PageLru, steps: list[tuple[int, int]]) -> list[int]:
    columns = [build.ints([step[k] for step in steps], engine) for k in range(2)]
    results = zeros_of(engine)(len(steps))
    assert entry(run_lru_tape, engine)(lru, *columns, results) == len(steps)
    return plain(results)


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
@given(choices=st.lists(st.tuples(st.integers(0, 5), st.integers(1, PAGES)), max_size=150))
def test_the_victim_is_the_oldest_page_that_is_not_barred(
    engine: str, choices: list[tuple[int, int]]
) -> None:
    compare(engine, choices)


def test_so_it_is_in_long_runs() -> None:
    random = Random(1)
    compare("interpreted", [(random.randrange(6), random.randint(1, PAGES)) for _ in range(3000)])


def compare(engine: str, choices: list[tuple[int, int]]) -> None:
    """Run choices on a list and on a plain one, which have to be the same after each."""
    lru = make(engine)
    listed: list[int] = []
    barred: set[int] = set()
    for choice, page in choices:
        steps = []
        if choice <= 1:  # moved to the head, as by an allocation
            steps = [(DELETE, page), (ADD, page)]
            listed = [page, *(other for other in listed if other != page)]
        elif choice == 2:
            steps = [(DELETE, page)]
            listed = [other for other in listed if other != page]
        elif choice == 3:
            steps = [(BAR, page)]
            barred.add(page)
        elif choice == 4 and page in barred and page in listed:
            steps = [(UNBAR, page)]
            barred.remove(page)
        steps.append((OLDEST, 0))
        oldest = next((other for other in reversed(listed) if other not in barred), 0)
        assert run(engine, lru, steps)[-1] == oldest
        zl.lru_check(lru)
        assert zl.lru_pages(lru) == listed
        assert zl.lru_empty(lru) == (not listed)


def test_a_page_is_walked_over_once_however_often_a_victim_is_wanted() -> None:
    lru = make("interpreted")
    for page in range(1, PAGES + 1):
        zl.lru_add(lru, page)
        if page < PAGES:
            zl.lru_bar(lru, page)
    assert zl.lru_oldest(lru) == PAGES
    assert lru.counts[zl.CURSOR] == PAGES
    for page in (5, 3, 7):
        zl.lru_unbar(lru, page)
    assert (zl.lru_oldest(lru), lru.counts[zl.CURSOR]) == (3, PAGES)
    zl.lru_bar(lru, 3)
    assert zl.lru_oldest(lru) == 5
    zl.lru_check(lru)


def test_the_older_of_two_pages_in_the_heap_comes_up() -> None:
    lru = make("interpreted")
    for page in (1, 2, 3, 4):
        zl.lru_add(lru, page)
        zl.lru_bar(lru, page)
    assert zl.lru_oldest(lru) == 0
    for page in (1, 3, 2, 4):
        zl.lru_unbar(lru, page)
    assert zl.lru_oldest(lru) == 1
    zl.lru_bar(lru, 3)  # the last of the heap is older than what comes under it
    zl.lru_check(lru)
    zl.lru_unbar(lru, 3)
    for page in (1, 2, 3, 4):
        assert zl.lru_oldest(lru) == page
        zl.lru_bar(lru, page)
        zl.lru_check(lru)


@pytest.mark.parametrize(
    ("array", "index", "value", "message"),
    [
        ("counts", zl.CURSOR, 1, "the free pages behind the cursor"),
        ("counts", zl.CURSOR, 9, "not a listed page"),
        ("counts", zl.HEAP, 1, "the free pages behind the cursor"),
        ("heap", 1, 2, "elsewhere in the heap"),
        ("info", 1 * zl.FIELDS + zl.AGE, 3, "order of their age"),
    ],
)
def test_check_names_what_is_wrong(array: str, index: int, value: int, message: str) -> None:
    lru = make("interpreted")
    for page in (1, 2, 3, 4):
        zl.lru_add(lru, page)
        zl.lru_bar(lru, page)
    assert zl.lru_oldest(lru) == 0
    zl.lru_unbar(lru, 2)
    zl.lru_unbar(lru, 1)
    zl.lru_check(lru)
    getattr(lru, array)[index] = value
    with pytest.raises(InvariantError, match=message):
        zl.lru_check(lru)
