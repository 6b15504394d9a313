# SPDX-License-Identifier: GPL-2.0-only
"""How an answer changes with the values that it rests on, as a person reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

from zswapsim.printable import printable
from zswapsim.report.columns import aligned, indented
from zswapsim.report.drawing import folded

Facts = Mapping[str, Any]
TITLE = "If these values were others: seconds that the program waits"
IN_TABLE = ("device, reads and writes", "CPU", "share of reclaim waited for")
"""Knobs whose rows are shown; of all it is said where the ranking changes."""


def sensitivity_lines(knobs: Sequence[Facts], width: int, *, ascii_only: bool = False) -> list[str]:
    """Return a table of the stalls, the least of a row marked, and where the ranking changes."""
    names = list(knobs[0]["rows"][0]["stall_seconds"])
    rows = [
        [_at(knob, row["setting"], ascii_only), *_cells(row)]
        for knob in knobs
        if knob["knob"] in IN_TABLE
        for row in knob["rows"]
    ]
    least = "least of those that fit into memory" if knobs[0]["unfit"] else "least"
    lines = folded(f"{TITLE} (*: {least})", width)
    lines += [*aligned(["", *(f"{printable(name)}  " for name in names)], rows, width, names=1), ""]
    for knob in knobs:
        lines += indented(f"{_span(knob, ascii_only)}: {_changes(knob, ascii_only)}", width, 1)
    return lines


def _cells(row: Facts) -> list[str]:
    first = row["ranking"][0]
    return [
        f"{seconds:,.3f}{' *' if name == first else '  '}"
        for name, seconds in row["stall_seconds"].items()
    ]


def _setting(knob: Facts, setting: float, ascii_only: bool) -> str:
    if knob["unit"] == "percent":
        return f"{setting:.3g} %"
    times = "x" if ascii_only else "\N{MULTIPLICATION SIGN}"
    return f"{times}{setting:.3g}"


def _at(knob: Facts, setting: float, ascii_only: bool) -> str:
    short = {"device, reads and writes": "device", "share of reclaim waited for": "reclaim"}
    return f"{short.get(knob['knob'], knob['knob'])} {_setting(knob, setting, ascii_only)}"


def _span(knob: Facts, ascii_only: bool) -> str:
    low, high = (_setting(knob, knob["rows"][at]["setting"], ascii_only) for at in (0, -1))
    return f"{knob['knob']} {low} to {high}"


def _changes(knob: Facts, ascii_only: bool) -> str:
    """Return who waits least from where to where, and where others change places."""
    flips = knob["flips"]
    best = [flip for flip in flips if flip["best"]]
    first = printable(knob["rows"][0]["ranking"][0])
    if best:
        spans = [(printable(flip["before"][0]), flip["at"]) for flip in best]
        parts = [f"{name} up to {_setting(knob, at, ascii_only)}" for name, at in spans]
        said = f"least with {', '.join(parts)}, then {printable(best[-1]['after'][0])}"
    else:
        said = f"least with {first} throughout"
    others = [_setting(knob, flip["at"], ascii_only) for flip in flips if not flip["best"]]
    if others:
        said += f"; behind it, places change at {', '.join(others)}"
    return said
