# SPDX-License-Identifier: GPL-2.0-only
"""Ratios measured in one run: the two sides take turns, so that a busy machine slows both."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ZSWAPSIM = (sys.executable, "-m", "zswapsim")
TRACES = Path(__file__).parent.parent / "traces"


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Figure:
    """One ratio of a run: text names it for good, ratios are those of the rounds.

    reach: what is aimed at, such as "<= 1.1", or "none".
    """

    text: str
    ratios: tuple[float, ...]
    reach: str
    detail: str

    @property
    def median(self) -> float:
        """The ratio that counts."""
        return statistics.median(self.ratios)

    @property
    def times_better(self) -> float | None:
        """How many times better than aimed at the median is; None if nothing is aimed at."""
        sign, _, number = self.reach.partition(" ")
        if not number:
            return None
        return float(number) / self.median if sign == "<=" else self.median / float(number)

    @property
    def is_reached(self) -> bool:
        """Say whether the median is as good as is aimed at."""
        return self.times_better is None or self.times_better >= 1


FIGURES: list[Figure] = []
"""All that was measured in this process, in order."""


def say(text: str, ratios: Sequence[float], reach: str, detail: str) -> float:
    """Print a figure, remember it in FIGURES and return its median."""
    figure = Figure(text, tuple(ratios), reach, detail)
    FIGURES.append(figure)
    print(
        f"{text}: {figure.median:.2f} (reach {reach}; {min(ratios):.2f} to {max(ratios):.2f} in "
        f"{len(ratios)} rounds; {detail})",
        flush=True,
    )
    return figure.median


def ratio(
    text: str,
    top: Callable[[], object],
    bottom: Callable[[], object],
    reach: str,
    rounds: int = 5,
) -> float:
    """Measure top / bottom over some rounds that take turns; see say."""
    pairs = [(seconds(top), seconds(bottom)) for _ in range(rounds)]
    above = statistics.median(pair[0] for pair in pairs)
    below = statistics.median(pair[1] for pair in pairs)
    ratios = [top_s / bottom_s for top_s, bottom_s in pairs]
    return say(text, ratios, reach, f"{above:.3f} s against {below:.3f} s")


def peak_bytes(command: Sequence[str]) -> int:
    """Run a command, its output thrown away, and return the most memory that it had resident."""
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    process = os.posix_spawnp(command[0], list(command), os.environ, file_actions=[nowhere])
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: failed")
    return usage.ru_maxrss << 10


def zswapsim(*words: str) -> None:
    """Run a command; what it says is thrown away, unless it fails."""
    done = subprocess.run(
        [*ZSWAPSIM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout.decode(errors="replace"))


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
