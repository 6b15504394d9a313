# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace."""

import json
from pathlib import Path

import click

from zswapsim.cli.options import check_distinct, check_writable, checked


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
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    callback=checked(check_writable),
    help="The trace file to write, NAME.ztrace.",
)
@click.option("--head", type=click.IntRange(min=1), help="Keep only the first so many accesses.")
def convert(file: Path, output: Path, head: int | None) -> None:
    """Write FILE, of any known format, as a trace file of this program's own."""
    from zswapsim.trace.trace import Trace

    if head is not None:  # else it is the same trace, in the same file
        check_distinct(file, output)
    trace = Trace.open(file)
    if head is not None:
        trace = trace.cut(head)
    trace.save(output)
    click.echo(f"{output}: {trace.accesses:,} accesses, {output.stat().st_size:,} bytes", err=True)
