# SPDX-License-Identifier: GPL-2.0-only
"""What the commands below `zswapsim trace` share: their FILE, their --output, and its writing."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zswapsim.cli.options import check_writable, checked

if TYPE_CHECKING:
    from zswapsim.trace.trace import Trace

F = TypeVar("F", bound=Callable[..., Any])

LEVEL = 9
"""Of zstd. A tenth larger than what convert writes, and written twenty times as fast."""


def output_option(command: F) -> F:
    """Add -o/--output, which has to be given and is checked before the work."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        callback=checked(check_writable),
        help="The trace file to write, NAME.ztrace.",
    )(command)


def save(
    trace: "Trace", output: Path, progress: Callable[[str, int, int], None] | None = None
) -> None:
    """Write a trace, completely or not at all, and say on stderr what was written."""
    trace.save(output, level=LEVEL, progress=progress)
    size_bytes = output.stat().st_size
    click.echo(
        f"{output}: {trace.accesses:,} accesses, {trace.footprint_pages:,} pages, "
        f"{trace.contents_count:,} contents, {size_bytes:,} bytes",
        err=True,
    )
