# SPDX-License-Identifier: GPL-2.0-only
"""Workload: a trace as integers, all that a machine needs, for any number of machines.

The bytes are looked at once: for each compressor they become lengths. What is left can be sent to
another process or machine, and read by many at a time.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from zswapsim.content.compressors import Compressor, compressor
from zswapsim.content.compressors.fit import fit_of, lengths_key
from zswapsim.content.page_store import KEEP_BYTES, PageStore
from zswapsim.content.same_filled import ZERO_FILLED, same_filled_kinds
from zswapsim.errors import InvalidArgument
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace, Versions, contents_at_first, slices
from zswapsim.units import PAGE_SIZE

Integers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a compressor makes of all contents. library: name and version of what did it.

    lengths: int32, shape (contents + 1,), bytes or -errno, the last one of a fresh page of zeros.
    """

    lengths: Integers
    library: str


@dataclass(slots=True)
class Workload:
    """A trace as integers.

    info: of the trace, as Trace.info; footprint_pages, pages, accesses_count: counts of it;
    accesses: all of them encoded, uint32, or the trace that streams them; versions: as
    Trace.versions; first_held: int32, shape (pages,), the content of each page before its first
    version; same_filled: uint8, shape (contents + 1,), kinds as same_filled_kinds tells them.
    Make: of. Read: sizes, blocks. Add: compress, gather.
    """

    info: dict[str, Any]
    pages: int
    footprint_pages: int
    accesses_count: int
    accesses: Integers | Trace
    versions: Versions
    first_held: Integers
    same_filled: Integers
    _sizes: dict[str, Sizes] = field(default_factory=dict)

    @classmethod
    def of(cls, trace: Trace) -> "Workload":
        """Take a trace's integers, but its accesses, which stay where they are until `gather`.

        InvalidArgument if the trace has no contents.
        """
        if not trace.has_contents:
            raise InvalidArgument(
                f"trace {trace.name!r} has no page contents to compress; complete() takes them "
                "from elsewhere, or makes them up"
            )
        # Before its first version a page holds what that says, as best known.
        held = contents_at_first(trace.versions, trace.pages, trace.contents_count)
        return cls(
            info=trace.info(),
            pages=trace.pages,
            footprint_pages=trace.footprint_pages,
            accesses_count=trace.accesses,
            accesses=trace,
            versions=trace.versions,
            first_held=held.view(np.int32),
            same_filled=np.append(same_filled_kinds(trace.contents_bytes), ZERO_FILLED),
        )

    def gather(self) -> str:
        """Read all accesses into memory, 4 bytes each; return a digest of the whole workload."""
        if isinstance(self.accesses, Trace):
            gathered = np.empty(self.accesses_count, np.uint32)
            at = 0
            for block in self.accesses.blocks():
                gathered[at : at + len(block)] = block
                at += len(block)
            self.accesses = gathered
        digest = hashlib.sha256(str(self.info["contents_digest"]).encode())
        for array in (self.accesses, *self.versions):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def blocks(self, block_accesses: int) -> Iterator[Integers]:
        """Stream the encoded accesses in order."""
        if isinstance(self.accesses, Trace):
            return self.accesses.blocks(block_accesses)
        return slices(self.accesses)(block_accesses)

    def compress(
        self, pages: PageStore, codec: Compressor, progress: Progress | None = None
    ) -> None:
        """Find the lengths that a compressor gives, unless they are known.

        pages: the trace's contents; progress: told of the stage "compress".
        """
        key = lengths_key(codec)
        if key in self._sizes:
            return
        follow = None if progress is None else partial(progress, "compress")
        fresh = fit_of(codec).length(len(codec.compress(bytes(PAGE_SIZE))))
        lengths = np.append(pages.lengths(codec, follow), np.int32(fresh))
        self._sizes[key] = Sizes(lengths, codec.version)

    def sizes(self, spec: str, kernel: str) -> Sizes:
        """Return what a compressor makes of the contents. InvalidArgument if that is not known."""
        key = lengths_key(compressor(spec, kernel))
        if key not in self._sizes:
            raise InvalidArgument(f"the contents were not compressed with {spec} of {kernel}")
        return self._sizes[key]


def page_store(trace: Trace, *, keep_bytes: int = KEEP_BYTES, compiled: bool = False) -> PageStore:
    """Return a trace's contents, to compress them. keep_bytes: 0 where only lengths are wanted.

    compiled: the run will be compiled, so that loading compiled code costs nothing more.
    """
    return PageStore(
        trace.contents_bytes,
        trace.contents_count,
        digest=trace.contents_digest,
        keep_bytes=keep_bytes,
        compiled=compiled,
    )
