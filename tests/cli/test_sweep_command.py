# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim sweep: outputs, killing and going on, a cluster of processes."""

import contextlib
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sent import Sent, process_of

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.experiment.sweep.files import read_rows
from zswapsim.experiment.sweep.parallel import run_all
from zswapsim.experiment.sweep.rows import COLUMNS
from zswapsim.trace.synthetic import random_contents, zipf

ROOT = Path(__file__).parents[2]
ZSWAPSIM = [sys.executable, "-m", "zswapsim"]
GRID = ("--memory", "30%,50%,70%", "--max-pool-percent", "5:20:5", "--engine", "interpreted")
CELLS = 12
MANY = ("--memory", "20%:59%:1%", "--engine", "interpreted")


def run(*words: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a sweep: in this process, or where others take part, as its users do."""
    command = ["sweep", *(str(word) for word in words)]
    if {"--jobs", "--dask"} & set(command):
        done = subprocess.run(
            [*ZSWAPSIM, *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    else:
        done = run_here([*command, "--jobs", "1"])
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done


def run_here(command: list[str]) -> subprocess.CompletedProcess[str]:
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        code = main(command)
    return subprocess.CompletedProcess(command, code, out.getvalue(), said.getvalue())


def cells(path: Path) -> dict[str, dict[str, object]]:
    """The rows of a file by cell, without what takes another time at each run."""
    rows = read_rows(path, COLUMNS)
    assert len({row["cell"] for row in rows}) == len(rows)
    return {row["cell"]: row | {"machine_seconds": 0} for row in rows}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(3000, 300, 0.8, seed=3, contents=random_contents(300, seed=4)).save(path)
    return path


@pytest.fixture(scope="module")
def slow(small: Path) -> Path:
    """A trace whose cells take long enough for a sweep to be stopped between them."""
    path = small.with_name("slow.ztrace")
    zipf(7000, 300, 0.8, seed=3, contents=random_contents(300, seed=4)).save(path)
    return path


@pytest.fixture(scope="module")
def whole(small: Path) -> dict[str, dict[str, object]]:
    path = small.with_name("whole.jsonl")
    run(small, *GRID, "-o", path)
    return cells(path)


def test_the_answer_comes_first_and_the_table_has_the_best(small: Path) -> None:
    lines = run(small, *GRID, "--compressor", "lz4,zstd").stdout.splitlines()
    assert lines[0] == f"{Trace.open(small).name}: {2 * CELLS} cells"
    assert any(line.startswith("With 70% of memory the program waits least") for line in lines)
    assert any("max pool %" in line and "stall s" in line for line in lines)


@pytest.mark.parametrize(
    ("ending", "words"), [("jsonl", ("--jobs", 2)), ("csv", ()), ("parquet", ())]
)
def test_rows_are_the_same_in_every_format(
    small: Path,
    whole: dict[str, dict[str, object]],
    tmp_path: Path,
    ending: str,
    words: tuple[object, ...],
) -> None:
    path = tmp_path / f"rows.{ending}"
    run(small, *GRID, "-o", path, *words)
    assert cells(path) == whole
    assert len(whole) == CELLS
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_json_lines_go_to_a_pipe(small: Path, whole: dict[str, dict[str, object]]) -> None:
    rows = [json.loads(line) for line in run(small, *GRID, "--json").stdout.splitlines()]
    assert {row["cell"]: row | {"machine_seconds": 0} for row in rows} == whole


def test_an_output_that_is_there_is_not_overwritten(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("mine\n")
    done = run(small, *GRID, "-o", path, expect=2)
    assert done.stderr == f"error: {path}: is there already; --resume goes on with it\n"
    assert path.read_text() == "mine\n"
    assert "is no row" in run(small, *GRID, "-o", path, "--resume", expect=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--memory", "30"], "trace"),
        (["--max-pool-percent", "5:x"], "'--max-pool-percent'"),
        (["--resume"], "--resume needs the --output"),
        (["-o", "x.txt"], "ending in .jsonl, .csv, .parquet"),
        (["--dask", "nonsense"], "no dask scheduler at 'nonsense'"),
        (["--dask", "tcp://127.0.0.1:9"], "no dask scheduler at 'tcp://127.0.0.1:9'"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(small: Path, words: list[str], message: str) -> None:
    if words == ["--memory", "30"]:
        done = run(small, *words, "--json", expect=1)
        assert json.loads(done.stdout)["error"].startswith("'30' is less than one page")
        return
    assert message in run(small, *GRID, *words, expect=2).stderr


def begun(
    slow: Path, path: Path, *words: str, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start a sweep of many slow cells, and wait for its first rows."""
    command = [*ZSWAPSIM, "sweep", str(slow), *MANY, "-o", str(path), *words]
    running = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=stderr)
    written = path.with_name(f"{path.name}.rows") if path.suffix == ".parquet" else path
    for _ in range(1000):
        if written.exists() and written.read_bytes().count(b"\n") > 3:
            return running
        time.sleep(0.02)
    running.kill()
    raise AssertionError("no rows")


@pytest.fixture(scope="module")
def many(slow: Path) -> dict[str, dict[str, object]]:
    path = slow.with_name("many.jsonl")
    run(slow, *MANY, "-o", path)
    return cells(path)


@pytest.mark.parametrize(("ending", "jobs"), [("csv", "1"), ("parquet", "2")])
def test_a_killed_sweep_goes_on_where_it_was(
    slow: Path, many: dict[str, dict[str, object]], tmp_path: Path, ending: str, jobs: str
) -> None:
    path = tmp_path / f"rows.{ending}"
    running = begun(slow, path, "--jobs", jobs)
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)
    kept = cells(path)
    assert 3 <= len(kept) < len(many)
    done = run(slow, *MANY, "-o", path, "--resume", "--json")
    new = [json.loads(line)["cell"] for line in done.stdout.splitlines()]
    assert set(new).isdisjoint(kept)
    assert set(new) | set(kept) == set(many)
    assert cells(path) == many


def test_nobody_is_left_when_a_sweep_is_killed(slow: Path, tmp_path: Path) -> None:
    running = begun(slow, tmp_path / "rows.jsonl", "--jobs", "2")
    task = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    children = [Path(f"/proc/{child}/stat") for child in task.read_text().split()]
    assert len(children) >= 2
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)  # returns when the last one has closed its pipes
    for _ in range(200):
        if not any(_runs(child) for child in children):
            return
        time.sleep(0.1)
    raise AssertionError("processes are left")


def _runs(stat: Path) -> bool:
    return stat.exists() and " Z " not in stat.read_text()


def test_a_sweep_that_is_complete_has_nothing_to_go_on_with(
    small: Path, whole: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    run(small, *GRID, "-o", path)
    assert run(small, *GRID, "-o", path, "--resume", "--json").stdout == ""
    assert cells(path) == whole


def test_traces_of_one_name_are_told_apart(small: Path, tmp_path: Path) -> None:
    first = Trace.open(small)
    other = first.cut(first.accesses // 2)
    other.meta["name"] = first.name
    path, rows, page = tmp_path / "other.ztrace", tmp_path / "rows.jsonl", tmp_path / "rows.html"
    other.save(path)
    words = ["--memory", "30%,1p", "--engine", "interpreted", "-o", rows, "--html", page]
    told = run(small, path, *words).stdout.splitlines()
    assert told.count(f"{first.name}: 2 cells, 1 failed") == 2
    assert page.read_text().count(f"{first.name}: a sweep of 2 cells") >= 2


def test_a_trace_that_is_given_twice_is_run_once(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    run(small, small, *GRID, "-o", path)
    assert len(path.read_text().splitlines()) == CELLS


def test_a_row_without_its_numbers_is_refused(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    run(small, *GRID, "-o", path)
    first, *rest = path.read_text().splitlines(keepends=True)
    damaged = json.dumps({**json.loads(first), "stall_seconds": None}) + "\n"
    path.write_text("".join([*rest, damaged]))
    done = run(small, *GRID, "-o", path, "--resume", expect=2)
    assert done.stderr == f"error: {path}: row {CELLS}: has no stall_seconds\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_sweep_says_how_to_go_on(
    slow: Path, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "rows.parquet"
    running = begun(slow, path, "--jobs", "2")
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert f"cells are in {path}; --resume goes on with it\n" in said
    assert said.endswith("stopped\n")
    assert "Traceback" not in said
    assert 3 <= len(cells(path)) < 40
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_on_a_terminal_that_is_said_below_the_bar(slow: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    ours, theirs = pty.openpty()
    running = begun(slow, path, "--jobs", "1", stderr=theirs)
    os.close(theirs)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    said = b""
    with contextlib.suppress(OSError):  # nobody is at the other end any more
        while part := os.read(ours, 1 << 16):
            said += part
    os.close(ours)
    count = len(cells(path))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said.decode())
    lines = re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", plain)  # what moves or erases ends one
    assert any(line.startswith(f"{count} cells are in") for line in lines)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dask scheduler and two workers, each a process of its own; the scheduler's address."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    at = folder / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    one = ["--no-dashboard", "--scheduler-file", str(at)]
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", *one],
        *(["worker", "--nthreads", "1", "--local-directory", str(folder), *one] for _ in range(2)),
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        yield _address(at)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def _address(scheduler_file: Path) -> str:
    """Wait until the scheduler has two workers."""
    script = (
        "from distributed import Client; import sys\n"
        "client = Client(scheduler_file=sys.argv[1]); client.wait_for_workers(2, timeout=60)\n"
        "print(client.scheduler.address)"
    )
    for _ in range(600):
        if scheduler_file.exists() and scheduler_file.stat().st_size:
            break
        time.sleep(0.1)
    done = subprocess.run(
        [sys.executable, "-c", script, str(scheduler_file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.split()[-1]


def test_a_cluster_gives_the_same_rows(
    small: Path, whole: dict[str, dict[str, object]], tmp_path: Path, cluster: str
) -> None:
    path = tmp_path / "rows.jsonl"
    run(small, *GRID, "-o", path, "--dask", cluster)
    assert cells(path) == whole


@pytest.mark.filterwarnings("ignore")
def test_what_calls_share_is_sent_once_to_each_worker(cluster: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    told = list(run_all(process_of, Sent(log), list(range(40)), dask=cluster))
    assert sorted(number for number, _ in told) == list(range(40))
    own = str(os.getpid())  # dask unpacks a copy where it packs it, to name it
    arrived = [process for process in log.read_text().split() if process != own]
    assert set(arrived) == {str(process) for _, process in told}
    assert len(set(arrived)) == 2
    # Once each; a worker that is kept busy by others may ask again.
    assert len(arrived) <= 4
