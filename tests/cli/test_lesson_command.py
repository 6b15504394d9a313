# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim lesson: a page of a script, a trace, or of what `step --json` prints; or one line."""

import json
from pathlib import Path

import pytest
from lesson_results import SAMPLES, zbud_lesson

from zswapsim.cli import main
from zswapsim.report.lesson import lesson_html
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]
SCRIPT = SAMPLES / "pairs.zswap"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_a_script_its_json_and_report_make_the_same_page(tmp_path: Path, capsys: Capture) -> None:
    assert run("step", SCRIPT, "--json") == 0
    told = tmp_path / "told.json"
    told.write_text(capsys.readouterr().out)
    pages = [tmp_path / f"{name}.html" for name in ("script", "json", "report")]
    assert run("lesson", SCRIPT, "-o", pages[0]) == 0
    assert run("lesson", told, "-o", pages[1]) == 0
    assert run("report", told, "-o", pages[2]) == 0
    assert capsys.readouterr() == ("", "")
    texts = {path.read_text() for path in pages}
    assert texts == {lesson_html(json.loads(told.read_text()))}


def test_a_trace_is_played_from_an_access_on(tmp_path: Path) -> None:
    trace, page = tmp_path / "small.ztrace", tmp_path / "page.html"
    zipf(600, 60, 0.8, contents=random_contents(40)).save(trace)
    words = ("--memory", "30%", "--from", 300, "--steps", 5, "--kernel", "6.6")
    assert run("lesson", trace, *words, "-o", page) == 0
    text = page.read_text()
    assert 'max="5"' in text
    assert "kernel 6.6" in text


def test_options_go_before_what_the_script_says(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("lesson", SCRIPT, "--zpool", "z3fold", "-o", page) == 0
    assert "zpool z3fold" in page.read_text()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("bad.zswap", "kernel 5.4\nstroe 3\n", "bad.zswap:2: "),
        ("bad.json", "{", "is no JSON"),
        ("bad.json", '{"kind": "sweep"}', "bad.json: no lesson; allowed is"),
        ("bad.json", json.dumps({**zbud_lesson(), "goals": 3}), "damaged: goals has to be a list"),
    ],
)
def test_what_is_no_lesson_is_one_line_and_no_page(
    name: str, text: str, says: str, tmp_path: Path, capsys: Capture
) -> None:
    bad, page = tmp_path / name, tmp_path / "page.html"
    bad.write_text(text)
    assert run("lesson", bad, "-o", page) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not page.exists()


def test_a_lesson_does_not_overwrite_what_it_reads(tmp_path: Path, capsys: Capture) -> None:
    told = tmp_path / "told.json"
    told.write_text(json.dumps(zbud_lesson()))
    assert run("lesson", told, "-o", told) == 2
    assert "to be read or written already" in capsys.readouterr().err
    assert json.loads(told.read_text()) == zbud_lesson()
