# SPDX-License-Identifier: GPL-2.0-only
"""A reduced trace replays as the whole one does, in LRU memory that is large enough."""

from pathlib import Path

import pytest

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.trace.derive.reduced import reduced_trace
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.units import FREED, PAGE_SIZE

TRACES = Path(__file__).parents[2] / "traces"


def outcome(trace: Trace, memory: str) -> dict[str, object]:
    config = ReplayConfig(memory=memory, frontend="none", engine="interpreted")
    result = replay(trace, config)
    return result.vmstat | {"checked": result.bytes["checked_pages"]} | result.compression


@pytest.mark.parametrize("k", [4, 16])
def test_faults_evictions_and_contents_are_the_same_with_k_pages_or_more(k: int) -> None:
    trace = zipf(20_000, 60, 0.9, seed=4, contents=random_contents(60, seed=4))
    reduced = reduced_trace(trace, k)
    assert reduced.accesses < trace.accesses
    assert reduced.meta["reduction_k"] == k
    assert reduced.meta["raw_accesses"] == trace.accesses
    for pages in (k, k + 1, 40):
        assert outcome(reduced, f"{pages}p") == outcome(trace, f"{pages}p")


@pytest.mark.parametrize("kernel", ["3.11", "5.4", "6.1", "6.6", "6.12"])
@pytest.mark.parametrize("k", [4, 16])
def test_a_pool_that_shares_the_memory_sees_no_difference(kernel: str, k: int) -> None:
    trace = zipf(20_000, 120, 0.9, seed=5, contents=random_contents(120, seed=5))
    reduced = reduced_trace(trace, k)
    config = ReplayConfig(memory="60p", kernel=kernel, engine="interpreted")
    results = [replay(one, config) for one in (trace, reduced)]
    assert results[0].memory["peak_pool_pages"] < 60 - k
    assert results[0].zswap["written_back_pages"] + results[0].zswap["pool_limit_hit"] > 0
    for part in ("zswap", "vmstat", "memory"):
        whole, fewer = (dict(getattr(result, part)) for result in results)
        assert whole == fewer, part


def test_what_a_bundled_trace_was_reduced_by_goes_no_further() -> None:
    trace = Trace.open(TRACES / "sqlite.ztrace").cut(50_000)
    again = reduced_trace(trace, trace.meta["reduction_k"])
    assert again.pages == trace.pages
    assert again.page_numbers is None
    assert again.meta["raw_accesses"] == trace.accesses


def test_reducing_by_one_page_changes_nothing() -> None:
    trace = zipf(500, 9, seed=1)
    same = reduced_trace(trace, 1)
    assert [b.tolist() for b in same.blocks()] == [b.tolist() for b in trace.blocks()]


def test_the_first_access_after_a_page_was_given_back_stays() -> None:
    """It takes room again, which other pages feel."""
    page, write = [1, 1, 1, 2, 3], [True, True, False, False, False]
    trace = Trace.from_arrays(page, write, [1], [1], [FREED], bytes(PAGE_SIZE))
    reduced = reduced_trace(trace, 2)
    assert [b.tolist() for b in reduced.blocks()] == [b.tolist() for b in trace.blocks()]
