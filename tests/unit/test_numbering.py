# SPDX-License-Identifier: GPL-2.0-only
"""Pages get numbers in the order in which they appear, whatever their names are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.engine import engines
from zswapsim.trace import numbering
from zswapsim.trace.numbering import PageNumbering
from zswapsim.trace.trace import WRITE

names = st.one_of(st.integers(0, 5), st.integers(-(1 << 63), (1 << 63) - 1))
accesses = st.lists(st.tuples(names, st.booleans()), max_size=60)


def numbered(
    batches: list[list[tuple[int, bool]]], engine: str, *, collapse: bool
) -> tuple[list[int], list[int]]:
    """Number batches; return the encoded accesses and the names."""
    pages = PageNumbering(engine, collapse=collapse)
    made: list[int] = []
    for batch in batches:
        keys = [key for key, _ in batch]
        writes = [int(write) for _, write in batch]
        if engine == "compiled":
            keys, writes = (engines.int_array(np.array(x, np.int64)) for x in (keys, writes))  # type: ignore[assignment]
        made += pages.add(keys, writes, len(batch)).tolist()
    made += pages.finish().tolist()
    return made, pages.page_numbers.tolist()


def oracle(batches: list[list[tuple[int, bool]]], *, collapse: bool) -> tuple[list[int], list[int]]:
    number_of: dict[int, int] = {}
    made: list[list[int]] = []
    for key, write in (access for batch in batches for access in batch):
        page = number_of.setdefault(key, len(number_of))
        if collapse and made and made[-1][0] == page:
            made[-1][1] |= write
        else:
            made.append([page, write])
    return [page + WRITE * write for page, write in made], [key % 2**64 for key in number_of]


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
@pytest.mark.parametrize("collapse", [False, True])
@given(batches=st.lists(accesses, max_size=5))
def test_numbers_are_those_of_a_dictionary(
    batches: list[list[tuple[int, bool]]], engine: str, collapse: bool
) -> None:
    assert numbered(batches, engine, collapse=collapse) == oracle(batches, collapse=collapse)


def test_table_grows(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "_ROOM", 2)
    batches = [[(at * at << 40, at % 3 == 0) for at in range(start, 500)] for start in (0, 100)]
    assert numbered(batches, engine, collapse=True) == oracle(batches, collapse=True)
