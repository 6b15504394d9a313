# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace convert."""

from pathlib import Path
from typing import Any

import click

from zswapsim.cli.inputs import (
    TRACE_PATH,
    check_not_terminal,
    contents_asked_for,
    input_options,
    open_trace,
)
from zswapsim.cli.options import as_private_as, check_distinct, output_option, progress_bar
from zswapsim.cli.trace.shared import save
from zswapsim.cli.values import CONTENTS
from zswapsim.trace.derive.reduce import MAX_K
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import HEAD_BYTES
from zswapsim.trace.writer import BEST_LEVEL


@click.command("convert")
@click.argument("file", type=TRACE_PATH)
@output_option()
@click.option("--head", type=click.IntRange(min=1), help="Keep only the first so many accesses.")
@click.option(
    "--reduce",
    "reduce_pages",
    type=click.IntRange(1, MAX_K),
    metavar="PAGES",
    help="Leave out accesses that LRU with so many pages of memory, or more, does not notice.",
)
@click.option(
    "--contents",
    type=CONTENTS,
    metavar="FILE|mix[:KIND=PERCENT,...]",
    show_default="the file's own, if it has any",
    help="Put contents in, as `zswapsim replay --contents` does.",
)
@click.option(
    "--level",
    type=click.IntRange(1, BEST_LEVEL),
    show_default="19 for what is small, less for what would take minutes",
    help="How hard zstd packs.",
)
@input_options
def command(
    file: Path,
    output: Path,
    head: int | None,
    reduce_pages: int | None,
    contents: str | None,
    level: int | None,
    reading: Any,
    seed: int,
) -> None:
    """Write FILE, of any known format, as a trace file of this program's own.

    FILE may be compressed; - is standard input. It streams through: memory does not grow with it.
    """
    from zswapsim.trace.derive.join import with_contents
    from zswapsim.trace.derive.reduced import reduced_trace

    check_not_terminal(file)
    if (head, reduce_pages, contents) != (None, None, None) or not _is_own(file):
        check_distinct(file, output)  # else it is the same trace, in the same file
    held = contents_asked_for(contents, seed)
    with progress_bar() as progress, as_private_as(file, contents):
        trace = open_trace(file, reading, progress)
        if head is not None:
            trace = trace.cut(min(head, trace.accesses))
        if reduce_pages is not None:
            trace = reduced_trace(trace, reduce_pages)
        if held is not None:
            trace = with_contents(trace, held, seed=seed)
        save(trace, output, progress, level)


def _is_own(file: Path) -> bool:
    """Say whether a file is a trace of this program's own already."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return FORMATS.get("ztrace").recognises(file, opened.read(HEAD_BYTES))
