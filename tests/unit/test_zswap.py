# SPDX-License-Identifier: GPL-2.0-only
"""zswap of 5.4 and 6.1: store, load, invalidate, writeback, pools; edge cases EC-41 .. EC-66."""

import pytest
from machine_driver import (
    SwapBench,
)

from zswapsim.errors import EEXIST, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC, InvariantError, NoEntry
from zswapsim.machine.zswap import state as z
from zswapsim.profiles import DEFAULT_KERNEL, PROFILES, profile


@pytest.fixture
def zswap_6_1(engine: str) -> SwapBench:
    return SwapBench(engine, kernel="6.1", totalram_pages=100)


def test_a_page_is_stored_and_loaded_and_stays(zswap: SwapBench) -> None:
    assert zswap.store(5, length=1000, content=42) == 0
    assert [record[:2] for record in zswap.records] == [("STORE", 5)]
    stored = zswap.records[0]
    assert (stored.length, stored.content) == (1000, 42)
    assert zswap.counters == {"stored_pages": 1}
    assert zswap.cached_pages == zswap.pages() == 1
    assert zswap.device(5) is None
    for _ in range(2):
        assert zswap.load(5) == 0
        assert zswap.records == [stored._replace(event="LOAD")]
    assert zswap.vmstat == {"zswpin": 2, "zswpout": 1, "pswpin": 0, "pswpout": 0}
    assert zswap.counters == {"stored_pages": 1}
    zswap.check()


def test_a_miss_is_read_from_the_swap_file(zswap: SwapBench) -> None:
    assert zswap.store(5, length=4000, content=42) == -ENOSPC
    assert zswap.events == ["STORE_FAILED", "SWAP_WRITE"]
    assert zswap.device(5) == 42
    assert zswap.load(5) == -ENOENT
    assert zswap.events == ["LOAD_MISS", "SWAP_READ"]
    assert zswap.records[1].content == 42
    assert zswap.vmstat == {"zswpin": 0, "zswpout": 0, "pswpin": 1, "pswpout": 1}


def test_header_of_8_bytes_lies_before_the_data(zswap: SwapBench) -> None:
    zswap.store(1, length=56)  # 64 bytes with the header: 1 chunk
    zswap.store(2, length=3960)  # 62 chunks
    assert zswap.pages() == 1
    zswap.store(3, length=57)
    zswap.store(4, length=3960)
    assert zswap.pages() == 3


def test_ec_41_a_duplicate_store_first_removes_the_old_entry(zswap: SwapBench) -> None:
    zswap.store(5, length=3000, content=1)
    assert zswap.store(5, length=500, content=2) == 0
    assert zswap.events == ["INVALIDATE", "FREE", "STORE"]
    assert zswap.counters == {"stored_pages": 1}  # duplicate_entry stays 0
    assert zswap.pages() == 1
    zswap.load(5)
    assert zswap.records[0].content == 2
    zswap.check()


@pytest.mark.parametrize("length", [4000, -EINVAL])
def test_ec_43_a_duplicate_store_that_fails_leaves_no_entry(zswap: SwapBench, length: int) -> None:
    zswap.store(5, length=3000, content=1)
    assert zswap.store(5, length=length, content=2) < 0
    assert "stored_pages" not in zswap.counters
    assert zswap.pages() == zswap.cached_pages == 0
    assert zswap.load(5) == -ENOENT
    assert zswap.records[1].content == 2
    zswap.check()


def test_ec_43_a_duplicate_store_into_a_full_pool(zswap: SwapBench) -> None:
    zswap.fill(21)
    for slot in range(1, 22):
        zswap.set_busy(slot)
    assert zswap.store(1, content=99) == 0  # its own page goes first, and 20 is not full
    assert zswap.events == ["INVALIDATE", "FREE", "STORE"]
    assert zswap.counters == {"stored_pages": 21}
    zswap.store(2, length=64)
    zswap.store(3, length=64)  # beside it
    assert zswap.pages() == 20
    zswap.fill(1, first_slot=30)
    assert zswap.store(2) == -ENOMEM  # its page is slot 3's too: 21 stay, and all are busy
    assert zswap.load(2) == -ENOENT
    assert zswap.counters["pool_limit_hit"] == 1
    zswap.check()


def test_ec_44_a_duplicate_store_while_disabled_removes_the_entry(zswap: SwapBench) -> None:
    zswap.store(5, length=3000, content=1)
    zswap.set_parameter(z.ENABLED, 0)
    assert zswap.load(5) == 0  # entries stay and serve loads
    assert zswap.store(5, length=3000, content=2) == -ENODEV
    assert zswap.events == ["INVALIDATE", "FREE", "STORE_FAILED", "SWAP_WRITE"]
    assert zswap.counters == {}
    assert zswap.device(5) == 2
    zswap.check()


def test_disabled_zswap_still_frees(zswap: SwapBench) -> None:
    zswap.store(5)
    zswap.set_parameter(z.ENABLED, 0)
    zswap.invalidate(5)
    assert zswap.counters == {}
    assert zswap.pages() == 0


def test_ec_45_a_store_after_writeback_is_a_plain_new_store(engine: str) -> None:
    zswap = SwapBench(engine, kernel="6.1", totalram_pages=100)
    zswap.fill(21)
    zswap.store(30)  # refused; the worker writes slot 1 back
    assert zswap.device(1) == 1
    assert zswap.counters["written_back_pages"] == 1
    for slot in range(2, 8):
        zswap.invalidate(slot)
    assert zswap.store(1, content=77) == 0
    assert zswap.events == ["STORE"]
    assert "duplicate_entry" not in zswap.counters
    assert zswap.device(1) is None
    zswap.check()


def test_ec_46_same_filled_over_compressed(zswap: SwapBench) -> None:
    zswap.store(5, length=3000)
    assert zswap.store(5, same=1) == 0
    assert zswap.counters == {"stored_pages": 1, "same_filled_pages": 1}
    assert zswap.pages() == zswap.cached_pages == 0
    assert zswap.load(5) == 0
    assert zswap.events == ["LOAD_SAME"]
    zswap.check()


def test_ec_47_compressed_over_same_filled(zswap: SwapBench) -> None:
    zswap.store(5, same=1)
    assert zswap.store(5, length=3000) == 0
    assert zswap.counters == {"stored_pages": 1}
    assert zswap.pages() == 1
    zswap.check()


def test_same_filled_over_same_filled(zswap: SwapBench) -> None:
    zswap.store(5, same=1, content=3)
    zswap.store(5, same=1, content=4)
    assert zswap.counters == {"stored_pages": 1, "same_filled_pages": 1}
    zswap.load(5)
    assert zswap.records[0].content == 4


def test_same_filled_pages_need_no_pool_and_no_compressor(zswap: SwapBench) -> None:
    for slot in range(1, 400):
        assert zswap.store(slot, same=1, length=-EINVAL) == 0
    assert zswap.pages() == 0
    assert zswap.counters == {"stored_pages": 399, "same_filled_pages": 399}
    assert zswap.counter(z.COMPRESSIONS) == 0
    assert zswap.vmstat["zswpout"] == 399


def test_ec_48_same_filled_is_refused_by_a_full_pool(zswap: SwapBench) -> None:
    zswap.fill(21)
    for slot in range(1, 22):
        zswap.set_busy(slot)
    assert zswap.store(30, same=1) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1
    assert zswap.counters["reject_reclaim_fail"] == 1
    assert "same_filled_pages" not in zswap.counters


def test_ec_49_with_same_filled_off_a_page_of_zeros_is_compressed(zswap: SwapBench) -> None:
    zswap.set_parameter(z.SAME_FILLED_PAGES_ENABLED, 0)
    assert zswap.store(5, same=1, length=40) == 0
    assert zswap.events == ["STORE"]
    assert zswap.counters == {"stored_pages": 1}
    assert zswap.pages() == 1
    zswap.check()


def test_ec_50_a_compressor_error_moves_no_counter(zswap: SwapBench) -> None:
    assert zswap.store(5, length=-EINVAL, content=9) == -EINVAL
    assert zswap.counters == {}
    assert zswap.device(5) == 9
    assert zswap.vmstat["pswpout"] == 1


@pytest.mark.parametrize(("length", "outcome"), [(3960, 0), (3961, -ENOSPC), (4096, -ENOSPC)])
def test_ec_52_header_and_data_have_to_fit(zswap: SwapBench, length: int, outcome: int) -> None:
    assert zswap.store(5, length=length) == outcome
    poor = {"reject_compress_poor": 1}
    assert zswap.counters == (poor if outcome else {"stored_pages": 1})


def test_no_page_for_the_allocator_is_alloc_fail(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100, pool_pages=2)
    zswap.fill(2)
    assert zswap.store(5) == -ENOMEM
    assert zswap.counters == {"stored_pages": 2, "reject_alloc_fail": 1}
    assert zswap.device(5) == 0
    zswap.check()


def test_6_1_refuses_what_is_not_same_filled_where_that_is_off(zswap_6_1: SwapBench) -> None:
    zswap = zswap_6_1
    zswap.set_parameter(z.NON_SAME_FILLED_PAGES_ENABLED, 0)
    assert zswap.store(5) == -EINVAL
    assert zswap.store(6, same=1) == 0
    assert zswap.counters == {"stored_pages": 1, "same_filled_pages": 1}


def test_ec_54_used_equal_to_max_is_not_full(zswap: SwapBench) -> None:
    zswap.fill(20)
    assert zswap.store(30) == 0
    assert zswap.counters == {"stored_pages": 21}
    assert zswap.store(31) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


def test_ec_55_between_level_and_max_6_1_refuses_and_queues_nothing(zswap_6_1: SwapBench) -> None:
    zswap = zswap_6_1
    zswap.fill(21)
    for slot in range(1, 22):
        zswap.set_busy(slot)
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


def test_5_4_knows_no_hysteresis(engine: str) -> None:
    zswap = SwapBench(engine, kernel="5.4", totalram_pages=100)
    zswap.fill(21)
    for slot in range(1, 22):
        zswap.set_busy(slot)
    assert zswap.store(30) == -ENOMEM
    zswap.invalidate(1)
    assert zswap.store(30) == 0


def test_ec_56_writeback_of_a_page_in_the_swap_cache(zswap: SwapBench) -> None:
    zswap.fill(21)
    for slot in range(1, 10):
        zswap.set_busy(slot)
    assert zswap.store(30) == -ENOMEM
    evictions = [record for record in zswap.records if record.event == "EVICT_FAILED"]
    assert [record.slot for record in evictions] == list(range(1, 9))  # 8 pages, oldest first
    assert {record.content for record in evictions} == {-EEXIST}
    assert [r.content for r in zswap.records if r.event == "SHRINK_END"] == [-11]
    assert zswap.counters == {
        "stored_pages": 21,
        "pool_limit_hit": 1,
        "reject_reclaim_fail": 1,
    }
    zswap.store(31)  # the visited pages are the newest now: 9 is the oldest, 10 goes
    assert [r.slot for r in zswap.records if r.event == "EVICT"] == [9, 10]
    assert [r.slot for r in zswap.records if r.event == "WRITEBACK"] == [10]
    assert zswap.counters["written_back_pages"] == 1
    assert zswap.device(10) == 10
    assert zswap.load(10) == -ENOENT
    assert zswap.records[1].content == 10
    zswap.check()


def test_writeback_of_a_slot_that_is_gone_is_no_memory(zswap: SwapBench) -> None:
    zswap.fill(21)
    for slot in range(1, 22):
        zswap.set_busy(slot, -ENOMEM)
    zswap.store(30)
    assert {r.content for r in zswap.records if r.event == "EVICT_FAILED"} == {-ENOMEM}
    assert "written_back_pages" not in zswap.counters


def test_a_writeback_counts_as_pswpout(zswap: SwapBench) -> None:
    zswap.fill(21)
    assert zswap.store(30) == -ENOMEM
    assert zswap.vmstat == {"zswpin": 0, "zswpout": 21, "pswpin": 0, "pswpout": 2}


def test_both_buddies_of_a_page_are_written_back_first_before_last(zswap: SwapBench) -> None:
    zswap.store(1, length=1000)
    zswap.store(2, length=2000)
    zswap.fill(20, first_slot=3)
    zswap.store(40)
    assert [(r.event, r.slot) for r in zswap.records if r.event in ("EVICT", "WRITEBACK")] == [
        ("EVICT", 1),
        ("WRITEBACK", 1),
        ("EVICT", 2),
        ("WRITEBACK", 2),
    ]
    assert zswap.counters["written_back_pages"] == 2
    zswap.check()


def test_same_filled_pages_are_never_written_back(zswap: SwapBench) -> None:
    zswap.store(1, same=1)
    zswap.fill(21, first_slot=2)
    zswap.store(40)
    assert [r.slot for r in zswap.records if r.event == "WRITEBACK"] == [2]
    assert zswap.load(1) == 0


def test_ec_64_load_after_invalidate_is_a_miss(zswap: SwapBench) -> None:
    zswap.store(5, length=1000)
    zswap.invalidate(5)
    assert zswap.events == ["INVALIDATE", "FREE"]
    assert zswap.load(5) == -ENOENT
    assert zswap.counters == {}
    assert zswap.pages() == 0
    zswap.invalidate(5)  # nothing there: nothing happens
    assert zswap.counters == {}
    zswap.check()


def test_ec_66_limit_0_lets_the_first_page_in(zswap: SwapBench) -> None:
    zswap.set_parameter(z.MAX_POOL_PERCENT, 0)
    assert zswap.store(1) == 0
    assert zswap.store(2) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


def test_ec_66_6_1_never_accepts_again_even_when_empty(zswap_6_1: SwapBench) -> None:
    zswap = zswap_6_1
    zswap.set_parameter(z.MAX_POOL_PERCENT, 0)
    zswap.store(1)
    zswap.set_busy(1)
    zswap.store(2)
    zswap.invalidate(1)
    assert zswap.cached_pages == zswap.pages() == 0
    assert zswap.store(2) == -ENOMEM
    assert zswap.store(2, same=1) == -ENOMEM
    assert zswap.counter(z.HYSTERESIS_REJECTS) == 2
    assert zswap.counters == {"pool_limit_hit": 1, "reject_reclaim_fail": 1}


def test_percentages_above_100_are_taken(zswap: SwapBench) -> None:
    zswap.set_parameter(z.MAX_POOL_PERCENT, 300)
    zswap.fill(301)
    assert zswap.store(400) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1


def test_invalidate_area_frees_every_entry_of_every_pool(zswap: SwapBench) -> None:
    zswap.fill(5)
    zswap.store(10, same=1)
    zswap.set_pool(1)
    zswap.fill(5, first_slot=20)
    zswap.invalidate_area()
    assert zswap.counters == {}
    assert zswap.cached_pages == zswap.pages(0) == zswap.pages(1) == 0
    assert zswap.pool_list == [1]
    assert zswap.load(10) == -ENOENT
    zswap.check()


def test_defaults_of_the_profiles() -> None:
    assert DEFAULT_KERNEL == "5.4"
    for row in PROFILES.values():
        assert (row.max_pool_percent, row.accept_threshold_percent) == (20, 90)
        assert (row.default_zpool, row.default_compressor) == ("zbud", "lzo")
    with pytest.raises(NoEntry, match=r"no kernel profile '4.0'; there are 5\.4, 6\.1"):
        profile("4.0")


def test_check_names_what_is_wrong() -> None:
    zswap = SwapBench(totalram_pages=100)
    zswap.store(1)
    zswap.store(2)
    zswap.swap.zswap.counters[z.STORED_PAGES] = 3
    with pytest.raises(InvariantError, match="stored_pages is not the number of entries"):
        zswap.check()
    zswap.swap.zswap.counters[z.STORED_PAGES] = 2
    zswap.swap.zswap.handle[1] = zswap.swap.zswap.handle[2]
    with pytest.raises(InvariantError, match="two entries share an object"):
        zswap.check()
