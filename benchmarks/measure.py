# SPDX-License-Identifier: GPL-2.0-only
"""Ratios measured in one run: the two sides take turns, so that a busy machine slows both."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

TRACES = Path(__file__).parent.parent / "traces"


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(
    name: str,
    top: Callable[[], object],
    bottom: Callable[[], object],
    reach: str,
    rounds: int = 5,
) -> float:
    """Measure top / bottom over some rounds, print a line and return the median ratio."""
    pairs = [(seconds(top), seconds(bottom)) for _ in range(rounds)]
    ratios = sorted(above / below for above, below in pairs)
    above = statistics.median(pair[0] for pair in pairs)
    below = statistics.median(pair[1] for pair in pairs)
    middle = statistics.median(ratios)
    print(
        f"{name}: {middle:.2f} (reach {reach}; {ratios[0]:.2f} to {ratios[-1]:.2f} in {rounds} "
        f"rounds; {above:.3f} s against {below:.3f} s)",
        flush=True,
    )
    return middle


def peak_bytes(command: Sequence[str]) -> int:
    """Run a command, its output thrown away, and return the most memory that it had resident."""
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    process = os.posix_spawnp(command[0], list(command), os.environ, file_actions=[nowhere])
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: failed")
    return usage.ru_maxrss << 10


@contextmanager
def cache_folder(folder: str | None = None) -> Iterator[Path]:
    """Use another cache folder for compiled code and sizes, an empty temporary one by default."""
    before = os.environ.get("ZSWAPSIM_CACHE_DIR")
    with TemporaryDirectory() as empty:
        os.environ["ZSWAPSIM_CACHE_DIR"] = folder or empty
        try:
            yield Path(folder or empty)
        finally:
            if before is None:
                del os.environ["ZSWAPSIM_CACHE_DIR"]
            else:
                os.environ["ZSWAPSIM_CACHE_DIR"] = before
