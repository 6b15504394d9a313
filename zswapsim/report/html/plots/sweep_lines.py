# SPDX-License-Identifier: GPL-2.0-only
"""Lines of a sweep over one setting, one for each value of another."""

from typing import Any

from zswapsim.report.html.cells import METRICS, Cells, is_numeric
from zswapsim.report.html.document import Facts, Figure, Plot
from zswapsim.report.html.figure import (
    DASHES,
    MOST_HOVERED,
    SERIES,
    SYMBOLS,
    axis,
    bars,
    figure,
    label,
    labels,
    line,
)
from zswapsim.report.html.numbers_text import number_ticks, short
from zswapsim.report.sweep import SETTINGS, shown_value

MOST_LINES = 8


def lines_plot(result: Facts) -> Plot | None:
    """Draw metrics over the setting that has most sizes, with the best of what else varies."""
    cells: Cells = result["cells"]
    if not cells.varied:
        return None
    along = next((n for n in cells.varied if is_numeric(cells.values(n))), cells.varied[0])
    few = [n for n in cells.varied if n != along and len(cells.values(n)) <= MOST_LINES]
    by = next((name for name in few if not is_numeric(cells.values(name))), few[0] if few else "")
    rest = [SETTINGS[name] for name in cells.varied if name not in (along, by)]
    each = f", a line for each {SETTINGS[by]}" if by else ""
    says = f"Over the {SETTINGS[along]}{each}"
    if rest:
        says += f"; of {', '.join(rest)} the best, which waits least"
    return Plot(
        title=f"What the {SETTINGS[along]} does",
        says=f"{says}.",
        choose="Show",
        figures=[(told, _lines(cells, along, by, key)) for key, told in cells.metrics.items()],
    )


def _lines(cells: Cells, along: str, by: str, key: str) -> Figure:
    best = cells.best_by(along, by) if by else cells.best_by(along)
    x = cells.values(along)
    data = []
    for at, value in enumerate(cells.values(by) if by else [None]):
        rows = [best.get((one, value) if by else (one,), {}) for one in x]
        name = label(shown_value(value)) if by else METRICS[key]
        told = [
            f"{label(cells.told(row), MOST_HOVERED)}: {short(row.get(key))}" if row else ""
            for row in rows
        ]
        data.append(_one(at, name, labels([shown_value(one) for one in x]), rows, key, told))
        data[-1] |= {"showlegend": bool(by)}
    drawn = figure(
        data,
        axis(SETTINGS[along], type="category", showgrid=False),
        axis(METRICS[key], rangemode="tozero", tickformat=number_ticks(key)),
        barmode="group",
    )
    if not is_numeric(x):
        for one in data:
            _as_bars(one)
    return drawn


def _one(
    at: int, name: str, x: list[str], rows: list[Facts], key: str, told: list[str]
) -> dict[str, Any]:
    colour = SERIES[at % len(SERIES)]
    drawn = line(x, [row.get(key) for row in rows], name, colour, dash=DASHES[at % len(DASHES)])
    drawn["mode"] = "lines+markers"
    drawn["marker"] = {"color": colour, "size": 7, "symbol": SYMBOLS[at % len(SYMBOLS)]}
    drawn |= {"customdata": told, "hovertemplate": "%{customdata}<extra></extra>"}
    return drawn


def _said(cells: Cells, row: Facts, key: str) -> str:
    if not row:
        return ""
    return f"{label(cells.told(row), MOST_HOVERED)}: {short(row.get(key))}"


def _as_bars(drawn: dict[str, Any]) -> None:
    """Make bars of a line, where its x has no order."""
    colour = drawn["marker"]["color"]
    for name in ("mode", "line", "marker", "type"):
        del drawn[name]
    drawn |= bars(drawn["x"], drawn["y"], drawn["name"], colour)
