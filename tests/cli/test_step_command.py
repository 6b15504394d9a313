# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim step: scripts and traces, with and without answers; wrong input is one line, exit 2."""

import json
from pathlib import Path
from typing import Any

import pytest

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]
SAMPLE = Path(__file__).parents[1] / "samples" / "lesson" / "pairs.zswap"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "two.zswap"
    path.write_text("title Two\nkernel 5.4\nzpool zbud\nstore 1 size=1900\nstore 2 size=1500\n")
    return path


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    contents = random_contents(60, seed=1, zero=5, same_filled=5, text=40, pointers=40, random=10)
    made: Trace = zipf(2_000, 60, 0.8, seed=3, contents=contents)
    made.save(path)
    return path


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    code = main(["step", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def told(capsys: Capture, *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    lesson: dict[str, Any] = json.loads(out)
    return lesson


def test_it_asks_and_with_c_it_answers(capsys: Capture, script: Path) -> None:
    code, asked, _ = run(capsys, script)
    assert code == 0
    assert "Question: Which page of the pool takes the object? ?" in asked
    assert "Answer" not in asked
    code, answered, _ = run(capsys, script, "-c")
    assert code == 0
    assert "Answer: 0. The object takes 24 chunks" in answered
    assert "\x1b" not in answered


def test_json_is_the_lesson_with_its_answers(capsys: Capture, script: Path) -> None:
    lesson = told(capsys, script)
    assert (lesson["kind"], lesson["title"], lesson["source"]) == ("lesson", "Two", str(script))
    assert [step["command"] for step in lesson["steps"]] == [
        "store 1 size=1900",
        "store 2 size=1500",
    ]
    assert lesson["steps"][1]["question"]["answer"] == "0"
    assert told(capsys, script, "--asked")["steps"][1]["question"] is None
    assert told(capsys, script) == lesson


def test_the_command_line_goes_before_the_script(capsys: Capture, script: Path) -> None:
    settings = told(capsys, script, "--kernel", "6.6", "--compressor", "zstd", "--seed", 3)[
        "settings"
    ]
    assert (settings["kernel"], settings["zpool"]) == ("6.6", "zbud")
    assert (settings["compressor"], settings["seed"]) == ("zstd", 3)
    assert told(capsys, script)["settings"]["kernel"] == "5.4"


def test_questions_of_a_script_do_not_forbid_another_pool(capsys: Capture) -> None:
    lesson = told(capsys, SAMPLE, "--zpool", "zsmalloc")
    assert lesson["start"]["pool"]["driver"] == "zsmalloc"


def test_a_trace_is_told_from_where_one_likes(capsys: Capture, trace: Path) -> None:
    lesson = told(capsys, trace, "--memory", "30%", "--from", 500, "--steps", 7)
    assert len(lesson["steps"]) == 7
    assert lesson["settings"]["from"] == 500
    assert lesson["settings"]["memory"] == 18
    assert all(step["command"].startswith("access ") for step in lesson["steps"])
    code, out, _ = run(capsys, trace, "--memory", "30%", "--from", 500, "--steps", 7, "-c")
    assert code == 0
    assert "Memory is at its limit, so reclaim takes page" in out


def test_zram_and_policies_go_with_a_trace(capsys: Capture, trace: Path) -> None:
    lesson = told(
        capsys, trace, "--frontend", "zram", "--reclaim", "clock", "--from", 400, "--steps", 9
    )
    names = {event["name"] for step in lesson["steps"] for event in step["events"]}
    assert "zram_write" in names
    assert "store" not in names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("store 1 fluff", ":1: content 'fluff'; allowed is zero, same,"),
        ("store 1 zero\nask Which page?\nload 1", ":2: 'load 1' decides nothing that this asks"),
        ("kernel 6.18\nzpool zbud\nstore 1 zero", ":2: kernel 6.18 has no zpool 'zbud'"),
    ],
)
def test_a_wrong_script_is_one_line_and_exit_2(
    capsys: Capture, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "x.zswap"
    path.write_text(text)
    code, out, err = run(capsys, path)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {path}{message}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [["--memory", "10%"], ["--from", "3"], ["--steps", "3"], ["--frontend", "zram"],
     ["--max-pool-percent", "3"], ["--contents", "mix"]],
)  # fmt: skip
def test_options_of_traces_are_refused_for_a_script(
    capsys: Capture, script: Path, words: list[str]
) -> None:
    code, _, err = run(capsys, script, *words)
    assert code == 2
    assert f"Invalid value for '{words[0]}': goes with a trace; {script} is a script" in err


def test_wrong_settings_are_refused(capsys: Capture, script: Path, trace: Path) -> None:
    code, _, err = run(capsys, script, "--kernel", "6.18")
    assert code == 2
    assert "kernel 6.18 has no zpool 'zbud'" in err
    code, _, err = run(capsys, trace, "--from", 5_000)
    assert code == 2
    assert "the trace has 2000 accesses; allowed is 0 to 1999" in err
    code, _, err = run(capsys, script, "--reclaim", "clock")
    assert code == 2
    assert "reclaim goes with memory PAGES" in err
