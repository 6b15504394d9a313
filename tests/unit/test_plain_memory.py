# SPDX-License-Identifier: GPL-2.0-only
"""Whatever holds bytes, as a snapshot: what a file is taken for, and how its end is filled up."""

import gzip
from pathlib import Path

import pytest
from image_files import elf_core, page, pages

from zswapsim import Trace
from zswapsim.errors import NoEntry, TraceError
from zswapsim.trace.images.plain import open_memory
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.units import PAGE_SIZE

TEXT = b"It is a truth universally acknowledged.\n" * 300


def held(trace: Trace) -> bytes:
    """What its pages hold, in their order."""
    whole = trace.contents_bytes
    contents = trace.versions[2].tolist()
    return b"".join(whole[at * PAGE_SIZE : (at + 1) * PAGE_SIZE] for at in contents)


def test_the_last_page_of_a_plain_file_is_filled_up_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "pride.txt"
    path.write_bytes(TEXT)
    trace = open_memory(str(path))
    assert len(TEXT) == 12000
    assert held(trace) == TEXT + bytes(288)
    assert trace.meta["padded_bytes"] == 288
    assert trace.meta["what"] == f"bytes of {path}"
    assert trace.page_numbers is not None
    assert trace.page_numbers.tolist() == [0, 1, 2]


def test_whole_pages_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "whole"
    path.write_bytes(pages(1, 600))
    trace = open_memory(str(path))
    assert held(trace) == pages(1, 600)
    assert "padded_bytes" not in trace.meta


def test_a_packed_file_is_unpacked_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "pride.txt.gz"
    path.write_bytes(gzip.compress(TEXT))
    trace = open_memory(str(path))
    assert held(trace) == TEXT + bytes(288)
    assert trace.meta["what"] == f"bytes of {path}, unpacked"


def test_a_file_of_a_byte_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "byte"
    path.write_bytes(b"x")
    assert held(open_memory(str(path))) == b"x" + bytes(PAGE_SIZE - 1)


def test_a_sample_of_a_large_file_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(pages(1, 1000))
    first, again, other = (open_memory(str(path), sample_pages=128, seed=s) for s in (1, 1, 2))
    assert first.pages == 128
    assert held(first) == held(again) != held(other)
    assert first.meta["present_pages"] == 1000


def test_traces_and_core_files_are_what_they_are(tmp_path: Path) -> None:
    core = tmp_path / "core"
    core.write_bytes(elf_core([(0x1000, page(7) + page(8), 2 * PAGE_SIZE)]))
    assert held(open_memory(str(core))) == page(7) + page(8)
    trace = zipf(accesses=100, pages=5, contents=random_contents(5))
    trace.save(tmp_path / "small.ztrace")
    assert open_memory(str(tmp_path / "small.ztrace")).accesses == 100


def test_a_log_of_accesses_is_refused_but_its_bytes_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "lackey.log"
    path.write_text("==1== Lackey\n" + " L 04222cac,4\n S 1ffefffc98,8\n" * 40)
    with pytest.raises(TraceError, match=r"a log of accesses \(lackey\).*--format raw"):
        open_memory(str(path))
    assert held(open_memory(str(path), format_="raw")).startswith(b"==1== Lackey\n")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(TraceError, match="the file is empty"):
        open_memory(str(empty))
    with pytest.raises(FileNotFoundError):
        open_memory(str(tmp_path / "missing"))
    with pytest.raises(TraceError, match="999999999"):
        open_memory("999999999")
    empty.write_bytes(TEXT)
    with pytest.raises(NoEntry, match="there are ztrace"):
        open_memory(str(empty), format_="elf")
    accesses = Trace.from_arrays(page=[0], write=[True])
    accesses.save(tmp_path / "bare.ztrace")
    with pytest.raises(TraceError, match="no contents of pages"):
        open_memory(str(tmp_path / "bare.ztrace"))
