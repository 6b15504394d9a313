# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import TRACE_PATH, check_not_terminal, input_options, open_trace
from zswapsim.cli.options import check_distinct, check_writable, checked, progress_bar

SUBCOMMANDS = {
    "info": "Say what a file holds and how it will behave.",
    "head": "Print the first accesses.",
    "cut": "Write a stretch of a trace.",
    "gen": "Make a trace up.",
    "merge": "Write several traces as one.",
}
"""Commands of zswapsim/cli/trace, imported when they are called."""


class LazySubcommands(click.Group):
    """A group whose commands are added to it or live in files of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names, the lazy ones first."""
        return [*SUBCOMMANDS, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in SUBCOMMANDS:
            return super().get_command(ctx, cmd_name)
        lazy: click.Command = import_module(f"zswapsim.cli.trace.{cmd_name}").command
        return lazy

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [
            *SUBCOMMANDS.items(),
            *((name, added.get_short_help_str()) for name, added in self.commands.items()),
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group("trace", cls=LazySubcommands, short_help="Look at traces.")
def command() -> None:
    """Look at trace files, cut, merge and convert them, or make one up."""


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
