# SPDX-License-Identifier: GPL-2.0-only
"""Bars and lines of text for a terminal, with block characters or, where these are none, ASCII."""

import textwrap
from collections.abc import Sequence

from zswapsim.printable import printable

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.:-=+*#"


def bar(part: float, whole: float, width: int, *, ascii_only: bool = False) -> str:
    """Return a bar of part / whole of so many columns; anything above 0 shows."""
    if whole <= 0 or part <= 0:
        return ""
    eighths = min(8 * width, max(1, round(8 * width * part / whole)))
    if ascii_only:
        return "#" * max(1, eighths // 8)
    full, rest = divmod(eighths, 8)
    return _EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """Return one character a value, from the lowest for 0 to the highest for the largest one.

    More values than columns: each column shows the largest of the values that it stands for.
    """
    count = min(len(values), width)
    levels = _ASCII_LEVELS if ascii_only else _LEVELS
    largest = max(values, default=0)
    drawn = []
    for column in range(count):
        start, stop = column * len(values) // count, (column + 1) * len(values) // count
        value = max(values[start:stop])
        drawn.append(levels[round((len(levels) - 1) * value / largest) if largest > 0 else 0])
    return "".join(drawn)


def folded(text: str, width: int, indent: str = "") -> list[str]:
    """Return text in lines of at most width; indent: before all but the first.

    What is no printable character is shown escaped. A width below 1 is 1.
    """
    return textwrap.wrap(printable(text), max(1, width), subsequent_indent=indent) or [""]
