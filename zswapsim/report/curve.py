# SPDX-License-Identifier: GPL-2.0-only
"""A miss-ratio curve as a person reads it: memory, faults, miss ratio, error, and a bar of each.

Takes the plain dictionary that `trace curve --json` prints.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.report.drawing import bar, folded
from zswapsim.units import format_pages, format_share

SHOWN_PERCENTS = (1, 2, 5, *range(10, 101, 10))
"""Of a curve of hundredths, the sizes that are told of."""
MOST_ROWS = 30
BAR_COLUMNS, LEAST_BAR = 40, 4
NARROW = 60
TITLE = "Faults of exact LRU by memory, first accesses included"
Facts = Mapping[str, Any]


def print_curve(facts: Facts, console: Console) -> None:
    """Print a curve; the console decides on colour, width and characters."""
    for line in curve_lines(facts, console.width, ascii_only=console.options.ascii_only):
        heading = line[:1] not in ("", " ")
        console.print(Text(line, style="bold" if heading else ""), soft_wrap=True)


def curve_lines(facts: Facts, width: int, *, ascii_only: bool = False) -> list[str]:
    """Return the lines to print, none longer than width; lines of a section begin with a space."""
    lines = folded(f"{facts['trace']['name']}: {about(facts)}", width)
    for said in sample_lines(facts):
        lines += folded(f" {said}", width, "  ")
    if not facts["points"]:
        return lines
    ignored = "; freed marks ignored" if facts["trace"]["freed"] else ""
    lines += ["", *folded(f"{TITLE}{ignored}", width)]
    lines += _rows(facts, width, ascii_only=ascii_only)
    for said in answers(facts):
        lines += folded(f" {said}", width, "  ")
    return lines


def about(facts: Facts) -> str:
    """Return what the trace is."""
    trace = facts["trace"]
    return f"{trace['accesses']:,} accesses, footprint {format_pages(trace['footprint_pages'])}"


def sample_lines(facts: Facts) -> list[str]:
    """Return what a sample was, and how far its curve is off, in lines; none where all was seen."""
    sample = facts["sample"]
    if sample is None:
        return []
    trace = facts["trace"]
    pages = format_share(sample["pages"], trace["footprint_pages"])
    accesses = format_share(sample["accesses"], trace["accesses"])
    lines = [
        f"from a sample: {sample['pages']:,} pages ({pages}), {sample['accesses']:,} accesses "
        f"({accesses}), seed {sample['seed']}"
    ]
    if sample["mean_absolute_error"]:
        error = format_share(sample["mean_absolute_error"], 1, 2)
        lines.append(
            f"miss ratios are expected to be off by {error} on average; ± is where 95 % of them lie"
        )
    if any(point["plus_minus"] is None for point in facts["points"]):
        lines.append(
            f"below {sample['clear_pages']:,} pages of memory the sample is too small to know its "
            "error"
        )
    return lines


def answers(facts: Facts) -> list[str]:
    """Return in how much memory most accesses find their page, in lines."""
    repeated = facts["trace"]["accesses"] - facts["trace"]["footprint_pages"]
    if repeated <= 0:
        return ["no page is accessed again, so memory makes no difference"]
    clear = facts["sample"]["clear_pages"] if facts["sample"] else 0
    pages = (facts["quantiles"][part] for part in ("50", "90", "99"))
    half, ninety, most = (f"{one:,}" if one >= clear else f"below {clear:,}" for one in pages)
    return [
        f"pages of memory in which repeated accesses hit: half {half}, 90 % {ninety}, 99 % {most}"
    ]


def shown_points(facts: Facts) -> Sequence[Facts]:
    """Return the points that are told of: all if they are few, else some of the hundredths."""
    points: Sequence[Facts] = facts["points"]
    if len(points) <= MOST_ROWS:
        return points
    wanted = [facts["trace"]["footprint_pages"] * percent // 100 for percent in SHOWN_PERCENTS]
    some = [point for point in points if point["memory_pages"] in wanted]
    return some or points


def _rows(facts: Facts, width: int, *, ascii_only: bool) -> list[str]:
    points = shown_points(facts)
    accesses = facts["trace"]["accesses"]
    rows = []
    for point in points:
        pages = point["memory_pages"]
        row = [
            f"{point['percent']:.0f} %",
            f"{pages:,}" if width < NARROW else format_pages(pages),
            f"{point['faults']:,}",
            format_share(point["faults"], accesses, 2),
        ]
        if facts["sample"] is not None:
            row.append(_plus_minus(point["plus_minus"], "+-" if ascii_only else "±"))
        rows.append(row)
    columns = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    room = min(BAR_COLUMNS, width - sum(columns) - 2 * len(columns) - 1)
    most = max(point["faults"] for point in points)
    lines = []
    for row, point in zip(rows, points, strict=True):
        cells = "  ".join(f"{cell:>{size}}" for cell, size in zip(row, columns, strict=True))
        drawn = ""
        if room >= LEAST_BAR:
            drawn = bar(point["faults"], most, room, ascii_only=ascii_only)
        lines.append(f" {cells}  {drawn}".rstrip())
    return lines


def _plus_minus(part: float | None, sign: str) -> str:
    """Return an error in percent of the accesses."""
    return "?" if part is None else f"{sign} {100 * part:.2f}"
