# SPDX-License-Identifier: GPL-2.0-only
"""Edge cases EC-30, EC-40 .. EC-53, EC-64 and EC-70, each for the kernels that it names."""

from itertools import product

import pytest
from kernels import for_kernels, full_at, half_page, kernels, version
from machine_driver import SwapBench

from zswapsim.errors import EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC
from zswapsim.machine.zswap import state as z


def busy(zswap: SwapBench, slots: range) -> None:
    """Put pages into the swap cache, so that they cannot be written back."""
    for slot in slots:
        zswap.set_busy(slot)


def room_for(engine: str, kernel: str, pages: int) -> SwapBench:
    """zswap whose allocator has no more than some pages."""
    return SwapBench(engine, kernel=kernel, totalram_pages=100, pool_pages=pages)


@for_kernels("5.4..6.1")
def test_ec_30_zsmalloc_cannot_be_shrunk(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, 1, kernel=kernel, totalram_pages=10)
    zswap.fill(3)
    zswap.store(9)
    [end] = [record for record in zswap.records if record.event == "SHRINK_END"]
    assert (end.pool, end.content) == (1, -EINVAL)
    assert zswap.pages() == 3


@for_kernels("3.11")
def test_ec_40_a_duplicate_store_frees_the_old_entry_after_the_new_one_is_there(
    engine: str, kernel: str
) -> None:
    zswap = room_for(engine, kernel, 2)
    zswap.store(5, length=3000, content=1)
    [old] = zswap.records
    assert zswap.store(5, length=3000, content=2) == 0
    freed, new = zswap.records
    assert freed == old._replace(event="FREE")
    assert new.address // 4096 != old.address // 4096  # both were there for a while
    assert zswap.counters == {"stored_pages": 1, "duplicate_entry": 1}
    assert zswap.pages() == zswap.cached_pages == 1
    zswap.load(5)
    assert zswap.records[0].content == 2
    zswap.check()


@for_kernels("3.11")
def test_ec_40_a_duplicate_store_needs_room_for_both(engine: str, kernel: str) -> None:
    zswap = room_for(engine, kernel, 1)
    zswap.store(5, length=3000)
    assert zswap.store(5, length=3000) == -ENOMEM
    assert zswap.counters == {"stored_pages": 1, "reject_alloc_fail": 1}


@for_kernels("5.4..6.1")
def test_ec_41_a_duplicate_store_first_removes_the_old_entry(engine: str, kernel: str) -> None:
    zswap = room_for(engine, kernel, 1)
    zswap.store(5, length=3000, content=1)
    assert zswap.store(5, length=3000, content=2) == 0
    assert zswap.events == ["INVALIDATE", "FREE", "STORE"]
    assert zswap.counters == {"stored_pages": 1}  # duplicate_entry stays 0
    assert zswap.pages() == 1
    zswap.load(5)
    assert zswap.records[0].content == 2
    zswap.check()


@pytest.mark.parametrize("why", ["poor", "compressor", "limit"])
@for_kernels("3.11")
def test_ec_42_a_duplicate_store_that_fails_leaves_a_stale_entry(
    zswap: SwapBench, why: str
) -> None:
    zswap.store(5, length=3000, content=1)
    if why == "limit":
        zswap.fill(20, first_slot=10)
        busy(zswap, range(5, 40))
    length = {"poor": 4000, "compressor": -EINVAL, "limit": 100}[why]
    stored = zswap.counters["stored_pages"]
    assert zswap.store(5, length=length, content=2) < 0
    assert zswap.counters["stored_pages"] == stored  # it still counts
    assert "duplicate_entry" not in zswap.counters
    assert zswap.load(5) == -ENOENT  # the bit is clear: nobody asks zswap
    assert zswap.records[1].content == 2
    zswap.invalidate(5)
    assert zswap.counters["stored_pages"] == stored
    zswap.check()


@for_kernels("3.11")
def test_ec_42_a_later_store_finds_the_stale_entry(zswap: SwapBench) -> None:
    zswap.store(5, length=3000)
    zswap.store(5, length=4000)
    assert zswap.store(5, length=1000, content=3) == 0
    assert zswap.counters == {
        "stored_pages": 1,
        "reject_compress_poor": 1,
        "duplicate_entry": 1,
    }
    assert zswap.load(5) == 0
    assert zswap.records[0].content == 3
    zswap.check()


@for_kernels("3.11")
def test_ec_42_swapoff_frees_the_stale_entry(zswap: SwapBench) -> None:
    zswap.store(5, length=3000)
    zswap.store(5, length=4000)
    zswap.invalidate_area()
    assert "stored_pages" not in zswap.counters
    assert zswap.pages() == 0


@for_kernels("3.11")
def test_ec_42_a_stale_entry_is_written_back_but_the_newer_page_stays(zswap: SwapBench) -> None:
    """The kernel overwrites it: our one deviation there, as a page must come back as stored."""
    zswap.store(5, length=3000, content=1)
    zswap.store(5, length=4000, content=2)
    zswap.fill(20, first_slot=10)
    before = zswap.vmstat["pswpout"]
    assert zswap.store(40) == 0
    assert zswap.seen("EVICT", "WRITEBACK", "FREE") == [("EVICT", 5), ("FREE", 5)]
    assert zswap.counters["written_back_pages"] == 1
    assert zswap.vmstat["pswpout"] == before + 1
    zswap.load(5)
    assert zswap.records[1].content == 2
    zswap.check()


@for_kernels("3.11")
def test_ec_42_a_stale_entry_of_a_free_slot_cannot_be_written_back(zswap: SwapBench) -> None:
    zswap.store(5, length=3000, content=1)
    zswap.store(5, length=4000, content=2)
    zswap.invalidate(5)
    zswap.fill(20, first_slot=10)
    zswap.store(40)
    assert [(r.slot, r.content) for r in zswap.records if r.event == "EVICT_FAILED"] == [
        (5, -ENOMEM)
    ]
    assert zswap.seen("WRITEBACK") == [("WRITEBACK", 10)]
    assert zswap.device(5) is None


FAILURES = {
    "poor": {"length": 4000},
    "compressor": {"length": -EINVAL},
    "no page": {"length": 3960},
}


@pytest.mark.parametrize(
    ("kernel", "why"),
    # 6.18 keeps a page that does not compress as it is.
    [*product(kernels("5.4..6.12"), FAILURES), ("6.18", "no page")],
)
def test_ec_43_a_duplicate_store_that_fails_leaves_no_entry(
    engine: str, kernel: str, why: str
) -> None:
    zswap = room_for(engine, kernel, 2)
    zswap.store(5, length=half_page(kernel), content=1)
    zswap.store(6, length=half_page(kernel))
    zswap.store(7, length=3960)
    assert zswap.counters == {"stored_pages": 3}
    assert zswap.store(5, content=2, **FAILURES[why]) < 0
    assert zswap.counters["stored_pages"] == 2
    assert zswap.load(5) == -ENOENT
    assert zswap.records[1].content == 2
    duplicate = version(kernel) in [(6, 6), (6, 8)]
    assert zswap.counters.get("duplicate_entry", 0) == int(duplicate)
    zswap.check()


@for_kernels("5.4..6.18")
def test_ec_43_a_duplicate_store_into_a_full_pool_leaves_no_entry(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100)
    zswap.store(5, length=half_page(kernel), content=1)
    zswap.store(6, length=half_page(kernel))
    zswap.fill(full_at(kernel) - 1, first_slot=10)
    busy(zswap, range(5, 40))
    assert zswap.store(5, content=2) == -ENOMEM  # its page is that of slot 6 too
    assert zswap.counters["pool_limit_hit"] == 1
    assert zswap.load(5) == -ENOENT
    assert zswap.records[1].content == 2
    zswap.check()


@for_kernels("5.4..6.1")
def test_ec_44_a_duplicate_store_while_disabled_is_removed_by_frontswap(zswap: SwapBench) -> None:
    zswap.store(5, length=3000, content=1)
    zswap.set_parameter(z.ENABLED, 0)
    assert zswap.load(5) == 0  # entries stay and serve loads
    assert zswap.store(5, length=3000, content=2) == -ENODEV
    assert zswap.events == ["INVALIDATE", "FREE", "STORE_FAILED", "SWAP_WRITE"]
    assert zswap.counters == {}
    assert zswap.device(5) == 2
    zswap.check()


@for_kernels("6.6", "6.12..6.18")
def test_ec_44_a_duplicate_store_while_disabled_is_removed(zswap: SwapBench, kernel: str) -> None:
    zswap.store(5, length=3000, content=1)
    zswap.set_parameter(z.ENABLED, 0)
    assert zswap.store(5, length=3000, content=2) == -ENODEV
    assert zswap.events == ["FREE", "STORE_FAILED", "SWAP_WRITE"]
    assert zswap.counters == ({"duplicate_entry": 1} if kernel == "6.6" else {})
    assert zswap.device(5) == 2
    zswap.check()


def test_ec_45_a_store_after_writeback_is_a_plain_new_store(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100)
    zswap.fill(full_at(kernel))
    slot = 30
    while zswap.device(1) is None:
        zswap.store(slot)
        slot += 1
    for held in range(2, slot):
        zswap.invalidate(held)
    stored = zswap.counters.get("stored_pages", 0)
    assert zswap.store(1, content=77) == 0
    # frontswap's bit is still set, but there is nothing to forget
    before = ["INVALIDATE"] if (5, 4) <= version(kernel) < (6, 6) else []
    assert zswap.events == [*before, "STORE"]
    assert zswap.counters["stored_pages"] == stored + 1
    assert "duplicate_entry" not in zswap.counters
    assert zswap.device(1) is None
    zswap.check()


@for_kernels("5.4..6.8")
def test_ec_46_same_filled_over_compressed(zswap: SwapBench) -> None:
    zswap.store(5, length=3000)
    assert zswap.store(5, same=1) == 0
    assert zswap.seen("FREE") == [("FREE", 5)]
    assert zswap.counters["stored_pages"] == zswap.counters["same_filled_pages"] == 1
    assert zswap.pages() == zswap.cached_pages == 0
    assert zswap.load(5) == 0
    assert zswap.events == ["LOAD_SAME"]
    zswap.check()


@for_kernels("5.4..6.8")
def test_ec_47_compressed_over_same_filled(zswap: SwapBench) -> None:
    zswap.store(5, same=1)
    assert zswap.store(5, length=3000) == 0
    assert zswap.counters["stored_pages"] == 1
    assert "same_filled_pages" not in zswap.counters
    assert zswap.pages() == 1
    zswap.check()


@for_kernels("5.4..6.8")
def test_ec_48_same_filled_is_refused_by_a_full_pool(zswap: SwapBench) -> None:
    zswap.fill(21)
    busy(zswap, range(1, 22))
    assert zswap.store(30, same=1) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1
    assert "same_filled_pages" not in zswap.counters


@for_kernels("5.4..6.8")
def test_ec_49_with_same_filled_off_a_page_of_zeros_is_compressed(zswap: SwapBench) -> None:
    zswap.set_parameter(z.SAME_FILLED_PAGES_ENABLED, 0)
    assert zswap.store(5, same=2, length=40) == 0
    assert zswap.events == ["STORE"]
    assert zswap.counters == {"stored_pages": 1}
    assert zswap.pages() == 1
    zswap.check()


@for_kernels("6.12..6.18")
def test_ec_49_the_swap_core_takes_a_page_of_zeros_regardless(zswap: SwapBench) -> None:
    zswap.set_parameter(z.SAME_FILLED_PAGES_ENABLED, 0)
    assert zswap.store(5, same=2, length=40) == 0
    assert zswap.events == ["STORE_ZERO"]
    assert zswap.counters == {}


@for_kernels("6.1")
def test_ec_50_a_random_page_is_refused_and_moves_no_counter(zswap: SwapBench) -> None:
    assert zswap.store(5, length=-EINVAL, content=9) == -EINVAL
    assert zswap.counters == {}
    assert zswap.device(5) == 9
    assert zswap.vmstat == {"pswpout": 1}


@for_kernels("6.12")
def test_ec_51_a_random_page_is_refused_and_counted(zswap: SwapBench) -> None:
    assert zswap.store(5, length=-EINVAL, content=9) == -EINVAL
    assert zswap.counters == {"reject_compress_fail": 1}
    assert zswap.device(5) == 9


@for_kernels("6.18")
def test_ec_51_a_random_page_is_stored_raw(zswap: SwapBench) -> None:
    assert zswap.store(5, length=-EINVAL) == 0
    assert zswap.counters == {"stored_pages": 1, "stored_incompressible_pages": 1}
    zswap.invalidate(5)
    assert zswap.counters == {}


@pytest.mark.parametrize(("length", "outcome"), [(3960, 0), (3961, -ENOSPC), (4096, -ENOSPC)])
@for_kernels("6.1")
def test_ec_52_header_and_data_have_to_fit(zswap: SwapBench, length: int, outcome: int) -> None:
    assert zswap.store(5, length=length) == outcome
    assert zswap.counters == ({"reject_compress_poor": 1} if outcome else {"stored_pages": 1})


@pytest.mark.parametrize(("length", "outcome"), [(3961, 0), (3968, 0), (3969, -ENOSPC)])
@for_kernels("6.6")
def test_ec_52_without_a_header_8_bytes_more_fit(
    zswap: SwapBench, length: int, outcome: int
) -> None:
    assert zswap.store(5, length=length) == outcome
    assert zswap.counters == ({"reject_compress_poor": 1} if outcome else {"stored_pages": 1})


@for_kernels("6.1")
def test_ec_53_zsmalloc_takes_3961_bytes_as_a_whole_page(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, 1, kernel=kernel, totalram_pages=100)
    assert zswap.store(5, length=3961) == 0
    assert zswap.pages() == 1
    zswap.store(6, length=24)
    assert zswap.pages() == 2
    assert zswap.counters == {"stored_pages": 2}


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


@for_kernels("6.12")
def test_ec_70_a_store_whose_compression_fails_erases_the_old_entry(zswap: SwapBench) -> None:
    zswap.store(5, length=3000)
    zswap.store(6, length=3000)
    assert zswap.store(5, length=-EINVAL, content=2) == -EINVAL
    assert zswap.events == ["FREE", "STORE_FAILED", "SWAP_WRITE"]
    assert zswap.counters == {"stored_pages": 1, "reject_compress_fail": 1}
    assert zswap.lru() == [6]
    assert zswap.load(5) == -ENOENT
    zswap.check()
