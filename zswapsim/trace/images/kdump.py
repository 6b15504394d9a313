# SPDX-License-Identifier: GPL-2.0-only
"""kdump-compressed dumps, which are recognised to be refused: an ELF dump does the same."""

from collections.abc import Iterator
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.trace.images.image import LeftOut, MemoryImage, Run
from zswapsim.trace.input import Input

COMPRESSED, FLATTENED = b"KDUMP   ", b"makedumpfile\0"


class KdumpImage(MemoryImage):
    """Refuses a kdump-compressed dump."""

    name = "kdump"
    summary = "kdump-compressed: refused, take an ELF dump"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the signature, in the plain and in the flattened form."""
        return head.startswith((COMPRESSED, FLATTENED))

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Raise the TraceError that says what to do instead."""
        kind = "flattened" if source.head.startswith(FLATTENED) else "compressed"
        raise TraceError(
            f"{source.where}: byte 0: a {kind} kdump file, which this program does not read; "
            "expected an ELF dump, as makedumpfile -E or dump-guest-memory without -z, -l and -s "
            "write it"
        )


FORMAT = KdumpImage()
