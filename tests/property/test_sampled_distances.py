# SPDX-License-Identifier: GPL-2.0-only
"""Laws of samples of pages: which pages, none twice, and what a whole sample says is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zswapsim.engine import engines
from zswapsim.trace.analysis.reuse import reuse_distances
from zswapsim.trace.analysis.sampled_pages import (
    LIVE,
    SELECTED,
    lower_threshold,
    make_sample,
    numbers_of,
    select_pages,
    shuffled_page,
)
from zswapsim.trace.analysis.shards import LEAST_PAGES, sampled_distances
from zswapsim.trace.trace import WRITE, Trace

ENGINES = pytest.mark.parametrize("engine", ["interpreted", "compiled"])
seeds = st.integers(0, (1 << 32) - 1)


def trace_of(pages: list[int]) -> Trace:
    return Trace.from_arrays(pages, np.zeros(len(pages), bool))


@given(pages=st.integers(1, 700), seed=seeds)
def test_a_shuffle_is_a_permutation(pages: int, seed: int) -> None:
    state = make_sample(pages, 1, 1, seed, 1, engines.zeros("interpreted"))
    there = numbers_of(pages)
    assert pages <= there <= max(2, 2 * pages)
    assert sorted(shuffled_page(state.rule, page) for page in range(there)) == list(range(there))


@ENGINES
@given(
    accesses=st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=80),
    seed=seeds,
    threshold=st.integers(1, 128),
    most=st.integers(1, 20),
    fall=st.integers(0, 127),
)
def test_a_sample_is_all_accesses_of_the_pages_below_the_threshold(
    engine: str,
    accesses: list[tuple[int, bool]],
    seed: int,
    threshold: int,
    most: int,
    fall: int,
) -> None:
    """It stops before the access that would make it too large; a fall leaves the lower pages."""
    state = make_sample(100, threshold, most, seed, 80, engines.zeros(engine))
    encoded = [page | write * WRITE for page, write in accesses]
    given_ = engines.int_array(encoded) if engine == "compiled" else encoded
    done = engines.entry(select_pages, engine)(state, given_)
    numbers = [shuffled_page(state.rule, page) for page, _ in accesses]
    expected = [number for number in numbers[:done] if number < threshold]
    assert [int(number) for number in state.numbers[: state.counts[SELECTED]]] == expected
    assert state.counts[LIVE] == len(set(expected)) <= most
    if done < len(accesses):
        assert numbers[done] < threshold
        assert len({*expected, numbers[done]}) == most + 1
    lower = min(fall, threshold)
    left = engines.entry(lower_threshold, engine)(state, lower)
    assert left == state.counts[LIVE] == len({n for n in expected if n < lower})


@ENGINES
@settings(max_examples=20)
@given(pages=st.lists(st.integers(0, 60), max_size=150), seed=seeds)
def test_a_sample_of_all_pages_is_exact(engine: str, pages: list[int], seed: int) -> None:
    trace = trace_of(pages)
    exact = reuse_distances(trace, engine=engine)
    memory = np.arange(exact.cold + 3)
    wanted = [exact.faults(size) for size in memory.tolist()]
    for asked in ({"rate": 1.0}, {"pages": LEAST_PAGES}):
        found = sampled_distances(trace, seed=seed, engine=engine, **asked)
        assert found.faults(memory).tolist() == wanted
        assert not found.errors(memory).any()
        assert (found.rate, found.sampled_accesses) == (1, len(pages))
        assert [found.quantile(part) for part in (0.5, 0.9, 1)] == [
            exact.quantile(part) for part in (0.5, 0.9, 1)
        ]


@given(
    pages=st.lists(st.integers(0, 300), min_size=1, max_size=900),
    spread=st.integers(200, 400),
    seed=seeds,
    fixed=st.booleans(),
)
def test_more_memory_has_no_more_faults_and_the_ends_are_known(
    pages: list[int], spread: int, seed: int, fixed: bool
) -> None:
    trace = trace_of([*range(spread), *pages])
    asked = {"pages": LEAST_PAGES} if fixed else {"rate": 0.5}
    found = sampled_distances(trace, seed=seed, engine="interpreted", **asked)
    faults = found.faults(np.arange(trace.footprint_pages + 2))
    assert (np.diff(faults) <= 0).all()
    assert faults[0] == trace.accesses
    assert faults[-1] == faults[-2] == trace.footprint_pages
    assert found.sampled_pages <= (LEAST_PAGES if fixed else trace.footprint_pages)
    errors = found.errors(np.arange(trace.footprint_pages + 2))
    assert (errors[np.arange(len(errors)) >= found.clear_pages] >= 0).all()
    assert errors[0] == errors[-1] == 0
