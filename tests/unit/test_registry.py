# SPDX-License-Identifier: GPL-2.0-only
"""Parts by name: built in, registered, and from entry points."""

import importlib.metadata
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from zswapsim.errors import AlreadyExists, NoEntry
from zswapsim.registry import Registry

BUILT_IN = {"one": "zswapsim.units:parse_pages", "two": "zswapsim.units:format_bytes"}


def registry() -> Registry[Any]:
    return Registry("gadget", "zswapsim.gadgets", BUILT_IN)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The groups that were searched; there is one entry point, `three`, in zswapsim.gadgets."""
    groups: list[str] = []

    def entry_points(*, group: str) -> EntryPoints:
        groups.append(group)
        points = [EntryPoint("three", "zswapsim.units:format_pages", "zswapsim.gadgets")]
        return EntryPoints(points).select(group=group)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return groups


def test_a_built_in_part_is_loaded_without_a_search(searches: list[str]) -> None:
    from zswapsim.units import parse_pages

    assert registry().get("one") is parse_pages
    assert searches == []


def test_a_part_is_loaded_once(searches: list[str]) -> None:
    parts = registry()
    assert parts.get("three") is parts.get("three")
    assert searches == ["zswapsim.gadgets"]


def test_names_are_the_built_in_ones_first(searches: list[str]) -> None:
    parts = registry()
    parts.register("four", object())
    assert parts.names() == ["one", "two", "three", "four"]


def test_each_part_says_where_it_comes_from(searches: list[str]) -> None:
    parts = registry()
    parts.register("four", object(), origin="a test")
    assert parts.names() == ["one", "two", "three", "four"]
    origins = [parts.origin(name) for name in parts.names()]
    assert origins[0] == origins[1] == "built in"
    assert origins[2:] == ["an entry point", "a test"]


def test_an_unknown_name_lists_what_there_is(searches: list[str]) -> None:
    with pytest.raises(NoEntry, match="no gadget 'five'; there are one, two, three"):
        registry().get("five")


def test_a_taken_name_is_refused_with_both_origins(searches: list[str]) -> None:
    parts = registry()
    for name, origin in (("one", "built in"), ("three", "an entry point")):
        with pytest.raises(
            AlreadyExists, match=f"gadget {name!r} from mine is already there, from {origin}"
        ):
            parts.register(name, object(), origin="mine")


def given(monkeypatch: pytest.MonkeyPatch, **targets: str) -> Registry[Any]:
    """A registry with these entry points."""
    points = EntryPoints(
        EntryPoint(name, target, "zswapsim.gadgets") for name, target in targets.items()
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)
    return Registry("gadget", "zswapsim.gadgets", BUILT_IN, lambda name, part: FAULTS.get(name, ""))


FAULTS = {"odd": "it is no gadget"}


def test_an_entry_point_that_takes_a_built_in_name_is_passed_over_and_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = given(monkeypatch, one="x:y")
    assert parts.names() == ["one", "two"]
    assert parts.get("one")("1p", 1) == 1
    (plugin,) = parts.plugins()
    assert plugin == (
        "gadget",
        "one",
        "an entry point",
        "x:y",
        "the name is taken, by a built-in part",
    )


def test_the_first_of_two_entry_points_of_a_name_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        EntryPoint("three", target, "zswapsim.gadgets")
        for target in ("zswapsim.units:format_pages", "zswapsim.units:format_bytes")
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)
    first, second = registry().plugins()
    assert (first.target, first.problem) == ("zswapsim.units:format_pages", "")
    assert second.problem == "the name is taken, by the one from an entry point"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("no_such_module:PART", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("zswapsim.units:PART", "AttributeError: module 'zswapsim.units' has no attribute 'PART'"),
        ("zswapsim.units", "AttributeError"),
        ("antigravity_of_mine:", "ModuleNotFoundError"),
        ("", "ValueError"),
    ],
)
def test_a_part_that_does_not_load_is_one_line_and_leaves_the_others_alone(
    target: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = given(monkeypatch, broken=target, fine="zswapsim.units:format_pages")
    with pytest.raises(
        NoEntry, match=r"^gadget 'broken' from an entry point does not load: "
    ) as raised:
        parts.get("broken")
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)
    assert parts.names() == ["one", "two", "broken", "fine"]
    problems = {plugin.name: plugin.problem for plugin in parts.plugins()}
    assert why in problems["broken"]
    assert problems["fine"] == ""
    assert callable(parts.get("fine"))


def test_a_module_that_raises_when_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "raises_when_imported.py").write_text("raise RuntimeError('two\\nlines')\n")
    monkeypatch.syspath_prepend(tmp_path)
    parts = given(monkeypatch, broken="raises_when_imported:PART")
    with pytest.raises(NoEntry, match=r"does not load: RuntimeError: two lines$"):
        parts.get("broken")


def test_a_part_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = given(monkeypatch, odd="zswapsim.units:format_pages")
    with pytest.raises(NoEntry, match="does not load: it is no gadget"):
        parts.get("odd")


def test_entry_points_that_cannot_be_read_are_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry_points(*, group: str) -> None:
        raise ValueError("not enough values")

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    parts = registry()
    assert parts.names() == ["one", "two"]
    (plugin,) = parts.plugins()
    assert "cannot be read: ValueError: not enough values" in plugin.problem


def test_the_digest_tells_editions_of_a_part_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tmp_path / "edited_part.py"
    source.write_text("PART = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    parts = given(monkeypatch, edited="edited_part:PART")
    before = parts.digest("edited")
    assert before == parts.digest("edited") != ""
    source.write_text("PART = 2\n")
    assert parts.digest("edited") != before
    assert parts.digest("one") == parts.digest("unknown") == ""


def test_a_registered_part_comes_back_as_it_is(searches: list[str]) -> None:
    part = object()
    parts = registry()
    parts.register("four", part)
    assert parts.get("four") is part
