# SPDX-License-Identifier: GPL-2.0-only
"""Reuse distances of whole traces, against other LRUs: the recorder's, libcachesim's, our own."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from benchmarks.oracle_general import lru_misses, write_oracle_general
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.trace.analysis.reuse import (
    ReuseMeter,
    choose_engine,
    miss_ratio_curve,
    reuse_distances,
)
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.trace.trace import Trace
from zswapsim.units import FREED

TRACES = Path(__file__).parents[2] / "traces"
RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data"
NAMES = ["cc1", "python", "sqlite"]


def trace_of(pages: list[int]) -> Trace:
    return Trace.from_arrays(pages, np.zeros(len(pages), bool))


def test_distances_of_a_small_trace(engine: str) -> None:
    """a b b a c b: b again at once, a after b and itself, b after a, c and itself."""
    distances = reuse_distances(trace_of([7, 3, 3, 7, 9, 3]), engine=engine)
    assert distances.distances.tolist() == [0, 1, 1, 1]
    assert (distances.accesses, distances.cold) == (6, 3)
    assert [distances.faults(size) for size in range(5)] == [6, 5, 4, 3, 3]


def test_a_trace_without_accesses_has_no_faults(engine: str) -> None:
    distances = reuse_distances(Trace.from_arrays([], []), engine=engine)
    assert (distances.accesses, distances.cold, distances.quantile(0.5)) == (0, 0, 0)
    memory, faults = distances.curve()
    assert (memory.tolist(), faults.tolist()) == ([0], [0])


def test_one_access_is_one_fault(engine: str) -> None:
    memory, faults = miss_ratio_curve(trace_of([5]), engine=engine)
    assert (memory.tolist(), faults.tolist()) == ([0, 1], [1, 1])


def test_quantile_is_the_least_memory_in_which_that_part_hits(engine: str) -> None:
    distances = reuse_distances(trace_of([0, 0, 0, 1, 0, 2, 3, 1]), engine=engine)
    assert distances.distances.tolist() == [0, 2, 1, 0, 1]
    assert [distances.quantile(part) for part in (0.0, 0.5, 0.51, 0.75, 0.76, 1.0)] == [
        0, 1, 2, 2, 4, 4,
    ]  # fmt: skip


def test_both_engines_find_the_same_in_a_long_trace() -> None:
    """Long enough that positions run out again and again."""
    trace = zipf(60_000, 3000, 0.8, seed=2)
    one, other = (reuse_distances(trace, engine=name) for name in ("interpreted", "compiled"))
    assert (one.distances == other.distances).all()
    assert (
        (one.accesses, one.cold) == (other.accesses, other.cold) == (60_000, trace.footprint_pages)
    )


def test_marks_of_freed_pages_are_ignored(engine: str) -> None:
    arrays = ([0, 1, 0], np.zeros(3, bool))
    freeing = Trace.from_arrays(*arrays, [2], [0], [FREED])
    assert reuse_distances(freeing, engine=engine).faults(2) == 2
    assert reuse_distances(trace_of([0, 1, 0]), engine=engine).faults(2) == 2


def test_negative_memory_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="memory_pages is -1"):
        reuse_distances(trace_of([1])).faults(-1)


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    reuse_distances(trace_of([1, 2, 3]), progress=lambda *step: told.append(step))
    assert told == [("read", 3, 3)]


def test_short_traces_are_interpreted_and_long_ones_compiled() -> None:
    assert choose_engine("auto", 1000) == "interpreted"
    assert choose_engine("auto", 10_000_000) == "compiled"
    with pytest.raises(InvalidArgument, match="engine 'fast'"):
        choose_engine("fast", 1)


@pytest.mark.parametrize("memory_pages", [2, 40, 150, 299])
def test_a_replay_with_plain_swap_faults_as_often(engine: str, memory_pages: int) -> None:
    """A replay makes one first touch a page, which is no major fault; the rest of the curve is."""
    trace = zipf(20_000, 300, 0.7, seed=5, contents=random_contents(20, seed=5))
    distances = reuse_distances(trace, engine=engine)
    config = ReplayConfig(
        memory=f"{memory_pages}p", frontend="none", reclaim="lru", engine="interpreted"
    )
    vmstat = replay(trace, config).vmstat
    assert vmstat["pgmajfault"] == distances.faults(memory_pages) - distances.cold


@pytest.mark.parametrize("name", NAMES)
def test_faults_are_those_that_the_recorder_counted(name: str) -> None:
    path = RECORDINGS / f"{name}.json"
    if not path.exists():
        pytest.skip("no recordings here")
    trace = Trace.open(path)
    expected = trace.meta["lru_faults"]
    distances = reuse_distances(trace, engine="compiled")
    assert len(expected) >= 3
    assert {size: distances.faults(int(size)) for size in expected} == expected


@pytest.mark.parametrize("name", NAMES)
def test_faults_are_the_misses_of_libcachesim(name: str) -> None:
    pytest.importorskip(
        "libcachesim", reason="libcachesim is not installed; pip install '.[bench]' brings it"
    )
    trace = Trace.open(TRACES / f"{name}.ztrace")
    meter = ReuseMeter(trace.pages, "compiled")
    pages = []
    for block in trace.blocks():
        meter.add(block)
        pages.append(block & 0x7FFFFFFF)
    distances = meter.result()
    with TemporaryDirectory() as folder:
        path = Path(folder, "pages.oracleGeneral")
        write_oracle_general(np.concatenate(pages), path)
        for memory in (64, 256, 700, 1200, trace.footprint_pages):
            assert lru_misses(path, trace.accesses, memory) == distances.faults(memory)
