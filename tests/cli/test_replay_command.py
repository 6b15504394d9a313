# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim replay: options, outputs, exit codes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from zswapsim import Result, Trace
from zswapsim.cli import main
from zswapsim.trace.synthetic import random_contents, zipf

ZSWAPSIM = [sys.executable, "-m", "zswapsim"]
KEYS = {
    "series",
    "pictures",
    "faults",
    "zswap",
    "zram",
    "vmstat",
    "memory",
    "compression",
    "seconds",
    "config",
    "trace",
    "bytes",
    "complete",
}
Capture = pytest.CaptureFixture[str]


def run(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the program as a shell would, with both streams piped."""
    command = [*ZSWAPSIM, *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(8000, 300, 0.8, seed=3, contents=random_contents(300, seed=4)).save(path)
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace that takes the interpreted machine far longer than a test may take."""
    path = tmp_path_factory.mktemp("traces") / "long.ztrace"
    page = np.tile(np.random.RandomState(1).randint(0, 200, 20_000), 1000)
    contents = random_contents(50)
    trace = Trace.from_arrays(page, page % 2 == 0, [0], [0], [0], contents, {"name": "long"})
    trace.save(path)
    return path


# What is printed


def test_json_has_the_documented_keys_and_nothing_else_is_printed(small: Path) -> None:
    done = run("replay", small, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    assert set(data) == KEYS
    assert set(data["vmstat"]) == {
        "zswpin",
        "zswpout",
        "pswpin",
        "pswpout",
        "zswpwb",
        "swpin_zero",
        "swpout_zero",
        "pgmajfault",
    }
    assert data["zram"] == {}
    assert set(data["zswap"]) == {
        "pool_total_size",
        "pool_limit_hit",
        "reject_reclaim_fail",
        "reject_alloc_fail",
        "reject_kmemcache_fail",
        "reject_compress_poor",
        "written_back_pages",
        "duplicate_entry",
        "stored_pages",
        "same_filled_pages",
        "reject_compress_fail",
        "decompress_fail",
        "stored_incompressible_pages",
    }
    assert {"compress", "decompress", "machine", "total"} <= set(data["seconds"])
    assert data["config"]["memory"] == "50%"
    assert data["trace"]["accesses"] == data["trace"]["accesses_replayed"] == 8000
    assert data["complete"] is True
    assert Result.from_json(done.stdout).zswap["pool_limit_hit"] > 0


def test_the_table_says_what_was_asked_what_happened_and_what_it_saved(small: Path) -> None:
    done = run("replay", small, "--kernel", "6.1", "--compressor", "zstd:5", "--memory", "40%")
    assert (done.returncode, done.stderr) == (0, "")
    numbers = json.loads(
        run(
            "replay",
            small,
            "--kernel",
            "6.1",
            "--compressor",
            "zstd:5",
            "--memory",
            "40%",
            "--json",
        ).stdout
    )
    for heading in ("What happened", "What zswap did", "What went to a disk"):
        assert heading in done.stdout
    assert "Linux 6.1" in done.stdout
    assert "zbud with zstd:5" in done.stdout
    assert f"{numbers['memory']['limit_pages']} pages" in done.stdout
    for value in (
        numbers["vmstat"]["pgmajfault"],
        numbers["vmstat"]["zswpout"],
        numbers["zswap"]["pool_limit_hit"],
        numbers["zswap"]["written_back_pages"],
        numbers["bytes"]["checked_pages"],
    ):
        assert f"{value:,}" in done.stdout
    assert "\x1b" not in done.stdout


def test_every_setting_reaches_the_machine(small: Path, capsys: Capture) -> None:
    words = {
        "--memory": "90p",
        "--compressor": "lz4:acceleration=3",
        "--zpool": "zbud",
        "--max-pool-percent": "33",
        "--accept-threshold-percent": "77",
        "--kernel": "6.1",
        "--reclaim": "clock",
        "--page-cluster": "2",
        "--swap-size": "299p",
        "--engine": "interpreted",
    }
    flat = [word for pair in words.items() for word in pair]
    assert main(["replay", str(small), *flat, "--no-same-filled", "--no-bytes", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    for option, value in words.items():
        assert str(data["config"][option[2:].replace("-", "_")]) == value
    assert data["config"]["same_filled_pages_enabled"] is data["config"]["carry_bytes"] is False
    assert data["memory"]["limit_pages"] == 90
    assert data["memory"]["swap_ra"] > 0
    assert data["memory"]["max_pool_pages"] == 90 * 33 // 100
    assert data["memory"]["swap_slots"] == 299
    assert data["zswap"]["same_filled_pages"] == 0
    assert data["bytes"] == {"carried": False, "checked_pages": 0}


def test_both_engines_and_no_bytes_print_the_same_numbers(small: Path, capsys: Capture) -> None:
    said = []
    for words in (["--engine", "interpreted"], ["--engine", "compiled"], ["--no-bytes"]):
        assert main(["replay", str(small), "--json", *words]) == 0
        data = json.loads(capsys.readouterr().out)
        said.append([data[key] for key in ("zswap", "vmstat", "memory")])
    assert said[0] == said[1] == said[2]


def test_swap_full_is_said_loudly_and_exits_0(small: Path) -> None:
    done = run("replay", small, "--memory", "25%", "--swap-size", "20p")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "SWAP FULL" in done.stdout
    assert "OVER THE LIMIT" in done.stdout


def test_the_kernel_names_of_the_counters_are_there_at_40_columns_too(small: Path) -> None:
    wide = run("replay", small, "--no-bytes", "--engine", "interpreted")
    narrow = run(
        "replay", small, "--no-bytes", "--engine", "interpreted", env=os.environ | {"COLUMNS": "40"}
    )
    assert narrow.returncode == 0
    for name in ("pgmajfault", "pool_limit_hit", "written_back_pages", "reject_reclaim_fail"):
        assert name in wide.stdout
        assert name in narrow.stdout


# Files


def test_a_series_is_a_whole_csv_file(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    done = run("replay", small, "--series", path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    text = path.read_text()
    assert text.endswith("\n")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) >= 240
    assert int(rows[-1]["access"]) == 8000
    for name in (*result["zswap"], *result["vmstat"]):
        assert int(rows[-1][name]) == (result["zswap"] | result["vmstat"])[name]
    assert list(tmp_path.iterdir()) == [path]


def test_a_series_replaces_an_older_file(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("old\n" * 100_000)
    assert run("replay", small, "--series", path).returncode == 0
    assert "old" not in path.read_text()


def test_a_series_into_something_that_is_no_plain_file_leaves_it_what_it_is(
    small: Path, tmp_path: Path
) -> None:
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    run("replay", small, "--series", pipe)
    os.close(reader)
    assert pipe.is_fifo()
    target.write_text("")
    link.symlink_to(target)
    assert run("replay", small, "--series", link).returncode == 0
    assert link.is_symlink()
    assert target.read_text().startswith("access,")


def test_a_swap_file_is_kept_with_a_page_for_each_slot(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "swap"
    done = run(
        "replay", small, "--swap-file", path, "--swap-size", "300p", "--json", "--memory", "30%"
    )
    assert done.returncode == 0
    assert path.stat().st_size == 301 * 4096
    data = path.read_bytes()
    trace = Trace.open(small)
    contents = bytes(trace.contents_bytes)
    known = {contents[at : at + 4096] for at in range(0, len(contents), 4096)} | {bytes(4096)}
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    assert set(pages) <= known
    assert sum(page != bytes(4096) for page in pages) > 50
    # The same again takes the same file.
    assert run("replay", small, "--swap-file", path, "--swap-size", "300p").returncode == 0


def test_a_file_that_is_no_swap_file_is_not_overwritten(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_text("dear reader")
    done = run("replay", small, "--swap-file", path)
    assert done.returncode == 1
    assert str(path) in done.stderr
    assert "no swap file" in done.stderr
    assert path.read_text() == "dear reader"


@pytest.mark.parametrize("option", ["--series", "--swap-file"])
def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    small: Path, tmp_path: Path, option: str, capsys: Capture
) -> None:
    for path in (tmp_path / "none" / "x", tmp_path):
        assert main(["replay", str(small), option, str(path)]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert str(path) in captured.err
        assert option in captured.err


# What is wrong


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--memory", "lots", "300p"),
        ("--memory", "0", "one page"),
        ("--memory", "-5M", "300p"),
        ("--swap-size", "x", "300p"),
        ("--compressor", "gzip", "lz4, lz4hc, zstd"),
        ("--compressor", "zstd:x", "NAME:NUMBER"),
        ("--compressor", "lz4:acceleration=0", "1..65537"),
        ("--compressor", "lz4:level=1", "acceleration"),
        ("--zpool", "zfoo", "zbud"),
        ("--max-pool-percent", "-1", "0<=x<=10000"),
        ("--max-pool-percent", "many", "integer"),
        ("--accept-threshold-percent", "-1", "0<=x<=10000"),
        ("--kernel", "2.4", "3.11, 5.4, 5.10, 6.1, 6.6, 6.8, 6.12, 6.18"),
        ("--reclaim", "fifo", "lru, clock, two-list"),
        ("--page-cluster", "6", "0<=x<=5"),
        ("--page-cluster", "-1", "0<=x<=5"),
        ("--engine", "fast", "'auto', 'interpreted', 'compiled'"),
    ],
)
def test_a_wrong_value_names_option_value_and_what_is_allowed(
    small: Path, option: str, value: str, allowed: str, capsys: Capture
) -> None:
    assert main(["replay", str(small), option, value]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    message = captured.err.splitlines()[-1]
    assert option in message
    assert value.partition(":")[2] or value in message
    assert allowed in message


@pytest.mark.parametrize("value", ["9" * 30, "9" * 400])
@pytest.mark.parametrize(
    "option", ["--memory", "--swap-size", "--max-pool-percent", "--accept-threshold-percent"]
)
def test_a_number_beyond_64_bits_is_refused(
    small: Path, option: str, value: str, capsys: Capture
) -> None:
    assert main(["replay", str(small), option, value]) == 2
    assert option in capsys.readouterr().err


def test_memory_of_one_page_is_refused_with_what_is_allowed(small: Path, capsys: Capture) -> None:
    assert main(["replay", str(small), "--memory", "1p"]) == 2
    error = capsys.readouterr().err
    assert "'1p' is 1 page" in error
    assert "2 or more" in error


def test_a_missing_trace_exits_2_and_a_foreign_one_1(tmp_path: Path, capsys: Capture) -> None:
    assert main(["replay", str(tmp_path / "none.ztrace")]) == 2
    assert "does not exist" in capsys.readouterr().err
    for name, data in (("empty", b""), ("text", b"hello"), ("zip", b"PK\3\4" + bytes(64))):
        path = tmp_path / name
        path.write_bytes(data)
        assert main(["replay", str(path)]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: {path}: ")
        assert error.count("\n") == 1


def test_a_trace_cut_short_is_one_clear_line(small: Path, tmp_path: Path, capsys: Capture) -> None:
    data = small.read_bytes()
    path = tmp_path / "short.ztrace"
    for size in (10, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        assert main(["replay", str(path)]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: {path}: ")
        assert error.count("\n") == 1


def test_a_page_that_comes_back_wrong_exits_1(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from zswapsim.content.page_store import PageStore

    honest = PageStore.compressed
    monkeypatch.setattr(
        PageStore, "compressed", lambda store, n, codec: honest(store, (n + 1) % 200, codec)
    )
    assert main(["replay", str(small)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: page ")
    for word in ("slot", "address", "access"):
        assert word in captured.err


# Pipes and signals


@pytest.mark.parametrize("words", [["--json"], []])
def test_a_reader_that_goes_early_sees_no_traceback(small: Path, words: list[str]) -> None:
    process = subprocess.Popen(
        [*ZSWAPSIM, "replay", str(small), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in (0, 1)
    assert error == b""


def test_head_gets_the_first_line(small: Path) -> None:
    shell = f"{sys.executable} -m zswapsim replay {small} | head -1"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("zipf-0.8")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def interrupted(long: Path, swap_file: Path, *words: str) -> tuple[int, str, str]:
    """Start a long replay, wait for its swap file, press Ctrl-C; return what came of it."""
    process = subprocess.Popen(
        [
            *ZSWAPSIM,
            "replay",
            str(long),
            "--engine",
            "interpreted",
            "--swap-file",
            str(swap_file),
            *words,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 30
    while not swap_file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    return process.returncode, out, error


def test_ctrl_c_exits_130_with_the_result_so_far(long: Path, tmp_path: Path) -> None:
    series = tmp_path / "series.csv"
    code, out, error = interrupted(long, tmp_path / "swap", "--json", "--series", str(series))
    assert code == 130
    assert "Traceback" not in error
    result = Result.from_json(out)
    assert not result.complete
    assert 0 < result.trace["accesses_replayed"] < result.trace["accesses"] == 20_000_000
    rows = list(csv.DictReader(series.read_text().splitlines()))
    assert int(rows[-1]["access"]) == result.trace["accesses_replayed"]


def test_ctrl_c_says_in_the_table_where_it_stopped(long: Path, tmp_path: Path) -> None:
    code, out, _ = interrupted(long, tmp_path / "swap")
    assert code == 130
    assert "stopped after " in out
    assert "of 20,000,000 accesses" in out
