# SPDX-License-Identifier: GPL-2.0-only
"""A map of a sweep over the two settings with most values."""

from typing import Any

from zswapsim.report.html.cells import METRICS, Cells
from zswapsim.report.html.document import Facts, Figure, Plot
from zswapsim.report.html.figure import MOST_HOVERED, SCALE, axis, figure, label, labels
from zswapsim.report.html.numbers_text import number_ticks, short
from zswapsim.report.sweep import SETTINGS, shown_value

MOST_TEXTS = 150


def map_plot(result: Facts) -> Plot | None:
    """Draw a field for each pair of values, with a choice of what to show in it."""
    cells: Cells = result["cells"]
    if len(cells.varied) < 2:
        return None
    across, up = cells.varied[:2]
    rest = [SETTINGS[name] for name in cells.varied[2:]]
    best = " with the best of the rest" if rest else ""
    says = f"A field is a {SETTINGS[across]} and a {SETTINGS[up]}{best}."
    if rest:
        says += f" The rest is {', '.join(rest)}; the best is what waits least."
    return Plot(
        title=f"{SETTINGS[across]} and {SETTINGS[up]}",
        says=says,
        choose="Show",
        figures=[(told, _map(cells, across, up, key)) for key, told in cells.metrics.items()],
    )


def _map(cells: Cells, across: str, up: str, key: str) -> Figure:
    best = cells.best_by(across, up)
    columns, rows = cells.values(across), cells.values(up)
    field = [[best.get((x, y), {}) for x in columns] for y in rows]
    heat: dict[str, Any] = {
        "type": "heatmap",
        "x": labels([shown_value(value) for value in columns]),
        "y": labels([shown_value(value) for value in rows]),
        "z": [[row.get(key) for row in line] for line in field],
        "customdata": [[_said(cells, row, key) for row in line] for line in field],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "colorscale": SCALE,
        "xgap": 2,
        "ygap": 2,
        "showscale": True,
        "colorbar": {"thickness": 12, "outlinewidth": 0, "tickformat": number_ticks(key)},
    }
    if len(columns) * len(rows) <= MOST_TEXTS:
        heat["text"] = [[short(row.get(key)) for row in line] for line in field]
        heat["texttemplate"] = "%{text}"
    return figure(
        [heat],
        axis(SETTINGS[across], type="category", showgrid=False),
        axis(SETTINGS[up], type="category", showgrid=False),
        height=max(300, min(640, 150 + 44 * len(rows))),
    )


def _said(cells: Cells, row: Facts, key: str) -> str:
    if not row:
        return ""
    return f"{label(cells.told(row), MOST_HOVERED)}<br>{METRICS[key]}: {short(row.get(key))}"
