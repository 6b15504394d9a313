# SPDX-License-Identifier: GPL-2.0-only
"""z3fold: reclaim, what older kernels do otherwise, and deferred work; EC-33, EC-34, EC-21."""

import pytest
from z3fold_driver import Z3foldBench, at, fill_page

from zswapsim.conformance.tape import (
    ALLOCATES,
    FAILS,
    FREES,
    IGNORE,
)
from zswapsim.errors import EAGAIN, EINVAL
from zswapsim.machine.pools import z3fold_page as zp

CHUNK = 64


@pytest.fixture
def pool(engine: str) -> Z3foldBench:
    return Z3foldBench(engine)


def test_ec_33_a_page_with_a_foreign_object_is_passed_over(pool: Z3foldBench) -> None:
    a, b, c = (pool.malloc(size) for size in (1000, 2900, 2000))
    pool.free(b)
    assert pool.pages == 1
    assert pool.reclaim_page(8) == -EAGAIN
    assert pool.asked == []
    pool.free(a)
    assert pool.reclaim_page(8) == 0
    assert pool.asked == [c]


@pytest.mark.parametrize("retries", [0, 1, 8])
def test_ec_34_reclaim_of_an_empty_pool_is_invalid(pool: Z3foldBench, retries: int) -> None:
    assert pool.reclaim_page(retries) == -EINVAL


def test_reclaim_with_no_retries_is_invalid(pool: Z3foldBench) -> None:
    pool.malloc(100)
    before = pool.snapshot()
    assert pool.reclaim_page(0) == -EINVAL
    assert pool.asked == []
    assert pool.snapshot() == before


def test_reclaim_asks_for_middle_first_last(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool)
    assert pool.reclaim_page(8) == 0
    assert pool.asked == [middle, first, last]
    assert (pool.pages, pool.lru, pool.unbuddied) == (0, [], {})
    pool.check()


def test_an_eviction_that_fails_spares_the_rest_of_its_page(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool)
    newer = fill_page(pool)
    assert pool.lru == [2, 1]
    assert pool.reclaim_page(1, [FREES, FAILS]) == -EAGAIN
    assert pool.asked == [middle, first]
    assert pool.chunks(1) == (20, 0, 20)
    assert pool.lru == [1, 2]
    assert pool.unbuddied == {22: [1]}
    assert pool.map(last) == at(1, 44)
    assert pool.reclaim_page(1) == 0
    assert pool.asked == [newer[2], newer[0], newer[1]]


def test_reclaim_does_not_compact(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool, 10, 10, 30)
    pool.malloc(3800)
    assert pool.reclaim_page(1, [FAILS]) == -EAGAIN
    assert pool.unbuddied == {2: [2]}
    pool.reclaim_page(1, [FAILS])
    assert pool.reclaim_page(1, [IGNORE, FREES, FREES]) == -EAGAIN
    assert pool.asked == [middle, first, last]
    assert pool.map(middle) == at(1, 12)
    assert pool.unbuddied == {2: [2], 64 - 42: [1]}
    pool.check()


def test_a_callback_that_only_says_success_is_not_believed(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool)
    assert pool.reclaim_page(2, [IGNORE]) == -EAGAIN
    assert pool.asked == [middle, first, last] * 2
    assert pool.unbuddied == {}


def test_ec_21_a_second_visit_of_the_only_page_succeeds(pool: Z3foldBench) -> None:
    handle = pool.malloc(100)
    assert pool.reclaim_page(8, [FAILS, FREES]) == 0
    assert pool.asked == [handle, handle]
    assert pool.pages == 0


def test_a_callback_that_always_fails_sees_the_oldest_first_in_turn(pool: Z3foldBench) -> None:
    middles = [fill_page(pool)[2] for _ in range(3)]
    assert pool.reclaim_page(8, [FAILS]) == -EAGAIN
    assert pool.asked == [middles[i % 3] for i in range(8)]
    assert pool.lru == [1 + page for page in (1, 0, 2)]


def test_a_headless_page_is_judged_by_the_answer_alone(pool: Z3foldBench) -> None:
    handle = pool.malloc(4000)
    assert pool.reclaim_page(1, [FREES | FAILS]) == -EAGAIN
    assert (pool.lru, pool.pages, pool.unbuddied) == ([1], 1, {})
    assert pool.place(handle) == (1, "H")
    assert pool.reclaim_page(1, [IGNORE]) == 0
    assert pool.asked == [handle]
    assert (pool.lru, pool.pages) == ([], 0)
    assert pool.free(handle) == -EINVAL
    pool.check()


def test_a_headless_page_that_is_freed_by_its_eviction_is_released_once(
    pool: Z3foldBench,
) -> None:
    handle = pool.malloc(4096)
    assert pool.reclaim_page(8, [FREES]) == 0
    assert pool.asked == [handle]
    assert (pool.pages, pool.malloc(4096)) == (0, handle)
    pool.check()


def test_allocations_of_the_callback_never_land_in_the_page_under_reclaim(
    pool: Z3foldBench,
) -> None:
    fill_page(pool)
    assert pool.reclaim_page(1, [FREES, ALLOCATES | FREES]) == 0
    assert [pool.place(handle) for handle in pool.allocated] == [(2, 1), (2, 7)]
    assert pool.lru == [2]
    pool.check()


def test_shrink_by_0_pages_is_invalid(pool: Z3foldBench) -> None:
    pool.malloc(100)
    assert pool.shrink(0) == (-EINVAL, 0)
    assert pool.asked == []


def test_shrink_by_3_of_2_pages_ends_in_an_error_with_2_reclaimed(pool: Z3foldBench) -> None:
    fill_page(pool)
    pool.malloc(4096)
    assert pool.shrink(3) == (-EINVAL, 2)
    assert pool.pages == 0


def test_shrink_visits_8_pages_for_each_page_it_wants(pool: Z3foldBench) -> None:
    for _ in range(12):
        fill_page(pool)
    assert pool.shrink(2, [FREES, FREES, FREES, FAILS]) == (-EAGAIN, 1)
    assert len(pool.asked) == 3 + 8
    assert pool.pages == 11


def test_in_5_4_a_lone_object_stays(engine: str) -> None:
    pool = Z3foldBench(engine, single_object_move=0, relist=0)
    lone, other = pool.malloc(10 * CHUNK), pool.malloc(50 * CHUNK)
    pool.malloc(42 * CHUNK)
    pool.free(other)
    assert pool.move is None
    assert pool.map(lone) == at(1, 2)
    assert pool.unbuddied == {52: [1], 20: [2]}
    pool.check()


def test_in_5_4_a_page_that_was_full_is_hidden_until_it_is_empty(engine: str) -> None:
    pool = Z3foldBench(engine, single_object_move=0, relist=0)
    first, last, middle = fill_page(pool, 10, 20, 5)
    assert pool.free(first) == 0
    assert (pool.move, pool.unbuddied) == (None, {})
    assert pool.map(middle) == at(1, 12)
    assert pool.free(middle) == 0
    assert pool.unbuddied == {}
    assert pool.place(pool.malloc(100)) == (2, 1)
    assert pool.free(last) == 0
    assert (pool.pages, pool.lru) == (1, [2])
    pool.check()


@pytest.mark.parametrize("single_object_move", [0, 1])
def test_in_5_4_and_5_10_a_page_that_could_not_be_reclaimed_is_hidden(
    engine: str, single_object_move: int
) -> None:
    pool = Z3foldBench(engine, single_object_move=single_object_move, relist=0)
    first, last = fill_page(pool, 10, 20)
    pool.malloc(10 * CHUNK)
    assert pool.place(pool.malloc(59 * CHUNK)) == (2, 1)
    pool.free(3)
    assert pool.reclaim_page(1, [FAILS]) == -EAGAIN
    assert pool.reclaim_page(1, [FAILS]) == -EAGAIN
    assert pool.unbuddied == {}
    assert pool.place(pool.malloc(100)) == (3, 1)
    pool.free(first)
    # 5.10 compacts the page in the free, and the lone object goes to the page just made.
    assert pool.place(last)[0] == (3 if single_object_move else 1)
    pool.check()


def test_deferred_work_waits_and_is_done_in_the_order_of_the_frees(engine: str) -> None:
    pool = Z3foldBench(engine, deferred_work=1)
    pairs = [fill_page(pool, 30, 32) for _ in range(3)]
    for number in (1, 0):
        assert pool.free(pairs[number][1]) == 0
        assert pool.move is None
    assert pool.queue == [2, 1]
    assert pool.unbuddied == {0: [3, 2, 1]}
    assert pool.work() == 1
    assert pool.move is None  # page 1 waits itself, and is no place for the object of page 2
    assert pool.unbuddied == {32: [2], 0: [3, 1]}
    assert pool.work() == 1
    assert pool.move == (30 * CHUNK, at(1, 2), at(2, 34))
    assert pool.work() == 0
    assert pool.pages == 2
    pool.check()


def test_a_page_that_is_empty_before_its_work_is_kept_and_counted_until_then(
    engine: str,
) -> None:
    pool = Z3foldBench(engine, deferred_work=1)
    for handle in fill_page(pool, 30, 32):
        assert pool.free(handle) == 0
        assert (pool.pages, pool.lru, pool.queue) == (1, [1], [1])
        pool.check()
    assert pool.place(pool.malloc(64)) == (2, 1)  # nothing goes there
    assert pool.work() == 1
    assert (pool.pages, pool.lru, pool.queue) == (1, [2], [])
    pool.check()


def test_a_page_that_waits_is_passed_over_and_then_listed_by_its_work(engine: str) -> None:
    pool = Z3foldBench(engine, deferred_work=1)
    _, last, _ = fill_page(pool, 10, 10, 10)
    first, other = fill_page(pool, 40, 20)
    pool.free(other)
    assert pool.place(pool.malloc(64)) == (3, 1)
    assert pool.unbuddied == {61: [3]}
    assert pool.free(last) == 0  # of a full page: at once
    assert (pool.queue, pool.unbuddied) == ([2], {42: [1], 61: [3]})
    assert pool.work() == 1
    assert pool.move == (40 * CHUNK, at(2, 2), at(1, 24))
    assert pool.place(first)[0] == 1
    pool.check()


def test_a_lone_object_on_the_work_list_can_be_reclaimed_before_its_work(engine: str) -> None:
    pool = Z3foldBench(engine, deferred_work=1)
    first, last = fill_page(pool, 30, 32)
    pool.free(last)
    assert pool.reclaim_page(1) == -EAGAIN  # evicted, but the work still holds the page
    assert pool.asked == [first]
    assert (pool.pages, pool.lru) == (1, [1])
    pool.check()
    assert pool.work() == 1
    assert pool.pages == 0
    pool.check()


def test_work_leaves_a_page_alone_that_reclaim_has() -> None:
    """Reclaim lists it when it is done; nothing else runs meanwhile here, so the flag is set."""
    pool = Z3foldBench("interpreted", deferred_work=1)
    fill_page(pool, 20, 20)
    first, last = fill_page(pool, 30, 32)
    place = pool.place(first)
    pool.free(last)
    assert pool.queue == [2]
    zp.zhdr_add(pool.state, 2, zp.FLAGS, zp.CLAIMED)
    assert pool.work() == 1
    assert (pool.move, pool.place(first), pool.queue) == (None, place, [])
    assert [pages for pages in pool.unbuddied.values() if 2 in pages] == []
    zp.zhdr_add(pool.state, 2, zp.FLAGS, -zp.CLAIMED)
    zp.add_to_unbuddied(pool.state, 2)
    pool.check()
