# SPDX-License-Identifier: GPL-2.0-only
"""What the commands below `zswapsim trace` share: how their output is written."""

from pathlib import Path
from typing import TYPE_CHECKING

from zswapsim.cli.options import Progress, say

if TYPE_CHECKING:
    from zswapsim.trace.trace import Trace

LEVEL = 9
"""Of zstd. A tenth larger than what convert writes, and written twenty times as fast."""


def save(
    trace: "Trace", output: Path, progress: Progress | None = None, level: int | None = LEVEL
) -> None:
    """Write a trace, completely or not at all, and say on stderr what was written."""
    trace.save(output, level=level, progress=progress)
    size_bytes = output.stat().st_size
    say(
        f"{output}: {trace.accesses:,} accesses, {trace.footprint_pages:,} pages, "
        f"{trace.contents_count:,} contents, {size_bytes:,} bytes"
    )
