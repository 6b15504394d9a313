# SPDX-License-Identifier: GPL-2.0-only
"""The group of all commands, as click sees it."""

from importlib import import_module

import click

from zswapsim.cli import COMMANDS, help_text


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"zswapsim.cli.{cmd_name}_command").command
        return command

    def get_help(self, ctx: click.Context) -> str:
        """Return the help that is also shown without importing click."""
        return help_text()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="zswapsim")
def cli() -> None:
    """Run a command."""
