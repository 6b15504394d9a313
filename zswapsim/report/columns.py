# SPDX-License-Identifier: GPL-2.0-only
"""Tables of plain text that fit the columns there are, or are told row by row instead."""

from collections.abc import Sequence

from zswapsim.report.drawing import folded

Rows = Sequence[Sequence[str]]


def aligned(header: Sequence[str], rows: Rows, width: int, *, names: int) -> list[str]:
    """Return a table; where it is too wide, each row as its names and a list of the other cells.

    names: the columns in front, set to the left, that say what a row is of.
    """
    table = [header, *rows]
    sizes = [max(len(row[at]) for row in table) for at in range(len(header))]
    for gap in ("  ", " "):
        lines = [f" {_line(row, sizes, gap, names)}" for row in table]
        if max(len(line) for line in lines) <= width:
            return lines
    lines = []
    for row in rows:
        lines += indented(", ".join(row[:names]), width, 1)
        told = zip(header[names:], row[names:], strict=True)
        lines += _packed([f"{label} {cell}" for label, cell in told], width, 3)
    return lines


def _line(row: Sequence[str], sizes: Sequence[int], gap: str, names: int) -> str:
    cells = zip(row, sizes, strict=True)
    return gap.join(
        f"{cell:<{size}}" if at < names else f"{cell:>{size}}"
        for at, (cell, size) in enumerate(cells)
    ).rstrip()


def _packed(items: Sequence[str], width: int, columns: int) -> list[str]:
    """Return items as indented lines of a list, broken between them where that is possible."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + 2 + len(item) < width:
            lines[-1] += f", {item}"
        else:
            lines[-1:] = [f"{line}," for line in lines[-1:]]
            lines += indented(item, width - 1, columns)
    return lines


def indented(text: str, width: int, columns: int) -> list[str]:
    """Return text in lines of at most width, each after so many blanks."""
    return [" " * columns + line for line in folded(text, width - columns)]
