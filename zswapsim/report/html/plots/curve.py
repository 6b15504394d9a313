# SPDX-License-Identifier: GPL-2.0-only
"""The miss ratio over memory, with the band in which it is where only a sample was looked at."""

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import BLUE, CLEAR, SKY, axis, figure, line

BAND_OPACITY = 0.35


def curve_plot(result: Facts) -> Plot:
    """Draw the miss ratio in percent over pages of memory."""
    points = result["points"]
    memory = [point["memory_pages"] for point in points]
    ratios = [100 * point["miss_ratio"] for point in points]
    errors = [100 * point["plus_minus"] for point in points]
    data = []
    if any(errors):
        low = [max(0.0, ratio - error) for ratio, error in zip(ratios, errors, strict=True)]
        high = [min(100.0, ratio + error) for ratio, error in zip(ratios, errors, strict=True)]
        for edge, more in ((low, {"showlegend": False}), (high, _BAND)):
            data.append(line(memory, edge, "95 % of what may be", CLEAR, hoverinfo="skip", **more))
            del data[-1]["hovertemplate"]
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


_BAND = {"fill": "tonexty", "fillcolor": SKY, "opacity": BAND_OPACITY}
