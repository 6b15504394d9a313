# SPDX-License-Identifier: GPL-2.0-only
"""The zpool registry and a pool in a person's hands; EC-7, EC-12, EC-13, EC-17, EC-28, EC-29."""

from collections.abc import Iterator
from typing import Any

import pytest
from bump_pool import BumpPool, bump_driver

from zswapsim.errors import (
    EEXIST,
    ENOENT,
    Busy,
    InvalidArgument,
    NoEntry,
    NoSpace,
    OutOfMemory,
    TryAgain,
)
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import zbud, zpool
from zswapsim.machine.pools.pool import Pool
from zswapsim.machine.pools.zpool import ZpoolDriver


@pytest.fixture
def bump() -> Iterator[ZpoolDriver]:
    """A driver of the type "bump", for one test."""
    driver = bump_driver()
    zpool.register(driver)
    yield driver
    zpool.unregister(driver)


def free(pool: Pool, handle: int) -> int:
    """Evict: free the object."""
    pool.free(handle)
    return 0


def test_ec_7_highmem_is_tested_before_the_size() -> None:
    with Pool("zbud") as pool, pytest.raises(InvalidArgument):
        pool.malloc(5000, highmem=True)
    with Pool("zbud") as pool:
        with pytest.raises(InvalidArgument):
            pool.malloc(100, highmem=True)
        assert pool.total_pages == 0


@pytest.mark.parametrize(
    ("size", "error"), [(0, InvalidArgument), (-5, InvalidArgument), (3969, NoSpace)]
)
def test_ec_1_and_ec_6_as_exceptions(size: int, error: type[Exception]) -> None:
    with Pool("zbud") as pool, pytest.raises(error, match="zbud cannot allocate"):
        pool.malloc(size)


def test_a_full_pool_is_out_of_memory() -> None:
    with Pool("zbud", max_pages=1) as pool:
        pool.malloc(3968)
        with pytest.raises(OutOfMemory):
            pool.malloc(3968)


def test_ec_12_double_free_raises() -> None:
    with Pool("zbud") as pool:
        handle = pool.malloc(100)
        pool.free(handle)
        with pytest.raises(InvalidArgument, match=f"handle {handle} is not allocated"):
            pool.free(handle)


@pytest.mark.parametrize("handle", [-1, 0, 1, 4096, 1 << 50])
def test_ec_13_a_foreign_handle_raises(handle: int) -> None:
    with Pool("zbud") as pool:
        pool.malloc(100)
        with pytest.raises(InvalidArgument):
            pool.free(handle)
        with pytest.raises(InvalidArgument):
            pool.map(handle)
        pool.check()


def test_ec_17_without_callback_nothing_is_evicted_and_nothing_rotates() -> None:
    with Pool("zbud") as pool:
        pool.malloc(3000)
        pool.malloc(3000)
        pool.malloc(3000)
        before = list_nodes(pool.state.lru, zbud.LRU)
        assert not pool.evictable
        with pytest.raises(InvalidArgument):
            pool.shrink(1)
        assert list_nodes(pool.state.lru, zbud.LRU) == before
        assert pool.reclaimed == 0


def test_the_callback_answers_enoent_where_there_is_none() -> None:
    with Pool("zbud") as pool:
        assert pool.evict(pool.state, pool.malloc(100)) == -ENOENT


def test_ec_27_pages_reclaimed_before_the_error_are_told() -> None:
    with Pool("zbud", evict=free) as pool:
        pool.malloc(3000)
        pool.malloc(3000)
        with pytest.raises(InvalidArgument):
            pool.shrink(3)
        assert pool.reclaimed == 2


def test_ec_22_a_callback_that_always_fails_is_try_again() -> None:
    asked: list[int] = []

    def refuse(pool: Pool, handle: int) -> int:
        asked.append(handle)
        return -EEXIST

    with Pool("zbud", evict=refuse) as pool:
        handle = pool.malloc(100)
        with pytest.raises(TryAgain):
            pool.shrink(1)
        assert asked == [handle] * 8
        assert pool.reclaimed == 0


def test_shrink_returns_the_pages() -> None:
    with Pool("zbud", evict=free) as pool:
        for _ in range(3):
            pool.malloc(3000)
        assert pool.evictable
        assert pool.shrink(2) == 2
        assert pool.total_pages == 1
        assert pool.total_size == 4096


def test_a_shrink_inside_the_callback_is_not_counted_as_the_outer_one() -> None:
    depth: list[int] = []

    def evict(pool: Pool, handle: int) -> int:
        if not depth:
            depth.append(1)
            assert pool.shrink(1) == 1
        pool.free(handle)
        return 0

    with Pool("zbud", evict=evict) as pool:
        for _ in range(4):
            pool.malloc(3000)
        assert pool.shrink(2) == 2
        assert pool.total_pages == 1
        pool.check()


def test_place_map_and_repr() -> None:
    with Pool("zbud") as pool:
        first, last = pool.malloc(100), pool.malloc(2000)
        assert pool.place(first) == (0, "F", 64)
        assert pool.place(last) == (0, "L", 2048)
        assert pool.map(first) == 64
        pool.unmap(first)
        assert repr(pool) == "<Pool zbud of 1 pages>"
        assert pool.type == "zbud"


def test_a_pool_needs_a_page() -> None:
    with pytest.raises(InvalidArgument, match="max_pages 0"):
        Pool("zbud", max_pages=0)


def test_ec_28_an_unknown_type_lists_what_there_is(bump: ZpoolDriver) -> None:
    with pytest.raises(NoEntry, match=r"no zpool 'zbad'; there are zbud, z3fold, zsmalloc, bump"):
        Pool("zbad")
    assert not zpool.has_pool("zbad")
    assert zpool.has_pool("zbud")
    assert zpool.has_pool("bump")


def test_ec_29_a_driver_with_a_live_pool_is_busy() -> None:
    driver = bump_driver()
    zpool.register(driver)
    first, second = Pool("bump"), Pool("bump")
    with pytest.raises(Busy, match="2 live pools"):
        zpool.unregister(driver)
    first.destroy()
    with pytest.raises(Busy):
        zpool.unregister(driver)
    second.destroy()
    second.destroy()  # a second call does nothing
    zpool.unregister(driver)
    assert not zpool.has_pool("bump")
    with pytest.raises(NoEntry, match="not registered"):
        zpool.unregister(driver)


def test_a_pool_that_could_not_be_made_is_not_live() -> None:
    def create(max_pages: int, zeros: Any) -> BumpPool:
        raise OutOfMemory("no memory for the pool")

    driver = bump_driver(create)
    zpool.register(driver)
    with pytest.raises(OutOfMemory):
        Pool("bump")
    zpool.unregister(driver)


def test_the_newest_driver_of_a_type_shadows_the_others() -> None:
    old, new = bump_driver(), bump_driver()
    zpool.register(old)
    with Pool("bump") as pool_of_old:
        zpool.register(new)
        assert zpool.get_driver("bump") is new
        with Pool("bump"):
            with pytest.raises(Busy):
                zpool.unregister(new)
            with pytest.raises(Busy):
                zpool.unregister(old)
        zpool.unregister(new)
        assert zpool.get_driver("bump") is old
        assert pool_of_old.total_pages == 0
    zpool.unregister(old)


def test_a_built_in_type_can_be_shadowed_too() -> None:
    shadow = bump_driver(type_="zbud")
    zpool.register(shadow)
    try:
        assert zpool.types().count("zbud") == 1
        with Pool("zbud") as pool:
            assert isinstance(pool.state, BumpPool)
    finally:
        zpool.unregister(shadow)
    with Pool("zbud") as pool:
        assert isinstance(pool.state, zbud.ZbudPool)


def test_register_never_fails() -> None:
    driver = bump_driver()
    for _ in range(3):
        zpool.register(driver)
    zpool.unregister(driver)
    assert not zpool.has_pool("bump")


def test_origin_tells_built_in_from_registered(bump: ZpoolDriver) -> None:
    assert zpool.origin("zbud") == "built in"
    assert zpool.origin("bump") == "registered at run time"


def test_a_driver_as_a_plain_class(bump: ZpoolDriver) -> None:
    with Pool("bump", max_pages=2, evict=free) as pool:
        first, second = pool.malloc(4096), pool.malloc(1)
        assert (first, second) == (1, 2)
        with pytest.raises(OutOfMemory):
            pool.malloc(1)
        assert (pool.map(first), pool.map(second)) == (0, 4096)
        pool.unmap(first)
        assert pool.place(second) == (1, 0)
        assert zpool.zpool_write_owner(pool.state, first, 77) == 0
        assert zpool.zpool_read_owner(pool.state, first) == 77
        assert pool.total_pages == 2
        assert not pool.evictable  # the driver says that it has no shrink
        with pytest.raises(InvalidArgument):
            pool.shrink(1)
        pool.free(first)
        with pytest.raises(InvalidArgument):
            pool.free(first)
        assert pool.total_pages == 1


def test_a_plain_class_with_shrink_asks_the_owner() -> None:
    class Evicting(BumpPool):
        def shrink(self, owner: Any, pages: int) -> int:
            for handle in list(self.words)[:pages]:
                assert zpool.zpool_evict(owner, self, handle) == 0
            return 0

        def reclaimed(self) -> int:
            return 1

    driver = ZpoolDriver(
        type="evicting",
        summary="",
        create=lambda max_pages, zeros: Evicting(max_pages),
        check=lambda pool: None,
        place=lambda pool, handle: (handle,),
        evictable=True,
    )
    zpool.register(driver)
    asked: list[int] = []

    def evict(pool: Pool, handle: int) -> int:
        asked.append(handle)
        pool.free(handle)
        return 0

    with Pool("evicting", evict=evict) as pool:
        handle = pool.malloc(10)
        pool.malloc(10)
        assert pool.shrink(1) == 1
        assert asked == [handle]
    zpool.unregister(driver)
