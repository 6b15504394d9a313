# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of a miss-ratio curve: the plot, and all its points."""

from zswapsim.report.curve import about, answers, sample_lines
from zswapsim.report.html.document import Cell, Chapter, Facts, Part, Table
from zswapsim.report.html.plots import plots_of


def curve_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of a curve."""
    drawn = plots_of("curve", result) if result["points"] else {}
    return [
        Chapter(
            title=f"{result['trace']['name']}: faults by memory",
            kind="curve",
            about=[about(result)],
            answers=[f"{line[:1].upper()}{line[1:]}." for line in answers(result)],
            notes=[f"{line[:1].upper()}{line[1:]}." for line in sample_lines(result)],
            parts=[
                *(Part(title=heading, plots=plots) for heading, plots in drawn.items()),
                Part(title="Numbers", tables=[_points(result)]),
            ],
        )
    ]


def _points(result: Facts) -> Table:
    sampled = result["sample"] is not None
    rows: list[list[Cell]] = []
    for point in result["points"]:
        row: list[Cell] = [point["percent"], point["memory_pages"], point["faults"]]
        row.append(100 * point["miss_ratio"])
        if sampled:
            error = point["plus_minus"]
            row.append(None if error is None else 100 * error)
        rows.append(row)
    header = ["% of footprint", "pages", "faults", "miss ratio %", *(["±"] if sampled else [])]
    caption = "Faults of exact LRU, first accesses included"
    return Table(caption=caption, header=header, rows=rows, names=0, sortable=True)
