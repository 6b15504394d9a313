# SPDX-License-Identifier: GPL-2.0-only
"""zswap of every kernel against dicts: outcomes, counters, sizes, pools, contents, journal, LRU."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from kernels import KERNELS, version
from machine_driver import SwapBench, run_all_events
from oracles import EEXIST, EINVAL, ENOMEM, ENOSPC
from zswap_oracle import ZswapOracle

from zswapsim.conformance.strict import plain
from zswapsim.machine import events as ev
from zswapsim.machine.journal import HEADROOM
from zswapsim.machine.zswap import state as z

SLOTS = 64
Row = tuple[int, int, int, int, int]
CODED = {
    z.COMPRESSIONS: "compressions",
    z.LOAD_DECOMPRESSIONS: "loads",
    z.WRITEBACK_DECOMPRESSIONS: "writebacks",
}
PARAMETERS = {
    z.MAX_POOL_PERCENT: "max_pool_percent",
    z.ACCEPT_THRESHOLD_PERCENT: "accept_threshold_percent",
    z.ENABLED: "enabled",
    z.SAME_FILLED_PAGES_ENABLED: "same_filled_enabled",
    z.NON_SAME_FILLED_PAGES_ENABLED: "non_same_filled_enabled",
    z.EXCLUSIVE_LOADS: "exclusive_loads",
    z.SHRINKER_ENABLED: "shrinker_enabled",
}


class RandomEvents:
    """Random events that meet most of what zswap of a kernel can do; contents are never the same.

    Mostly stores: otherwise pools would hardly ever get full.
    """

    def __init__(self, kernel: str, seed: int, pools: Sequence[int]) -> None:
        self.random = Random(seed)
        self.since = version(kernel)
        self.pools = pools
        self.content = 0
        self.stored = [1]

    def slot(self) -> int:
        return self.random.randrange(1, SLOTS)

    def stored_slot(self) -> int:
        """A slot that may be in zswap: one of those stored to last."""
        return self.random.choice(self.stored[-30:])

    def page(self) -> tuple[int, int, int]:
        """Content, length and same-filled of a page."""
        random = self.random
        self.content += 1
        plain_length = random.choice([3960, 3900, 3000, 2000, random.randrange(1, 4097)])
        odd = random.choice([-EINVAL, -ENOSPC, 3961, 4096, 4300, 56, 57])
        length = odd if random.random() < 0.12 else plain_length
        return self.content, length, random.choices([0, 1, 2], [0.85, 0.1, 0.05])[0]

    def parameter(self) -> Row:
        """A parameter that the kernel has, mostly back at its default."""
        random = self.random
        choices = {z.MAX_POOL_PERCENT: [20] * 7 + [50, 5, 0], z.ENABLED: [1, 1, 1, 0]}
        if self.since >= (5, 10):
            choices[z.ACCEPT_THRESHOLD_PERCENT] = [90, 90, 90, 50, 100, 0, 110, 110]
        if (5, 4) <= self.since <= (6, 8):
            choices[z.SAME_FILLED_PAGES_ENABLED] = [1, 0]
        if (6, 1) <= self.since <= (6, 8):
            choices[z.NON_SAME_FILLED_PAGES_ENABLED] = [1, 1, 1, 0]
        if (6, 6) <= self.since <= (6, 8):
            choices[z.EXCLUSIVE_LOADS] = [0, 1]
        if self.since >= (6, 8):
            choices[z.SHRINKER_ENABLED] = [1, 1, 0]
        which = random.choice(list(choices))
        return ev.OP_SET_PARAMETER, which, random.choice(choices[which]), 0, 0

    def rows(self) -> list[Row]:
        """One event, or a folio with its pages, or a swap cache that fills or empties."""
        random = self.random
        kind = random.choices(range(9), [58, 9, 12, 4, 5, 2, 5, 1, 0.3])[0]
        if kind == 0:
            self.stored.append(self.slot())
            return [(ev.OP_STORE, self.stored[-1], *self.page())]
        if kind == 1:
            return [(ev.OP_LOAD, self.stored_slot(), 0, 0, 0)]
        if kind == 2:
            return [(ev.OP_INVALIDATE, self.stored_slot(), 0, 0, 0)]
        if kind == 3:
            why, first = random.choice([0, -EEXIST, -EEXIST, -ENOMEM]), self.slot()
            slots = range(first, min(first + (3 if why else 32), SLOTS))
            return [(ev.OP_SET_BUSY, slot, why, 0, 0) for slot in slots]
        if kind == 4:
            return [self.parameter()]
        if kind == 5:
            return [(ev.OP_SET_POOL, random.choice(self.pools), 0, 0, 0)]
        if kind == 6:
            return [
                (ev.OP_SHRINKER_COUNT, 0, 0, 0, 0),
                (ev.OP_SHRINKER_SCAN, random.randrange(12), 0, 0, 0),
            ]
        if kind == 7:
            pages = random.choice([1, 2, 4, 4, 8])
            first = random.randrange(1, SLOTS - pages)
            return [
                (ev.OP_STORE_FOLIO, first, pages, 0, 0),
                *((ev.OP_FOLIO_PAGE, 0, *self.page()) for _ in range(pages)),
            ]
        return [(ev.OP_INVALIDATE_AREA, 0, 0, 0, 0)]


def apply(oracle: ZswapOracle, rows: Sequence[Row]) -> list[int]:
    """Run events on the oracle; return their outcomes."""
    outcomes = []
    for at, (operation, slot, content, length, same) in enumerate(rows):
        outcome = 0
        if operation == ev.OP_STORE:
            outcome = oracle.store(slot, content, length, same)
        elif operation == ev.OP_LOAD:
            outcome = oracle.load(slot)
        elif operation == ev.OP_INVALIDATE:
            oracle.slot_freed(slot)
        elif operation == ev.OP_INVALIDATE_AREA:
            oracle.invalidate_area()
        elif operation == ev.OP_SET_PARAMETER:
            setattr(oracle, PARAMETERS[slot], content)
        elif operation == ev.OP_SET_POOL:
            oracle.set_pool(slot)
        elif operation == ev.OP_SET_BUSY:
            oracle.busy.pop(slot, None)
            if content:
                oracle.busy[slot] = content
        elif operation == ev.OP_SHRINKER_COUNT:
            outcome = oracle.shrinker_count()
        elif operation == ev.OP_SHRINKER_SCAN:
            outcome = oracle.shrinker_scan(slot)
        elif operation == ev.OP_STORE_FOLIO:
            pages = [row[2:] for row in rows[at + 1 : at + 1 + content]]
            outcome = oracle.store_folio(slot, pages)
        outcomes.append(outcome)
    return outcomes


class Pair:
    """A bench and its oracle, which get the same events."""

    def __init__(
        self,
        kernel: str,
        engine: str,
        pool_types: Sequence[str],
        pool: int,
        *,
        type_slots: int = 0,
        journal_capacity: int = 1 << 15,
        totalram_pages: int = 100,
        pool_pages: int = SLOTS,
        **limits: int,
    ) -> None:
        self.bench = SwapBench(
            engine,
            pool,
            slots=SLOTS,
            kernel=kernel,
            pool_types=pool_types,
            pool_pages=pool_pages,
            totalram_pages=totalram_pages,
            journal_capacity=journal_capacity,
            **limits,
        )
        self.bench.swap.zswap.parameters[z.TYPE_SLOTS] = type_slots
        self.oracle = ZswapOracle(
            kernel,
            totalram_pages,
            pools=pool_types,
            pool_pages=pool_pages,
            current=pool,
            type_slots=type_slots,
            **limits,
        )

    def run(self, rows: Sequence[Row]) -> None:
        """Run events on both; outcomes and records have to be the same."""
        bench = self.bench
        outcomes, records = run_all_events(
            bench.swap, list(zip(*rows, strict=True)), 1, bench.engine
        )
        self.oracle.log.clear()
        assert plain(outcomes.outcome) == apply(self.oracle, rows)
        assert [record[:6] for record in records] == self.oracle.log

    def agree(self) -> None:
        """All that can be seen is the same, and the machine's audit finds nothing."""
        bench, oracle = self.bench, self.oracle
        bench.check()
        assert bench.counters == oracle.gauges()
        coded = [bench.counter(number) for number in CODED]
        assert coded == [oracle.coded[name] for name in CODED.values()]
        assert bench.vmstat == {name: n for name, n in oracle.vmstat.items() if n}
        assert bench.counter(z.REACHED_FULL) == oracle.reached_full
        assert bench.cached_pages == (oracle.cached if oracle.since < (6, 12) else oracle.pages())
        numbers = range(len(oracle.pools))
        assert [bench.pages(n) for n in numbers] == [pool.pages() for pool in oracle.pools]
        if oracle.since >= (5, 4):
            assert bench.pool_list == oracle.live
        if not oracle.frontswap:
            heads = numbers if oracle.since < (6, 12) else range(1)
            assert [bench.lru(n) for n in heads] == [oracle.lru(n) for n in heads]
        if oracle.since >= (6, 8):
            assert bench.counter(z.NR_PROTECTED) == oracle.protected
            assert bench.counter(z.NR_DISK_SWAPINS) == oracle.disk_swapins
        device = {slot: bench.device(slot) for slot in range(SLOTS)}
        assert {s: held for s, held in device.items() if held is not None} == oracle.device
        assert {slot for slot in range(SLOTS) if bench.swap.zero[slot]} == oracle.zero


def pools_of(kernel: str) -> list[tuple[str, str]]:
    """Two pools that a kernel can have."""
    if kernel == "3.11":
        return [("zbud", "zbud")]
    if kernel == "6.18":
        return [("zsmalloc", "zsmalloc")]
    return [("zbud", "zbud"), ("zbud", "zsmalloc"), ("z3fold", "z3fold"), ("zsmalloc", "z3fold")]


class ZswapMachine(RuleBasedStateMachine):
    """3.11's two pools are of two swap types, the others' of one zswap."""

    @initialize(
        kernel=st.sampled_from(KERNELS),
        data=st.data(),
        totalram_pages=st.sampled_from([60, 100, 50, 20, 1000, 4, 0]),
        max_pool_percent=st.sampled_from([20, 20, 20, 10, 100, 0]),
        threshold=st.sampled_from([90, 90, 50, 100, 0]),
        pool_pages=st.sampled_from([64, 64, 64, 8]),
        capacity=st.sampled_from([1 << 15, HEADROOM + 70]),
        seed=st.integers(0, 1 << 32),
    )
    def make(
        self,
        kernel: str,
        data: Any,
        totalram_pages: int,
        max_pool_percent: int,
        threshold: int,
        pool_pages: int,
        capacity: int,
        seed: int,
    ) -> None:
        self.pair = Pair(
            kernel,
            "interpreted",
            data.draw(st.sampled_from(pools_of(kernel))),
            0,
            type_slots=SLOTS // 2 if kernel == "3.11" else 0,
            totalram_pages=totalram_pages,
            pool_pages=pool_pages,
            journal_capacity=capacity,
            max_pool_percent=max_pool_percent,
            accept_threshold_percent=threshold,
        )
        self.random = RandomEvents(kernel, seed, [0] if kernel == "3.11" else [0, 1])
        self.several(40)

    @rule(slot=st.integers(1, SLOTS - 1), same=st.sampled_from([0, 0, 0, 1, 2]), data=st.data())
    def store(self, slot: int, same: int, data: Any) -> None:
        length = data.draw(st.sampled_from([3960, 3961, 4096, -EINVAL]) | st.integers(1, 4096))
        self.random.content += 1
        self.pair.run([(ev.OP_STORE, slot, self.random.content, length, same)])

    @rule(slot=st.integers(1, SLOTS - 1))
    def load(self, slot: int) -> None:
        self.pair.run([(ev.OP_LOAD, slot, 0, 0, 0)])

    @rule(first=st.integers(1, SLOTS - 1), number=st.integers(1, 12))
    def invalidate(self, first: int, number: int) -> None:
        slots = range(first, min(first + number, SLOTS))
        self.pair.run([(ev.OP_INVALIDATE, slot, 0, 0, 0) for slot in slots])

    @rule(number=st.integers(1, 30))
    def several(self, number: int) -> None:
        for _ in range(number):
            self.pair.run(self.random.rows())
            self.agree()

    @invariant()
    def agree(self) -> None:
        self.pair.agree()


TestZswapMachine = ZswapMachine.TestCase


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_short_run_is_that_of_the_naive_zswap_with_all_pools(kernel: str) -> None:
    for seed, pools in enumerate(pools_of(kernel)):
        type_slots = SLOTS // 2 if kernel == "3.11" else 0
        pair = Pair(kernel, "interpreted", pools, 0, type_slots=type_slots)
        random = RandomEvents(kernel, seed, [0] if kernel == "3.11" else [0, 1])
        for _ in range(5):
            pair.run([row for _ in range(60) for row in random.rows()])
            pair.agree()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("capacity", [1 << 15, HEADROOM + 70])
def test_a_long_run_is_equal_in_both_engines_and_with_a_small_journal(
    engine: str, kernel: str, capacity: int
) -> None:
    """In the end, and in every outcome and record on the way."""
    pool = int(kernel == "6.18")
    pools = {"3.11": [0], "6.18": [1]}.get(kernel, [0, 1])
    for seed in range(3):
        pair = Pair(kernel, engine, ("zbud", "zsmalloc"), pool, journal_capacity=capacity)
        random = RandomEvents(kernel, seed, pools)
        pair.run([row for _ in range(1500) for row in random.rows()])
        pair.agree()
