# SPDX-License-Identifier: GPL-2.0-only
"""The z3fold driver by itself, through the events of recordings of a real 6.1 kernel.

Compared: the place of every object as it is stored and as it is freed, the order and outcome of
evictions, and the pages in use at the times when zswap reads them. Page numbers are compared up to
renaming.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from z3fold_driver import Z3foldBench

from zswapsim.errors import ENOSPC

GOLDENS = Path(__file__).parents[2].parent / "shared" / "goldens"
RECORDINGS = [path for kind in "ab" for path in sorted(GOLDENS.glob(f"{kind}_z3fold_*.json.zst"))]
COMPILED = "a_z3fold_zstd_random_d.json.zst"

pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason="no recordings of kernels in ../shared/goldens beside the repository"
)

Event = list[Any]
Place = list[Any]


class Walk:
    """A pool that does what the events say, and compares what it does with them.

    handle_of: slot -> handle, None for a same-filled page; total: pool pages as zswap last read.
    """

    def __init__(self, engine: str) -> None:
        self.bench = Z3foldBench(engine, 4096, deferred_work=1)
        self.handle_of: dict[int, int | None] = {}
        self.total = 0
        self.moves = 0
        self._theirs: dict[int, int] = {}
        self._ours: dict[int, int] = {}

    def drain(self) -> None:
        """Let the worker run."""
        while self.bench.work():
            self.moves += self.bench.move is not None

    def step(self, events: list[Event]) -> None:
        """Do one operation's events; when it has ended, so has the worker."""
        invalidated = -1
        at = 0
        while at < len(events):
            event = events[at]
            at += 1
            if event[0] == "S":
                self.drain()
                self.store(*event[1:])
            elif event[0] == "I":
                invalidated = event[1]
                if invalidated in self.handle_of and self.handle_of[invalidated] is None:
                    self.freed(invalidated)
            elif event[0] == "F":
                handle = self.handle_of[invalidated]
                assert handle is not None
                self.compare(handle, event[1])
                assert self.bench.free(handle) == 0
                self.freed(invalidated)
            elif event[0] == "K":
                end = next(i for i in range(at, len(events)) if events[i][0] == "k")
                self.drain()
                self.shrink(events[at:end], events[end][1])
                at = end + 1
        self.drain()

    def freed(self, slot: int) -> None:
        """Forget an entry; zswap then reads the size of the pool."""
        del self.handle_of[slot]
        self.total = self.bench.pages

    def store(self, slot: int, outcome: int, size: int, place: Place | None = None) -> None:
        if outcome == -ENOSPC and size:
            assert self.bench.malloc(size) == -ENOSPC
        if outcome == 0:
            self.handle_of[slot] = None
            if size:
                handle = self.bench.malloc(size)
                assert handle > 0
                self.handle_of[slot] = handle
                self.compare(handle, place, new=True)
            self.total = self.bench.pages

    def shrink(self, events: list[Event], outcome: int) -> None:
        evicted = [event[1] for event in events if event[0] == "E"]
        outcomes = [event[1] for event in events if event[0] == "e"]
        gone = [slot for slot, e in zip(evicted, outcomes, strict=True) if e == 0]
        for slot, event in zip(gone, (e for e in events if e[0] == "F"), strict=True):
            self.compare(self.handle_of[slot], event[1])
        got, asked, pages = self.bench.shrink_as_recorded(outcomes)
        assert (got, asked) == (outcome, [self.handle_of[slot] for slot in evicted])
        for slot, after, result in zip(evicted, pages, outcomes, strict=True):
            if result == 0:
                del self.handle_of[slot]
                self.total = after

    def compare(self, handle: int | None, place: Place | None, new: bool = False) -> None:
        """Compare a place; a page that gets its first object gets the recording's number."""
        assert handle is not None
        assert place is not None
        page, inside = self.bench.place(handle)
        assert isinstance(page, int)
        if new and self.bench.objects(page) == 1:
            before = self._ours.get(place[0], page)
            if before != page and self._theirs[before] == place[0]:
                assert not self.bench.live(before)
            self._theirs[page] = place[0]
            self._ours[place[0]] = page
        assert [self._theirs[page], inside] == place


def read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        raw = json.loads(zstandard.ZstdDecompressor().stream_reader(file).read())
    assert isinstance(raw, dict)
    return raw


def walk(path: Path, engine: str) -> Walk:
    """Walk a recording to its end."""
    raw = read(path)
    column = raw["columns"].index("pool_total_size")
    walk = Walk(engine)
    recorded = 0
    for number, (op, _, changed, events, *_) in enumerate(raw["steps"]):
        try:
            walk.step(events)
            recorded = dict(changed).get(column, recorded)
            assert walk.total * 4096 == recorded
        except AssertionError as error:
            error.add_note(f"step {number} ({op}): {str(events)[:300]}")
            raise
        if number % 500 == 0:
            walk.bench.check()
    walk.bench.check()
    return walk


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_the_driver_is_equal_to_the_kernel_at_every_event(path: Path) -> None:
    walked = walk(path, "interpreted")
    held = [handle for handle in walked.handle_of.values() if handle is not None]
    assert {walked.bench.place(handle)[0] for handle in held} == set(walked.bench.lru)


def test_so_it_is_compiled() -> None:
    path = GOLDENS / COMPILED
    if not path.exists():
        pytest.skip(f"{COMPILED} is not there")
    assert walk(path, "compiled").moves > 100


def test_a_place_that_differs_is_noticed() -> None:
    pool = Walk("interpreted")
    pool.step([["S", 1, 0, 640, [0, 1]], ["S", 2, 0, 1280, [0, 83]]])
    with pytest.raises(AssertionError):
        pool.step([["S", 3, 0, 320, [0, 1]]])
    with pytest.raises(AssertionError):
        pool.step([["S", 4, 0, 3904, [0, 1]]])
