# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a page when something fails: one fault at a time, then whole replays."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from kernels import for_kernels, version
from machine_driver import MachineBench, alike

from zswapsim import ReplayConfig, Result, Trace, replay
from zswapsim.conformance.strict import strict_zeros
from zswapsim.content.compressors import compressor
from zswapsim.errors import EEXIST
from zswapsim.experiment.assertions import parse_assertion
from zswapsim.experiment.bytes_plane import BytesPlane
from zswapsim.experiment.comparison import compare as compare_configs
from zswapsim.experiment.comparison import flat_rows, parse_configs
from zswapsim.experiment.costs import Costs, cost_of
from zswapsim.experiment.replay import plane_of
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.workload import Workload, page_store
from zswapsim.machine import faults as f
from zswapsim.machine import memory as m
from zswapsim.machine.audit import check_swap
from zswapsim.machine.reclaim import POLICIES
from zswapsim.machine.zswap import state as z
from zswapsim.profiles import PROFILES
from zswapsim.report.table import render
from zswapsim.trace.synthetic import random_contents, zipf

WRITE = 1 << 31
DEVICE_EVENTS = ("SWAP_WRITE", "SWAP_READ", "WRITE_FAILED", "READ_FAILED")


def swap_bench(engine: str, kernel: str, *rows: f.Row, **more: Any) -> MachineBench:
    """Four pages in memory for two of them, with nothing that zswap takes: all go to the disk."""
    settings: dict[str, Any] = {"lengths": [-22, 30], "same_filled": [0, 2], "enabled": False}
    versions = [(0, page, 0) for page in range(4)]
    settings |= {"pages": 4, "limit_pages": 2, "versions": versions, "totalram_pages": 100}
    return MachineBench(engine, faults=rows, kernel=kernel, **(settings | more))


def events(bench: MachineBench) -> list[str]:
    return [record.event for record in bench.records]


@for_kernels("5.4", "6.12")
def test_a_page_that_cannot_be_read_is_lost_and_starts_again_as_zeros(
    engine: str, kernel: str
) -> None:
    bench = swap_bench(engine, kernel, f.Row(f.READ_ERROR))
    bench.run([0, 1, 2, 0])
    bench.check()
    assert bench.machine.swap.faults.counts[f.LOST_PAGES] == 1
    assert bench.machine.memory.content[0] == 1  # the fresh page, not what was stored
    assert bench.machine.memory.slot[0] == 0  # its slot went with it
    assert bench.machine.memory.state[0] == m.RESIDENT
    assert bench.vmstat["pswpin"] == 1  # the read was begun
    assert bench.stat["pgmajfault"] == 1
    assert "SWAP_READ" not in events(bench)


def test_a_page_that_changed_before_it_was_lost_holds_what_it_was_given() -> None:
    bench = swap_bench(
        *("interpreted", "5.4", f.Row(f.READ_ERROR)),
        lengths=[-22, -22, 30],
        same_filled=[0, 0, 2],
        versions=[*((0, page, 0) for page in range(4)), (3, 0, 1)],
    )
    bench.run([0, 1, 2, 0])
    bench.check()
    assert bench.machine.swap.faults.counts[f.LOST_PAGES] == 1
    assert bench.machine.memory.content[0] == 1


@for_kernels("5.4", "6.12")
def test_a_page_that_cannot_be_written_stays_in_memory_with_its_slot(
    engine: str, kernel: str
) -> None:
    bench = swap_bench(engine, kernel, f.Row(f.WRITE_ERROR, times=1))
    bench.run([0, 1, 2])
    bench.check()
    assert bench.stat["write_errors"] == 1
    assert bench.vmstat["pswpout"] == 2  # the failed one was begun
    assert bench.machine.memory.state[0] == m.RESIDENT  # the next victim went in its place
    assert bench.machine.swap.busy[bench.machine.memory.slot[0]] == -EEXIST
    bench.run([1, 2, 3, 0])
    bench.check()
    assert bench.machine.swap.faults.counts[f.LOST_PAGES] == 0
    assert bench.machine.memory.content[0] == 0


def full_pool(engine: str, kernel: str, *rows: f.Row) -> MachineBench:
    """Twelve pages that fill a zbud page each, of which memory holds four and the pool two."""
    return alike(
        engine,
        3900,
        pages=12,
        limit_pages=8,
        kernel=kernel,
        totalram_pages=10,
        faults=rows,
    )


def zswap_counter(bench: MachineBench, which: int) -> int:
    return int(bench.machine.swap.zswap.counters[which])


def run_to_redirtied(bench: MachineBench) -> tuple[int, int]:
    """Run until the write of a writeback fails; return its page, -1 if none did, and accesses."""
    for at in range(100):
        bench.run([at % 12], base=at)
        bench.check()
        states = [int(state) for state in bench.machine.memory.state]
        if m.REDIRTIED in states:
            return states.index(m.REDIRTIED), at + 1
    return -1, 100


@for_kernels("5.4", "6.1", "6.6", "6.8", "6.12")
def test_a_writeback_whose_write_fails_loses_nothing_but_brings_its_page_back(
    engine: str, kernel: str
) -> None:
    """The entry is gone and counted; the page is in the swap cache, dirty, and its fault minor."""
    page, at = -1, 0
    for space in range(20):  # the first writes may be of pages that zswap refused
        bench = full_pool(engine, kernel, f.Row(f.WRITE_ERROR, times=1, space=space))
        page, at = run_to_redirtied(bench)
        if page >= 0:
            break
    assert page >= 0
    slot = bench.machine.memory.slot[page]
    assert bench.machine.swap.zswap.kind[slot] == z.NONE
    assert bench.machine.swap.device[slot] == 0
    assert zswap_counter(bench, z.WRITTEN_BACK_PAGES) > 0
    faults, majors = bench.stat["pgfault"], bench.stat["pgmajfault"]
    bench.run([page], base=at)
    bench.check()
    assert (bench.stat["pgfault"], bench.stat["pgmajfault"]) == (faults + 1, majors)
    assert bench.stat["swap_ra_hit"] == 0
    assert bench.machine.memory.state[page] == m.RESIDENT
    assert bench.machine.memory.content[page] == 0
    assert bench.machine.swap.faults.counts[f.LOST_PAGES] == 0


@for_kernels("5.4", "6.6", "6.12")
def test_ec_56_a_writeback_that_finds_its_page_in_the_swap_cache_keeps_the_entry(
    engine: str, kernel: str
) -> None:
    bench = full_pool(engine, kernel, f.Row(f.WRITEBACK_EXISTS))
    bench.run([page % 12 for page in range(60)])
    bench.check()
    assert zswap_counter(bench, z.WRITTEN_BACK_PAGES) == 0
    assert zswap_counter(bench, z.REJECT_RECLAIM_FAIL) > 0
    failed = {record.content for record in bench.records if record.event == "EVICT_FAILED"}
    assert failed == {-EEXIST}


@for_kernels("5.4..6.12")
def test_a_pool_that_gets_no_page_is_as_it_was_and_the_kernel_counts_it(
    engine: str, kernel: str
) -> None:
    bench = full_pool(engine, kernel, f.Row(f.ALLOC_FAIL))
    bench.run([page % 12 for page in range(40)])
    bench.check()
    strikes = bench.machine.swap.faults.plans[f.STRUCK]
    assert zswap_counter(bench, z.REJECT_ALLOC_FAIL) == strikes > 0
    assert zswap_counter(bench, z.STORED_PAGES) == bench.stat["peak_pool_pages"] == 0


# Whole replays, with bytes.

PLANS = {
    "read-error": "read-error:10%,seed=2",
    "write-error": "write-error:20%,seed=3",
    "every write-error": "write-error",
    "bad-slots": "bad-slots:10%",
    "swap-full": "swap-full:size=60",
    "alloc-fail": "alloc-fail:every=3",
    "entry-fail": "entry-fail:5%",
    "compress-error": "compress-error:20%",
    "writeback-exists": "writeback-exists:every=2",
    "writeback-nomem": "writeback-nomem:30%",
    "slow": "slow:x4",
}
LONG = ("3.11", "6.1", "6.8", "6.18")
KERNELS = [
    *("5.4", "6.6", "6.12"),
    *(pytest.param(kernel, marks=pytest.mark.long) for kernel in LONG),
]


@pytest.fixture(scope="module")
def trace() -> Trace:
    return zipf(2500, 200, 0.8, seed=3, contents=random_contents(200, seed=4))


def audited(trace: Trace, **settings: Any) -> tuple[Result, int]:
    """Replay with bytes and audit the machine at its end; return also the reads that failed."""
    config = ReplayConfig(**({"engine": "interpreted", "memory": "40%"} | settings))
    workload = Workload.of(trace)
    codec = compressor(config.compressor, config.kernel)
    pages = page_store(trace)
    workload.compress(pages, codec)
    seen: list[tuple[m.Machine, BytesPlane]] = []
    opened = plane_of(config, pages, codec)

    @contextlib.contextmanager
    def watched(machine: m.Machine) -> Iterator[BytesPlane]:
        with opened(machine) as plane:
            seen.append((machine, plane))
            yield plane

    result = run_workload(workload, config, plane=watched)
    ((machine, plane),) = seen
    if config.frontend != "zram":
        check_swap(machine.swap, [config.driver])
    m.check_memory(machine, POLICIES.get(config.reclaim).check(machine.policy))
    return result, plane.failed_reads


def numbers(result: Result) -> list[Any]:
    return [result.zswap, result.zram, result.vmstat, result.memory, result.faults]


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_page_that_is_not_lost_comes_back_as_it_was(
    trace: Trace, kernel: str, plan: str
) -> None:
    result, failed_reads = audited(trace, kernel=kernel, faults=[plan])
    (told,) = result.faults["plans"]
    assert result.complete
    assert result.bytes["checked_pages"] > 0
    assert result.faults["lost_pages"] == failed_reads
    assert (failed_reads > 0) == ((told["kind"] == "read-error") and told["struck"] > 0)
    assert told["struck"] <= told["asked"]
    if told["kind"] not in ("slow", "writeback-exists", "writeback-nomem", "write-error"):
        assert told["struck"] > 0


def test_both_engines_do_the_same_under_all_faults_at_once(trace: Trace) -> None:
    for kernel in ("5.4", "6.12"):
        settings = {"kernel": kernel, "zpool": "zbud", "faults": list(PLANS.values())[:2]}
        settings["faults"] += [PLANS[name] for name in ("alloc-fail", "entry-fail", "slow")]
        settings["faults"] += [PLANS["compress-error"], PLANS["writeback-nomem"], "bad-slots:5-20"]
        one, other = (
            audited(trace, engine=engine, **settings)[0] for engine in ("interpreted", "compiled")
        )
        assert numbers(one) == numbers(other)
        assert one.faults["lost_pages"] > 0


def test_plans_that_do_not_strike_change_no_number(trace: Trace) -> None:
    plain = replay(trace, ReplayConfig(engine="interpreted", memory="40%"))
    idle = [f"{name}:0%" for name in ("read-error", "write-error", "alloc-fail", "bad-slots")]
    faulty = replay(trace, ReplayConfig(engine="interpreted", memory="40%", faults=idle))
    assert numbers(plain)[:4] == numbers(faulty)[:4]
    assert plain.faults["plans"] == []
    assert {plan["struck"] for plan in faulty.faults["plans"]} == {0}


def test_consequences_are_counted_where_the_kernel_counts_them(trace: Trace) -> None:
    def run(plan: str, kernel: str) -> tuple[Result, int]:
        result = replay(
            trace,
            ReplayConfig(engine="interpreted", memory="40%", kernel=kernel, faults=[plan]),
        )
        return result, result.faults["plans"][0]["struck"]

    for kernel in PROFILES:
        result, struck = run("alloc-fail:every=3", kernel)
        assert result.zswap["reject_alloc_fail"] == struck > 0
        result, struck = run("entry-fail:every=9", kernel)
        assert result.zswap["reject_kmemcache_fail"] == struck > 0
        result, struck = run("compress-error:every=4", kernel)
        counts = (
            (6, 8) <= version(kernel) < (6, 18)
        )  # before it is silent, 6.18 stores the page raw
        plain = replay(trace, ReplayConfig(engine="interpreted", memory="40%", kernel=kernel))
        more = result.zswap["reject_compress_fail"] - plain.zswap["reject_compress_fail"]
        assert (more > 0) == counts
        assert (result.zswap["stored_incompressible_pages"] > 0) == (version(kernel) >= (6, 18))


@pytest.mark.parametrize(
    "plan", ["read-error:20%", "write-error:20%", "alloc-fail:every=5", "compress-error:10%"]
)
def test_zram_loses_only_what_its_backing_device_does_not_give(trace: Trace, plan: str) -> None:
    settings = {"frontend": "zram", "zram_writeback": "idle:200", "faults": [plan]}
    result, failed_reads = audited(trace, **settings)
    (told,) = result.faults["plans"]
    assert told["struck"] > 0
    assert result.faults["lost_pages"] == failed_reads == result.faults["read_error_struck"]
    assert numbers(audited(trace, engine="compiled", **settings)[0]) == numbers(result)
    if plan.startswith(("alloc", "compress")):
        assert result.memory["write_errors"] == told["struck"]


def test_plain_swap_fails_as_well(trace: Trace) -> None:
    result, failed_reads = audited(
        trace, frontend="none", page_cluster=3, faults=["read-error:5%", "write-error:5%"]
    )
    assert 0 < result.faults["lost_pages"] < failed_reads  # what was read ahead was tried again
    assert result.memory["write_errors"] == result.faults["write_error_struck"] > 0


def test_a_slow_device_costs_time_and_nothing_else(trace: Trace) -> None:
    plain = replay(trace, ReplayConfig(engine="interpreted", memory="40%"))
    slow = replay(trace, ReplayConfig(engine="interpreted", memory="40%", faults=["slow:x4"]))
    assert numbers(plain)[:4] == numbers(slow)[:4]
    before, after = (cost_of(one.to_dict(), Costs()) for one in (plain, slow))
    assert after["device_seconds"] == pytest.approx(4 * before["device_seconds"])
    assert after["stall_seconds"] > before["stall_seconds"]
    assert after["cpu_seconds"] == before["cpu_seconds"]


def test_the_report_tells_of_faults_only_where_there_are_some(trace: Trace) -> None:
    from rich.console import Console

    def said(result: Result) -> str:
        console = Console(width=120)
        with console.capture() as capture:
            console.print(render(result.to_dict()))
        return capture.get()

    config = ReplayConfig(engine="interpreted", memory="40%")
    plain = said(replay(trace, config))
    assert "made to fail" not in plain
    assert "LOST" not in plain
    result = replay(trace, replace(config, faults=["read-error:every=9"]))
    lost = result.faults["lost_pages"]
    assert f"LOST: {lost} pages were lost by the simulated system (read error on slot" in said(
        result
    )
    assert "What was made to fail" in said(result)
    assert f"; {lost} were lost" in said(result)
    assert Result.from_json(result.to_json()) == result


def test_a_result_of_an_older_version_has_no_faults(trace: Trace) -> None:
    told = replay(trace, ReplayConfig(engine="interpreted", memory="40%")).to_dict()
    del told["faults"], told["config"]["faults"]
    assert render(told) is not None
    assert cost_of(told, Costs())["device_seconds"] > 0


def test_assertions_name_what_faults_did(trace: Trace) -> None:
    result = replay(
        trace, ReplayConfig(engine="interpreted", memory="40%", faults=["read-error:every=9"])
    ).to_dict()
    assert parse_assertion("lost_pages==read_error_struck").failure(result) is None
    assert "lost_pages is" in str(parse_assertion("lost_pages==0").failure(result))
    assert parse_assertion("alloc_fail_struck==0").failure(result) is None


def test_compare_sets_a_fault_beside_none_and_passes_over_what_a_frontend_has_not(
    trace: Trace,
) -> None:
    named = parse_configs(
        ["zswap", "faulty: zswap,fault=read-error:every=9 slow:x4", "zram"],
        {"faults": ("entry-fail:1%",), "engine": "interpreted", "memory": "40%"},
    )
    assert [tuple(one.config.faults) for one in named] == [
        ("entry-fail:1%",),
        ("read-error:every=9", "slow:x4"),
        (),
    ]
    rows = flat_rows(compare_configs(trace, named))
    assert [row["faults"] for row in rows] == ["entry-fail:1%", "read-error:every=9 slow:x4", ""]
    assert [row["lost_pages"] > 0 for row in rows] == [False, True, False]


def test_a_plan_of_some_slots_is_asked_about_the_first_and_the_last_of_them() -> None:
    plan = f.Row(f.READ_ERROR, first_slot=5, last_slot=20)
    faults = f.make_faults([plan], 64, strict_zeros)
    struck = [slot for slot in range(64) if f.should_fail(faults, f.READ_ERROR, slot, slot)]
    assert struck == list(range(5, 21))


def test_the_same_seed_strikes_at_the_same_times_in_every_release() -> None:
    """Pinned: what a seed in a settings file means must not change."""
    assert [f.draw_of_key(7, key) for key in (0, 1, 2, 1000)] == [
        *(1421123285, 1517095991, 1280603593, 852944)
    ]
    faults = f.make_faults([f.Row(f.READ_ERROR, threshold=f.PRIME // 10, seed=3)], 64, strict_zeros)
    struck = [at for at in range(100) if f.should_fail(faults, f.READ_ERROR, 1, 1)]
    assert struck == [8, 25, 29, 42, 44, 53, 55, 75, 78, 83]


def test_what_a_swap_file_does_is_told_by_slot_and_content_alone() -> None:
    """It has no pools, no addresses and no lengths, whether it fails or not."""
    bench = swap_bench(
        "interpreted", "6.1", f.Row(f.WRITE_ERROR, interval=3), f.Row(f.READ_ERROR, interval=2)
    )
    bench.run([0, 1, 2, 3] * 5)
    told = [record for record in bench.records if record.event in DEVICE_EVENTS]
    assert {record.event for record in told} == set(DEVICE_EVENTS)
    assert {(record.pool, record.address, record.length) for record in told} == {(0, 0, 0)}
    assert {record.content for record in told} == {0, 1}  # the page, and the fresh one
    bench = full_pool("interpreted", "6.6", f.Row(f.WRITE_ERROR))
    bench.run(range(12))
    told = [record for record in bench.records if record.event == "WRITE_FAILED"]
    assert told and bench.counters["written_back_pages"] > 0
    assert {(record.pool, record.address, record.length) for record in told} == {(0, 0, 0)}
