# SPDX-License-Identifier: GPL-2.0-only
"""The chapters of a sweep, one for each trace: maps, lines, the front, and all cells."""

from collections.abc import Sequence

from zswapsim.report.html.cells import Cells
from zswapsim.report.html.document import Cell, Chapter, Facts, Part, Table
from zswapsim.report.html.plots import plots_of
from zswapsim.report.sweep import SETTINGS, answers, by_trace, fixed, shown_value, trouble_of

MOST_ROWS = 2000
COLUMNS = {
    "stall_seconds": "stall s",
    "cpu_seconds": "CPU s",
    "pgmajfault": "pgmajfault",
    "zswpin": "zswpin",
    "device_reads": "disk reads",
    "device_writes": "disk writes",
    "written_back_pages": "written back",
    "pool_limit_hit": "pool full",
    "saved_pages": "saved pages",
}
"""Numbers of the table of all cells, and their headings."""


def sweep_chapters(result: Facts) -> list[Chapter]:
    """Return a chapter for each trace of a sweep's rows."""
    return [_of_trace(str(rows[0]["trace"]), rows) for rows in by_trace(result["rows"])]


def _of_trace(trace: str, rows: Sequence[Facts]) -> Chapter:
    cells = Cells.of(rows)
    drawn = plots_of("sweep", {"cells": cells}) if cells.ran else {}
    tables = [_failed(cells)] if cells.failed else []
    if cells.ran:
        tables.insert(0, _all(cells))
    return Chapter(
        title=f"{trace}: a sweep of {len(rows):,} {'cell' if len(rows) == 1 else 'cells'}",
        kind="sweep",
        about=[_about(cells)] if cells.ran else [],
        answers=_answers(cells),
        warnings=[f"{len(cells.failed):,} cells failed; they are listed below."]
        if cells.failed
        else [],
        parts=[
            *(Part(title=heading, plots=plots) for heading, plots in drawn.items()),
            Part(title="Cells", tables=tables),
        ],
    )


def _about(cells: Cells) -> str:
    names = [name for name in SETTINGS if name in cells.varied]
    varied = ", ".join(SETTINGS[name] for name in names) or "nothing"
    return f"Varied: {varied}. The same for all: {fixed(cells.ran[0], names)}."


def _answers(cells: Cells) -> list[str]:
    if not cells.ran:
        return ["No cell ran."]
    best, names = cells.ran[0], [name for name in SETTINGS if name in cells.varied]
    lines = [f"{said}." for said in answers(cells.ran, names)]
    worst = max((row for row in cells.ran if not trouble_of(row)), key=_stall, default=best)
    if worst is not best and worst["stall_seconds"] > 0:
        lines.append(f"It waits most with {cells.told(worst)}: {worst['stall_seconds']:.3f} s.")
    return lines


def _stall(row: Facts) -> float:
    return float(row["stall_seconds"])


def _all(cells: Cells) -> Table:
    names = [name for name in SETTINGS if name in cells.varied]
    columns = [key for key in COLUMNS if any(row.get(key) is not None for row in cells.ran)]
    rows: list[list[Cell]] = [
        [*(_setting(row[name]) for name in names), *(row.get(key) for key in columns)]
        for row in cells.ran[:MOST_ROWS]
    ]
    notes = []
    if len(cells.ran) > MOST_ROWS:
        notes.append(f"The best {MOST_ROWS:,} of {len(cells.ran):,} cells.")
    if any(trouble_of(row) for row in cells.ran):
        notes.append("Cells that ran out of swap or memory come last.")
    return Table(
        caption="All cells, the least stall first",
        header=[*(SETTINGS[name] for name in names), *(COLUMNS[key] for key in columns)],
        rows=rows,
        names=max(1, len(names)),
        notes=notes,
        sortable=True,
    )


def _failed(cells: Cells) -> Table:
    names = [name for name in SETTINGS if len({repr(row.get(name)) for row in cells.failed}) > 1]
    names += [name for name in cells.varied if name not in names]
    return Table(
        caption="Cells that failed",
        header=[*(SETTINGS[name] for name in names), "error"],
        rows=[
            [*(shown_value(row.get(name)) for name in names), str(row["error"])]
            for row in cells.failed
        ],
        names=len(names) + 1,
        sortable=True,
    )


def _setting(value: object) -> Cell:
    return value if isinstance(value, int) and not isinstance(value, bool) else shown_value(value)
