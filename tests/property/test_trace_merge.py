# SPDX-License-Identifier: GPL-2.0-only
"""Laws of merged traces: every process makes the same accesses to the same contents as alone."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zswapsim.trace.derive.merge import merge_traces
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import FREED, PAGE_SIZE

one_trace = st.integers(1, 4).flatmap(
    lambda pages: st.tuples(
        st.lists(st.tuples(st.integers(0, pages - 1), st.booleans()), max_size=25),
        st.lists(
            st.tuples(
                st.integers(0, 25), st.integers(0, pages - 1), st.sampled_from([0, 1, 2, FREED])
            ),
            max_size=8,
        ),
        st.integers(0, 2),
        st.booleans(),
    )
)


def made(arrays: Any) -> Trace:
    """A trace whose contents are three of five, from the given one on."""
    accesses, versions, first, numbered = arrays
    return Trace.from_arrays(
        [page for page, _ in accesses],
        np.array([write for _, write in accesses], bool),
        [min(at, len(accesses)) for at, _, _ in versions],
        [page for _, page, _ in versions],
        [content for _, _, content in versions],
        b"".join(bytes([first + number]) * PAGE_SIZE for number in range(3)),
        page_numbers=[5, 6, 7, 8] if numbered else None,
    )


def accesses_of(trace: Trace, block_accesses: int) -> list[int]:
    return [access for block in trace.blocks(block_accesses) for access in block.tolist()]


def naive_order(lengths: list[int], slice_accesses: int) -> list[tuple[int, int]]:
    """(trace, access) in merged order: turn by turn, trace by trace, each up to its share."""
    turns = -(-max(lengths) // slice_accesses)
    done = [0] * len(lengths)
    order = []
    for turn in range(1, turns + 1):
        for number, length in enumerate(lengths):
            while done[number] < length * turn // turns:
                order.append((number, done[number]))
                done[number] += 1
    return order


def content_at(trace: Trace, page: int, access: int) -> bytes | None:
    versions = [version for version in zip(*map(list, trace.versions), strict=True)
                if version[1] == page]  # fmt: skip
    before = [content for at, _, content in versions if at <= access]
    later = [content for at, _, content in versions if at > access and content != FREED]
    number = before[-1] if before else later[0] if later else FREED
    if number == FREED:
        return None
    return trace.contents_bytes[int(number) * PAGE_SIZE : (int(number) + 1) * PAGE_SIZE]


@given(st.lists(one_trace, min_size=1, max_size=4), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_merge_is_the_naive_one(several: Any, slice_accesses: int) -> None:
    traces = [made(arrays) for arrays in several]
    merged = merge_traces(traces, slice_accesses)
    order = naive_order([trace.accesses for trace in traces], slice_accesses)
    first_page = np.cumsum([0] + [trace.pages for trace in traces]).tolist()
    alone = [accesses_of(trace, 100) for trace in traces]
    expected = [alone[number][access] + first_page[number] for number, access in order]
    assert accesses_of(merged, 7) == expected
    assert accesses_of(merged, 1000) == expected
    for place, (number, access) in enumerate(order):
        page = alone[number][access] & ~WRITE
        assert content_at(merged, page + first_page[number], place) == content_at(
            traces[number], page, access
        )


@given(st.lists(one_trace, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_merge_counts_what_it_has(several: Any) -> None:
    traces = [made(arrays) for arrays in several]
    merged = merge_traces(traces)
    arrays = np.array(accesses_of(merged, 50), np.uint32)
    at, page, content = merged.versions
    numbers = merged.page_numbers
    again = Trace.from_arrays(
        arrays & 0x7FFFFFFF, arrays > 0x7FFFFFFF, at, page, content, merged.contents_bytes[:]
    )
    for field in ("accesses", "footprint_pages", "writes", "versions", "freed", "contents",
                  "zero_contents", "same_filled_contents", "contents_digest"):  # fmt: skip
        assert getattr(merged.counts, field) == getattr(again.counts, field)
    assert merged.pages == sum(trace.pages for trace in traces)
    if all(trace.page_numbers is None for trace in traces):
        assert numbers is None
    else:
        called = [list(range(trace.pages)) if trace.page_numbers is None
                  else trace.page_numbers.tolist() for trace in traces]  # fmt: skip
        assert numbers is not None
        assert numbers.tolist() == [
            number + (ordinal << 52) for ordinal, of in enumerate(called) for number in of
        ]
