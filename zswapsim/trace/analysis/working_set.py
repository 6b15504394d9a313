# SPDX-License-Identifier: GPL-2.0-only
"""The working set over time: how many pages each window of accesses touches, how many are new."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zswapsim.trace.counts import PAGE_MASK, U32
from zswapsim.trace.trace import Trace

Int64s = npt.NDArray[np.int64]

WINDOWS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingSet:
    """Windows of window_accesses accesses, the last one shorter. Arrays: int64 (windows,).

    touched: distinct pages accessed in the window; footprint: distinct pages accessed until its
    end; writes: accesses of it that write. written_pages: pages ever written to.
    """

    window_accesses: int
    touched: Int64s
    footprint: Int64s
    writes: Int64s
    written_pages: int


class WorkingSetMeter:
    """Measures blocks of accesses one after the other: add each, then result."""

    def __init__(self, pages: int, accesses: int, windows: int = WINDOWS) -> None:
        """pages: every page is below this; accesses: how many there will be, in so many windows."""
        self._window_accesses = max(1, -(-accesses // windows))
        self._window = np.zeros(pages, np.int64)  # the latest window that touched a page, from 1
        self._written = np.zeros(pages, np.bool_)
        self._done = 0
        self._writes = 0
        self._rows: list[tuple[int, int, int]] = []

    def add(self, block: U32) -> None:
        """Measure a block of encoded accesses."""
        while len(block):
            number, inside = divmod(self._done, self._window_accesses)
            part = block[: self._window_accesses - inside]
            block = block[len(part) :]
            page = part & PAGE_MASK
            written = page[part > PAGE_MASK]
            self._window[page] = number + 1
            self._written[written] = True
            self._writes += len(written)
            self._done += len(part)
            if self._done % self._window_accesses == 0:
                self._end_window(number + 1)

    def _end_window(self, number: int) -> None:
        touched = int(np.count_nonzero(self._window == number))
        self._rows.append((touched, int(np.count_nonzero(self._window)), self._writes))
        self._writes = 0

    def result(self) -> WorkingSet:
        """Return what was found; nothing can be added after that."""
        if self._done % self._window_accesses:
            self._end_window(self._done // self._window_accesses + 1)
        rows = np.array(self._rows, np.int64).reshape(-1, 3)
        return WorkingSet(
            window_accesses=self._window_accesses,
            touched=rows[:, 0],
            footprint=rows[:, 1],
            writes=rows[:, 2],
            written_pages=int(np.count_nonzero(self._written)),
        )


def working_set(trace: Trace, windows: int = WINDOWS) -> WorkingSet:
    """Measure a whole trace in about so many windows, fewer if there are fewer accesses."""
    meter = WorkingSetMeter(trace.pages, trace.accesses, windows)
    for block in trace.blocks():
        meter.add(block)
    return meter.result()
