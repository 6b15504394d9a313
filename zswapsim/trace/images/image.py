# SPDX-License-Identifier: GPL-2.0-only
"""What a memory image is to the rest, and the choice of a kind by what a file holds."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.trace.formats import FORMATS, TraceFormat, recognise
from zswapsim.trace.input import Input
from zswapsim.trace.trace import Trace
from zswapsim.units import PAGE_SIZE

Run = tuple[int, bytes]
"""Page number of the first page, below 1 << 52, and the bytes of whole pages that follow it."""

RUN_BYTES = 256 * PAGE_SIZE
"""Readers hand out runs of at most this, so that memory is bounded whatever a header says."""


@dataclass(slots=True)
class LeftOut:
    """What an image has, or should have, besides the pages that were read from it.

    not_dumped_pages: it names them, but does not hold them; held_twice_pages: it holds them again,
    and they were taken once; partial_bytes: at the edges of ranges, less than a page; padded_bytes:
    zeros that were put after its last byte to make a page of it.
    """

    not_dumped_pages: int = 0
    held_twice_pages: int = 0
    partial_bytes: int = 0
    padded_bytes: int = 0


class MemoryImage(ABC):
    """A trace format whose files hold pages and no accesses; opened, they are a snapshot.

    name: as registered in formats.FORMATS; summary: one line for lists.
    """

    name: str
    summary: str

    @abstractmethod
    def recognises(self, path: Path, head: bytes) -> bool:
        """See formats.TraceFormat."""

    @abstractmethod
    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield its pages in the order of the file, each once; count what is left out.

        TraceError says what is damaged, at which byte, and what was expected there.
        """

    def open(self, source: Input) -> Trace:
        """Return a snapshot of its pages, or of a sample of them if there are many."""
        from zswapsim.trace.images.snapshot import image_snapshot

        return image_snapshot(self, source)


RAW = "raw"


def recognise_contents(source: Input) -> TraceFormat:
    """Return the format of what is to have contents: as formats.recognise, or else raw pages.

    Raw pages may look like anything, so that only here nothing else is left.
    """
    try:
        return recognise(source)
    except TraceError:
        if len(source.head) < PAGE_SIZE:
            raise
        return FORMATS.get(RAW)


def recognise_image(source: Input) -> MemoryImage:
    """Return the kind of a memory image.

    TraceError lists the formats there are, or says that it is a trace; NoEntry if there is none of
    that name.
    """
    image = recognise_contents(source)
    if not isinstance(image, MemoryImage):
        raise TraceError(f"{source.where}: is a trace ({image.name}), no memory image")
    return image
