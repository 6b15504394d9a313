# SPDX-License-Identifier: GPL-2.0-only
"""Drives the machine in tests, the same way for both engines.

Compiled functions can only be reached through an entry loop. Here are one for a zbud pool
(run_tape; that of any pool is in zswapsim.conformance.tape), and two benches that hide them:
SwapBench for zswap with a pool of zbud and one of zsmalloc, MachineBench for the whole machine.
Each kind has one signature, so it is compiled once, whatever the kernel.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from zswapsim.conformance.strict import flatten, plain, zeros_of
from zswapsim.conformance.tape import RECLAIM_PAGE, do_operation, entry
from zswapsim.engine.simulated import Ints
from zswapsim.errors import EEXIST
from zswapsim.machine import accesses as a
from zswapsim.machine import audit, build, events
from zswapsim.machine import journal as j
from zswapsim.machine import memory as m
from zswapsim.machine.faults import Row, make_faults
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import z3fold, zbud, zpool, zpools, zsmalloc
from zswapsim.machine.reclaim import POLICIES, clock, lru, two_list  # noqa: F401
from zswapsim.machine.swap import VMSTAT, Swap
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.entry import lru_head


def run_tape(
    pool: Any, owner: Any, operations: Ints, arguments: Ints, words: Ints, results: Ints
) -> int:
    """Run operations on one zbud pool; return their number."""
    for i in range(len(operations)):
        if operations[i] == RECLAIM_PAGE:
            results[i] = zbud.zbud_reclaim_page(pool, owner, arguments[i])
        else:
            results[i] = do_operation(pool, owner, operations[i], arguments[i], words[i])
    return len(operations)


EVENT_NAMES = {
    number: name
    for name, number in vars(j).items()
    if re.search(rf"^\| {name} ", j.__doc__ or "", re.MULTILINE)
}
"""The events of the journal: the names in the table at its head."""


class Record(NamedTuple):
    """One record of the journal, in words."""

    event: str
    slot: int
    pool: int
    address: int
    length: int
    content: int
    at: int


def drain(journal: j.Journal) -> list[Record]:
    """Take all records off a journal."""
    return [
        Record(EVENT_NAMES[event], *rest) for event, *rest in zip(*j.drain(journal), strict=True)
    ]


def run_all_events(
    swap: Swap, columns: Sequence[Sequence[int]], snapshots: int, engine: str
) -> tuple[events.Outcomes, list[Record]]:
    """Run events and their shrink work to the end, draining the journal whenever it stops."""
    run = entry(events.run_events, engine)
    tape = events.Events(*(build.ints(list(column), engine) for column in columns))
    outcomes = events.make_outcomes(len(tape.operation), snapshots, zeros_of(engine))
    records: list[Record] = []
    at = 0
    while at < len(tape.operation):
        reached = run(swap, tape, outcomes, at)
        taken = drain(swap.journal)
        assert reached > at or taken, "the loop does not come forward"
        outcomes.drained[0] += len(taken)
        records += taken
        at = reached
    if swap.zswap.counters[z.SHRINK_QUEUED]:
        records += run_all_events(swap, [[events.OP_LOOK], [0], [0], [0], [0]], 1, engine)[1]
    return outcomes, records


def make_swap(
    engine: str,
    slots: int = 512,
    journal_capacity: int = 4096,
    pool_types: Sequence[str] = ("zbud", "zsmalloc"),
    pool_pages: int | None = None,
    faults: Sequence[Row] = (),
    **config: Any,
) -> Swap:
    """Return swap with these pools, of which number 0 is in use."""
    zeros = zeros_of(engine)
    swap = build.make_zswap_swap(
        build.ZswapConfig(**config),
        slots,
        pool_types,
        0,
        zeros,
        pool_pages,
        faults=make_faults(faults, slots, zeros),
    )
    return swap._replace(journal=j.make_journal(journal_capacity, j.ALL_EVENTS, zeros))


class SwapBench:
    """zswap in front of a swap file, one event at a time. records: what the last event wrote.

    pool: number of the pool first in use: zbud's, or zsmalloc's where the kernel has only that.
    """

    def __init__(self, engine: str = "interpreted", pool: int | None = None, **config: Any) -> None:
        self.engine = engine
        self.swap = make_swap(engine, **config)
        self.records: list[Record] = []
        self.pool = int(config.get("kernel") == "6.18") if pool is None else pool
        if self.pool:
            self.set_pool(self.pool)

    def run(
        self, operation: int, slot: int = 0, content: int = 0, length: int = 0, same: int = 0
    ) -> int:
        columns = [[operation], [slot], [content], [length], [same]]
        outcomes, self.records = run_all_events(self.swap, columns, 1, self.engine)
        return int(outcomes.outcome[0])

    def store(self, slot: int, length: int = 3960, content: int = 0, same: int = 0) -> int:
        """Store a page; 3960 bytes and the header fill a zbud page but for one chunk."""
        return self.run(events.OP_STORE, slot, content, length, same)

    def load(self, slot: int) -> int:
        return self.run(events.OP_LOAD, slot)

    def invalidate(self, slot: int) -> None:
        self.run(events.OP_INVALIDATE, slot)

    def invalidate_area(self) -> None:
        self.run(events.OP_INVALIDATE_AREA)

    def set_parameter(self, which: int, value: int) -> None:
        self.run(events.OP_SET_PARAMETER, which, value)

    def set_pool(self, number: int) -> None:
        self.run(events.OP_SET_POOL, number)

    def set_busy(self, slot: int, outcome: int = -EEXIST) -> None:
        self.run(events.OP_SET_BUSY, slot, outcome)

    def fill(self, pages: int, first_slot: int = 1) -> None:
        """Store pages that take a zbud page each."""
        columns: list[list[int]] = [[], [], [], [], []]
        for slot in range(first_slot, first_slot + pages):
            for column, value in zip(columns, (events.OP_STORE, slot, slot, 3960, 0), strict=True):
                column.append(value)
        outcomes, self.records = run_all_events(self.swap, columns, 1, self.engine)
        assert plain(outcomes.outcome) == [0] * pages

    def counter(self, number: int) -> int:
        return int(self.swap.zswap.counters[number])

    @property
    def counters(self) -> dict[str, int]:
        """The counters of debugfs that are not 0."""
        return debugfs(self.swap)

    @property
    def vmstat(self) -> dict[str, int]:
        """The counters of vmstat that are not 0."""
        return {name: n for name, n in zip(VMSTAT, plain(self.swap.stat), strict=True) if n}

    @property
    def cached_pages(self) -> int:
        """The pool size that zswap goes by."""
        return self.counter(z.POOL_PAGES)

    def pages(self, number: int | None = None) -> int:
        """The size of a pool as it is, of the one first in use unless said."""
        return int(zpools.pools_pages(self.swap.pools, self.pool if number is None else number))

    def lru(self, number: int | None = None) -> list[int]:
        """Slots of the LRU that a pool's entries are on, oldest first."""
        zswap = self.swap.zswap
        head = lru_head(zswap, self.pool if number is None else number)
        return list_nodes(zswap.lru, head)[::-1]

    def seen(self, *events: str) -> list[tuple[str, int]]:
        """Event and slot of the last event's records of these events."""
        return [(record.event, record.slot) for record in self.records if record.event in events]

    def device(self, slot: int) -> int | None:
        """The content that the swap file holds for a slot."""
        held = int(self.swap.device[slot])
        return held - 1 if held else None

    @property
    def pool_list(self) -> list[int]:
        """Live pools, the current one first."""
        zswap = self.swap.zswap
        return list_nodes(zswap.pool_list, len(zswap.pool_refs))

    @property
    def events(self) -> list[str]:
        """The names of the last event's records."""
        return [record.event for record in self.records]

    def check(self) -> None:
        audit_swap(self.swap)


DRIVERS: dict[type, zpool.ZpoolDriver] = {
    zbud.ZbudPool: zbud.DRIVER,
    z3fold.Z3foldPool: z3fold.DRIVER,
    zsmalloc.ZsPool: zsmalloc.DRIVER,
}


def debugfs(swap: Swap) -> dict[str, int]:
    """The counters of debugfs that are not 0."""
    values = zip(z.DEBUGFS, plain(swap.zswap.counters), strict=False)
    return {name: value for name, value in values if value}


def audit_swap(swap: Swap) -> None:
    """Audit a swap and its pools, of the drivers that come with the package."""
    drivers: list[object] = []
    pools = swap.pools
    while isinstance(pools, zpools.Pools):
        drivers.append(DRIVERS[type(pools.pool)])
        pools = pools.rest
    audit.check_swap(swap, drivers)


def given(accesses: Sequence[int], engine: str) -> Any:
    """Return accesses as a replay has them for the machine, so that one compilation serves both."""
    if engine == "interpreted":
        return list(accesses)
    import numpy as np

    array = np.array(accesses, np.uint32)
    array.flags.writeable = False
    return array


class MachineBench:
    """The whole machine, with one pool, of zbud unless said; or with a swap that is made.

    All arrays are as wide as those of a replay.
    """

    def __init__(
        self,
        engine: str,
        *,
        pages: int,
        limit_pages: int,
        lengths: Sequence[int],
        same_filled: Sequence[int],
        versions: Sequence[tuple[int, int, int]] = (),
        policy: str = "lru",
        slots: int = 64,
        page_cluster: int = 0,
        journal_capacity: int = 1 << 14,
        pool_type: str = "zbud",
        swap: Swap | None = None,
        **config: Any,
    ) -> None:
        self.engine = engine
        zeros = zeros_of(engine)
        if swap is None:
            swap = make_swap(engine, slots, journal_capacity, (pool_type,), **config)
        memory = m.make_memory(pages, slots, limit_pages, zeros, page_cluster)
        for page in range(pages):
            memory.content[page] = len(lengths) - 1
        self.policy = POLICIES.get(policy)
        columns = [build.ints([v[k] for v in versions], engine) for k in range(3)]
        self.machine = m.Machine(
            memory=memory,
            policy=self.policy.create(pages, zeros),
            swap=swap,
            versions=m.Versions(*columns),
            contents=m.Contents(
                build.ints(list(lengths), engine, "int16"),
                build.ints(list(same_filled), engine, "int8"),
            ),
        )
        self.records: list[Record] = []
        self.stops = 0
        self._entry = entry(a.run_accesses, engine)

    def run(self, accesses: Sequence[int], base: int = 0) -> None:
        """Make accesses, draining the journal whenever the loop stops."""
        tape = given(accesses, self.engine)
        at = 0
        while at < len(tape):
            reached = self._entry(self.machine, tape, at, base)
            taken = drain(self.machine.swap.journal)
            assert reached > at or taken, "the loop does not come forward"
            self.records += taken
            self.stops += reached < len(tape)
            at = reached

    @property
    def stat(self) -> dict[str, int]:
        return dict(zip(m.MEMORY, plain(self.machine.memory.stat), strict=False))

    @property
    def vmstat(self) -> dict[str, int]:
        return dict(zip(VMSTAT, plain(self.machine.swap.stat), strict=True))

    @property
    def counters(self) -> dict[str, int]:
        return debugfs(self.machine.swap)

    @property
    def resident(self) -> list[int]:
        """Resident pages as the policy lists them."""
        return self.policy.check(self.machine.policy)

    def state(self) -> Any:
        """All arrays but the journal, whose used part is in records."""
        swap = self.machine.swap
        empty = swap._replace(
            journal=swap.journal._replace(**{name: [] for name in JOURNAL_COLUMNS})
        )
        return flatten(self.machine._replace(swap=empty))

    def check(self) -> None:
        audit_swap(self.machine.swap)
        m.check_memory(self.machine, self.resident)


JOURNAL_COLUMNS = ("event", "slot", "pool", "address", "length", "content", "at")


def alike(engine: str, length: int, *, pages: int, **settings: Any) -> MachineBench:
    """Return memory whose pages all hold one content of that length, never the page of zeros."""
    return MachineBench(
        engine,
        pages=pages,
        lengths=[length, 30],
        same_filled=[0, 2],
        versions=[(0, page, 0) for page in range(pages)],
        **settings,
    )
