# SPDX-License-Identifier: GPL-2.0-only
"""A miss-ratio curve from one page of a hundred, against the exact one: the time, and the error."""

import statistics
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import say, seconds
from zswapsim.trace.analysis.reuse import reuse_distances
from zswapsim.trace.analysis.shards import ABSOLUTE, SampledDistances, sampled_distances
from zswapsim.trace.synthetic import synthetic_trace
from zswapsim.trace.trace import Trace

Ints = npt.NDArray[np.int64]

ACCESSES = 10_000_000
PAGES = 500_000
RATE = 0.01
FIXED_PAGES = 5000
ROUNDS = 5


def main() -> None:
    """Print the ratios, and the mean absolute errors of the miss ratio over the hundredths."""
    made = synthetic_trace("zipf:0.9", ACCESSES, PAGES, seed=1)
    pages = np.concatenate(list(made.blocks())) & np.uint32(0x7FFFFFFF)
    trace = Trace.from_arrays(pages, np.zeros(len(pages), bool))
    sizes = trace.footprint_pages * np.arange(1, 101) // 100
    exact = reuse_distances(trace, engine="compiled")
    true = np.array([exact.faults(size) for size in sizes.tolist()])
    _compare(f"{100 * RATE:g} % of the pages", trace, sizes, true, rate=RATE)
    _compare(f"at most {FIXED_PAGES:,} pages", trace, sizes, true, pages=FIXED_PAGES)


def _compare(name: str, trace: Trace, sizes: Ints, true: Ints, **asked: Any) -> None:
    """Measure both in turns, and print a line."""
    found: list[SampledDistances] = []

    def sample() -> None:
        found.append(sampled_distances(trace, engine="compiled", **asked))

    sample()
    pairs = [
        (seconds(lambda: reuse_distances(trace, engine="compiled")), seconds(sample))
        for _ in range(ROUNDS)
    ]
    took = statistics.median(sampled for _, sampled in pairs)
    off = np.abs(found[-1].faults(sizes) - true).mean() / ACCESSES
    stated = ABSOLUTE * found[-1].errors(sizes).mean() / ACCESSES
    say(
        f"the exact miss-ratio curve / from {name}, {ACCESSES:,} Zipf accesses",
        [exact / sampled for exact, sampled in pairs],
        ">= 10",
        f"{took / ACCESSES * 1e9:.1f} ns an access; mean absolute error {100 * off:.2f} % of "
        f"accesses, stated {100 * stated:.2f} %",
    )
