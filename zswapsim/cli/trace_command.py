# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace."""

from importlib import import_module
from pathlib import Path

import click

from zswapsim.cli.options import check_distinct, check_writable, checked

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
            *((n, c.get_short_help_str()) for n, c in self.commands.items()),
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group("trace", cls=LazySubcommands, short_help="Look at traces.")
def command() -> None:
    """Look at trace files, cut, merge and convert them, or make one up."""


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
