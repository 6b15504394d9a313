# SPDX-License-Identifier: GPL-2.0-only
"""A sweep as a person reads it: the best cells, and what each setting does to the best of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.report.columns import aligned, indented
from zswapsim.report.drawing import bar, folded
from zswapsim.units import PAGE_SIZE, format_bytes

BEST_CELLS = 12
MOST_VALUES = 12
BAR_COLUMNS = 30
SETTINGS = {
    "frontend": "frontend",
    "memory": "memory",
    "compressor": "compressor",
    "zpool": "zpool",
    "max_pool_percent": "max pool %",
    "accept_threshold_percent": "accept %",
    "same_filled_pages_enabled": "same-filled",
    "exclusive_loads": "exclusive",
    "shrinker_enabled": "shrinker",
    "kernel": "kernel",
    "reclaim": "reclaim",
    "page_cluster": "page-cluster",
    "swap_size": "swap",
    "zram_limit": "zram limit",
    "zram_writeback": "zram writeback",
}
"""Settings that a sweep varies, and the headings of their columns."""

Row = Mapping[str, Any]


def _seconds(value: float) -> str:
    return f"{value:,.3f}" if value < 10 else f"{value:,.1f}"


CELL: dict[str, Callable[[Row], str]] = {
    "stall s": lambda row: _seconds(row["stall_seconds"]),
    "CPU s": lambda row: _seconds(row["cpu_seconds"]),
    "faults": lambda row: f"{row['pgmajfault']:,}",
    "zswpin": lambda row: f"{row['zswpin']:,}",
    "reads": lambda row: f"{row['device_reads']:,}",
    "writes": lambda row: f"{row['device_writes']:,}",
    "saved": lambda row: format_bytes(row["saved_pages"] * PAGE_SIZE),
}
"""What is told of a cell, by the heading of its column."""

LEAVE_OUT = ("zswpin", "saved", "CPU s", "faults")
"""Columns that go first where there is no room."""


def print_sweep(rows: Sequence[Row], console: Console) -> None:
    """Print the rows of a sweep, trace by trace; the console decides on width and characters."""
    for at, of_trace in enumerate(by_trace(rows)):
        lines = sweep_lines(of_trace, console.width, ascii_only=console.options.ascii_only)
        for line in [""] * (at > 0) + lines:
            heading = line[:1] not in ("", " ")
            console.print(Text(line, style="bold" if heading else ""), soft_wrap=True)


def by_trace(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each trace; two that have the same name differ in their counts."""
    traces: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        which = (row["trace"], row["accesses"], row["footprint_pages"])
        traces.setdefault(which, []).append(row)
    return list(traces.values())


def sweep_lines(rows: Sequence[Row], width: int, *, ascii_only: bool = False) -> list[str]:
    """Return what is told of the cells of one trace, in lines no longer than width."""
    ran = sorted((row for row in rows if not row["error"]), key=rank)
    failed = [row for row in rows if row["error"]]
    varied = [name for name in SETTINGS if len({row[name] for row in rows}) > 1]
    lines = folded(heading_of(rows, failed), width)
    if ran:
        lines += indented(fixed(ran[0], varied), width, 1)
        lines += ["", *(line for said in answers(ran, varied) for line in folded(said, width, " "))]
        lines += ["", *_best(ran, varied, width)]
        for name in varied:
            lines += _effect(name, ran, width, ascii_only=ascii_only)
    if failed:
        lines += ["", *_failures(failed, width)]
    return lines


def rank(row: Row) -> tuple[bool, float, float]:
    """Order cells: those that had room for all pages first, then by stall, then by CPU time."""
    return bool(trouble_of(row)), row["stall_seconds"], row["cpu_seconds"]


def trouble_of(row: Row) -> str:
    """Return why a cell is no choice: it ran out of swap or memory."""
    for name, told in (("swap_full", "swap full"), ("write_errors", "zram full")):
        if row[name]:
            return told
    return "over the limit" if row["over_limit"] else ""


def heading_of(rows: Sequence[Row], failed: Sequence[Row]) -> str:
    """Return which trace it is, and how many cells there are."""
    some = f", {len(failed):,} failed" if failed else ""
    cells = "1 cell" if len(rows) == 1 else f"{len(rows):,} cells"
    return f"{rows[0]['trace']}: {cells}{some}"


def fixed(row: Row, varied: Sequence[str]) -> str:
    """Return the settings that all cells share."""
    shared = [
        f"{label} {shown_value(row[name])}"
        for name, label in SETTINGS.items()
        if name not in varied and row[name] not in (None, False, 0)
    ]
    footprint = format_bytes(row["footprint_pages"] * PAGE_SIZE)
    return f"{', '.join(shared)}; footprint {footprint}; device {row['device']}"


def answers(ran: Sequence[Row], varied: Sequence[str]) -> list[str]:
    """Return the settings that wait least and what that costs: for each memory, if that varies.

    ran: in the order of rank.
    """
    if "memory" not in varied:
        return [_answer("The program waits least with", ran[0], varied)]
    others = [name for name in varied if name != "memory"]
    best = {row["memory"]: row for row in reversed(ran)}
    return [
        _answer(f"With {memory} of memory the program waits least with", best[memory], others)
        for memory in sorted(best, key=_in_order)
    ]


def _answer(said: str, best: Row, varied: Sequence[str]) -> str:
    told = ", ".join(f"{name}={shown_value(best[name])}" for name in _told(best, varied))
    return (
        f"{said if told else said.replace(' least with', '')} {told}: "
        f"{_seconds(best['stall_seconds'])} s, with {best['device_reads']:,} pages read from the "
        f"device and {best['device_writes']:,} written".replace(" :", ":")
    )


def _told(row: Row, varied: Sequence[str]) -> list[str]:
    return [name for name in varied if row[name] is not None]


def _best(ran: Sequence[Row], varied: Sequence[str], width: int) -> list[str]:
    some = f"the best {BEST_CELLS} of {len(ran):,}" if len(ran) > BEST_CELLS else "best first"
    lines = folded(f"Cells, {some}", width)
    lines += _table(ran[:BEST_CELLS], varied, width)
    troubles = dict.fromkeys(trouble_of(row) for row in ran if trouble_of(row))
    for trouble in troubles:
        count = sum(trouble_of(row) == trouble for row in ran)
        lines += indented(f"{trouble}: {count:,} cells, put last", width, 1)
    return lines


def _table(rows: Sequence[Row], varied: Sequence[str], width: int) -> list[str]:
    """Return a line for each cell, with fewer columns where they do not fit."""
    for left_out in range(len(LEAVE_OUT) + 1):
        columns = [name for name in CELL if name not in LEAVE_OUT[:left_out]]
        header = [*(SETTINGS[name] for name in varied), *columns]
        table = [
            [*(shown_value(row[name]) for name in varied), *(CELL[name](row) for name in columns)]
            for row in rows
        ]
        lines = aligned(header, table, width, names=len(varied))
        if len(lines) == 1 + len(rows):
            break
    return lines


def _effect(name: str, ran: Sequence[Row], width: int, *, ascii_only: bool) -> list[str]:
    """Return the least stall for each value of a setting, the others being what is best then."""
    least: dict[Any, float] = {}
    for row in ran:
        value = row[name]
        if value is not None:
            least[value] = min(least.get(value, row["stall_seconds"]), row["stall_seconds"])
    if len(least) < 2:
        return []
    some = list(least) if len(least) <= MOST_VALUES else sorted(least, key=lambda v: least[v])
    values = sorted(some[:MOST_VALUES], key=_in_order)
    lines = ["", *folded(f"Least stall by {SETTINGS[name]}, the rest being best", width)]
    labels = max(len(shown_value(value)) for value in values)
    room = min(BAR_COLUMNS, width - labels - 14)
    most = max(least[value] for value in values)
    for value in values:
        drawn = bar(least[value], most, room, ascii_only=ascii_only) if room > 4 else ""
        lines.append(
            f" {shown_value(value):<{labels}} {_seconds(least[value]):>9} s {drawn}".rstrip()
        )
    return lines


def _in_order(value: Any) -> tuple[float, str]:
    digits = "".join(ch if ch.isdigit() or ch == "." else " " for ch in str(value)).split()
    try:
        return (float(digits[0]) if digits and str(value)[:1].isdigit() else 0.0, str(value))
    except ValueError:
        return 0.0, str(value)


def _failures(failed: Sequence[Row], width: int) -> list[str]:
    counts: dict[str, int] = {}
    for row in failed:
        counts[row["error"]] = counts.get(row["error"], 0) + 1
    lines = folded("Cells that failed", width)
    for error, count in list(counts.items())[:BEST_CELLS]:
        lines += indented(f"{count:,} x {error}", width, 1)
    return lines


def shown_value(value: Any) -> str:
    """Return the value of a setting as a person writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "-" if value is None else str(value)
