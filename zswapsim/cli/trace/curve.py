# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace curve."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.html import html_option, write_report
from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import (
    check_distinct,
    check_writable,
    checked,
    console,
    csv_text,
    progress_bar,
    write_whole,
)
from zswapsim.cli.values import AXIS, RATE
from zswapsim.errors import InvalidArgument
from zswapsim.json_text import json_text

ENDINGS = (".csv", ".json")


def _check_output(path: Path) -> None:
    check_writable(path)
    if path.suffix.lower() not in ENDINGS:
        raise InvalidArgument(f"{path}: ends in {path.suffix!r}; allowed are .csv and .json")


@click.command("curve")
@click.argument("file", type=TRACE_PATH)
@click.option(
    "--memory",
    metavar="30%,50%|64M",
    type=AXIS,
    show_default="each hundredth of the footprint",
    help="Memory sizes to tell of; percentages are of what the trace touches.",
)
@click.option(
    "--sample",
    "rate",
    metavar="PERCENT",
    type=RATE,
    help="Look at so many of the pages only, as 1%, and say how far off that is.",
)
@click.option(
    "--sample-pages",
    type=click.IntRange(min=1),
    metavar="N",
    help="Look at N pages at most, however many there are.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked(_check_output),
    help="Write the curve to this file, NAME.csv or NAME.json.",
)
@html_option
@click.option("--json", "as_json", is_flag=True, help="Print the curve as JSON.")
@input_options
def command(
    file: Path,
    memory: Sequence[str] | None,
    rate: str | None,
    sample_pages: int | None,
    output: Path | None,
    html: Path | None,
    as_json: bool,
    reading: Any,
    seed: int,
) -> None:
    """Say how many faults exact LRU makes with any memory: the miss-ratio curve of FILE.

    All accesses of all pages are looked at, or those of a sample: then the error is told, as
    95 % of what may be on both sides. First accesses are faults; marks of freed pages are ignored.
    """
    from zswapsim.trace.analysis.curve import curve_facts
    from zswapsim.trace.analysis.shards import parse_rate

    if rate is not None and sample_pages is not None:
        raise click.UsageError("--sample and --sample-pages say the same; give one of them")
    check_not_terminal(file)
    check_distinct(file, output, html)
    with progress_bar() as progress:
        facts = curve_facts(
            open_trace(file, reading, progress),
            memory=memory,
            rate=None if rate is None else parse_rate(rate),
            sample_pages=sample_pages,
            seed=seed,
            progress=progress,
        )
    if output is not None:
        is_csv = output.suffix.lower() == ".csv"
        write_whole(output, csv_text(facts["points"]) if is_csv else json_text(facts) + "\n")
    if html is not None:
        write_report([facts], html)
    if as_json:
        click.echo(json_text(facts))
        return
    from zswapsim.report.curve import print_curve

    print_curve(facts, console())
