# SPDX-License-Identifier: GPL-2.0-only
"""Folios of several pages: 6.18 stores them page by page, all or nothing, others refuse; EC-68."""

from collections.abc import Sequence

import pytest
from kernels import for_kernels, kernels
from machine_driver import SwapBench, drain, make_swap, run_all_events

from zswapsim.conformance.strict import plain, strict_zeros
from zswapsim.errors import EINVAL, EIO, ENODEV, ENOENT, ENOMEM
from zswapsim.machine import events
from zswapsim.machine import faults as f
from zswapsim.machine.journal import HEADROOM
from zswapsim.machine.zswap import state as z


def store_folio(
    zswap: SwapBench, slot: int, lengths: Sequence[int], same: Sequence[int] = ()
) -> int:
    """Store a folio whose contents are 100, 101, ..."""
    rows = [(events.OP_STORE_FOLIO, slot, len(lengths), 0, 0)]
    for k, length in enumerate(lengths):
        rows.append((events.OP_FOLIO_PAGE, 0, 100 + k, length, same[k] if same else 0))
    columns = [list(column) for column in zip(*rows, strict=True)]
    outcomes, zswap.records = run_all_events(zswap.swap, columns, 1, zswap.engine)
    return plain(outcomes.outcome)[0]


@for_kernels("6.18")
def test_a_folio_is_stored_page_by_page(zswap: SwapBench) -> None:
    assert store_folio(zswap, 8, [1000, 2000, 3000, -EINVAL]) == 0
    assert [(r.event, r.slot, r.length, r.content) for r in zswap.records] == [
        ("STORE", 8, 1000, 100),
        ("STORE", 9, 2000, 101),
        ("STORE", 10, 3000, 102),
        ("STORE", 11, 4096, 103),
    ]
    assert zswap.counters == {"stored_pages": 4, "stored_incompressible_pages": 1}
    assert zswap.vmstat == {"zswpout": 4}
    assert zswap.lru() == [8, 9, 10, 11]
    for k in range(4):
        assert zswap.load(8 + k) == 0
        assert zswap.records[0].content == 100 + k
    zswap.check()


@for_kernels("6.18")
def test_ec_68_if_the_third_page_fails_all_slots_are_erased(engine: str, kernel: str) -> None:
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=100, pool_pages=3)
    zswap.store(8, length=4000, content=1)
    zswap.store(11, length=4000, content=2)
    before = zswap.vmstat
    # the first page takes the last page of the pool, and gives the old one's back
    assert store_folio(zswap, 8, [4000, 4000, 4000, 4000]) == -ENOMEM
    assert zswap.seen("STORE", "FREE", "STORE_FAILED", "SWAP_WRITE") == [
        ("FREE", 8),
        ("STORE", 8),
        ("STORE", 9),
        ("FREE", 8),
        ("FREE", 9),
        ("FREE", 11),
        *((event, slot) for slot in range(8, 12) for event in ("STORE_FAILED", "SWAP_WRITE")),
    ]
    assert zswap.counters == {"reject_alloc_fail": 1}
    assert zswap.pages() == 0
    assert zswap.vmstat == {**before, "pswpout": 4}  # zswpout as it was
    for k in range(4):
        assert zswap.load(8 + k) == -ENOENT
        assert zswap.records[1].content == 100 + k
    zswap.check()


@for_kernels("6.18")
def test_the_limit_is_checked_once_a_folio(zswap: SwapBench) -> None:
    zswap.fill(19)
    assert store_folio(zswap, 30, [4000] * 4) == 0
    assert zswap.pages() == 23
    assert store_folio(zswap, 34, [4000] * 4) == -ENOMEM
    assert zswap.counters["pool_limit_hit"] == 1
    assert zswap.counter(z.SHRINK_QUEUED) == 0  # was queued, and has run: second chances
    assert zswap.lru() == [17, 18, 19, *range(30, 34), *range(1, 17)]
    zswap.check()


@for_kernels("6.18")
def test_a_refused_folio_leaves_no_old_entries(zswap: SwapBench) -> None:
    zswap.store(9)
    zswap.set_parameter(z.ENABLED, 0)
    assert store_folio(zswap, 8, [1000] * 4) == -ENODEV
    assert zswap.counters == {}
    assert zswap.device(9) == 101


@pytest.mark.parametrize("kernel", [*kernels("3.11..6.18")])
def test_a_folio_of_one_page_is_a_page(zswap: SwapBench) -> None:
    assert store_folio(zswap, 8, [1000]) == 0
    assert zswap.events == ["STORE"]
    assert zswap.counters == {"stored_pages": 1}


@for_kernels("3.11..6.12")
def test_other_kernels_refuse_a_folio_of_several_pages(zswap: SwapBench) -> None:
    assert store_folio(zswap, 8, [1000, 1000], [1, 0]) == -EINVAL
    assert zswap.counters == {}
    assert zswap.vmstat == {"pswpout": 2}
    assert (zswap.device(8), zswap.device(9)) == (100, 101)


@for_kernels("5.4..6.1")
def test_frontswap_forgets_the_slots_of_a_folio_first(zswap: SwapBench) -> None:
    zswap.store(9)
    assert store_folio(zswap, 8, [1000, 1000]) == -EINVAL
    assert zswap.counters == {}
    assert zswap.load(9) == -ENOENT


@for_kernels("6.6..6.12")
def test_a_folio_is_refused_before_old_entries_are_looked_for(zswap: SwapBench) -> None:
    """EC-43's exception: the entry of 6.12 is stale, and a load would find it."""
    zswap.store(9, content=5)
    assert store_folio(zswap, 8, [1000, 1000]) == -EINVAL
    assert zswap.counters == {"stored_pages": 1}  # in 6.6 and 6.8 duplicate_entry stays 0, too
    assert zswap.device(9) == 101
    assert zswap.load(9) == 0
    assert zswap.records[0].content == 5


@for_kernels("6.12..6.18")
def test_a_folio_of_zeros_stops_at_the_swap_core(zswap: SwapBench) -> None:
    assert store_folio(zswap, 8, [19, 19], [2, 2]) == 0
    assert zswap.events == ["STORE_ZERO", "STORE_ZERO"]
    assert zswap.counters == {}
    assert zswap.vmstat == {"swpout_zero": 2}
    assert (zswap.load(8), zswap.load(9)) == (0, 0)


@for_kernels("6.18")
def test_a_folio_that_is_not_all_zeros_goes_to_zswap_whole(zswap: SwapBench) -> None:
    store_folio(zswap, 8, [19, 19], [2, 2])
    assert store_folio(zswap, 8, [19, 1000], [2, 0]) == 0
    assert zswap.events == ["STORE", "STORE"]
    assert zswap.load(8) == 0
    assert zswap.events[0] == "LOAD"


@for_kernels("6.18")
def test_a_folio_of_many_pages_waits_for_room_in_the_journal(engine: str, kernel: str) -> None:
    capacity = 256 + 64 * 8
    zswap = SwapBench(engine, kernel=kernel, totalram_pages=1000, journal_capacity=capacity)
    zswap.fill(100, first_slot=200)
    assert store_folio(zswap, 8, [4000] * 64) == 0
    assert zswap.counters == {"stored_pages": 164}
    zswap.check()


@for_kernels("6.6", "6.18")
def test_a_folio_of_which_the_disk_does_not_take_a_page_is_not_written(kernel: str) -> None:
    zswap = SwapBench(
        kernel=kernel,
        totalram_pages=100,
        faults=[f.Row(f.WRITE_ERROR, first_slot=9, last_slot=9)],
    )
    zswap.set_parameter(z.ENABLED, 0)
    assert store_folio(zswap, 8, [1000] * 3) == -EIO
    assert zswap.seen("SWAP_WRITE", "WRITE_FAILED") == [
        ("SWAP_WRITE", 8),
        ("WRITE_FAILED", 9),
        ("SWAP_WRITE", 10),
    ]
    assert [zswap.device(slot) for slot in (8, 9, 10)] == [100, None, 102]
    assert zswap.vmstat == {"pswpout": 3}  # the failed one was begun
    zswap.check()


@for_kernels("6.18")
def test_a_folio_begins_only_where_the_journal_has_room_for_all_its_pages(kernel: str) -> None:
    """8 records a page besides a step: 40 of them are not free any more after 41 stores."""
    swap = make_swap("interpreted", 512, HEADROOM + 40 + 40, kernel=kernel, totalram_pages=1000)
    stores = [(events.OP_STORE, slot, 0, 1000, 0) for slot in range(1, 42)]
    pages = [(events.OP_FOLIO_PAGE, 0, 0, 1000, 0)] * 5
    rows = [*stores, (events.OP_STORE_FOLIO, 100, 5, 0, 0), *pages]
    tape = events.Events(*(list(column) for column in zip(*rows, strict=True)))
    outcomes = events.make_outcomes(len(rows), 1, strict_zeros)
    assert events.run_events(swap, tape, outcomes, 0) == 41
    assert len(drain(swap.journal)) == 41
    assert events.run_events(swap, tape, outcomes, 41) == len(rows)
    assert len(drain(swap.journal)) == 5
