# SPDX-License-Identifier: GPL-2.0-only
"""Compressed AVML images: LiME's header with a magic and version of its own, then snappy.

Behind a header come the chunks of a framed snappy stream that unpack to the length of the range,
and a uint64 with the bytes that these chunks take. A chunk is a byte type, 24 bits length, data:

    0xff        stream identifier, "sNaPpY"
    0x00        compressed: masked CRC-32C of the unpacked data, then snappy; at most 65,536 bytes
    0x01        not compressed: the same checksum, then the data
    0x80..0xfe  to be skipped; all others are errors

A block of 16 MiB that is all zero is not in the file. Sources: AVML src/image.rs, and snappy's
framing_format.txt. Unpacking needs cramjam, which is imported when such a file is read.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.trace.images import lime
from zswapsim.trace.images.image import RUN_BYTES, LeftOut, MemoryImage, Run
from zswapsim.trace.images.stream import ImageStream, whole_pages
from zswapsim.trace.input import Input

MAGIC = b"AVML"
VERSION = 2
IDENTIFIER = b"\xff\x06\x00\x00sNaPpY"

_COMPRESSED, _PLAIN, _IDENTIFIER, _SKIPPABLE = 0x00, 0x01, 0xFF, 0x80
_CHUNK_BYTES = 1 << 16
_PACKED_BYTES = 4 + 32 + _CHUNK_BYTES + _CHUNK_BYTES // 6
"""A checksum, and the most that snappy makes of a chunk."""
_COUNT = struct.Struct("<Q")


class AvmlImage(MemoryImage):
    """Reads an AVML image."""

    name = "avml"
    summary = "AVML, compressed: ranges of physical memory; needs cramjam"

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the magic of its first range."""
        return head.startswith(MAGIC)

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield its pages, range by range. TraceError also if cramjam is not installed."""
        unpack = _snappy(source.where)
        stream = ImageStream(source.chunks(RUN_BYTES), source.where)
        for magic, first, length_bytes in lime.ranges(
            stream, {MAGIC: VERSION, lime.MAGIC: lime.VERSION}
        ):
            if magic == MAGIC:
                blocks = _unpacked(stream, length_bytes, unpack)
            else:
                blocks = stream.blocks(length_bytes, f"the range at {first:#x}")
            yield from whole_pages(first, blocks, left_out)


FORMAT = AvmlImage()


def _snappy(where: str) -> Callable[[bytes], bytes]:
    """Return what unpacks one chunk, header included, and compares its checksum."""
    try:
        import cramjam
    except ImportError:
        raise TraceError(
            f"{where}: is an AVML image compressed with snappy, which needs cramjam: "
            "pip install cramjam; or `avml-convert` makes a LiME image of it"
        ) from None

    def unpack(chunk: bytes) -> bytes:
        return bytes(cramjam.snappy.decompress(IDENTIFIER + chunk))

    return unpack


def _unpacked(
    stream: ImageStream, length_bytes: int, unpack: Callable[[bytes], bytes]
) -> Iterator[bytes]:
    """Yield the data of one range, and read the count behind it."""
    start = stream.offset
    done_bytes = 0
    while done_bytes < length_bytes:
        at = stream.offset
        header = stream.read(4, "a snappy chunk")
        kind, size = header[0], int.from_bytes(header[1:], "little")
        if kind == _IDENTIFIER:
            if header + stream.read(min(size, 6), "snappy's identifier") != IDENTIFIER:
                stream.fail("expected snappy's identifier", at)
        elif kind in (_COMPRESSED, _PLAIN):
            if not 4 < size <= _PACKED_BYTES:
                stream.fail(f"a snappy chunk of {size:,} bytes; expected 5..{_PACKED_BYTES:,}", at)
            chunk = header + stream.read(size, "a snappy chunk")
            try:
                block = unpack(chunk)
            except Exception as error:  # what cramjam raises differs from version to version
                stream.fail(f"expected a snappy chunk, but it is damaged: {error}", at)
            done_bytes += len(block)
            if done_bytes > length_bytes:
                stream.fail(f"expected {length_bytes:,} bytes for this range, but there are more")
            yield block
        elif kind >= _SKIPPABLE:
            stream.skip(size, "a snappy chunk to be skipped")
        else:
            stream.fail(f"a snappy chunk of type {kind:#x}; expected 0, 1 or 0x80 and more", at)
    packed_bytes = stream.offset - start
    (count,) = _COUNT.unpack(stream.read(8, "the count of compressed bytes"))
    if count != packed_bytes:
        stream.fail(f"expected the count {packed_bytes:,} of compressed bytes; found {count:,}")
