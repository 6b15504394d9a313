# SPDX-License-Identifier: GPL-2.0-only
"""Compressed lengths, and below them the steps in which allocators give room."""

from collections.abc import Mapping, Sequence
from typing import Any

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import (
    BLUE,
    CLEAR,
    DASHES,
    HEIGHT,
    REFUSED,
    SERIES,
    STEP,
    STEP_TOO,
    axis,
    bars,
    figure,
    label,
    line,
    percent,
)
from zswapsim.units import PAGE_SIZE

Steps = Mapping[str, Sequence[int]]


def replay_lengths(result: Facts) -> Plot | None:
    """Draw the lengths of all contents, with the steps of the pool."""
    told, config = result["pictures"]["length_histogram"], result["config"]
    contents, step = told["contents"], told["step_bytes"]
    whole = sum(contents) + told["incompressible"]
    if not whole:
        return None
    data = [bars(_middles(contents, step), contents, label(config["compressor"]), BLUE)]
    data[0] |= {"customdata": _ranges(contents, step), "width": step, "showlegend": False}
    data[0]["hovertemplate"] = "%{customdata}: %{y:,}<extra></extra>"
    steps = {config["zpool"]: told["steps_bytes"]} if told["steps_bytes"] else {}
    says = (
        f"{whole:,} contents compressed with {config['compressor']}, mean "
        f"{result['compression']['mean_length_bytes'] or 0:.0f} bytes. {_steps_said(steps)}"
    )
    if steps:
        says += _refusals_said(config["zpool"], told["too_long"], whole)
    return Plot(
        title="Compressed lengths, and the allocator's steps",
        says=says.strip(),
        figures=[("", _with_steps(data, steps, "contents"))],
        wide=True,
    )


def ratio_lengths(result: Facts) -> Plot | None:
    """Draw the lengths with each compressor, with the steps of all pools."""
    if not result["pages"]["need_room"]:
        return None
    data = []
    for at, told in enumerate(result["compressors"]):
        shares = [100 * count / told["pages"] for count in told["histogram"]]
        step = PAGE_SIZE // len(shares)
        colour, dash = SERIES[at % len(SERIES)], DASHES[at % len(DASHES)]
        drawn = line(_middles(shares, step), shares, label(told["name"]), colour, dash=dash)
        drawn["line"]["shape"] = "hvh"
        drawn |= {"customdata": _ranges(shares, step)}
        drawn["hovertemplate"] = "%{customdata}: %{y:.1f} %"
        data.append(drawn)
    steps = {pool["zpool"]: pool.get("steps_bytes", ()) for pool in result["pools"]}
    steps = {name: ends for name, ends in steps.items() if ends}
    means = ", ".join(
        f"{told['name']} {told['mean_length_bytes']:.0f}" for told in result["compressors"]
    )
    return Plot(
        title="Compressed lengths, and the allocators' steps",
        says=f"Mean bytes of a page of {PAGE_SIZE}: {means}. {_steps_said(steps)}".strip(),
        figures=[("", _with_steps(data, steps, "% of pages"))],
        wide=True,
    )


def _with_steps(data: list[dict[str, Any]], steps: Steps, what: str) -> dict[str, Any]:
    """Return a figure of lengths, with a row of steps for each pool below."""
    x = axis("compressed length, bytes", range=[0, PAGE_SIZE], tick0=0, dtick=512, showgrid=False)
    y = axis(what, rangemode="tozero", tickformat=",~r")
    if not steps:
        return figure(data, x, y)
    share = min(0.4, 0.1 + 0.06 * len(steps))
    y2 = axis(domain=[0, share - 0.08], anchor="x", showgrid=False, fixedrange=True)
    for name, ends in steps.items():
        data += _row(name, ends)
    drawn = figure(
        data,
        {**x, "anchor": "y2"},
        {**y, "domain": [share, 1]},
        yaxis2={**y2, "autorange": "reversed", "type": "category"},
        bargap=0,
        barmode="overlay",
        height=HEIGHT + 24 * (1 + len(steps)),
    )
    if len(steps) == 1:
        drawn["layout"]["shapes"] = [_refused(ends[-1], share) for ends in steps.values()]
    return drawn


def _row(name: str, ends: Sequence[int]) -> list[dict[str, Any]]:
    """Return the bars of one pool's steps, alternately dark and light, and of what it refuses."""
    begins = [0, *ends[:-1]]
    colours = [STEP_TOO if turn % 2 else STEP for turn in range(len(ends))]
    said = [f"{begin + 1} to {end} bytes" for begin, end in zip(begins, ends, strict=True)]
    row = bars([end - begin for begin, end in zip(begins, ends, strict=True)], [], "", "")
    row |= {"y": [label(name)] * len(ends), "base": begins, "orientation": "h", "yaxis": "y2"}
    row |= {"marker": {"color": colours}, "customdata": said, "width": 0.6, "showlegend": False}
    row["hovertemplate"] = "%{customdata}<extra>%{y}</extra>"
    if ends[-1] >= PAGE_SIZE:
        return [row]
    refused = bars([PAGE_SIZE - ends[-1]], [label(name)], "", REFUSED, base=[ends[-1]])
    refused |= {"orientation": "h", "yaxis": "y2", "width": 0.6, "showlegend": False}
    refused["hovertemplate"] = f"longer than {ends[-1]} bytes: refused<extra>%{{y}}</extra>"
    return [row, refused]


def _refused(most: int, share: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": most,
        "x1": PAGE_SIZE,
        "y0": share,
        "y1": 1,
        "fillcolor": REFUSED if most < PAGE_SIZE else CLEAR,
        "line": {"width": 0},
        "layer": "below",
    }


def _refusals_said(zpool: str, refused: int, whole: int) -> str:
    if not refused:
        return f" {zpool} takes them all."
    return f" {zpool} refuses {refused:,} of them ({percent(refused, whole)})."


def _steps_said(steps: Steps) -> str:
    if not steps:
        return ""
    told = ", ".join(f"{name} {len(ends)}" for name, ends in steps.items())
    return f"Below, the steps in which room is given: {told}; pages within one take the same room."


def _middles(counts: Sequence[float], step: int) -> list[float]:
    return [step * at + step / 2 for at in range(len(counts))]


def _ranges(counts: Sequence[float], step: int) -> list[str]:
    return [f"{step * at + 1} to {step * (at + 1)} bytes" for at in range(len(counts))]
