# SPDX-License-Identifier: GPL-2.0-only
"""Names that would steer a terminal: every command shows what they are, and does nothing else."""

from pathlib import Path

import pytest
from writing_commands import COMMANDS, Inputs, make_inputs

from zswapsim.cli import main

Capture = pytest.CaptureFixture[str]
NAME = "red\x1b[31m\x07\r\x9b2J\u202e"
MORE = {
    "replay": lambda of: ["replay", str(of.trace), "--engine", "interpreted"],
    "trace info": lambda of: ["trace", "info", str(of.trace)],
    "trace head": lambda of: ["trace", "head", str(of.trace)],
    "step": lambda of: ["step", str(of.trace), "--steps", "2"],
    "host": lambda of: ["host", f"{of.trace}.none"],
    "verify": lambda of: ["verify", str(of.trace)],
    "capture": lambda of: ["capture", str(of.trace), "-o", f"{of.trace}.x"],
    "no trace": lambda of: ["replay", f"{of.trace}.none"],
    "no result": lambda of: ["report", str(of.trace), "-o", f"{of.trace}.html"],
    "no settings": lambda of: ["replay", str(of.trace), "--config", str(of.trace)],
    "dump": lambda of: ["replay", str(of.trace), "--dump-config", "--html", f"{of.trace}.html"],
}
LONG = ("recommend", "sweep --html", "compare --html", "sweep parquet", "sweep csv")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("inputs"), NAME)


def steering(text: str) -> list[str]:
    """The characters of a text that are no text, but for ends of lines and tabs."""
    return [letter for letter in text if not letter.isprintable() and letter not in "\n\t"]


@pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in COMMANDS],
)
def test_a_command_that_writes_shows_names_as_text(
    command: str, inputs: Inputs, tmp_path: Path, capsys: Capture
) -> None:
    name, words = COMMANDS[command]
    assert main([*words(inputs), str(tmp_path / f"{NAME}{name}")]) == 0
    told = capsys.readouterr()
    assert steering(told.out + told.err) == []


@pytest.mark.parametrize("command", MORE)
def test_a_command_that_tells_shows_names_as_text(
    command: str, inputs: Inputs, capsys: Capture
) -> None:
    assert main(MORE[command](inputs)) in (0, 1, 2)
    told = capsys.readouterr()
    assert steering(told.out + told.err) == []
    assert told.out + told.err
