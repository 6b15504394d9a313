# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace merge."""

from pathlib import Path

import click

from zswapsim.cli.options import check_distinct, progress_bar
from zswapsim.cli.trace.shared import TRACE_FILE, output_option, save


@click.command("merge")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=TRACE_FILE)
@output_option
@click.option(
    "--slice",
    "slice_accesses",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    metavar="N",
    help="Accesses of the longest trace before the others have their turn.",
)
def command(files: tuple[Path, ...], output: Path, slice_accesses: int) -> None:
    """Write several traces as one: processes that share a machine.

    Each FILE gets pages of its own, and they take turns in proportion to their lengths,
    so that all begin and end together. Contents that are equal are kept once.
    """
    from zswapsim.trace.merge import merge_traces
    from zswapsim.trace.trace import Trace

    for file in files:  # the same file twice is a program that runs twice
        check_distinct(file, output)
    merged = merge_traces([Trace.open(file) for file in files], slice_accesses)
    with progress_bar() as progress:
        save(merged, output, progress)
