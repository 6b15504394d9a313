# SPDX-License-Identifier: GPL-2.0-only
"""The policy two-list: who is active, who gets a second chance, and when the lists are balanced."""

from collections.abc import Callable, Sequence
from math import isqrt
from random import Random
from typing import Any

import pytest
from two_list_oracle import TwoListOracle

from zswapsim.conformance.strict import zeros_of
from zswapsim.conformance.tape import (
    entry,
)
from zswapsim.engine.simulated import Ints, zeros_interpreted
from zswapsim.errors import InvariantError
from zswapsim.machine import build
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.reclaim import (
    POLICIES,
    reclaim_access,
    reclaim_add,
    reclaim_putback,
    reclaim_remove,
    reclaim_victim,
)
from zswapsim.machine.reclaim import two_list as t

ADD, ACCESS, REMOVE, VICTIM, PUTBACK = range(5)


def run_policy(policy: Any, operations: Ints, pages: Ints, results: Ints) -> int:
    """Run operations on a policy; return their number."""
    for i in range(len(operations)):
        operation = operations[i]
        page = pages[i]
        results[i] = 0
        if operation == ADD:
            reclaim_add(policy, page)
        elif operation == ACCESS:
            reclaim_access(policy, page)
        elif operation == REMOVE:
            reclaim_remove(policy, page)
        elif operation == PUTBACK:
            reclaim_putback(policy, page)
        else:
            results[i] = reclaim_victim(policy)
    return len(operations)


class Bench:
    """The policy on either engine, with some pages in memory already, oldest first."""

    def __init__(self, engine: str, *pages: int, size: int = 200) -> None:
        self.engine = engine
        self.policy = t.make_two_list(size, zeros_of(engine))
        self.add(*pages)

    def tape(self, steps: Sequence[tuple[int, int]]) -> list[int]:
        operations, pages = (build.ints([step[k] for step in steps], self.engine) for k in (0, 1))
        results = zeros_of(self.engine)(len(steps))
        entry(run_policy, self.engine)(self.policy, operations, pages, results)
        self.check()
        return [int(results[i]) for i in range(len(steps))]

    def check(self) -> list[int]:
        return POLICIES.get("two-list").check(self.policy)

    def add(self, *pages: int) -> None:
        self.tape([(ADD, page) for page in pages])

    def access(self, *pages: int) -> None:
        self.tape([(ACCESS, page) for page in pages])

    def victim(self) -> int:
        return self.tape([(VICTIM, 0)])[0]

    def victims(self) -> list[int]:
        taken = []
        while (page := self.victim()) >= 0:
            taken.append(page)
        return taken

    @property
    def inactive(self) -> list[int]:
        return list_nodes(self.policy.links, t.list_of(self.policy, t.INACTIVE))

    @property
    def active(self) -> list[int]:
        return list_nodes(self.policy.links, t.list_of(self.policy, t.ACTIVE))


@pytest.fixture
def make(engine: str) -> Callable[..., Bench]:
    return lambda *pages, **settings: Bench(engine, *pages, **settings)


def activate(run: Bench, *pages: int) -> list[int]:
    """Make pages active that are all there are, by two references each.

    Leaves as many others inactive, so that the list is not low; returns them, oldest first.
    """
    others = list(range(100, 101 + len(pages)))
    run.access(*pages)
    run.add(99)
    assert run.victim() == 99
    run.access(*pages)
    run.add(*others)
    assert run.victim() == others.pop(0)
    assert run.active == list(reversed(pages))
    assert run.inactive == list(reversed(others))
    return others


def test_new_pages_start_on_the_inactive_list(make: Callable[..., Bench]) -> None:
    run = make(3, 1, 2)
    assert run.inactive == [2, 1, 3]
    assert run.active == []
    assert run.victims() == [3, 1, 2]


def test_a_first_reference_marks_a_page_and_rotates_it(make: Callable[..., Bench]) -> None:
    run = make(0, 1, 2)
    run.access(0)
    assert run.victim() == 1
    assert run.inactive == [0, 2]
    assert run.active == []
    assert (run.policy.referenced[0], run.policy.marked[0]) == (0, 1)


def test_a_second_reference_after_the_mark_activates(make: Callable[..., Bench]) -> None:
    run = make(0, 1, 2, 3)
    run.access(0)
    assert run.victim() == 1
    run.access(0)
    assert [run.victim() for _ in range(2)] == [2, 3]
    assert run.active == []  # 0 was not at the tail again yet
    run.add(4, 5)
    assert run.victim() == 4
    assert run.active == [0]
    assert run.inactive == [5]


def test_references_before_the_first_look_count_once(make: Callable[..., Bench]) -> None:
    run = make(0, 1)
    run.access(*[0] * 9)
    assert run.victim() == 1
    assert run.active == []
    assert run.victim() == 0


def test_a_marked_page_without_another_reference_goes(make: Callable[..., Bench]) -> None:
    run = make(0, 1, 2)
    run.access(0)
    assert run.victims() == [1, 2, 0]


def test_all_pages_referenced_the_oldest_goes(make: Callable[..., Bench]) -> None:
    run = make(0, 1, 2)
    run.access(2, 1, 0)
    assert run.victims() == [0, 1, 2]


def test_active_pages_stay_until_the_inactive_list_is_low(make: Callable[..., Bench]) -> None:
    run = make(0, 1)
    others = activate(run, 0, 1)
    assert run.victim() == others[0]  # two to two
    assert run.active == [1, 0]
    assert run.victim() == others[1]  # one to two: low, and both come over
    assert run.active == []
    assert run.victims() == [0, 1]


def test_activating_the_last_inactive_pages_makes_the_list_low(make: Callable[..., Bench]) -> None:
    run = make(0, 1, 2)
    run.access(0, 1, 2)
    run.add(3)
    assert run.victim() == 3
    run.access(0, 1, 2)
    # 0 and 1 become active; then 2 is alone, so they come back behind it, and 2 becomes active.
    assert run.victim() == 0
    assert run.active == [2]
    assert run.inactive == [1]


def test_a_deactivated_page_needs_one_more_reference_only(make: Callable[..., Bench]) -> None:
    """Its reference from before does not count, its mark does."""
    run = make(0, 1)
    others = activate(run, 0, 1)
    run.access(0, 1)
    assert [run.victim() for _ in range(2)] == others
    assert run.inactive == [1, 0]
    run.access(0)
    assert run.victim() == 1
    assert run.active == [0]


def test_at_most_a_batch_is_deactivated_at_a_time_oldest_first(make: Callable[..., Bench]) -> None:
    run = make(*range(50))
    others = activate(run, *range(50))
    assert run.victim() == others[0]
    assert len(run.active) == 50
    assert run.victim() == others[1]
    assert run.active == list(reversed(range(32, 50)))
    assert run.inactive == list(reversed([*others[2:], *range(32)]))


def test_a_page_that_comes_back_has_forgotten_its_reference(make: Callable[..., Bench]) -> None:
    run = make(0)
    run.access(0)
    run.tape([(REMOVE, 0)])
    run.add(0, 5)
    assert run.victims() == [0, 5]


def test_a_page_that_comes_back_has_forgotten_its_mark(make: Callable[..., Bench]) -> None:
    run = make(0)
    others = activate(run, 0)
    run.tape([(REMOVE, 0), (REMOVE, others[0])])
    run.add(0, 5)
    run.access(0)
    assert run.victim() == 5
    assert run.active == []
    assert run.inactive == [0]


def test_only_active_pages_left_still_give_a_victim(make: Callable[..., Bench]) -> None:
    run = make(0, 1)
    others = activate(run, 0, 1)
    run.tape([(REMOVE, page) for page in others])
    run.access(0, 1)
    assert run.inactive == []
    assert run.victims() == [0, 1]
    assert run.victim() == -1


def test_a_victim_put_back_is_the_newest_inactive_page(make: Callable[..., Bench]) -> None:
    run = make(0, 1, 2)
    run.access(1)
    assert run.victim() == 0
    run.tape([(PUTBACK, 0)])
    assert run.inactive == [0, 2, 1]
    assert run.victims() == [2, 0, 1]


@pytest.mark.parametrize(
    ("gib", "ratio"), [(0, 1), (1, 3), (2, 4), (10, 10), (100, 31), (1024, 101), (10240, 320)]
)
def test_the_ratio_grows_with_the_root_of_memory(gib: int, ratio: int) -> None:
    """Of inactive * ratio < active, at whole GiB and one page below the next."""
    assert ratio == (isqrt(10 * gib) or 1)
    for pages in (gib << t.GIB_SHIFT or 10_000, ((gib + 1) << t.GIB_SHIFT) - 1):
        inactive = pages // (ratio + 1)  # the most that has ratio active pages beside each
        assert t.inactive_is_low(inactive - 1, pages - inactive + 1)
        assert not t.inactive_is_low(inactive + 1, pages - inactive - 1)


def test_low_is_less_not_as_many() -> None:
    assert not t.inactive_is_low(5, 5)
    assert t.inactive_is_low(5, 6)
    assert not t.inactive_is_low(0, 0)
    assert t.inactive_is_low(0, 1)
    assert not t.inactive_is_low(100_000, 300_000)
    assert t.inactive_is_low(100_000, 300_001)


def test_as_two_naive_lists(engine: str) -> None:
    random = Random(5)
    run, oracle = Bench(engine, size=60), TwoListOracle()
    was_active = 0
    for _ in range(150):
        steps, expected = [], []
        for _ in range(40):
            page = random.randrange(60)
            if page not in oracle.pages:
                steps.append((ADD, page))
                oracle.add(page)
                expected.append(0)
            elif random.random() < 0.7:
                steps.append((ACCESS, page))
                oracle.access(page)
                expected.append(0)
            elif random.random() < 0.1:
                steps.append((REMOVE, page))
                oracle.remove(page)
                expected.append(0)
            else:
                steps.append((VICTIM, 0))
                victim = oracle.victim()
                expected.append(-1 if victim is None else victim)
        assert run.tape(steps) == expected
        assert run.active == oracle.active
        assert run.inactive == oracle.inactive
        was_active += bool(oracle.active)
    assert was_active > 100


def test_check_names_what_is_wrong() -> None:
    policy = t.make_two_list(4, zeros_interpreted)
    reclaim_add(policy, 2)
    policy.active[2] = t.ACTIVE
    with pytest.raises(InvariantError, match="says it is on the other"):
        t.check_two_list(policy)
    policy.active[2] = t.INACTIVE
    policy.pages_nr[t.ACTIVE] = 1
    with pytest.raises(InvariantError, match="wrong number of pages"):
        t.check_two_list(policy)
