# SPDX-License-Identifier: GPL-2.0-only
"""What a cell of a sweep costs, against a replay; and a sweep against compressing its contents.

A cell: the difference between sweeps of 60 and of 20 cells in one process, by 40, compiled code
loaded; the replay is the first one of its trace, with bytes, as the command runs it. A whole sweep:
the command with 200 cells, without anything cached but compiled code, against compressing all
contents once with each of its compressors in one process.
"""

import statistics
import subprocess
import time

from benchmarks.measure import TRACES, ZSWAPSIM, cache_folder
from zswapsim.content.compressors import compressor
from zswapsim.experiment.costs import Costs
from zswapsim.experiment.sweep.grid import expand
from zswapsim.experiment.sweep.sweep import Sweep
from zswapsim.trace.trace import Trace

ROUNDS = 3
COMPRESSORS = ("lz4", "zstd")
GRID = ("--compressor", "lz4,zstd", "--memory", "40%:85%:5%", "--max-pool-percent", "5:50:5")


def main() -> None:
    """Print the figures for each bundled trace."""
    for path in sorted(TRACES.glob("*.ztrace")):
        with cache_folder() as folder:
            _command(str(path), *GRID, "--engine", "compiled")  # compile
            for round_ in range(ROUNDS):
                _clear(folder)
                replay_seconds = _seconds(*ZSWAPSIM, "replay", str(path), "--engine", "compiled")
                cell_seconds = _cell_seconds(Trace.open(path))
                _clear(folder)
                sweep_seconds = _command(str(path), *GRID, "--engine", "compiled")
                compress_seconds = _compress_seconds(Trace.open(path))
                print(
                    f"{path.stem}, round {round_ + 1}: a cell / first replay "
                    f"{100 * cell_seconds / replay_seconds:.1f} % (<= 5 %): "
                    f"{1e3 * cell_seconds:.1f} ms of {replay_seconds:.2f} s; 200 cells "
                    f"{sweep_seconds:.1f} s (<= {3 * compress_seconds + 20:.1f} s)"
                )


def _command(*words: str) -> float:
    return _seconds(*ZSWAPSIM, "sweep", *words)


def _seconds(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _cell_seconds(trace: Trace) -> float:
    def sweep_seconds(percents: range) -> float:
        grid = expand({"max_pool_percent": list(percents), "memory": ["50%"]})
        sweep = Sweep.of(trace, grid, Costs(), engine="compiled")
        began = time.perf_counter()
        assert all(row["error"] is None for row in sweep.rows(jobs=1))
        return time.perf_counter() - began

    sweep_seconds(range(2))
    return statistics.median(
        (sweep_seconds(range(60)) - sweep_seconds(range(20))) / 40 for _ in range(3)
    )


def _compress_seconds(trace: Trace) -> float:
    contents = trace.contents_bytes
    began = time.perf_counter()
    for spec in COMPRESSORS:
        compress = compressor(spec).compress
        for at in range(0, len(contents), 4096):
            compress(contents[at : at + 4096])
    return time.perf_counter() - began


def _clear(folder: object) -> None:
    import shutil

    shutil.rmtree(f"{folder}/sizes", ignore_errors=True)
