# SPDX-License-Identifier: GPL-2.0-only
"""What the commands below `zswapsim trace` share: how their output is written."""

from pathlib import Path
from typing import TYPE_CHECKING

from zswapsim.cli.options import say
from zswapsim.progress import Progress
from zswapsim.trace.writer import GOOD_LEVEL

if TYPE_CHECKING:
    from zswapsim.trace.trace import Trace


def save(
    trace: "Trace", output: Path, progress: Progress | None = None, level: int | None = GOOD_LEVEL
) -> None:
    """Write a trace, completely or not at all, and say on stderr what was written."""
    trace.save(output, level=level, progress=progress)
    size_bytes = output.stat().st_size
    pages = trace.footprint_pages if trace.accesses else trace.pages
    say(
        f"{output}: {trace.accesses:,} accesses, {pages:,} pages, "
        f"{trace.contents_count:,} contents, {size_bytes:,} bytes"
    )
