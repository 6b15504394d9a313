# SPDX-License-Identifier: GPL-2.0-only
"""Reducing a trace: what goes is what the definition says, and LRU does not see it."""

from bisect import bisect_left

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reduce_oracle import Access, Free, lives, lru_evictions, safely_allowed_drop

from zswapsim.trace.derive.reduce import Reducer, Renumbering
from zswapsim.trace.trace import WRITE

ACCESSES = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=200)
KS = st.integers(1, 9)
FREES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 12)), max_size=20)
CUTS = st.lists(st.integers(1, 60), min_size=1, max_size=5)
both_engines = pytest.mark.parametrize("engine", ["interpreted", "compiled"])


def encoded(accesses: list[Access]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array([page | (WRITE if write else 0) for page, write in accesses], np.uint32)


def reduced(
    accesses: list[Access], k: int, cuts: list[int], engine: str, frees: list[Free] | None = None
) -> tuple[list[int], list[Access]]:
    """Reduce in blocks of these lengths, over and over; return as the oracle does."""
    reducer = Reducer(k, engine)
    block, start, parts = encoded(accesses), 0, []
    left = sorted(frees or [])
    while start < len(block):
        for length in cuts:
            stop = min(start + length, len(block))
            due = [(at, page) for at, page in left if at <= stop]
            left = left[len(due) :]
            at, freed = np.array(due, np.uint64).reshape(-1, 2).T
            parts.append(reducer.add(block[start:stop], at, freed.astype(np.uint32)))
            start = stop
    parts.append(reducer.finish())
    assert (reducer.given, reducer.kept) == (len(block), sum(len(part.indexes) for part in parts))
    indexes = [int(index) for part in parts for index in part.indexes]
    stay = [
        (int(access) % WRITE, int(access) >= WRITE) for part in parts for access in part.accesses
    ]
    return indexes, stay


@both_engines
@given(ACCESSES, KS, CUTS)
def test_what_stays_is_what_the_definition_says_in_order(
    engine: str, accesses: list[Access], k: int, cuts: list[int]
) -> None:
    assert reduced(accesses, k, cuts, engine) == safely_allowed_drop(accesses, k)


@both_engines
@given(ACCESSES, KS, st.integers(0, 5))
def test_lru_of_k_pages_or_more_faults_and_evicts_as_before(
    engine: str, accesses: list[Access], k: int, more: int
) -> None:
    indexes, stay = reduced(accesses, k, [200], engine)
    whole = lru_evictions(accesses, list(range(len(accesses))), k + more)
    assert lru_evictions(stay, indexes, k + more) == whole


@both_engines
@given(ACCESSES, FREES, KS, CUTS)
def test_what_was_given_back_is_another_page_after_that(
    engine: str, accesses: list[Access], frees: list[Free], k: int, cuts: list[int]
) -> None:
    indexes, stay = safely_allowed_drop(lives(accesses, frees), k)
    wanted = indexes, [(page, write) for (page, _), write in stay]
    assert reduced(accesses, k, cuts, engine, frees) == wanted


@given(ACCESSES, FREES, KS, st.integers(0, 5))
def test_lru_faults_and_evicts_as_before_where_pages_are_given_back(
    accesses: list[Access], frees: list[Free], k: int, more: int
) -> None:
    indexes, stay = reduced(accesses, k, [200], "interpreted", frees)
    whole = lru_evictions(accesses, list(range(len(accesses))), k + more, frees)
    assert lru_evictions(stay, indexes, k + more, frees) == whole


@both_engines
@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_long_sequence_of_many_pages_is_reduced_alike(engine: str, seed: int, k: int) -> None:
    generator = np.random.default_rng(seed)
    pages = (generator.zipf(1.3, 3000) * 7919) % (1 << 31)
    accesses = [(int(page), bool(page % 3)) for page in pages]
    assert reduced(accesses, k, [1000, 1], engine) == safely_allowed_drop(accesses, k)


@given(ACCESSES, KS, st.lists(st.integers(0, 210)), CUTS)
def test_positions_move_to_where_as_many_kept_accesses_are_before_them(
    accesses: list[Access], k: int, positions: list[int], cuts: list[int]
) -> None:
    """Each position is queued with the block that it lies in, as a recording does."""
    positions = sorted(min(position, len(accesses)) for position in positions)
    reducer, renumbering = Reducer(k, "interpreted"), Renumbering()
    block, start, queued = encoded(accesses), 0, 0
    while start < len(block):
        for length in cuts:
            stop = min(start + length, len(block))
            until = bisect_left(positions, stop)
            renumbering.positions(np.array(positions[queued:until], np.uint64))
            renumbering.advance(reducer.add(block[start:stop]).indexes)
            start, queued = stop, until
    renumbering.positions(np.array(positions[queued:], np.uint64))
    renumbering.advance(reducer.finish().indexes)
    indexes, _ = safely_allowed_drop(accesses, k)
    wanted = [bisect_left(indexes, position) for position in positions]
    assert renumbering.finish().tolist() == wanted
