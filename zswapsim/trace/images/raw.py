# SPDX-License-Identifier: GPL-2.0-only
"""Raw pages: a file of whole pages and nothing else, numbered from 0.

What dd, QEMU's pmemsave, VMware's .vmem files and LiME's formats raw and padded leave behind.
"""

from collections.abc import Iterator
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.trace.images.image import RUN_BYTES, LeftOut, MemoryImage, Run
from zswapsim.trace.images.stream import whole_pages
from zswapsim.trace.input import Input
from zswapsim.units import PAGE_SIZE


class RawImage(MemoryImage):
    """Reads a file of whole pages."""

    name = "raw"
    summary = f"pages of {PAGE_SIZE} bytes, one after the other"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Never: they may look like anything; see recognise_contents."""
        return False

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield its pages. TraceError if the length is no multiple of PAGE_SIZE."""
        if not source.packing and source.size_bytes:
            _check_length(source, source.size_bytes)
        counted = LeftOut()
        length_bytes = 0
        for number, data in whole_pages(0, source.chunks(RUN_BYTES), counted):
            length_bytes += len(data)
            yield number, data
        _check_length(source, length_bytes + counted.partial_bytes)


FORMAT = RawImage()


def _check_length(source: Input, length_bytes: int) -> None:
    if length_bytes % PAGE_SIZE or not length_bytes:
        raise TraceError(
            f"{source.where}: no other known kind of memory image, and raw pages are a multiple of "
            f"{PAGE_SIZE} bytes; it has {length_bytes:,}"
        )
