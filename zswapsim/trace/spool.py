# SPDX-License-Identifier: GPL-2.0-only
"""Accesses that arrive one block at a time, kept on disk until it is known how many there are.

What is read from another format, or recorded from a program, becomes a Trace this way; memory does
not grow with its length. The file is temporary, lies in TMPDIR, has no name, and takes 4 bytes an
access.
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from zswapsim.errors import InvalidArgument
from zswapsim.files import temporary_file
from zswapsim.trace.checks import checked_meta, order_problem, version_problem
from zswapsim.trace.contents import Contents
from zswapsim.trace.counts import PAGE_MASK, U32, U64, Tally, tally_contents
from zswapsim.trace.trace import Parts, Trace, Versions
from zswapsim.units import FREED

NO_VERSIONS: Versions = (np.zeros(0, np.uint64), np.zeros(0, np.uint32), np.zeros(0, np.uint32))


class Spool:
    """A growing sequence of accesses: append, then blocks; tally counts them."""

    def __init__(self) -> None:
        self.tally = Tally(0)
        self._file = temporary_file(self)

    def append(self, block: U32, numbered_pages: int | None = None) -> None:
        """Add encoded accesses. OSError if the disk is full.

        numbered_pages: how many there are so far, if they are numbered as Tally.add_numbered wants.
        """
        if not len(block):
            return
        if numbered_pages is not None:
            self.tally.add_numbered(block, numbered_pages)
        else:
            self.tally.grow(1 + int((block & PAGE_MASK).max()))
            self.tally.add(block)
        self._file.write(np.ascontiguousarray(block, "<u4").data)

    def blocks(self, block_accesses: int) -> Iterator[U32]:
        """Yield all accesses so far, from the start, block_accesses at a time."""
        self._file.flush()
        descriptor, total_bytes = self._file.fileno(), 4 * self.tally.accesses
        for start in range(0, total_bytes, 4 * block_accesses):
            data = os.pread(descriptor, min(4 * block_accesses, total_bytes - start), start)
            yield np.frombuffer(data, "<u4").astype(np.uint32, copy=False)


def spooled_trace(
    spool: Spool,
    *,
    meta: dict[str, Any],
    versions: Versions | None = None,
    contents: Contents = b"",
    page_numbers: U64 | None = None,
) -> Trace:
    """Return the trace of a finished spool, which must not grow any more.

    versions: sorted by at, or None; contents: distinct pages end to end; page_numbers: uint64, one
    for each page, accessed or not. InvalidArgument names what does not fit.
    """
    at, page, content = NO_VERSIONS if versions is None else versions
    pages = max(spool.tally.pages, 1 + int(page.astype(np.int64).max(initial=-1)))
    if page_numbers is not None:
        if len(page_numbers) < pages:
            raise InvalidArgument(f"{len(page_numbers)} page numbers for {pages} pages")
        pages = len(page_numbers)
    spool.tally.grow(pages)
    counted = tally_contents(contents)
    problem = order_problem(at) or version_problem(
        at,
        page,
        content,
        accesses=spool.tally.accesses,
        pages=pages,
        contents=counted["contents"],
    )
    if problem:
        raise InvalidArgument(problem)
    counts = spool.tally.counts(
        versions=len(at), freed=int(np.count_nonzero(content == FREED)), **counted
    )
    parts = Parts(spool.blocks, (at, page, content), contents, page_numbers)
    return Trace(counts, checked_meta(meta), parts)
