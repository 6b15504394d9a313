# SPDX-License-Identifier: GPL-2.0-only
"""A stretch of a trace as a trace of its own, with the versions and contents that it needs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.blocks import reblocked
from zswapsim.trace.contents import collect
from zswapsim.trace.counts import U32, Tally, tally_contents
from zswapsim.trace.meta import OF_ALL_ACCESSES, without
from zswapsim.trace.trace import BLOCK_ACCESSES, Parts, Trace, Versions
from zswapsim.units import FREED, PAGE_SIZE


def cut_trace(trace: Trace, stop: int, start: int = 0) -> Trace:
    """Return accesses start .. stop - 1 of trace; see Trace.cut. InvalidArgument if it is shorter.

    Accesses are read twice, here and when they are used, and never kept.
    """
    if not 0 <= stop <= trace.accesses:
        raise InvalidArgument(f"stop is {stop}; allowed are 0..{trace.accesses}")
    if not 0 <= start <= stop:
        raise InvalidArgument(f"start is {start}; allowed are 0..{stop}")
    tally = Tally(trace.pages)
    for block in _stretch(trace.blocks(BLOCK_ACCESSES), start, stop):
        tally.add(block)
    at, page, content = _versions(trace.versions, start, stop, tally.seen)
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
    called = None if trace.page_numbers is None else trace.page_numbers[: tally.pages]
    source = Parts(
        lambda block_accesses: reblocked(
            _stretch(trace.blocks(BLOCK_ACCESSES), start, stop), block_accesses
        ),
        (at, page, content),
        contents,
        called,
    )
    return Trace(counts, _meta(trace, start, stop), source)


def _meta(trace: Trace, start: int, stop: int) -> dict[str, Any]:
    """Return the meta of a cut; of a cut of a cut, that of the whole's."""
    if (start, stop) == (0, trace.accesses):
        return dict(trace.meta)
    meta = without(trace.meta, OF_ALL_ACCESSES)
    meta.setdefault("cut_from_accesses", trace.accesses)
    if start:
        meta["cut_start"] = meta.get("cut_start", 0) + start
    return meta


def _versions(
    versions: Versions, start: int, stop: int, accessed: npt.NDArray[np.bool_]
) -> Versions:
    """Return the versions that accesses start .. stop - 1 need, counted from there on.

    Of those up to start, each page's last one is as if it had always been: at 0. A version that is
    needed from behind the end moves to the end: no access tells the difference. A cut without
    accesses is a snapshot, of the beginning too.
    """
    at, page, content = versions
    kept = _needed(versions, stop, accessed)
    if start or not stop:
        early = np.flatnonzero(at <= start)
        # Of equal ones np.unique finds the first, so they are looked at from behind.
        _, last = np.unique(page[early[::-1]], return_index=True)
        kept[early] = False
        kept[early[::-1][last]] = True
    at = np.minimum(at[kept], np.uint64(stop))
    at = np.maximum(at, np.uint64(start)) - np.uint64(start)
    return at, page[kept], content[kept]


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


def _stretch(blocks: Iterator[U32], start: int, stop: int) -> Iterator[U32]:
    """Yield accesses start .. stop - 1 of blocks, and read no further than needed."""
    if start == stop:
        return
    done = 0
    for block in blocks:
        part = block[max(0, start - done) : stop - done]
        if len(part):
            yield part
        done += len(block)
        if done > stop:  # not at stop itself: a file checks itself when it is asked for more
            return
