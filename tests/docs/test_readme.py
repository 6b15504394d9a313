# SPDX-License-Identifier: GPL-2.0-only
"""What README.md shows is what happens: its sessions are run and its Python is executed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", README, re.M)
EXAMPLES = re.findall(r"^```python\n((?:.*\n)*?)```$", README, re.M)
TIMES = re.compile(r"\d+\.\d\d s|interpreted|compiled")


@pytest.mark.parametrize(("command", "shown"), SESSIONS)
def test_a_session_prints_what_is_shown(
    command: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    program, *arguments = command.split()
    assert program == "zswapsim"
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = [line.rstrip() for line in done.stdout.rstrip().splitlines()]
    assert [TIMES.sub("…", line) for line in printed] == [
        TIMES.sub("…", line) for line in shown.rstrip().splitlines()
    ]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {})


def test_the_readme_has_sessions_and_examples() -> None:
    assert len(SESSIONS) >= 2
    assert len(EXAMPLES) >= 2
