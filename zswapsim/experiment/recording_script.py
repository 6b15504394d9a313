# SPDX-License-Identifier: GPL-2.0-only
"""A recording as the machine's events: what was done to it, and nothing of what it answered."""

import contextlib
from typing import Any

from zswapsim import profiles
from zswapsim.content.compressors import Compressor, compressor, most_exact
from zswapsim.content.page_store import PageStore
from zswapsim.content.same_filled import same_filled_kinds
from zswapsim.engine import engines
from zswapsim.errors import EINVAL, TraceError
from zswapsim.experiment.kernel_recording import MAX_DIGITS, MAX_SLOTS, KernelRecording, Step
from zswapsim.machine import events as ev
from zswapsim.machine import journal as j
from zswapsim.machine.build import ZswapConfig, ints, make_zswap_swap
from zswapsim.machine.pools import zpool
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap import state as z
from zswapsim.units import MAX_PERCENT

PARAMETERS = {
    "enabled": z.ENABLED,
    "max_pool_percent": z.MAX_POOL_PERCENT,
    "accept_threshold_percent": z.ACCEPT_THRESHOLD_PERCENT,
    "same_filled_pages_enabled": z.SAME_FILLED_PAGES_ENABLED,
    "non_same_filled_pages_enabled": z.NON_SAME_FILLED_PAGES_ENABLED,
    "exclusive_loads": z.EXCLUSIVE_LOADS,
    "shrinker_enabled": z.SHRINKER_ENABLED,
}
MAX_NAME = 64
UNKNOWN_LENGTH = 1
"""Length of a page that the kernel refused before compressing; a store of it would show."""

UNTAGGED_HANDLES = ("6.12", "6.18")
"""Kernels whose zsmalloc keeps an object's location without a tag bit below its index.

The recorder reads the word as 6.1 lays it out, so the lowest bit of these indices is not recorded.
"""

Place = tuple[int | str, ...]
Record = tuple[int, int, int, Place, int, int]
"""Of the journal: event, slot, pool, place of the object, length, content."""


class RecordingScript:
    """The events of a recording, and a machine to run them.

    pools: (zpool, compressor) of each pool by number; step_ends: rows before the end of each step;
    codecs: our compressors by the recording's name, as far as pages were compressed anew.
    """

    def __init__(self, recording: KernelRecording, *, own_sizes: bool) -> None:
        """own_sizes: compress with our own compressors instead of taking the recorded lengths.

        A recording without events has no lengths.
        """
        self.recording = recording
        self.row = profiles.profile(recording.kernel)
        self.pools: list[tuple[str, str]] = []
        self.step_ends: list[int] = []
        self._own_sizes = own_sizes or not recording.has_events
        self._kinds = same_filled_kinds(recording.pages).tolist()
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._zpool, self._compressor = self.row.default_zpool, self.row.default_compressor
        self._current = 0
        self.codecs: dict[str, Compressor] = {}
        self._own_lengths: dict[str, list[int]] = {}
        self._page_store = PageStore(
            recording.pages, len(self._kinds), digest=recording.pages_sha256
        )
        content_of: dict[int, int] = {}
        knobs: dict[int, list[tuple[str, str]]] = {}
        for number, knob, value in recording.knobs():
            if len(value) > MAX_NAME:
                raise TraceError(f"{recording.path}: step {number}: {knob}={value:.40} is too long")
            knobs.setdefault(number, []).append((knob, value))
        first = sorted(knobs.pop(-1, []), key=lambda setting: setting[0] != "compressor")
        self._use_pool_of(first)
        for knob, value in first:
            if knob not in ("zpool", "compressor"):
                self._set(-1, knob, value)
        for number, step in enumerate(recording.steps):
            words = step.words
            if words[0] == "f":
                content_of[int(words[1])] = int(words[2])
            for knob, value in knobs.get(number, ()):
                self._set(number, knob, value)
            content = content_of.get(int(words[1]), -1) if words[0] == "s" else -1
            self._add_events(step, content)
            self._rows.append((ev.OP_SNAPSHOT, number, 0, 0, 0))
            self.step_ends.append(len(self._rows))

    def header_bytes(self, pool: int) -> int:
        """Return the bytes that zswap puts before the data in the pool of that number."""
        type_ = self.pools[pool][0] if self.pools else self._zpool
        return self.row.header_bytes if zpool.get_driver(type_).evictable else 0

    def run(self, engine: str) -> tuple[list[Record], ev.Outcomes]:
        """Run the events; return all records of the journal, and the outcomes.

        Places of objects are looked up as the run goes on: an address need not tell them later.
        """
        zeros = engines.zeros(engine)
        rows = self._rows
        if any(zpool.get_driver(type_).moves for type_, _ in self.pools):
            rows, self.step_ends = _with_work(rows)
        slots = 2 + max((row[1] for row in rows if row[0] < ev.OP_WORK), default=0)
        config = ZswapConfig(
            kernel=self.recording.kernel, totalram_pages=self.recording.totalram_pages
        )
        types = [type_ for type_, _ in self.pools]
        swap = make_zswap_swap(config, slots, types, j.ALL_EVENTS, zeros, deferred_work=True)
        columns = zip(*rows, strict=True)
        events = ev.Events(*(ints(column, engine) for column in columns))
        outcomes = ev.make_outcomes(len(rows), len(self.recording.steps), zeros)
        run = engines.entry(ev.run_events, engine)
        index_shift = int(self.recording.kernel in UNTAGGED_HANDLES)
        places = _Places(swap, types, index_shift)
        journal: list[Record] = []
        position = 0
        while position < len(rows):
            with engines.uninterrupted() if position == 0 else contextlib.nullcontext():
                position = run(swap, events, outcomes, position)
            records = list(zip(*j.drain(swap.journal), strict=True))
            outcomes.drained[0] += len(records)
            journal += [places.place(*record) for record in records]
        return journal, outcomes

    def _set(self, number: int, knob: str, value: str) -> None:
        if knob in ("zpool", "compressor"):
            self._use_pool_of([(knob, value)])
        elif knob in PARAMETERS:
            setting = {"Y": 1, "N": 0}.get(value)
            if setting is None:
                setting = _number(self.recording, number, knob, value)
            self._rows.append((ev.OP_SET_PARAMETER, PARAMETERS[knob], setting, 0, 0))
        else:
            raise TraceError(f"{self.recording.path}: step {number}: unknown knob {knob!r}")

    def _use_pool_of(self, knobs: list[tuple[str, str]]) -> None:
        """Make the pool current that the knobs zpool and compressor name, as far as they do."""
        named = dict(knobs)
        self._zpool = named.get("zpool", self._zpool)
        self._compressor = named.get("compressor", self._compressor)
        profiles.check_zpool(self.row, self._zpool)
        pair = (self._zpool, self._compressor)
        if pair not in self.pools:
            zpool.get_driver(self._zpool)
            self.pools.append(pair)
        self._current = self.pools.index(pair)
        self._rows.append((ev.OP_SET_POOL, self._current, 0, 0, 0))

    def _add_events(self, step: Step, content: int) -> None:
        if not self.recording.has_events and step.words[0] == "s":
            self._store(self._slot_of(step), content, UNKNOWN_LENGTH)
        for at, event in enumerate(step.events):
            if event[0] == "S":
                busy = _failed_evictions(step.events[at + 1 :])
                self._rows += [(ev.OP_SET_BUSY, slot, errno, 0, 0) for slot, errno in busy]
                self._store(event[1], content, self._recorded_length(step, event))
                self._rows += [(ev.OP_SET_BUSY, slot, 0, 0, 0) for slot, _ in busy]
            elif event[0] == "L":
                self._rows.append((ev.OP_LOAD, event[1], 0, 0, 0))
            elif event[0] == "I":
                self._rows.append((ev.OP_INVALIDATE, event[1], 0, 0, 0))

    def _slot_of(self, step: Step) -> int:
        text = step.where.partition(":")[2]
        if not text.isdecimal() or len(text) > MAX_DIGITS or int(text) >= MAX_SLOTS:
            raise TraceError(f"{self.recording.path}: {step.where[:40]!r} names no slot")
        return int(text)

    def _store(self, slot: int, content: int, length: int) -> None:
        if not 0 <= content < len(self._kinds):
            raise TraceError(f"{self.recording.path}: a store of a page that was never filled")
        if self._own_sizes:
            length = self._own_length(content)
        self._rows.append((ev.OP_STORE, slot, content, length, self._kinds[content]))

    def _recorded_length(self, step: Step, event: list[Any]) -> int:
        """Return the compressed length that an S event tells of, or -EINVAL.

        From 6.6 on its result is 0 or -1, and a counter has to tell why.
        """
        if event[3]:
            return int(event[3]) - self.header_bytes(self._current)
        failed = [name for name in self.recording.changed(step) if name == "reject_compress_fail"]
        return -EINVAL if event[2] == -EINVAL or failed else UNKNOWN_LENGTH

    def _own_length(self, content: int) -> int:
        """Return the length by our compressor, which compresses the whole page set at once."""
        name = self._compressor
        if name not in self._own_lengths:
            codec = self.codecs[name] = compressor(most_exact(name), self.recording.kernel)
            self._own_lengths[name] = self._page_store.lengths(codec).tolist()
        return self._own_lengths[name][content]


class _Places:
    """Where the objects of a run's pools are, by address, as the recordings tell it."""

    def __init__(self, swap: Swap, types: list[str], index_shift: int) -> None:
        self._index_shift = index_shift
        self._places: dict[tuple[int, int], Place] = {}
        self._drivers = [zpool.get_driver(type_) for type_ in types]
        self._states = []
        pools = swap.pools
        for _ in types:
            self._states.append(pools.pool)
            pools = pools.rest

    def place(
        self, event: int, slot: int, pool: int, address: int, length: int, content: int, at: int
    ) -> Record:
        """Return a record of the journal with the place instead of the address.

        Of a MOVE that is the new place; the content is the page that the object was in.
        """
        if event == j.STORE:
            self._places[pool, address] = self._look_up(pool, address)
        elif event == j.MOVE:
            before = self._places.pop((pool, address), ())
            place = self._places[pool, content] = self._look_up(pool, content)
            return event, slot, pool, place, length, int(before[0]) if before else -1
        return event, slot, pool, self._places.get((pool, address), ()), length, content

    def _look_up(self, pool: int, address: int) -> Place:
        place = self._drivers[pool].place(self._states[pool], address)
        if self._drivers[pool].type == "zsmalloc":
            return place[0], int(place[1]) >> self._index_shift
        return place


def _with_work(
    rows: list[tuple[int, int, int, int, int]],
) -> tuple[list[tuple[int, int, int, int, int]], list[int]]:
    """Return the rows with the work that pools put off, and where the steps end.

    The kernel's worker has always run before a store begins, and before a step's system call ends.
    """
    worked: list[tuple[int, int, int, int, int]] = []
    step_ends = []
    for row in rows:
        if row[0] in (ev.OP_STORE, ev.OP_SNAPSHOT):
            worked.append((ev.OP_WORK, 0, 0, 0, 0))
        worked.append(row)
        if row[0] == ev.OP_SNAPSHOT:
            step_ends.append(len(worked))
        else:  # a look, as the next event may move or free what this one placed
            worked.append((ev.OP_LOOK, 0, 0, 0, 0))
    return worked, step_ends


def _number(recording: KernelRecording, step: int, knob: str, value: str) -> int:
    is_number = value.isdecimal() and len(value) <= MAX_DIGITS
    if not is_number or int(value) > MAX_PERCENT:
        raise TraceError(f"{recording.path}: step {step}: {knob}={value:.40} is no setting")
    return int(value)


def _failed_evictions(events: list[list[Any]]) -> list[tuple[int, int]]:
    """Return (slot, -errno) of evictions that failed in the shrink that follows a store.

    Why they failed (swap cache, slot cache) is the memory manager's business: it is given.
    """
    failed = []
    slot = -1
    for event in events:
        if event[0] == "S":
            break
        if event[0] == "E":
            slot = event[1]
        elif event[0] == "e" and event[1] != 0:
            failed.append((slot, event[1]))
    return failed
