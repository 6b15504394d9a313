# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace."""

import click

from zswapsim.cli.lazy import LazyGroup

SUBCOMMANDS = {
    "info": "Say what a file holds and how it will behave.",
    "curve": "Say how many faults LRU makes with any memory.",
    "head": "Print the first accesses.",
    "convert": "Write a file as .ztrace.",
    "cut": "Write a stretch of a trace.",
    "gen": "Make a trace up.",
    "merge": "Write several traces as one.",
}


@click.group(
    "trace",
    cls=LazyGroup,
    summaries=SUBCOMMANDS,
    module="zswapsim.cli.trace.{}",
    short_help="Look at traces.",
)
def command() -> None:
    """Look at trace files, cut, merge and convert them, or make one up."""
