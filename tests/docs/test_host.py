# SPDX-License-Identifier: GPL-2.0-only
"""What docs/host.md shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "host.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", TEXT, re.M)
EXAMPLES = re.findall(r"^```python\n((?:.*\n)*?)```$", TEXT, re.M)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


@pytest.mark.parametrize(("command", "shown"), SESSIONS)
def test_a_session_prints_what_is_shown(command: str, shown: str) -> None:
    program, *arguments = command.split()
    assert program == "zswapsim"
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert lines(done.stdout) == lines(shown)


def test_there_are_sessions() -> None:
    assert len(SESSIONS) >= 2


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = EXAMPLES
    exec(compile(example, "host.md", "exec"), {})
    assert capsys.readouterr().out == "97.5 1.61\n"
