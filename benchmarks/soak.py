# SPDX-License-Identifier: GPL-2.0-only
"""Whether one process that runs replays of all kinds for an hour grows.

Mixed work without end: replays over all zpools, frontends, kernels, compressors and policies, both
engines, with bytes and without, cells of sweeps, ratios, machines by hand. Every ten seconds the
resident size and the open files are looked at. Everything is run once before that, so that what is
made once (compiled code, libraries) is there. ZSWAPSIM_SOAK_MINUTES says how long, 60 unless set.
Fails if the median resident size of the last quarter is off that of the first by more than 5 %, or
if files are left open.
"""

import gc
import itertools
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from zswapsim import ReplayConfig, SwapFile, Trace, Zswap, replay
from zswapsim.experiment.costs import Costs
from zswapsim.experiment.ratio import RatioConfig, measure_ratios, pages_of_bytes
from zswapsim.experiment.sweep.grid import expand
from zswapsim.experiment.sweep.sweep import Sweep
from zswapsim.trace.synthetic import random_contents, zipf

MINUTES = "ZSWAPSIM_SOAK_MINUTES"
EVERY_SECONDS = 10
ALLOWED_PERCENT = 5
SETTINGS: tuple[dict[str, object], ...] = (
    {"kernel": "5.4", "zpool": "zbud"},
    {"kernel": "5.4", "zpool": "z3fold", "compressor": "zstd"},
    {"kernel": "6.1", "zpool": "zsmalloc", "reclaim": "clock"},
    {"kernel": "6.8", "zpool": "zbud", "exclusive_loads": True, "compressor": "lzo-rle"},
    {"kernel": "6.12", "shrinker_enabled": True, "page_cluster": 3},
    {"kernel": "6.18", "reclaim": "two-list"},
    {"frontend": "zram", "zram_writeback": "huge:1000"},
    {"frontend": "none"},
)
COMPILED = SETTINGS[0], SETTINGS[4], SETTINGS[6]
"""Each is a machine that is compiled for half a minute, once."""


def resident_bytes() -> int:
    """Return the memory of this process that is in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Return the open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def work(seed: int) -> Iterator[Callable[[], object]]:
    """Yield all kinds of work once, in the order that the seed makes."""
    contents = random_contents(200, seed=seed % 7)
    trace = zipf(4000, 200, 0.8, seed=seed, contents=contents)
    kinds: list[Callable[[], object]] = [lambda: _sweep(trace), lambda: _ratio(bytes(contents))]
    kinds.append(lambda: _by_hand(seed))
    for settings, carry_bytes in itertools.product(SETTINGS, (True, False)):
        kinds.append(_replayed(trace, settings, "interpreted", carry_bytes))
    kinds += [_replayed(trace, settings, "compiled", True) for settings in COMPILED]
    random.Random(seed).shuffle(kinds)
    yield from kinds


def _replayed(
    trace: Trace, settings: dict[str, object], engine: str, carry_bytes: bool
) -> Callable[[], object]:
    config = ReplayConfig(memory="40%", engine=engine, carry_bytes=carry_bytes, **settings)  # type: ignore[arg-type]
    return lambda: replay(trace, config, pictures=carry_bytes).to_dict()


def _sweep(trace: Trace) -> None:
    grid = expand({"memory": ["30%", "60%"], "zpool": ["zbud", "zsmalloc"]})
    sweep = Sweep.of(trace, grid, Costs(), engine="interpreted")
    assert all(row["error"] is None for row in sweep.rows(jobs=1))


def _ratio(data: bytes) -> None:
    config = RatioConfig(timed=False, compressors=["lz4", "zstd"])
    measure_ratios([pages_of_bytes(data, name="pages")], config)


def _by_hand(seed: int) -> None:
    page = random.Random(seed).randbytes(2000) + bytes(2096)
    with Zswap(max_pool_pages=16, swap=SwapFile(64)) as zswap:
        for step in range(200):
            slot = 1 + step % 60
            zswap.store(slot, page)
            assert zswap.load(slot) == page
        zswap.check()


def main() -> None:
    """Print what was seen; exit with 1 if it grew."""
    minutes = float(os.environ.get(MINUTES, "60"))
    for seed in range(2):
        for one in work(seed):
            one()
    began = time.monotonic()
    sizes, files, rounds, done = [], [], itertools.count(2), 0
    while time.monotonic() - began < 60 * minutes:
        for one in work(next(rounds)):
            one()
            done += 1
            seconds = time.monotonic() - began
            if seconds >= len(sizes) * EVERY_SECONDS:
                gc.collect()  # what waits for that is no leak
                sizes.append(resident_bytes())
                files.append(open_files())
    quarter = max(1, len(sizes) // 4)
    first, last = (statistics.median(part) for part in (sizes[:quarter], sizes[-quarter:]))
    percent = 100 * (last - first) / first
    print(
        f"{done:,} pieces of work in {minutes:g} minutes, {len(sizes)} looks: resident "
        f"{first / 1e6:.1f} MB in the first quarter, {last / 1e6:.1f} in the last, "
        f"{percent:+.1f} % (<= {ALLOWED_PERCENT} %); open files {files[0]} to {files[-1]}, "
        f"{max(files)} at most",
        flush=True,
    )
    if abs(percent) > ALLOWED_PERCENT or max(files[-quarter:]) > max(files[:quarter]):
        sys.exit(1)
