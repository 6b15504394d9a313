# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim capture."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.inputs import seed_option
from zswapsim.cli.options import (
    check_distinct,
    output_option,
    private_files,
    progress_bar,
    say,
)
from zswapsim.cli.values import FILE_OR_ID, FORMAT, SIZE
from zswapsim.progress import Progress
from zswapsim.units import format_pages, format_share, parse_pages

if TYPE_CHECKING:
    from zswapsim.trace.input import InputOptions
    from zswapsim.trace.trace import Trace

WARNING = (
    "It contains that memory as it was, passwords and keys included. It is readable by you alone; "
    "keep it so."
)


@click.command("capture", short_help="Take the contents of live or dumped memory.")
@click.argument("target", required=False, type=FILE_OR_ID)
@output_option()
@click.option("--cgroup", metavar="PATH", help="Take all processes of a cgroup and those below.")
@click.option(
    "--sample",
    default="1G",
    show_default=True,
    metavar="SIZE",
    type=SIZE,
    help="Take a sample if there is more than that.",
)
@seed_option
@click.option("--swapped", is_flag=True, help="Bring in what is swapped out, and take it too.")
@click.option("--stop", is_flag=True, help="Stop a process while it is read (SIGSTOP, SIGCONT).")
@click.option(
    "--format",
    "format_",
    metavar="NAME",
    type=FORMAT,
    help="Kind of memory image, as `zswapsim list formats` has it.",
)
def command(
    target: str | None,
    output: Path,
    cgroup: str | None,
    sample: str,
    seed: int,
    swapped: bool,
    stop: bool,
    format_: str | None,
) -> None:
    """Write what the pages of TARGET hold as a trace file without accesses.

    TARGET is a process ID, or a file: a core file, a memory image or raw
    pages, or - for standard input. Of a process, it is the memory that swap
    could get; the process runs on meanwhile.
    """
    if (target is None) == (cgroup is None):
        raise click.UsageError("Give either a process ID or file as TARGET, or --cgroup.")
    is_file = target is not None and not target.isdecimal()
    if is_file and (swapped or stop):
        raise click.UsageError("--swapped and --stop are for live processes.")
    if not is_file and format_ is not None:
        raise click.UsageError("--format is for memory images.")
    from zswapsim.trace.images.live import LiveOptions, cgroup_snapshot, process_snapshot
    from zswapsim.trace.input import InputOptions
    from zswapsim.trace.writer import GOOD_LEVEL

    options = LiveOptions(sample_pages=parse_pages(sample), seed=seed, swapped=swapped, stop=stop)
    problems: list[str] = []
    with progress_bar() as progress:
        if cgroup is not None:
            trace, problems = cgroup_snapshot(cgroup, options, progress=progress)
        elif is_file:
            check_distinct(Path(str(target)), output)
            reading = InputOptions(format=format_, seed=seed)
            trace = _of_file(str(target), reading, options.sample_pages, progress)
        else:
            trace = process_snapshot(int(str(target)), options, progress=progress)
    with private_files():
        trace.save(output, level=GOOD_LEVEL)
    for line in _summary(trace, output, problems):
        say(line)


def _of_file(
    target: str, options: "InputOptions", sample_pages: int, progress: Progress | None
) -> "Trace":
    from zswapsim.trace.images.image import recognise_image
    from zswapsim.trace.images.snapshot import image_snapshot
    from zswapsim.trace.input import Input

    def reading(done: int, total: int) -> None:
        if progress is not None:
            progress("reading", done, max(done, total))

    source = Input(target, options, progress=reading)
    image = recognise_image(source)
    return image_snapshot(image, source, sample_pages=sample_pages, progress=progress)


def _summary(trace: "Trace", output: Path, problems: list[str]) -> Iterator[str]:
    """Yield what is said of a capture."""
    meta = trace.meta
    yield (
        f"{output}: {format_pages(trace.pages)} of {meta['what']}, "
        f"{trace.contents_count:,} different contents, {output.stat().st_size:,} bytes"
    )
    if "sample" in meta:
        yield f"  a sample: {meta['sample']}; --sample takes more"
    yield (
        f"  {format_share(meta['zero_pages'], trace.pages)} zero, "
        f"{format_share(meta['same_filled_pages'], trace.pages)} of another word repeated"
    )
    yield from (
        f"  {format_pages(meta[key])} {text}" for key, text in _left_out(meta) if meta.get(key)
    )
    yield from (f"  not read: {problem}" for problem in problems)
    yield WARNING


def _left_out(meta: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield keys of meta that count pages which are not in the file, and what these are."""
    swapped = meta.get("swapped_pages", 0)
    share = format_share(swapped, swapped + meta.get("resident_pages", 0))
    taken = "brought in and taken" if meta.get("swapped_taken") else "left there"
    yield "swapped_pages", f"were swapped out, {share} of what the program had, and were {taken}"
    yield "untouched_pages", "are mapped, but were never touched"
    yield "shared_zero_pages", "were only ever read and have no memory of their own"
    yield "file_pages", "are of files, and were not written to"
    yield "unreadable_pages", "could not be read: the kernel refused them (bad address or I/O)"
    yield "not_dumped_pages", "are named by the file, but are not in it"
    yield "held_twice_pages", "are in the file twice, and were taken once"
