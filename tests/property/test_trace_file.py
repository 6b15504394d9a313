# SPDX-License-Identifier: GPL-2.0-only
"""Laws of traces: damage is noticed, and a cut shows the same contents as the whole."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zswapsim.errors import TraceError
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import FREED, PAGE_SIZE


def read_all(trace: Trace) -> tuple[object, ...]:
    accesses = [access for block in trace.blocks(64) for access in block.tolist()]
    versions = [column.tolist() for column in trace.versions]
    return accesses, versions, trace.contents_bytes[:], trace.info()


@cache
def small_file() -> tuple[bytes, tuple[object, ...]]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "small.ztrace")
        contents = np.zeros((3, PAGE_SIZE), np.uint8)
        contents[1:, ::64] = random_contents(2, pointers=0, zero=0, same_filled=0, text=90)[:, ::64]
        zipf(60, 6, seed=3, contents=contents).save(path)
        return path.read_bytes(), read_all(Trace.open(path))


def check_damaged(data: bytes) -> bool:
    """Return whether the damage was noticed; fail if it went unnoticed and changed anything."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "small.ztrace")
        path.write_bytes(data)
        try:
            found = read_all(Trace.open(path))
        except TraceError as error:
            assert "small.ztrace" in str(error)
            assert "\n" not in str(error)
            return True
    assert found == small_file()[1]
    return False


def test_every_flipped_byte_is_noticed_or_harmless() -> None:
    data, _ = small_file()
    noticed = sum(
        check_damaged(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        for at in range(len(data))
    )
    assert noticed > 0.8 * len(data)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_other_byte_is_noticed_or_harmless(draw: Any) -> None:
    data, _ = small_file()
    at = draw.draw(st.integers(0, len(data) - 1))
    check_damaged(data[:at] + bytes([draw.draw(st.integers(0, 255))]) + data[at + 1 :])


def test_every_truncation_is_noticed() -> None:
    data, _ = small_file()
    assert all(check_damaged(data[:length]) for length in range(0, len(data), 3))
    assert check_damaged(data[:-1])


traces = st.integers(1, 4).flatmap(
    lambda pages: st.tuples(
        st.lists(st.tuples(st.integers(0, pages - 1), st.booleans()), max_size=12),
        st.lists(
            st.tuples(
                st.integers(0, 12), st.integers(0, pages - 1), st.sampled_from([0, 1, 2, 3, FREED])
            ),
            max_size=12,
        ),
    )
)
CONTENTS = b"".join(bytes([number]) * PAGE_SIZE for number in range(4))


def content_at(trace: Trace, page: int, access: int) -> bytes | None:
    """The rule of trace.py, read literally. None: freed, or never any content."""
    versions = [version for version in zip(*map(list, trace.versions), strict=True)
                if version[1] == page]  # fmt: skip
    before = [content for at, _, content in versions if at <= access]
    later = [content for at, _, content in versions if at > access and content != FREED]
    number = before[-1] if before else later[0] if later else FREED
    if number == FREED:
        return None
    return trace.contents_bytes[int(number) * PAGE_SIZE : (int(number) + 1) * PAGE_SIZE]


@given(traces, st.integers(0, 12))
@settings(max_examples=400, deadline=None)
def test_cut_keeps_accesses_and_contents(arrays: Any, stop: int) -> None:
    accesses, versions = arrays
    stop = min(stop, len(accesses))
    whole = Trace.from_arrays(
        [page for page, _ in accesses],
        np.array([write for _, write in accesses], bool),
        [min(at, len(accesses)) for at, _, _ in versions],
        [page for _, page, _ in versions],
        [content for _, _, content in versions],
        CONTENTS,
    )
    cut = whole.cut(stop)
    expected = [page | write * WRITE for page, write in accesses[:stop]]
    assert [access for block in cut.blocks(5) for access in block.tolist()] == expected
    assert cut.accesses == stop
    assert cut.writes == sum(write for _, write in accesses[:stop])
    accessed = {page for page, _ in accesses[:stop]}
    assert cut.footprint_pages == len(accessed)
    for access in range(stop):
        for page in accessed:
            assert content_at(cut, page, access) == content_at(whole, page, access)
    at, page, content = cut.versions
    assert (at <= stop).all()
    assert (page < cut.pages).all()
    # Nothing is kept that is not needed: all contents are used, late versions are one per page.
    assert set(content.tolist()) - {FREED} == set(range(cut.contents_count))
    late = page[at == stop].tolist()
    assert len(late) == len(set(late))
    assert cut.counts.versions == len(at)
    assert cut.counts.freed == content.tolist().count(FREED)


@given(traces, st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=400, deadline=None)
def test_a_cut_from_the_middle_keeps_accesses_and_contents(
    arrays: Any, one: int, other: int
) -> None:
    accesses, versions = arrays
    start, stop = sorted(min(place, len(accesses)) for place in (one, other))
    whole = Trace.from_arrays(
        [page for page, _ in accesses],
        np.array([write for _, write in accesses], bool),
        [min(at, len(accesses)) for at, _, _ in versions],
        [page for _, page, _ in versions],
        [content for _, _, content in versions],
        CONTENTS,
        page_numbers=[100, 200, 300, 400],
    )
    cut = whole.cut(stop, start)
    expected = [page | write * WRITE for page, write in accesses[start:stop]]
    for block_accesses in (1, 2, 5):
        blocks = [block.tolist() for block in cut.blocks(block_accesses)]
        assert [access for block in blocks for access in block] == expected
        assert all(len(block) == block_accesses for block in blocks[:-1])
    assert (cut.accesses, cut.writes) == (
        stop - start, sum(write for _, write in accesses[start:stop]),
    )  # fmt: skip
    accessed = {page for page, _ in accesses[start:stop]}
    assert cut.footprint_pages == len(accessed)
    for access in range(start, stop):
        for page in accessed:
            assert content_at(cut, page, access - start) == content_at(whole, page, access)
    at, page, content = cut.versions
    assert (at <= stop - start).all()
    assert (at[1:] >= at[:-1]).all()
    assert set(content.tolist()) - {FREED} == set(range(cut.contents_count))
    if start:
        from_the_start = page[at == 0].tolist()
        assert len(set(from_the_start)) == len(from_the_start) or start == stop
    assert cut.page_numbers is not None
    assert cut.page_numbers.tolist() == [100, 200, 300, 400][: cut.pages]
    assert (cut.counts.versions, cut.counts.freed) == (len(at), content.tolist().count(FREED))


@given(traces, st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_cut_of_a_cut_is_the_shorter_cut(arrays: Any, one: int, other: int) -> None:
    accesses, versions = arrays
    short, long = sorted(min(stop, len(accesses)) for stop in (one, other))
    whole = Trace.from_arrays(
        [page for page, _ in accesses],
        np.array([write for _, write in accesses], bool),
        [min(at, len(accesses)) for at, _, _ in versions],
        [page for _, page, _ in versions],
        [content for _, _, content in versions],
        CONTENTS,
    )
    assert read_all(whole.cut(long).cut(short)) == read_all(whole.cut(short))
