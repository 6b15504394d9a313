# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace merge."""

from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import (
    as_private_as,
    check_distinct,
    output_option,
    progress_bar,
    say,
)
from zswapsim.cli.trace.shared import save


@click.command("merge")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=TRACE_PATH)
@output_option()
@click.option(
    "--slice",
    "slice_accesses",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    metavar="N",
    help="Accesses of the longest trace before the others have their turn.",
)
@input_options
def command(
    files: tuple[Path, ...], output: Path, slice_accesses: int, reading: Any, seed: int
) -> None:
    """Write several traces as one: processes that share a machine.

    Each FILE gets pages of its own, and they take turns in proportion to their lengths,
    so that all begin and end together. Contents that are equal are kept once.
    """
    from zswapsim.trace.derive.merge import merge_traces

    for file in files:  # the same file twice is a program that runs twice
        check_not_terminal(file)
        check_distinct(file, output)
    if sum(str(file) == "-" for file in files) > 1:
        raise click.UsageError("standard input can be read once only")
    with progress_bar() as progress, as_private_as(*files):
        traces = [open_trace(file, reading, progress) for file in files]
        for file, trace in zip(files, traces, strict=True):
            if not trace.has_contents and any(other.has_contents for other in traces):
                say(f"{file}: has no contents; its pages will be pages of zeros")
        save(merge_traces(traces, slice_accesses), output, progress)
