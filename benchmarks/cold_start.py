# SPDX-License-Identifier: GPL-2.0-only
"""The first replay on a fresh machine, nothing compiled or cached, against an interpreted one."""

import subprocess
import sys

from benchmarks.measure import TRACES, cache_folder, ratio


def _replay(engine: str) -> None:
    trace = sorted(TRACES.glob("*.ztrace"))[-1]
    with cache_folder():
        command = [sys.executable, "-m", "zswapsim", "replay", str(trace), "--engine", engine]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print the ratio."""
    ratio(
        "first replay, engine auto / interpreted",
        lambda: _replay("auto"),
        lambda: _replay("interpreted"),
        "<= 1",
        rounds=9,
    )
