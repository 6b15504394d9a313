# SPDX-License-Identifier: GPL-2.0-only
"""Traces that change while they are read, and too little memory: one line, and nothing written."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty_places import ROOT, ZSWAPSIM, names

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.cli import main
from zswapsim.errors import TraceError
from zswapsim.experiment.sweep import sweep as sweeps
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]


CONFIG = ReplayConfig(memory="50%", engine="interpreted")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of more than one block of accesses."""
    path = tmp_path_factory.mktemp("traces") / "master.ztrace"
    zipf(20_000, 100, 0.8, seed=3, contents=random_contents(100, seed=4)).save(path)
    return path


@pytest.fixture(scope="module")
def right(master: Path) -> dict[str, int]:
    return replay(Trace.open(master), CONFIG).vmstat


@pytest.fixture
def path(master: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(master, tmp_path / "small.ztrace"))


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _replace(path: Path) -> None:
    other = path.with_name("other.ztrace")
    zipf(50, 10, 0.8, contents=random_contents(10)).save(other)
    other.replace(path)


@pytest.mark.parametrize("change", [Path.unlink, _truncate, _empty, _replace])
@pytest.mark.parametrize("moment", ["opened", "running"])
def test_a_trace_that_changes_meanwhile_is_an_error_of_one_line_or_nothing(
    change: Callable[[Path], None], moment: str, path: Path, right: dict[str, int]
) -> None:
    trace = Trace.open(path)
    changed = False

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal changed
        if stage == "replay" and not changed:
            changed = True
            change(path)

    if moment == "opened":
        change(path)
        changed = True
    try:
        told = replay(trace, CONFIG, progress=progress)
    except (TraceError, OSError) as error:
        assert "\n" not in str(error)
        assert "small.ztrace" in str(error)
    else:
        assert moment == "running"
        assert told.vmstat == right
    assert changed


def limited(kibibytes: int, *words: object) -> "subprocess.CompletedProcess[str]":
    """Run zswapsim with so many KiB of addresses."""
    line = 'ulimit -v "$0" && exec "$@"'
    command = ["bash", "-c", line, str(kibibytes), *ZSWAPSIM, *map(str, words)]
    # BLAS starts threads, and sends SIGINT to itself where there is no memory for them.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


@pytest.mark.long
def test_with_too_little_memory_it_is_done_or_a_line_says_so(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    failed = 0
    for kibibytes in range(90_000, 300_000, 10_000):
        page = out / "x.html"
        done = limited(kibibytes, "replay", path, "--engine", "interpreted", "--html", page)
        assert "Traceback" not in done.stderr
        if done.returncode == 0:
            assert page.read_text().rstrip().endswith("</html>")
            page.unlink()
        else:
            failed += 1
            assert done.returncode == 1
            assert done.stderr.count("\n") == 1
            assert done.stderr.startswith("error: ")
            assert names(out) == []
    assert failed


def test_too_little_memory_is_a_line(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def nothing_left(*given: object, **named: object) -> None:
        raise MemoryError

    rows = tmp_path / "rows.csv"
    monkeypatch.setattr(sweeps, "run_workload", nothing_left)
    words = [
        "sweep",
        str(path),
        "--memory",
        "30%,50%",
        "--jobs",
        "1",
        "--engine",
        "interpreted",
        "-o",
        str(rows),
    ]
    assert main(words) == 1
    assert capsys.readouterr().err == "error: not enough memory\n"
    monkeypatch.undo()
    assert main([*words, "--resume"]) == 0
    assert len(rows.read_text().splitlines()) == 3


@pytest.mark.long
def test_a_sweep_whose_process_is_killed_says_so_and_goes_on(path: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    words = ["sweep", str(path), "--memory", "20%:80%:1%", "--engine", "interpreted"]
    running = subprocess.Popen(
        [*ZSWAPSIM, *words, "--jobs", "2", "-o", str(rows)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while not (rows.exists() and rows.stat().st_size):
        assert running.poll() is None
    for child in _workers(running.pid):
        os.kill(child, 9)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    *before, last = said.splitlines()
    assert last.startswith("error: a process that ran cells was killed")
    assert before[-1].endswith(f"cells are in {rows}; --resume goes on with it")
    assert "Traceback" not in said
    assert rows.read_bytes().endswith(b"\n")


def _workers(parent: int) -> list[int]:
    """The processes that run cells, of all children of a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
