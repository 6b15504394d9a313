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
SCALAR = (str, int, float, bool, type(None))
NAMES = {
    int: "a whole number",
    str: "text",
    bool: "true or false",
    object: "a text, a number, true, false or null",
}


def read_lesson(lesson: Any, source: str = "") -> dict[str, Any]:
    """Return a lesson of plain, printable data; InvalidArgument says where it is none.

    source: the name of the file that it comes from, for the message.
    """
    where = f"{source}: " if source else ""
    if not isinstance(lesson, Mapping) or lesson.get("kind") != "lesson":
        raise InvalidArgument(f"{where}no lesson; allowed is what `zswapsim step --json` prints")
    try:
        told: dict[str, Any] = _read(lesson, LESSON, "a lesson")
        numbers = [step["number"] for step in told["steps"]]
        _require(numbers == [*range(1, len(numbers) + 1)], "steps", "numbered 1, 2, 3 and so on")
    except InvalidArgument as error:
        raise InvalidArgument(f"{where}damaged: {error}") from None
    return told


def _read(value: Any, shape: Shape, where: str) -> Any:
    if isinstance(shape, Maybe):
        return None if value is None else _read(value, shape.shape, where)
    if isinstance(shape, list):
        _require(isinstance(value, list), where, "a list")
        return [_read(one, shape[0], f"{where}[{at}]") for at, one in enumerate(value)]
    if isinstance(shape, dict | tuple):
        _require(isinstance(value, Mapping), where, "a mapping")
        if isinstance(shape, dict):
            return {name: _member(value, name, shape[name], where) for name in shape}
        return {
            printable(str(name)): _read(one, shape[1], f"{where}.{printable(str(name))}")
            for name, one in value.items()
        }
    return _read_plain(value, shape, where)


def _member(value: Mapping[str, Any], name: str, shape: Shape, where: str) -> Any:
    if name not in value and not isinstance(shape, Maybe):
        raise InvalidArgument(f"{where} has to have {name!r}")
    return _read(value.get(name), shape, name if where == "a lesson" else f"{where}.{name}")


def _read_plain(value: Any, shape: Shape, where: str) -> Any:
    kinds = SCALAR if shape is object else shape
    right = isinstance(value, kinds) and (shape is not int or not isinstance(value, bool))
    _require(right, where, NAMES[shape])
    if isinstance(value, int):
        _require(abs(value) < LARGEST, where, "a number that a browser can show")
    return printable(value) if isinstance(value, str) else value


def _require(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise InvalidArgument(f"{where} has to be {what}")
