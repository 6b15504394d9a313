# SPDX-License-Identifier: GPL-2.0-only
"""The faults of LRU at all memory sizes, in one pass, against libcachesim's LRU at ten sizes."""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import seconds
from benchmarks.oracle_general import lru_misses, write_oracle_general
from zswapsim.trace.analysis.reuse import ReuseDistances, reuse_distances
from zswapsim.trace.synthetic import synthetic_trace
from zswapsim.trace.trace import Trace

ACCESSES = 5_000_000
PAGES = 100_000
SIZES = 10
ROUNDS = 3


def main() -> None:
    """Print the ratio; libcachesim has to be installed (pip install '.[bench]')."""
    made = synthetic_trace("zipf:0.9", ACCESSES, PAGES, seed=1)
    accesses = np.concatenate(list(made.blocks()))
    pages = accesses & np.uint32(0x7FFFFFFF)
    trace = Trace.from_arrays(pages, np.zeros(len(pages), bool))
    sizes = [trace.footprint_pages * step // SIZES for step in range(1, SIZES + 1)]
    found: list[ReuseDistances] = []
    misses: list[list[int]] = []
    reuse_distances(trace, engine="compiled")
    ours, theirs = [], []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "zipf.oracleGeneral"
        write_oracle_general(pages, path)
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: found.append(reuse_distances(trace, engine="compiled"))))
            theirs.append(
                seconds(lambda: misses.append([lru_misses(path, ACCESSES, size) for size in sizes]))
            )
    assert misses[-1] == [found[-1].faults(size) for size in sizes], "both count the same"
    ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    print(
        f"libcachesim LRU at {SIZES} sizes / miss-ratio curve at all {found[-1].cold:,}, "
        f"{ACCESSES:,} Zipf accesses: {statistics.median(ratios):.1f} (reach >= 5; "
        f"{ratios[0]:.1f} to {ratios[-1]:.1f} in {ROUNDS} rounds; "
        f"{ACCESSES / statistics.median(ours) / 1e6:.1f} M accesses a second, "
        f"{statistics.median(ours) / ACCESSES * 1e9:.0f} ns each)"
    )
