# SPDX-License-Identifier: GPL-2.0-only
"""The pools of one zswap at run time; EC-61 .. EC-63. Pool 0 is of zbud, pool 1 of zsmalloc.

A kernel that has only zsmalloc changes compressors, which is the same to the machine: 6.18 runs
with two pools of it, interpreted.
"""

from collections.abc import Iterator

import pytest
from bump_pool import bump_driver
from kernels import for_kernels, kernels, version
from machine_driver import SwapBench

from zswapsim.conformance.strict import flatten, plain
from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import EINVAL, ENOMEM, ENOSPC, NoEntry
from zswapsim.machine import build
from zswapsim.machine.pools import zpool
from zswapsim.machine.zswap import state as z

RUNS = [
    *(
        (engine, kernel)
        for engine in ("interpreted", "compiled")
        for kernel in kernels("5.4..6.12")
    ),
    ("interpreted", "6.18"),
]


@pytest.fixture(params=RUNS, ids=lambda run: "-".join(run))
def two_pools(request: pytest.FixtureRequest) -> SwapBench:
    """zswap with a limit of 20 pages in two pools, of a kernel that can have them."""
    engine, kernel = request.param
    config = {"kernel": kernel, "totalram_pages": 100}
    if kernel == "6.18":
        return SwapBench(engine, 0, pool_types=("zsmalloc", "zsmalloc"), **config)
    return SwapBench(engine, **config)


def test_ec_61_an_unknown_zpool_is_no_entry() -> None:
    config = build.ZswapConfig(totalram_pages=100)
    with pytest.raises(NoEntry, match="no zpool 'zbad'"):
        build.make_zswap_swap(config, 16, ["zbad"], 0, zeros_interpreted)


def test_setting_the_current_pool_changes_nothing(two_pools: SwapBench) -> None:
    before = flatten(two_pools.swap.zswap)
    two_pools.set_pool(0)
    assert flatten(two_pools.swap.zswap) == before


def test_ec_62_the_old_pool_lives_until_its_last_entry_goes(two_pools: SwapBench) -> None:
    zswap = two_pools
    for slot in (1, 2):
        zswap.store(slot, length=1900)
    old = zswap.pages(0)
    zswap.set_pool(1)
    assert zswap.pool_list == [1, 0]
    zswap.store(3, length=3960)
    assert zswap.pages(1) == 1
    assert zswap.cached_pages == old + 1
    assert zswap.load(1) == 0
    assert zswap.records[0].pool == 0
    assert zswap.load(3) == 0
    assert zswap.records[0].pool == 1
    zswap.check()
    zswap.invalidate(1)
    assert zswap.pool_list == [1, 0]
    zswap.invalidate(2)
    assert zswap.pool_list == [1]
    assert zswap.pages(0) == 0
    zswap.check()


def test_ec_62_a_pool_without_entries_dies_at_once(two_pools: SwapBench) -> None:
    two_pools.set_pool(1)
    assert two_pools.pool_list == [1]
    two_pools.check()


@for_kernels("5.4..6.6")
def test_ec_62_shrink_takes_from_the_last_pool(zswap: SwapBench) -> None:
    zswap.fill(1)
    zswap.set_pool(1)
    zswap.fill(20, first_slot=2)
    assert zswap.cached_pages == 21
    zswap.store(40)
    assert [(r.pool, r.slot) for r in zswap.records if r.event == "WRITEBACK"] == [(0, 1)]
    assert zswap.pool_list == [1]  # the old pool went with its last entry
    zswap.check()


@for_kernels("5.4..6.1")
def test_ec_62_a_pool_still_counts_right_after_its_last_page_was_reclaimed(
    zswap: SwapBench,
) -> None:
    """5.7: the shrink holds the pool, whose page is not free yet when its last entry goes."""
    zswap.fill(1)
    zswap.set_pool(1)
    zswap.fill(20, first_slot=2)
    assert zswap.store(40) == -ENOMEM  # 5.4 finds it full again, after the shrink
    assert zswap.pool_list == [1]
    assert (zswap.pages(0), zswap.pages(1), zswap.cached_pages) == (0, 20, 21)
    zswap.store(41)
    assert zswap.counters["pool_limit_hit"] == 2


def test_ec_62_a_duplicate_goes_from_the_old_pool_to_the_new(two_pools: SwapBench) -> None:
    zswap = two_pools
    zswap.store(1, length=3960)
    zswap.set_pool(1)
    zswap.store(1, length=3960)
    assert (zswap.pages(0), zswap.pages(1)) == (0, 1)
    assert zswap.pool_list == [1]
    zswap.check()


def test_ec_63_going_back_takes_the_live_pool_to_the_head(two_pools: SwapBench) -> None:
    zswap = two_pools
    zswap.store(1, length=3960)
    zswap.set_pool(1)
    zswap.store(2, length=3960)
    zswap.set_pool(0)
    assert zswap.pool_list == [0, 1]
    zswap.store(3, length=3960)
    assert zswap.records[0].pool == 0
    assert (zswap.pages(0), zswap.pages(1)) == (2, 1)
    zswap.check()


def test_the_size_is_that_of_all_pools(two_pools: SwapBench) -> None:
    zswap = two_pools
    zswap.fill(10)
    zswap.set_pool(1)
    zswap.fill(10, first_slot=11)
    assert zswap.cached_pages == 20
    zswap.invalidate_area()
    assert zswap.counters == {}
    assert zswap.cached_pages == zswap.pages(0) == zswap.pages(1) == 0
    assert zswap.pool_list == [1]
    zswap.check()


@for_kernels("5.4..6.1")
def test_a_driver_without_shrink_stores_no_header_and_fails_to_shrink(
    two_types: None, kernel: str
) -> None:
    zswap = SwapBench(kernel=kernel, totalram_pages=10, pool_types=["bump"])
    assert zswap.store(1, length=4096) == 0
    assert plain(zswap.swap.zswap.pool_header) == [0]
    for slot in (2, 3):
        zswap.store(slot)
    assert zswap.store(4) == -ENOMEM
    assert zswap.counters == {"stored_pages": 3, "pool_limit_hit": 1, "reject_reclaim_fail": 1}


@pytest.fixture
def two_types() -> Iterator[None]:
    driver = bump_driver()
    zpool.register(driver)
    yield
    zpool.unregister(driver)


def test_pools_of_two_drivers_in_one_zswap(two_types: None) -> None:
    zswap = SwapBench(totalram_pages=100, pool_types=["zbud", "bump"])
    assert zswap.store(1, length=4000) == -ENOSPC
    zswap.store(2, length=100)
    zswap.set_pool(1)
    assert zswap.store(1, length=4000) == 0
    assert zswap.cached_pages == 2
    zswap.invalidate_area()
    assert zswap.cached_pages == 0


@for_kernels("5.4..6.18")
def test_zswap_without_a_pool_takes_same_filled_pages_only(kernel: str) -> None:
    zswap = SwapBench(pool=0, kernel=kernel, totalram_pages=100, pool_types=[])
    assert zswap.store(1) == -EINVAL
    assert zswap.store(2, same=2) == 0
    by_zswap = version(kernel) < (6, 12)
    assert zswap.events == ["STORE_SAME" if by_zswap else "STORE_ZERO"]
    assert zswap.counter(z.COMPRESSIONS) == 0
