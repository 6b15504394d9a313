# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim report, and --html: files that are complete or absent, and clear words for bad input."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from report_results import every_result, replay_result, sweep_result

from zswapsim.cli import main
from zswapsim.experiment.sweep.files import open_rows
from zswapsim.experiment.sweep.rows import COLUMNS
from zswapsim.report.html import report_html
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]


def run(*words: object) -> int:
    return main([str(word) for word in words])


def kept(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.ztrace"
    zipf(4000, 150, 0.8, contents=random_contents(40)).save(path)
    return path


def test_results_of_every_kind_go_into_one_file(tmp_path: Path, capsys: Capture) -> None:
    every = every_result()
    paths = [kept(tmp_path / f"{name}.json", result) for name, result in every.items()]
    out = tmp_path / "out.html"
    assert run("report", *paths, "-o", out) == 0
    assert capsys.readouterr() == ("", "")
    assert out.read_text() == report_html(list(every.values()), [path.name for path in paths])


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_rows_of_a_sweep_are_the_same_from_any_file(ending: str, tmp_path: Path) -> None:
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    rows = tmp_path / f"rows{ending}"
    file = open_rows(rows, COLUMNS)
    for row in sweep_result()["rows"]:
        file.append(row)
    file.close()
    out = tmp_path / "out.html"
    assert run("report", rows, "-o", out) == 0
    assert out.read_text() == report_html([sweep_result()], [rows.name])


def test_replay_writes_the_report_of_its_result(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out, series = tmp_path / "out.html", tmp_path / "series.csv"
    assert run("replay", small, "--json", "--html", out, "--series", series) == 0
    result = json.loads(capsys.readouterr().out)
    assert out.read_text() == report_html([result])
    *_, last = csv.DictReader(series.read_text().splitlines())
    assert last == {name: str(column[-1]) for name, column in result["series"].items()}


def test_ratio_and_sweep_write_reports(small: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.html"
    words = ("--compressor", "lz4", "--no-time", "--json", "--html", out)
    assert run("ratio", small, *words) == 0
    assert out.read_text() == report_html([json.loads(capsys.readouterr().out)])
    words = ("--max-pool-percent", "10,20", "--engine", "interpreted", "--jobs", 1)
    assert run("sweep", small, *words, "--json", "--html", out) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert out.read_text() == report_html([{"kind": "sweep", "rows": rows}])


def test_a_file_that_is_no_result_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: Capture
) -> None:
    good = kept(tmp_path / "good.json", replay_result())
    out = tmp_path / "out.html"
    out.write_text("older")
    damaged = replay_result()
    del damaged["vmstat"]["zswpin"]
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"cell": 1}\n')
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 200_000)
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\0" * 100)
    for path, said in (
        (kept(tmp_path / "other.json", {"a": 1}), "no result of zswapsim; allowed are"),
        (kept(tmp_path / "damaged.json", damaged), "damaged: a replay result has to have 'zswpin'"),
        (rows, "no row of a sweep"),
        (empty, "empty.csv"),
        (deep, "no JSON"),
        (binary, "no JSON"),
    ):
        assert run("report", good, path, "-o", out) == 2
        error = capsys.readouterr().err
        assert path.name in error
        assert said in error
        assert error.count("\n") == 1
        assert out.read_text() == "older"


def test_the_output_is_checked_before_the_work(small: Path, tmp_path: Path) -> None:
    result = kept(tmp_path / "result.json", replay_result())
    for words in (
        ("report", result, "-o", result),
        ("report", result, "-o", tmp_path / "none" / "x.html"),
        ("report", tmp_path / "missing.json", "-o", tmp_path / "x.html"),
        ("report", result),
        ("replay", small, "--html", small),
        ("replay", small, "--html", tmp_path / "x", "--series", tmp_path / "x"),
        ("ratio", small, "--html", small),
        ("ratio", small, "--html", tmp_path / "x", "--csv", tmp_path / "x"),
        ("sweep", small, "--html", small),
    ):
        assert run(*words) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.json", "small.ztrace"]


@pytest.mark.parametrize("path", ["template.html", "report.css", "report.js"])
def test_what_the_report_needs_is_part_of_the_package(path: str) -> None:
    from importlib.resources import files

    assert (files("zswapsim.report.html") / "assets" / path).is_file()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "is no JSON: it is nested too deeply"),
        ('{"kind": "lesson", "x": ' + "[" * 300 + "]" * 300 + "}", "is no result: it is nested"),
        ('{"kind": "sweep", "rows": NaN}', "is no JSON: NaN is no number"),
        ('{"kind": "sweep", "rows": 1e999}', "is no JSON: 1e999 is no number"),
        ('{"kind": "sweep", "rows": ' + "9" * 5000 + "}", "is no JSON: Exceeds the limit"),
    ],
)
def test_json_that_nobody_can_show_is_refused_in_one_line(
    text: str, problem: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    assert run("report", path, "-o", tmp_path / "out.html") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}: {problem}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out.html").exists()


def test_a_result_without_end_is_not_read_to_its_end(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswapsim.cli.report_command.MAX_BYTES", 1 << 16)
    assert run("report", "/dev/zero", "-o", tmp_path / "out.html") == 2
    assert capsys.readouterr().err == "error: /dev/zero: has more than 65,536 bytes\n"


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_rows_of_others_do_not_steer_the_terminal(
    ending: str, small: Path, tmp_path: Path, capsys: Capture
) -> None:
    """A sweep that goes on with them prints them with its own."""
    rows = tmp_path / f"rows{ending}"
    file = open_rows(rows, COLUMNS)
    for row in sweep_result()["rows"][:2]:
        file.append({**row, "compressor": "\x1b[2J\u202e", "trace": "\x1b]0;x\x07"})
    file.close()
    words = ("--resume", "-o", rows, "--memory", "40%", "--engine", "interpreted", "--jobs", 1)
    assert run("sweep", *words, small) == 0
    out, err = capsys.readouterr()
    assert "\\x1b" in out
    assert all(line.isprintable() for line in [*out.split("\n"), *err.split("\n")])


def test_a_text_of_many_blanks_in_rows_of_others_is_printed(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    """In a time that does not grow with the square of their number, which would be minutes."""
    rows = tmp_path / "rows.jsonl"
    file = open_rows(rows, COLUMNS)
    first, *others = sweep_result()["rows"][:2]
    for row in ({**first, "zpool": f"z{' ' * 400_000}x"}, *others):
        file.append(row)
    file.close()
    words = ("--resume", "-o", rows, "--memory", "40%", "--engine", "interpreted", "--jobs", 1)
    assert run("sweep", *words, small) == 0
    lines = capsys.readouterr().out.split("\n")
    assert all(line == line.rstrip(" ") for line in lines)
