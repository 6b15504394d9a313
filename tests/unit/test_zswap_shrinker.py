# SPDX-License-Identifier: GPL-2.0-only
"""The shrinker of 6.8 and later: what it offers and protects, when it refuses and stops (5.11)."""

from random import Random
from typing import Any

import pytest
from kernels import for_kernels, half_page
from machine_driver import MachineBench, SwapBench, drain

from zswapsim.errors import EAGAIN, EEXIST, ENOENT, ENOMEM
from zswapsim.machine import events
from zswapsim.machine.journal import HEADROOM
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.shrinker import shrink_slab

WRITE = 1 << 31


@pytest.fixture
def shrinker(engine: str, kernel: str) -> SwapBench:
    """zswap that is never full, with the shrinker enabled."""
    return SwapBench(engine, kernel=kernel, totalram_pages=10_000, shrinker_enabled=True)


def count(zswap: SwapBench) -> int:
    return zswap.run(events.OP_SHRINKER_COUNT)


def scan(zswap: SwapBench, entries: int) -> int:
    return zswap.run(events.OP_SHRINKER_SCAN, entries)


def fill_halves(zswap: SwapBench, entries: int) -> None:
    """Store pages of which two share a page, in slots 1 and after."""
    for slot in range(1, entries + 1):
        assert zswap.store(slot, length=half_page("6.18" if zswap.pool else "6.8")) == 0


def give_no_second_chance(zswap: SwapBench) -> None:
    for slot in range(len(zswap.swap.zswap.referenced)):
        zswap.swap.zswap.referenced[slot] = 0


@for_kernels("6.8..6.18")
def test_nothing_is_offered_or_scanned_unless_enabled(zswap: SwapBench) -> None:
    zswap.fill(10)
    assert count(zswap) == 0
    assert scan(zswap, 1) == -EAGAIN
    assert zswap.lru() == list(range(1, 11))
    assert "written_back_pages" not in zswap.counters


@for_kernels("6.8..6.18")
def test_an_empty_zswap_offers_nothing(shrinker: SwapBench) -> None:
    assert count(shrinker) == 0
    assert scan(shrinker, 1) == -EAGAIN


@for_kernels("6.12..6.18")
def test_entries_are_offered_in_the_pages_that_they_take(shrinker: SwapBench) -> None:
    fill_halves(shrinker, 11)
    assert shrinker.pages() == 6
    assert count(shrinker) == 6  # 11 * 6 // 11
    shrinker.invalidate(1)
    assert count(shrinker) == shrinker.pages()


@for_kernels("6.12..6.18")
def test_pages_from_the_disk_speak_for_as_many_entries_once(shrinker: SwapBench) -> None:
    fill_halves(shrinker, 10)
    for _ in range(3):
        assert shrinker.load(400) == -ENOENT
    assert shrinker.counter(z.NR_DISK_SWAPINS) == 3
    assert count(shrinker) == 3  # 7 * 5 // 10
    assert shrinker.counter(z.NR_DISK_SWAPINS) == 0
    assert count(shrinker) == 5
    for _ in range(15):
        shrinker.load(400)
    assert count(shrinker) == 0
    assert shrinker.counter(z.NR_DISK_SWAPINS) == 5
    assert count(shrinker) == 2  # 5 * 5 // 10


@for_kernels("6.12..6.18")
def test_pages_from_the_disk_are_counted_before_the_shrinker_is_enabled(zswap: SwapBench) -> None:
    zswap.load(400)
    assert zswap.counter(z.NR_DISK_SWAPINS) == 1


@for_kernels("6.8")
def test_6_8_offers_what_it_does_not_protect(shrinker: SwapBench) -> None:
    fill_halves(shrinker, 10)
    shrinker.swap.zswap.counters[z.NR_PROTECTED] = 4
    assert count(shrinker) == 3  # 6 * 5 // 10
    assert shrinker.counter(z.NR_PROTECTED) == 4  # and still does
    shrinker.store(20, same=1)
    assert count(shrinker) == 2  # 6 * 5 // 11: N counts same-filled pages, the LRU does not
    shrinker.swap.zswap.counters[z.NR_PROTECTED] = 30
    assert count(shrinker) == 0


@for_kernels("6.8")
def test_protection_grows_with_each_added_entry_and_is_halved_above_a_quarter(
    shrinker: SwapBench,
) -> None:
    protected = []
    for slot in range(1, 14):
        shrinker.store(slot)
        protected.append(shrinker.counter(z.NR_PROTECTED))
    assert protected == [0, 0, 0, 1, 1, 1, 1, 2, 1, 2, 1, 2, 3]
    shrinker.load(5)  # is added anew: 4 are more than 13 // 4
    assert shrinker.counter(z.NR_PROTECTED) == 2


@for_kernels("6.8")
def test_protection_of_a_rotation_or_a_page_from_disk_is_not_halved(shrinker: SwapBench) -> None:
    shrinker.fill(20)
    before = shrinker.counter(z.NR_PROTECTED)
    for number in range(1, 9):
        shrinker.load(400)
        assert shrinker.counter(z.NR_PROTECTED) == before + number
    shrinker.set_busy(1, -ENOMEM)
    scan(shrinker, 1)
    assert shrinker.lru()[-1] == 1
    assert shrinker.counter(z.NR_PROTECTED) == before + 9


@for_kernels("6.8")
def test_6_8_protects_by_the_list_of_the_entrys_own_pool(shrinker: SwapBench) -> None:
    shrinker.fill(40)
    shrinker.set_pool(1)
    shrinker.swap.zswap.counters[z.NR_PROTECTED] = 9
    shrinker.store(50)
    assert shrinker.counter(z.NR_PROTECTED) == 5  # 10 are more than 1 // 4
    assert count(shrinker) == 0  # of the one entry of the current pool
    shrinker.swap.zswap.counters[z.NR_PROTECTED] = 0
    assert count(shrinker) == 1


@for_kernels("6.8")
def test_6_8_refuses_to_scan_into_the_protected_entries(shrinker: SwapBench) -> None:
    shrinker.fill(10)
    shrinker.swap.zswap.counters[z.NR_PROTECTED] = 4
    for entries in (6, 7, 12):
        assert scan(shrinker, entries) == -EAGAIN
        assert shrinker.records == []
    assert scan(shrinker, 5) == 5
    assert shrinker.lru() == [6, 7, 8, 9, 10]
    assert shrinker.vmstat == {"zswpout": 10, "zswpwb": 5, "pswpout": 5}
    shrinker.check()


@for_kernels("6.12..6.18")
def test_from_6_12_on_nothing_is_protected_in_a_scan(shrinker: SwapBench) -> None:
    shrinker.fill(10)
    for _ in range(50):
        shrinker.load(400)
    give_no_second_chance(shrinker)
    assert scan(shrinker, 20) == 10
    assert shrinker.lru() == []
    shrinker.check()


@for_kernels("6.12..6.18")
def test_a_scan_of_fresh_entries_gives_second_chances_and_stops_the_pass(
    shrinker: SwapBench,
) -> None:
    shrinker.fill(10)
    assert scan(shrinker, 6) == -EAGAIN
    assert shrinker.lru() == [7, 8, 9, 10, 1, 2, 3, 4, 5, 6]
    assert scan(shrinker, 6) == 2
    assert shrinker.seen("WRITEBACK") == [("WRITEBACK", 1), ("WRITEBACK", 2)]
    assert shrinker.lru() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert "reject_reclaim_fail" not in shrinker.counters
    shrinker.check()


@for_kernels("6.8..6.18")
def test_an_entry_in_the_swap_cache_stops_the_scan(shrinker: SwapBench) -> None:
    shrinker.fill(20)
    give_no_second_chance(shrinker)
    shrinker.set_busy(3, -EEXIST)
    assert scan(shrinker, 8) == -EAGAIN
    assert shrinker.seen("EVICT", "EVICT_FAILED", "WRITEBACK")[-3:] == [
        ("WRITEBACK", 2),
        ("EVICT", 3),
        ("EVICT_FAILED", 3),
    ]
    assert shrinker.lru() == [*range(4, 21), 3]
    assert shrinker.counters["written_back_pages"] == 2
    assert shrinker.counters["reject_reclaim_fail"] == 1
    shrinker.check()


@for_kernels("6.8..6.18")
def test_an_entry_of_a_free_slot_does_not_stop_the_scan(shrinker: SwapBench) -> None:
    shrinker.fill(20)
    give_no_second_chance(shrinker)
    shrinker.set_busy(3, -ENOMEM)
    assert scan(shrinker, 8) == 7
    assert shrinker.lru() == [*range(9, 21), 3]


@for_kernels("6.8..6.18")
def test_a_scan_goes_on_when_the_journal_was_drained(engine: str, kernel: str) -> None:
    zswap = SwapBench(
        engine,
        kernel=kernel,
        totalram_pages=10_000,
        shrinker_enabled=True,
        journal_capacity=HEADROOM + 20,
    )
    zswap.fill(400)
    give_no_second_chance(zswap)
    zswap.swap.zswap.counters[z.NR_PROTECTED] = 0
    assert scan(zswap, 300) == 300
    assert [slot for _, slot in zswap.seen("WRITEBACK")] == list(range(1, 301))
    assert zswap.lru() == list(range(301, 401))
    zswap.check()


@for_kernels("6.12..6.18")
def test_a_pass_scans_batches_and_puts_the_rest_off(kernel: str) -> None:
    zswap = SwapBench(kernel=kernel, totalram_pages=10_000, shrinker_enabled=True)
    zswap.fill(500)
    give_no_second_chance(zswap)
    counters = zswap.swap.zswap.counters

    assert shrink_slab(zswap.swap, 12)  # 500 >> 12 is nothing
    assert counters[z.SHRINKER_DEFERRED] == 0
    assert shrink_slab(zswap.swap, 3)  # (500 >> 3) * 2, less than a batch
    assert counters[z.SHRINKER_DEFERRED] == 124
    assert len(zswap.lru()) == 500
    assert shrink_slab(zswap.swap, 3)  # 124 and 124 >> 3: a batch, and 11 that stay put off
    assert len(zswap.lru()) == 372
    assert counters[z.SHRINKER_DEFERRED] == 124 + 124 - 128
    drain(zswap.swap.journal)
    assert shrink_slab(zswap.swap, 0)  # (120 >> 0) + 744, but 2 * 372 at most: all there is
    assert len(zswap.lru()) == 0
    assert counters[z.SHRINKER_DEFERRED] == 120 + 744 - 384  # the fourth batch found nothing
    assert shrink_slab(zswap.swap, 0)  # nothing is offered: nothing changes
    assert counters[z.SHRINKER_DEFERRED] == 480


@for_kernels("6.12")
def test_a_pass_scans_no_more_than_twice_what_is_offered(kernel: str) -> None:
    """200 pages of two entries each: 384 of the 400 in three batches, and what is left waits."""
    zswap = SwapBench(kernel=kernel, totalram_pages=10_000, shrinker_enabled=True)
    fill_halves(zswap, 400)
    give_no_second_chance(zswap)
    zswap.swap.zswap.counters[z.SHRINKER_DEFERRED] = 10_000
    drain(zswap.swap.journal)
    assert shrink_slab(zswap.swap, 0)
    assert len(zswap.lru()) == 400 - 3 * 128
    assert zswap.counter(z.SHRINKER_DEFERRED) == 2 * 200


@for_kernels("6.12..6.18")
def test_a_pass_of_which_no_page_comes_free_puts_all_off(kernel: str) -> None:
    zswap = SwapBench(kernel=kernel, totalram_pages=10_000, shrinker_enabled=True)
    zswap.fill(500)
    assert shrink_slab(zswap.swap, 1)
    assert zswap.lru()[0] == 129  # one batch of second chances
    assert zswap.swap.zswap.counters[z.SHRINKER_DEFERRED] == 500


def run(kernel: str, engine: str, capacity: int, **config: Any) -> MachineBench:
    """Run a program of 600 pages in memory of 300 and the pool, which never meets its limit."""
    random = Random(7)
    accesses = [random.randrange(600) | (WRITE * (random.random() < 0.5)) for _ in range(4000)]
    bench = MachineBench(
        engine,
        pages=600,
        limit_pages=300,
        lengths=[1900, 2040, 900, 30],
        same_filled=[0, 0, 0, 2],
        versions=[(number, page & ~WRITE, page % 3) for number, page in enumerate(accesses)],
        slots=700,
        journal_capacity=capacity,
        kernel=kernel,
        pool_type="zsmalloc" if kernel == "6.18" else "zbud",
        totalram_pages=10_000,
        **config,
    )
    bench.run(accesses)
    bench.check()
    return bench


@for_kernels("6.8..6.18")
def test_the_shrinker_writes_back_before_the_limit(kernel: str) -> None:
    without = run(kernel, "interpreted", 1 << 15)
    assert "written_back_pages" not in without.counters
    with_shrinker = run(kernel, "interpreted", 1 << 15, shrinker_enabled=True)
    assert with_shrinker.counters["written_back_pages"] > 50
    assert with_shrinker.vmstat["zswpwb"] == with_shrinker.counters["written_back_pages"]
    assert "pool_limit_hit" not in with_shrinker.counters


@pytest.mark.parametrize(
    ("engine", "capacity"),
    [("interpreted", HEADROOM + 3), ("compiled", 1 << 15), ("compiled", HEADROOM + 3)],
)
@for_kernels("6.8..6.12")
def test_reclaim_with_a_shrinker_is_the_same_in_both_engines_and_with_a_small_journal(
    kernel: str, engine: str, capacity: int
) -> None:
    whole = run(kernel, "interpreted", 1 << 16, shrinker_enabled=True)
    other = run(kernel, engine, capacity, shrinker_enabled=True)
    assert other.state() == whole.state()
    assert other.records == whole.records
    assert (other.stops > 0) == (capacity < 1 << 15)
