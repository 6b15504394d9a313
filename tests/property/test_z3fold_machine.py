# SPDX-License-Identifier: GPL-2.0-only
"""z3fold against a pool of python lists: places, moves, bytes, lists and order after every step."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from z3fold_driver import Z3foldBench
from z3fold_oracle import EEXIST, Z3foldOracle

from zswapsim.conformance.tape import (
    ALLOCATES,
    FAILS,
    FREES,
    IGNORE,
    MAP,
    READ_OWNER,
)
from zswapsim.machine.pools.z3fold import z3fold_place

RULES: list[dict[str, int]] = [
    {},
    {"deferred_work": 1},
    {"relist": 0},
    {"single_object_move": 0, "relist": 0},
    {"single_object_move": 0, "relist": 0, "deferred_work": 1},
    {"header_chunks": 3, "deferred_work": 1},
]
SIZES = st.one_of(
    st.integers(-1, 4100),
    st.integers(1, 30 * 64),
    st.sampled_from([1, 64, 65, 640, 1280, 1984, 2048, 3840, 3841, 3904, 3905, 4096, 4097]),
)
PLANS = st.lists(
    st.sampled_from([FREES, FREES, FREES, FAILS, IGNORE, FREES | FAILS, ALLOCATES | FREES]),
    min_size=1,
    max_size=6,
)


class Scripted:
    """The scripted owner once more, for the oracle."""

    def __init__(self, pool: Z3foldOracle, plan: list[int], size: int) -> None:
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


class Z3foldMachine(RuleBasedStateMachine):
    engine = "interpreted"

    @initialize(capacity=st.sampled_from([2, 6, 64]), rules=st.sampled_from(RULES))
    def make(self, capacity: int, rules: dict[str, int]) -> None:
        self.bench = Z3foldBench(self.engine, capacity, **rules)
        self.oracle = Z3foldOracle(capacity, **rules)
        self.memory = bytearray((capacity + 1) * 4096)
        self.stored: dict[int, bytes] = {}
        self.serial = 0

    def keep(self, handle: int, size: int) -> None:
        """Fill a new object with bytes of its own."""
        if handle > 0:
            self.serial += 1
            self.stored[handle] = (self.serial.to_bytes(4, "big") * 1024)[:size]
            address = self.bench.map(handle)
            self.memory[address : address + size] = self.stored[handle]
            assert self.bench.set_owner(handle, self.serial) == 0

    def carry(self) -> None:
        """Move bytes as the last free or piece of work says."""
        assert self.bench.move == self.oracle.move
        if self.bench.move:
            length, old, new = self.bench.move
            self.memory[new : new + length] = bytes(self.memory[old : old + length])

    @rule(size=SIZES)
    def malloc(self, size: int) -> None:
        handle = self.bench.malloc(size)
        assert handle == self.oracle.malloc(size)
        self.keep(handle, size)

    @rule(sizes=st.lists(st.integers(1, 30 * 64), min_size=5, max_size=15))
    def malloc_many(self, sizes: list[int]) -> None:
        for size in sizes:
            self.malloc(size)

    @precondition(lambda self: self.oracle.held)
    @rule(data=st.data(), times=st.integers(1, 8))
    def free(self, data: Any, times: int) -> None:
        for _ in range(times):
            handles = self.oracle.handles()
            if handles:
                handle = data.draw(st.sampled_from(handles))
                assert self.bench.free(handle) == self.oracle.free(handle) == 0
                self.carry()
                del self.stored[handle]
                assert self.bench.free(handle) == self.oracle.free(handle) == -22

    @rule(handle=st.one_of(st.integers(-2, 12), st.sampled_from([192, 193, 1 << 40])))
    def free_anything(self, handle: int) -> None:
        assert self.bench.free(handle) == self.oracle.free(handle)
        self.carry()
        self.stored.pop(handle, None)

    @precondition(lambda self: self.oracle.queue)
    @rule(times=st.integers(1, 8))
    def work(self, times: int) -> None:
        for _ in range(times):
            assert self.bench.work() == self.oracle.work()
            self.carry()

    @rule(pages=st.integers(0, 4), plan=PLANS, size=SIZES)
    def shrink(self, pages: int, plan: list[int], size: int) -> None:
        owner = Scripted(self.oracle, plan, size)
        outcome = self.oracle.shrink(owner.evict, pages)
        assert self.bench.shrink(pages, plan, size) == (outcome, self.oracle.reclaimed)
        self.compare(owner)

    @rule(retries=st.integers(0, 9), plan=PLANS, size=SIZES)
    def reclaim_page(self, retries: int, plan: list[int], size: int) -> None:
        owner = Scripted(self.oracle, plan, size)
        outcome = self.oracle.reclaim_page(owner.evict, retries)
        assert self.bench.reclaim_page(retries, plan, size) == outcome
        self.compare(owner)

    def compare(self, owner: Scripted) -> None:
        assert self.bench.asked == owner.asked
        assert self.bench.allocated == owner.allocated
        left = self.oracle.handles()
        self.stored = {handle: data for handle, data in self.stored.items() if handle in left}
        for handle in owner.allocated:
            if handle in left:
                self.keep(handle, owner.size)

    @invariant()
    def agree(self) -> None:
        bench, oracle = self.bench, self.oracle
        bench.check()
        assert bench.lru == oracle.lru
        assert bench.unbuddied == {free: pages for free, pages in oracle.unbuddied.items() if pages}
        assert bench.queue == oracle.queue
        assert bench.pages == oracle.pages()
        assert sorted(self.stored) == oracle.handles()

    @invariant()
    def objects_are_intact_where_the_oracle_has_them(self) -> None:
        places = self.oracle.places()
        addresses = self.bench.tape([(MAP, handle) for handle in self.stored])
        words = self.bench.tape([(READ_OWNER, handle) for handle in self.stored])
        for (handle, data), address, word in zip(
            self.stored.items(), addresses, words, strict=True
        ):
            assert (address, z3fold_place(self.bench.state, address)) == places[handle]
            assert self.memory[address : address + len(data)] == data
            assert word.to_bytes(4, "big")[: len(data)] == data[:4]
        for number, page in self.oracle.held.items():
            assert self.bench.foreign(number) == page.foreign


class CompiledZ3foldMachine(Z3foldMachine):
    engine = "compiled"


TestZ3foldInterpreted = Z3foldMachine.TestCase
TestZ3foldCompiled = CompiledZ3foldMachine.TestCase
