# SPDX-License-Identifier: GPL-2.0-only
"""What a lesson has to hold, so that whatever a file says, there is a page or one plain error.

A shape is a type, `[shape]` for a list, `{name: shape}` for a mapping that has at least these,
`(str, shape)` for a mapping of any names to such values, or `Maybe(shape)` for that or null. What a
lesson holds besides is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from zswapsim.errors import InvalidArgument
from zswapsim.printable import printable

Shape: TypeAlias = Any

LARGEST = 1 << 53
"""A browser's numbers are exact up to here."""


@dataclass(frozen=True, slots=True)
class Maybe:
    """A shape that may also be null, or be left out of a mapping."""

    shape: Shape


NUMBERS: Shape = [Maybe(int)]
"""Null stands for numbers that were left out."""

OBJECT: Shape = {
    "slot": Maybe(int),
    "place": Maybe(str),
    "offset_bytes": int,
    "size_bytes": int,
    "length_bytes": Maybe(int),
}
PAGE: Shape = {
    "page": int,
    "capacity_bytes": int,
    "objects": [OBJECT],
    "free_bytes": Maybe(int),
    "free_chunks": Maybe(int),
    "pages": Maybe(int),
    "size_class": Maybe(int),
}
POOL: Shape = {
    "driver": str,
    "total_pages": int,
    "limit_pages": Maybe(int),
    "accept_pages": Maybe(int),
    "full": Maybe(bool),
    "waiting": Maybe(bool),
    "header_bytes": Maybe(int),
    "pages": [PAGE],
    "lists": [{"name": str, "pages": NUMBERS}],
}
ENTRY: Shape = {
    "slot": int,
    "kind": str,
    "length_bytes": Maybe(int),
    "busy": Maybe(bool),
    "stale": Maybe(bool),
    "referenced": Maybe(bool),
}
STATE: Shape = {
    "pool": POOL,
    "entries": [ENTRY],
    "entry_lru": Maybe(NUMBERS),
    "memory": Maybe({"limit_pages": int, "resident": NUMBERS, "resident_pages": Maybe(int)}),
    "swap_file": NUMBERS,
    "zero_slots": Maybe(NUMBERS),
    "left_out": Maybe({"pages": int, "entries": int}),
    "counters": (str, int),
}
QUESTION: Shape = {"text": str, "kind": str, "choices": Maybe([str]), "answer": str, "why": str}
STEP: Shape = {
    "number": int,
    "line": Maybe(int),
    "command": str,
    "notes": [str],
    "events": [{"name": str, "values": (str, int), "text": str}],
    "outcome": str,
    "question": Maybe(QUESTION),
    "state": STATE,
}
LESSON: Shape = {
    "kind": str,
    "title": str,
    "goals": [str],
    "notes": Maybe([str]),
    "source": str,
    "settings": (str, object),
    "start": STATE,
    "steps": [STEP],
}
ORDER = (
    *("kernel", "frontend", "zpool", "compressor", "memory", "limit", "accept", "reclaim"),
    *("stored_pages", "same_filled_pages", "pool_total_size", "pool_limit_hit"),
    *("written_back_pages", "zswpout", "zswpin", "zswpwb", "pswpout", "pswpin"),
)
"""Names of settings and counters that are shown first; the others follow by the alphabet, so that a
file that sorts them makes the same page."""

SCALAR = (str, int, float, bool, type(None))
NAMES = {
    int: "a whole number",
    str: "text",
    bool: "true or false",
    object: "a text, a number, true, false or null",
}


class _Wrong(Exception):
    """Some data has not its shape: what it has to be, and the names and indices that lead to it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path: list[str] = []


def read_lesson(lesson: Any, source: str = "") -> dict[str, Any]:
    """Return a lesson of plain, printable data; InvalidArgument says where it is none.

    source: the name of the file that it comes from, for the message.
    """
    where = f"{source}: " if source else ""
    if not isinstance(lesson, Mapping) or lesson.get("kind") != "lesson":
        raise InvalidArgument(f"{where}no lesson; allowed is what `zswapsim step --json` prints")
    try:
        told: dict[str, Any] = _Reader().read(lesson, LESSON)
    except _Wrong as wrong:
        path = "".join(reversed(wrong.path)).removeprefix(".")
        raise InvalidArgument(f"{where}damaged: {path} {wrong.what}") from None
    numbers = [step["number"] for step in told["steps"]]
    if numbers != [*range(1, len(numbers) + 1)]:
        raise InvalidArgument(f"{where}damaged: steps have to be numbered 1, 2, 3 and so on")
    return told


class _Reader:
    """Reads data by its shape. What is as it was at its place in the list before is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Any, Any]] = {}

    def read(self, value: Any, shape: Shape) -> Any:
        """Return data of a shape. _Wrong: it has another."""
        if isinstance(shape, Maybe):
            return None if value is None else self.read(value, shape.shape)
        if isinstance(shape, list):
            return self._list(_typed(value, list, "a list"), shape[0])
        if isinstance(shape, dict):
            return self._members(_typed(value, Mapping, "a mapping"), shape)
        if isinstance(shape, tuple):
            return self._named(_typed(value, Mapping, "a mapping"), shape[1])
        return _plain(value, shape)

    def _list(self, values: list[Any], shape: Shape) -> list[Any]:
        told, at = [], 0
        try:
            for at, value in enumerate(values):
                told.append(self._element(value, shape, at))
        except _Wrong as wrong:
            wrong.path.append(f"[{at}]")
            raise
        return told

    def _element(self, value: Any, shape: Shape, at: int) -> Any:
        if not isinstance(shape, dict):
            return self.read(value, shape)
        known = self._known.get((id(shape), at))
        if known is None or known[0] != value:
            known = self._known[id(shape), at] = value, self.read(value, shape)
        return known[1]

    def _members(self, values: Mapping[str, Any], shape: dict[str, Shape]) -> dict[str, Any]:
        name = ""
        try:
            for name, inner in shape.items():
                if name not in values and not isinstance(inner, Maybe):
                    raise _Wrong("is missing")
            told = {}
            for name, inner in shape.items():
                told[name] = self.read(values.get(name), inner)
            return told
        except _Wrong as wrong:
            wrong.path.append(f".{name}")
            raise

    def _named(self, values: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        told, name = {}, ""
        try:
            for key in sorted(values, key=_order):
                name = printable(str(key))
                told[name] = self.read(values[key], shape)
        except _Wrong as wrong:
            wrong.path.append(f".{name}")
            raise
        return told


def _order(name: Any) -> tuple[int, str]:
    text = str(name)
    return ORDER.index(text) if text in ORDER else len(ORDER), text


def _typed(value: Any, kinds: Any, what: str) -> Any:
    if not isinstance(value, kinds):
        raise _Wrong(f"has to be {what}")
    return value


def _plain(value: Any, shape: Shape) -> Any:
    if shape is int and type(value) is int and -LARGEST < value < LARGEST:
        return value
    kinds = SCALAR if shape is object else shape
    if not isinstance(value, kinds) or (shape is int and isinstance(value, bool)):
        raise _Wrong(f"has to be {NAMES[shape]}")
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise _Wrong("has to be a number that a browser can show")
    return printable(value) if isinstance(value, str) else value
