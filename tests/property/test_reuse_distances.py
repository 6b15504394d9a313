# SPDX-License-Identifier: GPL-2.0-only
"""Laws of reuse distances: they are the depths in an LRU stack, however positions are reused."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.engine import engines
from zswapsim.trace.analysis.reuse import (
    COLD,
    make_reuse,
    measure_reuse,
    reuse_distances,
)
from zswapsim.trace.trace import WRITE, Trace

PAGES = 12
accesses = st.lists(st.tuples(st.integers(0, PAGES - 1), st.booleans()), max_size=120)


def stack_distances(pages: list[int]) -> tuple[Counter[int], int]:
    """The definition: a page's place in the stack of pages, the latest first, from 1 on."""
    stack: list[int] = []
    distances: Counter[int] = Counter()
    cold = 0
    for page in pages:
        if page in stack:
            distances[stack.index(page) + 1] += 1
            stack.remove(page)
        else:
            cold += 1
        stack.insert(0, page)
    return distances, cold


def lru_faults(pages: list[int], memory_pages: int) -> int:
    """A cache of so many pages, literally."""
    held: list[int] = []
    faults = 0
    for page in pages:
        if page in held:
            held.remove(page)
        else:
            faults += 1
        held = [page, *held][:memory_pages]
    return faults


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
@given(made=accesses, spare=st.integers(1, 20), piece=st.integers(1, 50))
def test_distances_are_depths_in_the_lru_stack(
    engine: str, made: list[tuple[int, bool]], spare: int, piece: int
) -> None:
    """Few spare positions make them run out every few accesses; pieces are blocks."""
    state = make_reuse(PAGES, engines.zeros(engine), PAGES + spare)
    run = engines.entry(measure_reuse, engine)
    encoded = [page | write * WRITE for page, write in made]
    for start in range(0, len(encoded), piece):
        part = encoded[start : start + piece]
        length = run(state, engines.int_array(part) if engine == "compiled" else part)
        assert length == len(part)
    expected, cold = stack_distances([page for page, _ in made])
    assert {d: int(n) for d, n in enumerate(state.distances) if n} == expected
    assert state.counts[COLD] == cold


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
@given(made=accesses)
def test_curve_is_the_faults_of_lru_at_every_size(
    engine: str, made: list[tuple[int, bool]]
) -> None:
    pages = [page for page, _ in made]
    trace = Trace.from_arrays(pages, np.array([write for _, write in made], bool))
    distances = reuse_distances(trace, engine=engine)
    memory, faults = distances.curve()
    assert memory.tolist() == list(range(len(set(pages)) + 1))
    assert faults.tolist() == [lru_faults(pages, size) for size in memory.tolist()]
    for size in range(PAGES + 3):
        assert distances.faults(size) == lru_faults(pages, size)
