# SPDX-License-Identifier: GPL-2.0-only
"""zswap of every kernel: store, load, invalidate, the header, what is counted where."""

import pytest
from kernels import KERNELS, for_kernels, full_at, version
from machine_driver import SwapBench

from zswapsim.errors import EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC, InvariantError
from zswapsim.machine.zswap import state as z


@for_kernels("3.11..6.8")
def test_a_page_is_stored_and_loaded_and_stays(zswap: SwapBench) -> None:
    assert zswap.store(5, length=1000, content=42) == 0
    assert zswap.seen("STORE") == [("STORE", 5)]
    stored = zswap.records[0]
    assert (stored.length, stored.content) == (1000, 42)
    assert zswap.counters == {"stored_pages": 1}
    assert zswap.cached_pages == zswap.pages() == 1
    assert zswap.device(5) is None
    for _ in range(2):
        assert zswap.load(5) == 0
        assert zswap.records == [stored._replace(event="LOAD")]
    assert zswap.vmstat == {"zswpin": 2, "zswpout": 1}
    assert zswap.counters == {"stored_pages": 1}
    zswap.check()


@for_kernels("6.12..6.18")
def test_a_load_takes_the_page_out(zswap: SwapBench) -> None:
    assert zswap.store(5, length=1000, content=42) == 0
    stored = zswap.records[0]
    assert zswap.load(5) == 0
    assert zswap.records == [stored._replace(event="LOAD"), stored._replace(event="FREE")]
    assert zswap.counters == {}
    assert zswap.pages() == 0
    assert zswap.load(5) == -ENOENT
    assert zswap.vmstat == {"zswpin": 1, "zswpout": 1, "pswpin": 1}
    zswap.check()


@for_kernels("6.6..6.8")
def test_with_exclusive_loads_a_load_takes_the_page_out(zswap: SwapBench) -> None:
    zswap.set_parameter(z.EXCLUSIVE_LOADS, 1)
    zswap.store(5, length=1000)
    zswap.store(6, same=1)
    assert (zswap.load(5), zswap.load(6)) == (0, 0)
    assert zswap.counters == {}
    assert zswap.pages() == zswap.cached_pages == 0
    zswap.check()


@for_kernels("3.11..6.1")
def test_kernels_without_exclusive_loads_do_not_heed_the_parameter(zswap: SwapBench) -> None:
    zswap.set_parameter(z.EXCLUSIVE_LOADS, 1)
    zswap.store(5, length=1000)
    assert (zswap.load(5), zswap.load(5)) == (0, 0)


@for_kernels("6.6..6.8")
def test_a_load_makes_an_entry_that_stays_the_newest(zswap: SwapBench) -> None:
    zswap.fill(3)
    zswap.load(1)
    assert zswap.lru() == [2, 3, 1]


def test_a_refused_page_is_read_from_the_swap_file(zswap: SwapBench) -> None:
    zswap.set_parameter(z.ENABLED, 0)
    assert zswap.store(5, length=1000, content=42) == -ENODEV
    assert zswap.events == ["STORE_FAILED", "SWAP_WRITE"]
    assert zswap.device(5) == 42
    assert zswap.load(5) == -ENOENT
    assert zswap.events == ["LOAD_MISS", "SWAP_READ"]
    assert zswap.records[1].content == 42
    assert zswap.vmstat == {"pswpin": 1, "pswpout": 1}
    assert zswap.counters == {}  # being disabled is not counted


def test_disabled_zswap_still_loads_and_frees(zswap: SwapBench) -> None:
    zswap.store(5)
    zswap.store(6)
    zswap.set_parameter(z.ENABLED, 0)
    assert zswap.load(6) == 0
    zswap.invalidate(5)
    zswap.invalidate(6)
    assert zswap.counters == {}
    assert zswap.pages() == 0


@for_kernels("3.11..6.1")
def test_a_header_of_8_bytes_lies_before_the_data(zswap: SwapBench) -> None:
    zswap.store(1, length=56)  # 64 bytes with the header: 1 chunk
    zswap.store(2, length=3960)  # 62 chunks
    assert zswap.pages() == 1
    zswap.store(3, length=57)
    zswap.store(4, length=3960)
    assert zswap.pages() == 3


@for_kernels("6.6..6.12")
def test_from_6_6_on_there_is_no_header(zswap: SwapBench) -> None:
    zswap.store(1, length=64)
    zswap.store(2, length=3968)
    assert zswap.pages() == 1
    zswap.store(3, length=65)
    zswap.store(4, length=3968)
    assert zswap.pages() == 3


@for_kernels("5.4..6.8")
def test_same_filled_pages_need_no_pool_and_no_compressor(zswap: SwapBench) -> None:
    for slot in range(1, 400):
        assert zswap.store(slot, same=1, length=-EINVAL) == 0
    assert zswap.pages() == 0
    assert zswap.counters == {"stored_pages": 399, "same_filled_pages": 399}
    assert zswap.counter(z.COMPRESSIONS) == 0
    assert zswap.vmstat == {"zswpout": 399}
    assert zswap.load(7) == 0
    assert zswap.events == ["LOAD_SAME"]


@for_kernels("5.4..6.8")
def test_same_filled_over_same_filled(zswap: SwapBench) -> None:
    zswap.store(5, same=1, content=3)
    zswap.store(5, same=1, content=4)
    assert zswap.counters["stored_pages"] == zswap.counters["same_filled_pages"] == 1
    zswap.load(5)
    assert zswap.records[0].content == 4


@for_kernels("3.11", "6.12..6.18")
def test_where_zswap_knows_no_same_filled_pages_they_are_compressed(zswap: SwapBench) -> None:
    assert zswap.store(5, length=2040, same=1) == 0
    assert zswap.events == ["STORE"]
    assert zswap.counters == {"stored_pages": 1}
    assert zswap.pages() == 1


@for_kernels("3.11")
def test_3_11_compresses_a_page_of_zeros_too(zswap: SwapBench) -> None:
    assert zswap.store(5, length=19, same=2) == 0
    assert zswap.counters == {"stored_pages": 1}


@for_kernels("6.12..6.18")
def test_a_page_of_zeros_stops_at_the_swap_core(zswap: SwapBench) -> None:
    assert zswap.store(5, length=19, same=2) == 0
    assert zswap.events == ["STORE_ZERO"]
    assert zswap.load(5) == 0
    assert zswap.events == ["LOAD_ZERO"]
    assert zswap.load(5) == 0
    assert zswap.counters == {}
    assert zswap.vmstat == {"swpout_zero": 1, "swpin_zero": 2}
    zswap.invalidate(5)
    assert zswap.load(5) == -ENOENT


@for_kernels("6.12..6.18")
def test_zeros_over_an_entry_leave_it_dead_until_it_is_freed(zswap: SwapBench) -> None:
    zswap.store(5, length=3000, content=1)
    assert zswap.store(5, content=2, same=2) == 0
    assert zswap.counters == {"stored_pages": 1}  # it still takes room
    assert zswap.load(5) == 0
    assert zswap.events == ["LOAD_ZERO"]
    zswap.invalidate(5)
    assert zswap.counters == {}
    assert zswap.pages() == 0
    zswap.check()


@for_kernels("6.12..6.18")
def test_a_page_over_zeros_clears_the_bit_even_where_zswap_refuses_it(zswap: SwapBench) -> None:
    zswap.store(5, same=2)
    zswap.set_parameter(z.ENABLED, 0)
    zswap.store(5, content=9)
    assert zswap.load(5) == -ENOENT
    assert zswap.records[1].content == 9


@for_kernels("6.1..6.8")
def test_what_is_not_same_filled_is_refused_where_that_is_off(zswap: SwapBench) -> None:
    zswap.set_parameter(z.NON_SAME_FILLED_PAGES_ENABLED, 0)
    assert zswap.store(5) == -EINVAL
    assert zswap.store(6, same=1) == 0
    assert zswap.counters == {"stored_pages": 1, "same_filled_pages": 1}


NOT_COUNTED: dict[str, int] = {}
FAIL, POOR = {"reject_compress_fail": 1}, {"reject_compress_poor": 1}


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (-EINVAL, {**dict.fromkeys(KERNELS[:5], NOT_COUNTED), "6.8": FAIL, "6.12": FAIL}),
        (-ENOSPC, {**dict.fromkeys(KERNELS[:5], NOT_COUNTED), "6.8": FAIL, "6.12": POOR}),
    ],
)
@for_kernels("3.11..6.12")
def test_a_compressor_error_is_counted_as_the_kernel_does(
    zswap: SwapBench, kernel: str, error: int, counted: dict[str, dict[str, int]]
) -> None:
    assert zswap.store(5, length=error, content=9) == error
    assert zswap.counters == counted[kernel]
    assert zswap.device(5) == 9
    assert zswap.vmstat == {"pswpout": 1}


@pytest.mark.parametrize("length", [-EINVAL, -ENOSPC, 0, 4096, 4100])
@for_kernels("6.18")
def test_6_18_keeps_a_page_that_does_not_compress_as_it_is(zswap: SwapBench, length: int) -> None:
    assert zswap.store(5, length=length) == 0
    assert zswap.records[0].length == 4096
    assert zswap.counters == {"stored_pages": 1, "stored_incompressible_pages": 1}
    zswap.check()
    assert zswap.store(5, length=4095) == 0
    assert zswap.counters == {"stored_pages": 1}
    zswap.check()


@pytest.mark.parametrize("length", [4097, 4419])
@for_kernels("3.11..6.12")
def test_more_than_a_page_is_too_much_for_zbud(zswap: SwapBench, length: int) -> None:
    """What the old lzo and, in 3.11, lz4 return for a page that does not compress."""
    assert zswap.store(5, length=length) == -ENOSPC
    assert zswap.counters == {"reject_compress_poor": 1}


@pytest.mark.parametrize("length", [4097, 4419])
@for_kernels("5.4..6.12")
def test_more_than_a_page_is_an_allocator_error_of_zsmalloc_before_6_8(
    engine: str, kernel: str, length: int
) -> None:
    zswap = SwapBench(engine, 1, kernel=kernel, totalram_pages=100)
    assert zswap.store(5, length=length) < 0
    poor = version(kernel) >= (6, 8)
    assert zswap.counters == {"reject_compress_poor" if poor else "reject_alloc_fail": 1}


def test_no_page_for_the_allocator_is_alloc_fail(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100, pool_pages=2)
    zswap.fill(2)
    assert zswap.store(5) == -ENOMEM
    assert zswap.counters == {"stored_pages": 2, "reject_alloc_fail": 1}
    assert zswap.device(5) == 0
    zswap.check()


def test_a_writeback_counts_as_pswpout_and_from_6_8_on_as_zswpwb(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100)
    zswap.fill(full_at(kernel))
    while "written_back_pages" not in zswap.counters:
        zswap.store(30)
    written_back = zswap.counters["written_back_pages"]
    assert [zswap.device(slot) for slot in range(1, 1 + written_back)] == [
        *range(1, 1 + written_back)
    ]
    refused = zswap.seen("SWAP_WRITE")
    assert zswap.vmstat["pswpout"] >= written_back + len(refused)
    expected = written_back if version(kernel) >= (6, 8) else 0
    assert zswap.vmstat.get("zswpwb", 0) == expected
    zswap.check()


@for_kernels("5.4..6.8")
def test_same_filled_pages_are_never_written_back(zswap: SwapBench) -> None:
    zswap.store(1, same=1)
    zswap.fill(21, first_slot=2)
    zswap.store(40)
    assert zswap.seen("WRITEBACK")[0] == ("WRITEBACK", 2)
    assert zswap.load(1) == 0


@for_kernels("3.11..6.1")
def test_both_buddies_of_a_page_are_written_back_first_before_last(zswap: SwapBench) -> None:
    zswap.store(1, length=1000)
    zswap.store(2, length=2000)
    zswap.fill(20, first_slot=3)
    zswap.store(40)
    assert zswap.seen("EVICT", "WRITEBACK") == [
        ("EVICT", 1),
        ("WRITEBACK", 1),
        ("EVICT", 2),
        ("WRITEBACK", 2),
    ]
    assert zswap.counters["written_back_pages"] == 2
    zswap.check()


@for_kernels("3.11..6.8")
def test_percentages_above_100_are_taken(zswap: SwapBench) -> None:
    zswap.set_parameter(z.MAX_POOL_PERCENT, 300)
    zswap.fill(301)
    before = zswap.counters
    zswap.store(400)
    assert zswap.counters["pool_limit_hit"] == 1
    assert before == {"stored_pages": 301}


def test_invalidate_area_frees_every_entry(zswap: SwapBench) -> None:
    zswap.fill(5)
    zswap.store(10, same=1)
    zswap.invalidate_area()
    assert zswap.counters == {}
    assert zswap.pages() == 0
    assert zswap.load(10) == -ENOENT
    zswap.check()


def test_3_11_does_not_take_the_size_anew_when_an_area_is_invalidated(engine: str) -> None:
    zswap = SwapBench(engine, kernel="3.11", totalram_pages=100)
    zswap.fill(5)
    zswap.invalidate_area()
    assert (zswap.pages(), zswap.cached_pages) == (0, 5)
    zswap.store(1)
    assert zswap.cached_pages == 1


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


def coded(zswap: SwapBench) -> tuple[int, int, int]:
    """Compressions, decompressions for loads, and those for writebacks."""
    counters = (z.COMPRESSIONS, z.LOAD_DECOMPRESSIONS, z.WRITEBACK_DECOMPRESSIONS)
    compressions, loads, writebacks = (zswap.counter(number) for number in counters)
    return compressions, loads, writebacks


def test_a_load_is_a_decompression_but_not_a_miss_or_a_same_filled_page(zswap: SwapBench) -> None:
    zswap.store(1, 1000)
    zswap.store(2, same=2)
    same_is_compressed = zswap.counter(z.COMPRESSIONS) - 1
    assert zswap.load(1) == 0
    zswap.load(2)
    zswap.load(3)
    assert coded(zswap) == (1 + same_is_compressed, 1 + same_is_compressed, 0)
    zswap.check()


def test_a_writeback_is_a_decompression(zswap: SwapBench) -> None:
    """All that a full pool gives up, in whatever way of its kernel."""
    for slot in range(1, 26):
        zswap.store(slot, 3960)
    written = zswap.counter(z.WRITTEN_BACK_PAGES)
    assert written > 0
    assert coded(zswap)[1:] == (0, written)
    zswap.check()


def test_a_page_that_6_18_stores_raw_went_to_the_compressor_but_never_comes_from_it(
    engine: str,
) -> None:
    zswap = SwapBench(engine, kernel="6.18", totalram_pages=1000)
    assert zswap.store(1, -EINVAL) == 0
    assert zswap.store(2, 1000) == 0
    assert [zswap.load(1), zswap.load(2)] == [0, 0]
    assert coded(zswap) == (2, 1, 0)
    zswap = SwapBench(engine, kernel="6.18", totalram_pages=100)
    for slot in range(1, 30):
        zswap.store(slot, 4096 if slot % 2 else 3000)
    written = zswap.counter(z.WRITTEN_BACK_PAGES)
    assert 0 < coded(zswap)[2] < written
    zswap.check()


@pytest.mark.parametrize(
    ("counter", "value", "message"),
    [
        (z.LOAD_DECOMPRESSIONS, 1, "more loads were decompressed than there were"),
        (z.WRITEBACK_DECOMPRESSIONS, 1, "not all writebacks were decompressed"),
        (z.COMPRESSIONS, 0, "more pages are stored than were compressed"),
    ],
)
def test_check_finds_a_wrong_number_of_codings(counter: int, value: int, message: str) -> None:
    zswap = SwapBench(totalram_pages=100)
    zswap.store(1)
    zswap.check()
    zswap.swap.zswap.counters[counter] = value
    with pytest.raises(InvariantError, match=message):
        zswap.check()
