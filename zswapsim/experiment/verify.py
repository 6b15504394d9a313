# SPDX-License-Identifier: GPL-2.0-only
"""verify: replay a kernel's recording through the machine and find the first difference.

Compared at every step: the outcome of each store and load, the size asked of the pool and the
object's place, each shrink with the order and outcome of its evictions, what was written to the
swap file and by whom, what was freed, and all counters. Lengths are the recording's own, so a wrong
one shows only where it leads to another place. Page numbers are compared up to renaming:
a kernel's free pages come from where they may, but which object shares a page with which is fixed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zswapsim import profiles
from zswapsim.engine import engines
from zswapsim.errors import EINVAL, ENOSPC, InvalidArgument, TraceError
from zswapsim.experiment.kernel_recording import KernelRecording, open_recording
from zswapsim.machine import events as ev
from zswapsim.machine import journal as j
from zswapsim.machine import zpool
from zswapsim.machine import zswap as z
from zswapsim.machine.build import ZswapConfig, ints, make_zswap_swap
from zswapsim.machine.swap import VMSTAT
from zswapsim.units import MAX_PERCENT

PARAMETERS = {
    "enabled": z.ENABLED,
    "max_pool_percent": z.MAX_POOL_PERCENT,
    "accept_threshold_percent": z.ACCEPT_THRESHOLD_PERCENT,
    "same_filled_pages_enabled": z.SAME_FILLED_PAGES_ENABLED,
    "non_same_filled_pages_enabled": z.NON_SAME_FILLED_PAGES_ENABLED,
}
UNKNOWN_LENGTH = 1
"""Length of a page that the kernel refused before compressing; a store of it would show."""


Place = tuple[int | str, ...]
Record = tuple[int, int, int, tuple[int, Place], int, int]
"""Of the journal: event, slot, pool, (pool, place of the object), length, content."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of one recording. difference: None if equal, else one line that says where."""

    name: str
    steps: int
    engine: str
    difference: str | None

    def __str__(self) -> str:
        if self.difference is None:
            return f"{self.name}: equal: {self.steps} steps"
        return f"{self.name}: {self.difference}"


def verify(path: Path, pages_folder: Path | None = None, engine: str = "auto") -> Verdict:
    """Compare one recording. TraceError if it cannot be read, NoEntry if it needs a part that

    there is not (a kernel, a zpool).
    """
    recording = open_recording(path, pages_folder)
    if recording.experiment.get("probes", 1) == 0 and any(
        step.words[0] not in "fs" for step in recording.steps
    ):
        raise InvalidArgument(f"{path}: a recording without events, of operations other than f, s")
    engine = "interpreted" if engine == "auto" else engines.choose(engine, 0)
    script = _Script(recording)
    journal, outcomes = script.run(engine)
    difference = _Comparison(recording, script).first_difference(journal, outcomes)
    return Verdict(recording.name, len(recording.steps), engine, difference)


class _Script:
    """A recording as the machine's events: what is done to it, and nothing of what it answers."""

    def __init__(self, recording: KernelRecording) -> None:
        from zswapsim.content.same_filled import same_filled_words

        self.recording = recording
        self.same_filled = same_filled_words(recording.pages)[0].tolist()
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.step_ends: list[int] = []
        self.pools: list[tuple[str, str]] = []
        self._zpool = self._compressor = ""
        self._lengths: list[int] | None = None
        content_of: dict[int, int] = {}
        knobs: dict[int, list[tuple[str, str]]] = {}
        for number, knob, value in recording.knobs():
            knobs.setdefault(number, []).append((knob, value))
        for knob, value in sorted(knobs.pop(-1), key=lambda setting: setting[0] != "compressor"):
            self._set(-1, knob, value)
        for number, step in enumerate(recording.steps):
            words = step.words
            if words[0] == "f":
                content_of[int(words[1])] = int(words[2])
            for knob, value in knobs.get(number, ()):
                self._set(number, knob, value)
            content = content_of.get(int(words[1]), -1) if words[0] == "s" else -1
            self._add_events(number, content)
            self.rows.append((ev.OP_SNAPSHOT, number, 0, 0, 0))
            self.step_ends.append(len(self.rows))

    def run(self, engine: str) -> tuple[list[Record], ev.Outcomes]:
        """Run the events; return all records of the journal, and the outcomes.

        The places of objects are looked up after each step, as a handle need not tell them later.
        """
        zeros = engines.zeros(engine)
        config = ZswapConfig(
            kernel=self.recording.kernel, totalram_pages=self.recording.totalram_pages
        )
        slots = 2 + max((row[1] for row in self.rows if row[0] != ev.OP_SNAPSHOT), default=0)
        types = [type_ for type_, _ in self.pools]
        swap = make_zswap_swap(config, slots, types, j.ALL_EVENTS, zeros)
        columns = zip(*self.rows, strict=True)
        events = ev.Events(*(ints(column, engine) for column in columns))
        outcomes = ev.make_outcomes(len(self.rows), len(self.recording.steps), zeros)
        run = engines.entry(ev.run_events, engine)
        drivers = [zpool.get_driver(type_) for type_ in types]
        states = [swap.pools]
        while len(states) < len(drivers):
            states.append(states[-1].rest)
        journal: list[Record] = []
        places: dict[tuple[int, int], Place] = {}
        position = 0
        while position < len(self.rows):
            position = run(swap, events, outcomes, position)
            records = list(zip(*j.drain(swap.journal), strict=True))
            outcomes.drained[0] += len(records)
            for event, slot, pool, handle, length, content, _ in records:
                if event == j.STORE:
                    place = drivers[pool].place(states[pool].pool, handle)
                    places[pool, handle] = place
                where = (pool, places.get((pool, handle), ()))
                journal.append((event, slot, pool, where, length, content))
        return journal, outcomes

    def _set(self, number: int, knob: str, value: str) -> None:
        if knob in ("zpool", "compressor"):
            self._zpool, self._compressor = (
                (value, self._compressor) if knob == "zpool" else (self._zpool, value)
            )
            if not self._zpool:
                return
            pair = (self._zpool, self._compressor)
            if pair not in self.pools:
                zpool.get_driver(self._zpool)
                self.pools.append(pair)
            self.rows.append((ev.OP_SET_POOL, self.pools.index(pair), 0, 0, 0))
        elif knob in PARAMETERS:
            setting = {"Y": 1, "N": 0}.get(value)
            if setting is None:
                setting = _number(self.recording, number, knob, value)
            self.rows.append((ev.OP_SET_PARAMETER, PARAMETERS[knob], setting, 0, 0))
        else:
            raise TraceError(f"{self.recording.path}: step {number}: unknown knob {knob!r}")

    def _add_events(self, number: int, content: int) -> None:
        step = self.recording.steps[number]
        if not self.recording.has_events and step.words[0] == "s":
            slot = int(step.where.partition(":")[2])
            self._store(slot, content, self._own_length(content))
        for at, event in enumerate(step.events):
            if event[0] == "S":
                busy = _failed_evictions(step.events[at + 1 :])
                self.rows += [(ev.OP_SET_BUSY, slot, errno, 0, 0) for slot, errno in busy]
                self._store(event[1], content, self._recorded_length(event))
                self.rows += [(ev.OP_SET_BUSY, slot, 0, 0, 0) for slot, _ in busy]
            elif event[0] == "L":
                self.rows.append((ev.OP_LOAD, event[1], 0, 0, 0))
            elif event[0] == "I":
                self.rows.append((ev.OP_INVALIDATE, event[1], 0, 0, 0))

    def _store(self, slot: int, content: int, length: int) -> None:
        if not 0 <= content < len(self.same_filled):
            raise TraceError(f"{self.recording.path}: a store of a page that was never filled")
        self.rows.append((ev.OP_STORE, slot, content, length, self.same_filled[content]))

    def _recorded_length(self, event: list[Any]) -> int:
        if event[2] == -EINVAL:
            return -EINVAL
        return event[3] - self.header_bytes(self._zpool) if event[3] else UNKNOWN_LENGTH

    def header_bytes(self, type_: str) -> int:
        """Return the bytes that zswap puts before the data in a pool of that type."""
        row = profiles.profile(self.recording.kernel)
        return row.header_bytes if zpool.get_driver(type_).evictable else 0

    def _own_length(self, content: int) -> int:
        """Compress with our own library: a recording without events has no lengths."""
        from zswapsim.content.compressors import compressor

        page = self.recording.pages[content * 4096 : (content + 1) * 4096]
        length = len(compressor(self._compressor).compress(page))
        return length if length <= 4096 else -EINVAL


def _number(recording: KernelRecording, step: int, knob: str, value: str) -> int:
    if not value.isdecimal() or int(value) > MAX_PERCENT:
        raise TraceError(f"{recording.path}: step {step}: {knob}={value} is no setting")
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


class _Comparison:
    """What the machine did, put into the recording's words and compared with it."""

    def __init__(self, recording: KernelRecording, script: _Script) -> None:
        self.recording = recording
        self.script = script
        self._theirs: dict[tuple[int, Any], Any] = {}
        self._pages: dict[tuple[int, Any], set[tuple[int, Any]]] = {}
        self._objects: dict[tuple[int, Any], int] = {}
        self._page_group = [zpool.get_driver(type_).page_group() for type_, _ in script.pools]

    def first_difference(self, journal: list[Record], outcomes: ev.Outcomes) -> str | None:
        """Return one line on the first step that differs, or None."""
        expected_counters = [0] * len(self.recording.columns)
        journal_from = 0
        for number, step in enumerate(self.recording.steps):
            journal_to = int(outcomes.journal_at[self.script.step_ends[number] - 1])
            where = f"step {number} ({step.op})"
            if self.recording.has_events:
                got = self._spoken(journal[journal_from:journal_to])
                for expected, actual in zip(step.events, got, strict=False):
                    if not self._same(expected, actual):
                        return f"{where}: expected {_text(expected)}, got {_text(actual)}"
                if len(step.events) != len(got):
                    more = len(step.events) > len(got)
                    odd = (step.events if more else got)[min(len(step.events), len(got))]
                    return (
                        f"{where}: {_text(odd)} {'expected, missing' if more else 'not expected'}"
                    )
            journal_from = journal_to
            for column, value in step.changed:
                expected_counters[column] = value
            for column, name in enumerate(self.recording.columns):
                counted = self._counter(outcomes, number, name)
                if counted is not None and counted != expected_counters[column]:
                    return f"{where}: {name}: expected {expected_counters[column]}, got {counted}"
        return None

    def _counter(self, outcomes: ev.Outcomes, step: int, name: str) -> int | None:
        at = step * (z.COUNTERS + len(VMSTAT))
        if name == "pool_total_size":
            return int(outcomes.counters[at + z.POOL_PAGES]) * 4096
        if name in z.DEBUGFS:
            return int(outcomes.counters[at + z.DEBUGFS.index(name)])
        if name in VMSTAT:
            return int(outcomes.counters[at + z.COUNTERS + VMSTAT.index(name)])
        if name == "nr_writeback" and self.recording.experiment.get("settle_us") == 0:
            return None  # pages were on their way to the device as the reader looked
        return 0 if name in ("nr_writeback", "zswpwb") else None

    def _spoken(self, records: list[Record]) -> list[list[Any]]:
        """Put journal records into the recording's events."""
        said: list[list[Any]] = []
        evicting = False
        pools = self.script.pools
        for event, slot, pool, where, length, content in records:
            header = self.script.header_bytes(pools[pool][0]) if pools else 0
            if event == j.STORE:
                said.append(["S", slot, 0, length + header, where])
            elif event == j.STORE_SAME:
                said.append(["S", slot, 0, 0])
            elif event == j.STORE_FAILED:
                said.append(["S", slot, content, length + header if content == -ENOSPC else 0])
            elif event in (j.LOAD, j.LOAD_SAME):
                said.append(["L", slot, 0])
            elif event == j.LOAD_MISS:
                said.append(["L", slot, -1])
            elif event == j.INVALIDATE:
                said.append(["I", slot])
            elif event == j.SHRINK:
                said.append(["K", 1])
            elif event == j.SHRINK_END:
                said.append(["k", content])
            elif event == j.EVICT:
                said.append(["E", slot])
            elif event == j.EVICT_FAILED:
                said.append(["e", content])
            elif event == j.WRITEBACK:
                evicting = True
                said.append(["W", slot, 1])
            elif event == j.SWAP_WRITE:
                said.append(["W", slot, 0])
            elif event == j.FREE:
                said.append(["F", where])
                if evicting:
                    said.append(["e", 0])
                evicting = False
        return said

    def _same(self, expected: list[Any], got: list[Any]) -> bool:
        plain = 1 if got[0] == "F" else 4
        if len(got) <= plain:
            return expected == got
        if expected[:plain] != got[:plain]:
            return False
        pool, (page, *inside) = got[plain]
        key = (pool, page)
        group = (pool, page // self._page_group[pool])  # of pages that live as long as each other
        place = expected[plain] if len(expected) > plain else None
        if place is None:
            return True
        if got[0] == "S":
            if key not in self._theirs and place[0] not in self._theirs.values():
                self._theirs[key] = place[0]
            self._pages.setdefault(group, set()).add(key)
            self._objects[group] = self._objects.get(group, 0) + 1
        same = bool([self._theirs.get(key), *inside] == place)
        if got[0] == "F":
            self._objects[group] -= 1
            if self._objects[group] == 0:
                for known in self._pages.pop(group):
                    self._theirs.pop(known, None)
        got[plain] = [self._theirs.get(key, f"ours {page}"), *inside]
        return same


def _text(event: list[Any]) -> str:
    names = {
        "S": "store",
        "L": "load",
        "I": "invalidate",
        "K": "shrink",
        "k": "end of shrink",
        "E": "eviction of slot",
        "e": "end of eviction",
        "W": "write to swap of slot",
        "F": "free of",
    }
    return f"{names.get(event[0], event[0])} {' '.join(str(part) for part in event[1:])}"
