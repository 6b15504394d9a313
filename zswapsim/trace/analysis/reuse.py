# SPDX-License-Identifier: GPL-2.0-only
"""Reuse distances: how many faults exact LRU makes at every memory size, from one pass.

The distance of an access is the number of distinct pages accessed since the last access to its
page, that page included: the LRU stack distance. Memory of m pages, reclaimed by exact LRU, holds
the page if the distance is at most m, so a histogram of distances answers for every m at once. A
first access has no distance: it is cold. Marks of freed pages are ignored: a page that is freed
and accessed again counts as one that was kept.

Every access has a position, and only the latest of each page is live. The distance is the number
of live positions from the page's last one on. A Fenwick tree counts the dead ones, so an access
costs one walk up and one down, log2 of the positions together, and a new position nothing. When
the positions are used up, the live ones are moved together; there are at least twice as many
positions as pages, so that this costs O(1) an access. Memory is proportional to the pages, not to
the accesses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import InvalidArgument
from zswapsim.progress import Progress
from zswapsim.trace.counts import U32
from zswapsim.trace.trace import Trace

Int64s = npt.NDArray[np.int64]
PAGE_MASK = 0x7FFFFFFF
USED, DEAD, COLD = 0, 1, 2
"""Members of counts: positions handed out, dead ones among them, first accesses."""

MIN_POSITIONS = 1 << 12
# Measured: 5 us an access interpreted, 0.5 s to load numba and compiled code, 2 s to compile.
WARM_KEY = "measure_reuse.warm"
WARM_ACCESSES = 150_000
COLD_ACCESSES = 400_000
BLOCK_ACCESSES = 1 << 18


class ReuseState(NamedTuple):
    """last: a page's latest position, 0 for none; page: the page of a position; dead: Fenwick tree.

    last: (pages,); page, dead: (positions + 1,), [0] is not used; distances: (pages + 1,), how
    many accesses had each distance; counts: see USED.
    """

    last: Ints
    page: Ints
    dead: Ints
    distances: Ints
    counts: Ints


def make_reuse(pages: int, zeros: Zeros, positions: int = 0) -> ReuseState:
    """Return the state before the first access. positions: more than pages; 0 for enough."""
    positions = positions or max(2 * pages, MIN_POSITIONS)
    return ReuseState(
        zeros(pages), zeros(positions + 1), zeros(positions + 1), zeros(pages + 1), zeros(3)
    )


@simulated
def compact_positions(state: ReuseState) -> None:
    """Move the live positions together, in their order; none is dead then."""
    live = 0
    for position in range(1, state.counts[USED] + 1):
        page = state.page[position]
        if state.last[page] == position:
            live += 1
            state.page[live] = page
            state.last[page] = live
    for node in range(len(state.dead)):
        state.dead[node] = 0
    state.counts[USED] = live
    state.counts[DEAD] = 0


@simulated
def kill_position(state: ReuseState, position: int) -> int:
    """Mark a live position dead; return how many dead ones there were before it."""
    before = 0
    node = position
    while node > 0:
        before += state.dead[node]
        node -= node & -node
    node = position
    while node < len(state.dead):
        state.dead[node] += 1
        node += node & -node
    state.counts[DEAD] += 1
    return before


def keep_below(state: ReuseState, pages: int) -> int:
    """Forget the pages from that number on, as if they had never been; return how many are kept."""
    for page in range(pages, len(state.last)):
        state.last[page] = 0
    compact_positions(state)
    return state.counts[USED]


def measure_reuse(state: ReuseState, accesses: Ints) -> int:
    """Make all accesses (page | 1 << 31 for a write); return their number."""
    for i in range(len(accesses)):
        page = accesses[i] & PAGE_MASK
        last = state.last[page]
        used = state.counts[USED]
        if last == used and used > 0:
            state.distances[1] += 1  # the page of the access before
            continue
        if used == len(state.page) - 1:
            compact_positions(state)
            used = state.counts[USED]
            last = state.last[page]
        if last == 0:
            state.counts[COLD] += 1
        else:
            dead_after = state.counts[DEAD]
            dead_after -= kill_position(state, last)
            state.distances[used - last - dead_after + 1] += 1
        used += 1
        state.counts[USED] = used
        state.page[used] = page
        state.last[page] = used
    return len(accesses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseDistances:
    """What a pass found. distances: int64 (largest + 1,), accesses of each distance, [0] is 0.

    accesses: all of them; cold: first accesses, one a page of the footprint. faults, curve and
    quantile answer questions.
    """

    accesses: int
    cold: int
    distances: Int64s

    def faults(self, memory_pages: int) -> int:
        """Return the faults of exact LRU with so much memory, first accesses included."""
        if memory_pages < 0:
            raise InvalidArgument(f"memory_pages is {memory_pages}; allowed are 0 and more")
        return self.cold + int(self.distances[memory_pages + 1 :].sum())

    def curve(self) -> tuple[Int64s, Int64s]:
        """Return (memory_pages, faults) for 0, 1, ... up to the footprint: both (footprint + 1,).

        More memory changes nothing.
        """
        memory = np.arange(self.cold + 1)
        counted = np.zeros(self.cold + 1, np.int64)
        counted[: len(self.distances)] = self.distances
        return memory, self.accesses - np.cumsum(counted)

    def quantile(self, part: float) -> int:
        """Return the least memory, in pages, in which that part of the repeated accesses hits."""
        hits = np.cumsum(self.distances)
        if hits[-1] == 0:
            return 0
        return int(np.searchsorted(hits, part * hits[-1]))


class ReuseMeter:
    """Measures blocks of accesses one after the other: add each, then result."""

    def __init__(self, pages: int, engine: str, *, note: bool = True) -> None:
        """pages: every page is below this; engine: "interpreted" or "compiled".

        note: leave a note that compiled code is there, which means to look at all sources.
        """
        self._engine = engine
        self._state = make_reuse(pages, engines.zeros(engine))
        self._accesses = 0
        if engine == "compiled":
            with engines.uninterrupted():
                self._run = engines.entry(measure_reuse, engine)
                self._run(self._state, engines.int_array([]))
            if note:
                engines.mark_warm(WARM_KEY)
        else:
            self._run = measure_reuse

    def add(self, block: U32 | Int64s) -> None:
        """Measure a block of encoded accesses."""
        compiled = self._engine == "compiled"
        accesses = engines.int_array(block) if compiled else block.tolist()
        self._accesses += self._run(self._state, accesses)

    def keep_below(self, pages: int) -> None:
        """Forget the pages from that number on; what was counted of them stays."""
        engines.entry(keep_below, self._engine)(self._state, pages)

    def result(self) -> ReuseDistances:
        """Return what was found so far."""
        distances = np.array(self._state.distances, np.int64)
        largest = int(np.flatnonzero(distances).max(initial=0))
        return ReuseDistances(
            accesses=self._accesses,
            cold=int(self._state.counts[COLD]),
            distances=distances[: largest + 1],
        )


def choose_engine(engine: str, accesses: int) -> str:
    """Return the engine to measure so many accesses with; see engines.choose."""
    return engines.choose(engine, accesses, WARM_KEY, warm=WARM_ACCESSES, cold=COLD_ACCESSES)


def reuse_distances(
    trace: Trace, *, engine: str = "auto", progress: Progress | None = None
) -> ReuseDistances:
    """Measure a whole trace. engine: auto, interpreted or compiled; the numbers are the same."""
    meter = ReuseMeter(trace.pages, choose_engine(engine, trace.accesses))
    for block in watched_blocks(trace, progress):
        meter.add(block)
    return meter.result()


def miss_ratio_curve(trace: Trace, *, engine: str = "auto") -> tuple[Int64s, Int64s]:
    """Return (memory_pages, faults): the faults of exact LRU at every memory size.

    Both int64 (footprint + 1,), memory_pages 0, 1, ...; first accesses are faults, freed marks are
    ignored.
    """
    return reuse_distances(trace, engine=engine).curve()


def watched_blocks(trace: Trace, progress: Progress | None, stage: str = "read") -> Iterator[U32]:
    """Yield a trace's accesses and tell progress."""
    done = 0
    for block in trace.blocks(BLOCK_ACCESSES):
        yield block
        done += len(block)
        if progress is not None:
            progress(stage, done, trace.accesses)
