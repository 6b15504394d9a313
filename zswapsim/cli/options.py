# SPDX-License-Identifier: GPL-2.0-only
"""What several commands share: checked option values, progress bars, files written whole."""

import os
import re
import shutil
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zswapsim.errors import InvalidArgument, ZswapSimError
from zswapsim.files import whole_file
from zswapsim.printable import printable
from zswapsim.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console


F = TypeVar("F", bound=Callable[..., Any])


def checked(check: Callable[[Any], object]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return an option callback that lets a value pass if `check` raises nothing."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value is not None:
            try:
                check(value)
            except ZswapSimError as error:
                raise click.BadParameter(str(error), ctx, param) from None
        return value

    return callback


def output_option(text: str = "The trace file to write, NAME.ztrace.") -> Callable[[F], F]:
    """Return the option -o/--output, which has to be given and is checked before the work."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        callback=checked(check_writable),
        help=text,
    )


def csv_option(text: str) -> Callable[[F], F]:
    """Return the option --csv, which is checked before the work; the command gets csv_path."""
    return click.option(
        "--csv",
        "csv_path",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=checked(check_writable),
        help=text,
    )


def say(text: str) -> None:
    """Print a line on stderr that may quote names of files and what is in them.

    A terminal gets it folded between words, further lines indented as the text after its first
    column is.
    """
    shown = printable(text)
    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns
        label = re.match(r" *(\w+  +)?", shown)
        indent = " " * min(len(label[0]) if label else 0, columns // 3)
        shown = "\n".join(textwrap.wrap(shown, columns, subsequent_indent=indent)) or shown
    click.echo(shown, err=True)


class StopFlag:
    """Ctrl-C as a question, once somebody asks; before that, or a second time, it interrupts."""

    def __init__(self) -> None:
        self.is_set = False
        self.was_asked = False

    def __call__(self) -> bool:
        """Say whether Ctrl-C was pressed."""
        self.was_asked = True
        return self.is_set

    @contextmanager
    def watching(self) -> Iterator["StopFlag"]:
        """Listen for Ctrl-C while the block runs; outside the main thread there is none."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return

        def on_signal(number: int, frame: FrameType | None) -> None:
            if self.is_set or not self.was_asked:
                raise KeyboardInterrupt
            self.is_set = True

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """Show stages with rate and time left on stderr if it is a terminal; else yield None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} % {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total or None, rate="")
            speed = bar.tasks[list(tasks).index(stage)].speed
            bar.update(tasks[stage], completed=done, rate=f"{speed:,.0f}/s" if speed else "")

        yield progress


@contextmanager
def private_files() -> Iterator[None]:
    """Let files that are made meanwhile be readable by their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def as_private_as(*inputs: Path | str | None) -> AbstractContextManager[None]:
    """Let files be made meanwhile that nobody may read who may not read one of the inputs.

    inputs: what is no file, such as standard input or None, does not count.
    """
    files = [Path(path) for path in inputs if path is not None]
    private = any(path.is_file() and not path.stat().st_mode & 0o077 for path in files)
    return private_files() if private else nullcontext()


def write_whole(path: Path, text: str) -> None:
    """Write a text file completely or not at all. OSError as the file system says."""
    with whole_file(path) as file:
        file.write(text.encode())


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows that all have the same columns as CSV with a heading, no rows as nothing."""
    import csv
    import io

    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def check_distinct(*paths: Path | None) -> None:
    """Refuse an output that is the input, or another output. InvalidArgument names it."""
    there = [path for path in paths if path is not None]
    for at, path in enumerate(there):
        for other in there[:at]:
            if path == other or (path.exists() and other.exists() and path.samefile(other)):
                raise InvalidArgument(f"{path}: is to be read or written already, as {other}")


def check_writable(path: Path) -> None:
    """Refuse an output before the work rather than after it. InvalidArgument says why."""
    if str(path) == "-":
        raise InvalidArgument("-: it cannot be written to standard output; ./- is a file")
    folder = path.parent
    if not folder.is_dir():
        raise InvalidArgument(f"{path}: there is no folder {str(folder)!r}")
    if not os.access(path if path.exists() else folder, os.W_OK) or path.is_dir():
        raise InvalidArgument(f"{path}: cannot be written")


def console() -> "Console":
    """Return stdout as a console; a pipe has no width, and gets one where no line is folded."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    known = is_terminal or "COLUMNS" in os.environ
    file: Any = sys.stdout if is_terminal else _WithoutBlanks(sys.stdout)
    return Console(file=file, highlight=False, width=None if known else 120)


class _WithoutBlanks:
    """A stream that leaves out the blanks at ends of lines, with which tables are filled up."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        # A pattern of blanks and an end would take the square of the blanks' number.
        self._stream.write("\n".join(line.rstrip(" ") for line in text.split("\n")))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
