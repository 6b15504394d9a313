# SPDX-License-Identifier: GPL-2.0-only
"""Machines in many threads and processes at once: each gives what it gives alone."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from by_hand_pages import WORD, ZEROS, dense, text
from faulty_places import ROOT

from zswapsim import ReplayConfig, SwapFile, Trace, Zswap, replay
from zswapsim.content.compressors import compressor
from zswapsim.content.page_store import PageStore
from zswapsim.engine import engines
from zswapsim.machine.pools import zpool
from zswapsim.registry import Registry
from zswapsim.trace.synthetic import random_contents, zipf

THREADS = 6
R = TypeVar("R")


@pytest.fixture(autouse=True)
def hurried() -> Iterator[None]:
    """Let threads take turns a hundred times as often as they do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 100)
    yield
    sys.setswitchinterval(before)


def at_once(work: list[Callable[[], R]]) -> list[R]:
    """Run functions in a thread each, let go together."""
    gate = threading.Barrier(len(work))

    def run(one: Callable[[], R]) -> R:
        gate.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(2000, 100, 0.8, seed=3, contents=random_contents(100, seed=4)).save(path)
    return Trace.open(path)


def by_hand(number: int) -> object:
    """What a Zswap tells at the end of a fixed run, another for each number."""
    with Zswap(
        kernel="5.4",
        zpool=("zbud", "z3fold", "zsmalloc")[number % 3],
        compressor=("lz4", "zstd", "lzo-rle")[number // 2 % 3],
        swap=SwapFile(64),
        max_pool_pages=12,
    ) as zswap:
        for step in range(150):
            slot = 1 + (7 * step + number) % 60
            page = (text(step), dense(step), ZEROS, WORD)[(step + number) % 4]
            zswap.store(slot, page)
            assert zswap.load(slot) == page
            if step % 5 == 0:
                zswap.invalidate(slot)
        zswap.check()
        return zswap.stats


def test_zswaps_in_threads_are_what_they_are_alone() -> None:
    alone = [by_hand(number) for number in range(THREADS)]
    assert at_once([lambda number=number: by_hand(number) for number in range(THREADS)]) == alone


def numbers(trace: Trace, engine: str, percent: int) -> object:
    config = ReplayConfig(
        memory=f"{percent}%", engine=engine, zpool="zbud", max_pool_percent=10 + percent % 20
    )
    result = replay(trace, config, pictures=True)
    return result.zswap, result.vmstat, result.series, result.pictures


def test_replays_of_one_trace_in_threads_are_what_they_are_alone(trace: Trace, engine: str) -> None:
    percents = range(30, 30 + THREADS)
    alone = [numbers(trace, engine, percent) for percent in percents]
    told = at_once(
        [lambda percent=percent: numbers(trace, engine, percent) for percent in percents]
    )
    assert told == alone


def test_a_thread_may_fork_processes_that_compress_while_others_replay(trace: Trace) -> None:
    contents = bytes(random_contents(600, seed=9))
    codec = compressor("zstd:9")
    alone = PageStore(contents, 600, processes=1).lengths(codec).tolist()
    right = numbers(trace, "interpreted", 40)

    def spread() -> list[int]:
        told: list[int] = (
            PageStore(contents, 600, processes=2).lengths(compressor("zstd:9")).tolist()
        )
        return told

    work: list[Callable[[], object]] = [spread, lambda: numbers(trace, "interpreted", 40)] * 2
    assert at_once(work) == [alone, right] * 2


def test_live_pools_of_a_driver_are_counted_right_by_many_threads() -> None:
    driver = zpool.get_driver("zbud")
    before = zpool._refcount[id(driver)]

    def count() -> None:
        for _ in range(3000):
            zpool.acquire(driver)
            zpool.release(driver)

    at_once([count] * THREADS)
    assert zpool._refcount[id(driver)] == before


def test_parts_are_searched_for_once_and_nobody_sees_half_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import importlib.metadata
    import time

    searches = []

    def slow(group: str) -> list[importlib.metadata.EntryPoint]:
        searches.append(group)
        time.sleep(0.05)
        return [importlib.metadata.EntryPoint("late", "json:loads", group)]

    monkeypatch.setattr(importlib.metadata, "entry_points", slow)
    parts: Registry[object] = Registry("part", "zswapsim.parts", {})
    told = at_once([lambda: parts.get("late")] * THREADS)
    assert len(set(map(id, told))) == 1
    assert searches == ["zswapsim.parts"]


def test_what_is_put_off_in_the_main_thread_is_left_alone_in_others() -> None:
    def work() -> str:
        with engines.uninterrupted():
            return "done"

    assert at_once([work] * 2) == ["done"] * 2


@pytest.mark.long
def test_replays_in_processes_are_what_they_are_alone(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "small.ztrace"
    trace.save(path)
    words = [sys.executable, "-m", "zswapsim", "replay", str(path), "--json", "--engine"]
    environment = os.environ | {"ZSWAPSIM_CACHE_DIR": str(tmp_path / "cache")}
    started = [
        subprocess.Popen(
            [*words, engine], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
        )
        for engine in ("interpreted", "compiled") * 3
    ]
    told = {_counters(process.communicate(timeout=600)[0]) for process in started}
    assert len(told) == 1


def _counters(text: str) -> str:
    import json

    result = json.loads(text)
    return json.dumps([result["zswap"], result["vmstat"]])


@pytest.mark.long
def test_threads_that_compile_at_once_come_to_the_same_result(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "cache"))
    alone = numbers(trace, "interpreted", 40)
    for told in at_once([lambda: numbers(trace, "compiled", 40)] * 3):
        assert told == alone
