# SPDX-License-Identifier: GPL-2.0-only
"""Which pages are accessed when."""

import math

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import HEIGHT, SCALE, axis, figure
from zswapsim.report.html.plots.over_time import ACCESSES


def heat_map_plot(result: Facts) -> Plot | None:
    """Draw accesses by page and time; colours go by the logarithm, as a few pages get most."""
    told, trace = result["pictures"]["heat_map"], result["trace"]
    counts = told["counts"]
    most = max((count for row in counts for count in row), default=0)
    if not most:
        return None
    per_row, per_column = told["pages_per_row"], told["accesses_per_column"]
    ticks = [10**power for power in range(int(math.log10(most)) + 1)]
    columns = len(counts[0])
    heat = {
        "type": "heatmap",
        "x": [per_column * (at + 0.5) for at in range(columns)],
        "y": [per_row * (at + 0.5) for at in range(len(counts))],
        "z": [[math.log10(count) if count else None for count in row] for row in counts],
        "customdata": counts,
        "colorscale": SCALE,
        "zmin": 0,
        "zmax": math.log10(most) or 1,
        "hovertemplate": "%{customdata:,} accesses near page %{y:,.0f}<extra></extra>",
        "hoverongaps": False,
        "colorbar": {
            "tickvals": [math.log10(tick) for tick in ticks],
            "ticktext": [f"{tick:,}" for tick in ticks],
            "thickness": 12,
            "outlinewidth": 0,
            "title": {"text": "accesses"},
        },
    }
    busiest = max(range(len(counts)), key=lambda row: sum(counts[row]))
    share = 100 * sum(counts[busiest]) / max(1, sum(map(sum, counts)))
    last = min(trace["pages"], per_row * (busiest + 1)) - 1
    says = (
        f"Each field is {per_row:,} pages by {per_column:,} accesses. The busiest, pages "
        f"{per_row * busiest:,} to {last:,}, get {share:.0f} % of all accesses; blank is no access."
    )
    y = axis("page", tickformat=",~r", showgrid=False)
    drawn = figure([heat], ACCESSES, y, height=HEIGHT)
    return Plot(title="Which pages are accessed when", says=says, figures=[("", drawn)])
