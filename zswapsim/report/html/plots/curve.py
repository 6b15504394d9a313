# SPDX-License-Identifier: GPL-2.0-only
"""The miss ratio over memory, with the band in which it is where only a sample was looked at."""

from collections.abc import Sequence
from typing import Any

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import BLUE, CLEAR, SKY, axis, figure, line

BAND_OPACITY = 0.35


def curve_plot(result: Facts) -> Plot:
    """Draw the miss ratio in percent over pages of memory."""
    points = result["points"]
    memory = [point["memory_pages"] for point in points]
    ratios = [100 * point["miss_ratio"] for point in points]
    data = _band([point for point in points if point["plus_minus"] is not None])
    data.append(line(memory, ratios, "miss ratio", BLUE, hovertemplate="%{y:.3f} %"))
    drawn = figure(
        data,
        axis("pages of memory", rangemode="tozero", showgrid=False),
        axis("miss ratio", rangemode="tozero", ticksuffix=" %"),
        hovermode="x unified",
    )
    says = (
        f"From {ratios[0]:.2f} % of accesses with {memory[0]:,} pages to {ratios[-1]:.2f} % with "
        f"{memory[-1]:,}; where the line is steep, a little memory matters."
    )
    return Plot(title="Miss ratio by memory", says=says, figures=[("", drawn)], wide=True)


def _band(points: Sequence[Facts]) -> list[dict[str, Any]]:
    """Return the edges of the band, of which the upper one fills down to the lower one."""
    if not any(point["plus_minus"] for point in points):
        return []
    memory = [point["memory_pages"] for point in points]
    low = [100 * max(0, point["miss_ratio"] - point["plus_minus"]) for point in points]
    high = [100 * min(1, point["miss_ratio"] + point["plus_minus"]) for point in points]
    filled = {"fill": "tonexty", "fillcolor": SKY, "opacity": BAND_OPACITY}
    edges = [
        line(memory, low, "", CLEAR, hoverinfo="skip", showlegend=False),
        line(memory, high, "95 % of what may be", CLEAR, hoverinfo="skip", **filled),
    ]
    for edge in edges:
        del edge["hovertemplate"]
    return edges
