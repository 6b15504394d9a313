# SPDX-License-Identifier: GPL-2.0-only
"""Faults of exact LRU at every memory size, estimated from some of the pages: SHARDS.

Of a trace only the accesses of the pages in a sample are measured (sampled_pages.py), by the same
meter that measures all (reuse.py). With a part R of the pages, an access that has d - 1 other pages
since the last one to its page sees R (d - 1) of these, and stands for 1 / R accesses. After
Waldspurger, Park, Garthwaite, Ahmad: Efficient MRC Construction with SHARDS, FAST 2015, with

* its correction: what the sample has fewer or more accesses than its part of all goes to the first
  bucket of distances, as a few popular pages, in the sample or not, are what makes that;
* its sample of fixed size: a threshold that falls when there are too many pages. What was measured
  before stands for fewer accesses than what is measured after, so it is kept as a level of its own;
* the first accesses, one a page, which are not estimated, as a trace knows how many there are.

The error is measured: the sample is divided in GROUPS that share no page, each is measured like a
sample of its own, and what they say differs by as much as chance makes it. A group's distances are
coarser than the whole sample's. Where memory holds fewer than CLEAR_PAGES pages of the sample, all
groups are wrong in the same way, and the error is not known.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints
from zswapsim.errors import InvalidArgument
from zswapsim.progress import Progress
from zswapsim.trace.analysis.reuse import (
    BLOCK_ACCESSES,
    ReuseDistances,
    ReuseMeter,
    choose_engine,
    watched_blocks,
)
from zswapsim.trace.analysis.sampled_pages import (
    LIVE,
    SELECTED,
    THRESHOLD,
    lower_threshold,
    make_sample,
    numbers_of,
    select_pages,
)
from zswapsim.trace.counts import U32
from zswapsim.trace.trace import Trace

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

GROUPS = 8
LEAST_PAGES = 64
"""Pages of a sample: with fewer, GROUPS of them say nothing of the error."""
CLEAR_PAGES = 16
"""Measured: with 12 pages of the sample in memory the interval held 95 of 100, with 4 to 8 only 80.
"""
HEADROOM = 4
"""Of a sample of fixed size, how many times as many pages the first threshold lets in at most."""
FALL = 8
"""The threshold falls by one of so many parts."""
TRUST = 2.365
"""Standard errors to both sides that hold 95 % of what may be: Student's t of GROUPS - 1."""
ABSOLUTE = (2 / np.pi) ** 0.5
"""Mean of what lies that normally is off by one standard error, its sign left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What was measured at one threshold. deeper: int64, [j] accesses with a distance above j.

    rate: part of the pages accessed in all that was measured; accesses: of all pages meanwhile;
    cold: first accesses of the sample.
    """

    rate: float
    accesses: int
    cold: int
    deeper: Int64s

    def repeated_faults(self, memory_pages: Floats) -> Floats:
        """Return estimated faults that are no first accesses, at each memory: float (sizes,)."""
        if self.rate == 0:
            return np.zeros(len(memory_pages))
        deeper = self.deeper.astype(np.float64)
        # The correction: all accesses that there should be are hits or faults.
        deeper[0] = max(0.0, self.rate * self.accesses - self.cold)
        at = np.arange(len(deeper), dtype=np.float64)
        found: Floats = np.interp(memory_pages * self.rate, at, np.minimum(deeper, deeper[0]))
        return found / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledDistances:
    """What a pass over a sample found. faults and errors answer for any memory sizes.

    accesses, cold: of the whole trace, as in ReuseDistances. sampled_pages, sampled_accesses: what
    was measured, pages at the end; rate: part of the pages below the last threshold; levels: of the
    sample; groups: of its parts, none where the sample is the trace.
    """

    accesses: int
    cold: int
    sampled_pages: int
    sampled_accesses: int
    rate: float
    levels: Sequence[Level]
    groups: Sequence[Sequence[Level]]

    def faults(self, memory_pages: npt.ArrayLike) -> Int64s:
        """Return the estimated faults with so much memory, first accesses included: (sizes,)."""
        found: Int64s = np.rint(self._faults(self.levels, memory_pages)).astype(np.int64)
        return found

    @property
    def clear_pages(self) -> int:
        """The least memory of which the error is known; 0 where all pages are in the sample."""
        return math.ceil(CLEAR_PAGES / self.rate) if self.groups else 0

    def errors(self, memory_pages: npt.ArrayLike) -> Floats:
        """Return the standard errors of faults: (sizes,), NaN where memory is below clear_pages.

        A group is off as a sample of its size is, of which GROUPS make one, all drawn without
        putting back. Differences are taken from the sample, not from the groups' mean, so that what
        coarse distances do to a group counts.
        """
        whole = self._faults(self.levels, memory_pages)
        if not self.groups:
            return np.zeros(len(whole))
        off = [(self._faults(levels, memory_pages) - whole) ** 2 for levels in self.groups]
        found: Floats = np.sqrt((1 - self.rate) * sum(off) / (GROUPS * (GROUPS - 1)))
        memory = np.atleast_1d(np.asarray(memory_pages))
        found[(memory > 0) & (memory < min(self.clear_pages, self.cold))] = np.nan
        return found

    def quantile(self, part: float) -> int:
        """Return the least memory, in pages, in which that part of the repeated accesses hits."""
        most = self.accesses - part * (self.accesses - self.cold)
        low, high = 0, self.cold
        while low < high:
            middle = (low + high) // 2
            if self._faults(self.levels, middle)[0] <= most:
                high = middle
            else:
                low = middle + 1
        return low

    def _faults(self, levels: Sequence[Level], memory_pages: npt.ArrayLike) -> Floats:
        memory = np.atleast_1d(np.asarray(memory_pages, np.float64))
        repeated = np.zeros(len(memory))
        for level in levels:
            repeated += level.repeated_faults(memory)
        repeated = np.minimum(repeated, self.accesses - self.cold)
        repeated[memory >= self.cold] = 0  # all pages are there
        repeated[memory == 0] = self.accesses - self.cold
        return self.cold + repeated


class _Levels:
    """A meter of the pages of every step-th number from first on, and what it found by levels."""

    def __init__(self, threshold: int, engine: str, first: int = 0, step: int = 1) -> None:
        self._first = first
        self._step = step
        self._meter = ReuseMeter(max(1, self._count(threshold)), engine, note=step == 1)
        self._found: list[tuple[int, int, int, Int64s]] = []
        self._before = ReuseDistances(accesses=0, cold=0, distances=np.zeros(1, np.int64))

    def add(self, numbers: Int64s) -> None:
        """Measure accesses to pages of the sample."""
        if self._step > 1:
            numbers = numbers[numbers % self._step == self._first] // self._step
        self._meter.add(numbers)

    def keep_below(self, threshold: int) -> None:
        """Forget pages of the sample."""
        self._meter.keep_below(self._count(threshold))

    def end(self, threshold: int, accesses: int) -> None:
        """Make a level of what was found since the last one."""
        now = self._meter.result()
        found = now.distances.copy()
        found[: len(self._before.distances)] -= self._before.distances
        deeper = found.sum() - np.cumsum(found)
        self._found.append((threshold, accesses, now.cold - self._before.cold, deeper))
        self._before = now

    def levels(self, seen: Int64s, footprint: int) -> list[Level]:
        """Return all levels. seen: 1 for each number that was accessed."""
        return [
            Level(
                rate=int(seen[self._first : threshold : self._step].sum()) / footprint,
                accesses=accesses,
                cold=cold,
                deeper=deeper,
            )
            for threshold, accesses, cold, deeper in self._found
        ]

    def _count(self, threshold: int) -> int:
        """Return how many of the numbers below the threshold these are."""
        return len(range(self._first, threshold, self._step))


class SampledMeter:
    """Measures the pages of a sample, block by block: add each, then result."""

    def __init__(
        self, pages: int, engine: str, *, threshold: int, most_pages: int, seed: int = 0
    ) -> None:
        """pages: every page is below this; threshold: how many of numbers_of(pages) to draw.

        most_pages: the sample becomes smaller where more are accessed.
        """
        self._engine = engine
        self._accesses = self._before = 0
        self._sampled_accesses = 0
        self._state = make_sample(
            pages, threshold, most_pages, seed, BLOCK_ACCESSES, engines.zeros(engine)
        )
        with engines.uninterrupted():
            self._select = engines.entry(select_pages, engine)
            self._select(self._state, self._ints(np.zeros(0, np.int64)))
        self._whole = _Levels(threshold, engine)
        is_all = threshold >= numbers_of(pages) and most_pages >= pages
        self._groups = [
            _Levels(threshold, engine, group, GROUPS) for group in range(0 if is_all else GROUPS)
        ]

    def add(self, block: U32) -> None:
        """Measure a block of encoded accesses."""
        for start in range(0, len(block), BLOCK_ACCESSES):
            rest = block[start : start + BLOCK_ACCESSES]
            while len(rest):
                done = self._select(self._state, self._ints(rest))
                self._accesses += done
                self._measure()
                rest = rest[done:]
                if len(rest):
                    self._fall()

    def result(self, footprint: int) -> SampledDistances:
        """Return what was found; nothing can be added after that. footprint: pages in all."""
        self._end()
        seen = np.array(self._state.seen, np.int64)
        pages = int(self._state.counts[LIVE])
        return SampledDistances(
            accesses=self._accesses,
            cold=footprint,
            sampled_pages=pages,
            sampled_accesses=self._sampled_accesses,
            rate=pages / footprint if footprint else 1.0,
            levels=self._whole.levels(seen, footprint),
            groups=[group.levels(seen, footprint) for group in self._groups],
        )

    def _ints(self, block: U32 | Int64s) -> Ints:
        return engines.int_array(block) if self._engine == "compiled" else block.tolist()

    def _measure(self) -> None:
        """Measure what was selected."""
        count = int(self._state.counts[SELECTED])
        numbers = np.array(self._state.numbers[:count], np.int64)  # type: ignore[index]
        self._sampled_accesses += count
        for part in (self._whole, *self._groups):
            part.add(numbers)

    def _end(self) -> None:
        """End a level."""
        accesses = self._accesses - self._before
        self._before = self._accesses
        if accesses:
            for part in (self._whole, *self._groups):
                part.end(int(self._state.rule[THRESHOLD]), accesses)

    def _fall(self) -> None:
        """End a level, and go on with fewer pages."""
        self._end()
        threshold = int(self._state.rule[THRESHOLD])
        threshold -= max(1, threshold // FALL)
        engines.entry(lower_threshold, self._engine)(self._state, threshold)
        for part in (self._whole, *self._groups):
            part.keep_below(threshold)


def parse_rate(text: str) -> float:
    """Return the part of the pages that "1%" means. InvalidArgument says what is allowed."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?)\s*%", text.strip())
    if found is None or not 0 < float(found[1]) <= 100:
        raise InvalidArgument(
            f"{text[:20]!r} is no part of the pages; allowed are above 0 to 100 %, such as 1%"
        )
    return float(found[1]) / 100


def sampled_distances(
    trace: Trace,
    *,
    rate: float | None = None,
    pages: int | None = None,
    seed: int = 0,
    engine: str = "auto",
    progress: Progress | None = None,
) -> SampledDistances:
    """Measure a sample of a trace: a part of the pages (rate, above 0 to 1), or at most so many.

    seed: another one draws another sample. engine: the numbers are the same. InvalidArgument says
    what is allowed, and which sample would be large enough.
    """
    threshold, most = _size(trace, rate, pages)
    meter = SampledMeter(
        trace.pages,
        choose_engine(engine, trace.accesses),
        threshold=threshold,
        most_pages=most,
        seed=seed,
    )
    for block in watched_blocks(trace, progress):
        meter.add(block)
    return meter.result(trace.footprint_pages)


def _size(trace: Trace, rate: float | None, pages: int | None) -> tuple[int, int]:
    """Return the first threshold, and the most pages of the sample."""
    if (rate is None) == (pages is None):
        raise InvalidArgument("a sample has a rate, or a number of pages")
    there, numbers = trace.footprint_pages, numbers_of(trace.pages)
    if pages is not None:
        if pages < LEAST_PAGES:
            raise InvalidArgument(
                f"a sample of {pages:,} pages: allowed are {LEAST_PAGES} and more, so that the "
                "error is known"
            )
        return min(numbers, HEADROOM * pages * numbers // max(1, trace.pages)), pages
    assert rate is not None
    if not 0 < rate <= 1:
        raise InvalidArgument(f"a sample of {100 * rate:g} %: allowed are above 0 to 100 %")
    if round(rate * there) < min(there, LEAST_PAGES):
        raise InvalidArgument(
            f"a sample of {100 * rate:g} % is {round(rate * there):,} of {there:,} pages; allowed "
            f"are {LEAST_PAGES} pages and more, so that the error is known"
        )
    return max(1, round(rate * numbers)), numbers
