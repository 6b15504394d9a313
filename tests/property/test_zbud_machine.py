# SPDX-License-Identifier: GPL-2.0-only
"""zbud against a pool of python lists: places, lists, order and pages after every step."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from oracles import EEXIST, ZbudOracle
from zbud_driver import ZbudBench

from zswapsim.conformance.tape import (
    ALLOCATES,
    FAILS,
    FREES,
    IGNORE,
)

SIZES = st.one_of(
    st.integers(-1, 4100),
    st.sampled_from([1, 64, 65, 128, 1984, 2000, 2016, 2032, 3904, 3905, 3967, 3968, 3969]),
)
PLANS = st.lists(
    st.sampled_from([FREES, FREES, FAILS, IGNORE, FREES | FAILS, ALLOCATES | FREES, ALLOCATES]),
    min_size=1,
    max_size=6,
)


class Scripted:
    """The scripted owner once more, for the oracle."""

    def __init__(self, pool: ZbudOracle, plan: list[int], size: int) -> None:
        self.pool, self.plan, self.size = pool, plan, size
        self.asked: list[int] = []
        self.allocated: list[int] = []

    def evict(self, handle: int) -> int:
        action = self.plan[min(len(self.asked), len(self.plan) - 1)]
        self.asked.append(handle)
        if action & ALLOCATES:
            self.allocated.append(self.pool.malloc(self.size))
        if action & FREES:
            self.pool.free(handle)
        return -EEXIST if action & FAILS else 0


class ZbudMachine(RuleBasedStateMachine):
    engine = "interpreted"

    @initialize(capacity=st.sampled_from([1, 3, 12, 64]))
    def make(self, capacity: int) -> None:
        self.bench = ZbudBench(self.engine, capacity)
        self.oracle = ZbudOracle(capacity)

    @rule(size=SIZES)
    def malloc(self, size: int) -> None:
        assert self.bench.malloc(size) == self.oracle.malloc(size)

    @rule(sizes=st.lists(SIZES, min_size=5, max_size=15))
    def malloc_many(self, sizes: list[int]) -> None:
        for size in sizes:
            self.malloc(size)

    @precondition(lambda self: self.oracle.chunks)
    @rule(data=st.data())
    def free(self, data: Any) -> None:
        handle = data.draw(st.sampled_from(sorted(self.oracle.objects())))
        assert self.bench.map(handle) == handle
        assert self.bench.free(handle) == self.oracle.free(handle) == 0

    @rule(handle=st.integers(-70, 5 * 64).map(lambda chunk: chunk * 64))
    def free_anything(self, handle: int) -> None:
        assert self.bench.free(handle) == self.oracle.free(handle)

    @rule(pages=st.integers(0, 4), plan=PLANS, size=SIZES)
    def shrink(self, pages: int, plan: list[int], size: int) -> None:
        owner = Scripted(self.oracle, plan, size)
        outcome = self.oracle.shrink(owner.evict, pages)
        assert self.bench.shrink(pages, plan, size) == (outcome, self.oracle.reclaimed)
        assert self.bench.asked == owner.asked
        assert self.bench.allocated == owner.allocated

    @rule(retries=st.integers(0, 9), plan=PLANS, size=SIZES)
    def reclaim_page(self, retries: int, plan: list[int], size: int) -> None:
        owner = Scripted(self.oracle, plan, size)
        outcome = self.oracle.reclaim_page(owner.evict, retries)
        assert self.bench.reclaim_page(retries, plan, size) == outcome
        assert self.bench.asked == owner.asked
        assert self.bench.allocated == owner.allocated

    @invariant()
    def agree(self) -> None:
        bench, oracle = self.bench, self.oracle
        bench.check()
        assert bench.lru == oracle.lru
        assert bench.unbuddied == {free: pages for free, pages in oracle.unbuddied.items() if pages}
        assert bench.buddied == oracle.buddied
        assert bench.pages == oracle.pages()
        for page, sides in oracle.chunks.items():
            assert bench.chunks(page) == (sides.get("F", 0), sides.get("L", 0))


class CompiledZbudMachine(ZbudMachine):
    engine = "compiled"


TestZbudInterpreted = ZbudMachine.TestCase
TestZbudCompiled = CompiledZbudMachine.TestCase
