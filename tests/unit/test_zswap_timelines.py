# SPDX-License-Identifier: GPL-2.0-only
"""The worked tables of the specification: 5.2's arithmetic, 5.7's for 5.4, 5.15's for 6.1."""

import pytest
from machine_driver import SwapBench

from zswapsim.errors import ENOMEM
from zswapsim.machine.zswap import state as z


def written_back(zswap: SwapBench) -> list[int]:
    """Slots that the last event wrote back."""
    return [record.slot for record in zswap.records if record.event == "WRITEBACK"]


def test_ec_69_timeline_of_5_7_in_5_4(engine: str) -> None:
    zswap = SwapBench(engine, kernel="5.4", totalram_pages=1000)
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


def test_timeline_of_5_15_in_6_1(engine: str) -> None:
    zswap = SwapBench(engine, kernel="6.1", totalram_pages=1000)
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


@pytest.mark.parametrize("kernel", ["5.4", "6.1"])
@pytest.mark.parametrize(("totalram_pages", "full_at"), [(1009, 202), (1000, 201), (4, 1)])
def test_full_at_of_5_2(engine: str, kernel: str, totalram_pages: int, full_at: int) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=totalram_pages)
    zswap.fill(full_at)
    assert zswap.counters == {"stored_pages": full_at}
    assert zswap.store(400) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


@pytest.mark.parametrize(("totalram_pages", "accepts_at"), [(1009, 180), (1000, 179)])
def test_accepts_again_at_of_5_2(engine: str, totalram_pages: int, accepts_at: int) -> None:
    zswap = SwapBench(engine, kernel="6.1", totalram_pages=totalram_pages)
    full_at = totalram_pages * 20 // 100 + 1
    zswap.fill(full_at)
    for slot in range(1, full_at + 1):
        zswap.set_busy(slot)
    zswap.store(400)
    assert zswap.counter(z.REACHED_FULL) == 1
    slot = 1
    while zswap.cached_pages > accepts_at + 1:
        zswap.invalidate(slot)
        slot += 1
    assert zswap.store(400) == -ENOMEM
    zswap.invalidate(slot)
    assert zswap.cached_pages == accepts_at
    assert zswap.store(400) == 0


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
