# SPDX-License-Identifier: GPL-2.0-only
"""What commands share that tell a script, or a stretch of a trace, step by step."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from zswapsim.cli.inputs import workload_options
from zswapsim.cli.machine_options import memory_option
from zswapsim.cli.values import COMPRESSOR, KERNEL, POLICY, ZPOOL
from zswapsim.profiles import DEFAULT_KERNEL
from zswapsim.progress import Progress
from zswapsim.units import MAX_PERCENT

if TYPE_CHECKING:
    from zswapsim.experiment.lesson.lesson import Lesson
    from zswapsim.experiment.lesson.script import Script

F = TypeVar("F", bound=Callable[..., Any])

SUFFIX = ".zswap"
"""Of a script's name."""

MAX_STEPS = 1000

_OPTIONS = (
    click.option(
        "--kernel",
        type=KERNEL,
        metavar="VERSION",
        show_default=f"the script's, or {DEFAULT_KERNEL}",
        help="Kernel whose zswap is simulated, as 5.4; see `zswapsim list profiles`.",
    ),
    click.option(
        "--zpool",
        type=ZPOOL,
        metavar="NAME",
        show_default="the script's, or the kernel's own",
        help="Allocator of the pool; see `zswapsim list zpools`.",
    ),
    click.option(
        "--compressor",
        type=COMPRESSOR,
        metavar="NAME[:SETTING]",
        show_default="the script's, or lz4",
        help="Compressor, as lz4 or zstd:5.",
    ),
    click.option(
        "--reclaim",
        type=POLICY,
        metavar="NAME",
        show_default="the script's, or lru",
        help="Policy that picks the pages to swap out; see `zswapsim list policies`.",
    ),
    click.option(
        "--frontend",
        type=click.Choice(["zswap", "zram"]),
        default="zswap",
        show_default=True,
        help="With a TRACE: what keeps swapped-out pages compressed.",
    ),
    memory_option("With a TRACE: memory, as a share of the pages that it touches, or a size."),
    click.option(
        "--max-pool-percent",
        type=click.IntRange(0, MAX_PERCENT),
        default=20,
        show_default=True,
        help="With a TRACE: the pool's limit, in percent of memory.",
    ),
    click.option(
        "--from",
        "first",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        metavar="N",
        help="With a TRACE: begin with access N; all before it is run without a word.",
    ),
    click.option(
        "--steps",
        type=click.IntRange(1, MAX_STEPS),
        default=40,
        show_default=True,
        metavar="N",
        help="With a TRACE: tell of N accesses that are more than a hit.",
    ),
    click.option(
        "--ask-all/--asked",
        "ask_all",
        default=True,
        show_default=True,
        help="Ask about every decision that is worth it, or only what the script asks.",
    ),
)
_OF_TRACES = (
    *("frontend", "memory", "max_pool_percent", "first", "steps"),
    *("contents", "accesses", "format_", "skip_bad", "columns", "write_percent"),
)
"""Options that say nothing to a script."""


def lesson_options(command: F) -> F:
    """Add what a script or a trace is run with; the command gets `lesson`.

    lesson: runs it, lesson(path, progress) -> Lesson.
    """

    @functools.wraps(command)
    def with_lesson(
        *args: Any,
        workload: Callable[..., Any],
        seed: int,
        kernel: str | None,
        zpool: str | None,
        compressor: str | None,
        reclaim: str | None,
        frontend: str,
        memory: str,
        max_pool_percent: int,
        first: int,
        steps: int,
        ask_all: bool,
        **rest: Any,
    ) -> Any:
        chosen: dict[str, Any] = {
            "kernel": kernel,
            "zpool": zpool,
            "compressor": compressor,
            "reclaim": reclaim,
            "seed": seed,
        }

        def lesson(path: Path, progress: Progress | None = None) -> "Lesson":
            from zswapsim.experiment.lesson.lesson import run_script, run_trace

            if path.suffix == SUFFIX:
                return run_script(_script(path, chosen), ask_all=ask_all)
            from zswapsim.experiment.config import ReplayConfig

            given = {
                name: value
                for name, value in chosen.items()
                if value is not None and name != "seed"
            }
            config = ReplayConfig(
                frontend=frontend, memory=memory, max_pool_percent=max_pool_percent, **given
            )
            trace = workload(path, progress)
            return run_trace(
                trace, config, first=first, steps=steps, ask_all=ask_all, progress=progress
            )

        return command(*args, lesson=lesson, **rest)

    with_options: Any = workload_options(with_lesson)
    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options  # type: ignore[no-any-return]


def _script(path: Path, chosen: dict[str, Any]) -> "Script":
    """Return a script with what the command line says instead. UsageError for what it cannot."""
    from zswapsim.experiment.lesson.script import read_script

    ctx = click.get_current_context()
    for param in ctx.command.params:
        name = param.name or ""
        if name in _OF_TRACES and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.BadParameter(f"goes with a trace; {path} is a script", ctx, param)
    script = read_script(path)
    said = {
        name: value
        for name, value in chosen.items()
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return script.instead(said)
