# SPDX-License-Identifier: GPL-2.0-only
"""Numbers as they stand in pictures."""

from typing import Any


def short(value: Any) -> str:
    """Return a number in few characters, a missing one as nothing."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def number_ticks(key: str) -> str:
    """Return the form of an axis' numbers: seconds as they are, counts as 1.5k."""
    return "~g" if key.endswith("_seconds") else "~s"
