# SPDX-License-Identifier: GPL-2.0-only
"""Accesses and contents that arrive one by one become the trace that arrays would have made."""

from typing import Any

import numpy as np
import pytest

from zswapsim import Trace
from zswapsim.errors import InvalidArgument
from zswapsim.trace import contents as contents_module
from zswapsim.trace.contents import ContentsBuilder
from zswapsim.trace.spool import Spool, spooled_trace
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED, PAGE_SIZE


def page(fill: int) -> bytes:
    return bytes([fill]) * PAGE_SIZE


def read_all(trace: Trace) -> tuple[Any, ...]:
    blocks = np.concatenate([*trace.blocks(3), np.zeros(0, np.uint32)])
    versions = [column.tolist() for column in trace.versions]
    return trace.counts, blocks.tolist(), versions, bytes(trace.contents_bytes[:])


def test_spooled_trace_equals_the_one_of_arrays() -> None:
    pages, writes = [4, 0, 4, 2, 0], [True, False, False, True, True]
    at, of, content = [0, 2, 5], [4, 2, 0], [0, FREED, 1]
    spool = Spool()
    for first, last in ((0, 1), (1, 1), (1, 5)):
        block = np.array(pages[first:last], np.uint32)
        block[np.array(writes[first:last], np.bool_)] |= np.uint32(WRITE)
        spool.append(block)
    versions = np.array(at, np.uint64), np.array(of, np.uint32), np.array(content, np.uint32)
    spooled = spooled_trace(spool, meta={}, versions=versions, contents=page(1) + page(2))
    arrays = Trace.from_arrays(pages, writes, at, of, content, page(1) + page(2))
    assert read_all(spooled) == read_all(arrays)
    assert read_all(spooled) == read_all(spooled)


def test_empty_spool_is_an_empty_trace() -> None:
    assert read_all(spooled_trace(Spool(), meta={})) == read_all(Trace.from_arrays([], []))


def test_page_numbers_may_be_more_than_the_accesses_need() -> None:
    spool = Spool()
    spool.append(np.array([1], np.uint32))
    trace = spooled_trace(spool, meta={}, page_numbers=np.array([7, 8, 9], np.uint64))
    assert (trace.pages, trace.footprint_pages) == (3, 1)
    with pytest.raises(InvalidArgument, match="1 page numbers for 3 pages"):
        spooled_trace(spool, meta={}, page_numbers=np.array([7], np.uint64))


@pytest.mark.parametrize("in_memory_bytes", [1 << 30, 0])
def test_contents_are_numbered_once(in_memory_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents_module, "IN_MEMORY_BYTES", in_memory_bytes)
    builder = ContentsBuilder()
    numbers = [builder.add(page(fill)) for fill in (5, 6, 5, 7, 6)]
    assert numbers == [0, 1, 0, 2, 1]
    assert builder.count == 3
    assert builder.finish()[:] == page(5) + page(6) + page(7)


def test_what_is_no_page_is_no_content() -> None:
    with pytest.raises(InvalidArgument, match="a content has 4095 bytes; allowed is 4096"):
        ContentsBuilder().add(bytes(4095))
