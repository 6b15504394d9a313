# SPDX-License-Identifier: GPL-2.0-only
"""The compiled machine's cost of an event with each zpool driver, against that with zbud.

Half a million pages of recorded lengths are stored, loaded and freed at random, about 20,000 at a
time, in zswap of 6.1 without a limit; so the cost is that of the driver and the swap path.
"""

import random
from typing import Any

import numpy as np

from benchmarks.measure import TRACES, ratio
from zswapsim.content.compressors import compressor
from zswapsim.content.page_store import PageStore
from zswapsim.engine import engines
from zswapsim.machine import events as ev
from zswapsim.machine.build import ZswapConfig, ints, make_zswap_swap
from zswapsim.machine.pools import zpool
from zswapsim.trace.trace import Trace

EVENTS = 1_000_000
SLOTS = 20_000
ROUNDS = 7


def main() -> None:
    """Print the ratio of each driver of the kernel's."""
    columns = _events(random.Random(1))
    runs = {type_: _Run(type_, columns) for type_ in ("zbud", "z3fold", "zsmalloc")}
    for type_ in ("z3fold", "zsmalloc"):
        ratio(f"{type_} / zbud, {EVENTS:,} events", runs[type_], runs["zbud"], "<= 3", ROUNDS)


class _Run:
    """All events in a fresh machine; the making of the machine is measured too, and small."""

    def __init__(self, type_: str, columns: list[list[int]]) -> None:
        self.type = zpool.get_driver(type_).type
        self.events = ev.Events(*(ints(column, "compiled") for column in columns))
        self.outcomes = ev.make_outcomes(EVENTS, 1, engines.zeros("compiled"))
        self.run = engines.entry(ev.run_events, "compiled")
        self()

    def __call__(self) -> None:
        config = ZswapConfig(kernel="6.1", totalram_pages=SLOTS, max_pool_percent=1000)
        swap = make_zswap_swap(config, SLOTS, [self.type], 0, engines.zeros("compiled"))
        assert self.run(swap, self.events, self.outcomes, 0) == EVENTS


def _events(chance: random.Random) -> list[list[int]]:
    """Return the columns of random stores, loads and invalidates, which find something to do."""
    trace = Trace.open(TRACES / "sqlite.ztrace")
    store = PageStore(trace.contents_bytes, trace.contents_count, digest=trace.contents_digest)
    lengths: Any = store.lengths(compressor("lz4"))
    lengths = lengths[np.asarray(lengths) > 0].tolist()
    rows = []
    stored: list[int] = []
    free = list(range(1, SLOTS))
    chance.shuffle(free)
    for _ in range(EVENTS):
        kind = chance.random()
        if free and (kind < 0.4 or not stored):
            slot = free.pop()
            stored.append(slot)
            rows.append((ev.OP_STORE, slot, 0, chance.choice(lengths), 0))
        elif kind < 0.6:
            rows.append((ev.OP_LOAD, chance.choice(stored), 0, 0, 0))
        else:
            at = chance.randrange(len(stored))
            stored[at], stored[-1] = stored[-1], stored[at]
            slot = stored.pop()
            free.append(slot)
            chance.shuffle(free) if len(free) < 8 else None
            rows.append((ev.OP_INVALIDATE, slot, 0, 0, 0))
    return [list(column) for column in zip(*rows, strict=True)]
