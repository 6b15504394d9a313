# SPDX-License-Identifier: GPL-2.0-only
"""The worked tables of the specification: 5.2's arithmetic, 5.7 and 5.15 step by step."""

import pytest
from kernels import for_kernels, version
from machine_driver import SwapBench

from zswapsim.errors import ENOMEM
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.limit import queue_shrink, zswap_accept_thr_pages, zswap_max_pages
from zswapsim.machine.zswap.worker import shrink_global_step, shrink_worker


def written_back(zswap: SwapBench) -> list[int]:
    """Slots that the last event wrote back."""
    return [slot for _, slot in zswap.seen("WRITEBACK")]


def keep(zswap: SwapBench, pages: int) -> None:
    """Let no page of slots 1 .. pages be written back."""
    for slot in range(1, pages + 1):
        zswap.set_busy(slot)


@for_kernels("5.4")
def test_ec_69_timeline_of_5_7(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=1000)
    zswap.fill(201)
    assert (zswap.pages(), zswap.cached_pages) == (201, 201)

    assert zswap.store(300) == -ENOMEM  # store A
    assert written_back(zswap) == [1]
    assert (zswap.pages(), zswap.cached_pages) == (200, 201)
    assert zswap.counters == {
        "pool_limit_hit": 1,
        "written_back_pages": 1,
        "stored_pages": 200,
    }
    assert zswap.device(300) == 0

    assert zswap.store(301) == 0  # store B
    assert written_back(zswap) == [2]
    assert zswap.counters == {
        "pool_limit_hit": 2,
        "written_back_pages": 2,
        "stored_pages": 200,
    }
    assert (zswap.pages(), zswap.cached_pages) == (200, 200)  # 199 after the shrink, and B's own
    zswap.check()


def test_ec_69_in_store_b_the_second_test_sees_200(engine: str) -> None:
    """Store B is same-filled here, so that only its shrink moves the sizes."""
    zswap = SwapBench(engine, kernel="5.4", totalram_pages=1000)
    zswap.fill(201)
    zswap.store(300, same=1)
    assert zswap.store(301, same=1) == 0
    assert zswap.pages() == 199
    assert zswap.cached_pages == 199  # refreshed by the store's own end
    assert zswap.counters["same_filled_pages"] == 1


@for_kernels("3.11")
def test_timeline_of_5_7_without_a_second_test(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=1000)
    zswap.fill(201)
    for hits in (1, 2, 3):  # each store frees a page and takes one
        assert zswap.store(300 + hits) == 0
        assert written_back(zswap) == [hits]
        assert (zswap.pages(), zswap.cached_pages) == (201, 201)
        assert zswap.counters["pool_limit_hit"] == hits
    zswap.check()


@for_kernels("5.10..6.1")
def test_timeline_of_5_15_by_pool_pages(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=1000)
    zswap.fill(201)

    assert zswap.store(300) == -ENOMEM
    assert zswap.events[:2] == ["STORE_FAILED", "SWAP_WRITE"]  # the worker runs after the store
    assert written_back(zswap) == [1]
    assert (zswap.pages(), zswap.cached_pages) == (200, 201)
    assert zswap.counters["pool_limit_hit"] == 1

    assert zswap.store(301) == -ENOMEM
    assert written_back(zswap) == [2]
    assert (zswap.pages(), zswap.cached_pages) == (199, 200)
    assert zswap.counters["pool_limit_hit"] == 2

    before = zswap.counters
    for slot in (302, 303, 304):
        assert zswap.store(slot) == -ENOMEM
        assert zswap.events == ["STORE_FAILED", "SWAP_WRITE"]
    assert zswap.counters == before
    assert (zswap.pages(), zswap.cached_pages) == (199, 200)

    for slot in range(3, 22):  # 19 pages: 180, which is not below the level yet
        zswap.invalidate(slot)
    assert zswap.cached_pages == zswap.pages() == 180
    assert zswap.store(305) == -ENOMEM
    zswap.invalidate(22)
    assert zswap.cached_pages == 179
    assert zswap.store(305) == 0
    assert zswap.counters["pool_limit_hit"] == 2
    zswap.check()


A, B, C = 1, 2, 3
STEPS = [([B, C, A], 1), ([C, A, B], 2), ([A, B, C], 3), ([B, C], 3), ([C], 3), ([], 3)]


@for_kernels("6.12..6.18")
def test_timeline_of_5_15_with_second_chances_step_by_step(kernel: str) -> None:
    zswap = SwapBench(kernel=kernel, totalram_pages=100)
    zswap.fill(3)
    assert zswap.lru() == [A, B, C]
    counters = zswap.swap.zswap.counters
    queue_shrink(zswap.swap.zswap)
    for lru, failures in STEPS:
        assert shrink_global_step(zswap.swap)  # of the one memory cgroup
        assert (zswap.lru(), counters[z.SHRINK_FAILURES]) == (lru, failures)
        zswap.check()
        assert shrink_global_step(zswap.swap)  # the end of a round that had a candidate
        assert counters[z.SHRINK_FAILURES] == failures
    for failures in range(4, 16):  # rounds with nothing in them
        assert shrink_global_step(zswap.swap)
        assert shrink_global_step(zswap.swap)
        assert counters[z.SHRINK_FAILURES] == failures
    assert shrink_global_step(zswap.swap)
    assert not shrink_global_step(zswap.swap)
    assert counters[z.SHRINK_FAILURES] == 16
    assert zswap.counters == {"written_back_pages": 3}


@for_kernels("6.12..6.18")
def test_timeline_of_5_15_with_second_chances_in_one_run(engine: str, kernel: str) -> None:
    """No pool is smaller than a level below 0, so that the run goes to its end."""
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=15, accept_threshold_percent=-100)
    zswap.fill(3)
    assert zswap.store(9) == -ENOMEM
    assert written_back(zswap) == [A, B, C]
    assert zswap.lru() == []
    assert zswap.counter(z.SHRINK_FAILURES) == 16
    assert zswap.counters == {"pool_limit_hit": 1, "written_back_pages": 3}
    zswap.check()


def test_a_run_that_nothing_queued_does_nothing() -> None:
    zswap = SwapBench(kernel="6.12", totalram_pages=100)
    zswap.fill(3)
    assert shrink_worker(zswap.swap)
    assert zswap.lru() == [A, B, C]


@for_kernels("3.11..6.18")
@pytest.mark.parametrize(
    ("totalram_pages", "old", "new"), [(1009, 202, 201), (1000, 201, 200), (4, 1, 0)]
)
def test_full_at_of_5_2(engine: str, kernel: str, totalram_pages: int, old: int, new: int) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=totalram_pages)
    full = new if version(kernel) >= (6, 12) else old
    zswap.fill(full)
    assert zswap.counters == ({"stored_pages": full} if full else {})
    keep(zswap, full)
    assert zswap.store(400) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


@for_kernels("5.10..6.18")
@pytest.mark.parametrize(("totalram_pages", "old", "new"), [(1009, 180, 180), (1000, 179, 180)])
def test_accepts_again_at_of_5_2(
    engine: str, kernel: str, totalram_pages: int, old: int, new: int
) -> None:
    accepts_at = new if version(kernel) >= (6, 12) else old
    full = totalram_pages * 20 // 100 + (version(kernel) < (6, 12))
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=totalram_pages)
    zswap.fill(full)
    keep(zswap, full)
    zswap.store(400)
    assert zswap.counter(z.REACHED_FULL) == 1
    slot = 1
    while zswap.pages() > accepts_at + 1:
        zswap.invalidate(slot)
        slot += 1
    assert zswap.store(400) == -ENOMEM
    zswap.invalidate(slot)
    assert zswap.cached_pages == accepts_at
    assert zswap.store(400) == 0


@for_kernels("5.4..6.18")
@pytest.mark.parametrize(
    ("totalram_pages", "max_pages", "old", "new"),
    [(1009, 201, 181, 180), (1000, 200, 180, 180), (4, 0, 0, 0)],
)
def test_levels_of_5_2(
    kernel: str, totalram_pages: int, max_pages: int, old: int, new: int
) -> None:
    zswap = SwapBench(kernel=kernel, totalram_pages=totalram_pages).swap.zswap
    assert zswap_max_pages(zswap) == max_pages
    assert zswap_accept_thr_pages(zswap) == (new if version(kernel) >= (6, 12) else old)


def test_t_of_4_in_5_4_gets_stuck_as_the_cached_size_is_never_refreshed(engine: str) -> None:
    """Max is 0: one page gets in, is written back, and the size of 1 stays cached for ever."""
    zswap = SwapBench(engine, kernel="5.4", totalram_pages=4)
    assert zswap.store(1) == 0
    assert zswap.store(2) == -ENOMEM
    assert (zswap.pages(), zswap.cached_pages) == (0, 1)
    assert zswap.store(3) == -ENOMEM
    assert zswap.store(4, same=1) == -ENOMEM
    assert zswap.counters == {
        "pool_limit_hit": 3,
        "reject_reclaim_fail": 2,
        "written_back_pages": 1,
    }
    zswap.check()
