# SPDX-License-Identifier: GPL-2.0-only
"""Compiled code on disk: it comes back sound and of the right kind, or is made again."""

import subprocess
import sys
from pathlib import Path

import pytest
from faulty_places import ROOT, disk, fill

from zswapsim.engine import engines


def double(value: int) -> int:
    return value + value


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def fresh() -> object:
    """The function as a process that has not compiled it yet has it."""
    return engines._compile(double)


def doubled(value: float) -> tuple[float, bool]:
    """What compiled code makes of a value, and whether the code came from the cache."""
    compiled = fresh()
    return compiled(value), bool(compiled.stats.cache_hits)  # type: ignore[operator, attr-defined]


def files(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.code"))


def test_code_comes_back_and_each_kind_has_a_file(cache: Path) -> None:
    assert [doubled(3), doubled(1.5), doubled(3), doubled(1.5)] == [
        *((6, False), (3.0, False), (6, True), (3.0, True))
    ]
    assert len(files(cache)) == 2
    assert {path.suffix for path in cache.rglob("*") if path.is_file()} == {".code"}


def test_a_torn_or_damaged_file_is_noticed_and_made_again(cache: Path) -> None:
    doubled(3)
    (path,) = files(cache)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damaged in (b"", whole[:20], whole[:60], whole[:-1], bytes(len(whole)), flipped, b"x"):
        path.write_bytes(damaged)
        assert doubled(3) == (6, False)
        assert doubled(3) == (6, True)


def test_code_of_another_kind_under_a_name_is_not_taken(cache: Path) -> None:
    doubled(3)
    (whole,) = files(cache)
    code = whole.read_bytes()
    doubled(1.5)
    (other,) = set(files(cache)) - {whole}
    other.write_bytes(code)
    assert doubled(1.5) == (3.0, False)
    assert doubled(1.5) == (3.0, True)


def test_a_full_disk_keeps_nothing_and_disturbs_nobody(cache: Path) -> None:
    with disk(cache, "64k"):
        compiled = fresh()
        filler = fill(cache)
        assert compiled(3) == 6  # type: ignore[operator]
        assert doubled(3) == (6, False)
        assert [path for path in cache.rglob("*") if path.is_file()] == [filler]


def test_a_folder_that_goes_meanwhile_disturbs_nobody(cache: Path) -> None:
    compiled = fresh()
    subprocess.run(["rm", "-r", str(cache)], check=True)
    cache.write_text("no folder any more")
    assert compiled(3) == 6  # type: ignore[operator]


REPLAY = """
import sys, time
from zswapsim import ReplayConfig, replay
from zswapsim.trace.synthetic import random_contents, zipf
trace = zipf(3000, 100, 0.8, seed=3, contents=random_contents(100, seed=4))
zpool, policy, engine = sys.argv[1:]
settings = {"memory": "50%", "engine": engine, "reclaim": policy, "zpool": zpool}
sys.stdin.readline()  # all at once
result = replay(trace, ReplayConfig(**settings))
print(result.zswap, result.vmstat)
"""
KINDS = [("zbud", "lru"), ("zsmalloc", "lru"), ("z3fold", "lru"), ("zbud", "clock")]


def replays(kinds: list[tuple[str, str]], engine: str) -> list[str]:
    """What replays of these kinds print that are let go at the same time."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", REPLAY, *kind, engine],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for kind in kinds
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=900)[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(kinds)
    return told


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 4])
def test_kinds_that_are_compiled_at_once_are_not_mistaken_for_each_other(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = KINDS[:count]
    right = replays(kinds, "interpreted")
    for round_ in range(3):
        cache = tmp_path / f"cache-{round_}"
        monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(cache))
        assert replays(kinds, "compiled") == right
        kept = files(cache)
        assert len({path.name for path in kept if "run_accesses" in path.name}) == count
        assert [told for kind in kinds for told in replays([kind], "compiled")] == right
        assert files(cache) == kept
