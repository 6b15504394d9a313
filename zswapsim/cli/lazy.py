# SPDX-License-Identifier: GPL-2.0-only
"""Groups of commands that are imported when they are called."""

from collections.abc import Mapping
from importlib import import_module

import click
from click.shell_completion import CompletionItem


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, each of which has a `command`."""

    def __init__(self, *args: object, summaries: Mapping[str, str], module: str, **more: object):
        """summaries: of each command, one line; module: of a command, with {} for its name."""
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self._summaries = summaries
        self._module = module

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in self._summaries:
            return None
        command: click.Command = import_module(self._module.format(cmd_name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return commands and options that begin so, without importing the commands."""
        return [
            *(
                CompletionItem(name, help=summary)
                for name, summary in self._summaries.items()
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]
