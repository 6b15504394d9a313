# SPDX-License-Identifier: GPL-2.0-only
"""Which cells of a sweep no other one beats in both of two costs."""

from typing import Any

from zswapsim.report.html.cells import METRICS, Cells
from zswapsim.report.html.document import Facts, Figure, Plot
from zswapsim.report.html.figure import BLUE, MOST_HOVERED, ORANGE, axis, figure, label
from zswapsim.report.html.numbers_text import number_ticks, short
from zswapsim.report.sweep import Row

AGAINST = {
    "cpu_seconds": "CPU time",
    "device_writes": "writes to a disk",
    "device_reads": "reads from a disk",
}


def front_plot(result: Facts) -> Plot | None:
    """Draw all cells by stall and another cost, and join those that are not beaten."""
    cells: Cells = result["cells"]
    keys = [key for key in AGAINST if all(row.get(key) is not None for row in cells.ran)]
    if len(cells.ran) < 3 or not keys:
        return None
    count = len(cells.front(lambda row: row[keys[0]]))
    says = (
        f"{count} of {len(cells.ran):,} cells are not beaten in both, stall and "
        f"{AGAINST[keys[0]]}: the joined ones. Down and to the left is better; point at a cell for "
        "its settings."
    )
    return Plot(
        title="Stall against other costs",
        says=says,
        choose="Stall against",
        figures=[(AGAINST[key], _front(cells, key)) for key in keys],
        wide=True,
    )


def _front(cells: Cells, key: str) -> Figure:
    front = cells.front(lambda row: float(row[key]))
    every = _points(cells, cells.ran, key, "all cells")
    every |= {"mode": "markers", "marker": {"color": BLUE, "size": 7, "opacity": 0.45}}
    best = _points(cells, front, key, "not beaten")
    best |= {"mode": "lines+markers", "line": {"color": ORANGE, "width": 2, "shape": "hv"}}
    best["marker"] = {"color": ORANGE, "size": 10, "symbol": "diamond"}
    return figure(
        [every, best],
        axis(METRICS[key], rangemode="tozero", tickformat=number_ticks(key)),
        axis(METRICS["stall_seconds"], rangemode="tozero"),
        height=400,
        hovermode="closest",
    )


def _points(cells: Cells, rows: list[Row], key: str, name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": name,
        "x": [row[key] for row in rows],
        "y": [row["stall_seconds"] for row in rows],
        "text": [_said(cells, row, key) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _said(cells: Cells, row: Row, key: str) -> str:
    settings = label(cells.told(row), MOST_HOVERED).replace(", ", "<br>")
    numbers = f"stall {short(row['stall_seconds'])} s<br>{METRICS[key]} {short(row[key])}"
    return f"{settings}<br>{numbers}"
