# SPDX-License-Identifier: GPL-2.0-only
"""From results to the text of one HTML file.

Everything that comes from a result is escaped (offline.py). The page's policy lets its own scripts
run, known by their hashes, and fetches nothing.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zswapsim.errors import InvalidArgument
from zswapsim.report.html.document import Cell, Chapter, Plot
from zswapsim.report.html.figure import DARK
from zswapsim.report.html.kinds import DAMAGES, chapters
from zswapsim.report.offline import embedded_json, environment, hashes

if TYPE_CHECKING:
    from jinja2 import Environment


def report_html(results: Sequence[Mapping[str, Any]], sources: Sequence[str] = ()) -> str:
    """Return the HTML file that shows results; the same text for the same results.

    sources: names of the files that they come from, shown, and named in errors. InvalidArgument
    says of which result what is wrong.
    """
    names = [*sources, *[""] * (len(results) - len(sources))]
    every = [
        _drawable(told)
        for result, source in zip(results, names, strict=True)
        for told in chapters(result, source)
    ]
    plots = [plot for told in every for part in told.parts for plot in part.plots]
    names_of_plots = {id(plot): f"plot-{at}" for at, plot in enumerate(plots)}
    scripts = [_plotly() if plots else "", _asset("report.js")]
    return (
        _environment()
        .get_template("template.html")
        .render(
            title=_title(every),
            chapters=every,
            name_of=lambda plot: names_of_plots[id(plot)],
            policy=_policy(scripts),
            style=_asset("report.css"),
            scripts=scripts,
            figures=_figures_json(plots),
        )
    )


def _drawable(chapter: Chapter) -> Chapter:
    """Return a chapter whose cells and figures can be shown. InvalidArgument names its file."""
    try:
        for part in chapter.parts:
            for table in part.tables:
                for row in table.rows:
                    for cell in row:
                        shown(cell)
            embedded_json([figure for plot in part.plots for _, figure in plot.figures])
    except DAMAGES as error:
        where = f"{chapter.source}: " if chapter.source else ""
        what = type(error).__name__
        raise InvalidArgument(f"{where}damaged: it cannot be shown ({what}: {error})") from None
    return chapter


def shown(cell: Cell) -> str:
    """Return what stands in a cell of a table."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        if cell == 0:
            return "0"
        digits = 0 if abs(cell) >= 1000 else 2 if abs(cell) >= 1 else 4
        return f"{cell:,.{digits}f}"
    return cell.strip()


def _figures_json(plots: Sequence[Plot]) -> str:
    return embedded_json(
        {"plots": [[figure for _, figure in plot.figures] for plot in plots], "dark": DARK}
    )


def _title(chapters: Sequence[Chapter]) -> str:
    if len(chapters) == 1:
        return chapters[0].title
    return f"{len(chapters)} results"


def _policy(scripts: Sequence[str]) -> str:
    """Return the page's Content-Security-Policy; plotly sets styles, and draws PNGs to save."""
    return (
        f"default-src 'none'; script-src {hashes(scripts)}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


@cache
def _asset(name: str) -> str:
    return (files("zswapsim.report.html") / "assets" / name).read_text("utf-8")


@cache
def _plotly() -> str:
    """Return plotly.js, which plotly's wheel brings along."""
    from plotly.offline import get_plotlyjs

    # What cannot stand in a script element is no part of it, but might be of a later one.
    text: str = get_plotlyjs()
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _environment() -> "Environment":
    made = environment(_asset)
    made.filters["shown"] = shown
    return made
