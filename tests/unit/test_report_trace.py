# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a trace, drawn: bars, sparklines, and lines that fit the terminal."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from zswapsim.cli.trace.info import facts_of
from zswapsim.report.drawing import bar, folded, sparkline
from zswapsim.report.trace_info import print_trace, trace_lines
from zswapsim.trace.synthetic import random_contents, synthetic_trace, zipf
from zswapsim.trace.trace import Trace

WIDTHS = [40, 60, 80, 120]


def lines_of(trace: Trace, width: int = 80, *, quick: bool = False, **more: Any) -> list[str]:
    return trace_lines(facts_of(trace, None, quick=quick), width, **more)


def test_a_bar_has_the_length_of_its_share_and_shows_even_a_little() -> None:
    assert bar(1, 1, 10) == "█" * 10
    assert bar(1, 2, 10) == "█" * 5
    assert bar(1, 16, 10) == "▋"
    assert bar(1, 1_000_000, 10) == "▏"
    assert bar(2, 1, 10) == "█" * 10
    assert (bar(0, 5, 10), bar(0, 0, 10)) == ("", "")
    assert bar(1, 2, 10, ascii_only=True) == "#####"
    assert bar(1, 1_000_000, 10, ascii_only=True) == "#"


def test_a_sparkline_has_its_highest_character_for_the_largest_value() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 10) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, 0, 5, 0, 0, 0], 3) == "▁█▁"
    assert sparkline([5, 5], 10) == "██"
    assert sparkline([0, 0], 10) == "▁▁"
    assert sparkline([], 10) == ""
    assert sparkline([0, 7], 10, ascii_only=True) == "_#"


def test_text_is_folded_and_cannot_move_the_cursor() -> None:
    assert folded("one two three", 8, "  ") == ["one two", "  three"]
    assert folded("red \x1b[31m bell \a", 40) == [r"red \x1b[31m bell \x07"]
    assert folded("", 40) == [""]
    assert folded("one", 0) == folded("one", -3) == ["o", "n", "e"]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_longer_than_the_terminal_is_wide(width: int) -> None:
    traces = [
        zipf(3000, 200, seed=1, contents=random_contents(50)),
        synthetic_trace("phases", 20_000, 3000, mix={"random": 100}),
        Trace.from_arrays([1], [True], meta={"name": "n" * 300, "what": "w " * 300}),
        zipf(5, 3),
    ]
    for trace in traces:
        lines = lines_of(trace, width)
        assert max(map(len, lines)) <= width
        assert not any(line.endswith(" ") for line in lines)


def test_all_sections_are_there_with_their_numbers() -> None:
    text = "\n".join(lines_of(zipf(3000, 200, seed=1, contents=random_contents(50))))
    for said in (
        "zipf-1: synthetic: Zipf 1 over 200 pages",
        " accesses           3,000, ",
        "Faults of exact LRU by memory, first accesses included\n",
        " 100 %  193 pages (772.0 KiB)    193   6.43 %  ",
        "Pages in use over time, 60 windows of 50 accesses",
        "What pages hold, by 1,087 versions",
        " all zero ",
    ):
        assert said in text


def test_quick_leaves_out_what_reads_the_accesses() -> None:
    text = "\n".join(lines_of(zipf(3000, 200, contents=random_contents(50)), quick=True))
    assert "Faults" not in text
    assert "Pages in use" not in text
    assert "What pages hold" in text


def test_a_snapshot_says_that_it_is_one() -> None:
    trace = Trace.from_arrays([], [], [0, 0], [0, 1], [0, 0], bytes(4096))
    text = "\n".join(lines_of(trace))
    assert "accesses           0, a snapshot" in text
    assert "pages              2 pages (8.0 KiB)" in text
    assert "Faults" not in text
    assert re.search(r"all zero +100\.0 %", text)


def test_why_there_were_more_accesses_is_said() -> None:
    trace = zipf(50, 3)
    trace.meta["raw_accesses"] = 900
    text = "\n".join(lines_of(trace, 120))
    assert "recorded accesses  900, consecutive ones to a page made one" in text
    trace.meta["reduction_k"] = 32
    text = "\n".join(lines_of(trace, 120))
    assert "recorded accesses  900, reduced to those that LRU with 32 pages or more notices" in text


@pytest.mark.parametrize("accesses", [0, 1, 2, 59, 61])
def test_few_accesses_without_contents_are_drawn_too(accesses: int) -> None:
    lines = lines_of(zipf(accesses, 3))
    assert any("nothing to compress without contents" in line for line in lines)
    assert ("What pages hold" in "\n".join(lines)) is False
    assert any(line.startswith(" 100 %") for line in lines) == (accesses > 0)


def test_sizes_that_are_the_same_are_drawn_once() -> None:
    lines = lines_of(zipf(50, 3))
    assert sum(" %  " in line and "page" in line for line in lines) == 3


def test_freed_pages_are_said_to_be_ignored() -> None:
    freeing = Trace.from_arrays([0, 0], [False, False], [1], [0], [0xFFFFFFFF])
    assert any("; freed marks ignored" in line for line in lines_of(freeing))


@pytest.mark.parametrize(("encoding", "ascii_only"), [("ascii", True), ("utf-8", False)])
def test_a_console_without_block_characters_gets_others(encoding: str, ascii_only: bool) -> None:
    out = io.BytesIO()
    file = io.TextIOWrapper(out, encoding=encoding)
    facts = facts_of(zipf(300, 20, contents=random_contents(9)), None, quick=False)
    print_trace(facts, Console(file=file, width=80))
    file.flush()
    text = out.getvalue().decode(encoding)
    assert ("#" in text) == ascii_only
    assert ("█" in text) != ascii_only
    assert "\x1b" not in text


def test_meta_under_the_names_of_what_is_measured_is_not_taken_for_it() -> None:
    meta = {"reuse": 5, "working_set": "x", "content_mix": 1, "written_pages": "many", "pages": "x"}
    trace = Trace.from_arrays([0, 1, 0], [True] * 3, meta=meta)
    for quick in (True, False):
        assert not any(
            "many" in line for line in trace_lines(facts_of(trace, None, quick=quick), 80)
        )
