# SPDX-License-Identifier: GPL-2.0-only
"""How long compressors take for a page: the library, called from Python in this process.

After a round to warm up, all compressors take turns over the same pages, round after round, so that
what else the machine does meanwhile hits all of them. One core; the call from Python is in it.
"""

import statistics
import time
from collections.abc import Sequence

from zswapsim.content.compressors import Compressor
from zswapsim.content.compressors.protocol import prepare
from zswapsim.errors import DataMismatch
from zswapsim.progress import Progress
from zswapsim.units import PAGE_SIZE

TIMED_PAGES = 512
FEWEST_PAGES = 32
ROUNDS = 7
MOST_NS = 10_000_000_000
"""Of all rounds together: slow compressors, or many, are timed with fewer pages."""
MANY_PAGES = 1 << 20
"""Told to compressors that compile when it is worth it, as interpreted they have no speed."""

HOW = (
    "the library called from Python in this process, one core; "
    "the median of the rounds, with the fastest and the slowest"
)

Speed = dict[str, dict[str, float]]


def affordable_pages(
    codecs: Sequence[Compressor], pages: Sequence[bytes], most_ns: int = MOST_NS
) -> Sequence[bytes]:
    """Return the first of the pages, so many as do not take too long, FEWEST_PAGES at least."""
    some = pages[:FEWEST_PAGES]
    for codec in codecs:
        prepare(codec, MANY_PAGES)
        _warm_up(codec, some)
    start_ns = time.perf_counter_ns()
    for codec in codecs:
        _warm_up(codec, some)
    spent_ns = time.perf_counter_ns() - start_ns
    affordable = most_ns * len(some) // (spent_ns * (ROUNDS + 1))
    return pages[: min(TIMED_PAGES, max(FEWEST_PAGES, affordable))]


def measure_speeds(
    codecs: Sequence[Compressor],
    pages: Sequence[bytes],
    rounds: int = ROUNDS,
    progress: Progress | None = None,
) -> list[Speed]:
    """Return for each compressor "compress" and "decompress": median_us, min_us, max_us a page.

    And mb_per_s, of uncompressed bytes and in millions, of the median. pages: one or more.
    progress: told of each round. DataMismatch if a page does not come back.
    """
    compressed = [_warm_up(codec, pages) for codec in codecs]
    taken_ns: list[tuple[list[int], list[int]]] = [([], []) for _ in codecs]
    for done in range(rounds):
        if progress is not None:
            progress("time", done, rounds)
        for codec, data, (there, back) in zip(codecs, compressed, taken_ns, strict=True):
            start_ns = time.perf_counter_ns()
            for page in pages:
                codec.compress(page)
            between_ns = time.perf_counter_ns()
            for stream in data:
                codec.decompress(stream)
            there.append(between_ns - start_ns)
            back.append(time.perf_counter_ns() - between_ns)
    return [
        {"compress": _told(there, len(pages)), "decompress": _told(back, len(pages))}
        for there, back in taken_ns
    ]


def _warm_up(codec: Compressor, pages: Sequence[bytes]) -> list[bytes]:
    """Return the compressed pages, each looked at whether it comes back."""
    data = [codec.compress(page) for page in pages]
    for page, stream in zip(pages, data, strict=True):
        if codec.decompress(stream) != page:
            raise DataMismatch(f"{codec.name}: a page came back with other bytes")
    return data


def _told(rounds_ns: Sequence[int], pages: int) -> dict[str, float]:
    rounds_us = [taken_ns / pages / 1000 for taken_ns in rounds_ns]
    median_us = statistics.median(rounds_us)
    return {
        "median_us": median_us,
        "min_us": min(rounds_us),
        "max_us": max(rounds_us),
        "mb_per_s": PAGE_SIZE / median_us,
    }
