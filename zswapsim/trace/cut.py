# SPDX-License-Identifier: GPL-2.0-only
"""The start of a trace as a trace of its own, with the versions and contents that it needs."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.contents import Contents, collect
from zswapsim.trace.counts import U32, U64, Tally, tally_contents
from zswapsim.trace.trace import BLOCK_ACCESSES, Source, Trace, Versions
from zswapsim.units import FREED, PAGE_SIZE

_OF_THE_WHOLE = ("lru_faults", "raw_data_accesses")
"""Meta that says something about all accesses, and would be wrong for some of them."""


def cut_trace(trace: Trace, stop: int) -> Trace:
    """Return the first stop accesses of trace; see Trace.cut. InvalidArgument if it is shorter."""
    if not 0 <= stop <= trace.accesses:
        raise InvalidArgument(f"stop is {stop}; allowed are 0..{trace.accesses}")
    tally = Tally(trace.pages)
    for block in _start(trace.blocks(BLOCK_ACCESSES), stop):
        tally.add(block)
    at, page, content = trace.versions
    kept = _needed(trace.versions, stop, tally.seen)
    # A version that is needed from behind the end moves to the end: no access tells the difference.
    at, page, content = np.minimum(at[kept], np.uint64(stop)), page[kept], content[kept]
    held = content != FREED
    used, renumbered = np.unique(content[held], return_inverse=True)
    content = content.copy()
    content[held] = renumbered.astype(np.uint32)
    whole = trace.contents_bytes
    contents = collect(
        (whole[int(number) * PAGE_SIZE : (int(number) + 1) * PAGE_SIZE] for number in used),
        len(used) * PAGE_SIZE,
    )
    accessed = np.flatnonzero(tally.seen)
    tally.pages = 1 + int(max(accessed.max(initial=-1), page.astype(np.int64).max(initial=-1)))
    counts = tally.counts(
        versions=len(at), freed=int(np.count_nonzero(~held)), **tally_contents(contents)
    )
    meta = {key: value for key, value in trace.meta.items() if key not in _OF_THE_WHOLE}
    whole_accesses = meta.setdefault("cut_from_accesses", trace.accesses)
    if stop == whole_accesses:
        del meta["cut_from_accesses"]
    called = None if trace.page_numbers is None else trace.page_numbers[: tally.pages]
    return Trace(counts, meta, _Cut(trace, stop, (at, page, content), contents, called))


def _needed(
    versions: Versions, stop: int, accessed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Mark the versions before stop, and the first later one of accessed pages without content."""
    at, page, content = versions
    before = at < stop
    held = content != FREED
    lacks_content = accessed.copy()
    lacks_content[page[before & held]] = False
    later = np.flatnonzero(~before & held & lacks_content[page])
    _, first = np.unique(page[later], return_index=True)
    needed = before.copy()
    needed[later[first]] = True
    return needed


def _start(blocks: Iterator[U32], stop: int) -> Iterator[U32]:
    left = stop
    if left == 0:
        return
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return


class _Cut:
    """The source of a cut: accesses still stream from the whole trace."""

    def __init__(
        self,
        whole: Trace,
        stop: int,
        versions: Versions,
        contents: Contents,
        page_numbers: U64 | None,
    ) -> None:
        self._whole = whole
        self._stop = stop
        self._versions = versions
        self._contents = contents
        self._page_numbers = page_numbers

    def blocks(self, block_accesses: int) -> Iterator[U32]:
        """Stream the whole trace's first accesses."""
        return _start(self._whole.blocks(block_accesses), self._stop)

    def versions(self) -> Versions:
        """Return the versions kept."""
        return self._versions

    def contents(self) -> Contents:
        """Return the contents kept."""
        return self._contents

    def page_numbers(self) -> U64 | None:
        """Return the whole trace's, as far as they are needed."""
        return self._page_numbers


_: type[Source] = _Cut
