# SPDX-License-Identifier: GPL-2.0-only
"""LiME images, which AVML writes too when it does not compress.

Ranges of physical memory in ascending order, each behind a header of 32 bytes, little-endian:
uint32 magic, uint32 version, uint64 first address, uint64 last address (inclusive), 8 bytes
reserved. Source: LiME's documentation, "Memory Range Header Version 1 Specification".

The first and the last page of a range may be partial, as in /proc/iomem; the kernel does not use
those, and they are left out.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from zswapsim.trace.images.image import RUN_BYTES, LeftOut, MemoryImage, Run
from zswapsim.trace.images.stream import ImageStream, whole_pages
from zswapsim.trace.input import Input

MAGIC = b"EMiL"
VERSION = 1
HEADER = struct.Struct("<4sIQQ8s")


class LimeImage(MemoryImage):
    """Reads a LiME image."""

    name = "lime"
    summary = "LiME: ranges of physical memory; AVML without compression"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the magic of its first range."""
        return head.startswith(MAGIC)

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield its pages, range by range."""
        stream = ImageStream(source.chunks(RUN_BYTES), source.where)
        for _, first, length_bytes in ranges(stream, {MAGIC: VERSION}):
            blocks = stream.blocks(length_bytes, f"the range at {first:#x}")
            yield from whole_pages(first, blocks, left_out)


FORMAT = LimeImage()


def ranges(stream: ImageStream, versions: dict[bytes, int]) -> Iterator[tuple[bytes, int, int]]:
    """Yield magic, first address and length in bytes of each range, whose data the caller reads.

    versions: the magics that may be there and the version that each must have. TraceError if there
    is none, if a header is wrong, or if a range is not behind the one before it.
    """
    behind = 0
    none = True
    while none or not stream.at_end():
        none = False
        start = stream.offset
        magic, version, first, last, _ = HEADER.unpack(
            stream.read(HEADER.size, "the header of a range")
        )
        if magic not in versions:
            allowed = " or ".join(map(repr, versions))
            stream.fail(f"expected the header of a range, {allowed}; found {magic!r}", start)
        if version != versions[magic]:
            stream.fail(f"version {version}; this program reads {versions[magic]}", start)
        if last < first:
            stream.fail(f"a range from {first:#x} to {last:#x}, which is before it", start)
        if first < behind:
            stream.fail(f"a range at {first:#x}, but the one before it ends at {behind:#x}", start)
        behind = last + 1
        yield magic, first, last - first + 1
