# SPDX-License-Identifier: GPL-2.0-only
"""Reclaim policies: which page goes. Compiled they run in test_memory and the property tests."""

from random import Random
from typing import Any

import pytest
from oracles import ClockOracle, LruOracle
from two_list_oracle import TwoListOracle

from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import NoEntry
from zswapsim.machine.reclaim import (
    POLICIES,
    reclaim_access,
    reclaim_add,
    reclaim_putback,
    reclaim_remove,
    reclaim_victim,
)

every_policy = pytest.mark.parametrize("name", ["lru", "clock", "two-list"])


def make(name: str, *pages: int) -> Any:
    """Return a policy's state for 10 pages, with some resident."""
    policy = POLICIES.get(name).create(10, zeros_interpreted)
    for page in pages:
        reclaim_add(policy, page)
    return policy


def victims(policy: Any) -> list[int]:
    """Take all pages."""
    taken = []
    while (page := reclaim_victim(policy)) >= 0:
        taken.append(page)
    return taken


@every_policy
def test_untouched_pages_go_oldest_first(name: str) -> None:
    assert victims(make(name, 3, 1, 2)) == [3, 1, 2]


@every_policy
def test_nothing_resident_no_victim(name: str) -> None:
    policy = make(name)
    assert reclaim_victim(policy) == -1
    reclaim_add(policy, 4)
    assert victims(policy) == [4]
    assert reclaim_victim(policy) == -1


@every_policy
def test_a_removed_page_never_goes(name: str) -> None:
    policy = make(name, 0, 1, 2, 3)
    for page in (0, 2):
        reclaim_remove(policy, page)
    reclaim_access(policy, 1)
    assert sorted(victims(policy)) == [1, 3]


@every_policy
def test_a_page_put_back_is_the_newest(name: str) -> None:
    policy = make(name, 0, 1, 2)
    assert reclaim_victim(policy) == 0
    reclaim_putback(policy, 0)
    assert POLICIES.get(name).check(policy) == [0, 2, 1]
    assert victims(policy) == [1, 2, 0]


def test_lru_takes_the_page_not_accessed_for_longest() -> None:
    policy = make("lru", 0, 1, 2, 3)
    for page in (0, 2, 2, 0):
        reclaim_access(policy, page)
    assert victims(policy) == [1, 3, 2, 0]


def test_clock_gives_referenced_pages_one_second_chance() -> None:
    policy = make("clock", 0, 1, 2)
    for _ in range(5):
        reclaim_access(policy, 0)
    assert reclaim_victim(policy) == 1
    assert POLICIES.get("clock").check(policy) == [0, 2]
    assert victims(policy) == [2, 0]


def test_clock_with_all_pages_referenced_takes_the_oldest() -> None:
    policy = make("clock", 0, 1, 2)
    for page in (2, 1, 0):
        reclaim_access(policy, page)
    assert victims(policy) == [0, 1, 2]


def test_clock_forgets_the_reference_of_a_page_that_left() -> None:
    policy = make("clock", 0, 1)
    reclaim_access(policy, 0)
    reclaim_remove(policy, 0)
    reclaim_add(policy, 0)
    reclaim_add(policy, 2)
    assert victims(policy) == [1, 0, 2]


@pytest.mark.parametrize(
    ("name", "oracle"),
    [("lru", LruOracle()), ("clock", ClockOracle()), ("two-list", TwoListOracle())],
)
def test_as_its_naive_oracle(name: str, oracle: LruOracle | TwoListOracle) -> None:
    random, policy = Random(3), make(name)
    for _ in range(5000):
        page = random.randrange(10)
        if page not in oracle.pages:
            reclaim_add(policy, page)
            oracle.add(page)
        elif random.random() < 0.7:
            reclaim_access(policy, page)
            oracle.access(page)
        elif random.random() < 0.3:
            reclaim_remove(policy, page)
            oracle.remove(page)
        else:
            assert reclaim_victim(policy) == oracle.victim()
        assert POLICIES.get(name).check(policy) == oracle.newest_first()


def test_an_unknown_policy_lists_what_there_is() -> None:
    with pytest.raises(NoEntry, match=r"no reclaim policy 'fifo'; there are lru, clock, two-list"):
        POLICIES.get("fifo")
