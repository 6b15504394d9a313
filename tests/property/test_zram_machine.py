# SPDX-License-Identifier: GPL-2.0-only
"""zram against a dict: outcomes, journal, mm_stat, bd_stat and the pool after every step."""

from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from zram_driver import EINVAL, ENODEV, FREE, MODES, NEW, OLD, WRITE, ZramBench, make_oracle

from zswapsim.machine.zram import device as z

SLOTS = 40
SLOT = st.integers(0, SLOTS - 1)
LENGTHS = st.one_of(
    st.integers(1, 5000),
    st.sampled_from([24, 25, 500, 1000, 1000, 2000, 3256, 3257, 3624, 3625, 4096, 4097, -EINVAL]),
)


class ZramMachine(RuleBasedStateMachine):
    engine = "interpreted"

    @initialize(
        limit_pages=st.sampled_from([0, 0, 0, 2, 12]),
        blocks=st.sampled_from([60, 60, 4, 1, 0]),
        tracking=st.booleans(),
        pool=st.sampled_from([OLD, NEW]),
        pool_pages=st.sampled_from([256, 256, 256, 6]),
        journal_capacity=st.sampled_from([4096, 258, 256]),
        seed=st.integers(0, 1 << 32),
    )
    def make(
        self,
        limit_pages: int,
        blocks: int,
        tracking: bool,
        pool: dict[str, int],
        pool_pages: int,
        journal_capacity: int,
        seed: int,
    ) -> None:
        settings = {"limit_pages": limit_pages, "blocks": blocks, "tracking": tracking}
        self.bench = ZramBench(
            self.engine,
            SLOTS,
            pool_pages=pool_pages,
            pool=pool,
            journal_capacity=journal_capacity,
            **settings,
        )
        self.oracle = make_oracle(SLOTS, pool_pages, pool, **settings)
        self.content = 0
        random = Random(seed)
        slots = random.sample(range(SLOTS), 30)
        lengths = [random.choice([400, 1000, 1000, 2000, 3300, 3700, 4500]) for _ in slots]
        self.write_all(slots, lengths, False)

    def write_all(self, slots: list[int], lengths: list[int], same: bool) -> None:
        steps = []
        for slot, length in zip(slots, lengths, strict=True):
            self.content += 1  # every write has its own content, so that no two can be mixed up
            steps.append((WRITE, slot, self.content, length, int(same)))
        outcomes = self.bench.tape(*steps)
        for step, outcome in zip(steps, outcomes, strict=True):
            assert outcome == self.oracle.write(*step[1:4], same)
        self.same_records()

    def free_all(self, slots: list[int]) -> None:
        self.bench.tape(*((FREE, slot) for slot in slots))
        for slot in slots:
            self.oracle.free(slot)
        self.same_records()

    def same_records(self) -> None:
        assert self.bench.records == self.oracle.records
        self.bench.records, self.oracle.records = [], []

    @rule(slot=SLOT, length=LENGTHS, same=st.sampled_from([False, False, True]))
    def write(self, slot: int, length: int, same: bool) -> None:
        self.write_all([slot], [length], same)

    @rule(first=SLOT, lengths=st.lists(LENGTHS, min_size=4, max_size=30))
    def write_many(self, first: int, lengths: list[int]) -> None:
        self.write_all([(first + n) % SLOTS for n in range(len(lengths))], lengths, False)

    @rule(first=SLOT, length=LENGTHS, step=st.integers(1, 3))
    def write_alike(self, first: int, length: int, step: int) -> None:
        slots = list(range(first, SLOTS, step))
        self.write_all(slots, [length] * len(slots), False)

    @rule(length=LENGTHS, kept=st.lists(SLOT, max_size=20), moves=st.booleans())
    def write_many_alike_and_free_most(self, length: int, kept: list[int], moves: bool) -> None:
        self.write_all(list(range(SLOTS)), [length] * SLOTS, False)
        self.free_all(sorted(set(range(SLOTS)) - set(kept)))
        if moves:
            self.compact()

    @rule(slot=SLOT)
    def read(self, slot: int) -> None:
        self.bench.read(slot)
        self.oracle.read(slot)

    @rule(slot=SLOT, number=st.integers(1, 12), step=st.integers(1, 4))
    def free(self, slot: int, number: int, step: int) -> None:
        self.free_all(list(range(slot, min(slot + number * step, SLOTS), step)))

    @rule(age=st.integers(-1, 30))
    def mark_idle(self, age: int) -> None:
        assert self.bench.mark_idle(age) == self.oracle.mark_idle(age)

    @rule(mode=st.sampled_from(sorted(MODES)), page_index=SLOT)
    def writeback(self, mode: str, page_index: int) -> None:
        outcome = self.bench.writeback(mode, page_index)
        assert outcome == self.oracle.writeback(mode, page_index)

    @precondition(lambda self: self.oracle.blocks > 1 and self.oracle.table)
    @rule(mode=st.sampled_from(sorted(MODES)), data=st.data())
    def mark_all_idle_read_some_and_write_back(self, mode: str, data: Any) -> None:
        self.mark_idle(-1)
        held = st.sampled_from(sorted(self.oracle.table))
        for slot in data.draw(st.lists(held, max_size=4)):
            self.read(slot)
            self.same_records()
        self.writeback(mode, data.draw(held))

    @precondition(lambda self: self.oracle.blocks)
    @rule(pages=st.sampled_from([None, None, 0, 1, 5]))
    def set_writeback_limit(self, pages: int | None) -> None:
        self.bench.set_writeback_limit(pages)
        self.oracle.writeback_limit = pages

    @rule(pages=st.sampled_from([0, 0, 2, 8, 30]))
    def set_mem_limit(self, pages: int) -> None:
        self.bench.set_parameter(z.LIMIT_PAGES, pages)
        self.oracle.limit_pages = pages

    @rule(mode=st.sampled_from([-1, 0, 5, 99]), page_index=st.sampled_from([-1, SLOTS]))
    def what_is_refused_changes_nothing(self, mode: int, page_index: int) -> None:
        before = self.bench.snapshot()
        assert self.bench.writeback(mode) == -EINVAL
        assert self.bench.writeback("page_index", page_index) == -EINVAL
        assert self.bench.mark_idle(-2) == -EINVAL
        if not self.oracle.blocks:
            assert self.bench.writeback("huge") == -ENODEV
        assert self.bench.snapshot() == before

    @rule()
    def compact(self) -> None:
        self.bench.compact()
        self.oracle.compact()

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "bench"):
            return
        self.bench.check()
        self.same_records()
        assert self.bench.stat == [*self.oracle.mm_stat(), *self.oracle.bd_stat()]
        coded = self.oracle.coded
        assert self.bench.coded == {name: coded[name] for name in self.bench.coded}
        assert self.bench.idle == sorted(n for n, s in self.oracle.table.items() if s.idle)
        for slot, held in self.oracle.table.items():
            assert self.bench.zram.handle[slot] == (held.block or held.handle)

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            for slot in range(SLOTS):
                self.read(slot)
                self.same_records()
                self.free_all([slot])
            assert self.bench.pages == self.bench.bd_stat["bd_count"] == 0


class CompiledZramMachine(ZramMachine):
    engine = "compiled"


TestZramInterpreted = ZramMachine.TestCase
TestZramCompiled = CompiledZramMachine.TestCase
