# SPDX-License-Identifier: GPL-2.0-only
"""Parts by name: built in, registered, and from entry points."""

import importlib.metadata
from importlib.metadata import EntryPoint, EntryPoints
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


def test_an_entry_point_that_takes_a_built_in_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = EntryPoints([EntryPoint("one", "x:y", "zswapsim.gadgets")])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)
    parts = registry()
    with pytest.raises(AlreadyExists, match="gadget 'one' from an entry point"):
        parts.names()
    with pytest.raises(NoEntry):
        parts.get("unknown")


def test_a_registered_part_comes_back_as_it_is(searches: list[str]) -> None:
    part = object()
    parts = registry()
    parts.register("four", part)
    assert parts.get("four") is part
