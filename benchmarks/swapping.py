# SPDX-License-Identifier: GPL-2.0-only
"""The compiled machine under heavy swapping with writeback, per access, against its own hits.

The same accesses on the same machine: with memory for all pages, and with memory and a pool so
small that pages go through zswap to the swap file and back. Loops alone, no bytes.
"""

import statistics

import numpy as np

from benchmarks.measure import TRACES, say
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.experiment.result import Result
from zswapsim.trace.synthetic import zipf
from zswapsim.trace.trace import Trace

ACCESSES = 10_000_000
PAGES = 200_000
CONTENTS = 4096
ROUNDS = 7
MEMORY, PERCENT = ("50%", "30%"), 10


def main() -> None:
    """Print the ratio for made-up and real accesses and both policies."""
    stored = Trace.open(TRACES / "sqlite.ztrace").contents_bytes[: CONTENTS * 4096]
    contents = np.frombuffer(stored, np.uint8).reshape(CONTENTS, 4096)
    made_up = zipf(ACCESSES, PAGES, seed=1, contents=contents)
    traces = {"zipf": made_up} | {p.stem: Trace.open(p) for p in sorted(TRACES.glob("*.ztrace"))}
    for name, trace in traces.items():
        for policy in ("lru", "clock"):
            for memory in MEMORY:
                _measure(name, trace, policy, memory)


def _measure(name: str, trace: Trace, policy: str, memory: str) -> None:
    _run(trace, policy, memory)
    hits, swaps = [], []
    for _ in range(ROUNDS):
        swapping = _run(trace, policy, memory)
        swaps.append(swapping.seconds["machine"])
        hits.append(_run(trace, policy, "101%").seconds["machine"])
    say(
        f"an access with {memory} of memory / a hit, {trace.accesses:,} of {name}, {policy}",
        [swap / hit for swap, hit in zip(swaps, hits, strict=True)],
        "<= 6",
        f"{statistics.median(swaps) / trace.accesses * 1e9:.0f} ns against "
        f"{statistics.median(hits) / trace.accesses * 1e9:.1f} ns; of 1,000 accesses "
        + ", ".join(
            f"{1000 * count / trace.accesses:.0f} {what}"
            for what, count in (
                ("fault", swapping.memory["pgmajfault"]),
                ("go to zswap", swapping.vmstat["zswpout"]),
                ("are written back", swapping.zswap["written_back_pages"]),
            )
        ),
    )


def _run(trace: Trace, policy: str, memory: str) -> Result:
    config = ReplayConfig(
        memory=memory,
        max_pool_percent=PERCENT,
        reclaim=policy,
        carry_bytes=False,
        engine="compiled",
    )
    return replay(trace, config)
