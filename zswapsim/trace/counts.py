# SPDX-License-Identifier: GPL-2.0-only
"""What is counted of a trace, and the counting: once when it is made, stored in its file."""

import hashlib
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from zswapsim.trace.contents import Contents
from zswapsim.units import PAGE_SIZE

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

PAGE_MASK = np.uint32(0x7FFFFFFF)
"""Bits of an encoded access that are its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of one trace. same_filled_contents: one 8-byte word repeated, but not all zero."""

    accesses: int
    pages: int
    footprint_pages: int
    writes: int
    versions: int
    freed: int
    contents: int
    zero_contents: int
    same_filled_contents: int
    contents_digest: str


class ContentCounts(TypedDict):
    """The part of Counts that needs the contents read."""

    contents: int
    zero_contents: int
    same_filled_contents: int
    contents_digest: str


def content_counts(counts: Counts) -> ContentCounts:
    """Return the part of a trace's counts that is about its contents, for another that has them."""
    return {
        "contents": counts.contents,
        "zero_contents": counts.zero_contents,
        "same_filled_contents": counts.same_filled_contents,
        "contents_digest": counts.contents_digest,
    }


class Tally:
    """Counts accesses block by block: add each block, then read accesses, writes, footprint."""

    def __init__(self, pages: int) -> None:
        """pages: every page number added is below this, or below what grow was told."""
        self.pages = pages
        self.accesses = 0
        self.writes = 0
        self._seen = np.zeros(pages, np.bool_)

    def grow(self, pages: int) -> None:
        """Allow page numbers below pages. Amortised: the room doubles."""
        if pages > len(self._seen):
            seen = np.zeros(max(pages, 2 * len(self._seen)), np.bool_)
            seen[: self.pages] = self._seen[: self.pages]
            self._seen = seen
        self.pages = max(self.pages, pages)

    def add(self, block: U32) -> None:
        """Count a block of encoded accesses."""
        self.accesses += len(block)
        self.writes += int(np.count_nonzero(block > PAGE_MASK))
        self._seen[block & PAGE_MASK] = True

    def add_numbered(self, block: U32, pages: int) -> None:
        """Count a block whose pages are numbered in the order of appearance, pages of them so far.

        Each one below pages has been added, or will be.
        """
        before = self.pages
        self.grow(pages)
        self._seen[before:pages] = True
        self.accesses += len(block)
        self.writes += int(np.count_nonzero(block > PAGE_MASK))

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Whether each page was accessed: bool (pages,)."""
        return self._seen[: self.pages]

    @property
    def footprint_pages(self) -> int:
        """Number of distinct pages so far."""
        return int(np.count_nonzero(self._seen))

    def counts(
        self,
        *,
        versions: int,
        freed: int,
        contents: int,
        zero_contents: int,
        same_filled_contents: int,
        contents_digest: str,
    ) -> Counts:
        """Join what was counted here with the rest."""
        return Counts(
            accesses=self.accesses,
            pages=self.pages,
            footprint_pages=self.footprint_pages,
            writes=self.writes,
            versions=versions,
            freed=freed,
            contents=contents,
            zero_contents=zero_contents,
            same_filled_contents=same_filled_contents,
            contents_digest=contents_digest,
        )


def count_same_filled(pages: bytes) -> tuple[int, int]:
    """Return how many of the pages are all zero, and of another 8-byte word repeated."""
    words = np.frombuffer(pages, np.uint64).reshape(-1, PAGE_SIZE // 8)
    words = words[words[:, 0] == words[:, -1]]  # rules out nearly all without reading them
    words = words[(words == words[:, :1]).all(axis=1)]
    zero = int(np.count_nonzero(words[:, 0] == 0))
    return zero, len(words) - zero


def tally_contents(contents: Contents) -> ContentCounts:
    """Count the contents, the all-zero and the same-filled ones, and take the SHA-256 of all."""
    digest = hashlib.sha256()
    zero = same_filled = 0
    step = 1024 * PAGE_SIZE
    for start in range(0, len(contents), step):
        data = contents[start : start + step]
        digest.update(data)
        more_zero, more_same_filled = count_same_filled(data)
        zero += more_zero
        same_filled += more_same_filled
    return {
        "contents": len(contents) // PAGE_SIZE,
        "zero_contents": zero,
        "same_filled_contents": same_filled,
        "contents_digest": digest.hexdigest(),
    }
