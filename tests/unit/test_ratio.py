# SPDX-License-Identifier: GPL-2.0-only
"""What is measured of given pages: lengths, pools, samples, several inputs together."""

import json
import random
from typing import Any

import lz4.block
import numpy as np
import pytest
import zstandard
from bump_pool import bump_driver

from zswapsim import Trace, zpool
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.ratio import (
    PageSet,
    RatioConfig,
    RatioResult,
    measure_ratio,
    measure_ratios,
    pages_of_bytes,
    pages_of_trace,
)
from zswapsim.experiment.ratio.measure import label_of
from zswapsim.experiment.ratio.speeds import affordable_pages, measure_speeds
from zswapsim.report.ratio import ratio_lines
from zswapsim.units import FREED, PAGE_SIZE

ZERO, SAME = bytes(PAGE_SIZE), b"12345678" * 512


def some_pages(count: int, seed: int = 0) -> list[bytes]:
    """Pages of which each has another share of random bytes."""
    drawn = random.Random(seed)
    pages = []
    for _ in range(count):
        random_bytes = drawn.randrange(PAGE_SIZE)
        pages.append(drawn.randbytes(random_bytes) + b"zswap " * 700)
    return [page[:PAGE_SIZE] for page in pages]


def measure(pages: list[bytes], **settings: Any) -> RatioResult:
    config = RatioConfig(**{"timed": False, "compressors": ["lz4"], **settings})
    return measure_ratio(pages_of_bytes(b"".join(pages)), config)


def pools_of(result: RatioResult) -> dict[str, dict[str, Any]]:
    return {pool["zpool"]: pool for pool in result.pools}


def test_the_ratio_is_that_of_direct_calls_of_the_libraries() -> None:
    pages = some_pages(60)
    result = measure(pages, compressors=["lz4", "zstd:5"])
    level = zstandard.ZstdCompressor(level=5)
    expected = {
        "lz4": [len(lz4.block.compress(page, store_size=False)) for page in pages],
        "zstd:5": [len(level.compress(page)) for page in pages],
    }
    for told in result.compressors:
        lengths = sorted(min(PAGE_SIZE, length) for length in expected[told["name"]])
        assert told["compressed_bytes"] == sum(lengths)
        assert told["ratio"] == 60 * PAGE_SIZE / sum(lengths)
        assert told["mean_length_bytes"] == sum(lengths) / 60
        assert told["percentiles"] == {
            "10": lengths[5],
            "50": lengths[29],
            "90": lengths[53],
            "99": lengths[59],
        }


def test_histogram_and_incompressible_pages_add_up_to_all_pages() -> None:
    pages = [*some_pages(40), random.Random(1).randbytes(PAGE_SIZE)]
    (told,) = measure(pages).compressors
    assert told["incompressible"] == 1
    assert len(told["histogram"]) == 64
    assert sum(told["histogram"]) + told["incompressible"] == told["pages"] == 41
    lengths = [len(lz4.block.compress(page, store_size=False)) for page in pages[:40]]
    assert told["histogram"] == [
        sum(64 * step < length <= 64 * (step + 1) for length in lengths) for step in range(64)
    ]


@pytest.mark.parametrize(
    ("kernel", "need_room"), [("3.11", 24), ("5.4", 20), ("6.8", 20), ("6.12", 21)]
)
def test_pages_that_need_no_room_are_kept_out_as_the_kernel_does(
    kernel: str, need_room: int
) -> None:
    result = measure([ZERO, ZERO, ZERO, SAME, *some_pages(20)], kernel=kernel, zpools=["zbud"])
    pages = result.pages
    assert (pages["zero"], pages["same_filled"], pages["need_room"]) == (3, 1, need_room)
    assert result.compressors[0]["pages"] == need_room
    (pool,) = result.pools
    assert pool["offered"] == need_room
    assert pool["effective_ratio"] == (pool["stored"] + 24 - need_room) / pool["pool_pages"]


@pytest.mark.parametrize("kernel", ["5.4", "6.12"])
def test_the_bytes_of_each_pool_add_up(kernel: str) -> None:
    pages = [*some_pages(200), *(random.Random(n).randbytes(PAGE_SIZE) for n in range(3))]
    for pool in measure(pages, kernel=kernel).pools:
        assert sum(pool["bytes"].values()) == pool["pool_pages"] * PAGE_SIZE
        assert pool["stored"] + pool["refused"] == pool["offered"] == 203
        assert pool["refused_incompressible"] + pool["refused_too_large"] == pool["refused"] >= 3
        assert pool["density"] == pool["stored"] / pool["pool_pages"]


def test_the_header_of_zswap_is_in_pools_that_can_be_shrunk_up_to_6_1() -> None:
    pages = some_pages(50)
    old, new = pools_of(measure(pages, kernel="6.1")), pools_of(measure(pages, kernel="6.6"))
    assert old["zbud"]["bytes"]["zswap_headers"] == 8 * old["zbud"]["stored"]
    assert old["z3fold"]["bytes"]["zswap_headers"] == 8 * old["z3fold"]["stored"]
    assert old["zsmalloc"]["bytes"]["zswap_headers"] == 0
    assert all(pool["bytes"]["zswap_headers"] == 0 for pool in new.values())


def test_6_18_keeps_an_incompressible_page_as_it_is() -> None:
    pages = [random.Random(n).randbytes(PAGE_SIZE) for n in range(5)]
    pools = pools_of(measure(pages, kernel="6.18"))
    assert pools["zsmalloc"]["pool_pages"] == pools["zsmalloc"]["stored"] == 5
    assert pools["zsmalloc"]["bytes"]["data"] == 5 * PAGE_SIZE
    # zbud is that of 6.12 here, which does not.
    assert pools["zbud"]["kernel"] == "6.12"
    assert (pools["zbud"]["pool_pages"], pools["zbud"]["refused_incompressible"]) == (0, 5)
    assert pools["zbud"]["density"] is pools["zbud"]["gib_holds"] is None


def test_a_length_that_is_passed_on_is_refused_by_the_pool() -> None:
    pages = [random.Random(n).randbytes(PAGE_SIZE) for n in range(5)]
    pools = measure(pages, kernel="3.11").pools
    assert [pool["kernel"] for pool in pools] == ["3.11", "5.4", "5.4"]
    for pool in pools:
        assert (pool["refused_too_large"], pool["refused_incompressible"]) == (5, 0)


def test_the_unfilled_zspages_of_few_pages_do_not_count_for_a_gibibyte() -> None:
    few = pools_of(measure(some_pages(500), zpools=["zsmalloc"]))["zsmalloc"]
    many = pools_of(measure(some_pages(500) * 60, zpools=["zsmalloc"]))["zsmalloc"]
    assert few["density"] < 0.95 * many["density"]
    assert few["gib_holds"] == pytest.approx(many["gib_holds"], rel=0.01)
    assert many["gib_holds"] == pytest.approx(many["density"], rel=0.01)


def test_pool_percent_tells_what_all_memory_holds() -> None:
    pages = some_pages(50)
    for percent, zpools in ((0, ["zbud"]), (100, ["zbud"]), (20, ["zsmalloc"])):
        (pool,) = measure(pages, zpools=zpools, pool_percent=percent).pools
        expected = (100 - percent + percent * pool["gib_holds"]) / 100
        assert pool["ram_ratio"] == pytest.approx(expected)


def test_each_version_of_a_page_and_each_page_of_a_snapshot_counts() -> None:
    first, second, third = some_pages(3)
    contents = np.frombuffer(first + second + third, np.uint8).reshape(3, PAGE_SIZE)
    trace = Trace.from_arrays(
        page=[0, 1],
        write=[True, True],
        version_at=[0, 0, 1, 1],
        version_page=[1, 0, 0, 1],
        version_content=[0, 2, 0, FREED],
        contents=contents,
    )
    found = pages_of_trace(trace)
    assert [found.page(content) for content in found.content.tolist()] == [third, first, first]
    assert (len(found), found.of, found.unit, found.distinct) == (3, 3, "versions", 2)


def test_a_sample_is_of_that_many_pages_and_the_same_for_a_seed() -> None:
    pages = np.frombuffer(b"".join(some_pages(50)), np.uint8).reshape(50, PAGE_SIZE)
    snapshot = Trace.from_arrays([], [], [0] * 50, range(50), range(50), pages)
    samples = [pages_of_trace(snapshot, sample_pages=10, seed=seed) for seed in (1, 1, 2)]
    assert [(len(one), one.of) for one in samples] == [(10, 50)] * 3
    assert samples[0].contents == samples[1].contents != samples[2].contents
    places = [bytes(pages.tobytes()).index(samples[0].page(at)) for at in samples[0].content]
    assert places == sorted(places)


def test_several_inputs_are_told_one_by_one_and_together() -> None:
    first = PageSet(b"".join(some_pages(30, 1)), np.arange(30), "first")
    second = pages_of_bytes(ZERO + b"".join(some_pages(20, 2))[:-9], "second")
    config = RatioConfig(timed=False)
    *alone, total = measure_ratios([first, second], config)
    assert [one.name for one in alone] == ["first", "second"]
    assert alone[0] == measure_ratio(first, config)
    assert total.name == "total"
    assert total.pages["measured"] == 51
    assert total.pages["zero"] == 1
    assert total.pages["padded_bytes"] == 9
    for at, told in enumerate(total.compressors):
        parts = [one.compressors[at] for one in alone]
        assert told["compressed_bytes"] == sum(part["compressed_bytes"] for part in parts)
        assert told["histogram"] == [
            sum(pair) for pair in zip(*(part["histogram"] for part in parts), strict=True)
        ]
    for pool in total.pools:
        assert pool["offered"] == 50
        assert sum(pool["bytes"].values()) == pool["pool_pages"] * PAGE_SIZE


def test_the_same_pages_give_the_same_result_and_plain_numbers() -> None:
    pages = some_pages(30)
    result = measure(pages, seed=3)
    assert result.timing is None
    assert result.to_json() == measure(pages, seed=3).to_json()
    assert json.loads(result.to_json()) == result.to_dict()
    rows = result.rows()
    assert [(row["compressor"], row["zpool"]) for row in rows] == [
        ("lz4", "zbud"),
        ("lz4", "z3fold"),
        ("lz4", "zsmalloc"),
    ]
    for row in rows:
        parts = ("data", "zswap_headers", "pool_headers", "rounding", "holes", "tails", "unfilled")
        assert sum(row[f"{part}_bytes"] for part in parts) == row["pool_pages"] * PAGE_SIZE


def test_file_order_knows_no_seed_and_any_order_stores_the_same_bytes() -> None:
    small, large = b"a" * 3000 + random.Random(1).randbytes(1096), some_pages(1)[0]
    pages = [small, random.Random(2).randbytes(3300) + bytes(796)] * 10 + [large] * 10
    orders = [pools_of(measure(pages, seed=seed))["z3fold"] for seed in range(4)]
    assert len({json.dumps(order["file_order"]) for order in orders}) == 1
    assert orders[0]["bytes"]["data"] == orders[1]["bytes"]["data"]


def test_speeds_have_their_median_between_the_extremes() -> None:
    result = measure(some_pages(5), compressors=["lz4", "zstd"], timed=True)
    assert result.timing is not None
    assert result.timing["pages"] == 5
    for told in result.compressors:
        for speed in told["speed"].values():
            assert 0 < speed["min_us"] <= speed["median_us"] <= speed["max_us"]
            assert speed["mb_per_s"] == pytest.approx(PAGE_SIZE / speed["median_us"])


def test_slow_compressors_are_timed_with_fewer_pages() -> None:
    from zswapsim.content.compressors import compressor

    codecs, pages = [compressor("zstd:1")], some_pages(600)
    assert affordable_pages(codecs, pages, most_ns=0) == pages[:32]
    assert affordable_pages(codecs, pages, most_ns=1 << 60) == pages[:512]
    assert affordable_pages(codecs, pages[:5], most_ns=0) == pages[:5]


class Forgetful:
    """A compressor that gives another page back."""

    name = "forgetful"

    def compress(self, page: bytes) -> bytes:
        return b"x"

    def decompress(self, data: bytes) -> bytes:
        return ZERO


def test_a_compressor_that_does_not_give_the_page_back_is_found_out() -> None:
    with pytest.raises(Exception, match="forgetful: a page came back with other bytes"):
        measure_speeds([Forgetful()], some_pages(1))  # type: ignore[list-item]


def test_a_pool_that_does_not_tell_where_its_bytes_go_still_adds_up() -> None:
    driver = bump_driver()
    zpool.register(driver)
    try:
        result = measure(some_pages(20), zpools=["bump"])
    finally:
        zpool.unregister(driver)
    (pool,) = result.pools
    data = f"{100 * pool['bytes']['data'] / 20 / PAGE_SIZE:.1f}"
    (row,) = (line for line in ratio_lines(result.to_dict(), 80) if " bump " in line)
    assert row.split()[5:7] == [data, "0.0"]
    assert row.split()[8:] == ["-", "-", "0.0"]
    assert pool["density"] == 1
    assert set(pool["bytes"]) == {"data", "zswap_headers", "other"}
    assert sum(pool["bytes"].values()) == pool["pool_pages"] * PAGE_SIZE


def test_bare_bytes_are_cut_into_pages_and_padded() -> None:
    found = pages_of_bytes(b"x" * (PAGE_SIZE + 1))
    assert len(found) == 2
    assert found.padded_bytes == PAGE_SIZE - 1
    assert found.page(1) == b"x" + bytes(PAGE_SIZE - 1)
    with pytest.raises(InvalidArgument, match="there are no bytes"):
        pages_of_bytes(b"")


def test_what_cannot_be_measured_is_refused() -> None:
    pages = some_pages(1)
    with pytest.raises(NoEntry, match=r"there are .*lz4"):
        measure(pages, compressors=["lz5"])
    with pytest.raises(NoEntry, match="there are zbud"):
        measure(pages, zpools=["zbut"])
    with pytest.raises(NoEntry, match=r"there are 3\.11"):
        measure(pages, kernel="7.0")
    with pytest.raises(InvalidArgument, match="no compressor"):
        measure(pages, compressors=[])
    with pytest.raises(InvalidArgument, match="allowed are 1 and more"):
        pages_of_trace(Trace.from_arrays([], []), sample_pages=0)
    with pytest.raises(InvalidArgument, match="no contents of pages"):
        measure_ratio(Trace.from_arrays(page=[0], write=[True]))


def test_labels_tell_the_settings_that_are_not_the_kernels() -> None:
    from zswapsim.content.compressors import compressor

    specs = ["zstd:3", "zstd:level=9", "lz4:acceleration=4", "lzo-rle"]
    labels = [label_of(compressor(spec)) for spec in specs]
    assert labels == ["zstd", "zstd:9", "lz4:4", "lzo-rle"]
