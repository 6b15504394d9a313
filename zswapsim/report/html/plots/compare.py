# SPDX-License-Identifier: GPL-2.0-only
"""Configurations side by side: what the program waits for, the device, and over time together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import (
    AMBER,
    BLUE,
    DASHES,
    GREEN,
    GREY,
    HEIGHT,
    ORANGE,
    PINK,
    SERIES,
    SKY,
    axis,
    bars,
    figure,
    label,
    labels,
    line,
)
from zswapsim.report.html.numbers_text import short
from zswapsim.report.html.plots.over_time import ACCESSES, pages_axis

STALL = {
    "trap": ("faulting", GREY),
    "decompress": ("decompressing", BLUE),
    "read": ("reading from a disk", ORANGE),
    "reclaim": ("making room", AMBER),
}


def stall_plot(result: Facts) -> Plot:
    """Draw what the program waits for, part by part."""
    told = result["results"]
    names = labels([one["name"] for one in told])
    data = []
    for key, (name, colour) in STALL.items():
        values = [one["cost"]["stall"].get(key, 0) for one in told]
        drawn = bars(values, names, name, colour, orientation="h")
        drawn["hovertemplate"] = "%{x:.4f} s"
        data.append(drawn)
    worst = max(told, key=lambda one: float(one["cost"]["stall_seconds"]))
    says = f"Most with {worst['name']}: {short(worst['cost']['stall_seconds'])} s, by what for."
    drawn = figure(
        data,
        axis("seconds", rangemode="tozero"),
        axis(autorange="reversed", type="category", showgrid=False),
        barmode="stack",
        bargap=0.35,
        height=_tall(len(told)),
    )
    title = "What the program waits for"
    return Plot(title=title, says=says, figures=[("", drawn)], wide=True)


def device_plot(result: Facts) -> Plot:
    """Draw reads and writes of the device."""
    told = result["results"]
    fewest = min(told, key=lambda one: int(one["cost"]["device_writes"]))
    says = (
        f"Fewest writes with {fewest['name']}: {fewest['cost']['device_writes']:,} pages, and "
        f"{fewest['cost']['device_reads']:,} read."
    )
    reads = [one["cost"]["device_reads"] for one in told]
    writes = [one["cost"]["device_writes"] for one in told]
    drawn = _beside(told, (reads, "reads", ORANGE), (writes, "writes", PINK))
    return Plot(title="Pages read from a disk, and written", says=says, figures=[("", drawn)])


def _beside(told: Sequence[Facts], *groups: tuple[list[int | None], str, str]) -> dict[str, Any]:
    """Return bars of pages, side by side for each configuration. groups: values, name, colour."""
    names = labels([one["name"] for one in told])
    data = [
        bars(values, names, name, colour, orientation="h", hovertemplate="%{x:,}")
        for values, name, colour in groups
    ]
    return figure(
        data,
        axis("pages", rangemode="tozero", tickformat=",~r"),
        axis(autorange="reversed", type="category", showgrid=False),
        barmode="group",
        bargap=0.35,
        height=_tall(len(told)),
    )


def memory_plot(result: Facts) -> Plot | None:
    """Draw the memory that each configuration gains."""
    told = result["results"]
    if not any(one["cost"]["saved_pages"] for one in told):
        return None
    most = max(told, key=lambda one: float(one["cost"]["saved_pages"]))
    says = f"Most with {most['name']}: {short(most['cost']['saved_pages'])} pages on average."
    mean = [one["cost"]["saved_pages"] for one in told]
    peak = [one["cost"].get("peak_saved_pages") for one in told]
    drawn = _beside(told, (mean, "on average", GREEN), (peak, "at most", SKY))
    return Plot(title="Memory gained by compression", says=says, figures=[("", drawn)])


def pool_plot(result: Facts) -> Plot | None:
    """Draw all pools over time."""
    says = "Pages of the pool of each configuration."
    return _together(result, "Pools", says, lambda one: _column(one, "pool_pages"))


def majors_plot(result: Facts) -> Plot | None:
    """Draw major faults so far."""
    says = "Accesses that found their page swapped out, so far; steep is slow."
    return _together(result, "Major faults", says, lambda one: _column(one, "pgmajfault"))


def writes_plot(result: Facts) -> Plot | None:
    """Draw writes to a disk so far."""

    def written(one: Facts) -> list[int]:
        return _column(one, "bd_writes" if one["config"]["frontend"] == "zram" else "pswpout")

    plot = _together(result, "Writes to a disk", "Pages written to a disk so far.", written)
    return plot and replace(plot, wide=True)


def _together(
    result: Facts, title: str, says: str, column: Callable[[Facts], list[int]]
) -> Plot | None:
    told = [one for one in result["results"] if one["result"].get("series")]
    if not told:
        return None
    data = [
        line(
            one["result"]["series"]["access"],
            column(one["result"]),
            label(one["name"]),
            SERIES[at % len(SERIES)],
            dash=DASHES[at % len(DASHES)],
        )
        for at, one in enumerate(told)
    ]
    most = max(told, key=lambda one: column(one["result"])[-1])
    says = f"{says} At the end most with {most['name']}: {column(most['result'])[-1]:,}."
    drawn = figure(data, ACCESSES, pages_axis("pages"), hovermode="x unified")
    return Plot(title=title, says=says, figures=[("", drawn)])


def _column(result: Facts, name: str) -> list[int]:
    return list(result["series"][name])


def _tall(count: int) -> int:
    return max(HEIGHT, 120 + 34 * count)
