# SPDX-License-Identifier: GPL-2.0-only
"""zsmalloc against a pool of python lists: places, lists and pages after every step."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from zsmalloc_driver import ZsBench, ZsOracle

from zswapsim.profiles import WASTE

RULES: list[dict[str, int]] = [
    {},
    {"max_chain": 8, "algorithm": WASTE, "groups": 12, "oversize": -28},
    {"max_chain": 8, "algorithm": WASTE, "groups": 4},
]
SIZES = st.one_of(
    st.integers(-1, 4100),
    st.sampled_from([24, 25, 100, 496, 500, 1000, 1000, 1000, 2000, 2400, 3256, 3257, 4096, 4097]),
)


class ZsMachine(RuleBasedStateMachine):
    engine = "interpreted"

    @initialize(capacity=st.sampled_from([3, 12, 64]), rules=st.sampled_from(RULES))
    def make(self, capacity: int, rules: dict[str, int]) -> None:
        self.bench = ZsBench(self.engine, capacity, **rules)
        self.oracle = ZsOracle(capacity, **rules)

    @rule(size=SIZES, times=st.integers(1, 20))
    def malloc(self, size: int, times: int) -> None:
        for _ in range(times):
            assert self.bench.malloc(size) == self.oracle.malloc(size)

    @precondition(lambda self: self.oracle.zspages)
    @rule(data=st.data(), times=st.integers(1, 12))
    def free(self, data: Any, times: int) -> None:
        for _ in range(times):
            handles = sorted(self.oracle.objects())
            if handles:
                handle = data.draw(st.sampled_from(handles))
                assert self.bench.map(handle) == handle
                assert self.bench.free(handle) == self.oracle.free(handle) == 0
                assert self.bench.free(handle) == -22

    @rule(handle=st.integers(-70, 70 * 4 * 512).map(lambda word: word * 8))
    def free_anything(self, handle: int) -> None:
        assert self.bench.free(handle) == self.oracle.free(handle)

    @rule(room=st.sampled_from([256, 300, 20_000]))
    def compact(self, room: int) -> None:
        objects, pages = set(self.oracle.objects()), self.bench.pages
        freed, moves = self.bench.compact_in_parts(room)
        assert (freed, moves) == self.oracle.compact()
        assert self.bench.pages == pages - freed
        for old, new in moves:
            objects.remove(old)
            assert new not in objects
            objects.add(new)
        assert {handle for handle in objects if self.bench.map(handle) == handle} == objects
        assert self.bench.compact() == (0, [])
        assert self.oracle.compact() == (0, [])

    @invariant()
    def agree(self) -> None:
        self.bench.check()
        assert self.bench.lists == self.oracle.lists
        assert self.bench.pages == self.oracle.pages()
        for handle, (_, obj) in self.oracle.objects().items():
            assert self.bench.place(handle) == (handle // 4096, obj)


class CompiledZsMachine(ZsMachine):
    engine = "compiled"


TestZsmallocInterpreted = ZsMachine.TestCase
TestZsmallocCompiled = CompiledZsMachine.TestCase
