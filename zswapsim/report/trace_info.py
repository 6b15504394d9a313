# SPDX-License-Identifier: GPL-2.0-only
"""What is known of a trace as a person reads it: counts, faults by memory size, working set, kinds.

Takes the plain dictionary that `trace info --json` prints.
"""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.report.drawing import bar, folded, sparkline
from zswapsim.units import PAGE_SIZE, format_bytes, format_pages, format_share

BAR_COLUMNS = 40
"""A longer bar says no more."""

NARROW = 60
KIND_NAMES = {
    "zero": "all zero",
    "same": "same-filled",
    "text": "text",
    "pointers": "pointers",
    "compressible": "other, compressible",
    "incompressible": "incompressible",
}
ORIGINS = ("recorder", "origin", "accesses_from", "contents_from")
Facts = Mapping[str, Any]


def print_trace(facts: Facts, console: Console) -> None:
    """Print what is known; the console decides on colour, width and characters."""
    ascii_only = console.options.ascii_only
    for line in trace_lines(facts, console.width, ascii_only=ascii_only):
        heading = line[:1] not in ("", " ")
        console.print(Text(line, style="bold" if heading else ""), soft_wrap=True)


def trace_lines(facts: Facts, width: int, *, ascii_only: bool = False) -> list[str]:
    """Return the lines to print, none longer than width; lines of a section begin with a space."""
    said = [str(facts["name"])]
    if facts.get("program") not in (None, "none", ""):
        said.append(f"({facts['program']})")
    lines = folded(" ".join(said) + (f": {facts['what']}" if facts.get("what") else ""), width)
    lines += ["", "What is in it", *_counts(facts, width)]
    if "reuse" in facts and facts["accesses"]:
        lines += ["", *_faults(facts, width, ascii_only=ascii_only)]
        lines += ["", *_windows(facts["working_set"], width, ascii_only=ascii_only)]
    if "content_mix" in facts:
        lines += ["", *_mix(facts["content_mix"], width, ascii_only=ascii_only)]
    return lines


def _counts(facts: Facts, width: int) -> list[str]:
    footprint = facts["footprint_pages"]
    rows: list[tuple[str, str, str]] = []
    if facts["accesses"]:
        writes = f"{facts['write_percent']:.1f} % write"
        rows.append(("accesses", f"{facts['accesses']:,}", writes))
        apart = facts["pages"] - footprint
        more = f"{apart:,} more pages are never accessed" if apart else ""
        rows.append(("footprint", format_pages(footprint), more))
    else:
        rows.append(("accesses", "0", "a snapshot: what pages held at one moment"))
        rows.append(("pages", format_pages(facts["pages"]), ""))
    if facts.get("raw_accesses", 0) > facts["accesses"]:
        k = facts.get("reduction_k", 1)
        why = "consecutive ones to a page made one"
        if k > 1:
            why = f"reduced to those that LRU with {k:,} pages or more notices"
        rows.append(("recorded accesses", f"{facts['raw_accesses']:,}", why))
    if facts.get("bad_lines"):
        rows.append(("wrong lines", f"{facts['bad_lines']:,}", "passed over"))
    if "written_pages" in facts and footprint:
        written = facts["written_pages"]
        share = f"{format_share(written, footprint)} of the footprint"
        rows.append(("pages written", f"{written:,}", share))
    if facts["contents"]:
        zero = f"{facts['zero_contents']:,} zero, {facts['same_filled_contents']:,} same-filled"
        size = format_bytes(facts["contents"] * PAGE_SIZE)
        rows.append(("distinct contents", f"{facts['contents']:,}", f"{size}, {zero}"))
    else:
        rows.append(("distinct contents", "0", "nothing to compress without contents"))
    freed = f"{facts['freed']:,} of these free a page" if facts["freed"] else ""
    rows.append(("versions", f"{facts['versions']:,}", freed))
    rows += [(key.replace("_", " "), str(facts[key]), "") for key in ORIGINS if facts.get(key)]
    lines = []
    for label, value, remark in rows:
        text = f" {label:<17}  {value}" + (f", {remark}" if remark else "")
        lines += folded(text, width, " " * 5 if width < NARROW else " " * 20)
    return lines


def _faults(facts: Facts, width: int, *, ascii_only: bool) -> list[str]:
    reuse, accesses = facts["reuse"], facts["accesses"]
    ignored = "; freed marks ignored" if facts["freed"] else ""
    title = f"Faults of exact LRU by memory, first accesses included{ignored}"
    lines = folded(title, width)
    points = [point for point in reuse["curve"] if point["percent"] % 10 == 0]
    # Of a few pages, several percentages are the same memory.
    points = list({point["memory_pages"]: point for point in points}.values())
    rows = []
    for point in points:
        pages, faults = point["memory_pages"], point["faults"]
        memory = f"{pages:,}" if width < NARROW else format_pages(pages)
        share = format_share(faults, accesses, 2)
        rows.append((f"{point['percent']} %", memory, f"{faults:,}", share))
    columns = [max(len(row[column]) for row in rows) for column in range(4)]
    room = min(BAR_COLUMNS, width - sum(columns) - 9)
    most = max(point["faults"] for point in points)
    for row, point in zip(rows, points, strict=True):
        cells = "  ".join(f"{cell:>{size}}" for cell, size in zip(row, columns, strict=True))
        drawn = bar(point["faults"], most, room, ascii_only=ascii_only) if room > 3 else ""
        lines.append(f" {cells}  {drawn}".rstrip())
    if exact_pages := facts.get("recorder_resident_pages"):
        said = f" as the program's from {exact_pages:,} pages on, which it was recorded for"
        lines += folded(said, width, "  ")
    if reuse["repeated_accesses"]:
        half, ninety, most_of = (reuse["quantiles"][part] for part in ("50", "90", "99"))
        lines += folded(
            f" pages of memory in which repeated accesses hit: half {half:,}, 90 % {ninety:,}, "
            f"99 % {most_of:,}",
            width,
            "  ",
        )
    return lines


def _windows(working_set: Facts, width: int, *, ascii_only: bool) -> list[str]:
    touched, footprint = working_set["touched"], working_set["footprint"]
    lines = folded(
        f"Pages in use over time, {len(touched)} windows of "
        f"{working_set['window_accesses']:,} accesses",
        width,
    )
    rows = [
        ("touched", touched, f"{min(touched):,} to {max(touched):,}"),
        ("footprint", footprint, f"{footprint[-1]:,} in the end"),
    ]
    room = min(60, width - 14) if width < NARROW else min(60, width - 32)
    for label, values, remark in rows:
        drawn = sparkline(values, room, ascii_only=ascii_only)
        if width < NARROW:
            lines += [f" {label:<9} {drawn}", f" {'':<9} {remark}"]
        else:
            lines.append(f" {label:<9} {drawn}  {remark}")
    return lines


def _mix(mix: Facts, width: int, *, ascii_only: bool) -> list[str]:
    if not mix["sampled"]:
        return []
    of = f"a sample of {mix['sampled']:,} of " if mix["sampled"] < mix["of"] else ""
    lines = folded(f"What pages hold, by {of}{mix['of']:,} versions", width)
    room = min(BAR_COLUMNS, width - 33)
    for kind, count in mix["counts"].items():
        share = format_share(count, mix["sampled"])
        drawn = bar(count, mix["sampled"], room, ascii_only=ascii_only) if room > 3 else ""
        lines.append(f" {KIND_NAMES.get(kind, kind):<19}  {share:>7}  {drawn}".rstrip())
    return lines
