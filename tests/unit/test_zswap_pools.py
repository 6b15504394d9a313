# SPDX-License-Identifier: GPL-2.0-only
"""The pools of one zswap at run time; EC-59 .. EC-63."""

from collections.abc import Iterator

import pytest
from bump_pool import bump_driver
from machine_driver import SwapBench, flatten, plain

from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import EINVAL, ENOMEM, ENOSPC, NoEntry
from zswapsim.machine import build, zpool


def test_ec_61_an_unknown_zpool_is_no_entry() -> None:
    config = build.ZswapConfig(totalram_pages=100)
    with pytest.raises(NoEntry, match="no zpool 'zbad'"):
        build.make_zswap_swap(config, 16, ["zbad"], 0, zeros_interpreted)


def test_setting_the_current_pool_changes_nothing(zswap: SwapBench) -> None:
    before = flatten(zswap.swap.zswap)
    zswap.set_pool(0)
    assert flatten(zswap.swap.zswap) == before


def test_ec_62_the_old_pool_lives_until_its_last_entry_goes(zswap: SwapBench) -> None:
    zswap.store(1, length=1000)
    zswap.store(2, length=1000)
    zswap.set_pool(1)
    assert zswap.pool_list == [1, 0]
    zswap.store(3, length=1000)
    assert (zswap.pages(0), zswap.pages(1), zswap.cached_pages) == (1, 1, 2)
    assert zswap.load(1) == 0
    assert zswap.records[0].pool == 0
    zswap.load(3)
    assert zswap.records[0].pool == 1
    zswap.check()
    zswap.invalidate(1)
    assert zswap.pool_list == [1, 0]
    zswap.invalidate(2)
    assert zswap.pool_list == [1]
    assert zswap.cached_pages == 1
    zswap.check()


def test_ec_62_a_pool_without_entries_dies_at_once(zswap: SwapBench) -> None:
    zswap.set_pool(1)
    assert zswap.pool_list == [1]
    zswap.check()


def test_ec_62_shrink_takes_from_the_last_pool(zswap: SwapBench) -> None:
    zswap.fill(1)
    zswap.set_pool(1)
    zswap.fill(20, first_slot=2)
    assert zswap.cached_pages == 21
    zswap.store(40)
    assert [(r.event, r.pool, r.slot) for r in zswap.records if r.event == "WRITEBACK"] == [
        ("WRITEBACK", 0, 1)
    ]
    assert zswap.pool_list == [1]  # the old pool went with its last entry
    zswap.check()


def test_ec_62_a_duplicate_goes_from_the_old_pool_to_the_new(zswap: SwapBench) -> None:
    zswap.store(1, length=1000)
    zswap.set_pool(1)
    zswap.store(1, length=1000)
    assert (zswap.pages(0), zswap.pages(1)) == (0, 1)
    assert zswap.pool_list == [1]


def test_ec_63_going_back_takes_the_live_pool_to_the_head(zswap: SwapBench) -> None:
    zswap.store(1, length=1000)
    zswap.set_pool(1)
    zswap.store(2, length=1000)
    zswap.set_pool(0)
    assert zswap.pool_list == [0, 1]
    zswap.store(3, length=1000)
    assert zswap.records[0].pool == 0
    assert zswap.pages(0) == 1  # beside slot 1
    zswap.check()


def test_a_driver_without_shrink_stores_no_header_and_fails_to_shrink(kernel: str) -> None:
    """EC-59 and EC-60, with a page per object in zsmalloc's place."""
    driver = bump_driver()
    zpool.register(driver)
    try:
        config = {"kernel": kernel, "totalram_pages": 10, "pool_types": ["bump"]}
        zswap = SwapBench(**config)  # type: ignore[arg-type]
        assert zswap.store(1, length=4096) == 0
        assert plain(zswap.swap.zswap.pool_header) == [0]
        for slot in (2, 3):
            zswap.store(slot)
        assert zswap.store(4) == -ENOMEM
        assert zswap.counters == {
            "stored_pages": 3,
            "pool_limit_hit": 1,
            "reject_reclaim_fail": 1,
        }
    finally:
        zpool.unregister(driver)


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


def test_zswap_without_a_pool_takes_same_filled_pages_only(kernel: str) -> None:
    zswap = SwapBench(kernel=kernel, totalram_pages=100, pool_types=[])
    assert zswap.store(1) == -EINVAL
    assert zswap.store(2, same=1) == 0
