# SPDX-License-Identifier: GPL-2.0-only
"""Trace.from_arrays: what it keeps, what it counts, what it refuses."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.trace import contents as contents_module
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import FREED, PAGE_SIZE

ZERO = bytes(PAGE_SIZE)
ONES = b"\x01" * PAGE_SIZE
TEXT = (b"some text, " * 400)[:PAGE_SIZE]


def small(**changes: Any) -> Trace:
    arguments: dict[str, Any] = {
        "page": [0, 3, 0, 3],
        "write": np.array([False, True, False, True]),
        "version_at": [4, 0, 2, 0],
        "version_page": [0, 0, 3, 3],
        "version_content": [1, 0, FREED, 2],
        "contents": ZERO + TEXT + ONES,
        "meta": {"name": "small", "program": "none"},
    }
    return Trace.from_arrays(**(arguments | changes))


def test_accesses_are_encoded_with_their_write_bit() -> None:
    blocks = list(small().blocks())
    assert [block.tolist() for block in blocks] == [[0, 3 | WRITE, 0, 3 | WRITE]]
    assert blocks[0].dtype == np.uint32


def test_blocks_have_the_length_asked_for_and_a_rest() -> None:
    assert [len(block) for block in small().blocks(3)] == [3, 1]
    with pytest.raises(InvalidArgument, match="block_accesses is 0"):
        small().blocks(0)


def test_versions_are_sorted_by_at_and_stay_in_order_within() -> None:
    at, page, content = small().versions
    assert (at.tolist(), page.tolist()) == ([0, 0, 2, 4], [0, 3, 3, 0])
    assert content.tolist() == [0, 2, FREED, 1]
    assert (at.dtype, page.dtype, content.dtype) == (np.uint64, np.uint32, np.uint32)


def test_info_counts() -> None:
    info = small().info()
    expected = {
        "name": "small",
        "program": "none",
        "accesses": 4,
        "pages": 4,
        "footprint_pages": 2,
        "writes": 2,
        "write_percent": 50.0,
        "versions": 4,
        "freed": 1,
        "contents": 3,
        "zero_contents": 1,
        "same_filled_contents": 1,
    }
    assert {key: info[key] for key in expected} == expected


def test_equal_contents_become_one() -> None:
    trace = small(contents=TEXT + ZERO + TEXT)
    assert trace.contents_count == 2
    assert trace.contents_bytes == TEXT + ZERO
    assert trace.versions[2].tolist() == [0, 0, FREED, 1]


def test_contents_may_be_an_array_that_is_not_contiguous() -> None:
    pages = np.zeros((6, PAGE_SIZE), np.uint8)
    pages[::2] += np.arange(3, dtype=np.uint8)[:, None]
    assert small(contents=pages[::2]).contents_bytes == pages[::2].tobytes()


def test_trace_without_contents_knows_only_freed_pages() -> None:
    trace = small(contents=None, version_content=[FREED] * 4)
    assert not trace.has_contents
    assert trace.contents_bytes == b""
    assert trace.counts.freed == 4


@pytest.mark.parametrize("kind", [np.uint8, np.uint32, np.uint64, np.int16])
def test_pages_may_be_integers_of_any_kind(kind: type) -> None:
    arrays = {"page": [0, 3, 0, 3], "version_at": [4, 0, 2, 0], "version_page": [0, 0, 3, 3]}
    trace = small(**{field: np.array(values, kind) for field, values in arrays.items()})
    assert next(trace.blocks()).tolist() == next(small().blocks()).tolist()
    assert trace.info() == small().info()


def test_empty_trace_is_a_trace() -> None:
    trace = Trace.from_arrays([], [])
    assert (trace.accesses, trace.pages, trace.info()["write_percent"]) == (0, 0, 0.0)
    assert list(trace.blocks()) == []


def test_contents_above_the_limit_are_mapped_and_slice_to_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = small(contents=TEXT + TEXT + ZERO)
    monkeypatch.setattr(contents_module, "IN_MEMORY_BYTES", PAGE_SIZE)
    mapped = small(contents=TEXT + TEXT + ZERO)
    assert not isinstance(mapped.contents_bytes, bytes)
    assert isinstance(mapped.contents_bytes[:PAGE_SIZE], bytes)
    assert mapped.contents_bytes[:] == plain.contents_bytes
    assert mapped.contents_digest == plain.contents_digest
    mapped.contents_bytes.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"page": [0, -1, 0, 3]}, r"page\[1\] is -1; allowed are 0\.\.2147483647"),
        ({"page": [0, 1, 2, 1 << 31]}, r"page\[3\] is 2147483648"),
        ({"page": [0.0, 1.0, 2.0, 3.0]}, "page has dtype float64; allowed are integers"),
        ({"page": [[0, 1, 2, 3]]}, "page has 2 dimensions; allowed is 1"),
        ({"write": [0, 1, 0, 1]}, "write has dtype int64; allowed is bool"),
        ({"write": [True]}, r"write has shape \(1,\), page \(4,\)"),
        ({"version_at": [0, 0, 0, 5]}, r"version_at\[3\] is 5; allowed are 0\.\.4"),
        ({"version_at": [0]}, r"version_page has shape \(4,\), version_at \(1,\)"),
        ({"version_page": [0, 0, -2, 0]}, r"version_page\[2\] is -2"),
        ({"version_content": [0, 1, 3, 0]}, r"version_content\[2\] is 3; allowed are 0\.\.2 and"),
        ({"contents": None}, r"version_content\[0\] is 1; allowed are none and 4294967295"),
        ({"contents": b"short"}, "contents has 5 bytes; allowed are whole pages of 4096"),
        ({"contents": np.zeros((3, 64), np.uint8)}, r"shape \(3, 64\); allowed is uint8"),
        ({"contents": np.zeros((3, PAGE_SIZE))}, "contents has dtype float64"),
        ({"meta": {"name": {1, 2}}}, "meta cannot be written as JSON"),
        ({"meta": {"name": "x" * 600_000}}, "meta has 600.* bytes as JSON"),
    ],
)
def test_wrong_argument_is_named_with_index_value_and_allowed(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        small(**changes)


def test_import_of_the_package_does_not_load_numpy() -> None:
    code = "import sys, zswapsim.trace, zswapsim.trace.formats; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_cut_without_accesses_is_a_snapshot_of_the_beginning_too() -> None:
    pages = bytes(PAGE_SIZE) + b"\1" * PAGE_SIZE
    trace = Trace.from_arrays([0, 1], [True, False], [0, 0, 1], [0, 1, 0], [0, 1, 1], pages)
    assert [column.tolist() for column in trace.cut(0).versions] == [[0, 0], [0, 1], [0, 1]]
    assert [column.tolist() for column in trace.cut(1, 1).versions] == [[0, 0], [1, 0], [0, 0]]


def test_a_cut_of_a_snapshot_keeps_its_contents() -> None:
    snapshot = Trace.from_arrays([], [], [0, 0], [0, 1], [0, 0], bytes(PAGE_SIZE))
    cut = snapshot.cut(snapshot.accesses)
    assert (cut.pages, cut.contents_count, cut.counts.versions) == (2, 1, 2)
