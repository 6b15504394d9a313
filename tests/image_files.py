# SPDX-License-Identifier: GPL-2.0-only
"""Writes memory images for tests, each from its format's documentation, and reads them back."""

import struct
from collections.abc import Sequence
from pathlib import Path

from zswapsim.trace.images.image import LeftOut, recognise_image
from zswapsim.trace.input import Input, InputOptions
from zswapsim.units import PAGE_SIZE

SAMPLES = Path(__file__).parent / "samples" / "images"

PN_XNUM = 0xFFFF


def page(word: int) -> bytes:
    """A page of its own: no two words give the same one, and none is same-filled."""
    return struct.pack("<QQ", word, word + 1) * (PAGE_SIZE // 16)


def pages(first: int, count: int) -> bytes:
    """Pages first, first + 1, ..."""
    return b"".join(map(page, range(first, first + count)))


def elf_core(
    segments: Sequence[tuple[int, bytes, int]],
    *,
    physical: bool = False,
    xnum_at_end: bool | None = None,
    **fields: int,
) -> bytes:
    """An ELF core file of (address, data, bytes in memory), which follow the headers in order.

    physical: the address is in p_paddr too; xnum_at_end: say PN_XNUM, with section header 0 at the
    end or behind the ELF header; fields: other values of the ELF header.
    """
    values = {
        "class": 2,
        "order": 1,
        "type": 4,
        "machine": 62,
        "phoff": 64,
        "shoff": 0,
        "phentsize": 56,
        "phnum": len(segments),
    }
    section = b""
    data_bytes = sum(len(data) for _, data, _ in segments)
    if xnum_at_end is not None:
        values |= {"phnum": PN_XNUM, "shoff": 64, "phoff": 128}
        section = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0, len(segments), 0, 0)
        if xnum_at_end:
            values |= {"phoff": 64, "shoff": 64 + 56 * len(segments) + data_bytes}
    behind = values["phoff"] + 56 * len(segments)
    values |= fields
    headers, body = bytearray(), bytearray()
    for address, data, memory_bytes in segments:
        offset = behind + len(body)
        paddr = address if physical else 0
        headers += struct.pack(
            "<IIQQQQQQ", 1, 6, offset, address, paddr, len(data), memory_bytes, PAGE_SIZE
        )
        body += data
    start = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH",
        b"\x7fELF", values["class"], values["order"], 1, 0, values["type"], values["machine"], 1, 0,
        values["phoff"], values["shoff"], 0, 64, values["phentsize"], values["phnum"], 64, 1, 0,
    )  # fmt: skip
    before = section if xnum_at_end is False else b""
    return b"".join((start, before, headers, body, section if xnum_at_end else b""))


def lime_header(first: int, last: int, *, magic: bytes = b"EMiL", version: int = 1) -> bytes:
    """A range's header: both addresses are inside it."""
    return struct.pack("<4sIQQ8x", magic, version, first, last)


def lime(ranges: Sequence[tuple[int, bytes]]) -> bytes:
    """A LiME image."""
    return b"".join(lime_header(first, first + len(data) - 1) + data for first, data in ranges)


def avml(ranges: Sequence[tuple[int, bytes]]) -> bytes:
    """A compressed AVML image. Snappy's frames are those of the library that AVML uses too."""
    import cramjam

    parts = []
    for first, data in ranges:
        packed = bytes(cramjam.snappy.compress(data))
        header = lime_header(first, first + len(data) - 1, magic=b"AVML", version=2)
        parts.append(header + packed + struct.pack("<Q", len(packed)))
    return b"".join(parts)


def read(path: Path, format_: str | None = None) -> tuple[str, dict[int, bytes], LeftOut]:
    """Read a file: the kind it is of, page number -> page, and what is left out."""
    source = Input(path, InputOptions(format=format_))
    image = recognise_image(source)
    left_out = LeftOut()
    found: dict[int, bytes] = {}
    for number, data in image.pages(source, left_out):
        assert len(data) % PAGE_SIZE == 0
        assert data
        for at in range(0, len(data), PAGE_SIZE):
            assert number + at // PAGE_SIZE not in found, "a page is there once"
            found[number + at // PAGE_SIZE] = data[at : at + PAGE_SIZE]
    return image.name, found, left_out
