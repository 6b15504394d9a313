# SPDX-License-Identifier: GPL-2.0-only
"""The compiled machine's loop against libcachesim's, LRU, 10 M Zipf accesses, resident hits.

Both get a trace that is in memory (libcachesim: its oracleGeneral file) and memory for nearly all
pages, so that what is compared is the cost of a hit.
"""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import seconds
from benchmarks.oracle_general import write_oracle_general
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.trace.synthetic import random_contents, zipf

ACCESSES = 10_000_000
PAGES = 200_000
ROUNDS = 5


def main() -> None:
    """Print the ratio; libcachesim has to be installed (pip install '.[bench]')."""
    import libcachesim as lcs

    trace = zipf(ACCESSES, PAGES, seed=1, write_percent=0, contents=random_contents(64, seed=1))
    memory = trace.footprint_pages + 1
    config = ReplayConfig(memory=f"{memory}p", carry_bytes=False, engine="compiled")
    replay(zipf(1000, 100, seed=1, contents=random_contents(64, seed=1)), config)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "zipf.oracleGeneral"
        write_oracle_general(np.concatenate(list(trace.blocks())) & 0x7FFFFFFF, path)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            result = replay(trace, config)
            ours.append(result.seconds["machine"])
            cache = lcs.LRU(cache_size=memory)
            reader = lcs.TraceReader(
                trace=str(path),
                trace_type=lcs.TraceType.ORACLE_GENERAL_TRACE,
                reader_init_params=lcs.ReaderInitParam(ignore_obj_size=True),
            )
            misses: list[float] = []
            theirs.append(seconds(lambda: misses.append(cache.process_trace(reader)[0])))  # noqa: B023
    faults = result.memory["pgfault"]
    ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    print(
        f"libcachesim LRU / compiled machine, {ACCESSES:,} Zipf accesses: "
        f"{statistics.median(ratios):.1f} (reach >= 10; {ratios[0]:.1f} to {ratios[-1]:.1f} in "
        f"{ROUNDS} rounds; {statistics.median(theirs) / ACCESSES * 1e9:.0f} ns against "
        f"{statistics.median(ours) / ACCESSES * 1e9:.0f} ns an access; misses "
        f"{misses[0] * ACCESSES:.0f} and {faults})"
    )
