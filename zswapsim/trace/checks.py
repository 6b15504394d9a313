# SPDX-License-Identifier: GPL-2.0-only
"""What a trace may hold. Each check returns one line naming the first offence, or None.

The caller raises: InvalidArgument for arguments, TraceError for a file.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.units import FREED

Integers = npt.NDArray[np.integer[Any]]

META_BYTES = 1 << 20
"""Longest meta, as JSON."""


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
    return copy


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
