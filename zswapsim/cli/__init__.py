# SPDX-License-Identifier: GPL-2.0-only
"""The command line: one file per command; each parses, calls and prints.

Exit codes: 0 done; 1 failed; 2 wrong usage; 130 stopped by Ctrl-C. Commands are imported when
they are called, so that help is quick.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from zswapsim.errors import InvalidArgument, NoEntry, ZswapSimError

INTERRUPTED = 130
COMMANDS = {
    "replay": "Replay a trace through a simulated compressed swap cache.",
    "list": "List compressors, zpools, reclaim policies or kernel profiles.",
    "trace": "Look at trace files, and convert them.",
    "verify": "Compare the simulator with recordings of a real kernel, step by step.",
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package, each under its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"zswapsim.cli.{cmd_name}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "-V", "--version", package_name="zswapsim")
def cli() -> None:
    """Replay a program's memory traffic through a simulated Linux compressed swap cache.

    zswap, its pools and its counters behave as those of a real kernel, step by step.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    try:
        outcome = cli.main(args=arguments, prog_name="zswapsim", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone, for instance `| head`; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ZswapSimError, OSError, MemoryError) as error:
        click.echo(f"error: {_plain(error)}", err=True)
        return 2 if isinstance(error, InvalidArgument | NoEntry) else 1
    return outcome if isinstance(outcome, int) else 0


def _plain(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
