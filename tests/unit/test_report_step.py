# SPDX-License-Identifier: GPL-2.0-only
"""A lesson at the terminal: lines that fit, bars that are the pages, answers if asked for."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from lesson_scripts import lesson
from rich.console import Console

from zswapsim.report.pool_bars import legend, page_bar
from zswapsim.report.step import lesson_lines, print_lesson

SAMPLE = json.loads((Path(__file__).parents[1] / "samples/lesson/pairs.json").read_text())
ZSMALLOC = "kernel 6.12\nlimit 3\n" + "\n".join(f"store {n} size={300 * n}" for n in range(1, 9))


def lines(told: dict[str, Any], width: int = 100, **options: Any) -> list[str]:
    options.setdefault("answers", True)
    return [line.plain for line in lesson_lines(told, width, **options)]


def placed(slot: int, place: str, offset: int, size: int, length: int) -> dict[str, Any]:
    names = ("slot", "place", "offset_bytes", "size_bytes", "length_bytes")
    return dict(zip(names, (slot, place, offset, size, length), strict=True))


def page(*objects: dict[str, Any]) -> dict[str, Any]:
    return {"page": 0, "capacity_bytes": 4096, "objects": list(objects)}


def test_a_bar_shows_header_objects_what_they_do_not_use_and_what_is_free() -> None:
    drawn = page(placed(3, "FIRST", 64, 1984, 1000), placed(12, "LAST", 3072, 1024, 1016))
    bar = page_bar(drawn, 64, header_bytes=8, ascii_only=True)
    assert bar.text == ("H" + "#" * 14 + " 3 " + "+" * 14 + "." * 16 + "###### 12 ######")
    assert len(bar.styles) == 64
    assert page_bar(drawn, 64).text[0] == "▒"


def test_a_bar_of_an_object_of_its_own_page_has_no_header() -> None:
    drawn = page(placed(3, "HEADLESS", 0, 4096, 4096))
    assert page_bar(drawn, 20, ascii_only=True).text == "######## 3 #########"


def test_a_narrow_bar_leaves_out_what_has_no_room() -> None:
    drawn = page(*(placed(slot, "x", 256 * slot, 256, 256) for slot in range(16)))
    assert page_bar(drawn | {"size_class": 256}, 16, ascii_only=True).text == "#" * 16
    assert len(page_bar(drawn, 8).text) == 8


def test_objects_that_came_in_this_step_stand_out() -> None:
    drawn = page(placed(3, "FIRST", 64, 1984, 1000))
    old = page_bar(drawn, 64).styles
    new = page_bar(drawn, 64, new=[3]).styles
    assert "bold green" in new
    assert "bold green" not in old


@pytest.mark.parametrize("width", [30, 50, 69, 70, 100, 200])
@pytest.mark.parametrize("answers", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, answers: bool) -> None:
    for told in (SAMPLE, lesson(ZSMALLOC)):
        for ascii_only in (True, False):
            shown = lines(told, width, answers=answers, ascii_only=ascii_only)
            assert max(map(len, shown)) <= width
            assert all(line.isprintable() for line in shown)
            assert not ascii_only or all(line.isascii() for line in shown)


def test_without_answers_nothing_tells_what_happens() -> None:
    shown = "\n".join(lines(SAMPLE, answers=False))
    for step in SAMPLE["steps"]:
        assert step["command"] in shown
        assert step["outcome"] not in shown
        assert all(note not in shown for note in step["notes"])
        if step["question"]:
            assert step["question"]["text"] in shown
    assert "FIRST of page" not in shown
    assert "[" not in shown
    assert "compresses from 4,096 to 1,379 bytes" in shown
    assert "5 questions; -c computes the answers" in shown


def test_with_answers_all_is_told() -> None:
    shown = " ".join(" ".join(lines(SAMPLE, 100)).split())
    for step in SAMPLE["steps"]:
        assert step["outcome"] in shown
        assert all(event["text"] in shown for event in step["events"])
        assert all(note in shown for note in step["notes"])
        if step["question"]:
            assert f"Answer: {step['question']['answer']}. {step['question']['why']}" in shown
    assert "stored_pages 0 -> 1" in shown
    assert "zbud: 4 pages of 3 allowed, full (before 3)" in shown
    assert "page 0 [" in shown
    assert " ".join(legend().split()) in shown


def test_pages_say_which_lists_they_are_on() -> None:
    (line,) = (line for line in lines(SAMPLE) if "page   1 [" in line and "23]" in line)
    assert line.endswith("unbuddied[23], newest")


def test_of_many_pages_those_that_changed_are_drawn() -> None:
    told = lesson(
        "kernel 5.4\nzpool zbud\n" + "\n".join(f"store {n} size=3000" for n in range(1, 13))
    )
    shown = lines(told)
    last = shown[shown.index(next(line for line in shown if line.startswith(" 12  store"))) :]
    assert sum("page " in line and "[" in line and "]" in line for line in last) >= 1
    assert "     and 11 more pages that stay as they are" in last


def printed(told: dict[str, Any], **options: Any) -> str:
    text = io.StringIO()
    print_lesson(told, Console(file=text, width=80, **options), answers=True)
    return text.getvalue()


def test_colour_is_for_terminals() -> None:
    assert "\x1b[" in printed(SAMPLE, force_terminal=True)
    assert "\x1b[" not in printed(SAMPLE)


def test_what_a_script_says_cannot_steer_a_terminal_or_mark_up() -> None:
    told = lesson("title [bold]x\x1b[2J\nstore 1 zero")
    shown = printed(told)
    assert "[bold]x\\x1b[2J" in shown
    assert "\x1b" not in shown
