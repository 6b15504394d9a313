# SPDX-License-Identifier: GPL-2.0-only
"""Drives a z3fold pool in tests, the same way for both engines."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from simulated_here import entry, simulated_here

from zswapsim.conformance.strict import flatten, plain, zeros_of
from zswapsim.conformance.tape import (
    ALLOCATIONS,
    CALLS,
    FREE,
    FREES,
    MALLOC,
    MAP,
    READ_OWNER,
    RECLAIM_PAGE,
    RECLAIMED,
    SHRINK,
    SIZE,
    TOTAL_PAGES,
    UNMAP,
    WRITE_OWNER,
    Script,
)
from zswapsim.engine.simulated import Ints
from zswapsim.machine import build
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import z3fold, z3fold_compact, zpool
from zswapsim.machine.pools import z3fold_page as zp
from zswapsim.machine.pools.z3fold_lru import lru_pages

MOVED, WORK = 50, 51
Move = tuple[int, int, int]


class Recorded(NamedTuple):
    """An owner that answers what a recording tells: outcome[i] to call i, 0 frees the object.

    asked: handles it was called with; pages: pages in use after each call; calls: their number.
    """

    outcome: Ints
    asked: Ints
    pages: Ints
    calls: Ints


@simulated_here
def recorded_evict(owner: Recorded, pool: Any, handle: int) -> int:
    """Answer the next outcome; -1 when the recording has no more."""
    call = owner.calls[0]
    if call >= len(owner.outcome):
        return -1
    owner.calls[0] = call + 1
    owner.asked[call] = handle
    if owner.outcome[call] == 0:
        zpool.zpool_free(pool, handle)
    owner.pages[call] = zpool.zpool_total_pages(pool)
    return owner.outcome[call]


zpool.zpool_evict.register(Recorded, recorded_evict)


def run_z3_tape(
    pool: Any, owner: Any, operations: Ints, arguments: Ints, words: Ints, results: Ints
) -> int:
    """Run operations on one z3fold pool; return their number."""
    for i in range(len(operations)):
        operation = operations[i]
        argument = arguments[i]
        if operation == MALLOC:
            results[i] = zpool.zpool_malloc(pool, argument)
        elif operation == FREE:
            results[i] = zpool.zpool_free(pool, argument)
        elif operation == SHRINK:
            results[i] = zpool.zpool_shrink(pool, owner, argument)
        elif operation == RECLAIM_PAGE:
            results[i] = z3fold.z3fold_reclaim_page(pool, owner, argument)
        elif operation == RECLAIMED:
            results[i] = zpool.zpool_reclaimed(pool)
        elif operation == TOTAL_PAGES:
            results[i] = zpool.zpool_total_pages(pool)
        elif operation == MAP:
            results[i] = zpool.zpool_map(pool, argument)
        elif operation == UNMAP:
            results[i] = zpool.zpool_unmap(pool, argument)
        elif operation == WRITE_OWNER:
            results[i] = zpool.zpool_write_owner(pool, argument, words[i])
        elif operation == READ_OWNER:
            results[i] = zpool.zpool_read_owner(pool, argument)
        elif operation == MOVED:
            results[i] = zpool.zpool_moved(pool, argument)
        else:
            results[i] = z3fold_compact.z3fold_work(pool)
    return len(operations)


MOVE = [(MOVED, zpool.MOVED_BYTES), (MOVED, zpool.MOVED_FROM), (MOVED, zpool.MOVED_TO)]


class Z3foldBench:
    """A z3fold pool whose operations return what the machine returns, on either engine.

    asked and allocated tell what the scripted owner saw and did in the last shrink; move what the
    last free or piece of work moved: (bytes, from, to), or None.
    """

    def __init__(self, engine: str, max_pages: int = 64, **options: int) -> None:
        self.engine = engine
        self.state = z3fold.DRIVER.create(max_pages, zeros_of(engine), **options)
        self.asked: list[int] = []
        self.allocated: list[int] = []
        self.move: Move | None = None
        self._entry = entry(run_z3_tape, engine)

    def run(self, owner: Any, steps: Sequence[tuple[int, ...]]) -> list[int]:
        """Run steps of (operation, argument, word) with an owner; return their results."""
        rows = [(*step, 0, 0)[:3] for step in steps]
        columns = [build.ints([row[k] for row in rows], self.engine) for k in range(3)]
        results = zeros_of(self.engine)(len(rows))
        assert self._entry(self.state, owner, *columns, results) == len(rows)
        return plain(results)

    def tape(
        self, steps: Sequence[tuple[int, ...]], plan: Sequence[int] = (FREES,), size: int = 64
    ) -> list[int]:
        """Run steps with a scripted owner; return their results."""
        zeros = zeros_of(self.engine)
        owner = Script(build.ints(list(plan), self.engine), zeros(512), zeros(512), zeros(3))
        owner.counts[SIZE] = size
        results = self.run(owner, steps)
        self.asked = [int(owner.asked[i]) for i in range(owner.counts[CALLS])]
        self.allocated = [int(owner.allocated[i]) for i in range(owner.counts[ALLOCATIONS])]
        return results

    def malloc(self, size: int) -> int:
        return self.tape([(MALLOC, size)])[0]

    def free(self, handle: int) -> int:
        outcome, *move = self.tape([(FREE, handle), *MOVE])
        self._note(move)
        return outcome

    def work(self) -> int:
        ran, *move = self.tape([(WORK,), *MOVE])
        self._note(move)
        return ran

    def _note(self, move: list[int]) -> None:
        self.move = (move[0], move[1], move[2]) if move[0] else None

    def map(self, handle: int) -> int:
        return self.tape([(MAP, handle)])[0]

    def owner(self, handle: int) -> int:
        return self.tape([(READ_OWNER, handle)])[0]

    def set_owner(self, handle: int, word: int) -> int:
        return self.tape([(WRITE_OWNER, handle, word)])[0]

    def shrink(self, pages: int, plan: Sequence[int] = (FREES,), size: int = 64) -> tuple[int, int]:
        """Return the outcome and the pages reclaimed."""
        outcome, reclaimed = self.tape([(SHRINK, pages), (RECLAIMED,)], plan, size)
        return outcome, reclaimed

    def shrink_as_recorded(self, outcomes: Sequence[int]) -> tuple[int, list[int], list[int]]:
        """Shrink by a page; return the outcome, the handles asked for, and pages after each."""
        answers = build.ints(list(outcomes), self.engine)
        asked, pages, calls = (zeros_of(self.engine)(n) for n in (len(answers), len(answers), 1))
        owner = Recorded(answers, asked, pages, calls)
        (outcome,) = self.run(owner, [(SHRINK, 1)])
        return outcome, plain(asked)[: calls[0]], plain(pages)[: calls[0]]

    def reclaim_page(self, retries: int, plan: Sequence[int] = (FREES,), size: int = 64) -> int:
        return self.tape([(RECLAIM_PAGE, retries)], plan, size)[0]

    def place(self, handle: int) -> tuple[int | str, ...]:
        return z3fold.z3fold_place(self.state, self.map(handle))

    @property
    def pages(self) -> int:
        return self.tape([(TOTAL_PAGES,)])[0]

    @property
    def lru(self) -> list[int]:
        """Pages, newest first."""
        return lru_pages(self.state.lru)

    @property
    def queue(self) -> list[int]:
        """Pages that wait to be compacted, the next one first."""
        return [node - zp.WORK for node in list_nodes(self.state.work, zp.WORK)]

    @property
    def unbuddied(self) -> dict[int, list[int]]:
        """Free chunks -> pages, newest first; empty lists left out."""
        lists = {
            free: [node - zp.WORK for node in list_nodes(self.state.buddy, free)]
            for free in range(zp.TOTAL_CHUNKS)
        }
        return {free: pages for free, pages in lists.items() if pages}

    def _field(self, page: int, field: int) -> int:
        return int(zp.zhdr_get(self.state, page, field))

    def live(self, page: int) -> bool:
        return self._field(page, zp.FLAGS) != 0

    def foreign(self, page: int) -> int:
        return self._field(page, zp.FOREIGN_HANDLES)

    def chunks(self, page: int) -> tuple[int, int, int]:
        """Chunks of a page's FIRST, MIDDLE and LAST."""
        first, middle, last = (self._field(page, bud) for bud in (zp.FIRST, zp.MIDDLE, zp.LAST))
        return first, middle, last

    def objects(self, page: int) -> int:
        """How many objects a page has."""
        return sum(self._field(page, bud) != 0 for bud in range(zp.BUDDIES))

    def snapshot(self) -> Any:
        """Everything, for "nothing changed"."""
        return flatten(self.state)

    def check(self) -> None:
        z3fold.DRIVER.check(self.state)


def at(page: int, chunk: int) -> int:
    """Return the byte address of a chunk of a page."""
    return page * 4096 + chunk * zp.CHUNK_SIZE


def fill_page(pool: Z3foldBench, *chunks: int) -> list[int]:
    """Fill a page with FIRST, LAST and MIDDLE, in the order in which they come."""
    return [pool.malloc(size * zp.CHUNK_SIZE) for size in chunks or (20, 20, 22)]
