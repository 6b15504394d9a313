# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of configurations side by side: the terminal's answer and tables, and pictures."""

from zswapsim.report.compare import NONE, RESTS_ON, Section, answer, described, rests_on, sections
from zswapsim.report.html.document import Chapter, Facts, Part, Table
from zswapsim.report.html.plots import plots_of
from zswapsim.report.table import warnings


def compare_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of a comparison."""
    told = result["results"]
    drawn = plots_of("compare", result)
    return [
        Chapter(
            title=f"{result['trace']['name']}: {len(told)} configurations compared",
            kind="compare",
            about=[f"{one['name']}: {described(one['result'], with_memory=True)}" for one in told],
            answers=[answer(result)],
            warnings=[f"{one['name']}: {said}" for one in told for said in warnings(one["result"])],
            parts=[
                *(Part(title=heading, plots=plots) for heading, plots in drawn.items()),
                Part(title="Numbers", tables=[_table(one, told) for one in sections(told)]),
            ],
            footer=[f"{RESTS_ON}: {'; '.join(rests_on(result))}."],
        )
    ]


def _table(section: Section, results: list[Facts]) -> Table:
    title, rows = section
    return Table(
        caption=title,
        header=["", *(str(one["name"]) for one in results)],
        rows=[[label, *(value(one) or NONE for one in results)] for label, value in rows],
        wide=True,
    )
