# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim lesson."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from zswapsim.cli.html import write_lesson
from zswapsim.cli.inputs import TRACE_PATH
from zswapsim.cli.lessons import lesson_options
from zswapsim.cli.options import check_distinct, output_option, progress_bar
from zswapsim.cli.settings import SettingsCommand

TOLD = ".json"
"""Ending of a lesson that `zswapsim step --json` has told."""


@click.command("lesson", cls=SettingsCommand, short_help="Write a run as a page to step through.")
@click.argument("source", metavar="SCRIPT|TRACE", type=TRACE_PATH)
@output_option("The HTML file to write.")
@lesson_options
def command(source: Path, output: Path, lesson: Callable[..., Any]) -> None:
    """Write SCRIPT or TRACE as one HTML file that plays it step by step, forward and back.

    The page draws the pool with the objects in it, lists, memory, swap file and counters, and says
    what was decided and why. With Questions it stops before a decision, asks, checks the answer
    and keeps a score. It opens offline, and is worked by mouse or keyboard: arrows, Home, End,
    space. #step=7 behind its address opens it at a step, #step=7&questions with questions.

    SCRIPT is a file NAME.zswap, as `zswapsim step` takes it, or what `zswapsim step --json` prints,
    as a file NAME.json.
    """
    check_distinct(source, output)
    if source.suffix.lower() == TOLD:
        from zswapsim.cli.report_command import read_result

        write_lesson(read_result(source), output, source.name)
        return
    with progress_bar() as progress:
        told = lesson(source, progress)
    write_lesson(told, output)
