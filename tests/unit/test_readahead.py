# SPDX-License-Identifier: GPL-2.0-only
"""Swap read-ahead: how wide a window is, what it brings in, and what becomes of such pages."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from machine_driver import MachineBench

from zswapsim.conformance.strict import zeros_of
from zswapsim.conformance.tape import (
    entry,
)
from zswapsim.engine.simulated import Ints
from zswapsim.errors import EEXIST, InvariantError
from zswapsim.machine import build
from zswapsim.machine import memory as m
from zswapsim.machine import readahead as ra
from zswapsim.machine.journal import HEADROOM
from zswapsim.machine.zswap import state as z

WRITE = 1 << 31
FREED = 0xFFFFFFFF
FAR = 1000

# Contents by number: one that compresses, and last the page of zeros.
GOOD, ZERO = range(2)


def run_windows(readahead: Ints, hits: Ints, slots: Ints, results: Ints, blocks: Ints) -> int:
    """Open the windows of faults, with hits before each; return their number."""
    for i in range(len(slots)):
        readahead[ra.HITS] += hits[i]
        ra.begin_readahead(readahead, slots[i], FAR)
        results[i] = readahead[ra.LAST_PAGES]
        blocks[2 * i] = readahead[ra.NEXT]
        blocks[2 * i + 1] = readahead[ra.END]
    return len(slots)


Windows = Callable[..., list[int]]


@pytest.fixture
def windows(engine: str) -> Windows:
    """Return the windows of faults given as (hits since the last one, slot).

    The kernel's 4 hits before the first fault are left to the test, as `first_hits`.
    """

    def run(page_cluster: int, faults: Sequence[tuple[int, int]], first_hits: int = 0) -> list[int]:
        zeros = zeros_of(engine)
        readahead = ra.make_readahead(page_cluster, zeros)
        assert readahead[ra.HITS] == 4
        readahead[ra.HITS] = first_hits
        hits, slots = (build.ints([fault[k] for fault in faults], engine) for k in (0, 1))
        results, blocks = zeros(len(faults)), zeros(2 * len(faults))
        entry(run_windows, engine)(readahead, hits, slots, results, blocks)
        return [int(results[i]) for i in range(len(faults))]

    return run


# How wide


def test_the_first_window_is_wide_and_shrinks_by_half_without_hits(windows: Windows) -> None:
    faults = [(0, 100), (0, 200), (0, 300), (0, 400), (0, 500)]
    assert windows(3, faults, first_hits=4) == [8, 4, 2, 1, 1]


def test_without_hits_a_neighbour_of_the_last_fault_makes_it_two(windows: Windows) -> None:
    faults = [(0, 400), (0, 401), (0, 402), (0, 401), (0, 401), (0, 403), (0, 500), (0, 502)]
    assert windows(3, faults) == [1, 2, 2, 2, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("hits", "pages"), [(1, 4), (2, 4), (3, 8), (6, 8), (7, 16), (14, 16), (15, 32), (31, 32)]
)
def test_hits_and_two_more_are_rounded_up_to_a_power_of_two(
    windows: Windows, hits: int, pages: int
) -> None:
    assert windows(5, [(hits, 100)]) == [pages]


@pytest.mark.parametrize("page_cluster", [1, 2, 3, 4, 5])
def test_no_window_is_above_two_to_the_page_cluster(windows: Windows, page_cluster: int) -> None:
    assert windows(page_cluster, [(100, 100), (1, 300)])[0] == 1 << page_cluster


def test_few_hits_do_not_shrink_a_window_below_its_half(windows: Windows) -> None:
    assert windows(5, [(30, 100), (1, 300), (1, 500), (1, 700)]) == [32, 16, 8, 4]


def test_hits_count_for_one_window_only(windows: Windows) -> None:
    assert windows(2, [(2, 100), (0, 300), (0, 500)]) == [4, 2, 1]


def test_the_slot_of_a_fault_with_hits_is_not_remembered(windows: Windows) -> None:
    """As in the kernel; it shows with windows of two at most."""
    faults = [(0, 50), (1, 60), (0, 61), (0, 60), (1, 70), (0, 59)]
    assert windows(1, faults) == [1, 2, 1, 2, 2, 2]


def test_page_cluster_0_is_a_window_of_one_that_leaves_the_hits(windows: Windows) -> None:
    readahead = ra.make_readahead(0, zeros_of("interpreted"))
    assert [ra.swapin_nr_pages(readahead, slot) for slot in (7, 8, 9)] == [1, 1, 1]
    assert readahead[ra.HITS] == ra.INITIAL_HITS


# Which slots


@pytest.mark.parametrize(
    ("slot", "slots", "block"),
    [
        (13, 100, range(8, 16)),
        (8, 100, range(8, 16)),
        (15, 100, range(8, 16)),
        (3, 100, range(1, 8)),  # slot 0 is the header
        (1, 100, range(1, 8)),
        (9, 12, range(8, 12)),  # the end of the swap file
        (1, 2, range(1, 2)),
    ],
)
def test_the_window_is_the_aligned_block_inside_the_swap_file(
    slot: int, slots: int, block: range
) -> None:
    readahead = ra.make_readahead(3, zeros_of("interpreted"))
    ra.begin_readahead(readahead, slot, slots)
    assert range(readahead[ra.NEXT], readahead[ra.END]) == block


def test_a_window_of_one_is_the_fault_alone() -> None:
    readahead = ra.make_readahead(3, zeros_of("interpreted"))
    readahead[ra.HITS] = 0
    ra.begin_readahead(readahead, 13, 100)
    assert range(readahead[ra.NEXT], readahead[ra.END]) == range(13, 14)


# In memory


def swapped_out(
    engine: str, *, room: int = 8, versions: Sequence[tuple[int, int, int]] = (), **changes: Any
) -> MachineBench:
    """Ten pages may be in memory: pages 0 to 5 are swapped out, in slots 1 to 6.

    At access 16, which is to 15, `room` of the others are given back.
    """
    freed = [(16, page, FREED) for page in range(6, 6 + room)]
    settings: dict[str, Any] = {
        "pages": 40,
        "limit_pages": 10,
        "lengths": [1000, 30],
        "same_filled": [0, 1],
        "totalram_pages": 1000,
        "page_cluster": 3,
        "versions": sorted([*versions, *freed]),
        **changes,
    }
    run = MachineBench(engine, **settings)
    run.run([*range(16), 15])
    assert [page for page in range(40) if run.machine.memory.state[page] == m.SWAPPED] == [
        *range(6)
    ]
    assert [run.machine.memory.slot[page] for page in range(6)] == [*range(1, 7)]
    run.records.clear()
    run.check()
    return run


def access(run: MachineBench, *accesses: int) -> None:
    run.run(accesses, base=17)
    run.check()


def loads(run: MachineBench) -> list[int]:
    """Slots in the order in which their pages came in."""
    names = ("LOAD", "LOAD_SAME", "SWAP_READ")
    return [record.slot for record in run.records if record.event in names]


def cached(run: MachineBench) -> list[int]:
    """Pages that were read ahead and not accessed yet."""
    return [page for page, state in enumerate(run.machine.memory.state) if state == m.CACHED]


def only_next_fault(run: MachineBench) -> None:
    """Make the next window one page wide."""
    run.machine.memory.readahead[ra.HITS] = 0
    run.machine.memory.readahead[ra.LAST_PAGES] = 0


def test_a_fault_brings_in_the_pages_of_the_slots_around_its_own(engine: str) -> None:
    run = swapped_out(engine)
    access(run, 2)
    assert loads(run) == [1, 2, 4, 5, 6, 3]
    assert cached(run) == [0, 1, 3, 4, 5]
    assert run.resident == [2, 5, 4, 3, 1, 0, 15, 14]
    stat, vmstat = run.stat, run.vmstat
    assert (stat["swap_ra"], stat["swap_ra_hit"]) == (5, 0)
    assert (stat["pgmajfault"], stat["pgfault"]) == (1, 17)
    assert (vmstat["zswpin"], vmstat["pswpin"]) == (6, 0)
    assert stat["resident_pages"] == 8
    for slot in range(1, 7):
        assert run.machine.swap.busy[slot] == -EEXIST


def test_pages_read_ahead_come_from_the_swap_file_where_zswap_does_not_have_them(
    engine: str,
) -> None:
    run = swapped_out(engine, lengths=[4000, 30], versions=[(0, 1, GOOD), (0, 4, GOOD)])
    access(run, 2)
    assert (run.vmstat["zswpin"], run.vmstat["pswpin"]) == (4, 2)
    assert loads(run) == [1, 2, 4, 5, 6, 3]
    assert [r.slot for r in run.records if r.event == "SWAP_READ"] == [2, 5]


def test_without_read_ahead_only_the_page_itself_comes_in(engine: str) -> None:
    run = swapped_out(engine, page_cluster=0)
    before = [int(value) for value in run.machine.memory.readahead]
    access(run, 2, 3)
    assert loads(run) == [3, 4]
    assert (run.stat["swap_ra"], run.stat["pgmajfault"]) == (0, 2)
    assert [int(value) for value in run.machine.memory.readahead][: ra.BEGUN] == before[: ra.BEGUN]


def test_free_slots_and_pages_in_memory_are_skipped(engine: str) -> None:
    run = swapped_out(engine, versions=[(17, 1, FREED)])
    only_next_fault(run)
    access(run, 3)
    assert loads(run) == [4]
    run.machine.memory.readahead[ra.HITS] = 4
    run.records.clear()
    access(run, 2)
    assert loads(run) == [1, 5, 6, 3]  # 2 is free, 3 the fault's, 4 in memory, 7 never used


def test_a_slot_beyond_the_block_is_left_alone(engine: str) -> None:
    run = swapped_out(engine, page_cluster=1)
    access(run, 2)  # slot 3, block 2 to 3
    assert loads(run) == [2, 3]
    access(run, 4)  # slot 5, not beside 3: no hits, a window of one
    assert loads(run) == [2, 3, 5]


def test_the_first_access_to_a_page_read_ahead_is_a_minor_fault_and_a_hit(engine: str) -> None:
    run = swapped_out(engine)
    access(run, 2)
    run.records.clear()
    before = run.stat
    access(run, 3)
    assert run.records == []
    assert run.stat == {
        **before,
        "pgfault": before["pgfault"] + 1,
        "swap_ra_hit": 1,
    }
    assert run.machine.memory.state[3] == m.RESIDENT
    assert run.machine.memory.slot[3] == 4
    assert run.machine.swap.busy[4] == -EEXIST
    assert run.resident[0] == 3
    access(run, 3)
    assert run.stat["pgfault"] == before["pgfault"] + 1
    assert run.stat["swap_ra_hit"] == 1


def test_a_write_to_a_page_read_ahead_frees_its_slot(engine: str) -> None:
    run = swapped_out(engine)
    access(run, 2)
    run.records.clear()
    access(run, 3 | WRITE)
    assert [(record.event, record.slot) for record in run.records] == [("INVALIDATE", 4)]
    assert [record.at for record in run.records] == [17]
    assert run.machine.memory.slot[3] == 0
    assert run.machine.swap.busy[4] == 0
    assert (run.stat["swap_ra_hit"], run.stat["pgmajfault"]) == (1, 1)


def test_an_unused_page_is_dropped_without_a_store(engine: str) -> None:
    run = swapped_out(engine)
    access(run, 2, *range(20, 26))  # takes 15, 14 and the oldest of those read ahead
    assert run.machine.memory.state[0] == run.machine.memory.state[1] == m.SWAPPED
    assert cached(run) == [3, 4, 5]
    assert run.stat["clean_drops"] == 2
    assert run.machine.swap.busy[1] == run.machine.swap.busy[2] == 0
    assert run.vmstat["zswpout"] == 6 + 2
    access(run, 0)
    assert run.stat["pgmajfault"] == 2
    assert run.stat["swap_ra_hit"] == 0


def test_hits_widen_the_next_window(engine: str) -> None:
    run = swapped_out(engine)
    only_next_fault(run)
    access(run, 0)
    run.machine.memory.readahead[ra.HITS] = 1
    access(run, 1)  # slot 2, block 1 to 3
    assert loads(run) == [1, 3, 2]
    access(run, 2)  # the hit
    access(run, 4)  # slot 5, block 4 to 7
    assert loads(run) == [1, 3, 2, 4, 6, 5]


def test_a_page_read_ahead_that_is_given_back_leaves_memory_and_swap(engine: str) -> None:
    run = swapped_out(engine, versions=[(18, 3, FREED)])
    access(run, 2, 15)
    assert run.machine.memory.state[3] == m.ABSENT
    assert 3 not in run.resident
    assert run.machine.swap.slots.used[4] == 0
    assert run.stat["resident_pages"] == 7


def test_a_write_fault_keeps_its_slot_until_the_block_is_read(engine: str) -> None:
    run = swapped_out(engine)
    access(run, 2 | WRITE)
    assert [(r.event, r.slot) for r in run.records[-2:]] == [("LOAD_SAME", 3), ("INVALIDATE", 3)]
    assert loads(run) == [1, 2, 4, 5, 6, 3]


def test_each_page_read_ahead_takes_the_place_of_another(engine: str) -> None:
    """A victim whose slot is in the block is read back, as it would be by the kernel."""
    run = swapped_out(engine, room=0)
    access(run, 2)
    stores = [record.slot for record in run.records if record.event == "STORE_SAME"]
    assert stores == [7, 8, 9, 10, 11, 12, 13]
    assert loads(run) == [1, 2, 4, 5, 6, 7, 3]
    assert run.stat["resident_pages"] == 10
    assert run.stat["over_limit"] == 0
    assert run.resident == [2, 6, 5, 4, 3, 1, 0, 15, 14, 13]


def test_read_ahead_stops_where_reclaim_finds_no_room(engine: str) -> None:
    """All slots are in use and memory is full: the fault may go over the limit, its block not."""
    run = swapped_out(engine, room=0, slots=7)
    access(run, 2)
    assert loads(run) == [3]
    assert run.stat["swap_ra"] == 0
    assert run.stat["over_limit"] == 1
    assert run.stat["swap_full"] == 2 * m.SWAP_CLUSTER_MAX  # once for the block, once for the page
    assert run.stat["resident_pages"] == 11


def test_pages_of_the_pool_leave_read_ahead_no_room_either() -> None:
    """Six objects of two a page: 10 pages and the pool's 3 are all there is."""
    stored = [(0, page, 0) for page in range(40)]
    run = swapped_out("interpreted", room=0, slots=7, limit_pages=13, versions=stored)
    access(run, 2)
    assert loads(run) == [3]
    assert run.stat["swap_ra"] == 0
    assert run.stat["resident_pages"] == 11


def test_a_writeback_spares_pages_that_were_read_ahead(engine: str) -> None:
    run = swapped_out(engine, kernel="5.4", versions=[(0, 0, GOOD), (0, 1, GOOD)])
    access(run, 1)
    assert 0 in cached(run)  # the FIRST of their zbud page, so that it is asked for first
    run.machine.swap.zswap.parameters[z.TOTALRAM_PAGES] = 0
    run.records.clear()
    access(run, *range(20, 24))  # stores 15, which finds the pool too large
    evictions = [(r.slot, r.content) for r in run.records if r.event == "EVICT_FAILED"]
    assert set(evictions) == {(1, -EEXIST)}
    assert not [record for record in run.records if record.event == "WRITEBACK"]


def test_a_small_journal_stops_within_a_window_and_goes_on_there(engine: str) -> None:
    accesses = [n % 40 | (WRITE if n % 5 == 0 else 0) for n in range(500)]
    settings: dict[str, Any] = {
        "pages": 40,
        "limit_pages": 20,
        "lengths": [1000, 30],
        "same_filled": [0, 1],
        "totalram_pages": 30,
        "page_cluster": 5,
        "versions": [(n, n % 40, n % 2) for n in range(0, 500, 5)],
    }
    whole = MachineBench("interpreted", **settings)
    whole.run(accesses)
    assert whole.stops == 0
    pieces = MachineBench(engine, journal_capacity=HEADROOM, **settings)
    pieces.run(accesses)
    assert pieces.stops > whole.stat["swap_ra"] > 300
    assert pieces.records == whole.records
    assert pieces.state() == whole.state()
    pieces.check()


@pytest.mark.parametrize("policy", ["lru", "clock", "two-list"])
def test_both_engines_agree_on_a_longer_run_with_read_ahead(policy: str) -> None:
    accesses = [((n // 40 * 17 + n % 40) % 120) | (WRITE if n % 7 == 0 else 0) for n in range(6000)]
    versions = [(n, a & ~WRITE, n % 2) for n, a in enumerate(accesses) if a & WRITE]
    versions += [(n, n % 120, FREED) for n in range(0, 6000, 101)]
    runs = []
    for engine in ("interpreted", "compiled"):
        run = MachineBench(
            engine,
            pages=120,
            limit_pages=60,
            lengths=[1000, 30],
            same_filled=[0, 1],
            versions=sorted(versions),
            policy=policy,
            slots=121,
            page_cluster=3,
            totalram_pages=40,
            journal_capacity=1000,
        )
        run.run(accesses)
        run.check()
        runs.append((run.state(), run.records, run.resident, run.stat))
    assert runs[0] == runs[1]
    stat = runs[0][3]
    assert stat["swap_ra"] > stat["swap_ra_hit"] > 100
    assert stat["pgmajfault"] > 100


def test_check_names_what_is_wrong() -> None:
    run = swapped_out("interpreted")
    access(run, 2)
    run.machine.swap.busy[4] = 0
    with pytest.raises(InvariantError, match="page 3 is not mapped, nor in the swap cache"):
        run.check()
    run.machine.swap.busy[4] = -EEXIST
    run.machine.memory.page_of_slot[4] = 2
    with pytest.raises(InvariantError, match="slot 4 does not know its page 3"):
        run.check()
    run.machine.memory.page_of_slot[4] = 3
    run.machine.memory.state[3] = m.SWAPPED
    with pytest.raises(InvariantError, match="not the resident ones"):
        run.check()
