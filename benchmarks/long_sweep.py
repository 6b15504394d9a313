# SPDX-License-Identifier: GPL-2.0-only
"""A sweep of 500 cells of a trace of 10 million accesses: two cores against one.

And what a cell costs beyond the time in the machine's loop, over twenty of the cells. Takes some
minutes.
"""

import time
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import say, zswapsim
from zswapsim.experiment.costs import Costs
from zswapsim.experiment.sweep import sweep as module
from zswapsim.experiment.sweep.grid import expand
from zswapsim.experiment.sweep.sweep import Sweep
from zswapsim.trace.trace import Trace

ACCESSES, PAGES = 10_000_000, 100_000
GRID = ("--memory", "50%:98%:2%", "--max-pool-percent", "5:50:5", "--zpool", "zbud,zsmalloc")
CELLS = 500
ROUNDS = 1


def main() -> None:
    """Print the two figures."""
    with TemporaryDirectory() as folder:
        trace = Path(folder) / "made-up.ztrace"
        zswapsim(
            *("trace", "gen", "zipf", "-o", str(trace), "--write-percent", "5"),
            *("--accesses", str(ACCESSES), "--pages", str(PAGES)),
        )
        _sweep(trace, 2, "--memory", "50%", "--zpool", "zbud,zsmalloc")  # compile
        _overhead(Trace.open(trace))
        ratios = []
        for _ in range(ROUNDS):
            one_s, two_s = _sweep(trace, 1, *GRID), _sweep(trace, 2, *GRID)
            ratios.append(one_s / two_s)
        say(
            f"a sweep of {CELLS} cells of {ACCESSES:,} accesses on one core / on two",
            ratios,
            ">= 1.8",
            f"{one_s:.0f} s against {two_s:.0f} s",
        )


def _overhead(trace: Trace) -> None:
    """Say what cells of one process take, without the first, beyond the loop."""
    run, machine_s = module.run_workload, []

    def timed(*values: Any, **named: Any) -> Any:
        result = run(*values, **named)
        machine_s.append(result.seconds["machine"])
        return result

    grid = expand({"max_pool_percent": list(range(5, 47, 2)), "memory": ["50%"]})
    module.run_workload = timed
    try:
        ends = []
        for row in Sweep.of(trace, grid, Costs(), engine="compiled").rows(jobs=1):
            assert row["error"] is None
            ends.append(time.perf_counter())
    finally:
        module.run_workload = run
    cells = [after - before for before, after in pairwise(ends)]
    say(
        "what a cell takes beyond the machine's loop / 20 ms",
        [(cell - own) / 0.020 for cell, own in zip(cells, machine_s[1:], strict=True)],
        "<= 1",
        f"the loop takes {1e3 * sum(machine_s) / len(machine_s):.0f} ms",
    )


def _sweep(trace: Path, jobs: int, *grid: str) -> float:
    began = time.perf_counter()
    zswapsim("sweep", str(trace), "--jobs", str(jobs), "--engine", "compiled", *grid)
    return time.perf_counter() - began
