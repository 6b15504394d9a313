# SPDX-License-Identifier: GPL-2.0-only
"""The group of all commands, as click sees it."""

import click

from zswapsim.cli import COMMANDS, help_text
from zswapsim.cli.lazy import LazyGroup


class AllCommands(LazyGroup):
    """The program itself."""

    def get_help(self, ctx: click.Context) -> str:
        """Return the help that is also shown without importing click."""
        return help_text()


@click.group(
    cls=AllCommands,
    summaries=COMMANDS,
    module="zswapsim.cli.{}_command",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(None, "-V", "--version", package_name="zswapsim")
def cli() -> None:
    """Run a command."""
