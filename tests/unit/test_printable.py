# SPDX-License-Identifier: GPL-2.0-only
"""Text of others is shown, never obeyed: nothing of it steers a terminal or makes a second line."""

import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.errors import TraceError
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.printable import printable
from zswapsim.report.table import render
from zswapsim.units import PAGE_SIZE

Capture = pytest.CaptureFixture[str]
HOSTILE = "a\nb\x1b[31m\x07\x9b2J\u202e[red]x[bold]\udcff"
SHOWN = r"a\nb\x1b[31m\x07\x9b2J\u202e[red]x[bold]\udcff"


@given(st.text())
def test_what_is_printable_stays_and_all_else_is_escaped(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    assert text.isprintable() == (shown == text)


def test_controls_of_every_kind_are_escaped() -> None:
    assert printable(HOSTILE) == SHOWN
    assert printable("a\n\tb\r", keep="\n\t") == "a\n\tb\\r"
    marks = [chr(code) for code in range(0x11000) if unicodedata.category(chr(code)) == "Cf"]
    assert "\u202e" in marks
    assert not any(printable(mark) == mark for mark in marks)


def test_a_trace_error_is_one_printable_line() -> None:
    assert str(TraceError(f"{HOSTILE}: damaged")) == f"{SHOWN}: damaged"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A small trace whose file and meta have hostile names."""
    path = tmp_path / HOSTILE
    meta = {"name": HOSTILE, "program": HOSTILE, "what": HOSTILE, "contents_from": HOSTILE}
    Trace.from_arrays([0, 1, 2, 3] * 5, [True] * 20, [0], [0], [0], bytes(PAGE_SIZE), meta).save(
        path
    )
    return path


def is_clean(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(
    "words",
    [
        ["trace", "info"],
        ["trace", "info", "--json"],
        ["trace", "head"],
        ["trace", "cut", "--from", "99"],
        ["trace", "convert"],
        ["replay", "--no-bytes", "--engine", "interpreted"],
        ["capture"],
        ["ratio", "--no-time", "--compressor", "lz4", "--zpool", "zbud"],
        ["verify"],
    ],
    ids=" ".join,
)
def test_no_command_sends_controls_of_a_file_to_the_terminal(
    words: list[str], hostile: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    monkeypatch.chdir(hostile.parent)
    output = ["-o", f"{HOSTILE}.out"] if {"cut", "convert", "capture"} & set(words) else []
    code = main([*words, *output, hostile.name])
    captured = capsys.readouterr()
    assert is_clean(captured.out)
    assert is_clean(captured.err)
    assert code == 0 or captured.err.count("\n") == 1


def test_a_wrong_command_line_that_quotes_names_is_shown_escaped(capsys: Capture) -> None:
    for words in (
        ["trace", "info", HOSTILE],
        [HOSTILE],
        ["list", HOSTILE],
        ["replay", "-" + HOSTILE],
    ):
        assert main(words) == 2
        assert is_clean(capsys.readouterr().err)


def test_a_result_of_a_hostile_trace_is_rendered_escaped(hostile: Path) -> None:
    result = replay(Trace.open(hostile), ReplayConfig(memory="3p", engine="interpreted"))
    console = Console(width=200, file=io.StringIO())
    console.print(render(result.to_dict()))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert is_clean(text)
    assert f"{SHOWN} ({SHOWN})" in text
    assert f"contents: {SHOWN}" in text
