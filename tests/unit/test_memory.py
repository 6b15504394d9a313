# SPDX-License-Identifier: GPL-2.0-only
"""Memory under a limit: faults, reclaim, the swap cache, versions, a full swap file."""

from typing import Any

import pytest
from machine_driver import MachineBench

from zswapsim.errors import EEXIST, InvariantError
from zswapsim.machine import memory as m
from zswapsim.machine.faults import REDIRTIED_NR
from zswapsim.machine.journal import HEADROOM

WRITE = 1 << 31
FREED = 0xFFFFFFFF

# Contents by number: two that compress, one that does not fit, and last the page of zeros.
GOOD, SMALL, POOR, ZERO = range(4)
LENGTHS = [1000, 100, 4000, 30]
SAME = [0, 0, 0, 1]


def bench(engine: str = "interpreted", **changes: Any) -> MachineBench:
    """Ten pages, of which four may be resident; zswap may take all it wants."""
    settings: dict[str, Any] = {
        "pages": 10,
        "limit_pages": 4,
        "lengths": LENGTHS,
        "same_filled": SAME,
        "totalram_pages": 1000,
        **changes,
    }
    return MachineBench(engine, **settings)


def events(run: MachineBench) -> list[tuple[str, int]]:
    """Journal as (event, slot), without the hand-out of slots."""
    return [(record.event, record.slot) for record in run.records if record.event != "SLOT"]


def test_a_first_access_faults_without_swap(engine: str) -> None:
    run = bench(engine)
    run.run([0, 1, 0, 1])
    assert run.stat["pgfault"] == 2
    assert run.stat["pgmajfault"] == 0
    assert run.stat["resident_pages"] == 2
    assert run.records == []
    run.check()


def test_the_limit_holds_resident_and_pool_pages_together(engine: str) -> None:
    run = bench(engine, limit_pages=8, versions=[(n, n, GOOD) for n in range(10)])
    for number in range(10):
        run.run([number | WRITE], base=number)
        pool_pages = run.machine.swap.pools.pool.counts[0]
        assert run.stat["resident_pages"] + pool_pages == min(number + 1, 8)
        run.check()
    assert run.stat["over_limit"] == 0
    assert run.stat["pgsteal"] == 10 - run.stat["resident_pages"]
    assert run.stat["peak_pool_pages"] == 2


def test_a_page_comes_back_from_zswap_with_its_content(engine: str) -> None:
    run = bench(engine, versions=[(0, 0, SMALL)])
    run.run([0 | WRITE, 1, 2, 3, 4])
    assert events(run)[0] == ("STORE", 1)
    run.records.clear()
    run.run([0], base=5)
    loads = [record for record in run.records if record.event == "LOAD"]
    assert [(load.slot, load.content, load.length) for load in loads] == [(1, SMALL, 100)]
    assert run.stat["pgmajfault"] == 1
    assert run.vmstat["zswpin"] == 1
    run.check()


def test_a_refused_page_comes_back_from_the_swap_file(engine: str) -> None:
    run = bench(engine, versions=[(0, 0, POOR)])
    run.run([0 | WRITE, 1, 2, 3, 4, 0])
    names = [event for event, slot in events(run) if slot == 1]
    assert names == ["STORE_FAILED", "SWAP_WRITE", "LOAD_MISS", "SWAP_READ"]
    assert run.vmstat["pswpout"] == run.vmstat["pswpin"] == 1
    assert run.stat["pgmajfault"] == 1
    run.check()


def test_an_untouched_page_is_same_filled(engine: str) -> None:
    run = bench(engine)
    run.run([0, 1, 2, 3, 4])
    assert events(run) == [("STORE_SAME", 1)]
    assert run.machine.swap.pools.pool.counts[0] == 0


def test_a_clean_page_keeps_its_slot_and_is_dropped_without_a_store(engine: str) -> None:
    run = bench(engine)
    run.run([0, 1, 2, 3, 4, 0])  # 0 is read back
    assert run.machine.memory.slot[0] == 1
    assert run.machine.swap.busy[1] == -EEXIST
    stores = run.vmstat["zswpout"]
    run.run([2, 3, 4, 5], base=6)
    assert run.machine.memory.state[0] == m.SWAPPED
    assert run.stat["clean_drops"] == 1
    assert run.machine.swap.busy[1] == 0
    assert run.vmstat["zswpout"] == stores
    run.check()


def test_a_write_to_a_clean_page_frees_its_slot(engine: str) -> None:
    run = bench(engine)
    run.run([0, 1, 2, 3, 4, 0, 0 | WRITE])
    assert run.machine.memory.slot[0] == 0
    assert run.machine.swap.busy[1] == 0
    assert events(run)[-1] == ("INVALIDATE", 1)
    run.check()


def test_a_write_fault_frees_the_slot_after_the_load(engine: str) -> None:
    run = bench(engine)
    run.run([0, 1, 2, 3, 4, 0 | WRITE])
    assert events(run)[-2:] == [("LOAD_SAME", 1), ("INVALIDATE", 1)]
    assert run.machine.memory.slot[0] == 0
    run.check()


def test_a_page_whose_content_changed_is_stored_anew_in_its_slot(engine: str) -> None:
    run = bench(engine, versions=[(0, 0, GOOD), (6, 0, SMALL)])
    run.run([0 | WRITE, 1, 2, 3, 4, 0, 0])  # the change comes without a write
    run.run([1, 2, 3, 4], base=7)
    stores = [(r.slot, r.content) for r in run.records if r.event == "STORE"]
    assert stores == [(1, GOOD), (1, SMALL)]
    run.check()


def test_a_writeback_spares_pages_in_the_swap_cache(engine: str) -> None:
    """The pool is limited to one page; the page read back is in the swap cache."""
    run = bench(
        engine,
        kernel="5.4",
        limit_pages=3,
        totalram_pages=0,
        versions=[(n, n, GOOD) for n in range(10)],
    )
    run.run([n | WRITE for n in range(3)])
    run.run([0, 4 | WRITE, 5 | WRITE], base=3)
    run.check()
    failed = [record for record in run.records if record.event == "EVICT_FAILED"]
    assert all(record.content == -EEXIST for record in failed)


def test_a_freed_page_is_gone_with_its_slot(engine: str) -> None:
    run = bench(engine, versions=[(0, 0, GOOD), (5, 0, FREED), (6, 4, FREED), (7, 9, FREED)])
    run.run([0 | WRITE, 1, 2, 3, 4, 4, 3, 3])
    assert run.stat["freed_pages"] == 3
    assert run.machine.memory.state[0] == run.machine.memory.state[4] == m.ABSENT
    assert run.machine.swap.zswap.kind[1] == 0
    run.check()
    majors = run.stat["pgmajfault"]
    run.run([0, 4], base=8)
    assert run.stat["pgmajfault"] == majors
    assert run.machine.memory.content[0] == ZERO
    run.check()


def test_a_full_swap_file_keeps_pages_resident_over_the_limit(engine: str) -> None:
    run = bench(engine, slots=3)
    run.run(range(10))
    assert run.stat["resident_pages"] == 8
    assert run.stat["over_limit"] == 4
    assert run.stat["swap_full"] == 4 * m.SWAP_CLUSTER_MAX
    run.check()


def test_a_limit_of_one_page_goes_on(engine: str) -> None:
    run = bench(engine, limit_pages=1, versions=[(n, n, GOOD) for n in range(10)])
    run.run([n | WRITE for n in range(10)])
    assert run.stat["resident_pages"] == 1
    run.check()
    # The pool holds pages as well, so the limit is exceeded from the second fault on.
    assert run.stat["over_limit"] == 9


def test_every_policy_keeps_what_is_used(engine: str) -> None:
    accesses = [0, 1, 2, 3, 0, 1, 4, 5, 0, 6]
    for policy, resident in (
        ("lru", [6, 0, 5, 4]),
        ("clock", [6, 0, 5, 4]),
        ("two-list", [6, 0, 5, 4]),
    ):
        run = bench(engine, policy=policy)
        run.run(accesses)
        assert sorted(run.resident) == sorted(resident), policy
        run.check()


def test_an_empty_trace_does_nothing(engine: str) -> None:
    run = bench(engine)
    run.run([])
    assert run.stat == dict.fromkeys(m.MEMORY, 0)


def test_the_last_page_and_the_highest_content_are_in_range(engine: str) -> None:
    run = bench(engine, versions=[(0, 9, POOR)])
    run.run([9 | WRITE, *range(9), 9])
    assert run.machine.memory.content[9] == POOR
    run.check()


def test_the_journal_tells_the_position_in_the_trace(engine: str) -> None:
    run = bench(engine, versions=[(100, 0, GOOD)])
    run.run([0 | WRITE, 1, 2, 3, 4, 0, 0 | WRITE], base=100)
    assert [(record.event, record.at) for record in run.records] == [
        ("SLOT", 104),
        ("STORE", 104),
        ("SLOT", 104),
        ("STORE_SAME", 104),
        ("SLOT", 105),
        ("STORE_SAME", 105),
        ("LOAD", 105),
        ("INVALIDATE", 106),
        ("FREE", 106),
    ]


def test_the_journal_tells_the_position_of_a_freed_page(engine: str) -> None:
    run = bench(engine, versions=[(0, 0, GOOD), (6, 0, FREED)])
    run.run([0 | WRITE, 1, 2, 3, 4, 4, 4])
    assert [(record.event, record.at) for record in run.records[-2:]] == [
        ("INVALIDATE", 6),
        ("FREE", 6),
    ]


def test_the_loop_stops_before_the_journal_overflows(engine: str) -> None:
    accesses = [n % 10 | WRITE for n in range(200)]
    versions = [(n, n % 10, n % 3) for n in range(200)]
    whole = bench(engine, versions=versions)
    whole.run(accesses)
    assert whole.stops == 0
    pieces = bench(engine, versions=versions, journal_capacity=HEADROOM)
    pieces.run(accesses)
    assert pieces.stops > 100
    assert pieces.records == whole.records
    assert pieces.state() == whole.state()


def test_a_stop_for_the_journal_leaves_the_number_of_tries_alone(engine: str) -> None:
    """One fault tries 32 times while swap is full, also if the loop stopped in between.

    Page 2 changes without a write, so its store into its own slot works between the failures of
    the others and fills the journal.
    """
    accesses = [2, 1, 3 | WRITE, 5 | WRITE, 3 | WRITE, 0, 2, 0, 4, 1]
    settings: dict[str, Any] = {
        "limit_pages": 1,
        "slots": 4,
        "totalram_pages": 0,
        "versions": [(4, 2, POOR)],
    }
    whole = bench("interpreted", **settings)
    whole.run(accesses)
    assert whole.stat["swap_full"] == 5 * m.SWAP_CLUSTER_MAX
    pieces = bench(engine, journal_capacity=HEADROOM + 3, **settings)
    pieces.run(accesses)
    assert pieces.records == whole.records
    assert pieces.stat == whole.stat
    assert pieces.state() == whole.state()


@pytest.mark.parametrize("policy", ["lru", "clock", "two-list"])
@pytest.mark.parametrize("kernel", ["5.4", "6.1"])
def test_both_engines_agree_on_a_longer_run(policy: str, kernel: str) -> None:
    runs = []
    accesses = [
        ((n * n * 7 + n // 3) % 97 % 60) | (WRITE if n % 3 == 0 else 0) for n in range(5000)
    ]
    versions = [(n, a & ~WRITE, n % 3) for n, a in enumerate(accesses) if a & WRITE]
    versions += [(n, n % 60, FREED) for n in range(0, 5000, 101)]
    for engine in ("interpreted", "compiled"):
        run = bench(
            engine,
            pages=60,
            limit_pages=25,
            versions=sorted(versions),
            policy=policy,
            kernel=kernel,
            totalram_pages=40,
            journal_capacity=1000,
        )
        run.run(accesses)
        run.check()
        runs.append((run.state(), run.records, run.resident, run.stat))
    assert runs[0] == runs[1]
    assert runs[0][3]["pgmajfault"] > 100


def test_check_names_what_is_wrong() -> None:
    run = bench()
    run.run(range(6))
    run.machine.memory.slot[0] = 2
    with pytest.raises(InvariantError, match="two pages have the same slot"):
        run.check()
    run.machine.memory.slot[0] = 0
    with pytest.raises(InvariantError, match="a slot is in use by no page"):
        run.check()
    run.machine.memory.slot[0] = 1
    run.check()
    run.machine.memory.stat[m.RESIDENT_PAGES] += 1
    with pytest.raises(InvariantError, match="number of resident pages"):
        run.check()
    run.machine.memory.stat[m.RESIDENT_PAGES] -= 1
    run.machine.memory.page_of_slot[1] = 3
    with pytest.raises(InvariantError, match="slot 1 does not know its page 0"):
        run.check()
    run.machine.memory.page_of_slot[1] = 0
    run.machine.swap.faults.counts[REDIRTIED_NR] = 1
    with pytest.raises(InvariantError, match="failed writeback is nowhere"):
        run.check()
    run.machine.swap.faults.counts[REDIRTIED_NR] = 0
    run.check()
    slot = int(run.machine.memory.slot[1])
    run.machine.memory.slot[1] = 0
    run.machine.swap.slots.counts[0] -= 1
    with pytest.raises(InvariantError, match="page 1 is swapped out but has no slot"):
        m.check_memory(run.machine, run.resident)
    run.machine.memory.slot[1] = slot
    run.machine.swap.slots.counts[0] += 1
    run.machine.memory.state[5] = m.ABSENT
    with pytest.raises(InvariantError, match="pages are not the resident ones"):
        run.check()


def test_check_finds_a_slot_that_does_not_hold_what_its_page_needs() -> None:
    run = bench()
    run.run(range(6))
    slot = int(run.machine.memory.slot[0])
    assert run.machine.memory.state[0] == m.SWAPPED
    zswap = run.machine.swap.zswap
    zswap.kind[slot] = 0
    run.machine.swap.device[slot] = 0
    run.machine.swap.zero[slot] = 0
    with pytest.raises(InvariantError, match=f"the content of slot {slot} is lost"):
        m.check_memory(run.machine, run.resident)
