# SPDX-License-Identifier: GPL-2.0-only
"""A Zipf trace in memory, for tests and benchmarks, whose contents change with every write."""

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.synthetic.accesses import WRITE_PERCENT
from zswapsim.trace.synthetic.contents import Pages
from zswapsim.trace.synthetic.random import popularity, random_state
from zswapsim.trace.trace import Trace


def zipf(
    accesses: int,
    pages: int,
    alpha: float = 1.0,
    *,
    seed: int = 0,
    write_percent: float = WRITE_PERCENT,
    contents: Pages | None = None,
) -> Trace:
    """Make a trace in which the k-th most popular page is accessed in proportion to k ** -alpha.

    Page numbers do not tell popularity. contents: uint8 (C, PAGE_SIZE); page p starts with content
    p modulo C and goes on to the next one with every write. InvalidArgument names what is wrong.
    """
    for field, value, lowest in (("accesses", accesses, 0), ("pages", pages, 1)):
        if value < lowest:
            raise InvalidArgument(f"{field} is {value}; allowed are {lowest} and more")
    if not 0 <= write_percent <= 100:
        raise InvalidArgument(f"write_percent is {write_percent}; allowed are 0..100")
    if not 0 <= alpha <= 10:
        raise InvalidArgument(f"alpha is {alpha}; allowed are 0..10")
    random = random_state(seed)
    share = popularity(pages, alpha)
    rank = np.searchsorted(share, random.random_sample(accesses) * share[-1], side="right")
    page = random.permutation(pages)[np.minimum(rank, pages - 1)]
    write = random.random_sample(accesses) * 100 < write_percent
    meta = {
        "name": f"zipf-{alpha:g}",
        "program": "none",
        "what": f"synthetic: Zipf {alpha:g} over {pages} pages, {write_percent:g} % writes",
        "origin": f"synthetic, seed {seed}",
    }
    if contents is None or not len(contents):
        return Trace.from_arrays(page, write, meta=meta)
    at, of, nth = _changes(page, write, pages)
    return Trace.from_arrays(page, write, at, of, (of + nth) % len(contents), contents, meta)


def _changes(
    page: npt.NDArray[np.int64], write: npt.NDArray[np.bool_], pages: int
) -> tuple[npt.NDArray[np.int64], ...]:
    """Return (at, page, nth): 0 at access 0 for all pages, n after the page's n-th write."""
    written_at = np.flatnonzero(write)
    written = page[written_at]
    order = np.argsort(written, kind="stable")
    starts = np.searchsorted(written[order], np.arange(pages))
    nth = np.empty(len(written), np.int64)
    nth[order] = np.arange(1, len(written) + 1) - starts[written[order]]
    return (
        np.concatenate([np.zeros(pages, np.int64), written_at + 1]),
        np.concatenate([np.arange(pages), written]),
        np.concatenate([np.zeros(pages, np.int64), nth]),
    )
