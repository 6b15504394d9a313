# SPDX-License-Identifier: GPL-2.0-only
"""Reading an image from front to back: exact reads, and runs of whole pages."""

from collections.abc import Iterable, Iterator
from typing import NoReturn

from zswapsim.errors import TraceError
from zswapsim.trace.images.image import RUN_BYTES, LeftOut, Run
from zswapsim.units import PAGE_SHIFT, PAGE_SIZE


class ImageStream:
    """The bytes of an image, read once; it knows at which byte it is.

    where: the file, for messages; chunks: its bytes in pieces of any length.
    """

    def __init__(self, chunks: Iterator[bytes], where: str) -> None:
        self.where = where
        self.offset = 0
        self._chunks = chunks
        self._chunk = b""
        self._at = 0

    def at_end(self) -> bool:
        """Say whether there is no byte left."""
        while self._at == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return True
            self._chunk, self._at = chunk, 0
        return False

    def read(self, size: int, what: str) -> bytes:
        """Return the next size bytes; TraceError if the file ends within them. what: they are."""
        parts = []
        missing = size
        while missing:
            if self.at_end():
                self.fail(f"{what}: expected {missing:,} bytes more, but the file ends here")
            part = self._chunk[self._at : self._at + missing]
            parts.append(part)
            missing -= len(part)
            self._at += len(part)
            self.offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def blocks(self, size: int, what: str) -> Iterator[bytes]:
        """Yield the next size bytes, RUN_BYTES at a time."""
        while size:
            block = self.read(min(size, RUN_BYTES), what)
            size -= len(block)
            yield block

    def skip(self, size: int, what: str) -> None:
        """Pass over size bytes; TraceError if the file ends within them."""
        for _ in self.blocks(size, what):
            pass

    def fail(self, problem: str, at: int | None = None) -> NoReturn:
        """Raise the TraceError that says what is wrong, at byte `at` or where reading is now."""
        raise TraceError(f"{self.where}: byte {self.offset if at is None else at:,}: {problem}")


def whole_pages(address: int, blocks: Iterable[bytes], left_out: LeftOut) -> Iterator[Run]:
    """Turn the memory that begins at an address into runs of whole pages.

    What is before the first page's start and after the last one's end is counted as partial.
    """
    early = -address % PAGE_SIZE
    number = (address + early) >> PAGE_SHIFT
    rest = b""
    for given in blocks:
        block = given
        if early:
            skipped = min(early, len(block))
            left_out.partial_bytes += skipped
            early -= skipped
            block = block[skipped:]
        if rest:
            block = rest + block
        whole_bytes = len(block) & -PAGE_SIZE
        rest = block[whole_bytes:]
        if whole_bytes:
            yield number, block[:whole_bytes] if rest else block
            number += whole_bytes >> PAGE_SHIFT
    left_out.partial_bytes += len(rest)
