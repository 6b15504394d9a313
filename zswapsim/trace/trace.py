# SPDX-License-Identifier: GPL-2.0-only
"""Trace: the accesses of one program, the contents of its pages, and where both come from.

An access is a uint32: page number | WRITE if the page was written. A version (at, page, content)
says: before access number `at` is made, `page` holds content number `content`, or the program has
given the page back (content FREED; a later access finds a fresh zero page). The content of a page
at access t is its last version with at <= t; if there is none, its first later one that is not
FREED. Contents are distinct pages of PAGE_SIZE bytes, numbered from 0.

Everything but the counts is read when it is first asked for, and accesses are only ever streamed,
so that a trace larger than memory replays.
"""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.progress import Progress
from zswapsim.trace.checks import checked_meta, page_problem, version_problem
from zswapsim.trace.contents import Contents, distinct
from zswapsim.trace.counts import U32, U64, Counts, Tally, tally_contents
from zswapsim.units import FREED

if TYPE_CHECKING:
    from zswapsim.trace.input import InputOptions

WRITE = 1 << 31
"""Bit of an encoded access that says: the page was written."""

BLOCK_ACCESSES = 1 << 20
BLOCK_VERSIONS = 1 << 20

Versions = tuple[U64, U32, U32]
"""(at uint64, page uint32, content uint32), equally long, sorted by at."""


class Source(Protocol):
    """Where a trace's data comes from: one object per opened file, or Parts."""

    def blocks(self, block_accesses: int) -> Iterator[U32]:
        """Yield all encoded accesses in order, block_accesses at a time, from the start."""
        ...

    def versions(self) -> Versions:
        """Read the versions."""
        ...

    def contents(self) -> Contents:
        """Read the contents, one after the other."""
        ...

    def page_numbers(self) -> U64 | None:
        """Read what the pages were called where the trace comes from, one for each, or None."""
        ...


class Trace:
    """Accesses, content versions, contents, and the meta that says where they come from.

    Make: from_arrays, open, cut. Read: accesses, pages, footprint_pages, writes, blocks, versions,
    contents_count, contents_bytes, contents_digest, has_contents, page_numbers. Tell: name, meta,
    info.
    Keep: save.
    """

    def __init__(self, counts: Counts, meta: dict[str, Any], source: Source) -> None:
        """Join counts, meta and source, which must agree; a TraceFormat calls this.

        counts: everything known without reading; meta: JSON-able, "name" is the trace's name.
        """
        self.counts = counts
        self.meta = meta
        self._source = source

    @classmethod
    def from_arrays(
        cls,
        page: npt.ArrayLike,
        write: npt.ArrayLike,
        version_at: npt.ArrayLike = (),
        version_page: npt.ArrayLike = (),
        version_content: npt.ArrayLike = (),
        contents: npt.NDArray[np.uint8] | bytes | None = None,
        meta: dict[str, Any] | None = None,
        page_numbers: npt.ArrayLike | None = None,
    ) -> "Trace":
        """Make a trace of arrays; equal contents become one, versions are sorted by at.

        page: integers (N,) 0..2**31-1; write: bool (N,); version_*: integers (V,), at 0..N, page as
        above, content 0..C-1 or FREED; contents: uint8 (C, PAGE_SIZE), or their bytes, or None for
        a trace without contents, whose versions can only say FREED; page_numbers: see there, one
        for each page up to the highest or more.
        InvalidArgument names the field, the index, the value and what is allowed.
        """
        pages_accessed = _integers("page", page)
        written = np.asarray(write)
        if written.size == 0:
            written = written.astype(np.bool_)  # an empty list arrives as floats
        if written.dtype != np.bool_:
            raise InvalidArgument(f"write has dtype {written.dtype}; allowed is bool")
        if written.shape != pages_accessed.shape:
            raise InvalidArgument(f"write has shape {written.shape}, page {pages_accessed.shape}")
        at, of, holds = (
            _integers(field, values)
            for field, values in (
                ("version_at", version_at),
                ("version_page", version_page),
                ("version_content", version_content),
            )
        )
        for field, values in (("version_page", of), ("version_content", holds)):
            if values.shape != at.shape:
                raise InvalidArgument(f"{field} has shape {values.shape}, version_at {at.shape}")
        kept, number_of = distinct(contents)
        problem = page_problem("page", pages_accessed, WRITE) or version_problem(
            at, of, holds, accesses=len(pages_accessed), pages=WRITE, contents=len(number_of)
        )
        if problem:
            raise InvalidArgument(problem)
        highest = [int(numbers.max()) for numbers in (pages_accessed, of) if len(numbers)]
        pages = 1 + max(highest, default=-1)
        order = np.argsort(at, kind="stable")
        holds = holds.astype(np.int64)
        held = holds != FREED
        holds[held] = number_of[holds[held]]
        accesses: U32 = pages_accessed.astype(np.uint32)
        accesses[written] |= np.uint32(WRITE)
        versions = (
            at[order].astype(np.uint64),
            of[order].astype(np.uint32),
            holds[order].astype(np.uint32),
        )
        called = None
        if page_numbers is not None:
            called = np.asarray(page_numbers, np.uint64).reshape(-1)
            if len(called) < pages:
                raise InvalidArgument(f"page_numbers has {len(called)} for {pages} pages")
            pages = len(called)
        tally = Tally(pages)
        tally.add(accesses)
        counts = tally.counts(versions=len(at), freed=int((~held).sum()), **tally_contents(kept))
        parts = Parts(slices(accesses), versions, kept, called)
        return cls(counts, checked_meta(meta or {}), parts)

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        options: "InputOptions | None" = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> "Trace":
        """Open a trace of any known format, recognised by its content; "-" is standard input.

        options: format, lines that may be wrong, and more; progress: told (bytes read, bytes in
        all). TraceError says which file is damaged or unknown, and how; a missing file is an
        OSError.
        """
        from zswapsim.trace.formats import recognise
        from zswapsim.trace.input import Input

        source = Input(path, options, progress=progress)
        return recognise(source).open(source)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        level: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write the own format (file.py) atomically; the same trace always gives the same bytes.

        level: of zstd, 1..19; None packs what is small well and what is large fast. progress: told
        now and then ("write", accesses written, all of them).
        """
        from zswapsim.trace.writer import write_trace

        write_trace(self, Path(path), level, progress)

    def cut(self, stop: int, start: int = 0) -> "Trace":
        """Return accesses start .. stop - 1 with the versions and contents they need.

        Every page accessed there has the same content at every access as in the whole trace; what
        pages hold at `start` they hold in the cut from its beginning. InvalidArgument unless
        0 <= start <= stop <= accesses.
        """
        from zswapsim.trace.derive.cut import cut_trace

        return cut_trace(self, stop, start)

    @property
    def accesses(self) -> int:
        """Number of accesses."""
        return self.counts.accesses

    @property
    def pages(self) -> int:
        """All page numbers are below this."""
        return self.counts.pages

    @property
    def footprint_pages(self) -> int:
        """Number of distinct pages accessed."""
        return self.counts.footprint_pages

    @property
    def writes(self) -> int:
        """Number of accesses that write."""
        return self.counts.writes

    @property
    def contents_count(self) -> int:
        """Number of distinct contents."""
        return self.counts.contents

    @property
    def contents_digest(self) -> str:
        """SHA-256 over all contents, in hexadecimal."""
        return self.counts.contents_digest

    @property
    def has_contents(self) -> bool:
        """Whether there is any page content at all."""
        return self.counts.contents > 0

    @property
    def name(self) -> str:
        """What the trace is called in reports."""
        return str(self.meta.get("name", "unnamed"))

    def blocks(self, block_accesses: int = BLOCK_ACCESSES) -> Iterator[U32]:
        """Stream the encoded accesses in order: uint32 arrays of block_accesses, the last shorter.

        The arrays may be read-only. TraceError if the file turns out to be damaged.
        """
        if block_accesses < 1:
            raise InvalidArgument(f"block_accesses is {block_accesses}; allowed are 1 and more")
        return self._source.blocks(block_accesses)

    @cached_property
    def versions(self) -> Versions:
        """The versions: (at uint64, page uint32, content uint32) sorted by at."""
        return self._source.versions()

    @cached_property
    def contents_bytes(self) -> Contents:
        """All contents, PAGE_SIZE bytes each; slices are bytes. More than 1 GiB is a file mapped.

        The file is a temporary one in TMPDIR and has no name.
        """
        return self._source.contents()

    @cached_property
    def page_numbers(self) -> U64 | None:
        """What each page was called where the trace comes from: uint64 (pages,), or None.

        An address >> PAGE_SHIFT, a block or an object's id. Page p of the trace is page_numbers[p].
        """
        return self._source.page_numbers()

    def info(self) -> dict[str, Any]:
        """Describe the trace in one flat JSON-able dict; nothing is read for it."""
        counts = self.counts
        small = {key: value for key, value in self.meta.items() if isinstance(value, str | int)}
        return small | {
            "name": self.name,
            "accesses": counts.accesses,
            "pages": counts.pages,
            "footprint_pages": counts.footprint_pages,
            "writes": counts.writes,
            "write_percent": round(100 * counts.writes / max(counts.accesses, 1), 1),
            "versions": counts.versions,
            "freed": counts.freed,
            "contents": counts.contents,
            "zero_contents": counts.zero_contents,
            "same_filled_contents": counts.same_filled_contents,
            "contents_digest": counts.contents_digest,
        }

    def __repr__(self) -> str:
        return f"<Trace {self.name}: {self.accesses:,} accesses, {self.footprint_pages:,} pages>"


def contents_at_first(versions: Versions, pages: int, otherwise: int = FREED) -> U32:
    """Return the first content of each page, uint32 (pages,); otherwise: of one that never has any.

    O(V), and memory for a block of versions besides.
    """
    _, page, content = versions
    first = np.full(pages, otherwise, np.uint32)
    for end in range(len(page), 0, -BLOCK_VERSIONS):  # backwards, so that the first one stays
        which = slice(max(0, end - BLOCK_VERSIONS), end)
        of, holds = page[which][::-1], content[which][::-1]
        held = holds != FREED
        first[of[held]] = holds[held]
    return first


def first_contents(trace: Trace) -> tuple[U32, U32]:
    """Return (page, content) of all pages that ever have a content, the first one of each."""
    first = contents_at_first(trace.versions, trace.pages)
    page = np.flatnonzero(first != FREED).astype(np.uint32)
    return page, first[page]


class Parts:
    """A source put together of its parts: a function that streams the accesses, and the rest."""

    def __init__(
        self,
        blocks: Callable[[int], Iterator[U32]],
        versions: Versions,
        contents: Contents,
        page_numbers: U64 | None = None,
    ) -> None:
        """blocks: as in Source; every call of it starts anew."""
        self.blocks = blocks
        self._versions = versions
        self._contents = contents
        self._page_numbers = page_numbers

    def versions(self) -> Versions:
        """Return the arrays."""
        return self._versions

    def contents(self) -> Contents:
        """Return the bytes."""
        return self._contents

    def page_numbers(self) -> U64 | None:
        """Return the array."""
        return self._page_numbers


def slices(accesses: U32) -> Callable[[int], Iterator[U32]]:
    """Return a function that streams an array, for Parts."""

    def blocks(block_accesses: int) -> Iterator[U32]:
        for start in range(0, len(accesses), block_accesses):
            yield accesses[start : start + block_accesses]

    return blocks


def _integers(field: str, values: npt.ArrayLike) -> npt.NDArray[np.integer[Any]]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidArgument(f"{field} has {array.ndim} dimensions; allowed is 1")
    if array.size == 0:
        return array.astype(np.int64)  # an empty list arrives as floats
    if not np.issubdtype(array.dtype, np.integer):
        raise InvalidArgument(f"{field} has dtype {array.dtype}; allowed are integers")
    return array


__all__ = [
    "BLOCK_ACCESSES",
    "WRITE",
    "Parts",
    "Source",
    "Trace",
    "Versions",
    "contents_at_first",
    "first_contents",
    "slices",
]
