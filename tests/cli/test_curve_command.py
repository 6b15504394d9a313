# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace curve."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.trace.analysis.reuse import reuse_distances
from zswapsim.trace.synthetic import zipf

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(20_000, 1000, 0.7, seed=3).save(path)
    return path


def curve(*words: str | Path, capsys: Capture) -> str:
    assert main(["trace", "curve", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_the_curve_is_the_faults_of_every_hundredth(small: Path, capsys: Capture) -> None:
    told = json.loads(curve(small, "--json", capsys=capsys))
    exact = reuse_distances(Trace.open(small))
    points = told["points"]
    assert [point["memory_pages"] for point in points] == [
        exact.cold * percent // 100 for percent in range(1, 101)
    ]
    assert [point["faults"] for point in points] == [
        exact.faults(point["memory_pages"]) for point in points
    ]
    assert points[49]["miss_ratio"] == pytest.approx(points[49]["faults"] / 20_000)
    assert not any(point["plus_minus"] for point in points)
    assert told["sample"] is None
    assert told["quantiles"]["90"] == exact.quantile(0.9)


@pytest.mark.parametrize("columns", [30, 50, 80, 100])
@pytest.mark.parametrize("sample", [[], ["--sample", "20%"], ["--sample-pages", "100"]])
def test_the_table_fits_the_terminal(
    columns: int, sample: list[str], small: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = curve(small, *sample, capsys=capsys)
    assert ("±" in text) == bool(sample)
    assert ("from a sample" in text) == bool(sample)
    assert "100 %" in text
    if columns >= 50:
        assert max(map(len, text.splitlines())) <= columns
        assert "█" in text


def test_memory_says_which_sizes(small: Path, capsys: Capture) -> None:
    told = json.loads(curve(small, "--memory", "300p,1M,10%", "--json", capsys=capsys))
    footprint = told["trace"]["footprint_pages"]
    sizes = [point["memory_pages"] for point in told["points"]]
    assert sizes == [footprint // 10, 256, 300]
    exact = reuse_distances(Trace.open(small))
    assert [point["faults"] for point in told["points"]] == [exact.faults(size) for size in sizes]


def test_the_same_curve_is_written_as_csv_json_and_html(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    table, whole, page = (tmp_path / name for name in ("out.csv", "out.json", "out.html"))
    words = ["--sample", "20%", "--seed", "5", "--json"]
    told = json.loads(curve(small, *words, "-o", table, "--html", page, capsys=capsys))
    curve(small, *words, "-o", whole, capsys=capsys)
    assert json.loads(whole.read_text()) == told
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["plus_minus"] == ""  # no error is known of so little memory
    assert [
        {key: float(value) if value else None for key, value in row.items()} for row in rows
    ] == told["points"]
    text = page.read_text()
    assert "Miss ratio by memory" in text
    again = tmp_path / "again.html"
    assert main(["report", str(whole), "-o", str(again)]) == 0
    assert "Miss ratio by memory" in again.read_text()


def test_a_sample_of_all_pages_is_the_exact_curve(small: Path, capsys: Capture) -> None:
    exact = json.loads(curve(small, "--json", capsys=capsys))
    for words in (["--sample", "100%"], ["--sample-pages", "1000"]):
        told = json.loads(curve(small, *words, "--json", capsys=capsys))
        assert told["points"] == exact["points"]
        assert told["quantiles"] == exact["quantiles"]
        assert told["sample"]["mean_absolute_error"] == 0


@pytest.mark.parametrize("words", [[], ["--sample-pages", "64"], ["--json"]])
@pytest.mark.parametrize("accesses", [0, 1])
def test_a_curve_of_almost_nothing(
    words: list[str], accesses: int, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "tiny.ztrace"
    Trace.from_arrays(np.zeros(accesses, np.int64), np.zeros(accesses, bool)).save(path)
    assert curve(path, *words, capsys=capsys)


def test_a_log_on_standard_input_has_a_curve(small: Path) -> None:
    log = "".join(f"0x{page:x}000 R\n" for page in [1, 2, 1, 3, 1, 2] * 5)
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", "trace", "curve", "-", "--json"],
        input=log.encode(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["points"][-1]["faults"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sample", "1"], "such as 1%"),
        (["--sample", "0%"], "above 0 to 100 %"),
        (["--sample", "1%"], "1 % is 10 of 1,000 pages"),
        (["--sample-pages", "0"], "0"),
        (["--sample-pages", "7"], "allowed are 64 and more"),
        (["--sample", "10%", "--sample-pages", "70"], "give one of them"),
        (["--memory", "lots"], "lots"),
        (["--memory", "0p"], "less than one page"),
        (["-o", "out.xls"], "allowed are .csv and .json"),
        (["-o", "none/out.csv"], "there is no folder"),
        (["-o", "out.json", "--html", "out.json"], "is to be read or written already"),
    ],
)
def test_wrong_usage_exits_2_with_one_clear_line_and_writes_nothing(
    words: list[str],
    said: str,
    small: Path,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["trace", "curve", str(small), *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.splitlines()[-1].casefold().startswith("error: ")
    assert not list(tmp_path.iterdir())
