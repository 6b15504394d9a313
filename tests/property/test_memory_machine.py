# SPDX-License-Identifier: GPL-2.0-only
"""Whole small runs: against naive memory access by access, and engine against engine."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machine_driver import MachineBench
from oracles import EINVAL, FREED, ClockOracle, LruOracle, MemoryOracle, SwapOracle

from zswapsim.machine.journal import HEADROOM

WRITE = 1 << 31
KINDS = {"lru": LruOracle, "clock": ClockOracle}


@st.composite
def runs(draw: Any) -> dict[str, Any]:
    """A small trace with its contents and versions, and a configuration that it strains."""
    pages = draw(st.integers(2, 24))
    page = st.integers(0, pages - 1)
    accesses = draw(st.lists(st.tuples(page, st.booleans()), min_size=1, max_size=120))
    # The last content is the page of zeros.
    length = st.one_of(st.integers(1, 3960), st.sampled_from([-EINVAL, 4000, 3960, 100]))
    lengths = [*draw(st.lists(length, min_size=1, max_size=8)), 30]
    same_filled = [*draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=8, max_size=8))]
    same_filled = [*same_filled[: len(lengths) - 1], 1]
    versions = []
    for number, (accessed, write) in enumerate(accesses):
        change = draw(st.integers(0, 11))
        content = st.integers(0, len(lengths) - 1)
        if change == 0:
            versions.append((number, draw(page), FREED))
        elif change == 1:
            versions.append((number, draw(page), draw(content)))
        elif write and change < 9:
            versions.append((number, accessed, draw(content)))
    return {
        "accesses": [accessed | (WRITE if write else 0) for accessed, write in accesses],
        "machine": {
            "pages": pages,
            "limit_pages": draw(st.integers(1, pages + 2)),
            "lengths": lengths,
            "same_filled": same_filled,
            "versions": versions,
            "slots": draw(st.sampled_from([2, 3, 6, 40, 300])),
            "policy": draw(st.sampled_from(["lru", "clock"])),
            "kernel": draw(st.sampled_from(["5.4", "6.1"])),
            "totalram_pages": draw(st.sampled_from([0, 5, 10, 25, 100])),
            "pool_pages": draw(st.sampled_from([1, 64, 64])),
        },
    }


def oracle_of(run: dict[str, Any]) -> MemoryOracle:
    machine = run["machine"]
    swap = SwapOracle(
        machine["kernel"], machine["totalram_pages"], pool_pages=machine["pool_pages"]
    )
    names = ("limit_pages", "slots", "lengths", "same_filled", "versions")
    return MemoryOracle(swap, KINDS[machine["policy"]](), **{name: machine[name] for name in names})


def nonzero(counts: dict[str, int]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if n}


@given(runs())
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
        assert nonzero(bench.vmstat) == nonzero(oracle.swap.vmstat)
        slots = {page: int(slot) for page, slot in enumerate(bench.machine.memory.slot) if slot}
        assert slots == oracle.slot
        # What went out, in order, is the slots of the victims.
        written = [
            record.slot
            for record in bench.records[before:]
            if record.event in ("STORE", "STORE_SAME", "SWAP_WRITE")
        ]
        dropped = len(oracle.victims) - steals - len(written)
        assert dropped >= 0
        loads = [
            record.content
            for record in bench.records
            if record.event in ("LOAD", "LOAD_SAME", "SWAP_READ")
        ]
        assert loads == oracle.loaded
    assert bench.machine.swap.zswap.counters[9] == oracle.swap.cached
    reconcile(bench)


def reconcile(bench: MachineBench) -> None:
    """Counters against each other and against the journal."""
    stat, vmstat = bench.stat, bench.vmstat
    number = Counter(record.event for record in bench.records)
    assert vmstat["zswpout"] == number["STORE"] + number["STORE_SAME"]
    assert vmstat["zswpin"] == number["LOAD"] + number["LOAD_SAME"]
    assert vmstat["pswpout"] == number["SWAP_WRITE"] + number["WRITEBACK"]
    assert vmstat["pswpin"] == number["SWAP_READ"] == number["LOAD_MISS"]
    assert stat["pgmajfault"] == vmstat["zswpin"] + vmstat["pswpin"]
    assert stat["pgsteal"] == vmstat["zswpout"] + number["SWAP_WRITE"] + stat["clean_drops"]
    assert number["SHRINK"] == number["SHRINK_END"]
    assert number["EVICT"] == number["EVICT_FAILED"] + number["WRITEBACK"]
    assert number["STORE_FAILED"] == number["SWAP_WRITE"]
    kinds = Counter(int(kind) for kind in bench.machine.swap.zswap.kind)
    assert kinds[1] == number["STORE"] - number["FREE"]
    assert kinds[2] <= number["STORE_SAME"]


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
@given(run=runs())
def test_a_small_journal_only_makes_the_loop_stop(engine: str, run: dict[str, Any]) -> None:
    whole = MachineBench("interpreted", **run["machine"])
    whole.run(run["accesses"])
    pieces = MachineBench(engine, journal_capacity=HEADROOM + 3, **run["machine"])
    pieces.run(run["accesses"])
    assert pieces.state() == whole.state()
    assert pieces.records == whole.records
    assert pieces.stops > 0 or len(whole.records) < 20
    pieces.check()


@given(run=runs(), cuts=st.lists(st.integers(0, 120), max_size=4))
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
