# SPDX-License-Identifier: GPL-2.0-only
"""How the cost of an access grows with the trace, and with the pages, and what a page costs.

Accesses: the same 100,000 pages, a million accesses and more. Pages: as many accesses over more and
more pages, each to a page at random, with memory for all and under swapping; next to it what a load
from a random place of as much memory as the machine's state takes, one after another: what a cache
miss costs here. Memory: the resident size of a process with ten million pages less one with a
million.
"""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numba
import numpy as np

from benchmarks.measure import ZSWAPSIM, peak_bytes, say, seconds, zswapsim
from zswapsim import Trace
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.trace.synthetic import random_contents

ROUNDS = 3
SHORT, LONG = 1_000_000, int(os.environ.get("ZSWAPSIM_GROWTH_ACCESSES", 300_000_000))
PAGES = (10_000, 100_000, 1_000_000, 10_000_000)
STATE_BYTES = 64
VERSION_BYTES = 16
"""Of the trace, for each change of a page's content."""


def main() -> None:
    """Print the ratios."""
    _memory()  # first, as a process begins with the peak of the one that made it
    _accesses()
    _pages()


def _accesses() -> None:
    with TemporaryDirectory() as folder:
        paths = [_made(Path(folder), accesses, 100_000) for accesses in (SHORT, LONG)]
        for memory, name in (("101%", "hits"), ("50%", "under swapping")):
            ratios, told = [], []
            for _ in range(ROUNDS):
                a_short, a_long = (
                    _machine_ns(Trace.open(path), memory, runs)
                    for path, runs in zip(paths, (20, 1), strict=True)
                )
                ratios.append(a_long / a_short)
                told.append(f"{a_long:.1f} ns against {a_short:.1f} ns")
            say(
                f"an access of {LONG:,} / of {SHORT:,}, {name}", ratios, "<= 1.3", told[ROUNDS // 2]
            )


def _pages() -> None:
    for memory, name in (("101%", "hits"), ("50%", "under swapping")):
        first = 0.0
        for pages in PAGES:
            rng = np.random.default_rng(1)
            page = np.concatenate([rng.permutation(pages), rng.integers(0, pages, 10_000_000)])
            trace = Trace.from_arrays(
                page, np.zeros(len(page), bool), contents=random_contents(64, seed=1)
            )
            costs = sorted(_machine_ns(trace, memory, 1) for _ in range(ROUNDS))
            first = first or costs[1]
            miss = _miss_ns(pages * STATE_BYTES)
            say(
                f"an access at random over {pages:,} pages / over {PAGES[0]:,}, {name}",
                [cost / first for cost in costs],
                "none",
                f"{costs[1]:.0f} ns; a load from a random place in {pages * STATE_BYTES >> 10:,} "
                f"KiB takes {miss:.1f} ns",
            )


def _memory() -> None:
    with TemporaryDirectory() as folder:
        few, many = 1_000_000, 10_000_000
        _peak(_made(Path(folder), 2 * few, few, "loop"))  # compile
        peaks = [_peak(_made(Path(folder), 2 * pages, pages, "loop")) for pages in (few, many)]
        say(
            "bytes of resident memory for each further page, without its version, / 64",
            [((peaks[1] - peaks[0]) / (many - few) - VERSION_BYTES) / STATE_BYTES],
            "<= 1",
            f"{peaks[0] >> 20} MiB at {few:,} pages, {peaks[1] >> 20} MiB at {many:,}, under "
            f"swapping; a page has one version, of {VERSION_BYTES} bytes, which are held whole",
        )


def _peak(trace: Path) -> int:
    options = ("--engine=compiled", "--no-bytes", "--memory=50%")
    return peak_bytes([*ZSWAPSIM, "replay", str(trace), *options])


def _made(folder: Path, accesses: int, pages: int, kind: str = "zipf") -> Path:
    path = folder / f"{accesses}-{pages}.ztrace"
    size = ("--accesses", str(accesses), "--pages", str(pages))
    zswapsim("trace", "gen", kind, "-o", str(path), "--write-percent", "0", *size)
    return path


def _machine_ns(trace: Trace, memory: str, runs: int) -> float:
    """Return the least time of an access in some runs."""
    config = ReplayConfig(memory=memory, max_pool_percent=10, carry_bytes=False, engine="compiled")
    return min(replay(trace, config).seconds["machine"] / trace.accesses * 1e9 for _ in range(runs))


@cache
def _miss_ns(size_bytes: int) -> float:
    """Return the time of a load whose place the load before told."""
    count = max(2, size_bytes // 8)
    order = np.random.default_rng(1).permutation(count)
    follow = np.empty(count, np.int64)
    follow[order] = np.roll(order, -1)
    steps = 2_000_000
    _chase(follow, 10)
    return min(seconds(lambda: _chase(follow, steps)) for _ in range(3)) / steps * 1e9


@numba.njit
def _chase(follow, steps):  # type: ignore[no-untyped-def]
    at = 0
    for _ in range(steps):
        at = follow[at]
    return at
