# SPDX-License-Identifier: GPL-2.0-only
"""Samples of traces: the stated error covers the true one, and their memory goes by the sample."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.trace.analysis.reuse import ReuseMeter, make_reuse, reuse_distances
from zswapsim.trace.analysis.shards import (
    ABSOLUTE,
    CLEAR_PAGES,
    HEADROOM,
    TRUST,
    Level,
    SampledMeter,
    parse_rate,
    sampled_distances,
)
from zswapsim.trace.synthetic import synthetic_trace, zipf
from zswapsim.trace.trace import Trace

TRACES = Path(__file__).parents[2] / "traces"
CASES: dict[str, tuple[dict[str, Any], ...]] = {
    "cc1": ({"rate": 0.15}, {"pages": 250}),
    "python": ({"rate": 0.15}, {"pages": 250}),
    "sqlite": ({"rate": 0.15}, {"pages": 250}),
    "zipf:1.0": ({"rate": 0.01}, {"pages": 500}),
    "zipf:0.7": ({"rate": 0.01}, {"pages": 500}),
    "phases": ({"rate": 0.05}, {"pages": 500}),
}


def trace_of(name: str) -> Trace:
    path = TRACES / f"{name}.ztrace"
    return Trace.open(path) if path.exists() else synthetic_trace(name, 400_000, 30_000, seed=1)


def covered(name: str, seeds: range) -> tuple[list[int], float, float]:
    """Return of each sample at how many of ten sizes the truth is within the interval, and the mean
    errors over a hundred sizes that there are and that are stated, in parts of the accesses."""
    trace = trace_of(name)
    exact = reuse_distances(trace, engine="compiled")
    sizes = np.arange(1, 101) * exact.cold // 100
    true = np.array([exact.faults(size) for size in sizes.tolist()])
    within, off, stated = [], [], []
    for asked in CASES[name]:
        for seed in seeds:
            found = sampled_distances(trace, seed=seed, engine="compiled", **asked)
            errors = found.errors(sizes)
            away = np.abs(found.faults(sizes) - true)
            known = ~np.isnan(errors)
            assert known[9::10].all()
            within.append(int(np.count_nonzero((away <= TRUST * errors + 0.5)[9::10])))
            off.append(away[known].mean() / trace.accesses)
            stated.append(ABSOLUTE * errors[known].mean() / trace.accesses)
    return within, float(np.mean(off)), float(np.mean(stated))


def test_the_true_faults_are_within_the_stated_error_at_nine_of_ten_sizes() -> None:
    found = [covered(name, range(4)) for name in CASES]
    assert np.mean([within for within, _, _ in found]) >= 9
    off, stated = (sum(errors) for errors in list(zip(*found, strict=True))[1:])
    assert 1 / 6 <= off / stated <= 6 / 5


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_the_stated_error_holds_of_each_trace(name: str) -> None:
    within, off, stated = covered(name, range(60))
    assert np.mean(within) >= 9
    assert 1 / 6 <= off / stated <= 6 / 5
    assert off <= 0.02


def test_the_error_is_not_known_where_memory_holds_few_pages_of_the_sample() -> None:
    found = sampled_distances(zipf(20_000, 2000, 0.5, seed=1), rate=0.25)
    assert found.clear_pages == math.ceil(CLEAR_PAGES / found.rate)
    errors = found.errors([0, 1, found.clear_pages - 1, found.clear_pages, 1500])
    assert np.isnan(errors).tolist() == [False, True, True, False, False]


def test_both_engines_find_the_same(engine: str) -> None:
    trace = zipf(30_000, 2000, 0.8, seed=2)
    sizes = np.arange(0, 2000, 50)
    found = sampled_distances(trace, pages=100, seed=3, engine=engine)
    other = sampled_distances(trace, pages=100, seed=3, engine="interpreted")
    assert found.faults(sizes).tolist() == other.faults(sizes).tolist()
    np.testing.assert_array_equal(found.errors(sizes), other.errors(sizes))
    assert 5 < len(found.levels) < 20
    assert 80 <= found.sampled_pages <= 100


def test_the_blocks_that_a_trace_comes_in_make_no_difference() -> None:
    trace = zipf(20_000, 2000, 0.8, seed=2)
    accesses = np.concatenate(list(trace.blocks()))
    results = []
    for length in (1, 700, 20_000):
        meter = SampledMeter(2000, "interpreted", threshold=400, most_pages=100, seed=1)
        for start in range(0, len(accesses), length):
            meter.add(accesses[start : start + length])
        results.append(meter.result(trace.footprint_pages).faults(np.arange(2000)).tolist())
    assert results[0] == results[1] == results[2]


def test_another_seed_is_another_sample() -> None:
    trace = zipf(20_000, 1000, seed=1)
    one, other = (sampled_distances(trace, rate=0.2, seed=seed).faults(300) for seed in (1, 2))
    assert one.tolist() != other.tolist()


def test_pages_in_a_row_are_in_samples_as_often_as_any() -> None:
    """A hash that followed page numbers would make groups alike, and the error too small."""
    trace = Trace.from_arrays(np.arange(1 << 14), np.zeros(1 << 14, bool))
    pages = [sampled_distances(trace, rate=0.1, seed=s).sampled_pages for s in range(20)]
    # All numbers are used, so the sample has the same size whatever the seed.
    assert set(pages) == {round(0.1 * (1 << 14))}
    every_third = Trace.from_arrays(np.arange(0, 1 << 14, 3), np.zeros(5462, bool))
    pages = [sampled_distances(every_third, rate=0.1, seed=s).sampled_pages for s in range(20)]
    assert abs(np.mean(pages) - 546) < 20
    assert 5 < np.std(pages) < 45  # 22 if they were drawn one by one


def test_memory_goes_by_the_pages_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counted(pages: int, zeros: Any, positions: int = 0) -> Any:
        made.append(pages)
        return make_reuse(pages, zeros, positions)

    monkeypatch.setattr("zswapsim.trace.analysis.reuse.make_reuse", counted)
    trace = zipf(3000, 1 << 20, 0.5, seed=1)
    sampled_distances(trace, pages=100, engine="interpreted")
    assert sum(made) <= 2 * 2 * HEADROOM * 100
    made.clear()
    sampled_distances(trace, rate=0.1, engine="interpreted")
    assert sum(made) <= 2 * 2 * 0.1 * (1 << 20)


def test_the_correction_gives_the_first_bucket_what_is_missing() -> None:
    """Of 1000 accesses 100 are expected at a tenth: 10 first ones, and 90 with a distance."""
    level = Level(rate=0.1, accesses=1000, cold=10, deeper=np.array([40, 30, 0]))
    assert level.repeated_faults(np.array([0.0, 5.0, 10.0, 20.0, 99.0])).tolist() == [
        900, 600, 300, 0, 0,
    ]  # fmt: skip


def test_forgotten_pages_count_as_never_accessed(engine: str) -> None:
    meter = ReuseMeter(4, engine)
    meter.add(np.array([0, 3, 1, 2]))
    meter.keep_below(2)
    meter.add(np.array([0, 1]))
    result = meter.result()
    assert result.distances.tolist() == [0, 0, 2]
    assert (result.accesses, result.cold) == (6, 4)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "a rate, or a number of pages"),
        ({"rate": 0.1, "pages": 100}, "a rate, or a number of pages"),
        ({"rate": 0.0}, "allowed are above 0 to 100 %"),
        ({"rate": 1.5}, "150 %"),
        ({"rate": 0.01}, "1 % is 10 of 1,000 pages; allowed are 64 pages and more"),
        ({"pages": 63}, "63 pages: allowed are 64 and more"),
    ],
)
def test_a_sample_that_cannot_be_is_refused(asked: dict[str, Any], said: str) -> None:
    trace = Trace.from_arrays(np.arange(1000), np.zeros(1000, bool))
    with pytest.raises(InvalidArgument, match=said.replace("(", r"\(")):
        sampled_distances(trace, **asked)


@pytest.mark.parametrize(("text", "rate"), [("1%", 0.01), ("0.5 %", 0.005), ("100%", 1.0)])
def test_a_rate_is_a_percentage(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["1", "0%", "101%", "-1%", "nan%", "", "1%%", "1e1%"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="is no part of the pages"):
        parse_rate(text)
