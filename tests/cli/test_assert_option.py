# SPDX-License-Identifier: GPL-2.0-only
"""--assert: the report as always, a line for each that does not hold, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from zswapsim.cli import main
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(3000, 200, 0.8, seed=3, contents=random_contents(200, seed=4)).save(path)
    return path


def test_what_holds_changes_nothing(small: Path, capsys: Capture) -> None:
    words = ["replay", str(small), "--json", "--seed", "0"]
    assert main(words) == 0
    plain = capsys.readouterr()
    assert main([*words, "--assert", "pgmajfault > 0", "--assert", "zswap.stored_pages>=0"]) == 0
    told = capsys.readouterr()
    assert told.err == plain.err == ""
    assert json.loads(told.out)["vmstat"] == json.loads(plain.out)["vmstat"]


def test_what_does_not_hold_is_a_line_each_and_code_4(small: Path, capsys: Capture) -> None:
    asked = ["--assert", "pgmajfault<1", "--assert", "pgfault>0", "--assert", "zswpin<-1"]
    assert main(["replay", str(small), "--json", *asked]) == 4
    told = capsys.readouterr()
    vmstat = json.loads(told.out)["vmstat"]
    assert told.err.splitlines() == [
        f"assertion failed: pgmajfault<1: pgmajfault is {vmstat['pgmajfault']:,}",
        f"assertion failed: zswpin<-1: zswpin is {vmstat['zswpin']:,}",
    ]


def test_the_report_comes_first_where_both_streams_are_one(small: Path) -> None:
    command = [sys.executable, "-m", "zswapsim", "replay", str(small), "--assert", "pgfault<1"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )
    assert done.returncode == 4
    assert done.stdout.splitlines()[-1].startswith("assertion failed: pgfault<1")
    assert "What happened" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--assert", "pgmajfalt<1"], "did you mean pgmajfault?"),
        (["--assert", "pgmajfault<1", "--assert", "x"], "allowed is one comparison"),
        (["--assert", "mem_used_max<1M"], "mem_used_max is of zram, and the frontend is zswap"),
    ],
)
def test_a_wrong_assertion_costs_no_run(
    words: list[str], said: str, small: Path, capsys: Capture, tmp_path: Path
) -> None:
    swap_file = tmp_path / "swap"
    assert main(["replay", str(small), "--swap-file", str(swap_file), *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert not swap_file.exists()


def test_zram_has_its_counters(small: Path, capsys: Capture) -> None:
    words = ["replay", str(small), "--frontend", "zram", "--assert", "mem_used_max>0"]
    assert main(words) == 0
    assert main([*words, "--assert", "mem_used_max<4K"]) == 4


def test_assertions_may_be_in_the_file_and_in_the_environment(
    small: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.toml"
    path.write_text("[replay]\nassert = ['pgmajfault < 1', 'pgfault > 0']\n")
    assert main(["replay", str(small), "--config", str(path)]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1
    monkeypatch.setenv("ZSWAPSIM_ASSERT", "pgmajfault < 1; pgfault < 1;")
    assert main(["replay", str(small)]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_ratio_asserts_of_every_compressor_and_pool(small: Path, capsys: Capture) -> None:
    words = ["ratio", str(small), "--no-time", "--compressor", "lz4,zstd", "--zpool", "zbud"]
    assert main([*words, "--assert", "ratio>0", "--assert", "density<=2"]) == 0
    capsys.readouterr()
    assert main([*words, "--assert", "ratio>1e6", "--assert", "compress_min_us<1"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["lz4 in zbud"] * 2 + ["zstd in zbud"] * 2
    assert lines[1].endswith("there is no compress_min_us")
    assert main([*words, "--assert", "pgfault>1"]) == 2


def test_ratio_tells_inputs_apart(small: Path, tmp_path: Path, capsys: Capture) -> None:
    other = tmp_path / "other.raw"
    other.write_bytes(bytes(range(256)) * 16)
    words = ["--no-time", "--compressor", "lz4", "--zpool", "zbud", "--assert", "ratio>1e6"]
    assert main(["ratio", str(small), str(other), *words]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "assertion failed: other, lz4 in zbud: ratio>1e6: " in " ".join(lines)


def test_the_names_of_ratio_are_the_numbers_of_its_rows(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    from zswapsim.experiment.ratio.result import ROW_NUMBERS

    path = tmp_path / "rows.csv"
    assert main(["ratio", str(small), "--csv", str(path)]) == 0
    columns = path.read_text().splitlines()[0].split(",")
    text = ["input", "compressor", "zpool", "kernel"]
    assert sorted(columns) == sorted([*ROW_NUMBERS, *text])


def test_sweep_asserts_of_every_cell(small: Path, capsys: Capture) -> None:
    words = ["sweep", str(small), "--memory", "40%,60%", "--frontend", "zswap,none", "--jobs", "1"]
    words += ["--engine", "interpreted"]
    assert main([*words, "--assert", "pgmajfault>0", "--assert", "stall_seconds<1min"]) == 0
    capsys.readouterr()
    assert main([*words, "--assert", "zswpin>0"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert (
        lines[0] == "assertion failed: zipf-0.8, memory 40%, frontend none: zswpin>0: zswpin is 0"
    )
    assert "memory 60%, frontend none" in lines[1]
    assert main([*words, "--assert", "stall_second>0"]) == 2
