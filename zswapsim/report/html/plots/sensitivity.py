# SPDX-License-Identifier: GPL-2.0-only
"""How the waits of configurations change with the costs that they rest on."""

from typing import Any

from zswapsim.report.html.document import Facts, Figure, Plot
from zswapsim.report.html.figure import (
    DASHES,
    FAINT,
    MOST_HOVERED,
    SERIES,
    axis,
    figure,
    label,
    labels,
    line,
)

POINTS = 40
TIMES = "\N{MULTIPLICATION SIGN}"


def sensitivity_plot(result: Facts) -> Plot | None:
    """Draw the stall of each configuration over each knob, and where another one comes first."""
    knobs = result.get("sensitivity")
    if not knobs:
        return None
    turned = [str(knob["knob"]) for knob in knobs if any(flip["best"] for flip in knob["flips"])]
    says = (
        f"The answer changes with {', '.join(turned)}: where lines cross."
        if turned
        else "Within these ranges the answer stays the same: no line crosses the lowest."
    )
    return Plot(
        title="What if a cost were another?",
        says=says,
        choose="Turn",
        figures=[(str(knob["knob"]), _knob(knob)) for knob in knobs],
        wide=True,
    )


def _knob(knob: Facts) -> Figure:
    settings = [row["setting"] for row in knob["rows"]]
    shares = knob["unit"] == "percent" or settings[0] <= 0
    points = _points(settings[0], settings[-1], in_log=not shares)
    first, last = (knob["rows"][at]["stall_seconds"] for at in (0, -1))
    data = []
    for at, (name, shown) in enumerate(zip(first, labels(list(first)), strict=True)):
        slope = (last[name] - first[name]) / (settings[-1] - settings[0])
        stalls = [first[name] + slope * (point - settings[0]) for point in points]
        colour, dash = SERIES[at % len(SERIES)], DASHES[at % len(DASHES)]
        data.append(line(points, stalls, shown, colour, dash=dash, hovertemplate="%{y:.4g} s"))
    x: dict[str, Any] = {"ticksuffix": " %"} if shares else {"tickprefix": TIMES, "type": "log"}
    unit = "" if shares else ", times as long"
    turned = figure(
        data,
        axis(f"{label(knob['knob'], MOST_HOVERED)}{unit}", tickvals=settings, showgrid=False, **x),
        axis("seconds that the program waits", rangemode="tozero"),
        hovermode="x unified",
    )
    rule = {"type": "line", "yref": "paper", "y0": 0, "y1": 1}
    turned["layout"]["shapes"] = [
        {**rule, "x0": at, "x1": at, "line": {"color": FAINT, "width": 1, "dash": "dot"}}
        for at in (flip["at"] for flip in knob["flips"] if flip["best"])
    ]
    return turned


def _points(low: float, high: float, *, in_log: bool) -> list[float]:
    """Return settings from low to high: stalls are straight lines in these, and bend in a log."""
    parts = [at / POINTS for at in range(POINTS + 1)]
    if in_log:
        return [round(low * (high / low) ** part, 6) for part in parts]
    return [low + (high - low) * part for part in parts]
