# SPDX-License-Identifier: GPL-2.0-only
"""Drives one zbud pool in tests, the same way for both engines."""

from collections.abc import Sequence
from typing import Any

from machine_driver import run_tape

from zswapsim.conformance.strict import flatten, plain, zeros_of
from zswapsim.conformance.tape import (
    ALLOCATIONS,
    CALLS,
    FREE,
    FREES,
    MALLOC,
    MAP,
    RECLAIM_PAGE,
    RECLAIMED,
    SHRINK,
    SIZE,
    TOTAL_PAGES,
    Script,
    entry,
)
from zswapsim.machine import build
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import zbud


class ZbudBench:
    """A zbud pool whose operations return what the machine returns, on either engine.

    asked and allocated tell what the scripted owner saw and did in the last shrink.
    """

    def __init__(self, engine: str, max_pages: int = 64) -> None:
        self.engine = engine
        self.state = zbud.zbud_create_pool(max_pages, zeros_of(engine))
        self.asked: list[int] = []
        self.allocated: list[int] = []
        self._entry = entry(run_tape, engine)

    def tape(
        self, steps: Sequence[tuple[int, ...]], plan: Sequence[int] = (FREES,), size: int = 64
    ) -> list[int]:
        """Run steps of (operation, argument, word); return their results."""
        rows = [(*step, 0, 0)[:3] for step in steps]
        columns = [build.ints([row[k] for row in rows], self.engine) for k in range(3)]
        zeros = zeros_of(self.engine)
        owner = Script(build.ints(list(plan), self.engine), zeros(512), zeros(512), zeros(3))
        owner.counts[SIZE] = size
        results = zeros(len(rows))
        assert self._entry(self.state, owner, *columns, results) == len(rows)
        self.asked = plain(owner.asked)[: owner.counts[CALLS]]
        self.allocated = plain(owner.allocated)[: owner.counts[ALLOCATIONS]]
        return plain(results)

    def malloc(self, size: int) -> int:
        return self.tape([(MALLOC, size)])[0]

    def free(self, handle: int) -> int:
        return self.tape([(FREE, handle)])[0]

    def map(self, handle: int) -> int:
        return self.tape([(MAP, handle)])[0]

    def shrink(self, pages: int, plan: Sequence[int] = (FREES,), size: int = 64) -> tuple[int, int]:
        """Return the outcome and the pages reclaimed."""
        outcome, reclaimed = self.tape([(SHRINK, pages), (RECLAIMED,)], plan, size)
        return outcome, reclaimed

    def reclaim_page(self, retries: int, plan: Sequence[int] = (FREES,), size: int = 64) -> int:
        return self.tape([(RECLAIM_PAGE, retries)], plan, size)[0]

    @property
    def pages(self) -> int:
        return self.tape([(TOTAL_PAGES,)])[0]

    @property
    def lru(self) -> list[int]:
        """Pages, newest first."""
        return [n - zbud.FIRST_PAGE for n in list_nodes(self.state.lru, zbud.LRU)]

    @property
    def unbuddied(self) -> dict[int, list[int]]:
        """Free chunks -> pages with one object, newest first; empty lists left out."""
        lists = {
            free: [n - zbud.FIRST_PAGE for n in list_nodes(self.state.buddy, free)]
            for free in range(zbud.NCHUNKS)
        }
        return {free: pages for free, pages in lists.items() if pages}

    @property
    def buddied(self) -> list[int]:
        return [n - zbud.FIRST_PAGE for n in list_nodes(self.state.buddy, zbud.BUDDIED)]

    def chunks(self, page: int) -> tuple[int, int]:
        """Chunks of a page's FIRST and LAST."""
        return int(self.state.first_chunks[page]), int(self.state.last_chunks[page])

    def snapshot(self) -> Any:
        """Everything, for "nothing changed"."""
        return flatten(self.state)

    def check(self) -> None:
        zbud.zbud_check(self.state)


def place(handle: int) -> tuple[int | str, ...]:
    """Page, "F" or "L", and byte offset of a zbud handle."""
    assert handle > 0, handle
    return zbud.zbud_place(None, handle)  # type: ignore[arg-type]
