# SPDX-License-Identifier: GPL-2.0-only
"""Recording a program: frames in, a trace out, with memory that does not grow with the run.

The accesses are reduced as they come and spooled to disk, as are the contents. A version's place is
counted in accesses as the program made them, and moved to the place in the reduced sequence.
"""

import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zswapsim.errors import InvalidArgument, NoEntry, TraceError
from zswapsim.trace.contents import ContentsBuilder
from zswapsim.trace.derive.reduce import Reducer, Renumbering
from zswapsim.trace.interruptible import interruptible
from zswapsim.trace.recorder.build import tool_folder
from zswapsim.trace.recorder.frames import ENDED, EXECS, KINDS, LIMIT, Backend, Facts, Frame
from zswapsim.trace.recorder.lackey import Lackey
from zswapsim.trace.recorder.pagetrace import Pagetrace
from zswapsim.trace.recorder.running import Stop, exit_text
from zswapsim.trace.recorder.valgrind import find_valgrind
from zswapsim.trace.spool import Spool, spooled_trace
from zswapsim.trace.trace import Trace, Versions
from zswapsim.units import FREED, format_pages

RECORDERS = ("auto", "pagetrace", "lackey")
RESIDENT_PAGES = 128
MIN_RESIDENT_PAGES = 8
MAX_RESIDENT_PAGES = 1 << 20

Change = Callable[[bytes], bytes]
"""Makes the contents to keep of those that were found; equal ones of equal ones."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A trace and how it came about.

    status: of the program, as Running.wait; stopped: whether it was told to end; page_accesses:
    before the reduction; seconds: of wall time.
    """

    trace: Trace
    facts: Facts
    status: int
    stopped: bool
    page_accesses: int
    seconds: float
    sees_kernel: bool

    @property
    def end(self) -> str:
        """Say how the recording ended."""
        if self.facts.state == EXECS:
            return "the program started another in its place, which was not recorded"
        if self.facts.state == LIMIT:
            return "the limit was reached, and the program ended there"
        if self.stopped:
            return "stopped, and the program ended there"
        return exit_text(self.status)


def reduction_for(resident_pages: int) -> int:
    """Return the k that recordings are reduced by unless told: a quarter of the LRU's pages."""
    return max(1, resident_pages // 4)


def make_backend(
    recorder: str, resident_pages: int, limit: int | None, stop: Stop | None
) -> tuple[Backend, str | None]:
    """Return a back end; and with "auto", if it is the slow one, why that is.

    NoEntry says what has to be installed. InvalidArgument: no such recorder.
    """
    if recorder not in RECORDERS:
        raise InvalidArgument(f"recorder {recorder!r}: allowed are {', '.join(RECORDERS)}")
    valgrind = find_valgrind()
    slow = None
    if recorder != "lackey":
        try:
            folder = tool_folder(valgrind)
            return Pagetrace(valgrind, folder, resident_pages, limit=limit, stop=stop), None
        except NoEntry as error:
            if recorder == "pagetrace":
                raise
            slow = str(error)
    return Lackey(valgrind, resident_pages, limit=limit, stop=stop), slow


def record(
    program: Sequence[str],
    backend: Backend,
    *,
    resident_pages: int,
    reduction_k: int | None = None,
    change: Change | None = None,
    meta: dict[str, Any] | None = None,
) -> Recording:
    """Run a program, its path first, and return what it did.

    resident_pages: of the back end's LRU. reduction_k: at most resident_pages, None for
    reduction_for. change: what contents become before they are kept. meta: more of it.
    InvalidArgument: a number out of range. TraceError: it did not start, or the stream is damaged.
    """
    reduction_k = reduction_for(resident_pages) if reduction_k is None else reduction_k
    if not 1 <= reduction_k <= resident_pages:
        raise InvalidArgument(
            f"a reduction by {reduction_k} pages; allowed are 1..{resident_pages}, the memory"
        )
    gathered = Gathered(reduction_k, change)
    with interruptible(), backend.start(program) as running:
        for frame in backend.frames(running):
            gathered.add(frame)
        status = running.wait()
        seconds, stopped = running.seconds, running.stopped
    if not gathered.reducer.given:
        said = backend.last_words()
        wrong = "ended before anything was recorded" if gathered.has_begun else "could not be run"
        raise TraceError(
            f"{program[0]}: under valgrind, it {wrong} ({exit_text(status)})"
            + (said and f": {said}")
        )
    found = _meta(backend, resident_pages, gathered)
    found |= {"exit_status": status, "complete": not stopped and backend.facts.state == ENDED}
    page_accesses = gathered.reducer.given
    trace = gathered.finish({"name": Path(program[0]).name} | found | (meta or {}))
    return Recording(
        trace, backend.facts, status, stopped, page_accesses, seconds, backend.sees_kernel
    )


class Gathered:
    """What has been recorded so far: add each frame, then finish. reducer: counts the accesses."""

    def __init__(self, reduction_k: int, change: Change | None = None) -> None:
        self.reducer = Reducer(reduction_k)
        self.has_begun = False
        self.kinds: Counter[int] = Counter()
        self._change = change
        self._renumbering = Renumbering()
        self._spool = Spool()
        self._contents = ContentsBuilder()
        self._held: dict[int, int] = {}
        self._page_numbers = array.array("Q")
        self._page = array.array("I")
        self._content = array.array("I")

    def add(self, frame: Frame) -> None:
        """Take a frame."""
        self.has_begun = True
        self.kinds.update(frame.kinds)
        self._page_numbers.extend(frame.page_numbers.tolist())
        self._renumbering.positions(self._add_versions(frame))
        given_back = frame.what == FREED
        kept = self.reducer.add(frame.accesses, frame.at[given_back], frame.page[given_back])
        self._renumbering.advance(kept.indexes)
        self._spool.append(kept.accesses)

    def finish(self, meta: dict[str, Any]) -> Trace:
        """Return the trace."""
        kept = self.reducer.finish()
        self._renumbering.advance(kept.indexes)
        self._spool.append(kept.accesses)
        versions: Versions = (
            self._renumbering.finish(),
            np.array(self._page, np.uint32),
            np.array(self._content, np.uint32),
        )
        return spooled_trace(
            self._spool,
            meta=meta,
            versions=versions,
            contents=self._contents.finish(),
            page_numbers=np.array(self._page_numbers, np.uint64),
        )

    def _add_versions(self, frame: Frame) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        """Keep the versions that say something new; return their places."""
        at: list[int] = []
        columns = frame.at.tolist(), frame.page.tolist(), frame.what.tolist()
        for place, page, what in zip(*columns, strict=True):
            number = FREED if what == FREED else self._number_of(frame.contents[what])
            if self._held.get(page) == number != FREED:
                continue
            self._held[page] = number
            at.append(place)
            self._page.append(page)
            self._content.append(number)
        return np.array(at, np.uint64)

    def _number_of(self, contents: bytes | memoryview) -> int:
        if self._change is not None:
            contents = self._change(bytes(contents))
        return self._contents.add(contents)


def exact_for(resident_pages: int, backend: Backend) -> str:
    """Say for which replays the contents and faults are those of the program."""
    facts = backend.facts
    seen = "" if backend.sees_kernel else ", as far as system calls do not matter"
    sentence = (
        f"LRU that keeps {format_pages(resident_pages)} or more resident: faults, evictions and "
        f"contents are the program's{seen}; other policies may evict a page before that, and get "
        "contents of a little earlier or later"
    )
    if facts.lag_accesses_max:
        sentence += "; contents may be ahead by the lag"
    return sentence


def _meta(backend: Backend, resident_pages: int, gathered: Gathered) -> dict[str, Any]:
    facts = backend.facts
    taken = max(facts.contents_taken, 1)
    return {
        "origin": "zswapsim record",
        "recorder": backend.description,
        "recorder_resident_pages": resident_pages,
        "reduction_k": gathered.reducer.k,
        "raw_data_accesses": facts.raw_accesses,
        "raw_accesses": gathered.reducer.given,
        "recorder_lag_mean": round(facts.lag_accesses / taken, 1),
        "recorder_lag_max": facts.lag_accesses_max,
        "recorder_inexact_percent": round(
            100 * facts.inexact_evictions / max(facts.evictions, 1), 2
        ),
        "exact_for": exact_for(resident_pages, backend),
        "page_kinds": {KINDS[kind]: count for kind, count in sorted(gathered.kinds.items())},
    }
