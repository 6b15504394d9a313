# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of configurations side by side."""

from zswapsim.report.html.document import Cell, Chapter, Facts, Part, Table
from zswapsim.report.html.plots import plots_of

NUMBERS = {
    "stall_seconds": "stall s",
    "cpu_seconds": "CPU s",
    "device_reads": "disk reads",
    "device_writes": "disk writes",
    "saved_pages": "saved pages",
}


def compare_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of a comparison."""
    rows: list[list[Cell]] = [
        [
            str(one["name"]),
            *(one["cost"].get(key) for key in NUMBERS),
            one["result"]["vmstat"]["pgmajfault"],
            one["result"]["vmstat"]["zswpin"],
        ]
        for one in result["results"]
    ]
    table = Table(
        caption="Configurations",
        header=["", *NUMBERS.values(), "pgmajfault", "zswpin"],
        rows=rows,
        sortable=True,
    )
    drawn = plots_of("compare", result)
    return [
        Chapter(
            title=f"{result['trace']['name']}: {len(rows)} configurations compared",
            kind="compare",
            answers=answers(result),
            parts=[
                *(Part(title=heading, plots=plots) for heading, plots in drawn.items()),
                Part(title="Numbers", tables=[table]),
            ],
        )
    ]


def answers(result: Facts) -> list[str]:
    """Return which configuration waits least."""
    best, *others = sorted(result["results"], key=lambda one: float(one["cost"]["stall_seconds"]))
    least = best["cost"]["stall_seconds"]
    lines = [f"The program waits least with {best['name']}: {least:.3f} s."]
    lines += [
        f"With {other['name']} it waits {other['cost']['stall_seconds'] / least:.1f} times as long."
        for other in others[:1]
        if least
    ]
    return lines
