# SPDX-License-Identifier: GPL-2.0-only
"""The limit, the threshold and what becomes of old entries: EC-54 .. EC-60, EC-66, EC-67, EC-72."""

import pytest
from kernels import for_kernels, full_at
from machine_driver import SwapBench

from zswapsim.errors import EAGAIN, EEXIST, EINVAL, ENOENT, ENOMEM
from zswapsim.machine.zswap import state as z


def set_busy(zswap: SwapBench, first: int, last: int, outcome: int = -EEXIST) -> None:
    """Keep the pages of these slots from being written back."""
    for slot in range(first, last + 1):
        zswap.set_busy(slot, outcome)


def failed(zswap: SwapBench) -> list[int]:
    """Slots whose writeback failed in the last event."""
    return [record.slot for record in zswap.records if record.event == "EVICT_FAILED"]


@for_kernels("3.11..6.8")
def test_ec_54_used_equal_to_max_is_not_full(zswap: SwapBench) -> None:
    zswap.fill(20)
    assert zswap.store(30) == 0
    assert zswap.counters == {"stored_pages": 21}
    zswap.store(31)
    assert zswap.counters["pool_limit_hit"] == 1


@for_kernels("6.12..6.18")
def test_ec_54_used_equal_to_max_is_full(zswap: SwapBench) -> None:
    zswap.fill(20)
    assert zswap.counters == {"stored_pages": 20}
    assert zswap.store(30) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


@for_kernels("5.10..6.1")
def test_ec_55_between_level_and_max_nothing_is_queued_up_to_6_1(zswap: SwapBench) -> None:
    zswap.fill(21)
    set_busy(zswap, 1, 21)
    zswap.store(30)
    zswap.invalidate(1)
    assert zswap.cached_pages == 20
    before = zswap.counters
    assert zswap.store(30) == -ENOMEM
    assert zswap.events == ["STORE_FAILED", "SWAP_WRITE"]
    assert zswap.counters == before
    assert zswap.counter(z.HYSTERESIS_REJECTS) == 1
    assert zswap.counter(z.REACHED_FULL) == 1
    for slot in range(2, 4):  # the level is 18: accepts again at 17
        zswap.invalidate(slot)
    assert zswap.cached_pages == 18
    assert zswap.store(30, same=1) == -ENOMEM
    zswap.invalidate(4)
    assert zswap.store(30) == 0
    assert zswap.counter(z.REACHED_FULL) == 0
    assert zswap.counter(z.HYSTERESIS_REJECTS) == 2


@for_kernels("6.6..6.18")
def test_ec_55_between_level_and_max_a_shrink_is_queued_from_6_6_on(
    zswap: SwapBench, kernel: str
) -> None:
    full = full_at(kernel)
    zswap.fill(full)
    set_busy(zswap, 1, full, -ENOMEM)
    zswap.store(30)
    zswap.invalidate(full)
    assert 18 < zswap.cached_pages <= 20
    before = zswap.counters
    assert zswap.store(30) == -ENOMEM
    assert zswap.events[:2] == ["STORE_FAILED", "SWAP_WRITE"]
    assert len(failed(zswap)) > 0  # the work ran
    assert zswap.counters["pool_limit_hit"] == before["pool_limit_hit"] == 1
    assert zswap.counter(z.HYSTERESIS_REJECTS) == 1


@for_kernels("3.11..5.4")
def test_before_5_10_there_is_no_hysteresis(zswap: SwapBench) -> None:
    zswap.fill(21)
    set_busy(zswap, 1, 21)
    assert zswap.store(30) == -ENOMEM
    zswap.invalidate(1)
    assert zswap.store(30) == 0


@for_kernels("3.11..6.1")
def test_ec_56_a_pool_page_with_an_entry_in_the_swap_cache_rotates(zswap: SwapBench) -> None:
    zswap.fill(21)
    set_busy(zswap, 1, 9)
    assert zswap.store(30) == -ENOMEM
    assert failed(zswap) == list(range(1, 9))  # 8 pages, oldest first
    assert {r.content for r in zswap.records if r.event == "EVICT_FAILED"} == {-EEXIST}
    assert [r.content for r in zswap.records if r.event == "SHRINK_END"] == [-EAGAIN]
    assert zswap.counters == {"stored_pages": 21, "pool_limit_hit": 1, "reject_reclaim_fail": 1}
    zswap.store(31)  # the visited pages are the newest now: 9 is the oldest, 10 goes
    assert zswap.seen("EVICT", "WRITEBACK")[:3] == [("EVICT", 9), ("EVICT", 10), ("WRITEBACK", 10)]
    assert zswap.counters["written_back_pages"] == 1
    assert zswap.device(10) == 10
    assert zswap.load(10) == -ENOENT
    assert zswap.records[1].content == 10
    zswap.check()


@for_kernels("6.6")
def test_ec_56_in_6_6_an_entry_in_the_swap_cache_becomes_the_newest(zswap: SwapBench) -> None:
    zswap.fill(21)
    set_busy(zswap, 1, 3)
    assert zswap.store(30) == -ENOMEM
    assert failed(zswap) == [1, 2, 3]
    assert zswap.counters["reject_reclaim_fail"] == 3
    assert zswap.counters["written_back_pages"] == 4  # to 17 pages, which the threshold accepts
    assert zswap.lru() == [*range(8, 22), 1, 2, 3]
    zswap.check()


@for_kernels("6.8")
def test_ec_56_in_6_8_an_entry_in_the_swap_cache_becomes_the_newest(zswap: SwapBench) -> None:
    zswap.fill(21)
    set_busy(zswap, 1, 3)
    assert zswap.store(30) == -ENOMEM
    assert failed(zswap) == [1, 2, 3]
    assert zswap.counters["reject_reclaim_fail"] == 3
    assert zswap.lru() == [*range(8, 22), 1, 2, 3]
    zswap.check()


@for_kernels("6.12..6.18")
def test_ec_56_from_6_12_on_an_entry_in_the_swap_cache_becomes_the_newest(
    zswap: SwapBench,
) -> None:
    zswap.fill(20)
    set_busy(zswap, 1, 3)
    zswap.store(30)
    assert zswap.lru() == [17, 18, 19, 20, *range(1, 17)]  # 16 second chances, and the run ends
    zswap.store(31)
    assert failed(zswap) == [1, 2, 3]  # after the second chances of the other four
    assert zswap.counters["reject_reclaim_fail"] == 3
    assert zswap.counters["written_back_pages"] == 2
    assert zswap.lru() == [*range(6, 21), 1, 2, 3]
    zswap.check()


def test_writeback_of_a_slot_that_is_gone_is_no_memory(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100)
    full = full_at(kernel)
    zswap.fill(full)
    set_busy(zswap, 1, full, -ENOMEM)
    for slot in range(30, 33):
        zswap.store(slot)
        why = {record.content for record in zswap.records if record.event == "EVICT_FAILED"}
        assert why <= {-ENOMEM}
    assert len(failed(zswap)) > 0
    assert "written_back_pages" not in zswap.counters
    assert zswap.counters["reject_reclaim_fail"] >= 1


@for_kernels("6.12")
def test_ec_57_the_first_run_over_fresh_entries_writes_nothing(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=500)
    zswap.fill(100)
    assert zswap.store(200) == -ENOMEM
    assert zswap.seen("EVICT", "WRITEBACK") == []
    assert zswap.counters == {"stored_pages": 100, "pool_limit_hit": 1}
    referenced = [int(zswap.swap.zswap.referenced[slot]) for slot in range(1, 101)]
    assert referenced == [0] * 16 + [1] * 84
    assert zswap.lru() == [*range(17, 101), *range(1, 17)]
    for _ in range(6):  # 100 entries need 7 runs before the first goes
        assert "written_back_pages" not in zswap.counters
        zswap.store(200)
    assert zswap.seen("WRITEBACK")[0] == ("WRITEBACK", 1)
    zswap.check()


@for_kernels("6.6")
def test_ec_58_with_only_same_filled_entries_a_run_of_6_6_fails_once(
    engine: str, kernel: str
) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100, max_pool_percent=0)
    zswap.store(1, same=1)
    zswap.store(2)
    assert zswap.store(3) == -ENOMEM
    assert zswap.counters["written_back_pages"] == 1
    assert zswap.lru() == []
    before = zswap.counters["reject_reclaim_fail"]
    assert zswap.store(4) == -ENOMEM  # the level is 0, and 0 is not below it
    assert zswap.counters["reject_reclaim_fail"] == before + 1
    assert zswap.counters["same_filled_pages"] == zswap.counters["stored_pages"] == 1
    assert zswap.counter(z.SHRINK_QUEUED) == 0


@for_kernels("5.4")
def test_ec_59_a_full_store_with_zsmalloc_in_5_4(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, 1, kernel=kernel, totalram_pages=100)
    zswap.fill(21)
    assert zswap.store(30) == -ENOMEM
    assert zswap.counters == {"stored_pages": 21, "pool_limit_hit": 1, "reject_reclaim_fail": 1}
    assert zswap.events == ["SHRINK", "SHRINK_END", "STORE_FAILED", "SWAP_WRITE"]
    zswap.check()


@for_kernels("6.1")
def test_ec_60_a_full_store_with_zsmalloc_in_6_1(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, 1, kernel=kernel, totalram_pages=100)
    zswap.fill(21)
    assert zswap.store(30) == -ENOMEM
    assert zswap.events == ["STORE_FAILED", "SWAP_WRITE", "SHRINK", "SHRINK_END"]
    assert zswap.counters == {"stored_pages": 21, "pool_limit_hit": 1, "reject_reclaim_fail": 1}
    zswap.check()


@for_kernels("6.6..6.18")
def test_from_6_6_on_zsmalloc_is_written_back_too(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, 1, kernel=kernel, totalram_pages=100)
    zswap.fill(full_at(kernel))
    for slot in (30, 31):
        zswap.store(slot)
    assert zswap.device(1) == 1
    assert zswap.pages() < 20
    zswap.check()


@for_kernels("3.11..6.8")
def test_ec_66_a_limit_of_0_lets_the_first_page_in(zswap: SwapBench) -> None:
    zswap.set_parameter(z.MAX_POOL_PERCENT, 0)
    assert zswap.store(1) == 0
    zswap.set_busy(1)
    assert zswap.store(2) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


@for_kernels("5.10..6.8")
def test_ec_66_a_limit_of_0_never_accepts_again_even_when_empty(zswap: SwapBench) -> None:
    zswap.set_parameter(z.MAX_POOL_PERCENT, 0)
    zswap.store(1)
    zswap.set_busy(1)
    zswap.store(2)
    zswap.invalidate(1)
    assert zswap.cached_pages == zswap.pages() == 0
    assert zswap.store(2) == -ENOMEM
    assert zswap.store(2, same=1) == -ENOMEM
    assert zswap.counter(z.HYSTERESIS_REJECTS) == 2
    assert zswap.counters["pool_limit_hit"] == 1
    assert "stored_pages" not in zswap.counters


@for_kernels("6.12..6.18")
def test_ec_66_a_limit_of_0_is_always_full(zswap: SwapBench) -> None:
    zswap.set_parameter(z.MAX_POOL_PERCENT, 0)
    for hits in range(1, 4):
        assert zswap.store(1) == -ENOMEM
        assert zswap.counters == {"pool_limit_hit": hits}
    zswap.set_parameter(z.MAX_POOL_PERCENT, 1)  # 0 of 1 page: not full, and not above the level
    assert zswap.store(1) == 0


@pytest.mark.parametrize(
    ("engine", "pool_types"),
    [("interpreted", ("zbud", "zbud")), ("compiled", ("zbud", "zsmalloc"))],
)
def test_ec_67_in_3_11_the_limit_sees_the_pool_of_the_last_swap_type(
    engine: str, pool_types: tuple[str, str]
) -> None:
    zswap = SwapBench(engine, kernel="3.11", totalram_pages=100, pool_types=pool_types)
    zswap.set_parameter(z.TYPE_SLOTS, 256)
    zswap.fill(21)
    assert zswap.store(300) == -ENOMEM  # of the other type, whose own pool it would shrink
    assert [r.pool for r in zswap.records if r.event == "SHRINK"] == [1]
    assert [r.content for r in zswap.records if r.event == "SHRINK_END"] == [-EINVAL]
    assert (zswap.pages(0), zswap.pages(1), zswap.cached_pages) == (21, 0, 21)
    zswap.invalidate(1)
    assert zswap.store(300) == 0
    assert (zswap.pages(0), zswap.pages(1), zswap.cached_pages) == (20, 1, 1)
    zswap.fill(20, first_slot=301)  # as if the first type's 20 pages did not count
    assert (zswap.pages(0), zswap.pages(1), zswap.cached_pages) == (20, 21, 21)
    zswap.invalidate(2)
    assert zswap.cached_pages == 19  # the first type's is the last one touched
    assert zswap.store(400) == 0
    zswap.check()


@for_kernels("6.12")
def test_ec_72_a_store_refused_by_hysteresis_erases_the_stale_entry(zswap: SwapBench) -> None:
    zswap.fill(20)
    zswap.store(30)
    zswap.invalidate(20)
    assert zswap.pages() == 19  # the level is 18
    assert zswap.store(5, content=99) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1
    assert zswap.counter(z.HYSTERESIS_REJECTS) == 1
    assert zswap.seen("FREE")[0] == ("FREE", 5)
    assert zswap.load(5) == -ENOENT
    assert zswap.records[1].content == 99
    zswap.check()


@for_kernels("6.12")
def test_ec_72_a_store_refused_by_hysteresis_queues_a_shrink(zswap: SwapBench) -> None:
    zswap.fill(20)
    zswap.store(30)
    zswap.invalidate(20)
    zswap.store(31)
    assert zswap.seen("STORE_FAILED", "WRITEBACK") == [("STORE_FAILED", 31), ("WRITEBACK", 1)]
    assert zswap.pages() == 18
    assert zswap.store(31) == 0


@for_kernels("6.8")
def test_a_run_of_6_8_writes_16_entries_at_most(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=500, accept_threshold_percent=50)
    zswap.fill(101)
    zswap.store(200)
    assert zswap.counters["written_back_pages"] == 16
    assert "reject_reclaim_fail" not in zswap.counters  # the rounds count as failures, unseen
    zswap.check()


@for_kernels("6.6")
def test_a_run_of_6_6_goes_on_to_the_threshold(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=500, accept_threshold_percent=50)
    zswap.fill(101)
    zswap.store(200)
    assert zswap.counters["written_back_pages"] == 52  # below 50 pages
    zswap.check()


@for_kernels("6.6..6.18")
def test_a_run_ends_at_the_16th_failure(zswap: SwapBench, kernel: str) -> None:
    full = full_at(kernel)
    zswap.fill(full)
    for slot in range(1, full + 1):
        zswap.swap.zswap.referenced[slot] = 0
    set_busy(zswap, 1, full)
    zswap.store(30)
    # in 6.8 the rounds are failures as well
    assert len(failed(zswap)) == (8 if kernel == "6.8" else 16)
    assert zswap.counters["reject_reclaim_fail"] == len(failed(zswap))


@for_kernels("6.8")
def test_the_work_of_6_8_shrinks_the_current_pool(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100)
    zswap.fill(15)
    zswap.set_pool(1)
    zswap.fill(6, first_slot=20)
    zswap.store(40)
    assert {r.pool for r in zswap.records if r.event == "WRITEBACK"} == {1}
    assert zswap.seen("WRITEBACK")[0] == ("WRITEBACK", 20)
    assert zswap.lru(0) == list(range(1, 16))


@for_kernels("6.12")
def test_the_work_of_6_12_follows_one_list_for_all_pools(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100)
    zswap.fill(2)
    zswap.set_pool(1)
    zswap.fill(18, first_slot=20)
    assert zswap.lru() == [1, 2, *range(20, 38)]
    for slot in (50, 51):  # second chances, and then
        zswap.store(slot)
    assert zswap.seen("WRITEBACK")[0] == ("WRITEBACK", 1)
    assert zswap.pool_list == [1]  # the old pool went with its last entry
    zswap.check()
