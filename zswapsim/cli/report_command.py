# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim report."""

from pathlib import Path
from typing import Any

import click

from zswapsim.cli.html import write_lesson, write_report
from zswapsim.cli.options import check_distinct, output_option
from zswapsim.errors import InvalidArgument
from zswapsim.files import bytes_of

MAX_BYTES = 1 << 28
MAX_DEPTH = 100
"""Of a result as JSON; parsed it takes up to 25 times as much memory."""
ROWS = (".jsonl", ".csv", ".parquet")
"""Endings of files that hold the rows of a sweep."""


@click.command("report", short_help="Write results as one HTML file.")
@click.argument(
    "results",
    metavar="RESULT...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@output_option("The HTML file to write.")
def command(results: tuple[Path, ...], output: Path) -> None:
    """Write RESULTs as one HTML file with pictures, which opens offline.

    RESULT is what `replay`, `ratio`, `compare` and others print with --json, or the rows that
    `sweep` wrote, as JSON lines, CSV or Parquet. Several make one file with a list of contents.
    """
    for path in results:
        check_distinct(path, output)
    told = [read_result(path) for path in results]
    if len(told) == 1 and isinstance(told[0], dict) and told[0].get("kind") == "lesson":
        write_lesson(told[0], output, results[0].name)
    else:
        write_report(told, output, [path.name for path in results])


def read_result(path: Path) -> Any:
    """Return what a file holds as plain data. InvalidArgument names the file."""
    if path.suffix.lower() in ROWS:
        return _rows(path)
    from zswapsim.trace.checks import depth_problem, strict_json

    data = bytes_of(path, MAX_BYTES)
    try:
        result = strict_json(data)
    except ValueError as error:
        raise InvalidArgument(f"{path}: is no JSON: {error}") from None
    if problem := depth_problem(result, MAX_DEPTH):
        raise InvalidArgument(f"{path}: is no result: {problem}")
    return result


def _rows(path: Path) -> dict[str, Any]:
    from zswapsim.experiment.sweep.rows import rows_of_file

    rows = rows_of_file(path)
    if not rows:
        raise InvalidArgument(f"{path}: holds no row of a sweep")
    return {"kind": "sweep", "rows": rows}
