# SPDX-License-Identifier: GPL-2.0-only
"""A machine's own zswap and zram as a person reads it: the answer, what stands out, the numbers.

Takes the plain dictionary of host_facts. No line is longer than the columns there are, but for one
word of a command to paste.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.printable import printable
from zswapsim.report.drawing import folded
from zswapsim.units import format_bytes

Facts = Mapping[str, Any]
Rows = list[tuple[str, str, str]]

STYLES = {"!": "yellow", "+": "green"}
MARKS = {"warning": "!", "note": "-", "good": "+"}
VMSTAT = ("pswpin", "pswpout", "zswpin", "zswpout", "zswpwb", "swap_ra", "swap_ra_hit")
UNREAD = {"Could not be read": "missing", "Damaged": "damaged"}
LABEL_COLUMNS = 28
NARROW = 70
"""Columns below which a remark is on a line of its own."""


def print_host(facts: Facts, console: Console) -> None:
    """Print what a machine tells; the console decides on colour and width."""
    for line in host_lines(facts, console.width):
        heading = line[:1] not in ("", " ", "!", "-", "+")
        style = "bold" if heading else STYLES.get(line[:1], "")
        console.print(Text(line, style=style), soft_wrap=True)


def host_lines(facts: Facts, width: int) -> list[str]:
    """Return the lines to print, none longer than width."""
    lines = [*_heading(facts, width), ""]
    for finding in facts["findings"]:
        says = f"{finding['about']}: {finding['says']}"
        lines += folded(f"{MARKS[finding['level']]} {says}", width, "  ")
        if finding["helps"]:
            lines += folded(f"    -> {finding['helps']}", width, "       ")
    for title, rows in sections(facts):
        lines += ["", title, *_table(rows, width)]
    lines += _unread(facts, width)
    lines += ["", *folded("Go on with, TRACE being of such a workload (`zswapsim record`)", width)]
    for command in facts["commands"]:
        lines += _pasteable(command, width)
    return lines


def _pasteable(command: str, width: int) -> list[str]:
    """Return a command in lines that a shell takes for one; no word is parted."""
    lines = [""]
    for word in map(shlex.quote, shlex.split(command)):
        if lines[-1] and 2 + len(lines[-1]) + 1 + len(word) + 2 > width:
            lines[-1] += " \\"
            lines.append("  " + word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return [f"  {line}" for line in lines]


def sections(facts: Facts) -> list[tuple[str, Rows]]:
    """Return the numbers under their titles, those that have any."""
    zram = [(device["name"], _zram(device)) for device in facts["zram"]]
    told = [("zswap", _zswap(facts["zswap"])), *zram, ("Swap", _swap(facts))]
    return [(title, rows) for title, rows in told if rows]


def about(facts: Facts) -> str:
    """Return which machine it is."""
    kernel, memory = facts["kernel"], facts["memory"]
    said = f"Linux {kernel['release']}" if kernel["release"] else "Linux of some version"
    if kernel["profile"] != kernel["version"]:
        said += f" (simulated as {kernel['profile']})"
    if "total_bytes" in memory:
        said += f", {format_bytes(memory['total_bytes'])} of memory"
    if memory.get("swap_total_bytes"):
        said += f", {format_bytes(memory['swap_total_bytes'])} of swap"
    return f"{said}; from {facts['from']}"


def _heading(facts: Facts, width: int) -> list[str]:
    lines = folded(f"{facts['answer']}.", width)
    return [*lines, *(f" {line}" for line in folded(about(facts), width - 1))]


def _table(rows: Rows, width: int) -> list[str]:
    """Return rows of label, value and remark."""
    lines = []
    rows = [(printable(label), printable(value), remark) for label, value, remark in rows]
    size = max(len(value) for _, value, _ in rows)
    for label, value, remark in rows:
        line = f"  {label:<{LABEL_COLUMNS}}{value:>{size}}"
        remark = printable(remark)
        if remark and width >= NARROW and len(line) + 2 + len(remark) <= width:
            line += f"  {remark}"
            remark = ""
        lines += folded(line, width, "    ") if len(line) > width else [line]
        if remark:
            lines += [f"     {part}" for part in folded(remark, width - 5)]
    return lines


def _yes(value: bool | None) -> str:
    return "?" if value is None else "Y" if value else "N"


def _bytes(value: int | None) -> str:
    return "?" if value is None else format_bytes(value)


def _zswap(zswap: Facts) -> Rows:
    if not zswap["present"]:
        return []
    rows: Rows = [("enabled", _yes(zswap["enabled"]), "")]
    rows += [(name, zswap[name] or "?", "") for name in ("compressor", "zpool")]
    bounds = {"max_pool_percent": "max_pool_bytes", "accept_threshold_percent": "accept_bytes"}
    for name, what in bounds.items():
        if zswap[name] is not None:
            rows.append((name, f"{zswap[name]}", f"{_bytes(zswap[what])} of pool"))
    for name in ("same_filled_pages_enabled", "exclusive_loads", "shrinker_enabled"):
        if zswap[name] is not None:
            rows.append((name, _yes(zswap[name]), ""))
    if zswap["pool_bytes"]:
        full = zswap["full_percent"]
        rows.append(("pool", _bytes(zswap["pool_bytes"]), "" if full is None else f"{full} % full"))
    if zswap["stored_pages"]:
        density = zswap["density"]
        remark = "" if density is None else f"{density:.2f} in a page of the pool"
        rows.append(("stored pages", f"{zswap['stored_pages']:,}", remark))
    counters = zswap["counters"] or {}
    known = ("pool_total_size", "stored_pages")
    told = [(name, f"{count:,}", "") for name, count in counters.items() if name not in known]
    return rows + told


def _zram(device: Facts) -> Rows:
    stat, swap = device["mm_stat"], device["swap"]
    rows: Rows = [("disksize", _bytes(device["disksize_bytes"]), "")]
    others = " ".join(name for name in device["algorithms"] if name != device["algorithm"])
    rows.append(
        ("comp_algorithm", device["algorithm"] or "?", f"it also has {others}" if others else "")
    )
    if swap is not None:
        rows.append(("in use as swap", _bytes(swap["used_bytes"]), f"priority {swap['priority']}"))
    for name, remark in (
        ("orig_data_size", "what is stored"),
        ("compr_data_size", _times(device["ratio"])),
        ("mem_used_total", _times(device["effective_ratio"])),
        ("mem_used_max", "the most it was"),
        ("mem_limit", ""),
    ):
        if stat.get(name):
            rows.append((name, format_bytes(stat[name]), remark))
    for name in ("same_pages", "huge_pages", "huge_pages_since", "pages_compacted"):
        if stat.get(name):
            rows.append((name, f"{stat[name]:,}", ""))
    for name, count in device["bd_stat"].items():
        if count:
            rows.append((name, f"{count:,}", "4 KiB units of the backing device"))
    return rows


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} to 1"


def _swap(facts: Facts) -> Rows:
    rows: Rows = [
        (
            swap["path"],
            format_bytes(swap["size_bytes"]),
            f"{format_bytes(swap['used_bytes'])} in use, priority {swap['priority']}",
        )
        for swap in facts["swaps"]
    ]
    for name, value in facts["vm"].items():
        rows.append((name.replace("page_cluster", "page-cluster"), str(value), ""))
    for name in VMSTAT:
        if facts["vmstat"].get(name):
            rows.append((name, f"{facts['vmstat'][name]:,}", ""))
    return rows


def _unread(facts: Facts, width: int) -> list[str]:
    """Return what could not be read, and why."""
    lines: list[str] = []
    for title, files in UNREAD.items():
        if facts[files]:
            lines += ["", title]
        for name, why in facts[files].items():
            lines += [f"  {part}" for part in folded(f"/{name}: {why}", width - 2, "  ")]
    return lines
