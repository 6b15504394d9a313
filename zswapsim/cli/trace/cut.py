# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace cut."""

from pathlib import Path

import click

from zswapsim.cli.options import check_distinct, progress_bar
from zswapsim.cli.trace.shared import file_argument, output_option, save


@click.command("cut")
@file_argument
@output_option
@click.option(
    "--from",
    "start",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="A",
    help="Number of the first access kept.",
)
@click.option(
    "--to",
    "stop",
    type=click.IntRange(min=0),
    metavar="B",
    help="Number of the first access not kept; all are kept up to the end unless said.",
)
def command(file: Path, output: Path, start: int, stop: int | None) -> None:
    """Write accesses A to B - 1 of FILE as a trace of its own.

    Pages keep their numbers, and hold at every access what they hold in the whole trace.
    With --from N --to N there are no accesses: a snapshot of what pages held at N.
    """
    from zswapsim.trace.trace import Trace

    check_distinct(file, output)
    trace = Trace.open(file)
    with progress_bar() as progress:
        save(trace.cut(trace.accesses if stop is None else stop, start), output, progress)
