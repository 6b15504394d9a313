# SPDX-License-Identifier: GPL-2.0-only
"""Whole small runs in which things fail: nothing leaks, nothing is silently wrong, and both

engines do the same.
"""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import kernels
from machine_driver import MachineBench
from memory_runs import runs

from zswapsim.machine import faults as f
from zswapsim.machine import memory as m
from zswapsim.machine.journal import HEADROOM
from zswapsim.machine.zswap import state as z

often = st.integers(0, 100).map(lambda percent: f.PRIME * percent // 100)
fault_rows = st.lists(
    st.builds(
        f.Row,
        kind=st.integers(0, f.KINDS - 1),
        first_slot=st.sampled_from([0, 0, 0, 5]),
        last_slot=st.sampled_from([f.FOREVER, f.FOREVER, 20]),
        space=st.sampled_from([0, 0, 10]),
        interval=st.sampled_from([1, 1, 2, 5]),
        threshold=st.just(f.PRIME) | often,
        times=st.sampled_from([f.FOREVER, f.FOREVER, 1, 20]),
        by_key=st.integers(0, 1),
        seed=st.integers(0, 1 << 40),
    ),
    min_size=1,
    max_size=5,
)

FEW = settings(max_examples=settings.default.max_examples * 2 // 5)  # type: ignore[union-attr]


def struck(bench: MachineBench) -> Counter[int]:
    """How often each kind struck."""
    plans = bench.machine.swap.faults.plans
    counts: Counter[int] = Counter()
    for at in range(0, len(plans), f.FIELDS):
        counts[int(plans[at + f.KIND])] += int(plans[at + f.STRUCK])
    return counts


class Disk:
    """What the swap file holds, by the journal alone: each read gives what was last written."""

    def __init__(self) -> None:
        self.holds: dict[int, int | None] = {}

    def follow(self, record: Any) -> None:
        if record.event in ("SWAP_WRITE", "WRITEBACK"):
            self.holds[record.slot] = record.content
        elif record.event == "WRITE_FAILED":
            self.holds[record.slot] = None
        elif record.event == "SWAP_READ":
            assert self.holds[record.slot] == record.content


@FEW
@given(runs(shrinker=True, any_pool=True), fault_rows)
def test_access_by_access_nothing_leaks_and_no_failed_write_is_read(
    run: dict[str, Any], rows: list[f.Row]
) -> None:
    bench = MachineBench("interpreted", **run["machine"], faults=rows)
    disk = Disk()
    for number, access in enumerate(run["accesses"]):
        before = len(bench.records)
        bench.run([access], base=number)
        bench.check()
        for record in bench.records[before:]:
            disk.follow(record)
        assert bench.machine.memory.state[access & 0x7FFFFFFF] == m.RESIDENT
    strikes = struck(bench)
    counters = bench.machine.swap.zswap.counters
    events = Counter(record.event for record in bench.records)
    lost = bench.machine.swap.faults.counts[f.LOST_PAGES]
    ahead = run["machine"]["page_cluster"] > 0
    # What strikes twice at once, by two plans, is one failure.
    assert events["READ_FAILED"] <= strikes[f.READ_ERROR]
    assert events["WRITE_FAILED"] <= strikes[f.WRITE_ERROR]
    assert lost == events["READ_FAILED"] or (ahead and lost < events["READ_FAILED"])
    assert counters[z.REJECT_KMEMCACHE_FAIL] <= strikes[f.ENTRY_FAIL]
    assert (counters[z.REJECT_KMEMCACHE_FAIL] > 0) == (strikes[f.ENTRY_FAIL] > 0)
    assert bench.stat["write_errors"] <= events["WRITE_FAILED"]
    used = {int(slot) for slot in bench.machine.memory.slot}
    bad = {
        slot for slot in range(run["machine"]["slots"]) if bench.machine.swap.slots.used[slot] > 1
    }
    assert len(bad) == bench.machine.swap.slots.counts[2]
    assert not used & bad


@FEW
@given(runs(kernels("3.11..6.12"), shrinker=True), fault_rows)
def test_the_engines_run_in_lockstep_whatever_fails(run: dict[str, Any], rows: list[f.Row]) -> None:
    benches = [
        MachineBench(engine, **run["machine"], faults=rows)
        for engine in ("interpreted", "compiled")
    ]
    third = 1 + len(run["accesses"]) // 3
    for base in range(0, len(run["accesses"]), third):
        states = []
        for bench in benches:
            bench.run(run["accesses"][base : base + third], base=base)
            bench.check()
            states.append(bench.state())
        assert states[0] == states[1]
        assert benches[0].records == benches[1].records


@FEW
@given(runs(shrinker=True), fault_rows)
def test_a_full_journal_stops_a_faulty_run_without_changing_it(
    run: dict[str, Any], rows: list[f.Row]
) -> None:
    roomy = MachineBench("interpreted", **run["machine"], faults=rows)
    tight = MachineBench(
        "interpreted", **run["machine"], faults=rows, journal_capacity=HEADROOM + 2
    )
    for bench in (roomy, tight):
        bench.run(run["accesses"])
        bench.check()
    assert roomy.records == tight.records
    assert roomy.state() == tight.state()


@given(runs(), st.lists(st.integers(0, f.KINDS - 1), min_size=1, max_size=3))
def test_plans_that_never_strike_change_nothing(run: dict[str, Any], kinds: list[int]) -> None:
    plain = MachineBench("interpreted", **run["machine"])
    faulty = MachineBench(
        "interpreted", **run["machine"], faults=[f.Row(kind, threshold=0) for kind in kinds]
    )
    for bench in (plain, faulty):
        bench.run(run["accesses"])
    assert plain.records == faulty.records
    assert plain.stat == faulty.stat
    assert plain.vmstat == faulty.vmstat
    assert plain.counters == faulty.counters
