# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace cut."""

from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import as_private_as, check_distinct, output_option, progress_bar
from zswapsim.cli.trace.shared import save


@click.command("cut")
@click.argument("file", type=TRACE_PATH)
@output_option()
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
@input_options
def command(
    file: Path, output: Path, start: int, stop: int | None, reading: Any, seed: int
) -> None:
    """Write accesses A to B - 1 of FILE as a trace of its own.

    Pages keep their numbers, and hold at every access what they hold in the whole trace.
    With --from N --to N there are no accesses: a snapshot of what pages held at N.
    """
    check_not_terminal(file)
    check_distinct(file, output)
    with progress_bar() as progress, as_private_as(file):
        trace = open_trace(file, reading, progress)
        save(trace.cut(trace.accesses if stop is None else stop, start), output, progress)
