# SPDX-License-Identifier: GPL-2.0-only
"""The chapters of what compressors and pools make of some memory, one for each input."""

from zswapsim.report.html.document import Chapter, Facts, Part, Table
from zswapsim.report.html.plots import plots_of
from zswapsim.report.ratio import (
    Printed,
    answers,
    heading,
    lengths_table,
    padded,
    page_rows,
    pools_table,
    speeds_table,
)


def ratio_chapters(result: Facts) -> list[Chapter]:
    """Return a chapter for each input; where there are several, first that of all together."""
    inputs = [*([result["total"]] if result["total"] else []), *result["inputs"]]
    return [_one(told) for told in inputs]


def _one(result: Facts) -> Chapter:
    pages = Table(caption="Pages", header=(), rows=page_rows(result), texts=(2,))
    if not result["pages"]["need_room"]:
        return Chapter(
            title=str(result["name"]),
            kind="ratio",
            about=[heading(result)],
            answers=["No page needs room in a pool: all are of one repeated word."],
            parts=[Part(title="Numbers", tables=[pages])],
        )
    tables = [pages, _table(lengths_table(result))]
    if result["timing"]:
        tables.append(_table(speeds_table(result)))
    tables.append(_table(pools_table(result), names=2))
    return Chapter(
        title=str(result["name"]),
        kind="ratio",
        about=[heading(result)],
        answers=[f"{line[:1].upper()}{line[1:]}." for line in answers(result)],
        notes=[padded(result)] if padded(result) else [],
        parts=[
            *(Part(title=title, plots=plots) for title, plots in plots_of("ratio", result).items()),
            Part(title="Numbers", tables=tables),
        ],
    )


def _table(printed: Printed, *, names: int = 1) -> Table:
    return Table(
        caption=printed.title,
        header=[name or ("compressor", "pool")[at] for at, name in enumerate(printed.header)],
        rows=printed.rows,
        names=names,
        notes=printed.notes,
    )
