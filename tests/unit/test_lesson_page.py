# SPDX-License-Identifier: GPL-2.0-only
"""The page of a lesson: the same bytes each time, nothing unescaped, plain words for damages."""

import copy
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lesson_results import every_lesson, zbud_lesson
from report_results import HOSTILE, hostile

from zswapsim.errors import InvalidArgument
from zswapsim.printable import printable
from zswapsim.report.lesson import lesson_html
from zswapsim.report.lesson.differences import difference
from zswapsim.report.lesson.shape import read_lesson

EVERY = every_lesson()
each = pytest.mark.parametrize("name", EVERY)


class Read(HTMLParser):
    """Elements of a page, its texts, and the text of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.inside: dict[str, list[str]] = {}
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag in ("script", "style"):
            self.inside.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.lasttag in ("script", "style") and self.rawdata is not None and self.cdata_elem:
            self.inside[self.lasttag][-1] += data


def applied(old: Any, told: Any) -> Any:
    """What a difference makes of old data, after the words of differences.py."""
    if told is None:
        return old
    kind, *parts = told
    if kind == 0:
        return parts[0]
    if kind == 1:
        return {**old, **{name: applied(old[name], inner) for name, inner in parts[0].items()}}
    if kind == 2:
        kept, more, values = parts
        return [*old[:kept], *values, *old[len(old) - more :]]
    return [applied(one, parts[0].get(str(at))) for at, one in enumerate(old)]


plain = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(plain, plain)
def test_a_difference_makes_the_new_of_the_old(old: Any, new: Any) -> None:
    told = difference(old, new)
    assert (told is None) == (old == new)
    assert applied(old, json.loads(json.dumps(told))) == new


@each
def test_the_page_holds_the_lesson(name: str) -> None:
    read = Read(lesson_html(EVERY[name]))
    told = json.loads(read.inside["script"][0])
    state = told["start"]
    for step in told["steps"]:
        state = step["state"] = applied(state, step["state"])
    assert told == read_lesson(EVERY[name])
    assert len(told["steps"]) == len(EVERY[name]["steps"])


@each
def test_the_same_lesson_is_the_same_page(name: str) -> None:
    other = json.loads(json.dumps(EVERY[name]))
    assert lesson_html(other) == lesson_html(EVERY[name])


@each
def test_no_text_of_a_lesson_is_markup(name: str) -> None:
    lesson = hostile(EVERY[name])
    lesson["title"] = lesson["source"] = HOSTILE
    lesson["goals"], lesson["settings"] = [HOSTILE], {HOSTILE: HOSTILE}
    for step in lesson["steps"]:
        step["command"] = step["outcome"] = HOSTILE
        step["notes"] = [HOSTILE]
        step["state"]["counters"][HOSTILE] = 1
    text = lesson_html(lesson)
    clean, dirty = Read(lesson_html(EVERY[name])), Read(text)
    assert {*dirty.tags} <= {*clean.tags, "li", "ul", "p"}
    assert dirty.tags.count("script") == clean.tags.count("script")
    assert "".join(dirty.texts).count(printable(HOSTILE)) >= 3
    assert "\x1b" not in text and "\u202e" not in text


def test_the_policy_lets_only_its_own_in() -> None:
    text = lesson_html(zbud_lesson())
    read = Read(text)
    policy = dict(re.findall(r"([a-z-]+) ([^;]+)", next(
        value or "" for name, value in read.attributes if value and "default-src" in value
    )))  # fmt: skip
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in str(policy)
    assert policy["script-src"].count("sha256-") == len(read.inside["script"]) - 1
    assert policy["style-src"].count("sha256-") == len(read.inside["style"]) == 1
    assert not {name for name, _ in read.attributes} & {"src", "style", "onclick", "onload"}
    assert not re.search(r"url\(|@import|https?:|fetch\(|innerHTML", text)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where there is anything in some data."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, inner in items:
            deeper = paths(inner, (*path, key)) if isinstance(inner, dict | list) else []
            found += deeper or [(*path, key)]
    return found


SMALL = copy.deepcopy(EVERY["pairs"])
SMALL["steps"] = SMALL["steps"][:2]


@given(st.sampled_from(paths(SMALL)), st.sampled_from([None, -1, 1e300, 2**60, "x", [], {}, [{}]]))
def test_a_damaged_lesson_is_a_page_or_one_plain_line(path: tuple[Any, ...], wrong: Any) -> None:
    lesson = copy.deepcopy(SMALL)
    at = lesson
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = wrong
    try:
        assert lesson_html(lesson).startswith("<!DOCTYPE html>")
    except InvalidArgument as error:
        assert str(error).isprintable()
        assert re.match("no lesson; allowed is|damaged: ", str(error))


def test_a_damage_is_named_by_its_place() -> None:
    lesson = zbud_lesson()
    lesson["steps"][1]["state"]["pool"]["pages"][0]["objects"][0]["size_bytes"] = "x"
    where = r"steps\[1\].state.pool.pages\[0\].objects\[0\].size_bytes"
    with pytest.raises(
        InvalidArgument, match=f"^l.json: damaged: {where} has to be a whole number$"
    ):
        lesson_html(lesson, "l.json")
    lesson = zbud_lesson()
    del lesson["steps"][0]["outcome"]
    with pytest.raises(InvalidArgument, match=r"^damaged: steps\[0\].outcome is missing$"):
        lesson_html(lesson)
    lesson = zbud_lesson()
    lesson["steps"].reverse()
    with pytest.raises(InvalidArgument, match="numbered 1, 2, 3"):
        lesson_html(lesson)
    for other in (None, [], {}, {"kind": "sweep"}):
        with pytest.raises(InvalidArgument, match=r"^no lesson; allowed is"):
            lesson_html(other)  # type: ignore[arg-type]


def test_states_that_repeat_take_no_room() -> None:
    lesson = copy.deepcopy(EVERY["zsmalloc"])
    once = len(lesson_html(lesson))
    last = lesson["steps"][-1]
    for number in range(3, 103):
        lesson["steps"].append({**copy.deepcopy(last), "number": number})
    assert len(lesson_html(lesson)) - once < 100 * 400
