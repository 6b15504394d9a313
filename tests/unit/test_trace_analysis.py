# SPDX-License-Identifier: GPL-2.0-only
"""Working sets, kinds of pages, what a sample of contents tells, and contents access by access."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.trace.analysis.content_mix import content_mix
from zswapsim.trace.analysis.contents_at import first_accesses
from zswapsim.trace.analysis.kinds import KINDS, kinds_of
from zswapsim.trace.analysis.working_set import WorkingSetMeter, working_set
from zswapsim.trace.synthetic import mix_contents, parse_mix
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import FREED, PAGE_SIZE

accesses = st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=80)


def trace_of(made: list[tuple[int, bool]], *more: Any) -> Trace:
    return Trace.from_arrays(
        [page for page, _ in made], np.array([write for _, write in made], bool), *more
    )


# working set


@given(accesses, st.integers(1, 12), st.integers(1, 30))
def test_working_set_is_what_each_window_touches(
    made: list[tuple[int, bool]], windows: int, piece: int
) -> None:
    trace = trace_of(made)
    meter = WorkingSetMeter(trace.pages, trace.accesses, windows)
    for block in trace.blocks(piece):
        meter.add(block)
    found = meter.result()
    length = found.window_accesses
    parts = [made[start : start + length] for start in range(0, len(made), length)]
    assert len(parts) <= windows
    assert found.touched.tolist() == [len({page for page, _ in part}) for part in parts]
    assert found.writes.tolist() == [sum(write for _, write in part) for part in parts]
    assert found.footprint.tolist() == [
        len({page for page, _ in made[: (number + 1) * length]}) for number in range(len(parts))
    ]
    assert found.written_pages == len({page for page, write in made if write})


def test_working_set_of_nothing_has_no_windows() -> None:
    found = working_set(Trace.from_arrays([], []))
    assert (found.touched.tolist(), found.written_pages) == ([], 0)


# kinds


def page_of(*words: int) -> np.ndarray[Any, Any]:
    """A page that repeats these words."""
    return np.resize(np.array(words, "<u8"), PAGE_SIZE // 8).view(np.uint8)


def kind_of(page: np.ndarray[Any, Any]) -> str:
    return KINDS[int(kinds_of(page.reshape(1, PAGE_SIZE))[0])]


@pytest.mark.parametrize(
    ("kind", "shares"),
    [
        ("zero", {"zero": 100}),
        ("same", {"same": 100}),
        ("text", {"text": 100}),
        ("incompressible", {"random": 100}),
    ],
)
def test_made_up_pages_are_of_their_kind(kind: str, shares: dict[str, float]) -> None:
    found = kinds_of(mix_contents(300, shares, seed=8))
    assert {KINDS[number] for number in found.tolist()} == {kind}


def test_rules_hold_at_their_limits() -> None:
    text = np.zeros(PAGE_SIZE, np.uint8)
    text[: PAGE_SIZE // 2] = ord("x")
    assert kind_of(text) == "text"
    text[0] = 0
    assert kind_of(text) == "compressible", "less than half of it is text"
    text[:] = ord("x")
    text[: PAGE_SIZE // 4] = 200
    assert kind_of(text) == "compressible", "less than four fifths of what is there is text"
    address = 0x7F12_3456_7890
    assert kind_of(page_of(address, 1, 2, 3, 4)) == "pointers"
    assert kind_of(page_of(address, 1, 2, 3, 4, 5)) == "compressible", "a sixth of the words"
    assert kind_of(page_of(address + 1, 1, 2, 3)) == "compressible", "not aligned"
    assert kind_of(page_of(1 << 24, 1)) == "pointers"
    assert kind_of(page_of((1 << 24) - 8, 1)) == "compressible", "too small"
    assert kind_of(page_of(1 << 48, 1)) == "compressible", "too large"
    noise = mix_contents(1, {"random": 100}, seed=1)[0].copy()
    noise[PAGE_SIZE // 2 :] = noise[: PAGE_SIZE // 2]
    assert kind_of(noise) == "compressible", "noise that repeats"


def test_kinds_are_those_of_each_page_alone() -> None:
    pages = mix_contents(700, parse_mix("zero=20,same=20,text=20,pointers=20,random=20"), 3)
    alone = [int(kinds_of(page.reshape(1, PAGE_SIZE))[0]) for page in pages]
    assert kinds_of(pages).tolist() == alone
    assert len(set(alone)) == len(KINDS)


# content mix


def test_mix_counts_a_content_as_often_as_pages_held_it() -> None:
    contents = bytes(PAGE_SIZE) + b"text" * (PAGE_SIZE // 4) + b"\x01" * PAGE_SIZE
    trace = trace_of([(0, False)], [0, 0, 0, 1, 1], [0, 1, 2, 0, 1], [0, 0, 2, 0, FREED], contents)
    mix = content_mix(trace)
    assert (mix.sampled, mix.of) == (4, 4)
    assert mix.counts == dict.fromkeys(KINDS, 0) | {"zero": 3, "same": 1}


def test_mix_of_contents_without_pages_looks_at_each() -> None:
    mix = content_mix(trace_of([(0, False)], [], [], [], mix_contents(9, {"random": 100})))
    assert mix.counts["incompressible"] == mix.sampled == mix.of == 9


def test_mix_of_nothing_is_nothing() -> None:
    assert content_mix(trace_of([(0, True)])).sampled == 0


def test_a_sample_is_near_the_whole_and_the_same_each_time() -> None:
    pages = mix_contents(1000, parse_mix("zero=50,random=50"), 2)
    trace = trace_of([(0, False)], [0] * 1000, range(1000), range(1000), pages)
    mix = content_mix(trace, sample=300)
    assert (mix.sampled, mix.of) == (300, 1000)
    assert mix.counts["zero"] == pytest.approx(150, abs=30)
    assert mix == content_mix(trace, sample=300)


# contents access by access

versions = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 4), st.sampled_from([0, 1, FREED])), max_size=12
)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=20),
    versions,
    st.integers(0, 25),
)
def test_first_accesses_see_the_contents_of_that_moment(
    made: list[tuple[int, bool]], changes: list[tuple[int, int, int]], count: int
) -> None:
    changes = sorted(
        ((min(at, len(made)), page, held) for at, page, held in changes), key=lambda one: one[0]
    )
    columns = [list(column) for column in zip(*changes, strict=True)] or [[], [], []]
    trace = trace_of(made, *columns, bytes(PAGE_SIZE) + b"\x01" * PAGE_SIZE)
    found = list(first_accesses(trace, count))
    assert len(found) == min(count, len(made))
    for number, access in enumerate(found):
        page, write = made[number]
        assert (access.number, access.page, access.write) == (number, page, write)
        before = [held for at, of, held in changes if of == page and at <= number]
        later = [held for at, of, held in changes if of == page and held != FREED]
        expected = before[-1] if before else later[0] if later else None
        assert access.content == (None if expected == FREED else expected)
        assert access.fresh == (expected == FREED)
        freed = tuple(of for at, of, held in changes if held == FREED and at == number)
        assert access.freed == freed


def test_first_accesses_read_no_more_than_needed() -> None:
    read: list[int] = []

    class Watched(Trace):
        def blocks(self, block_accesses: int = 1) -> Any:
            for block in super().blocks(block_accesses):
                read.append(len(block))
                yield block

    whole = trace_of([(page % 7, False) for page in range(1000)])
    watched = Watched(whole.counts, whole.meta, whole._source)
    assert [access.page for access in first_accesses(watched, 3)] == [0, 1, 2]
    assert sum(read) == 3
    assert WRITE not in {access.page for access in first_accesses(watched, 3)}
