# SPDX-License-Identifier: GPL-2.0-only
"""A replay with bytes against nothing but the library's calls for its distinct contents.

Bare: each distinct content is compressed once and decompressed once, one after another, through
python-lz4. The replay compresses as many, decompresses what comes back, runs the machine, places
the bytes, carries them and compares every page. The contents are in memory for both, and so are the
accesses, as a short trace's are after its first replay; lengths are not cached on disk. Both on
one core; then the replay on one core against itself on two.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import lz4.block

from benchmarks.measure import TRACES, cache_folder, ratio
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.trace.trace import Trace

ROUNDS = 9


def main() -> None:
    """Print the ratios for each bundled trace."""
    with cache_folder() as folder:
        for path in sorted(TRACES.glob("*.ztrace")):
            _measure(path.stem, Trace.open(path), str(folder))


def _measure(name: str, trace: Trace, folder: str) -> None:
    contents, count = trace.contents_bytes, trace.contents_count

    def bare() -> None:
        compress, decompress = lz4.block.compress, lz4.block.decompress
        blocks = [
            compress(contents[at : at + 4096], mode="fast", acceleration=1, store_size=False)
            for at in range(0, count * 4096, 4096)
        ]
        for block in blocks:
            decompress(block, uncompressed_size=4096)

    def whole() -> None:
        shutil.rmtree(f"{folder}/sizes", ignore_errors=True)
        replay(trace, ReplayConfig(engine="compiled"))

    def alone() -> None:
        with one_core():
            whole()

    whole()
    with one_core():
        text = f"a replay with bytes / bare calls for {count:,} contents of {name}, one core"
        ratio(text, whole, bare, "<= 1.1", ROUNDS)
    ratio(f"that replay of {name} on one core / on two", alone, whole, ">= 1.7", ROUNDS)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep to one processor, children too."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
