# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace."""

from importlib import import_module

import click

SUBCOMMANDS = {
    "info": "Say what a file holds and how it will behave.",
    "head": "Print the first accesses.",
    "convert": "Write a file as .ztrace.",
    "cut": "Write a stretch of a trace.",
    "gen": "Make a trace up.",
    "merge": "Write several traces as one.",
}
"""Commands of zswapsim/cli/trace, imported when they are called."""


class LazySubcommands(click.Group):
    """A group whose commands live in files of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in SUBCOMMANDS:
            return None
        lazy: click.Command = import_module(f"zswapsim.cli.trace.{cmd_name}").command
        return lazy

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUBCOMMANDS.items()))


@click.group("trace", cls=LazySubcommands, short_help="Look at traces.")
def command() -> None:
    """Look at trace files, cut, merge and convert them, or make one up."""
