# SPDX-License-Identifier: GPL-2.0-only
"""replay: the same numbers whichever way it runs, and every page checked."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zswapsim import ReplayConfig, Result, Trace, replay
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.errors import DataMismatch, InvalidArgument, NoEntry
from zswapsim.trace.synthetic import random_contents, zipf

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("*.ztrace"))
bundled = pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)


def numbers(result: Result) -> dict[str, Any]:
    """Everything that the machine decided."""
    return {"zswap": result.zswap, "vmstat": result.vmstat, "memory": result.memory}


@pytest.fixture(scope="module")
def trace() -> Trace:
    return zipf(12_000, 300, 0.8, seed=3, contents=random_contents(500, seed=4))


def run(trace: Trace, **settings: Any) -> Result:
    settings.setdefault("engine", "interpreted")
    return replay(trace, ReplayConfig(**settings))


@pytest.mark.parametrize("compressor", ["lz4", "zstd"])
@pytest.mark.parametrize("reclaim", ["lru", "clock", "two-list"])
@pytest.mark.parametrize("kernel", ["5.4", "6.1"])
def test_bytes_and_engines_change_no_number(
    trace: Trace, kernel: str, reclaim: str, compressor: str
) -> None:
    settings = {"kernel": kernel, "reclaim": reclaim, "compressor": compressor, "memory": "40%"}
    plain = run(trace, **settings)
    assert plain.bytes["checked_pages"] >= plain.vmstat["pgmajfault"] > 0
    assert plain.zswap["pool_limit_hit"] > 0
    assert plain.complete
    for more in (
        {"carry_bytes": False},
        {"engine": "compiled"},
        {"engine": "compiled", "carry_bytes": False},
    ):
        assert numbers(run(trace, **settings, **more)) == numbers(plain), more


def test_the_switches_of_the_kernels_do_change_the_numbers(trace: Trace) -> None:
    old, new = (run(trace, kernel=kernel, memory="40%") for kernel in ("5.4", "6.1"))
    assert old.zswap["written_back_pages"] > new.zswap["written_back_pages"]
    assert old.compression["hysteresis_rejects"] == 0
    assert new.compression["hysteresis_rejects"] > 0


@pytest.mark.skipif(not TRACES, reason="no bundled traces in traces/")
@pytest.mark.parametrize("compressor", ["lz4", "zstd"])
@bundled
def test_a_bundled_trace_swaps_fills_the_pool_and_writes_back(path: Path, compressor: str) -> None:
    trace = Trace.open(path)
    result = run(trace, engine="compiled", compressor=compressor)
    assert result.config["kernel"] == "5.4"
    assert result.vmstat["zswpout"] > 0
    assert result.vmstat["zswpin"] > 0
    assert result.zswap["pool_limit_hit"] > 0
    assert result.zswap["written_back_pages"] > 0
    assert result.bytes["checked_pages"] > 0
    without = run(trace, engine="compiled", compressor=compressor, carry_bytes=False)
    # One interpreted run each: with lz4 the one that carries bytes, with zstd the other.
    interpreted = run(trace, compressor=compressor, carry_bytes=compressor == "lz4")
    assert numbers(without) == numbers(interpreted) == numbers(result)


def test_sums_hold_between_the_counters(trace: Trace, engine: str) -> None:
    result = run(trace, memory="35%", engine=engine)
    zswap, vmstat, memory = result.zswap, result.vmstat, result.memory
    assert vmstat["pgmajfault"] == vmstat["zswpin"] + vmstat["pswpin"]
    assert memory["pgsteal"] - memory["clean_drops"] == (
        vmstat["zswpout"] + vmstat["pswpout"] - zswap["written_back_pages"]
    )
    assert memory["resident_pages"] + memory["pool_pages"] <= memory["limit_pages"]
    assert memory["limit_pages"] == 300 * 35 // 100
    assert memory["max_pool_pages"] == 105 * 20 // 100
    assert memory["pgfault"] >= memory["pgmajfault"] == vmstat["pgmajfault"]
    assert zswap["duplicate_entry"] == 0
    assert zswap["stored_pages"] - zswap["same_filled_pages"] <= 2 * memory["pool_pages"]
    assert memory["swap_full"] == memory["over_limit"] == 0
    refused = vmstat["pswpout"] - zswap["written_back_pages"]
    assert refused >= zswap["reject_compress_poor"] + result.compression["compress_errors"]


@pytest.mark.skipif(not TRACES, reason="no bundled traces in traces/")
def test_read_ahead_saves_faults_and_every_page_is_checked() -> None:
    trace = Trace.open(TRACES[0].with_stem("sqlite"))
    without = run(trace, engine="compiled")
    result = run(trace, page_cluster=3)
    memory, vmstat = result.memory, result.vmstat
    assert vmstat["pgmajfault"] + memory["swap_ra"] == vmstat["zswpin"] + vmstat["pswpin"]
    assert memory["swap_ra"] > memory["swap_ra_hit"] > 0
    assert vmstat["pgmajfault"] < without.vmstat["pgmajfault"]
    assert memory["clean_drops"] > without.memory["clean_drops"]
    assert without.memory["swap_ra"] == without.memory["swap_ra_hit"] == 0
    checked = vmstat["zswpin"] + vmstat["pswpin"] + result.zswap["written_back_pages"]
    assert result.bytes["checked_pages"] == checked
    for more in ({"engine": "compiled"}, {"engine": "compiled", "carry_bytes": False}):
        assert numbers(run(trace, page_cluster=3, **more)) == numbers(result), more
    assert result.config["page_cluster"] == 3


def test_with_memory_for_all_pages_nothing_is_swapped(trace: Trace) -> None:
    result = run(trace, memory="100%")
    assert set(result.vmstat.values()) == {0}
    assert result.memory["resident_pages"] == result.memory["pgfault"] == 300


def test_without_a_pool_every_page_goes_to_the_swap_file(trace: Trace) -> None:
    result = run(trace, max_pool_percent=0, kernel="6.1")
    # A pool of at most 0 pages still takes the first page: full is "more than", not "as much as".
    assert result.zswap["stored_pages"] <= 2
    assert result.vmstat["zswpout"] <= 4
    assert result.vmstat["pswpin"] > 100


def test_without_same_filled_such_pages_are_compressed(trace: Trace) -> None:
    assert run(trace).zswap["same_filled_pages"] > 0
    assert run(trace, same_filled_pages_enabled=False).zswap["same_filled_pages"] == 0


def test_the_default_configuration_is_that_of_the_command_line(trace: Trace) -> None:
    result = replay(trace)
    assert result.config | {"engine": "auto"} == {
        **ReplayConfig().to_dict(),
        "accept_threshold_percent": 90,
        "zpool": "zbud",
    }
    assert result.config["engine"] == "interpreted"


def test_the_same_replay_gives_the_same_numbers(trace: Trace) -> None:
    assert numbers(run(trace)) == numbers(run(trace))


def test_a_result_survives_json(trace: Trace) -> None:
    for result in (run(trace), run(trace, carry_bytes=False)):
        assert Result.from_json(result.to_json()) == result


def test_the_times_add_up(trace: Trace) -> None:
    seconds = run(trace).seconds
    assert {"compress", "decompress", "machine", "total"} <= set(seconds)
    assert all(value >= 0 for value in seconds.values())
    assert seconds["machine"] + seconds["decompress"] <= seconds["total"]


# What is refused


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"memory": "lots"}, InvalidArgument, "'lots' is no size; allowed are"),
        ({"swap_size": "-1"}, InvalidArgument, "'-1' is no size"),
        ({"compressor": "gzip"}, NoEntry, "no compressor 'gzip'; there are lz4, lz4hc, zstd"),
        ({"compressor": "zstd:900"}, InvalidArgument, "level=900 is not allowed"),
        ({"zpool": "zfoo"}, NoEntry, "no zpool 'zfoo'; there are zbud"),
        ({"kernel": "9.9"}, NoEntry, "no kernel profile '9.9'; there are 3.11, 5.4"),
        ({"reclaim": "fifo"}, NoEntry, "no reclaim policy 'fifo'; there are lru, clock, two-list"),
        ({"page_cluster": -1}, InvalidArgument, "page_cluster -1: allowed is 0 to 5"),
        ({"page_cluster": 6}, InvalidArgument, "page_cluster 6: allowed is 0 to 5"),
        ({"engine": "fast"}, InvalidArgument, "engine 'fast': allowed are auto, interpreted"),
        ({"max_pool_percent": -1}, InvalidArgument, "max_pool_percent -1: allowed is 0 to 10000"),
        ({"accept_threshold_percent": -2}, InvalidArgument, "accept_threshold_percent -2"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_the_work(
    settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        ReplayConfig(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"memory": "99999999999T"},
        {"max_pool_percent": 10**30},
        {"accept_threshold_percent": 10**30},
        {"memory": "9" * 400},
    ],
    ids=["memory", "max_pool_percent", "accept_threshold_percent", "endless memory"],
)
def test_a_number_beyond_64_bits_is_refused_with_either_engine(
    trace: Trace, settings: dict[str, Any], engine: str
) -> None:
    with pytest.raises(InvalidArgument):
        run(trace, engine=engine, **settings)


def test_memory_below_two_pages_is_refused_with_what_is_allowed(trace: Trace) -> None:
    with pytest.raises(
        InvalidArgument,
        match=r"memory '0\.4%' is 1 page of this trace's 300 pages .*; allowed is 2 or more",
    ):
        run(trace, memory="0.4%")


def test_a_trace_without_contents_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="'zipf-1' has no page contents to compress"):
        run(zipf(100, 10))


def test_a_trace_without_accesses_is_refused_not_a_traceback() -> None:
    empty = Trace.from_arrays([], [], contents=bytes(4096))
    with pytest.raises(InvalidArgument):
        run(empty)
    result = run(empty, memory="4p", swap_size="4p")
    assert result.complete
    assert set(result.vmstat.values()) == {0}


@pytest.mark.parametrize("memory", ["2p", "3p"])
def test_the_smallest_memory_works(memory: str, engine: str) -> None:
    trace = zipf(2000, 40, contents=random_contents(60, seed=9))
    result = run(trace, memory=memory, engine=engine)
    assert result.complete
    assert result.memory["resident_pages"] <= int(memory[0])


# Swap full


def test_swap_full_ends_in_no_traceback_and_is_counted(trace: Trace, engine: str) -> None:
    result = run(trace, memory="20%", swap_size="30p", engine=engine)
    assert result.complete
    assert result.memory["swap_slots"] == 30
    assert 25 <= result.memory["swap_slots_used"] <= 30
    assert result.memory["swap_full"] > 0
    assert result.memory["over_limit"] > 0
    assert result.memory["resident_pages"] > result.memory["limit_pages"]


def test_swap_of_one_page_works(trace: Trace, engine: str) -> None:
    result = run(trace, memory="20%", swap_size="1p", engine=engine)
    assert result.complete
    assert result.memory["swap_slots"] == 1


# Damage behind the replay's back


class Saboteur:
    """As `progress` of a replay: after `after` calls it does the damage."""

    def __init__(self, damage: Callable[[], None], after: int = 2) -> None:
        self.damage = damage
        self.left = after

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == "replay":
            self.left -= 1
            if self.left == 0:
                self.damage()


def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    module = sys.modules["zswapsim.experiment.running"]
    monkeypatch.setattr(module, "BLOCK_ACCESSES", {"interpreted": 1000, "compiled": 1000})


MISMATCH = (
    r"^page \d+ came back from {where} with other bytes than were stored "
    r"\(slot \d+, address \d+, access \d+\)$"
)


def test_a_damaged_pool_is_found(
    trace: Trace, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    made: list[PoolMemory] = []

    class Spy(PoolMemory):
        def __init__(self, max_pages: int) -> None:
            super().__init__(max_pages)
            made.append(self)

    def damage() -> None:
        memory = np.frombuffer(made[0].memory, np.uint8)
        memory ^= 0xFF

    small_blocks(monkeypatch)
    monkeypatch.setattr(sys.modules["zswapsim.experiment.replay"], "PoolMemory", Spy)
    with pytest.raises(DataMismatch, match=MISMATCH.format(where="the pool")):
        replay(trace, ReplayConfig(engine=engine), progress=Saboteur(damage))


def test_a_damaged_swap_file_is_found(
    trace: Trace, engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small_blocks(monkeypatch)
    # The bytes follow at once, so that there are some in the file.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    path = tmp_path / "swap"

    def damage() -> None:
        with path.open("r+b") as file:
            data = np.frombuffer(path.read_bytes(), np.uint8) ^ 1
            file.write(data.tobytes())

    config = ReplayConfig(engine=engine, swap_file=str(path), memory="30%")
    with pytest.raises(DataMismatch, match=MISMATCH.format(where="the swap file")):
        replay(trace, config, progress=Saboteur(damage))


def test_a_swap_file_cut_short_is_found(
    trace: Trace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small_blocks(monkeypatch)
    path = tmp_path / "swap"
    config = ReplayConfig(engine="interpreted", swap_file=str(path), memory="30%")
    # Later writes make the file longer again: what was cut off then reads as zeros.
    with pytest.raises((OSError, DataMismatch), match="slot"):
        replay(trace, config, progress=Saboteur(lambda: path.open("wb").close()))


def test_the_swap_file_holds_each_written_page_at_its_slot(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "swap"
    result = run(trace, swap_file=str(path), memory="30%")
    size = path.stat().st_size
    assert size == (result.memory["swap_slots"] + 1) * 4096
    data = path.read_bytes()
    contents = bytes(trace.contents_bytes)
    known = {contents[at : at + 4096] for at in range(0, len(contents), 4096)} | {bytes(4096)}
    pages = [data[at : at + 4096] for at in range(0, size, 4096)]
    assert pages[0] == bytes(4096)
    assert set(pages) <= known
    written = sum(page != bytes(4096) for page in pages)
    assert 50 < written <= result.vmstat["pswpout"]


# Progress, stop, series


def test_progress_is_told_both_stages_to_their_end(trace: Trace) -> None:
    said: list[tuple[str, int, int]] = []
    replay(trace, ReplayConfig(), progress=lambda *what: said.append(what))
    stages = [stage for stage, _, _ in said]
    assert list(dict.fromkeys(stages)) == ["compress", "replay"]
    assert said[-1] == ("replay", 12_000, 12_000)
    assert ("compress", trace.contents_count, trace.contents_count) in said
    for stage in ("compress", "replay"):
        done = [d for s, d, _ in said if s == stage]
        assert done == sorted(done)


def test_stop_ends_with_what_was_done_so_far(
    trace: Trace, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) == 4

    result = replay(trace, ReplayConfig(engine=engine), stop=stop)
    assert not result.complete
    assert result.trace["accesses_replayed"] == 3000
    assert result.trace["accesses"] == 12_000
    whole = replay(trace.cut(3000), ReplayConfig(engine=engine, memory="150p", swap_size="300p"))
    assert result.vmstat == whole.vmstat
    assert Result.from_json(result.to_json()) == result


def test_a_stop_after_the_last_access_is_complete(trace: Trace) -> None:
    answers = iter([False, True])  # before the only block, and after it
    assert replay(trace, ReplayConfig(), stop=lambda: next(answers)).complete


def test_a_stop_before_the_first_access_leaves_a_result(trace: Trace) -> None:
    result = replay(trace, ReplayConfig(), stop=lambda: True)
    assert not result.complete
    assert result.trace["accesses_replayed"] == 0


def test_a_series_grows_and_ends_with_the_result(trace: Trace, engine: str) -> None:
    result = replay(trace, ReplayConfig(engine=engine, memory="30%"), pictures=True)
    series = result.series
    assert {len(column) for column in series.values()} == {240}
    for name in ("access", "pgfault", "pgmajfault", "zswpin", "zswpout", "pswpin", "pswpout"):
        assert series[name] == sorted(series[name])
        assert series[name][-1] > 0
    assert series["access"][-1] == 12_000
    for name, value in (result.zswap | result.vmstat).items():
        assert series[name][-1] == value
    both = zip(series["resident_pages"], series["pool_pages"], strict=True)
    assert all(resident + pool <= 90 for resident, pool in both)


def test_a_series_changes_no_number(trace: Trace) -> None:
    plain, shown = replay(trace), replay(trace, pictures=True)
    assert numbers(replace(shown, series={}, pictures={})) == numbers(plain)
    assert (plain.series, plain.pictures) == ({}, {})


def test_a_series_of_a_tiny_trace_has_a_row_for_each_access() -> None:
    tiny = zipf(30, 10, contents=random_contents(10))
    assert replay(tiny, pictures=True).series["access"] == list(range(1, 31))


def test_a_stopped_series_ends_where_the_run_did(trace: Trace) -> None:
    answers = iter([False] * 5 + [True])
    result = replay(trace, pictures=True, stop=lambda: next(answers))
    assert result.series["access"][-1] == result.trace["accesses_replayed"] == 250


def test_samples_stay_few_where_blocks_are_many(
    trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswapsim.experiment.running.BLOCK_ACCESSES", {"interpreted": 7})
    result = replay(trace, ReplayConfig(engine="interpreted"), pictures=True)
    assert 200 <= len(result.series["access"]) <= 240
    assert result.series["access"][-1] == 12_000


# Contents over time


def page(letter: bytes) -> bytes:
    return letter * 8 + bytes(4088)


def accessed(pages: list[int], writes: list[bool], **versions: Any) -> Trace:
    contents = b"".join(page(bytes([65 + n])) for n in range(8))
    return Trace.from_arrays(pages, writes, contents=contents, **versions)


def test_a_page_given_back_and_used_again_is_a_fresh_one(engine: str) -> None:
    # Page 0 is swapped out, freed, and faults as a new page: no major fault, no read.
    freed = {"version_at": [0, 5], "version_page": [0, 0], "version_content": [0, 0xFFFFFFFF]}
    trace = accessed([0, 1, 2, 3, 4, 0], [True] * 6, **freed)
    result = run(trace, memory="3p", max_pool_percent=100, engine=engine)
    assert result.memory["freed_pages"] == 1
    assert result.vmstat["pgmajfault"] == 0
    again = accessed([0, 1, 2, 3, 4, 0], [True] * 6)
    assert run(again, memory="3p", max_pool_percent=100).vmstat["pgmajfault"] == 1


def test_a_clean_page_read_back_is_dropped_without_a_second_store(engine: str) -> None:
    order = [0, 1, 2, 3, 0, 1, 2, 3]
    clean = run(accessed(order, [False] * 8), memory="3p", engine=engine)
    dirty = run(accessed(order, [True] * 8), memory="3p", engine=engine)
    assert clean.memory["clean_drops"] > 0
    assert dirty.memory["clean_drops"] == 0
    assert clean.vmstat["zswpout"] < dirty.vmstat["zswpout"]
