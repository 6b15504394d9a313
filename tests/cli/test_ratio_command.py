# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim ratio: what it prints and writes, and what it refuses."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from live_process import WRITTEN, child

from zswapsim.cli import main
from zswapsim.report.columns import aligned
from zswapsim.report.ratio import ratio_lines
from zswapsim.units import PAGE_SIZE

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
QUICK = ["--no-time", "--compressor", "lz4"]


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A file of two pages of zeros, one of another word, 40 of text and numbers, and a bit more."""
    path = tmp_path / "memory.bin"
    lines = "".join(f"line {at * 7919 % 100_003} of some text\n" for at in range(6000))
    path.write_bytes(bytes(2 * PAGE_SIZE) + b"\7" * PAGE_SIZE + lines.encode())
    return path


def run(*words: object) -> int:
    return main(["ratio", *map(str, words)])


def as_json(capsys: Capture, *words: object) -> dict[str, Any]:
    assert run(*words, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("columns", [40, 80])
def test_people_get_lines_that_fit(
    columns: int, memory: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(memory.parent)
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(memory.name) == 0
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= columns
    flat = " ".join(printed.split())
    for said in (
        "memory (bytes of memory.bin)",
        "all zero 2 ",
        "another word repeated 1 ",
        "zeros were put at the end",
        "Linux 5.4 compresses",
        "Time for a page, µs: 7 rounds",
        "called from Python in this process, one core",
        "1 GiB of pool holds most with zstd in z",
        "quickest to bring back: ",
    ):
        assert said in flat


def test_without_times_the_output_is_always_the_same(memory: Path, capsys: Capture) -> None:
    printed = []
    for _ in range(2):
        assert run(memory, "--no-time") == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Time for a page" not in printed[0]


def test_json_has_all_numbers_of_each_input_and_the_total(memory: Path, capsys: Capture) -> None:
    told = as_json(capsys, memory, *QUICK)
    assert told["total"] is None
    (alone,) = told["inputs"]
    assert alone["pages"]["measured"] == -(-memory.stat().st_size // PAGE_SIZE)
    assert alone["timing"] is None
    both = as_json(capsys, memory, ROOT / "traces/cc1.ztrace", "--sample", "100p", *QUICK)
    assert [one["name"] for one in both["inputs"]] == ["memory", "cc1"]
    measured = [one["pages"]["measured"] for one in both["inputs"]]
    assert measured == [alone["pages"]["measured"], 100]
    assert both["total"]["pages"]["measured"] == sum(measured)
    for result in [*both["inputs"], both["total"]]:
        for pool in result["pools"]:
            assert sum(pool["bytes"].values()) == pool["pool_pages"] * PAGE_SIZE


def test_inputs_of_the_same_name_are_told_apart(memory: Path, capsys: Capture) -> None:
    told = as_json(capsys, memory, memory, *QUICK)
    assert [one["name"] for one in told["inputs"]] == [str(memory)] * 2


def test_csv_has_a_row_for_each_compressor_and_pool(memory: Path, tmp_path: Path) -> None:
    path = tmp_path / "ratio.csv"
    words = ["--compressor", "lz4,zstd:1-2", "--zpool", "zsmalloc,zbud", "--csv", path]
    assert run(memory, ROOT / "traces/cc1.ztrace", "--sample", "50p", "--no-time", *words) == 0
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["compressor"], row["zpool"]) for row in rows[:6]] == [
        (compressor, zpool)
        for compressor in ("lz4", "zstd:1", "zstd:2")
        for zpool in ("zsmalloc", "zbud")
    ]
    assert [row["input"] for row in rows[::6]] == ["memory", "cc1", "total"]
    assert rows[0]["compress_median_us"] == ""
    assert float(rows[0]["density"]) == int(rows[0]["stored"]) / int(rows[0]["pool_pages"])


def test_a_process_is_measured(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "mapped"
    path.write_bytes(bytes(12 * PAGE_SIZE))
    with child(str(path)) as known:
        (told,) = as_json(capsys, known.pid, *QUICK)["inputs"]
    assert told["name"] == "known memory"
    assert str(known.pid) in told["what"]
    assert told["pages"]["measured"] >= len(WRITTEN)
    assert told["pages"]["same_filled"] >= 1
    assert told["pools"][0]["stored"] >= len(WRITTEN)


def test_standard_input_is_measured(memory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", "ratio", "-", *QUICK],
        input=memory.read_bytes(),
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert b"bytes of standard input" in done.stdout
    assert done.stderr == b""


def test_pools_that_the_kernel_has_not_are_those_of_the_nearest(
    memory: Path, capsys: Capture
) -> None:
    assert run(memory, *QUICK, "--kernel", "6.18") == 0
    printed = capsys.readouterr().out
    assert "zbud is that of Linux 6.12; 6.18 has none" in printed
    assert "zsmalloc is that" not in printed


def test_memory_that_needs_no_room_is_told_in_a_few_lines(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(bytes(3 * PAGE_SIZE))
    assert run(path) == 0
    printed = capsys.readouterr().out
    assert "all zero" in printed
    assert "Pools" not in printed
    (told,) = as_json(capsys, path)["inputs"]
    assert told["compressors"][0]["ratio"] is None
    assert told["pools"][0]["pool_pages"] == 0


def test_memory_that_no_pool_takes_is_told(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "random"
    path.write_bytes(os.urandom(3 * PAGE_SIZE))
    assert run(path, *QUICK, "--format", "raw") == 0
    assert "No pool took any of them" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "Missing argument 'INPUT...'"),
        (["missing.bin"], 1, "missing.bin: No such file or directory"),
        (["999999999"], 1, "999999999"),
        (["."], 2, ".: is a folder"),
        (["-", "-"], 2, "can be read once"),
        (["memory.bin", "--compressor", "lz5"], 2, "there are lz4, lz4hc, zstd"),
        (["memory.bin", "--compressor", "zstd:9-1"], 2, "the lowest first"),
        (["memory.bin", "--zpool", "zbut"], 2, "there are zbud, z3fold, zsmalloc"),
        (["memory.bin", "--kernel", "7.0"], 2, "there are 3.11"),
        (["memory.bin", "--sample", "0"], 2, "less than one page"),
        (["memory.bin", "--format", "elf"], 2, "there are ztrace"),
        (["memory.bin", "--csv", "no/where.csv"], 2, "there is no folder"),
        (["memory.bin", "--csv", "memory.bin"], 2, "is to be read or written already"),
        (["empty"], 1, "empty: the file is empty"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    words: list[str],
    code: int,
    message: str,
    memory: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(memory.parent)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    (memory.parent / "empty").touch()
    assert run(*words) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err.splitlines()[-1]
    assert "Traceback" not in captured.err


def test_ctrl_c_ends_it_at_once_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(24 << 20))
    process = subprocess.Popen(
        [sys.executable, "-m", "zswapsim", "ratio", str(path), "--compressor", "zstd:19-22"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with process:
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, "", "stopped")


def test_a_table_that_is_too_wide_is_told_row_by_row() -> None:
    header, rows = ["", "first", "second"], [["name", "1", "22"], ["longer", "333", "4"]]
    assert aligned(header, rows, 24, names=1) == [
        "         first  second",
        " name        1      22",
        " longer    333       4",
    ]
    assert aligned(header, rows, 21, names=1)[1] == " name       1     22"
    assert aligned(header, rows, 16, names=1) == [
        " name",
        "   first 1,",
        "   second 22",
        " longer",
        "   first 333,",
        "   second 4",
    ]


def test_a_terminal_without_block_characters_gets_ascii(memory: Path, capsys: Capture) -> None:
    (told,) = as_json(capsys, memory)["inputs"]
    for width in (40, 80):
        lines = ratio_lines(told, width, ascii_only=True)
        assert all(line.isascii() for line in lines)
        assert max(len(line) for line in lines) <= width
