# SPDX-License-Identifier: GPL-2.0-only
"""Reducer: by hand, its limits, and the change from interpreted to compiled on the way."""

import numpy as np
import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.trace.derive import reduce
from zswapsim.trace.derive.reduce import Reducer

A, B, C, W = 0, 1, 2, 1 << 31


def kept(accesses: list[int], k: int, engine: str = "interpreted") -> list[int]:
    reducer = Reducer(k, engine)
    first, rest = reducer.add(np.array(accesses, np.uint32)), reducer.finish()
    return [*first.accesses.tolist(), *rest.accesses.tolist()]


def test_the_middle_one_of_three_goes(engine: str) -> None:
    assert kept([A, B, A, B, A], 3, engine) == [A, B, B, A]
    assert kept([A | W, B, A | W, B, A], 3, engine) == [A | W, B, B, A]


def test_the_write_that_makes_a_page_dirty_stays(engine: str) -> None:
    assert kept([A, B, A | W, B, A], 3, engine) == [A, B, A | W, B, A]
    assert kept([A, A, A | W, A | W, A, A | W], 3, engine) == [A, A | W, A | W]


def test_nothing_goes_when_k_pages_lie_between(engine: str) -> None:
    assert kept([A, B, A | W, C, A], 3, engine) == [A, B, A | W, C, A]


def test_k_of_one_keeps_everything(engine: str) -> None:
    assert kept([A, A, A, B, A, A], 1, engine) == [A, A, A, B, A, A]


def test_an_empty_block_is_nothing(engine: str) -> None:
    assert kept([], 4, engine) == []


@pytest.mark.parametrize("k", [0, -1, reduce.MAX_K + 1])
def test_a_k_that_cannot_be_is_refused(k: int) -> None:
    with pytest.raises(InvalidArgument, match=str(k)):
        Reducer(k)


def test_a_long_sequence_is_compiled_on_the_way_and_nothing_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reduce, "COMPILE_ACCESSES", 500)
    accesses = np.random.default_rng(5).integers(0, 40, 2000).astype(np.uint32)
    auto, plain = Reducer(16), Reducer(16, "interpreted")
    for start in range(0, 2000, 300):
        block = accesses[start : start + 300]
        ours, theirs = auto.add(block), plain.add(block)
        assert ours.indexes.tolist() == theirs.indexes.tolist()
    assert auto.engine == "compiled"
    assert auto.finish().accesses.tolist() == plain.finish().accesses.tolist()
