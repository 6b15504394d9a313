# SPDX-License-Identifier: GPL-2.0-only
"""Compaction of pools that were filled and emptied at random, against the naive pool."""

from random import Random

import pytest
from zsmalloc_driver import ZsBench, ZsOracle

from zswapsim.profiles import WASTE

RULES: list[dict[str, int]] = [
    {},
    {"max_chain": 8, "algorithm": WASTE, "groups": 12, "oversize": -28},
    {"max_chain": 8, "algorithm": WASTE, "groups": 4},
]


@pytest.mark.parametrize("rules", RULES, ids=["4 groups", "12 groups", "4 of waste"])
def test_sparse_pools_are_compacted_as_a_naive_one(rules: dict[str, int]) -> None:
    """Also where a source is not emptied: what is free elsewhere is less than it holds."""
    random = Random(3)
    for _ in range(12):
        bench, oracle = ZsBench("interpreted", 64, **rules), ZsOracle(64, **rules)
        sizes = random.sample([100, 500, 1000, 1500, 2000], 2)
        for _ in range(60):
            size = random.choice(sizes)
            assert bench.malloc(size) == oracle.malloc(size)
        handles = list(oracle.objects())
        for handle in random.sample(handles, int(len(handles) * random.uniform(0.2, 0.9))):
            assert bench.free(handle) == oracle.free(handle) == 0
        assert bench.compact_in_parts(300) == oracle.compact()
        bench.check()
        assert bench.lists == oracle.lists
        assert bench.pages == oracle.pages()


def test_a_source_that_cannot_be_emptied_goes_behind_a_head_with_more_in_use() -> None:
    bench, oracle = ZsBench("interpreted", 64), ZsOracle(64)
    first, second = ([bench.malloc(496) for _ in range(8)] for _ in range(2))
    assert [oracle.malloc(496) for _ in range(16)] == first + second
    for handle in (*first[:3], *second[:4]):  # 5 and 4 of 8 in use: 7 are free, no zspage's worth
        bench.free(handle)
        oracle.free(handle)
    assert bench.compact() == oracle.compact() == (0, [])
    assert bench.lists == oracle.lists
    assert bench.zspage(bench.malloc(496)) == bench.zspage(first[-1])
