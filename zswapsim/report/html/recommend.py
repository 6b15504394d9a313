# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of a recommendation: the answer, why, what to paste, and all that was tried."""

from typing import Any

from zswapsim.report.html.cells import Cells
from zswapsim.report.html.document import Cell, Chapter, Facts, Part, Snippet, Table
from zswapsim.report.html.plots import plots_of
from zswapsim.report.recommend import WHY, asked_for, reasons, sensitivity
from zswapsim.report.sweep import SETTINGS

HEADER = ("", "stall s", "% of plain swap", "CPU s", "disk reads", "disk writes", "saved pages", "")


def recommend_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of a recommendation."""
    cells = Cells.of([_row(cell) for cell in result["cells"]])
    drawn = plots_of("recommend", {"cells": cells}) if cells.ran else {}
    return [
        Chapter(
            title=f"{result['trace']['name']}: what to set",
            kind="recommend",
            about=[asked_for(result)],
            answers=[f"{result['answer']}."],
            warnings=[str(line) for line in result["warnings"]],
            parts=[
                Part(title="Why, and what to paste", tables=_why(result), snippets=_pasted(result)),
                *(Part(title=heading, plots=plots) for heading, plots in drawn.items()),
                Part(title="Numbers", tables=[_tried(result)]),
            ],
        )
    ]


def _row(cell: Facts) -> dict[str, Any]:
    """Return what was tried as the row of a sweep."""
    none = dict.fromkeys((*SETTINGS, "swap_full", "write_errors"))
    counters, cost, failure = cell["counters"] or {}, cell["cost"] or {}, cell["failure"]
    row = {**none, **cell["settings"], **counters, **cost, "over_limit": int(bool(failure))}
    return {**row, "error": None if "stall_seconds" in cost else failure}


def _why(result: Facts) -> list[Table]:
    if result["best"] is None:
        return []
    header = ("setting", "best", "the others")
    rows, notes = reasons(result), sensitivity(result)
    return [Table(caption=WHY, header=header, rows=rows, texts=(1, 2), notes=notes, wide=True)]


def _pasted(result: Facts) -> list[Snippet]:
    return [
        Snippet(title=str(one["where"]), text=str(one["text"]), note=str(one.get("remark") or ""))
        for one in result["paste"]
    ]


def _tried(result: Facts) -> Table:
    rows: list[list[Cell]] = []
    for cell in result["cells"]:
        cost = cell["cost"] or {}
        numbers = [cost.get("stall_seconds"), cell.get("of_plain_percent")]
        keys = ("cpu_seconds", "device_reads", "device_writes", "saved_pages")
        numbers += [cost.get(key) for key in keys]
        rows.append([str(cell["name"]), *numbers, str(cell["failure"] or "")])
    caption = "All that was tried"
    return Table(caption=caption, header=HEADER, rows=rows, texts=(7,), sortable=True)
