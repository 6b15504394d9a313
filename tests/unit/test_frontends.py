# SPDX-License-Identifier: GPL-2.0-only
"""The frontends of a replay: zswap, zram, plain swap; and zswap of every kernel."""

from typing import Any

import pytest

from zswapsim import ReplayConfig, Result, Trace, replay
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.profiles import PROFILES
from zswapsim.report.table import render
from zswapsim.trace.synthetic import random_contents, zipf


@pytest.fixture(scope="module")
def trace() -> Trace:
    return zipf(12_000, 300, 0.8, seed=3, contents=random_contents(500, seed=4))


def run(trace: Trace, **settings: Any) -> Result:
    return replay(trace, ReplayConfig(**{"engine": "interpreted", "memory": "40%"} | settings))


def numbers(result: Result) -> list[Any]:
    """Everything that the machine decided."""
    return [result.zswap, result.zram, result.vmstat, result.memory, result.compression]


def says(result: Result) -> str:
    from rich.console import Console

    console = Console(width=120)
    with console.capture() as capture:
        console.print(render(result.to_dict()))
    return capture.get()


@pytest.mark.parametrize("kernel", PROFILES)
def test_every_kernel_s_zswap_brings_every_page_back(trace: Trace, kernel: str) -> None:
    """With bytes: 6.12 loads exclusively, 6.18 stores pages raw."""
    result = run(trace, kernel=kernel)
    assert result.complete
    assert result.bytes["checked_pages"] >= result.vmstat["pgmajfault"] > 0
    assert result.vmstat["zswpin"] > 0
    assert result.config["zpool"] == PROFILES[kernel].default_zpool
    assert numbers(run(trace, kernel=kernel, carry_bytes=False)) == numbers(result)


@pytest.mark.parametrize("kernel", ["6.1", "6.6", "6.8", "6.12"])
@pytest.mark.parametrize("zpool", ["zbud", "z3fold", "zsmalloc"])
def test_every_pool_brings_every_page_back(trace: Trace, kernel: str, zpool: str) -> None:
    result = run(trace, kernel=kernel, zpool=zpool)
    assert result.bytes["checked_pages"] >= result.vmstat["pgmajfault"] > 0
    assert result.zswap["reject_alloc_fail"] == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel": "6.12"},
        {"kernel": "6.8", "shrinker_enabled": True},
        {"kernel": "6.6", "zpool": "z3fold", "exclusive_loads": True},
        {"kernel": "6.1", "zpool": "z3fold"},
        {"frontend": "zram", "kernel": "6.1"},
        {"frontend": "zram", "kernel": "6.12", "zram_writeback": "idle:3000"},
        {"frontend": "none"},
    ],
    ids=str,
)
def test_both_engines_give_the_same_numbers(trace: Trace, settings: dict[str, Any]) -> None:
    assert numbers(run(trace, engine="compiled", **settings)) == numbers(run(trace, **settings))


def test_plain_swap_reads_every_page_from_the_swap_file(trace: Trace) -> None:
    result = run(trace, frontend="none")
    assert result.vmstat["pswpin"] == result.vmstat["pgmajfault"] > 0
    assert result.vmstat["zswpout"] == result.memory["peak_pool_pages"] == 0
    assert set(result.zswap.values()) == {0}
    assert "plain swap of Linux 5.4" in says(result)
    assert "zswap" not in says(result)


def test_zram_takes_every_page_and_reports_mm_stat(trace: Trace) -> None:
    result = run(trace, frontend="zram", kernel="6.1")
    assert result.vmstat["pswpin"] == result.vmstat["pgmajfault"] > 0
    assert result.bytes["checked_pages"] == result.vmstat["pgmajfault"]
    zram = result.zram
    assert zram["orig_data_size"] == 4096 * result.memory["swap_slots_used"]
    assert 0 < zram["compr_data_size"] <= zram["mem_used_total"] <= zram["mem_used_max"]
    assert zram["mem_used_total"] == 4096 * result.memory["pool_pages"]
    assert set(result.zswap.values()) == {0}
    assert "zram of Linux 6.1 with lz4, without a limit" in says(result)


def test_a_page_that_zram_s_limit_refuses_stays_in_memory(trace: Trace) -> None:
    result = run(trace, frontend="zram", zram_limit="8p")
    assert result.complete
    assert result.zram["mem_limit"] == 8 * 4096
    assert result.zram["mem_used_total"] <= 8 * 4096
    assert result.memory["write_errors"] > 0
    assert result.memory["over_limit"] > 0
    assert "ZRAM FULL" in says(result)


@pytest.mark.parametrize("mode", ["idle", "huge", "huge_idle"])
def test_zram_writes_back_to_its_backing_device(trace: Trace, mode: str) -> None:
    result = run(trace, frontend="zram", zram_writeback=f"{mode}:1000")
    assert result.zram["bd_writes"] > 0
    assert result.zram["bd_reads"] > 0
    assert result.bytes["checked_pages"] >= result.vmstat["pgmajfault"]
    assert "pages written back" in says(result)


def test_a_page_from_zram_gives_its_slot_back_unless_there_is_a_backing_device(
    trace: Trace,
) -> None:
    """zram is synchronous: no swap cache, so nothing is dropped clean."""
    alone = run(trace, frontend="zram")
    backed = run(trace, frontend="zram", zram_writeback="huge:100000")
    assert alone.memory["clean_drops"] == 0 < backed.memory["clean_drops"]
    assert alone.zram["orig_data_size"] == 4096 * alone.memory["swap_slots_used"]


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_zram_writes_back_at_the_same_accesses_however_the_run_is_cut(engine: str) -> None:
    """Interpreted and compiled blocks differ, and a series cuts them smaller."""
    long = zipf(40_000, 300, 0.8, seed=3, contents=random_contents(500, seed=4))
    config = ReplayConfig(
        memory="40%", frontend="zram", zram_writeback="huge:7001", engine=engine, carry_bytes=False
    )
    cut = replay(long, config, pictures=True)
    assert len(cut.series["access"]) > 200
    whole = run(long, frontend="zram", zram_writeback="huge:7001")
    assert whole.zram["bd_writes"] > 0
    assert (cut.zram, cut.vmstat, cut.memory) == (whole.zram, whole.vmstat, whole.memory)


def test_a_run_over_its_limit_says_so(trace: Trace) -> None:
    result = run(trace, frontend="zram", zram_limit="8p")
    assert f"OVER THE LIMIT at {result.memory['over_limit']:,} faults" in says(result)
    assert "OVER" not in says(run(trace))


def test_pages_of_zeros_stop_at_the_swap_core_from_6_12_on() -> None:
    zeros = zipf(4000, 200, 0.5, seed=1, contents=bytes(4096) * 4000)
    old, new = (run(zeros, kernel=kernel) for kernel in ("6.8", "6.12"))
    assert old.vmstat["swpout_zero"] == 0 < old.vmstat["zswpin"]
    assert new.vmstat["swpin_zero"] > 0 == new.vmstat["zswpin"]
    assert new.bytes["checked_pages"] == new.vmstat["pgmajfault"]
    assert "pages of zeros" in says(new)


def test_the_shrinker_writes_back_before_the_limit_is_hit(trace: Trace) -> None:
    settings = {"kernel": "6.12", "max_pool_percent": 200, "zpool": "zbud"}
    without, shrunk = (
        run(trace, shrinker_enabled=shrinker, **settings) for shrinker in (False, True)
    )
    assert without.zswap["written_back_pages"] == 0 == without.zswap["pool_limit_hit"]
    assert shrunk.zswap["written_back_pages"] > 0 == shrunk.zswap["pool_limit_hit"]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"kernel": "6.18", "zpool": "zbud"}, NoEntry, "only zsmalloc; zbud is in 3.11, 5.4"),
        ({"kernel": "3.11", "zpool": "z3fold"}, NoEntry, "z3fold is in 5.4, 5.10"),
        ({"kernel": "3.11", "frontend": "zram"}, NoEntry, "kernel 3.11 has no zpool 'zsmalloc'"),
        ({"frontend": "zcache"}, InvalidArgument, "allowed are zswap, zram, none"),
        ({"frontend": "zram", "zpool": "zbud"}, InvalidArgument, "zram has zsmalloc"),
        ({"zram_limit": "1M"}, InvalidArgument, "zram_limit goes with the frontend zram"),
        ({"zram_writeback": "idle:9"}, InvalidArgument, "zram_writeback goes with the frontend"),
        (
            {"frontend": "zram", "zram_writeback": "cold:9"},
            InvalidArgument,
            "idle, huge, huge_idle",
        ),
        ({"frontend": "zram", "zram_writeback": "idle"}, InvalidArgument, "as idle:1000"),
        ({"frontend": "zram", "zram_writeback": "idle:0"}, InvalidArgument, "as idle:1000"),
        ({"kernel": "5.4", "accept_threshold_percent": 50}, InvalidArgument, "5.10 and later"),
        (
            {"kernel": "6.12", "same_filled_pages_enabled": False},
            InvalidArgument,
            "5.4 to 6.8 have",
        ),
        ({"frontend": "zram", "page_cluster": 3}, InvalidArgument, "never read ahead"),
        ({"frontend": "zram", "swap_file": "f"}, InvalidArgument, "zram has none"),
        (
            {"frontend": "none", "kernel": "6.8", "shrinker_enabled": True},
            InvalidArgument,
            "frontend zswap",
        ),
        ({"frontend": "zram", "zram_writeback": "idle:" + "9" * 5000}, InvalidArgument, "as idle"),
        (
            {"kernel": "6.1", "shrinker_enabled": True},
            InvalidArgument,
            "no shrinker; 6.8 and",
        ),
        ({"kernel": "6.1", "exclusive_loads": True}, InvalidArgument, "no exclusive_loads"),
    ],
)
def test_what_a_kernel_has_not_is_refused(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ReplayConfig(**settings)
