# SPDX-License-Identifier: GPL-2.0-only
"""Fewer accesses with the same faults: the "safely allowed drop" of Kaplan, Smaragdakis, Wilson.

Of three accesses t1 < t2 < t3 to one page, with fewer than k distinct pages from t1 to t3, t2 goes,
unless it is the write that makes the page dirty: t2 writes and t1 does not. LRU with k resident
pages or more, be their number fixed or not, faults where it did before, evicts the same pages, and
lets go of what swap holds of a page at the same access. (In the paper the write moves to t1. Then a
copy in zswap goes too early, and its pool has another size in between.) What is lost: how often
a page was accessed, so policies that look at an accessed bit see less heat, and LRU below k pages.

It runs in one pass. Pending is the longest end of the sequence that has fewer than k distinct
pages; what is older cannot be dropped, as k pages were accessed since. In it a page has at most
three accesses: a read, the write after it, and the latest. So k pages are remembered, however long
the trace is.
"""

from typing import Any, NamedTuple

import numpy as np

from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import InvalidArgument
from zswapsim.trace.counts import U32, U64
from zswapsim.trace.trace import WRITE

MAX_K = 1 << 20
COMPILE_ACCESSES = 1 << 17
"""From so many accesses on compiled code, which takes a second or three to get, is worth it."""

NEVER: U64 = np.zeros(0, np.uint64)
NO_PAGES: U32 = np.zeros(0, np.uint32)

_BLOCK_ACCESSES = 1 << 16


class Window(NamedTuple):
    """The pending accesses, oldest first, of fewer than k pages.

    A page has a slot 0 .. k-1 and three nodes, from 3 * slot on, used in turn; node 3k is the
    list's head.
    page: shape (k,), the page of a slot, SEALED once it was given back. newest: (k,), the node of
    its latest access. chain: (k,), next slot of the same bucket, plus one; of unused slots, the
    next unused one. bucket: (power of two,), first slot of a bucket, plus one. after,
    before: (3k + 1,), the list's links. access: (3k,), encoded. position: (3k,), its index in the
    whole sequence plus one, or 0 for no access. scalar: pages pending, first unused slot plus one.
    """

    page: Ints
    newest: Ints
    chain: Ints
    bucket: Ints
    after: Ints
    before: Ints
    access: Ints
    position: Ints
    scalar: Ints


NODES = 3
PENDING_PAGES = 0
UNUSED = 1
SEALED = 1 << 31


def make_window(k: int, zeros: Zeros) -> Window:
    """Return an empty window for k pages."""
    buckets = 1 << (2 * k - 1).bit_length()
    nodes = NODES * k
    parts = (k, k, k, buckets, nodes + 1, nodes + 1, nodes, nodes, 2)
    window = Window(*(zeros(part) for part in parts))
    window.after[nodes] = window.before[nodes] = nodes
    for slot in range(k):
        window.chain[slot] = slot + 2 if slot + 1 < k else 0
    window.scalar[UNUSED] = 1
    return window


@simulated
def find_slot(window: Window, page: int) -> int:
    """Return the slot of a pending page, or -1."""
    slot = window.bucket[page & (len(window.bucket) - 1)]
    while slot != 0 and window.page[slot - 1] != page:
        slot = window.chain[slot - 1]
    return slot - 1


@simulated
def take_slot(window: Window, page: int) -> int:
    """Give a page, not pending so far, an unused slot."""
    slot = window.scalar[UNUSED] - 1
    window.scalar[UNUSED] = window.chain[slot]
    bucket = page & (len(window.bucket) - 1)
    window.page[slot] = page
    window.chain[slot] = window.bucket[bucket]
    window.bucket[bucket] = slot + 1
    window.scalar[PENDING_PAGES] += 1
    return slot


@simulated
def hide_slot(window: Window, slot: int) -> None:
    """Let a slot not be found by its page any more."""
    bucket = window.page[slot] & (len(window.bucket) - 1)
    other = window.bucket[bucket]
    if other == slot + 1:
        window.bucket[bucket] = window.chain[slot]
    else:
        while window.chain[other - 1] != slot + 1:
            other = window.chain[other - 1]
        window.chain[other - 1] = window.chain[slot]
    window.page[slot] = SEALED


@simulated
def seal_page(window: Window, page: int) -> None:
    """A page was given back: what is pending of it stays, and its next access begins anew."""
    slot = find_slot(window, page)
    if slot >= 0:
        hide_slot(window, slot)


@simulated
def release_slot(window: Window, slot: int) -> None:
    """Forget a page of which nothing is pending any more."""
    if window.page[slot] != SEALED:
        hide_slot(window, slot)
    window.chain[slot] = window.scalar[UNUSED]
    window.scalar[UNUSED] = slot + 1
    window.scalar[PENDING_PAGES] -= 1


@simulated
def unlink(window: Window, node: int) -> None:
    """Take an access out of the list."""
    window.after[window.before[node]] = window.after[node]
    window.before[window.after[node]] = window.before[node]
    window.position[node] = 0


@simulated
def append(window: Window, node: int, access: int, index: int) -> None:
    """Put an access at the list's end."""
    head = len(window.after) - 1
    last = window.before[head]
    window.after[last] = node
    window.before[node] = last
    window.after[node] = head
    window.before[head] = node
    window.access[node] = access
    window.position[node] = index + 1


@simulated
def other_node(node: int, later: int) -> int:
    """Return the node of the same page that is `later` turns after this one."""
    return node - node % NODES + (node + later) % NODES


@simulated
def enter(window: Window, access: int, index: int) -> None:
    """Make an access pending; of three of its page the middle one goes, or makes it dirty."""
    slot = find_slot(window, access & (WRITE - 1))
    if slot < 0:
        slot = take_slot(window, access & (WRITE - 1))
        node = NODES * slot
    else:
        node = window.newest[slot]
        earlier = other_node(node, NODES - 1)
        is_dirty = window.access[earlier] >= WRITE or window.access[node] < WRITE
        if window.position[earlier] != 0 and is_dirty:
            unlink(window, node)
        else:
            # Free: were it pending too, the earlier one would be a write, and this one had gone.
            node = other_node(node, 1)
    window.newest[slot] = node
    append(window, node, access, index)


@simulated
def leave(window: Window, accesses: Ints, indexes: Ints, at: int) -> None:
    """Move the oldest pending access out, to place `at` of the two arrays."""
    node = window.after[len(window.after) - 1]
    accesses[at] = window.access[node]
    indexes[at] = window.position[node] - 1
    unlink(window, node)
    if window.position[other_node(node, 1)] == 0 and window.position[other_node(node, 2)] == 0:
        release_slot(window, node // NODES)


@simulated
def reduce_block(
    window: Window,
    block: Ints,
    count: int,
    base: int,
    freed_at: Ints,
    freed: Ints,
    accesses: Ints,
    indexes: Ints,
) -> int:
    """Enter the first count accesses of a block, of which base came before; move out what is kept.

    freed: pages given back before the accesses freed_at, ascending, none behind the block's end.
    accesses, indexes: room for count + 3k. Returns how many were moved out.
    """
    kept = 0
    given_back = 0
    for place in range(count):
        while given_back < len(freed) and freed_at[given_back] <= base + place:
            seal_page(window, freed[given_back])
            given_back += 1
        enter(window, int(block[place]), base + place)
        while window.scalar[PENDING_PAGES] >= len(window.page):
            leave(window, accesses, indexes, kept)
            kept += 1
    while given_back < len(freed):
        seal_page(window, freed[given_back])
        given_back += 1
    return kept


@simulated
def reduce_rest(window: Window, accesses: Ints, indexes: Ints) -> int:
    """Move out all that is pending; return how many that are."""
    kept = 0
    while window.scalar[PENDING_PAGES] > 0:
        leave(window, accesses, indexes, kept)
        kept += 1
    return kept


class Kept(NamedTuple):
    """Accesses that stay: encoded, uint32, and their indexes in the whole sequence, uint64."""

    accesses: U32
    indexes: U64


class Reducer:
    """Reduces a sequence block by block: add each, then finish.

    k: as given; given, kept: accesses so far; engine: what it runs on now.
    """

    def __init__(self, k: int, engine: str = "auto") -> None:
        """k: 1 .. MAX_K pages, where 1 keeps everything. engine: "auto" compiles if it gets long.

        InvalidArgument if k is out of range, or there is no such engine.
        """
        if not 1 <= k <= MAX_K:
            raise InvalidArgument(f"a reduction by {k} pages; allowed are 1..{MAX_K}")
        self.k = k
        self.given = 0
        self.kept = 0
        self._compile_at = COMPILE_ACCESSES if engine == "auto" else None
        self.engine = engines.choose(engine, 0)
        self._settle(make_window(k, engines.zeros(self.engine)))

    def add(self, block: U32, freed_at: U64 = NEVER, freed: U32 = NO_PAGES) -> Kept:
        """Take the next accesses and return those that are settled; they may be older ones.

        freed: pages given back before the accesses of the indexes freed_at, in the whole sequence:
        ascending, from the block's first access up to its end.
        """
        base, done, parts = self.given, 0, []
        for start in range(0, max(len(block), len(freed) and 1), _BLOCK_ACCESSES):
            part = block[start : start + _BLOCK_ACCESSES]
            end = int(np.searchsorted(freed_at, base + start + len(part), side="right"))
            parts.append(self._add(part, freed_at[done:end], freed[done:end]))
            done = end
        if len(parts) == 1:
            return parts[0]
        return Kept(
            np.concatenate([np.zeros(0, np.uint32), *(part.accesses for part in parts)]),
            np.concatenate([np.zeros(0, np.uint64), *(part.indexes for part in parts)]),
        )

    def finish(self) -> Kept:
        """Return the rest."""
        run = engines.entry(reduce_rest, self.engine)
        return self._taken(run(self._window, self._accesses, self._indexes))

    def _add(self, block: U32, freed_at: U64, freed: U32) -> Kept:
        if self._compile_at is not None and self.given + len(block) > self._compile_at:
            self._compile_at = None
            self.engine = "compiled"
            self._settle(Window(*map(engines.int_array, self._window)))
        kept = self._run(
            self._window,
            self._taken_in(block),
            len(block),
            self.given,
            self._taken_in(freed_at),
            self._taken_in(freed),
            self._accesses,
            self._indexes,
        )
        self.given += len(block)
        return self._taken(kept)

    def _settle(self, window: Window) -> None:
        """Go on with a window of the engine in use."""
        zeros = engines.zeros(self.engine)
        self._window = window
        self._accesses = zeros(_BLOCK_ACCESSES + NODES * self.k)
        self._indexes = zeros(_BLOCK_ACCESSES + NODES * self.k)
        self._run = engines.entry(reduce_block, self.engine)
        none = zeros(0)
        with engines.uninterrupted():  # it may be compiled now
            self._run(window, none, 0, self.given, none, none, self._accesses, self._indexes)

    def _taken_in(self, numbers: U32 | U64) -> Any:
        """Return numbers as the engine in use wants them."""
        return numbers.tolist() if self.engine == "interpreted" else engines.int_array(numbers)

    def _taken(self, count: int) -> Kept:
        self.kept += count
        accesses: Any = self._accesses
        indexes: Any = self._indexes
        return Kept(
            np.array(accesses[:count], np.int64).astype(np.uint32),
            np.array(indexes[:count], np.int64).astype(np.uint64),
        )


class Renumbering:
    """Where positions of a sequence lie in the reduced one: as many accesses as are kept before.

    Positions ascend, and may be given before or after the accesses around them.
    """

    def __init__(self) -> None:
        self._kept = 0
        self._waiting: list[U64] = []
        self._done: list[U64] = []

    def positions(self, at: U64) -> None:
        """Queue positions, none below an earlier one."""
        if len(at):
            self._waiting.append(np.asarray(at, np.uint64))

    def advance(self, indexes: U64) -> None:
        """Take the indexes that were kept next: what is queued up to the last of them is settled.

        All positions up to that one must be queued already.
        """
        if not len(indexes):
            return
        if self._waiting:
            waiting = np.concatenate(self._waiting)
            settled = int(np.searchsorted(waiting, indexes[-1], "right"))
            places = np.searchsorted(indexes, waiting[:settled], "left")
            self._done.append((places + self._kept).astype(np.uint64))
            self._waiting = [waiting[settled:]] if settled < len(waiting) else []
        self._kept += len(indexes)

    def finish(self) -> U64:
        """Return the new positions of all that were queued, in their order."""
        left = sum(len(part) for part in self._waiting)
        return np.concatenate(
            [np.zeros(0, np.uint64), *self._done, np.full(left, self._kept, np.uint64)]
        )
