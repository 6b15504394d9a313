# SPDX-License-Identifier: GPL-2.0-only
"""Kinds of memory image by name, and the choice of one by what a file holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zswapsim.errors import TraceError
from zswapsim.registry import Registry
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input
from zswapsim.units import PAGE_SIZE

Run = tuple[int, bytes]
"""Page number of the first page, below 1 << 52, and the bytes of whole pages that follow it."""

RUN_BYTES = 256 * PAGE_SIZE
"""Readers hand out runs of at most this, so that memory is bounded whatever a header says."""


@dataclass(slots=True)
class LeftOut:
    """What an image has, or should have, besides the pages that were read from it.

    not_dumped_pages: it names them, but does not hold them; held_twice_pages: it holds them again,
    and they were taken once; partial_bytes: at the edges of ranges, less than a page.
    """

    not_dumped_pages: int = 0
    held_twice_pages: int = 0
    partial_bytes: int = 0


class MemoryImage(Protocol):
    """A kind of file that holds pages.

    name: as registered; summary: one line for lists.
    """

    name: str
    summary: str

    def recognises(self, path: Path, head: bytes) -> bool:
        """Say whether the file is of this kind. head: its first 4096 bytes, or all if fewer."""
        ...

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield its pages in the order of the file, each once; count what is left out.

        TraceError says what is damaged, at which byte, and what was expected there.
        """
        ...


RAW = "raw"
_BUILT_IN = {
    "elf-core": "zswapsim.trace.images.elf_core:IMAGE",
    "lime": "zswapsim.trace.images.lime:IMAGE",
    "avml": "zswapsim.trace.images.avml:IMAGE",
    "kdump": "zswapsim.trace.images.kdump:IMAGE",
    RAW: "zswapsim.trace.images.raw:IMAGE",
}

IMAGES: Registry[MemoryImage] = Registry("memory image", "zswapsim.images", _BUILT_IN)


def recognise_image(source: Input) -> MemoryImage:
    """Return the kind that the options name, or else the first that recognises the file.

    TraceError lists the kinds there are, or says that it is a trace; NoEntry if there is none of
    that name.
    """
    if source.options.format is not None:
        return IMAGES.get(source.options.format)
    image = image_with_magic(source)
    if image is not None:
        return image
    for name in FORMATS.names():
        if FORMATS.get(name).recognises(source.path, source.head):
            raise TraceError(f"{source.where}: is a trace ({name}), no memory image")
    raw = IMAGES.get(RAW)
    if raw.recognises(source.path, source.head):
        return raw
    if not source.head:
        raise TraceError(f"{source.where}: the file is empty")
    raise TraceError(
        f"{source.where}: no known kind of memory image, by its first {len(source.head)} bytes, "
        f"and less than a page; known are {', '.join(IMAGES.names())}"
    )


def image_with_magic(source: Input) -> MemoryImage | None:
    """Return the first kind that recognises the file, but for raw pages, which may be anything."""
    names = [*_BUILT_IN, *(name for name in IMAGES.names() if name not in _BUILT_IN)]
    for name in names:
        if name != RAW and IMAGES.get(name).recognises(source.path, source.head):
            return IMAGES.get(name)
    return None
