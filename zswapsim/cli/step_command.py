# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim step."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import TRACE_PATH
from zswapsim.cli.lessons import lesson_options
from zswapsim.cli.options import console, progress_bar
from zswapsim.cli.settings import SettingsCommand
from zswapsim.json_text import json_text


@click.command("step", cls=SettingsCommand, short_help="See a machine step by step.")
@click.argument("source", metavar="SCRIPT|TRACE", type=TRACE_PATH)
@click.option(
    "-c",
    "--compute",
    "answers",
    is_flag=True,
    help="Compute the answers: what happens at each step and why, and what the questions ask.",
)
@lesson_options
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, with answers.")
def command(source: Path, answers: bool, lesson: Callable[..., Any], as_json: bool) -> None:
    """See what zswap or zram does, step by step, and check what you expected.

    SCRIPT is a file NAME.zswap with one operation a line, such as `store 3 random`, `load 3` and
    `shrink`; of a TRACE the steps are the accesses that do not find their page in memory.

    Without -c it shows the operations and asks; with -c it tells what the machine decided and why,
    how its pool looks then, which counters changed, and the answers. --kernel, --zpool,
    --compressor, --reclaim and --seed go before what a script says.
    """
    with progress_bar() as progress:
        told = lesson(source, progress)
    if as_json:
        click.echo(json_text(told))
        return
    from zswapsim.report.step import print_lesson

    print_lesson(told, console(), answers=answers)
