# SPDX-License-Identifier: GPL-2.0-only
"""What the machine did, put into a recording's words and compared with it, step by step."""

from typing import Any

from zswapsim.errors import ENOSPC
from zswapsim.experiment.recording_script import Record, RecordingScript
from zswapsim.machine import events as ev
from zswapsim.machine import journal as j
from zswapsim.machine.pools import zpool
from zswapsim.machine.swap import VMSTAT
from zswapsim.machine.zswap import state as z
from zswapsim.profiles import ALWAYS
from zswapsim.units import PAGE_SIZE

Event = list[Any]

MOVED = "moved"
"""Event of our own: a pool moved an object, which a recording shows by where it is later."""


class Comparison:
    """A recording and what a run of its script did."""

    def __init__(self, script: RecordingScript) -> None:
        self.recording = script.recording
        self.script = script
        self._names = _PageNames(script)

    def first_difference(self, journal: list[Record], outcomes: ev.Outcomes) -> tuple[int, str]:
        """Return how many steps are equal, and one line on the first that differs, or ""."""
        expected_counters = [0] * len(self.recording.columns)
        journal_from = 0
        for number, step in enumerate(self.recording.steps):
            journal_to = int(outcomes.journal_at[self.script.step_ends[number] - 1])
            difference = ""
            if self.recording.has_events:
                spoken = spoken_events(self.script, journal[journal_from:journal_to])
                difference = self._events_differ(step.events, spoken)
            journal_from = journal_to
            for column, value in step.changed:
                expected_counters[column] = value
            for column, name in enumerate(self.recording.columns):
                counted = self._counter(outcomes, number, name)
                if not difference and counted is not None and counted != expected_counters[column]:
                    difference = f"{name}: expected {expected_counters[column]}, got {counted}"
            if difference:
                return number, f"step {number} ({step.op}): {difference}"
        return len(self.recording.steps), ""

    def _events_differ(self, expected: list[Event], spoken: list[Event]) -> str:
        got = []
        for event in spoken:
            if event[0] == MOVED:
                self._names.move(*event[1:])
                continue
            got.append(event)
            if len(got) <= len(expected) and not self._names.same(expected[len(got) - 1], event):
                return f"expected {_text(expected[len(got) - 1])}, got {_text(event)}"
        if len(expected) > len(got):
            return f"{_text(expected[len(got)])} expected, missing"
        if len(got) > len(expected):
            return f"{_text(got[len(expected)])} not expected"
        return ""

    def _counter(self, outcomes: ev.Outcomes, step: int, name: str) -> int | None:
        at = step * (z.COUNTERS + len(VMSTAT))
        if name == "pool_total_size":
            return int(outcomes.counters[at + z.POOL_PAGES]) * PAGE_SIZE
        if name in z.DEBUGFS:
            return int(outcomes.counters[at + z.DEBUGFS.index(name)])
        if name in VMSTAT:
            return int(outcomes.counters[at + z.COUNTERS + VMSTAT.index(name)])
        if name == "nr_writeback" and self.recording.experiment.get("settle_us") is None:
            return 0
        return None  # pages may have been on their way to the device as the reader looked


def spoken_events(script: RecordingScript, records: list[Record]) -> list[Event]:
    """Put the journal's records of a step into the recording's events."""
    said: list[Event] = []
    row = script.row
    free_first = row.exclusive_loads == ALWAYS  # 6.12 frees before it says what it freed for
    held: list[Event] = []
    for event, slot, pool, where, length, content in records:
        header = script.header_bytes(pool)
        if event == j.STORE:
            said.append(["S", slot, 0, length + header, (pool, where)])
        elif event == j.STORE_SAME:
            said.append(["S", slot, 0, 0])
        elif event == j.STORE_FAILED:
            asked = length + header if content == -ENOSPC and length > 0 else 0
            said.append(["S", slot, content if row.frontswap else -1, asked])
        elif event in (j.LOAD, j.LOAD_SAME):
            (held if free_first else said).append(["L", slot, 0])
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
            (held if free_first else said).append(["W", slot, 1])
            held.append(["e", 0])
        elif event == j.SWAP_WRITE:
            said.append(["W", slot, 0])
        elif event == j.FREE:
            said += [["F", (pool, where)], *held]
            held = []
        elif event == j.MOVE:
            said.append([MOVED, pool, content, where[0]])
    return said + held


class _PageNames:
    """Which of our pages is which of the kernel's.

    A kernel's free pages come from where they may, so numbers are compared up to renaming; but
    which object shares a page with which is fixed. A name holds while the page has objects; the
    pages of a zspage live as long as each other.
    """

    def __init__(self, script: RecordingScript) -> None:
        self._theirs: dict[tuple[int, Any], Any] = {}
        self._pages: dict[tuple[int, int], set[tuple[int, Any]]] = {}
        self._objects: dict[tuple[int, int], int] = {}
        drivers = [zpool.get_driver(type_) for type_, _ in script.pools]
        self._page_group = [driver.page_group(**driver.options(script.row)) for driver in drivers]

    def same(self, expected: Event, got: Event) -> bool:
        """Compare two events, and take note of what is stored and freed."""
        plain = 1 if got[0] == "F" else 4
        if len(got) <= plain:
            return bool(expected == got)
        if expected[:plain] != got[:plain]:
            del got[plain:]  # a place says nothing where the event is another
            return False
        pool, (page, *inside) = got[plain]
        place = expected[plain] if len(expected) > plain else None
        if place is None:
            return True
        if got[0] == "S":
            self._add(pool, page)
            if (pool, page) not in self._theirs and place[0] not in self._theirs.values():
                self._theirs[pool, page] = place[0]
        theirs = self._theirs.get((pool, page))
        if got[0] == "F":
            self._remove(pool, page)
        got[plain] = [theirs if theirs is not None else f"ours {page}", *inside]
        return bool([theirs, *inside] == place)

    def move(self, pool: int, before: int, after: int) -> None:
        """Take note of an object that went from one page to another."""
        if before != after:
            self._add(pool, after)
            self._remove(pool, before)

    def _add(self, pool: int, page: int) -> None:
        group = (pool, page // self._page_group[pool])
        self._pages.setdefault(group, set()).add((pool, page))
        self._objects[group] = self._objects.get(group, 0) + 1

    def _remove(self, pool: int, page: int) -> None:
        group = (pool, page // self._page_group[pool])
        self._objects[group] = self._objects.get(group, 0) - 1
        if self._objects[group] == 0:
            for known in self._pages.pop(group):
                self._theirs.pop(known, None)


def _text(event: Event) -> str:
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
