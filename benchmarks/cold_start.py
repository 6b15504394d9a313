# SPDX-License-Identifier: GPL-2.0-only
"""The first replay on a fresh machine, nothing compiled or cached, against an interpreted one."""

from benchmarks.measure import TRACES, cache_folder, ratio, zswapsim


def _replay(engine: str) -> None:
    trace = sorted(TRACES.glob("*.ztrace"))[-1]
    with cache_folder():
        zswapsim("replay", str(trace), "--engine", engine)


def main() -> None:
    """Print the ratio."""
    ratio(
        "first replay, engine auto / interpreted",
        lambda: _replay("auto"),
        lambda: _replay("interpreted"),
        "<= 1",
        rounds=9,
    )
