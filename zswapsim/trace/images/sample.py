# SPDX-License-Identifier: GPL-2.0-only
"""A sample of memory that need not be told how much there is, in bounded memory.

Pages come in windows of up to 64 neighbours. Each window has a priority, a hash of the seed and its
index, and those with the lowest stay: a uniform sample without replacement, and the same one
whether or not the number of windows was known before. What stays is in a temporary file, in TMPDIR
and without a name, as large as the sample at most.
"""

import heapq
from collections.abc import Iterable, Iterator

import numpy as np

from zswapsim.errors import InvalidArgument
from zswapsim.files import temporary_file
from zswapsim.trace.counts import U64
from zswapsim.trace.images.image import Run
from zswapsim.trace.trace import WRITE
from zswapsim.units import PAGE_SHIFT, PAGE_SIZE

WINDOW_PAGES = 64
DEFAULT_PAGES = (1 << 30) // PAGE_SIZE

Window = tuple[U64, bytes]
"""Page numbers, uint64 (n,), and their n * PAGE_SIZE bytes; n is at most window_pages."""

_BITS = (1 << 64) - 1


class Sample:
    """Keeps some windows of all: wants, then add or skip, for each in order; then kept.

    window_pages: pages of a window; windows: so many were added or skipped; kept_windows.
    """

    def __init__(self, limit_pages: int = DEFAULT_PAGES, seed: int = 0) -> None:
        """limit_pages: keep up to so many, 1..2**31-1. InvalidArgument if it is outside."""
        if not 1 <= limit_pages < WRITE:
            raise InvalidArgument(
                f"a sample of {limit_pages:,} pages; allowed are 1..{WRITE - 1:,} pages"
            )
        self.window_pages = min(WINDOW_PAGES, limit_pages)
        self.windows = 0
        self._most = limit_pages // self.window_pages
        self._seed = _mixed(seed)
        self._below = 1 << 64
        # Of each window that is kept: -priority, index, slot in the file, pages. The heap has the
        # one with the highest priority in front.
        self._heap: list[tuple[int, int, int, int]] = []
        self._slot_bytes = self.window_pages * (8 + PAGE_SIZE)
        self._file = temporary_file(self)

    @property
    def kept_windows(self) -> int:
        """Number of windows kept so far."""
        return len(self._heap)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out so far."""
        return self.windows == len(self._heap)

    def expect(self, windows: int) -> None:
        """Say how many windows will come, so that wants is false for those that would not stay."""
        if windows > self._most:
            priorities = np.concatenate(
                [
                    _mixed_all(self._seed, start, min(1 << 20, windows - start))
                    for start in range(0, windows, 1 << 20)
                ]
            )
            self._below = 1 + int(np.partition(priorities, self._most - 1)[self._most - 1])

    def wants(self) -> bool:
        """Say whether the next window would be kept for now."""
        priority = _mixed(self._seed ^ self.windows)
        if priority >= self._below:
            return False
        return len(self._heap) < self._most or priority < -self._heap[0][0]

    def skip(self) -> None:
        """Pass over a window."""
        self.windows += 1

    def add(self, numbers: U64, data: bytes | bytearray | memoryview) -> None:
        """Offer a window of 0..window_pages pages. OSError if the disk is full."""
        if not self.wants():
            self.skip()
            return
        index = self.windows
        self.windows += 1
        slot = len(self._heap) if len(self._heap) < self._most else self._heap[0][2]
        entry = (-_mixed(self._seed ^ index), index, slot, len(numbers))
        if slot < len(self._heap):
            heapq.heapreplace(self._heap, entry)
        else:
            heapq.heappush(self._heap, entry)
        self._file.seek(slot * self._slot_bytes)
        self._file.write(np.ascontiguousarray(numbers, "<u8").data)
        self._file.write(data)

    def kept(self) -> Iterator[Window]:
        """Yield the windows that are kept, in the order in which they came."""
        for _, _, slot, pages in sorted(self._heap, key=lambda entry: entry[1]):
            self._file.seek(slot * self._slot_bytes)
            data = self._file.read(pages * (8 + PAGE_SIZE))
            yield np.frombuffer(data, "<u8", pages).astype(np.uint64), data[8 * pages :]


def windows_of(runs: Iterable[Run], window_pages: int) -> Iterator[Window]:
    """Cut runs into windows of window_pages pages, the last one shorter."""
    numbers: list[U64] = []
    parts: list[bytes] = []
    room = window_pages
    for number, data in runs:
        pages = len(data) >> PAGE_SHIFT
        done = 0
        while done < pages:
            some = min(room, pages - done)
            numbers.append(np.arange(number + done, number + done + some, dtype=np.uint64))
            parts.append(data[done * PAGE_SIZE : (done + some) * PAGE_SIZE])
            done += some
            room -= some
            if not room:
                yield np.concatenate(numbers), b"".join(parts)
                numbers, parts, room = [], [], window_pages
    if parts:
        yield np.concatenate(numbers), b"".join(parts)


def _mixed(value: int) -> int:
    """Return splitmix64's output for a state: a bijection of 64 bits, so that nothing ties."""
    return int(_mixed_all(value, 0, 1)[0])


def _mixed_all(base: int, start: int, count: int) -> U64:
    """Return _mixed(base ^ number) for count numbers from start on."""
    state = np.arange(start, start + count, dtype=np.uint64) ^ np.uint64(base & _BITS)
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
