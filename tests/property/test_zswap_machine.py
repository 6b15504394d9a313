# SPDX-License-Identifier: GPL-2.0-only
"""zswap of 5.4 and 6.1 against dicts: outcomes, counters, sizes, pools and contents."""

from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from machine_driver import SwapBench
from oracles import EEXIST, EINVAL, ENOMEM, SwapOracle

from zswapsim.machine.zswap import state as z

SLOTS = 64
SLOT = st.integers(1, SLOTS - 1)
LENGTHS = st.one_of(
    st.sampled_from([3960, 3960, 3900, 3961, 4096, -EINVAL, 1, 56, 57]), st.integers(1, 3960)
)


class ZswapMachine(RuleBasedStateMachine):
    engine = "interpreted"

    @initialize(
        kernel=st.sampled_from(["5.4", "6.1"]),
        totalram_pages=st.sampled_from([60, 100, 50, 20, 1000, 4, 0]),
        max_pool_percent=st.sampled_from([20, 20, 20, 10, 100, 0]),
        threshold=st.sampled_from([90, 90, 50, 100, 0]),
        pool_pages=st.sampled_from([64, 64, 64, 3]),
        seed=st.integers(0, 1 << 32),
    )
    def make(
        self,
        kernel: str,
        totalram_pages: int,
        max_pool_percent: int,
        threshold: int,
        pool_pages: int,
        seed: int,
    ) -> None:
        limits = {"max_pool_percent": max_pool_percent, "accept_threshold_percent": threshold}
        self.bench = SwapBench(
            self.engine,
            slots=SLOTS,
            pool_pages=pool_pages,
            kernel=kernel,
            totalram_pages=totalram_pages,
            **limits,
        )
        self.oracle = SwapOracle(kernel, totalram_pages, pools=2, pool_pages=pool_pages, **limits)
        self.content = 0
        self.steps(seed, 60)

    def store_one(self, slot: int, length: int, same_filled: bool) -> None:
        self.content += 1  # every store has its own content, so that no two can be mixed up
        outcome = self.bench.store(slot, length, self.content, int(same_filled))
        assert outcome == self.oracle.store(slot, self.content, length, same_filled)
        assert self.bench.cached_pages == self.oracle.cached

    @rule(slot=SLOT, length=LENGTHS, same_filled=st.sampled_from([False] * 5 + [True]))
    def store(self, slot: int, length: int, same_filled: bool) -> None:
        self.store_one(slot, length, same_filled)

    @rule(first=SLOT, lengths=st.lists(LENGTHS, min_size=4, max_size=12))
    def store_many(self, first: int, lengths: list[int]) -> None:
        for slot, length in enumerate(lengths, first):
            self.store_one(slot % (SLOTS - 1) + 1, length, False)

    @rule(slot=SLOT)
    def load(self, slot: int) -> None:
        assert self.bench.load(slot) == self.oracle.load(slot)
        if slot in self.oracle.entries:
            entry = self.oracle.entries[slot]
            [record] = self.bench.records
            assert record.event == ("LOAD" if entry.handle else "LOAD_SAME")
            assert (record.length, record.content) == (entry.length, entry.content)
            if entry.handle:
                assert (record.pool, record.address) == (entry.pool, entry.handle)
        else:
            miss, read = self.bench.records
            assert (miss.event, read.event) == ("LOAD_MISS", "SWAP_READ")
            assert read.content == self.oracle.device.get(slot, -1)

    @precondition(lambda self: self.oracle.entries)
    @rule(data=st.data(), number=st.integers(1, 12))
    def invalidate(self, data: Any, number: int) -> None:
        first = data.draw(st.sampled_from(sorted(self.oracle.entries)))
        for slot in range(first, min(first + number, SLOTS)):
            self.bench.invalidate(slot)
            self.oracle.slot_freed(slot)

    @rule(slot=SLOT, number=st.integers(1, 12), outcome=st.sampled_from([0, -EEXIST, -ENOMEM]))
    def set_busy(self, slot: int, number: int, outcome: int) -> None:
        for busy in range(slot, min(slot + number, SLOTS)):
            self.bench.set_busy(busy, outcome)
            self.oracle.busy.pop(busy, None)
            if outcome:
                self.oracle.busy[busy] = outcome

    @rule(number=st.integers(0, 1))
    def set_pool(self, number: int) -> None:
        self.bench.set_pool(number)
        self.oracle.set_pool(number)

    @rule(percent=st.sampled_from([50, 20, 20, 5, 0]))
    def set_max_pool_percent(self, percent: int) -> None:
        self.bench.set_parameter(z.MAX_POOL_PERCENT, percent)
        self.oracle.max_pool_percent = percent

    @rule(enabled=st.booleans())
    def set_same_filled(self, enabled: bool) -> None:
        self.bench.set_parameter(z.SAME_FILLED_PAGES_ENABLED, int(enabled))
        self.oracle.same_filled_enabled = enabled

    @rule(slot=SLOT)
    def store_while_disabled(self, slot: int) -> None:
        self.bench.set_parameter(z.ENABLED, 0)
        self.oracle.enabled = False
        self.store_one(slot, 100, False)
        self.bench.set_parameter(z.ENABLED, 1)
        self.oracle.enabled = True

    @rule(really=st.integers(0, 9))
    def invalidate_area(self, really: int) -> None:
        if really == 9:
            self.bench.invalidate_area()
            self.oracle.invalidate_area()

    @rule(seed=st.integers(0, 1 << 32), number=st.integers(10, 80))
    def storm(self, seed: int, number: int) -> None:
        self.steps(seed, number)

    def steps(self, seed: int, number: int) -> None:
        """Many small steps, mostly stores: drawn one by one, pools would hardly ever get full."""
        random = Random(seed)
        for _ in range(number):
            slot, kind = random.randrange(1, SLOTS), random.randrange(40)
            if kind < 26:
                length = random.choice([3960, 3900, 2000, random.randrange(1, 3960)])
                self.store_one(slot, length, random.random() < 0.1)
            elif kind < 30:
                self.load(slot)
            elif kind < 34:
                self.bench.invalidate(slot)
                self.oracle.slot_freed(slot)
            elif kind < 39:
                self.set_busy(slot, random.randrange(1, 8), random.choice([0, 0, -EEXIST]))
            else:
                self.set_pool(random.randrange(2))
            self.agree()

    @invariant()
    def agree(self) -> None:
        bench, oracle = self.bench, self.oracle
        bench.check()
        assert bench.counters == oracle.gauges()
        assert bench.cached_pages == oracle.cached
        assert bench.counter(z.REACHED_FULL) == oracle.reached_full
        assert {name: n for name, n in bench.vmstat.items() if n} == dict(oracle.vmstat)
        assert bench.pool_list == oracle.live
        assert [bench.pages(0), bench.pages(1)] == [pool.pages() for pool in oracle.pools]
        device = {slot: bench.device(slot) for slot in range(SLOTS)}
        assert {s: held for s, held in device.items() if held is not None} == oracle.device


class CompiledZswapMachine(ZswapMachine):
    engine = "compiled"


TestZswapInterpreted = ZswapMachine.TestCase
TestZswapCompiled = CompiledZswapMachine.TestCase
TestZswapCompiled.settings = settings(max_examples=settings.default.max_examples // 5)
