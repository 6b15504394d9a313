# SPDX-License-Identifier: GPL-2.0-only
"""A recommendation as a person reads it: the answer, what it beats, why, and what to paste.

Takes the plain dictionary of `recommend`. No line is longer than the columns there are, but for the
text to paste, which is never folded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.printable import printable
from zswapsim.report.columns import aligned
from zswapsim.report.drawing import folded
from zswapsim.units import format_pages

Facts = Mapping[str, Any]
WHY = "Why, each setting with the others as they are"
MOST_FRONT = 8
"""Rows of the front that are shown; all are in the JSON."""

LEGEND = (
    "wait: seconds that the program waits for pages; CPU: seconds for faults and compression; "
    "writes: pages written to the device, which wears it"
)


def print_recommendation(told: Facts, console: Console) -> None:
    """Print a recommendation; the console decides on colour and width."""
    for line in recommendation_lines(told, console.width):
        heading = line[:1] not in ("", " ", "!")
        style = "bold" if heading else "yellow" if line[:1] == "!" else ""
        console.print(Text(line, style=style), soft_wrap=True)


def recommendation_lines(told: Facts, width: int) -> list[str]:
    """Return the lines to print."""
    lines = [*folded(f"{told['answer']}.", width), *_indented(asked_for(told), width)]
    for warning in told["warnings"]:
        lines += folded(f"! {warning}", width, "  ")
    lines += ["", *_front(told, width)]
    if told["best"] is not None:
        lines += ["", *_reasons(told, width), "", *_sensitivity(told, width)]
        for snippet in told["paste"]:
            lines += ["", *_snippet(snippet, width)]
    return lines


def asked_for(told: Facts) -> str:
    """Return what the answer is for."""
    asked, trace = told["asked"], told["trace"]
    side = f", {asked['copies']} of it side by side" if asked["copies"] > 1 else ""
    name = printable(str(trace["name"]))
    said = (
        f"{name}{side}: {format_pages(asked['limit_pages'])} of memory for "
        f"{format_pages(trace['footprint_pages'] * asked['copies'])}; Linux {asked['kernel']}, "
        f"{asked['device']}; {len(told['cells'])} settings tried"
    )
    if asked["max_cpu_percent"] is not None:
        said += (
            f"; CPU at most {asked['max_cpu_percent']:g} % of what plain swap waits, "
            f"{asked['max_cpu_seconds']:.3g} s"
        )
    return said


def _front(told: Facts, width: int) -> list[str]:
    best = told["best"]
    shown = _picked(told["front"])
    names = [cell["name"] for cell in shown]
    if best is not None and best["name"] not in names:  # as good as one of them, by a hair
        shown = sorted([best, *shown], key=lambda cell: float(cell["cost"]["stall_seconds"]))
        names.append(best["name"])
    rows = [_row(cell, best) for cell in shown]
    others = [cell for cell in [*told["frontends"], told["plain"]] if cell["name"] not in names]
    unique = {cell["name"]: cell for cell in others}
    lines = folded("Nothing that was tried is better in all three", width)
    header = ["", "wait", "of plain", "CPU", "writes"]
    lines += aligned(header, rows, width, names=1)
    hidden = len([cell for cell in told["front"] if cell["name"] not in names])
    if hidden:
        lines += [f" {part}" for part in folded(f"and {hidden} in between", width - 1)]
    if unique:
        lines += folded("For comparison", width)
        lines += aligned(header, [_row(cell, best) for cell in unique.values()], width, names=1)
    lines += [f" {part}" for part in folded(LEGEND, width - 1)]
    failed = [cell for cell in told["cells"] if cell["failure"]]
    if failed:
        said = f"{len(failed)} settings failed, as {failed[0]['name']}: {failed[0]['failure']}"
        lines += [f" {part}" for part in folded(said, width - 1)]
    return lines


def _picked(front: Sequence[Facts]) -> list[Facts]:
    """Return some of the front from its one end to the other, evenly."""
    if len(front) <= MOST_FRONT:
        return list(front)
    return [front[at * (len(front) - 1) // (MOST_FRONT - 1)] for at in range(MOST_FRONT)]


def _row(cell: Facts, best: Facts | None) -> list[str]:
    cost, share = cell["cost"], cell["of_plain_percent"]
    mark = "*" if best is not None and cell["name"] == best["name"] else " "
    return [
        f"{mark} {cell['name']}",
        f"{cost['stall_seconds']:.3f}",
        "-" if share is None else f"{share:.0f} %",
        f"{cost['cpu_seconds']:.3f}",
        f"{cost['device_writes']:,}",
    ]


def reasons(told: Facts) -> list[tuple[str, str, str]]:
    """Return each setting, its best value, and what others would do."""
    return [
        (
            str(reason["setting"]),
            _word(reason["value"]),
            ("" if reason["matters"] else "hardly matters: ") + str(reason["says"]),
        )
        for reason in told["reasons"]
        if reason["others"]
    ]


def _reasons(told: Facts, width: int) -> list[str]:
    lines = folded(WHY, width)
    for setting, value, said in reasons(told):
        lines += _indented(f"{setting}={value}: {said}", width, "  ")
    return lines


def _indented(text: str, width: int, hanging: str = "") -> list[str]:
    return [f" {part}" for part in folded(text, width - 1, hanging)]


def _word(value: Any) -> str:
    return ("N", "Y")[value] if isinstance(value, bool) else str(value)


def sensitivity(told: Facts) -> list[str]:
    """Return whether other times of device and CPU would give another answer, and which."""
    best = told["best"]["name"]
    changed = [one for one in told["sensitivity"] if one["best"] != best]
    names = {"device": "the device", "cpu": "the CPU"}
    if not changed:
        return ["The answer stays with a device or CPU twice as fast, or twice as slow"]
    lines = ["With other times the answer would be another"]
    for one in changed:
        how = "twice as fast" if one["times"] < 1 else "twice as slow"
        loss = f"{max(0, one['loss_percent']):.0f} % less"
        lines.append(f"{names[one['what']]} {how}: {one['best']}, {loss}")
    return lines


def _sensitivity(told: Facts, width: int) -> list[str]:
    first, *more = sensitivity(told)
    lines = folded(first, width)
    for said in more:
        lines += _indented(said, width, "  ")
    return lines


def _snippet(snippet: Mapping[str, str], width: int) -> list[str]:
    title = snippet["where"] + (f" ({snippet['remark']})" if snippet["remark"] else "")
    return folded(title, width) + [f"    {line}" for line in snippet["text"].splitlines()]
