# SPDX-License-Identifier: GPL-2.0-only
"""What functions of zswap do where no event of the swap path brings them, called by themselves."""

from machine_driver import SwapBench, make_swap
from oracles import EINVAL, ENOENT

from zswapsim.conformance.strict import plain, strict_zeros
from zswapsim.machine.pools import zsmalloc_zspage
from zswapsim.machine.pools.zpool import get_driver
from zswapsim.machine.pools.zsmalloc_classes import huge_class_size
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.limit import queue_shrink
from zswapsim.machine.zswap.pools import (
    zswap_pool_current,
    zswap_pool_last,
    zswap_total_pages,
)
from zswapsim.machine.zswap.store import zswap_store
from zswapsim.machine.zswap.writeback import zswap_shrink, zswap_writeback_entry

ENOMEM = 12


def test_work_that_is_queued_is_not_queued_anew() -> None:
    """It would begin from the start, as queue_work of what is pending does nothing."""
    bench = SwapBench(kernel="6.12", totalram_pages=100)
    counters = bench.swap.zswap.counters
    queue_shrink(bench.swap.zswap)
    assert counters[z.SHRINK_QUEUED] == 1
    counters[z.SHRINK_FAILURES] = 3
    counters[z.SHRINK_CANDIDATES] = 5
    queue_shrink(bench.swap.zswap)
    assert counters[z.SHRINK_FAILURES] == 3
    assert counters[z.SHRINK_CANDIDATES] == 5


def test_an_object_that_no_entry_has_any_more_is_passed_over() -> None:
    bench = SwapBench(kernel="6.1", totalram_pages=100)
    assert bench.store(7) == 0
    zswap = bench.swap.zswap
    handle = int(zswap.handle[7])
    zswap.handle[7] = handle + 1  # the slot was stored anew, elsewhere
    assert zswap_writeback_entry(bench.swap, None, handle) == 0
    zswap.handle[7] = handle
    zswap.kind[7] = z.SAME_FILLED
    assert zswap_writeback_entry(bench.swap, None, handle) == 0
    assert bench.counter(z.WRITTEN_BACK_PAGES) == 0
    zswap.kind[7] = z.COMPRESSED
    assert zswap_writeback_entry(bench.swap, None, handle) == 0
    assert bench.counter(z.WRITTEN_BACK_PAGES) == 1
    bench.check()


def test_without_a_pool_nothing_is_stored_or_shrunk() -> None:
    swap = make_swap("interpreted", pool_types=(), kernel="5.4", totalram_pages=100)
    assert zswap_pool_current(swap.zswap) == zswap_pool_last(swap.zswap) == -1
    assert zswap_store(swap, 1, 0, 100, 0) == -EINVAL
    assert zswap_shrink(swap, -1) == -ENOENT
    assert swap.zswap.counters[z.REJECT_RECLAIM_FAIL] == 1
    assert plain(swap.zswap.kind) == [z.NONE] * len(swap.zswap.kind)


def test_zsmalloc_without_a_number_for_a_zspage_has_no_memory() -> None:
    pool = zsmalloc_zspage.zs_create_pool(40, strict_zeros, max_zspages=2)
    class_ = 100
    assert zsmalloc_zspage.alloc_zspage(pool, class_) > 0
    assert zsmalloc_zspage.alloc_zspage(pool, class_) > 0
    assert zsmalloc_zspage.alloc_zspage(pool, class_) == -ENOMEM


def test_zspages_of_one_page_have_no_huge_class() -> None:
    """With every class in single pages, no request is stored otherwise than others."""
    assert huge_class_size(1, 0) == 4097
    assert get_driver("zsmalloc").address_pages(3, max_chain=8) == 32


def test_a_pool_that_has_died_does_not_count_though_it_still_has_pages() -> None:
    bench = SwapBench(kernel="5.4", totalram_pages=1000)
    bench.fill(3)
    bench.set_pool(1)
    bench.store(10)
    assert zswap_total_pages(bench.swap) == bench.pages(0) + bench.pages(1)
    bench.swap.zswap.pool_refs[0] = 0
    assert bench.pages(0) == 3
    assert zswap_total_pages(bench.swap) == bench.pages(1) > 0
