# SPDX-License-Identifier: GPL-2.0-only
"""Drives zram in tests, the same way for both engines, and a naive model of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from machine_driver import EVENT_NAMES
from zsmalloc_driver import ZsOracle

from zswapsim.conformance.strict import flatten, plain, zeros_of
from zswapsim.conformance.tape import (
    entry,
)
from zswapsim.engine.simulated import Ints
from zswapsim.machine import build
from zswapsim.machine import journal as j
from zswapsim.machine.faults import Row, make_faults
from zswapsim.machine.journal import MOVE
from zswapsim.machine.pools import zsmalloc_zspage
from zswapsim.machine.pools.zsmalloc_classes import huge_class_size
from zswapsim.machine.zram import device as z
from zswapsim.machine.zram.audit import zram_check
from zswapsim.machine.zram.compact import zram_compact
from zswapsim.machine.zram.writeback import GO_ON, zram_mark_idle, zram_writeback
from zswapsim.profiles import PERCENT, WASTE

EIO, ENOMEM, ENODEV, EINVAL, ENOSPC = 5, 12, 19, 22, 28
OLD: dict[str, int] = {}
NEW: dict[str, int] = {"max_chain": 8, "algorithm": WASTE, "groups": 12, "oversize": -ENOSPC}
"""Options of the pool in 6.1, and from 6.8 on."""

WRITE, READ, FREE, MARK_IDLE, WRITEBACK, COMPACT, SET = range(7)
MODES = {"idle": 1, "huge": 2, "huge_idle": 3, "page_index": 4}


def run_zram_tape(
    zram: z.Zram, pool: Any, journal: j.Journal, steps: Ints, first: int, results: Ints, stat: Ints
) -> int:
    """Run steps of five integers from number `first` on; return where to go on."""
    for i in range(first, len(results)):
        operation = steps[5 * i]
        a = steps[5 * i + 1]
        b = steps[5 * i + 2]
        if not j.has_headroom(journal):
            return i
        if operation == WRITE:
            length = steps[5 * i + 3]
            same = steps[5 * i + 4]
            results[i] = z.zram_bvec_write(zram, pool, journal, a, b, length, same)
        elif operation == READ:
            results[i] = z.zram_bvec_read(zram, journal, a)
        elif operation == FREE:
            z.zram_slot_free_notify(zram, pool, journal, a)
        elif operation == MARK_IDLE:
            results[i] = zram_mark_idle(zram, a)
        elif operation == WRITEBACK:
            results[i] = zram_writeback(zram, pool, journal, a, b)
        elif operation == COMPACT:
            results[i] = zram_compact(zram, pool, journal)
        else:
            zram.parameters[a] = b
        if results[i] == GO_ON:
            return i
    z.mm_stat_show(zram, pool, stat, 0)
    z.bd_stat_show(zram, stat, len(z.MM_STAT))
    return len(results)


class ZramBench:
    """A zram whose operations return what the machine returns; records: what the last one wrote.

    blocks: pages of the backing device, the first of which is never used.
    """

    def __init__(
        self,
        engine: str,
        slots: int = 64,
        *,
        limit_pages: int = 0,
        blocks: int = 0,
        tracking: bool = False,
        pool_pages: int = 256,
        pool: dict[str, int] = OLD,
        journal_capacity: int = 1024,
        faults: Sequence[Row] = (),
    ) -> None:
        self.engine = engine
        zeros = zeros_of(engine)
        self.pool = zsmalloc_zspage.zs_create_pool(pool_pages, zeros, **pool)
        self.zram = z.make_zram(
            slots,
            huge_class_size=huge_class_size(pool.get("max_chain", 4), pool.get("algorithm", 0)),
            limit_pages=limit_pages,
            backing_blocks=blocks,
            zeros=zeros,
            memory_tracking=tracking,
            faults=make_faults(faults, slots, zeros),
        )
        self.journal = j.make_journal(journal_capacity, j.ALL_EVENTS, zeros)
        self.records: list[tuple[Any, ...]] = []
        self.stops = 0
        self._stat = zeros(len(z.MM_STAT) + len(z.BD_STAT))
        self._entry = entry(run_zram_tape, engine)

    def tape(self, *steps: tuple[int, ...]) -> list[int]:
        """Run steps, draining the journal whenever the loop stops; return their outcomes."""
        rows = [(*step, 0, 0, 0, 0)[:5] for step in steps]
        flat = build.ints([number for row in rows for number in row], self.engine)
        results = zeros_of(self.engine)(len(rows))
        self.records = []
        state = (self.zram, self.pool, self.journal)
        at = -1
        while at < len(rows):
            at = self._entry(*state, flat, max(at, 0), results, self._stat)
            taken = [
                ("MOVE" if event == MOVE else EVENT_NAMES[event], *rest)
                for event, *rest in zip(*j.drain(self.journal), strict=True)
            ]
            assert at == len(rows) or taken, "the loop does not come forward"
            self.stops += at < len(rows)
            self.records += taken
        return plain(results)

    def write(self, slot: int, length: int = 1000, content: int = 0, same: int = 0) -> int:
        return self.tape((WRITE, slot, content, length, same))[0]

    def read(self, slot: int) -> tuple[Any, ...]:
        """Read a slot; return the one record of it, without the position."""
        assert self.tape((READ, slot)) == [0]
        [record] = self.records
        return record[:-1]

    def free(self, slot: int) -> None:
        self.tape((FREE, slot))

    def mark_idle(self, age: int = -1) -> int:
        return self.tape((MARK_IDLE, age))[0]

    def writeback(self, mode: str | int, page_index: int = 0) -> int:
        number = MODES[mode] if isinstance(mode, str) else mode
        return self.tape((WRITEBACK, number, page_index))[0]

    def compact(self) -> int:
        """Compact; return the pages freed."""
        before = int(self.zram.counters[z.PAGES_COMPACTED])
        assert self.tape((COMPACT,)) == [0]
        return int(self.zram.counters[z.PAGES_COMPACTED]) - before

    def set_parameter(self, which: int, value: int) -> None:
        self.tape((SET, which, value))

    def set_writeback_limit(self, pages: int | None) -> None:
        self.set_parameter(z.WRITEBACK_LIMIT_ENABLE, int(pages is not None))
        self.set_parameter(z.WRITEBACK_LIMIT_PAGES, pages or 0)

    @property
    def stat(self) -> list[int]:
        """The columns of mm_stat and bd_stat; the last operation's records are not lost."""
        records = self.records
        self.tape()
        self.records = records
        return plain(self._stat)

    @property
    def mm_stat(self) -> dict[str, int]:
        return dict(zip(z.MM_STAT, self.stat, strict=False))

    @property
    def bd_stat(self) -> dict[str, int]:
        return dict(zip(z.BD_STAT, self.stat[len(z.MM_STAT) :], strict=True))

    @property
    def pages(self) -> int:
        return self.mm_stat["mem_used_total"] // 4096

    @property
    def kinds(self) -> list[int]:
        return plain(self.zram.kind)

    @property
    def idle(self) -> list[int]:
        """The slots that are marked idle."""
        return [slot for slot, idle in enumerate(plain(self.zram.idle)) if idle]

    @property
    def events(self) -> list[str]:
        return [record[0] for record in self.records]

    @property
    def coded(self) -> dict[str, int]:
        """How often the compressor ran: compressions, loads and writebacks that were undone."""
        names = {
            "compressions": z.COMPRESSIONS,
            "loads": z.LOAD_DECOMPRESSIONS,
            "writebacks": z.WRITEBACK_DECOMPRESSIONS,
        }
        return {name: int(self.zram.counters[number]) for name, number in names.items()}

    def snapshot(self) -> Any:
        """Everything but the journal."""
        return flatten((self.zram, self.pool))

    def check(self) -> None:
        zram_check(self.zram, self.pool)


@dataclass
class Slot:
    """What a slot holds: its object's handle, or its block."""

    content: int
    length: int = 0
    handle: int = 0
    block: int = 0
    idle: bool = False
    used_at: int = 0

    @property
    def huge(self) -> bool:
        return self.length == 4096


@dataclass
class ZramOracle:
    """zram as a dict of slots above the naive zsmalloc, written from specification section 6."""

    pool: ZsOracle
    slots: int
    limit_pages: int = 0
    blocks: int = 0
    tracking: bool = False
    writeback_limit: int | None = None
    table: dict[int, Slot] = field(default_factory=dict)
    peak: int = 0
    compacted: int = 0
    huge_since: int = 0
    bd_reads: int = 0
    bd_writes: int = 0
    coded: Counter[str] = field(default_factory=Counter)
    clock: int = 0
    records: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def huge_class_size(self) -> int:
        return 3625 if self.pool.max_chain == 8 else 3257

    def objects(self) -> list[Slot]:
        return [slot for slot in self.table.values() if slot.length]

    def note(self, *record: Any) -> None:
        self.records.append((*record, 0))

    def used(self, number: int) -> None:
        self.clock += 1
        if number in self.table:
            self.table[number].idle = False
            self.table[number].used_at = self.clock

    def write(self, number: int, content: int, length: int, same: bool) -> int:
        outcome = self.try_write(number, content, length, same)
        if outcome:
            self.note("STORE_FAILED", number, 0, 0, length, outcome)
        self.used(number)
        return outcome

    def try_write(self, number: int, content: int, length: int, same: bool) -> int:
        new = Slot(content)
        if not same:
            self.coded["compressions"] += 1
            if length < 0:
                return length
            new.length = 4096 if length >= self.huge_class_size else length
            new.handle = self.pool.malloc(new.length)
            if new.handle < 0:
                return new.handle
            self.peak = max(self.peak, self.pool.pages())
            if self.limit_pages and self.pool.pages() > self.limit_pages:
                self.pool.free(new.handle)
                return -ENOMEM
            self.note("STORE", number, 0, new.handle, new.length, content)
            self.huge_since += new.huge
        self.release(number)
        if same:
            self.note("STORE_SAME", number, 0, 0, 0, content)
        self.table[number] = new
        return 0

    def release(self, number: int) -> None:
        slot = self.table.pop(number, None)
        if slot is not None and slot.length:
            self.pool.free(slot.handle)
            self.note("FREE", number, 0, slot.handle, slot.length, slot.content)

    def free(self, number: int) -> None:
        self.note("INVALIDATE", number, 0, 0, 0, 0)
        self.release(number)

    def read(self, number: int) -> None:
        slot = self.table.get(number)
        if slot is None:
            self.note("LOAD_MISS", number, 0, 0, 0, 0)
        elif slot.block:
            self.note("SWAP_READ", slot.block, 0, 0, 0, slot.content)
            self.bd_reads += 1
        elif slot.length:
            self.note("LOAD", number, 0, slot.handle, slot.length, slot.content)
            self.coded["loads"] += not slot.huge
        else:
            self.note("LOAD_SAME", number, 0, 0, 0, slot.content)
        self.used(number)

    def mark_idle(self, age: int) -> int:
        if age != -1 and not self.tracking:
            return -EINVAL
        for slot in self.table.values():
            if age == -1 or self.clock - slot.used_at > age:
                slot.idle = True
        return 0

    def free_block(self) -> int | None:
        taken = {slot.block for slot in self.table.values()}
        return min(set(range(1, self.blocks)) - taken, default=None)

    def writeback(self, mode: str, page_index: int = 0) -> int:
        if not self.blocks:
            return -ENODEV
        numbers = [page_index] if mode == "page_index" else range(self.slots)
        for number in numbers:
            block = self.free_block()
            if self.writeback_limit == 0:
                return -EIO
            if block is None:
                return -ENOSPC
            slot = self.table.get(number)
            if slot is None or not slot.length:
                continue
            if (mode.endswith("idle") and not slot.idle) or ("huge" in mode and not slot.huge):
                continue
            self.note("WRITEBACK", block, 0, slot.handle, slot.length, slot.content)
            self.coded["writebacks"] += not slot.huge
            self.release(number)
            self.table[number] = Slot(slot.content, block=block)
            self.bd_writes += 1
            if self.writeback_limit is not None:
                self.writeback_limit -= 1
        return 0

    def compact(self) -> None:
        pages, moves = self.pool.compact()
        self.compacted += pages
        for old, new in moves:
            [slot] = [slot for slot in self.objects() if slot.handle == old]
            slot.handle = new
            self.note("MOVE", 0, 0, old, slot.length, new)

    def mm_stat(self) -> list[int]:
        objects = self.objects()
        same = sum(not slot.length and not slot.block for slot in self.table.values())
        return [
            len(self.table) * 4096,
            sum(slot.length for slot in objects),
            self.pool.pages() * 4096,
            self.limit_pages * 4096,
            self.peak * 4096,
            same,
            self.compacted,
            sum(slot.huge for slot in objects),
            self.huge_since,
        ]

    def bd_stat(self) -> list[int]:
        return [sum(s.block > 0 for s in self.table.values()), self.bd_reads, self.bd_writes]


def make_oracle(slots: int, pool_pages: int, pool: dict[str, int], **settings: Any) -> ZramOracle:
    rules = {"max_chain": 4, "algorithm": PERCENT, **pool}
    return ZramOracle(ZsOracle(pool_pages, **rules), slots, **settings)
