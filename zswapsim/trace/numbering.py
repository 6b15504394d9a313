# SPDX-License-Identifier: GPL-2.0-only
"""Numbers pages 0, 1, 2 ... in the order in which they appear, whatever 64-bit names they have.

A hash table with linear probing, in the machine's manner: one source, interpreted and compiled.
Consecutive accesses to one page can be made one: the policy sees the same order of pages, but
counts fewer hits.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints, simulated
from zswapsim.errors import TraceError
from zswapsim.trace.counts import U32, U64

MAX_PAGES = 1 << 31

COUNT, PENDING, MADE = range(3)
_ROOM = 1 << 12


class PageTable(NamedTuple):
    """Names of pages and their numbers.

    entry: (a power of two,) the table, 0 for a free place, else the name's mark << 32 | one more
    than the page's number; keys: (half of that,) names in order of their numbers; state: COUNT
    of pages, PENDING access plus one, or 0 for none, accesses MADE by the last call. 12 bytes a
    place are few for what they do: fetching memory is what a large table costs.
    """

    entry: Ints
    keys: Ints
    state: Ints


@simulated
def mark_of(key: int) -> int:
    """Return 31 bits of a name's hash, whose low bits are where it is looked for first."""
    low = (key & 0x7FFFFFFF) * 0x5BD1E995
    high = ((key >> 31) & 0x7FFFFFFF) * 0x27D4EB2F
    return (low ^ high ^ (key >> 62)) >> 15 & 0x7FFFFFFF


@simulated
def refill(table: PageTable, old: PageTable) -> None:
    """Copy an old table into an empty larger one, place by place, as marks tell the new ones."""
    mask = len(table.entry) - 1
    for old_place in range(len(old.entry)):
        entry = old.entry[old_place]
        if entry != 0:
            place = entry >> 32 & mask
            while table.entry[place] != 0:
                place = place + 1 & mask
            table.entry[place] = entry
    count = old.state[COUNT]
    for index in range(count):
        table.keys[index] = old.keys[index]
    table.state[COUNT] = count
    table.state[PENDING] = old.state[PENDING]


@simulated
def number_of(table: PageTable, key: int) -> int:
    """Return one more than a page's number, a new one if need be; 0 if the table is full."""
    mask = len(table.entry) - 1
    mark = mark_of(key)
    place = mark & mask
    entry = table.entry[place]
    while entry != 0:
        if entry >> 32 == mark and table.keys[(entry & 0xFFFFFFFF) - 1] == key:
            return entry & 0xFFFFFFFF
        place = place + 1 & mask
        entry = table.entry[place]
    count = table.state[COUNT]
    if count == len(table.keys):
        return 0
    table.keys[count] = key
    table.entry[place] = mark << 32 | count + 1
    table.state[COUNT] = count + 1
    return count + 1


@simulated
def number_pages(
    table: PageTable, keys: Ints, writes: Ints, first: int, stop: int, made: Ints, collapse: int
) -> int:
    """Number accesses first..stop-1 into made; return the first one not done, as the table is full.

    made: room for stop - first + 1 encoded accesses. collapse: 1 to make one of consecutive ones
    to a page, written if one of them is; the last stays pending.
    """
    pending = table.state[PENDING] - 1
    count = 0
    at = first
    while at < stop:
        number = number_of(table, keys[at])
        if number == 0:
            break
        access = number - 1
        if writes[at] != 0:
            access += 1 << 31
        if pending >= 0 and collapse != 0 and pending & 0x7FFFFFFF == access & 0x7FFFFFFF:
            pending |= access
        else:
            if pending >= 0:
                made[count] = pending
                count += 1
            pending = access
        at += 1
    table.state[PENDING] = pending + 1
    table.state[MADE] = count
    return at


class PageNumbering:
    """Gives pages their numbers: add, then finish; page_numbers are the names."""

    def __init__(self, engine: str, *, collapse: bool) -> None:
        """engine: interpreted or compiled; collapse: see number_pages."""
        self._engine = engine
        self._collapse = int(collapse)
        self._number = engines.entry(number_pages, engine)
        self._refill = engines.entry(refill, engine)
        self._table = self._make_table(_ROOM)
        self._made = engines.zeros(engine)(1)

    def add(self, keys: Ints, writes: Ints, count: int) -> U32:
        """Return the encoded accesses that `count` more make final: all, or all but the last.

        keys, writes: arrays of the engine, 64-bit names (as signed integers) and 0 or 1.
        TraceError beyond 2**31 - 1 pages.
        """
        if len(self._made) <= count:
            self._made = engines.zeros(self._engine)(count + 1)
        parts = []
        first = 0
        while first < count:
            first = self._number(
                self._table, keys, writes, first, count, self._made, self._collapse
            )
            made = self._made[: self._table.state[MADE]]  # type: ignore[index]
            parts.append(np.asarray(made, np.int64).astype(np.uint32))
            if first < count:
                self._grow()
        return np.concatenate(parts) if parts else np.zeros(0, np.uint32)

    def finish(self) -> U32:
        """Return the last access, if one is pending."""
        pending = self._table.state[PENDING] - 1
        self._table.state[PENDING] = 0
        return np.array([pending] if pending >= 0 else [], np.uint32)

    @property
    def count(self) -> int:
        """Number of pages so far."""
        return int(self._table.state[COUNT])

    @property
    def page_numbers(self) -> U64:
        """The names in order of their numbers: uint64 (count,)."""
        names: npt.NDArray[np.int64] = np.array(self._table.keys[: self.count], np.int64)  # type: ignore[index]
        return names.view(np.uint64)

    def _grow(self) -> None:
        places = 2 * len(self._table.entry)
        if places > 2 * MAX_PAGES:
            raise TraceError(f"more than {MAX_PAGES:,} pages")
        larger = self._make_table(places)
        self._refill(larger, self._table)
        self._table = larger

    def _make_table(self, places: int) -> PageTable:
        zeros = engines.zeros(self._engine)
        return PageTable(zeros(places), zeros(places // 2), zeros(3))


def compile_numbering() -> None:
    """Compile the loops, or load them from the cache."""
    engine = "compiled"
    pages = PageNumbering(engine, collapse=True)
    pages.add(engines.zeros(engine)(1), engines.zeros(engine)(1), 1)
    pages._grow()
