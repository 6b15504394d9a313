# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace."""

import json
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import check_distinct, check_writable, checked, progress_bar


@click.group("trace", short_help="Look at traces.")
def command() -> None:
    """Look at trace files, and convert them."""


@command.command("info", short_help="Say what a file holds.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(file: Path, as_json: bool) -> None:
    """Say what FILE holds: accesses, footprint, versions, contents, where it came from."""
    from zswapsim.trace.trace import Trace

    facts = Trace.open(file).info()
    if as_json:
        click.echo(json.dumps(facts, indent=2, sort_keys=True))
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        click.echo(
            f"{name:<{width}}  {value:,}" if isinstance(value, int) else f"{name:<{width}}  {value}"
        )


@command.command("convert", short_help="Write a file as .ztrace.")
@click.argument("file", type=TRACE_PATH)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    callback=checked(check_writable),
    help="The trace file to write, NAME.ztrace.",
)
@click.option("--head", type=click.IntRange(min=1), help="Keep only the first so many accesses.")
@click.option(
    "--contents",
    metavar="FILE|mix[:KIND=PERCENT,...]",
    show_default="the file's own, if it has any",
    help="Put contents in, as `zswapsim replay --contents` does.",
)
@input_options
def convert(
    file: Path, output: Path, head: int | None, contents: str | None, reading: Any, seed: int
) -> None:
    """Write FILE, of any known format, as a trace file of this program's own.

    FILE may be compressed; - is standard input. It streams through: memory does not grow with it.
    """
    from zswapsim.trace.join import complete, contents_source

    check_not_terminal(file)
    if head is not None:  # else it is the same trace, in the same file
        check_distinct(file, output)
    held = None if contents is None else contents_source(contents)
    with progress_bar() as progress:
        trace = open_trace(file, reading, progress)
        if held is not None:
            trace = complete(trace, contents=held, seed=seed)
        if head is not None:
            trace = trace.cut(head)
        trace.save(output)
    click.echo(f"{output}: {trace.accesses:,} accesses, {output.stat().st_size:,} bytes", err=True)
