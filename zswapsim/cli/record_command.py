# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim record."""

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zswapsim.cli.options import StopFlag, checked, output_option, private_files, say
from zswapsim.cli.values import FILE_OR_ID
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.trace.recorder.record import (
    MAX_RESIDENT_PAGES,
    MIN_RESIDENT_PAGES,
    RECORDERS,
    RESIDENT_PAGES,
)
from zswapsim.units import format_bytes, format_pages, parse_pages

if TYPE_CHECKING:
    from zswapsim.trace.recorder.record import Recording

_PROGRAM_CHARACTERS = 1000
_ALONE_ACCESSES_A_SECOND = 900e6
"""Loads and stores of sort and of CPython without valgrind: see benchmarks/README.md."""
_WARNING = (
    "the file holds the program's memory: passwords, keys, whatever was there. Keep it, or record "
    "with --scrub"
)


def _resident_pages(text: str) -> int:
    pages = parse_pages(text)
    if not MIN_RESIDENT_PAGES <= pages <= MAX_RESIDENT_PAGES:
        raise InvalidArgument(
            f"{text!r} is {pages} pages; allowed are {MIN_RESIDENT_PAGES}..{MAX_RESIDENT_PAGES}"
        )
    return pages


@click.command(
    "record",
    short_help="Record a program.",
    context_settings={"allow_interspersed_args": False},
)
@output_option()
@click.option(
    "--memory",
    default=f"{RESIDENT_PAGES}p",
    show_default=True,
    metavar="SIZE",
    callback=checked(_resident_pages),
    help="Smallest memory for pages that the recording is to be exact for, with LRU: 512K, 128p "
    "(pages). A smaller one makes a larger file.",
)
@click.option(
    "--reduce",
    "reduction_k",
    type=click.IntRange(min=1),
    metavar="K",
    show_default="a quarter of the memory's pages",
    help="Drop accesses that LRU with K pages or more cannot see; 1 keeps all. At most --memory.",
)
@click.option(
    "--recorder",
    type=click.Choice(RECORDERS),
    default="auto",
    show_default=True,
    help="pagetrace is exact and quick, and is compiled once (gcc); lackey comes with valgrind, "
    "is slow, and does not see what system calls do. auto takes pagetrace if it can be had.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="End the program after about so many loads and stores.",
)
@click.option(
    "--scrub",
    is_flag=True,
    help="Replace all contents by made-up ones that lz4 compresses to the same sizes, and leave "
    "out the program's arguments.",
)
@click.option(
    "--measure-slowdown",
    is_flag=True,
    help="Run the program once without recording before, to say how much slower it was.",
)
@click.argument("program", nargs=-1, required=True, type=FILE_OR_ID)
def command(
    output: Path,
    memory: str,
    reduction_k: int | None,
    recorder: str,
    limit: int | None,
    scrub: bool,
    measure_slowdown: bool,
    program: tuple[str, ...],
) -> int:
    """Run PROGRAM with its arguments under valgrind and record which pages it touches and what they
    hold when they go cold.

    Its input and output are its own. Ctrl-C ends it and keeps what was recorded; a second one
    drops that. The exit code is 0 if a recording was written, however the program ended.
    """
    from zswapsim.trace.recorder.native import native_seconds
    from zswapsim.trace.recorder.record import make_backend, record
    from zswapsim.trace.writer import GOOD_LEVEL

    resident_pages = _resident_pages(memory)
    _check_program(program[0])
    with StopFlag().watching() as stop:
        backend, slow = make_backend(recorder, resident_pages, limit, stop)
        if slow is not None:
            say(f"recording with lackey, which is slow: {slow}")
        alone = native_seconds(program) if measure_slowdown else None
        meta: dict[str, Any] = {"program": _program_text(program, scrub)}
        if scrub:
            meta["contents_from"] = "made up, with the lengths of the program's under lz4"
        recording = record(
            program,
            backend,
            resident_pages=resident_pages,
            reduction_k=reduction_k,
            change=_scrubber() if scrub else None,
            meta=meta,
        )
        measured = alone is not None
        alone = _alone_seconds(recording) if alone is None else alone
        recording.trace.meta["slow_down"] = round(recording.seconds / max(alone, 1e-3), 1)
        recording.trace.meta["slow_down_is"] = "measured" if measured else "estimated"
    with private_files():
        recording.trace.save(output, level=GOOD_LEVEL)
    for line in _summary(recording, output):
        say(line)
    if not scrub:
        say(f"warning: {_WARNING}")
    return 0


def _check_program(program: str) -> None:
    """Raise NoEntry if there is no such program, or it cannot be run."""
    if shutil.which(program) is None:
        there = os.sep in program and Path(program).exists()
        raise NoEntry(f"{program}: {'cannot be run' if there else 'there is no such program'}")


def _program_text(program: tuple[str, ...], scrub: bool) -> str:
    if scrub:
        return Path(program[0]).name
    return shlex.join(program)[:_PROGRAM_CHARACTERS]


def _alone_seconds(recording: "Recording") -> float:
    """Return what the program would take alone, by its loads and stores, and a millisecond."""
    return 1e-3 + recording.facts.raw_accesses / _ALONE_ACCESSES_A_SECOND


def _scrubber() -> Any:
    from zswapsim.content.compressors import compressor
    from zswapsim.content.scrub import Scrubber

    codec = compressor(Scrubber.NAME)
    return Scrubber(lambda page: len(codec.compress(page)))


def _summary(recording: "Recording", output: Path) -> Iterator[str]:
    """Yield what there is to say about a recording."""
    trace, facts, meta = recording.trace, recording.facts, recording.trace.meta
    yield f"recorded {trace.name} ({meta['recorder']}): {recording.end}"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in meta["page_kinds"].items())
    yield f"  pages     {format_pages(trace.footprint_pages)}" + (kinds and f": {kinds}")
    yield (
        f"  accesses  {facts.raw_accesses:,} loads and stores, {recording.page_accesses:,} changes "
        f"of page, {trace.accesses:,} kept (k = {meta['reduction_k']})"
    )
    yield (
        f"  contents  {trace.contents_count:,} different, in {trace.counts.versions:,} versions; "
        f"{output}: {format_bytes(output.stat().st_size)}"
    )
    speed = f"{facts.raw_accesses / max(recording.seconds, 1e-3) / 1e6:.2g} M loads and stores/s"
    measured = meta["slow_down_is"] == "measured"
    how = "" if measured else ", estimated: --measure-slowdown measures it"
    slow_down = f"{meta['slow_down']:,.0f}" if meta["slow_down"] >= 10 else str(meta["slow_down"])
    yield f"  time      {recording.seconds:.1f} s, {speed}"
    yield f"  slow-down {slow_down} times the time alone{how}"
    if recording.sees_kernel:
        yield "  lag       none: contents are taken at the very access"
    else:
        yield (
            f"  lag       {meta['recorder_lag_mean']} accesses at most on average, "
            f"{facts.lag_accesses_max} at worst; {meta['recorder_inexact_percent']} % of "
            "evictions may have later contents"
        )
        yield "  not seen  accesses by system calls, pages given back"
    if facts.forks:
        yield f"  not seen  {facts.forks} children: only the program itself is recorded"
    yield f"  exact     {meta['exact_for']}"
