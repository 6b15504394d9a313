# SPDX-License-Identifier: GPL-2.0-only
"""A workload several times side by side: a larger machine that runs more of the same program.

zsmalloc has a partly filled group of pages for each of up to 119 sizes, however small the pool is:
much of a pool of a few MiB, next to nothing on a machine of gigabytes. So what a program of a few
MiB says of zsmalloc, or of zram, which has it too, is wrong for a larger one.
"""

import numpy as np

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.workload import Integers, Workload
from zswapsim.units import MAX_PAGES

TURN_ACCESSES = 64
"""Accesses that one makes before it is the next one's turn: measured, one copy among eight then has
the faults of one alone within 1 %, and the writes with zbud and z3fold within 5 %."""

LARGE_PAGES = 1 << 14
"""Footprint (64 MiB) from which on partly filled groups are some hundredths of a pool."""

MOST_COPIES = 16
MOST_ACCESSES = 1 << 24
"""What `copies_for` makes of small traces; above, a search takes minutes."""

PAGE_MASK = 0x7FFFFFFF


def copies_for(footprint_pages: int, accesses: int) -> int:
    """Return how many copies make a trace large enough, as far as that is quick to run."""
    wanted = -(-LARGE_PAGES // max(1, footprint_pages))
    quick = MOST_ACCESSES // max(1, accesses)
    return max(1, min(wanted, quick, MOST_COPIES))


def side_by_side(workload: Workload, copies: int) -> Workload:
    """Return a workload that makes the accesses of `copies` equal ones by turns.

    Copy k has the pages from k * pages on; all have the same contents, as the same program with the
    same data has. The lengths that are known, or will be, are those of both. InvalidArgument: too
    many pages.
    """
    if copies == 1:
        return workload
    if workload.pages * copies > min(PAGE_MASK, MAX_PAGES):
        raise InvalidArgument(f"{copies} copies: they have more pages than can be numbered")
    workload.gather()
    info = dict(workload.info)
    for name in ("accesses", "pages", "footprint_pages", "writes", "versions", "freed"):
        if name in info:
            info[name] *= copies
    return Workload(
        info=info,
        pages=workload.pages * copies,
        footprint_pages=workload.footprint_pages * copies,
        accesses_count=workload.accesses_count * copies,
        accesses=_by_turns(np.asarray(workload.accesses), workload.pages, copies),
        versions=_versions(workload, copies),
        first_held=np.tile(workload.first_held, copies),
        same_filled=workload.same_filled,
        _sizes=workload._sizes,
    )


def place_of(at: Integers, copy: int, copies: int, accesses: int) -> Integers:
    """Return where accesses of a copy are among those of all, int64; `accesses` is the end."""
    turn, within = np.divmod(np.asarray(at, np.int64), TURN_ACCESSES)
    length = np.minimum(TURN_ACCESSES, accesses - turn * TURN_ACCESSES)
    placed: Integers = turn * TURN_ACCESSES * copies + copy * length + within
    return placed


def _by_turns(accesses: Integers, pages: int, copies: int) -> Integers:
    placed = np.empty(len(accesses) * copies, np.uint32)
    at = np.arange(len(accesses), dtype=np.int64)
    for copy in range(copies):
        # The page is below the bit of a write, and stays there.
        placed[place_of(at, copy, copies, len(accesses))] = accesses + np.uint32(copy * pages)
    return placed


def _versions(workload: Workload, copies: int) -> tuple[Integers, Integers, Integers]:
    at, page, content = workload.versions
    count = workload.accesses_count
    every = [place_of(at, copy, copies, count) for copy in range(copies)]
    all_at = np.concatenate(every) if every else np.zeros(0, np.int64)
    all_page = np.concatenate([page + np.uint32(copy * workload.pages) for copy in range(copies)])
    order = np.argsort(all_at, kind="stable")
    return (
        all_at[order].astype(np.uint64),
        all_page[order].astype(np.uint32),
        np.tile(content, copies)[order],
    )
