# SPDX-License-Identifier: GPL-2.0-only
"""docs/contents.md names commands and options that there are, and kinds of image that are read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from zswapsim.cli import COMMANDS, main

TEXT = (Path(__file__).parents[2] / "docs" / "contents.md").read_text()
LINES = sorted(set(re.findall(r"zswapsim ((?:[a-z]+)(?: [^`\n|]*)?)(?=`|\n|\|)", TEXT)))


@pytest.mark.parametrize("line", LINES)
def test_a_command_that_is_shown_has_its_options(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *words = line.split()
    assert name in COMMANDS
    command = [name, words[0]] if name == "trace" else [name]
    assert main([*command, "--help"]) == 0
    known = capsys.readouterr().out
    for option in (word for word in words if re.match(r"--?[a-z]", word)):
        assert re.search(rf"(^|\W){re.escape(option)}\b", known), option


def test_the_commands_are_found() -> None:
    assert len(LINES) >= 9


def test_a_capture_is_replayed_as_shown(tmp_path: Path) -> None:
    """The two sessions with a core file of the samples for core.1234."""
    core = Path(__file__).parents[1] / "samples" / "images" / "gcore.core.xz"
    for words in (
        ["capture", str(core), "-o", "program.ztrace"],
        ["replay", "program.ztrace", "--kernel", "6.1"],
        ["replay", "program.ztrace", "--contents", "program.ztrace"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "zswapsim", *words],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert "accesses: made up" in done.stdout
