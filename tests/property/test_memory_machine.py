# SPDX-License-Identifier: GPL-2.0-only
"""Whole small runs: against naive memory access by access, and engine against engine."""

from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kernels import kernels
from machine_driver import MachineBench
from memory_runs import KINDS, WRITE, runs
from readahead_oracle import ReadaheadOracle
from zswap_oracle import ZswapOracle

from zswapsim.machine.journal import HEADROOM
from zswapsim.machine.memory import CACHED, SAVED_PAGES_SUM, SHORT_FAULTS
from zswapsim.machine.zswap.state import POOL_PAGES


def oracle_of(run: dict[str, Any]) -> ReadaheadOracle:
    machine = run["machine"]
    swap = ZswapOracle(
        machine["kernel"],
        machine["totalram_pages"],
        pools=[machine["pool_type"]],
        pool_pages=machine["pool_pages"],
    )
    swap.exclusive_loads = machine["exclusive_loads"]
    swap.enabled = machine["enabled"]
    names = ("limit_pages", "slots", "lengths", "same_filled", "versions", "page_cluster")
    policy = KINDS[machine["policy"]]()
    return ReadaheadOracle(swap, policy, **{name: machine[name] for name in names})


def nonzero(counts: dict[str, int]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}


@given(runs(any_pool=True))
def test_access_by_access_as_naive_memory(run: dict[str, Any]) -> None:
    bench = MachineBench("interpreted", **run["machine"])
    oracle = oracle_of(run)
    for number, access in enumerate(run["accesses"]):
        before = len(bench.records)
        steals = len(oracle.victims)
        bench.run([access], base=number)
        oracle.access(number, access & ~WRITE, bool(access & WRITE))
        bench.check()
        assert bench.resident == oracle.policy.newest_first()
        assert nonzero(bench.stat) == nonzero(
            {**oracle.stat, "resident_pages": len(oracle.resident)}
        )
        stat = bench.machine.memory.stat
        assert stat[SAVED_PAGES_SUM] == sum(oracle.saved_pages)
        assert stat[SHORT_FAULTS] == len(oracle.saved_pages)
        assert nonzero(bench.vmstat) == nonzero(oracle.swap.vmstat)
        assert bench.counters == oracle.swap.gauges()
        busy = {slot: int(why) for slot, why in enumerate(bench.machine.swap.busy) if why}
        assert busy == oracle.swap.busy
        slots = {page: int(slot) for page, slot in enumerate(bench.machine.memory.slot) if slot}
        assert slots == oracle.slot
        states = enumerate(bench.machine.memory.state)
        assert {page for page, state in states if state == CACHED} == oracle.cached
        # What went out, in order, is the slots of the victims.
        written = [
            record.slot
            for record in bench.records[before:]
            if record.event in ("STORE", "STORE_SAME", "STORE_ZERO", "SWAP_WRITE")
        ]
        dropped = len(oracle.victims) - steals - len(written)
        assert dropped >= 0
        loads = [
            None if record.event == "LOAD_ZERO" else record.content
            for record in bench.records
            if record.event in ("LOAD", "LOAD_SAME", "LOAD_ZERO", "SWAP_READ")
        ]
        assert loads == oracle.loaded
    assert bench.machine.swap.zswap.counters[POOL_PAGES] == oracle.swap.cached
    reconcile(bench, stale=run["machine"]["kernel"] == "3.11")


def reconcile(bench: MachineBench, *, stale: bool) -> None:
    """Counters against each other and against the journal.

    stale: there may be entries that are written back without a trace in the swap file.
    """
    stat, vmstat = bench.stat, bench.vmstat
    written_back = bench.counters.get("written_back_pages", 0)
    number = Counter(record.event for record in bench.records)
    assert vmstat["zswpout"] == number["STORE"] + number["STORE_SAME"]
    assert vmstat["zswpin"] == number["LOAD"] + number["LOAD_SAME"]
    assert vmstat["swpout_zero"] == number["STORE_ZERO"]
    assert vmstat["swpin_zero"] == number["LOAD_ZERO"]
    assert vmstat["pswpout"] == number["SWAP_WRITE"] + written_back
    assert number["WRITEBACK"] == written_back or stale
    assert vmstat["pswpin"] == number["SWAP_READ"] == number["LOAD_MISS"]
    reads = vmstat["zswpin"] + vmstat["pswpin"] + vmstat["swpin_zero"]
    assert stat["pgmajfault"] + stat["swap_ra"] == reads
    stores = vmstat["zswpout"] + vmstat["swpout_zero"] + number["SWAP_WRITE"]
    assert stat["pgsteal"] == stores + stat["clean_drops"]
    assert number["SHRINK"] == number["SHRINK_END"]
    assert number["EVICT"] == number["EVICT_FAILED"] + written_back
    assert number["STORE_FAILED"] == number["SWAP_WRITE"]
    kinds = Counter(int(kind) for kind in bench.machine.swap.zswap.kind)
    assert kinds[1] == number["STORE"] - number["FREE"]
    assert kinds[2] <= number["STORE_SAME"]


@given(run=runs(shrinker=True))
def test_a_small_journal_only_makes_the_loop_stop(run: dict[str, Any]) -> None:
    stop_and_go("interpreted", run)


@given(run=runs(kernels("3.11..6.12"), shrinker=True))
def test_a_small_journal_only_makes_the_compiled_loop_stop(run: dict[str, Any]) -> None:
    """Not of 6.18, whose zsmalloc would have to be compiled for this alone."""
    stop_and_go("compiled", run)


def stop_and_go(engine: str, run: dict[str, Any]) -> None:
    """Run with a small journal, as with a large one."""
    whole = MachineBench("interpreted", **run["machine"])
    whole.run(run["accesses"])
    pieces = MachineBench(engine, journal_capacity=HEADROOM + 3, **run["machine"])
    pieces.run(run["accesses"])
    assert pieces.state() == whole.state()
    assert pieces.records == whole.records
    assert pieces.stops > 0 or len(whole.records) < 20
    pieces.check()


@given(run=runs(shrinker=True), cuts=st.lists(st.integers(0, 250), max_size=4))
def test_a_trace_in_chunks_is_the_same_trace(run: dict[str, Any], cuts: list[int]) -> None:
    whole = MachineBench("interpreted", **run["machine"])
    whole.run(run["accesses"])
    chunks = MachineBench("interpreted", **run["machine"])
    total = len(run["accesses"])
    edges = sorted({0, total, *(cut for cut in cuts if cut < total)})
    for begin, end in pairwise(edges):
        chunks.run(run["accesses"][begin:end], base=begin)
    assert chunks.state() == whole.state()
    assert chunks.records == whole.records
