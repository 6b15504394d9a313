# SPDX-License-Identifier: GPL-2.0-only
"""Tracepoints: interpreted they tell of every decision, compiled they are nothing."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

import zswapsim.machine.tracepoints as points
from zswapsim import ReplayConfig, Result, Trace, Zram, replay
from zswapsim.engine.tracepoint import listening
from zswapsim.trace.synthetic import random_contents, zipf

RUNS: list[dict[str, Any]] = [
    {"kernel": "5.4", "zpool": "zbud", "max_pool_percent": 8, "swap_size": "70%"},
    {"kernel": "6.1", "zpool": "zbud", "max_pool_percent": 8},
    {"kernel": "6.1", "zpool": "z3fold", "max_pool_percent": 8},
    {"kernel": "6.12", "zpool": "zsmalloc", "max_pool_percent": 15},
    {"frontend": "zram", "zram_limit": "60%", "zram_writeback": "huge:1000"},
]
NAMES = {name.removeprefix("trace_") for name in vars(points) if name.startswith("trace_")}


@pytest.fixture(scope="module")
def trace() -> Trace:
    contents = random_contents(300, seed=4, zero=5, same_filled=5, text=40, pointers=40, random=10)
    return zipf(6_000, 200, 0.8, seed=3, contents=contents)


def run(trace: Trace, settings: dict[str, Any], engine: str = "interpreted") -> Result:
    return replay(trace, ReplayConfig(memory="30%", **settings, engine=engine, carry_bytes=False))


def heard(trace: Trace, settings: dict[str, Any], engine: str = "interpreted") -> tuple[Any, ...]:
    told: list[tuple[str, dict[str, Any]]] = []
    with listening(lambda name, values: told.append((name, values))):
        result = run(trace, settings, engine)
    return result, told


def compaction() -> list[tuple[str, dict[str, Any]]]:
    """What zram's compaction says, for which no replay asks."""
    told: list[tuple[str, dict[str, Any]]] = []
    pages = random_contents(40, seed=1, zero=0, same_filled=0, text=100, pointers=0, random=0)
    with Zram(slots=64) as zram, listening(lambda name, values: told.append((name, values))):
        for slot in range(40):
            zram.write(slot, pages[slot].tobytes())
        for slot in range(0, 40, 2):
            zram.discard(slot)
        zram.compact()
        assert zram.mm_stat["pages_compacted"] > 0
    return told


@pytest.fixture(scope="module")
def runs(trace: Trace) -> list[tuple[Any, ...]]:
    """What each of RUNS comes to and says."""
    return [heard(trace, settings) for settings in RUNS]


def test_every_tracepoint_is_reached(runs: list[tuple[Any, ...]]) -> None:
    names = {name for _, told in runs for name, _ in told}
    assert names | {name for name, _ in compaction()} == NAMES


def test_what_a_compaction_empties_is_less_than_it_moves_into() -> None:
    moves = [values for name, values in compaction() if name == "zs_move"]
    assert moves
    assert all(move["zspage"] != move["to_zspage"] for move in moves)


@pytest.mark.parametrize("settings", RUNS, ids=lambda run: "-".join(map(str, run.values())))
def test_they_agree_with_the_counters_and_change_none(
    trace: Trace, runs: list[tuple[Any, ...]], settings: dict[str, Any]
) -> None:
    plain = run(trace, settings)
    result, told = runs[RUNS.index(settings)]
    for group in ("zswap", "vmstat", "memory"):
        assert getattr(result, group) == getattr(plain, group)
    count = Counter(name for name, _ in told)
    with_outcome = Counter((name, values.get("outcome")) for name, values in told)
    assert count["limit_hit"] == result.zswap["pool_limit_hit"]
    assert with_outcome["writeback", 0] == result.zswap["written_back_pages"]
    assert with_outcome["store_end", 0] == result.vmstat["zswpout"]
    assert count["swap_read"] == result.vmstat["pswpin"]
    assert count["swap_write"] == count["store"] - with_outcome["store_end", 0]
    assert (
        sum(values["kind"] > 0 for name, values in told if name == "load")
        == (result.vmstat["zswpin"])
    )
    assert count["fault"] == result.memory["pgfault"]
    stayed = result.memory["swap_full"] + result.memory["write_errors"]
    assert count["victim"] == result.memory["pgsteal"] + stayed


def test_compiled_they_are_nothing(trace: Trace) -> None:
    result, told = heard(trace, RUNS[0], "compiled")
    assert told == []
    assert result.zswap == run(trace, RUNS[0]).zswap


def test_a_listener_hears_only_while_it_listens(trace: Trace) -> None:
    told: list[str] = []
    with listening(lambda name, values: told.append(name)), pytest.raises(RuntimeError):
        run(trace, RUNS[0])
        raise RuntimeError
    count = len(told)
    run(trace, RUNS[0])
    assert len(told) == count > 0


def test_a_zbud_page_is_chosen_from_the_list_that_is_told(trace: Trace) -> None:
    _, told = heard(trace, RUNS[0])
    for (name, search), (then, alloc) in pairwise(told):
        if name == "zbud_search":
            assert then == "zbud_alloc"
            assert alloc["chunks"] == search["chunks"]
            if search["page"] >= 0:
                assert search["free_chunks"] >= search["chunks"]
                assert alloc["page"] == search["page"]
