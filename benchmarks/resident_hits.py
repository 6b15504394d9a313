# SPDX-License-Identifier: GPL-2.0-only
"""The compiled machine's loop against libcachesim's: LRU and CLOCK, made-up and real accesses.

Both get a trace that is in memory (libcachesim: its oracleGeneral file) and memory for all pages,
so that what is compared is the cost of a hit. They must miss equally often, with half of the memory
too. Real accesses are taken without the changes of contents, as the other side knows none.
"""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.measure import TRACES, say, seconds
from benchmarks.oracle_general import write_oracle_general
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.experiment.result import Result
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.trace.trace import Trace

ACCESSES = 10_000_000
PAGES = 200_000
ROUNDS = 15


def main() -> None:
    """Print the ratios; libcachesim has to be installed (pip install '.[bench]')."""
    made_up = zipf(ACCESSES, PAGES, seed=1, write_percent=0, contents=random_contents(64, seed=1))
    real = {path.stem: _accesses_of(Trace.open(path)) for path in sorted(TRACES.glob("*.ztrace"))}
    for policy in ("lru", "clock"):
        _measure("zipf", made_up, policy, ">= 15")
        for name, trace in real.items():
            _measure(name, trace, policy, ">= 2")


def _accesses_of(trace: Trace) -> Trace:
    encoded = np.concatenate(list(trace.blocks()))
    return Trace.from_arrays(
        encoded & 0x7FFFFFFF, encoded >> 31 == 1, contents=random_contents(1, seed=1)
    )


def _measure(name: str, trace: Trace, policy: str, reach: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trace.oracleGeneral"
        write_oracle_general(np.concatenate(list(trace.blocks())) & 0x7FFFFFFF, path)
        _same_misses(name, trace, policy, path, trace.footprint_pages // 2)
        memory = trace.footprint_pages + 1
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_ours(trace, policy, memory).seconds["machine"])
            cache, reader = _theirs(path, policy, memory)
            theirs.append(seconds(lambda: cache.process_trace(reader)))  # noqa: B023
    say(
        f"libcachesim's {policy} / the compiled machine, {trace.accesses:,} accesses of {name}",
        [b / a for a, b in zip(ours, theirs, strict=True)],
        reach,
        f"{statistics.median(theirs) / trace.accesses * 1e9:.1f} ns against "
        f"{statistics.median(ours) / trace.accesses * 1e9:.1f} ns an access",
    )


def _same_misses(name: str, trace: Trace, policy: str, path: Path, memory: int) -> None:
    faults = _ours(trace, policy, memory).memory["pgfault"]
    cache, reader = _theirs(path, policy, memory)
    misses = round(cache.process_trace(reader)[0] * trace.accesses)
    if faults != misses:
        raise SystemExit(f"{policy} over {name}, {memory} pages: {faults} faults, {misses} misses")


def _ours(trace: Trace, policy: str, memory: int) -> Result:
    config = ReplayConfig(
        memory=f"{memory}p", reclaim=policy, frontend="none", carry_bytes=False, engine="compiled"
    )
    return replay(trace, config)


def _theirs(path: Path, policy: str, memory: int) -> tuple[Any, Any]:
    """Return an empty cache and a reader."""
    import libcachesim as lcs

    reader = lcs.TraceReader(
        trace=str(path),
        trace_type=lcs.TraceType.ORACLE_GENERAL_TRACE,
        reader_init_params=lcs.ReaderInitParam(ignore_obj_size=True),
    )
    kinds: dict[str, Any] = {"lru": lcs.LRU, "clock": lcs.Clock}
    return kinds[policy](cache_size=memory), reader
