# SPDX-License-Identifier: GPL-2.0-only
"""What a trace may hold. Each check returns one line naming the first offence, or None.

The caller raises: InvalidArgument for arguments, TraceError for a file.
"""

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.units import FREED

Integers = npt.NDArray[np.integer[Any]]

META_BYTES = 1 << 20
"""Longest meta, as JSON."""
META_DEPTH = 50
"""Deepest nesting of meta; Python's JSON gives up at some hundreds, here sooner, there later."""

META_TEXTS = (
    *("name", "program", "what", "recorder", "origin"),
    *("accesses_from", "contents_from"),
)
META_COUNTS = (
    *("raw_accesses", "bad_lines", "recorder_resident_pages", "reduction_k"),
    *("cut_start", "cut_from_accesses", "present_pages", "padded_bytes"),
)
"""What of a trace's meta is read again, by reports and by what makes a trace of a trace."""


def page_problem(field: str, pages_accessed: Integers, pages: int, start: int = 0) -> str | None:
    """Check that page numbers are 0..pages-1. start: index of the first one, for the message."""
    return _range_problem(field, pages_accessed, pages - 1, start=start)


def version_problem(
    at: Integers, page: Integers, content: Integers, *, accesses: int, pages: int, contents: int
) -> str | None:
    """Check versions against the counts: at 0..accesses, page < pages, content < contents or FREED.

    They need not be sorted.
    """
    held = content != FREED
    return (
        _range_problem("version_at", at, accesses)
        or _range_problem("version_page", page, pages - 1)
        or _range_problem("version_content", content, contents - 1, held, f" and {FREED} for freed")
    )


def order_problem(at: Integers) -> str | None:
    """Check that at never decreases."""
    if len(at) < 2 or bool((at[1:] >= at[:-1]).all()):
        return None
    index = int(np.argmin(at[1:] >= at[:-1])) + 1
    return f"version_at[{index}] is {at[index]}, less than {at[index - 1]} before it"


def meta_problem(meta: dict[str, Any]) -> str | None:
    """Check the kinds of those values of meta that are read again, and that it is not deep."""
    for key in META_TEXTS:
        if not isinstance(meta.get(key, ""), str):
            return f"{key} is {_shown(meta[key])}; allowed is text"
    for key in META_COUNTS:
        value = meta.get(key, 0)
        if type(value) is not int or not 0 <= value < 1 << 63:
            return f"{key} is {_shown(value)}; allowed are integers 0..{(1 << 63) - 1}"
    return depth_problem(meta, META_DEPTH)


def depth_problem(document: Any, depth: int) -> str | None:
    """Check that a document of JSON is not nested deeper; what goes through it may not get far."""
    level = [document]
    for _ in range(depth):
        level = [part for whole in level for part in _parts(whole)]
    return f"it is nested deeper than {depth}" if level else None


def checked_meta(meta: dict[str, Any]) -> dict[str, Any]:
    """Return meta as it will be read back from a file; InvalidArgument if it is no small JSON."""
    try:
        text = json.dumps(meta, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"meta cannot be written as JSON: {error}") from error
    if len(text) > META_BYTES // 2:
        raise InvalidArgument(
            f"meta has {len(text)} bytes as JSON; allowed are up to {META_BYTES // 2}"
        )
    copy: dict[str, Any] = json.loads(text)
    if problem := meta_problem(copy):
        raise InvalidArgument(f"meta: {problem}")
    return copy


def strict_json(data: str | bytes) -> Any:
    """Parse JSON without NaN and infinities, which are none. ValueError says what is wrong."""

    def finite(text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text[:40]} is no number")
        return number

    try:
        return json.loads(data, parse_constant=finite, parse_float=finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _parts(whole: Any) -> Iterable[Any]:
    if isinstance(whole, dict):
        return whole.values()
    return whole if isinstance(whole, list) else ()


def _shown(value: Any) -> str:
    """Return a value of JSON for a message, in 40 characters at most."""
    return f"a {type(value).__name__}" if isinstance(value, list | dict) else f"{value!r:.40}"


def _range_problem(
    field: str,
    values: Integers,
    highest: int,
    care: npt.NDArray[np.bool_] | None = None,
    besides: str = "",
    start: int = 0,
) -> str | None:
    wrong = (values < 0) | (values > highest)
    if care is not None:
        wrong &= care
    if not wrong.any():
        return None
    index = int(np.argmax(wrong))
    allowed = f"0..{highest}" if highest >= 0 else "none"
    return f"{field}[{start + index}] is {values[index]}; allowed are {allowed}{besides}"
