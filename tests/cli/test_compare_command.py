# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim compare: what it prints and writes, and what it refuses."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zswapsim.cli import main
from zswapsim.experiment import comparison
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
QUICK = ["--engine", "interpreted", "--memory", "40%"]


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "small.ztrace"
    zipf(4000, 200, 0.8, contents=random_contents(200)).save(path)
    return path


def run(*words: object) -> int:
    return main(["compare", *map(str, words)])


def as_json(capsys: Capture, *words: object) -> dict[str, Any]:
    assert run(*words, *QUICK, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_by_default_plain_swap_zswap_and_zram_of_a_current_kernel(
    trace: Path, capsys: Capture
) -> None:
    told = as_json(capsys, trace)
    assert set(told) == {"kind", "trace", "costs", "results", "sensitivity", "best"}
    assert told["kind"] == "compare"
    assert [one["name"] for one in told["results"]] == ["plain swap", "zswap", "zram"]
    for one in told["results"]:
        config = one["result"]["config"]
        assert (config["kernel"], config["compressor"]) == ("6.12", "zstd")
        assert set(one) == {"name", "result", "cost"}
    assert told["results"][1]["result"]["config"]["zpool"] == "zsmalloc"
    assert told["best"] in {one["name"] for one in told["results"]}
    assert told["sensitivity"] is None
    assert told["costs"]["device"] == {
        "name": "nvme", "read_us": 80, "write_us": 5, "ahead_us": 5
    }  # fmt: skip


def test_the_output_is_the_same_everywhere(trace: Path, capsys: Capture) -> None:
    printed = []
    for _ in range(2):
        assert run(trace, *QUICK, "--sensitivity") == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert " waits least: " in printed[0].splitlines()[0]
    assert "\x1b" not in printed[0]


def test_configurations_as_arguments_and_options(trace: Path, capsys: Capture) -> None:
    told = as_json(
        capsys, trace, "none,page_cluster=2", "--config", "mine: zswap,zpool=zbud,memory=30%",
        "--kernel", "6.1", "--compressor", "lz4",
    )  # fmt: skip
    first, second = told["results"]
    assert [first["name"], second["name"]] == ["none,page_cluster=2", "mine"]
    assert first["result"]["memory"]["limit_pages"] > second["result"]["memory"]["limit_pages"]
    assert second["result"]["config"]["kernel"] == "6.1"
    assert list(told["costs"]["cpu"]) == ["lz4"]


def test_own_costs_are_those_that_count(trace: Path, capsys: Capture) -> None:
    told = as_json(
        capsys, trace, "--device", "ssd:read=1ms", "--compress-us", "zstd=100",
        "--decompress-us", "zstd=50us", "--trap-us", "7", "--reclaim-stall-percent", "0",
        "--sensitivity",
    )  # fmt: skip
    costs = told["costs"]
    assert costs["device"] == {
        "name": "ssd, changed", "read_us": 1000, "write_us": 23, "ahead_us": 23
    }  # fmt: skip
    assert costs["cpu"] == {"zstd": {"compress_us": 100, "decompress_us": 50, "origin": "given"}}
    assert (costs["trap_us"], costs["reclaim_stall_percent"]) == (7, 0)
    for one in told["results"]:
        assert one["cost"]["stall"]["reclaim"] == 0
        faults = one["result"]["vmstat"]["pgmajfault"]
        assert one["cost"]["stall"]["trap"] == pytest.approx(faults * 7e-6)
    assert told["sensitivity"][0]["knob"] == "device, reads and writes"


def test_measured_costs_are_said_to_be(trace: Path, capsys: Capture) -> None:
    told = as_json(capsys, trace, "--cpu", "measured", "--compressor", "lz4")
    assert told["costs"]["cpu"]["lz4"]["origin"].startswith("measured here")
    assert run(trace, *QUICK, "--compressor", "zstd:12") == 0
    assert "to decompress it (measured here, " in " ".join(capsys.readouterr().out.split())


def test_csv_has_a_row_for_each_configuration(trace: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "rows.csv"
    told = as_json(capsys, trace, "--csv", path)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["name"] for row in rows] == ["plain swap", "zswap", "zram"]
    for row, one in zip(rows, told["results"], strict=True):
        assert float(row["stall_seconds"]) == one["cost"]["stall_seconds"]
        assert int(row["pgmajfault"]) == one["result"]["vmstat"]["pgmajfault"]
    assert rows[0]["mem_used_max"] == ""


def test_a_snapshot_gets_accesses_and_standard_input_is_a_trace(
    trace: Path, tmp_path: Path, capsys: Capture
) -> None:
    log = tmp_path / "accesses.txt"
    log.write_text("".join(f" L {page * 4096:08x},4\n" for page in range(50)) * 3)
    assert run(log, "none", "zram", *QUICK, "--contents", "mix:text=100", "--seed", "3") == 0
    assert "contents: made up" in " ".join(capsys.readouterr().out.split())
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", "compare", "-", *QUICK],
        input=trace.read_bytes(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert b" waits least: " in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zram"], "1 configurations; allowed are 2 to 24"),
        (["zram", "zram"], "two configurations are called 'zram'"),
        (["zram", "zswap,foo=1"], "no setting 'foo'; there are memory"),
        (["--kernel", "6.0"], "no kernel profile '6.0'"),
        (["--compressor", "gzip"], "no compressor 'gzip'"),
        (["--device", "floppy"], "no device 'floppy'; there are nvme, ssd"),
        (["--compress-us", "lz4"], "allowed is COMPRESSOR=TIME"),
        (["--compress-us", "gzip=1"], "no compressor 'gzip'"),
        (["--compress-us", "lz4=1", "--compress-us", "lz4=2"], "lz4 is given twice"),
        (["--compress-us", "zstd:19=1"], "'zstd:19' has no preset costs"),
        (["--reclaim-stall-percent", "101"], "101 is not in the range"),
        (["--memory", "1p"], "allowed is 2 or more"),
        (["--csv", "nowhere/rows.csv"], "there is no folder 'nowhere'"),
        (["none", "zram,page_cluster=1"], "pages from zram are never read ahead"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(
    trace: Path, words: list[str], said: str, capsys: Capture
) -> None:
    assert run(trace, *words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    [line] = [line for line in captured.err.splitlines() if line.lower().startswith("error")]
    assert said in line


def test_the_trace_is_never_written_over(trace: Path, capsys: Capture) -> None:
    before = trace.read_bytes()
    assert run(trace, "--csv", trace) == 2
    assert "is to be read or written already" in capsys.readouterr().err
    assert trace.read_bytes() == before


def test_ctrl_c_ends_it_with_130_and_nothing_half_done(
    trace: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "run_workload", pressed)
    rows = tmp_path / "rows.csv"
    assert run(trace, *QUICK, "--csv", rows) == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err.strip()) == ("", "stopped")
    assert not rows.exists()
