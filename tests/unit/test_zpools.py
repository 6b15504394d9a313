# SPDX-License-Identifier: GPL-2.0-only
"""The chain of pools. Compiled it runs under every test of zswap, with two pools."""

from typing import Any

import pytest
from bump_pool import BumpPool
from zbud_driver import ZbudBench

from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import EINVAL
from zswapsim.machine.pools import zpools


@pytest.fixture
def pools() -> Any:
    """Two zbud pools and one of a plain class."""
    states = [ZbudBench("interpreted").state for _ in range(2)]
    return zpools.chain([*states, BumpPool(10)], zeros_interpreted)


def test_a_pools_number_is_its_place_in_the_chain(pools: Any) -> None:
    handles = [zpools.pools_malloc(pools, number, 100) for number in range(3)]
    assert handles == [64, 64, 1]
    assert zpools.pools_total_pages(pools) == 3
    for number, handle in enumerate(handles):
        assert zpools.pools_write_owner(pools, number, handle, 70 + number) == 0
    for number, handle in enumerate(handles):
        assert zpools.pools_read_owner(pools, number, handle) == 70 + number
    assert zpools.pools_free(pools, 1, handles[1]) == 0
    assert zpools.pools_free(pools, 1, handles[1]) == -EINVAL
    assert zpools.pools_total_pages(pools) == 2
    assert zpools.pools_read_owner(pools, 0, handles[0]) == 70


def test_shrink_of_a_pool_leaves_the_others_alone(pools: Any) -> None:
    class Owner:
        def evict(self, pool: Any, handle: int) -> int:
            return zpools.zpool_free(pool, handle)

    for number in range(3):
        zpools.pools_malloc(pools, number, 100)
    assert zpools.pools_shrink(pools, 1, Owner(), 1) == 0
    assert zpools.pools_shrink(pools, 1, Owner(), 1) == -EINVAL  # empty now
    assert zpools.pools_shrink(pools, 2, Owner(), 1) == -EINVAL  # has no shrink
    assert zpools.pools_total_pages(pools) == 2


@pytest.mark.parametrize("number", [3, 4, 1000])
def test_behind_the_end_everything_is_invalid(pools: Any, number: int) -> None:
    assert zpools.pools_malloc(pools, number, 100) == -EINVAL
    assert zpools.pools_free(pools, number, 64) == -EINVAL
    assert zpools.pools_shrink(pools, number, None, 1) == -EINVAL
    assert zpools.pools_write_owner(pools, number, 64, 1) == -EINVAL
    assert zpools.pools_read_owner(pools, number, 64) == -EINVAL
    assert zpools.pools_map(pools, number, 64) == -EINVAL
    assert zpools.pools_moved(pools, number, 0) == 0
    assert zpools.pools_work(pools, number) == 0
    assert zpools.pools_pages(pools, number) == 0


def test_a_chain_of_nothing_takes_no_pages() -> None:
    nothing = zpools.chain([], zeros_interpreted)
    assert zpools.pools_total_pages(nothing) == 0
    assert zpools.pools_malloc(nothing, 0, 100) == -EINVAL
