# SPDX-License-Identifier: GPL-2.0-only
"""The audit finds numbers that do not reconcile, and objects that lie in one another."""

import pytest
from machine_driver import SwapBench

from zswapsim.errors import InvariantError
from zswapsim.machine import swap as s
from zswapsim.machine.pools import layout
from zswapsim.machine.pools.zbud import ZbudPool
from zswapsim.machine.reconcile import check_counters, check_objects
from zswapsim.machine.zswap import state as z


def busy_bench(kernel: str) -> SwapBench:
    """zswap that has stored, loaded, stored anew and forgotten."""
    bench = SwapBench(kernel=kernel, totalram_pages=100)
    for slot in range(1, 9):
        bench.store(slot, 1000 + slot, slot)
    bench.load(1)
    bench.store(2, 500, 20)
    bench.invalidate(3)
    bench.check()
    return bench


@pytest.mark.parametrize(
    ("kernel", "counter", "by", "message"),
    [
        ("6.1", z.STORED_PAGES, 1, "what came less what went"),
        ("6.1", z.FREED_BY_INVALIDATE, 1, "what came less what went"),
        ("6.6", z.FREED_BY_LOAD, 9, "what came less what went"),
        ("6.1", z.DUPLICATE_ENTRY, 1, "duplicate_entry"),
        ("6.6", z.DUPLICATE_ENTRY, -1, "duplicate_entry"),
        ("6.1", z.REJECT_COMPRESS_FAIL, 1, "reject_compress_fail"),
        ("6.8", z.REJECT_COMPRESS_FAIL, 1, "reject_compress_fail"),
        ("6.12", z.REJECT_COMPRESS_FAIL, 1, "compressor's error"),
        ("6.1", z.REJECT_ALLOC_FAIL, 99, "more pages were refused"),
        ("6.12", z.SAME_FILLED_PAGES, 1, "a same-filled entry"),
        ("5.4", z.SHRINK_QUEUED, 1, "shrink work is queued"),
        ("5.4", z.REACHED_FULL, 1, "zswap waits"),
    ],
)
def test_a_counter_that_is_off_is_found(kernel: str, counter: int, by: int, message: str) -> None:
    bench = busy_bench(kernel)
    bench.swap.zswap.counters[counter] += by
    with pytest.raises(InvariantError, match=message):
        check_counters(bench.swap)


@pytest.mark.parametrize(
    ("kernel", "causes", "message"),
    [
        ("6.1", (z.FREED_BY_LOAD, z.FREED_BY_INVALIDATE), "a load took its entry"),
        ("6.12", (z.FREED_BY_STORE, z.FREED_BY_LOAD), "an exclusive load left its entry"),
        ("6.1", (z.FREED_BY_STORE, z.FREED_BY_INVALIDATE), "frontswap forgets before"),
        ("6.12", (z.WRITTEN_BACK_PAGES, z.FREED_BY_INVALIDATE), "zswpwb"),
        ("6.1", (z.WRITTEN_BACK_PAGES, z.FREED_BY_INVALIDATE), "more was written back"),
    ],
)
def test_an_entry_that_went_by_another_cause_is_found(
    kernel: str, causes: tuple[int, int], message: str
) -> None:
    bench = busy_bench(kernel)
    gained, lost = causes
    bench.swap.zswap.counters[gained] += 1
    bench.swap.zswap.counters[lost] -= 1
    with pytest.raises(InvariantError, match=message):
        check_counters(bench.swap)


@pytest.mark.parametrize(("kernel", "event"), [("6.8", s.SWPIN_ZERO), ("5.4", s.SWPOUT_ZERO)])
def test_a_page_of_zeros_in_a_kernel_without_them_is_found(kernel: str, event: int) -> None:
    bench = busy_bench(kernel)
    bench.swap.stat[event] += 1
    with pytest.raises(InvariantError, match="stopped in the swap core"):
        check_counters(bench.swap)


def test_objects_that_overlap_or_are_lost_are_found() -> None:
    bench = busy_bench("6.1")
    zswap = bench.swap.zswap
    zswap.length[4] = 2000
    with pytest.raises(InvariantError, match=r"overlap|too little room"):
        check_objects(bench.swap)
    bench = busy_bench("6.1")
    bench.swap.zswap.kind[5] = z.NONE
    with pytest.raises(InvariantError, match="pool 0 has an object that nobody has"):
        check_objects(bench.swap)
    bench = busy_bench("6.8")
    bench.swap.zswap.handle[6] = bench.swap.zswap.handle[7]
    with pytest.raises(InvariantError, match="overlap"):
        check_objects(bench.swap)


def test_objects_in_pools_of_which_nobody_knows_the_pages_must_not_overlap_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(layout._LAYOUT, ZbudPool)
    bench = busy_bench("6.8")
    check_objects(bench.swap)
    bench.swap.zswap.handle[6] = bench.swap.zswap.handle[7]
    with pytest.raises(InvariantError, match="overlap"):
        check_objects(bench.swap)
