# SPDX-License-Identifier: GPL-2.0-only
"""What every command that reads a trace shares: the argument, the options, the opening."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zswapsim.cli.options import say
from zswapsim.cli.values import ACCESSES, CONTENTS, FORMAT
from zswapsim.progress import Progress

if TYPE_CHECKING:
    from zswapsim.trace.trace import Trace

F = TypeVar("F", bound=Callable[..., Any])

TRACE_PATH = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
MAX_SEED = (1 << 32) - 1

seed_option = click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED),
    default=0,
    show_default=True,
    help="Seed of everything that is drawn.",
)

_OPTIONS = (
    click.option(
        "--format",
        "format_",
        type=FORMAT,
        metavar="NAME",
        show_default="recognised by its content",
        help="What the file is; see `zswapsim list formats`.",
    ),
    click.option(
        "--skip-bad",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        metavar="N",
        help="Pass over up to N lines that are wrong, and say how many there were.",
    ),
    click.option(
        "--columns",
        metavar="NAME,...",
        show_default="by the heading or the values",
        help="What the columns of a table are, as time,op,address,size.",
    ),
    click.option(
        "--write-percent",
        type=click.FloatRange(0, 100),
        metavar="P",
        show_default="as the format says",
        help="Draw which accesses are writes, where a format does not tell.",
    ),
)


def input_options(command: F) -> F:
    """Add how to read a trace, and --seed; the command gets it as `reading`.

    reading: InputOptions; seed is passed to the command as well.
    """

    @functools.wraps(command)
    def with_reading(
        *args: Any,
        format_: str | None,
        skip_bad: int,
        columns: str | None,
        write_percent: float | None,
        seed: int,
        **rest: Any,
    ) -> Any:
        from zswapsim.trace.input import InputOptions

        reading = InputOptions(
            format=format_,
            skip_bad=skip_bad,
            columns=columns,
            write_percent=write_percent,
            seed=seed,
        )
        return command(*args, reading=reading, seed=seed, **rest)

    for option in reversed((*_OPTIONS, seed_option)):
        with_reading = option(with_reading)
    return with_reading  # type: ignore[return-value]


def open_trace(path: Path, reading: Any = None, progress: Progress | None = None) -> "Trace":
    """Open a trace of any format, "-" being standard input, and say what was passed over.

    progress: as of progress_bar, told how much of a foreign file is read.
    """
    from zswapsim.trace.trace import Trace

    follow = None if progress is None else functools.partial(progress, "read")
    trace = Trace.open(path, reading, progress=follow)
    if bad_lines := trace.meta.get("bad_lines"):
        say(f"{path}: {bad_lines:,} wrong lines passed over")
    return trace


def contents_asked_for(text: str | None, seed: int) -> "Trace | str | None":
    """Return what --contents means: a trace, a mix as it is, or None. UsageError for "-"."""
    from zswapsim.trace.derive.join import contents_source

    if text == "-":
        raise click.UsageError("--contents cannot be standard input")
    return None if text is None else contents_source(text, seed=seed)


_WORKLOAD_OPTIONS = (
    click.option(
        "--contents",
        type=CONTENTS,
        metavar="FILE|mix[:KIND=PERCENT,...]",
        show_default="the trace's own, or mix if it has none",
        help="What the pages hold: as in a snapshot, a core file or another trace; or made up, "
        "as mix:zero=10,text=40,pointers=40,random=10 (and same, for same-filled).",
    ),
    click.option(
        "--accesses",
        type=ACCESSES,
        metavar="KIND[:SETTING]",
        show_default="the trace's own, or zipf:1.0 if it has none",
        help="Make up the accesses to the pages of a snapshot: zipf[:ALPHA], scan, loop, "
        "phases[:PAGES[:LENGTH]].",
    ),
)


def workload_options(command: F) -> F:
    """Add how to read a trace and what to add to it; the command gets `workload`, and seed.

    workload: opens a trace that can be run, workload(path, progress) -> Trace.
    """

    @functools.wraps(command)
    def with_workload(
        *args: Any, reading: Any, seed: int, contents: str | None, accesses: str | None, **rest: Any
    ) -> Any:
        def workload(path: Path, progress: Progress | None = None) -> "Trace":
            from zswapsim.trace.derive.join import complete

            check_not_terminal(path)
            held = contents_asked_for(contents, seed)
            trace = open_trace(path, reading, progress)
            return complete(trace, contents=held, accesses=accesses, seed=seed)

        return command(*args, workload=workload, seed=seed, **rest)

    with_options: Any = input_options(with_workload)
    for option in reversed(_WORKLOAD_OPTIONS):
        with_options = option(with_options)
    return with_options  # type: ignore[no-any-return]


def check_not_terminal(path: Path) -> None:
    """Refuse to wait for somebody to type a trace. BadParameter says what to do."""
    if str(path) == "-" and sys.stdin.isatty():
        raise click.UsageError("standard input is a terminal; pipe a trace into it")
