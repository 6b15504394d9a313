# SPDX-License-Identifier: GPL-2.0-only
"""What commands share that write their results as an HTML file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.options import F, check_writable, checked, write_whole


def html_option(command: F) -> F:
    """Add --html FILE, checked before the work; the command gets it as html."""
    return click.option(
        "--html",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=checked(check_writable),
        metavar="FILE",
        help="Write a report with pictures to this HTML file, which opens offline.",
    )(command)


def write_report(
    results: Sequence[Mapping[str, Any]], path: Path, sources: Sequence[str] = ()
) -> None:
    """Write an HTML file of some results, completely or not at all.

    sources: names of the files that they come from. InvalidArgument as report_html says.
    """
    from zswapsim.report.html import report_html

    write_whole(path, report_html(results, sources))


def write_lesson(lesson: Any, path: Path, source: str = "") -> None:
    """Write the HTML file that plays a lesson, completely or not at all.

    source: the name of the file that it comes from, for InvalidArgument, which says what is wrong.
    """
    from zswapsim.report.lesson import lesson_html

    write_whole(path, lesson_html(lesson, source))
