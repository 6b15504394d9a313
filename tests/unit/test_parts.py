# SPDX-License-Identifier: GPL-2.0-only
"""What the machine asks of parts before it takes them, and what a plain pool brings along."""

from typing import Any

import pytest
from machine_driver import drain
from oracles import EAGAIN, EINVAL

from zswapsim.conformance.strict import strict_zeros
from zswapsim.errors import InvalidArgument
from zswapsim.machine import build, events, reclaim
from zswapsim.machine.journal import ALL_EVENTS, make_journal
from zswapsim.machine.pools import z3fold, zbud, zpool, zpools, zsmalloc
from zswapsim.machine.pools.fill import fill_pool
from zswapsim.machine.pools.layout import layout_of
from zswapsim.machine.pools.occupancy import occupancy_of
from zswapsim.machine.pools.plain import PlainPool, driver_of
from zswapsim.machine.pools.steps import steps_of
from zswapsim.machine.reclaim import lru
from zswapsim.profiles import profile


def broken(*_: Any, **__: Any) -> Any:
    raise ValueError("no such thing")


def policy_of(create: Any) -> reclaim.ReclaimPolicy:
    return reclaim.ReclaimPolicy(name="mru", summary="", create=create, check=broken)


def test_what_is_no_policy_or_has_another_name_is_said() -> None:
    assert reclaim._fault("lru", lru.POLICY) == ""
    assert reclaim._fault("mru", lru.POLICY) == "its name is 'lru'"
    assert reclaim._fault("mru", 3) == "it is a int, not a ReclaimPolicy"


def test_a_policy_that_cannot_run_is_refused_with_the_reason() -> None:
    assert reclaim.runs_compiled(lru.POLICY)
    with pytest.raises(InvalidArgument, match="'mru' cannot be made: ValueError: no such thing"):
        reclaim.runs_compiled(policy_of(broken))
    with pytest.raises(InvalidArgument, match=r"'mru' has no add, .*victim"):
        reclaim.runs_compiled(policy_of(lambda *_: object()))


def test_what_is_no_driver_or_has_another_type_is_said() -> None:
    assert zpool._fault("zbud", zbud.DRIVER) == ""
    assert zpool._fault("zfree", zbud.DRIVER) == "its type is 'zbud'"
    assert zpool._fault("zfree", None) == "it is a NoneType, not a ZpoolDriver"


def test_a_driver_that_cannot_run_is_refused_with_the_reason() -> None:
    row = profile("6.1")
    assert zpool.runs_compiled(zbud.DRIVER, row)
    with pytest.raises(InvalidArgument, match="'no' cannot make a pool: ValueError: no such thing"):
        zpool.runs_compiled(driver_of(broken, name="no", summary=""), row)
    lacking = driver_of(lambda _: object(), name="no", summary="")  # type: ignore[arg-type,return-value]
    with pytest.raises(InvalidArgument, match="'no': its pools have no malloc, free"):
        zpool.runs_compiled(lacking, row)


def test_built_in_drivers_have_no_edition_and_come_from_no_plugin() -> None:
    assert zpool.has_pool("zbud")
    assert not zpool.has_pool("zfree")
    assert zpool.digest("zbud") == ""
    assert "zbud" not in [plugin.name for plugin in zpool.plugins()]


class OnePageEach(PlainPool):
    """The simplest allocator there is."""

    def __init__(self, max_pages: int) -> None:
        super().__init__(max_pages)
        self.live: set[int] = set()

    def malloc(self, size: int) -> int:
        self.live.add(len(self.live) + 1)
        return len(self.live)

    def free(self, handle: int) -> int:
        self.live.discard(handle)
        return 0

    def map(self, handle: int) -> int:
        return handle * 4096 if handle in self.live else -EINVAL

    def total_pages(self) -> int:
        return len(self.live)


def test_a_plain_pool_moves_nothing_puts_nothing_off_and_evicts_nothing() -> None:
    driver = driver_of(OnePageEach, name="one", summary="")
    assert not driver.evictable
    assert not zpool.runs_compiled(driver, profile("6.1"))
    pool = driver.create(8, strict_zeros)
    handle = zpool.zpool_malloc(pool, 100)
    assert driver.place(pool, zpool.zpool_map(pool, handle) + 5) == (1, 5)
    assert zpool.zpool_shrink(pool, None, 1) == -EINVAL
    assert zpool.zpool_reclaimed(pool) == 0
    assert (zpool.zpool_work(pool), zpool.zpool_moved(pool, 0)) == (0, 0)
    assert zpool.zpool_unmap(pool, handle) == 0
    driver.check(pool)
    assert (zpool.zpool_write_owner(pool, handle, 9), zpool.zpool_read_owner(pool, handle)) == (
        0,
        9,
    )
    zpool.zpool_free(pool, handle)
    assert (
        zpool.zpool_write_owner(pool, handle, 9) == zpool.zpool_read_owner(pool, handle) == -EINVAL
    )
    assert layout_of(pool) == ([], [])
    assert steps_of(pool) == []


class Owner:
    """Answers what it is told to, and frees the object if so."""

    def __init__(self, outcome: int, frees: bool) -> None:
        self.outcome = outcome
        self.frees = frees

    def evict(self, pool: PlainPool, handle: int) -> int:
        if self.frees:
            pool.free(handle)
        return self.outcome


@pytest.mark.parametrize(("outcome", "frees"), [(0, True), (0, False), (-EAGAIN, False)])
def test_an_object_is_evicted_if_its_owner_says_so_and_it_is_gone(
    outcome: int, frees: bool
) -> None:
    pool = OnePageEach(8)
    assert pool.evict(Owner(outcome, frees), pool.malloc(100)) == frees


def test_a_plain_pool_is_filled_interpreted_and_of_its_inside_nothing_is_told() -> None:
    driver = driver_of(OnePageEach, name="one", summary="")
    zpool.register(driver)
    try:
        assert fill_pool("one", profile("6.1"), [100, 200]) == (2, [1, 2], None, [])
        assert zpool.get_driver("one") is driver
    finally:
        zpool.unregister(driver)


def test_only_zspages_are_groups_of_pages() -> None:
    assert zbud.DRIVER.page_group() == 1
    assert zsmalloc.DRIVER.page_group(max_chain=8) == 8
    pool = zsmalloc.DRIVER.create(8, strict_zeros)
    assert zpool.zpool_unmap(pool, zpool.zpool_malloc(pool, 100)) == 0


def test_headless_pages_are_counted_apart_and_free_ones_not_at_all() -> None:
    pool = z3fold.DRIVER.create(8, strict_zeros)
    handles = [zpool.zpool_malloc(pool, size) for size in (4096, 100, 4096)]
    zpool.zpool_free(pool, handles[0])
    told = occupancy_of(pool)
    assert told["headless_pages"] == [1]
    assert sum(told["pages_by_buddies"]) == 1


def test_work_that_a_pool_puts_off_is_done_piece_by_piece_when_asked_for() -> None:
    """z3fold's: two pages are left with an object each, and one moves to the other."""
    swap = build.make_zswap_swap(
        build.ZswapConfig(kernel="6.1", totalram_pages=100),
        64,
        ("zbud", "z3fold"),
        0,
        strict_zeros,
        deferred_work=True,
    )
    swap = swap._replace(journal=make_journal(1024, ALL_EVENTS, strict_zeros))
    rows = [(events.OP_SET_POOL, 1, 0, 0, 0)]
    rows += [(events.OP_STORE, slot, slot, 1900, 0) for slot in (1, 2, 3, 4)]
    rows += [(events.OP_INVALIDATE, slot, 0, 0, 0) for slot in (2, 4)]
    rows.append((events.OP_WORK, 0, 0, 0, 0))
    tape = events.Events(*(list(column) for column in zip(*rows, strict=True)))
    outcomes = events.make_outcomes(len(rows), 1, strict_zeros)
    reached, told = 0, []
    for _ in range(3):
        reached = events.run_events(swap, tape, outcomes, reached)
        moved = sum(record.event == "MOVE" for record in drain(swap.journal))
        told.append((reached, moved, zpools.pools_pages(swap.pools, 1)))
    last = len(rows) - 1
    assert told == [(last, 0, 2), (last, 1, 1), (len(rows), 0, 1)]
