# SPDX-License-Identifier: GPL-2.0-only
"""What README.md shows is what happens: its sessions are run and its Python is executed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, Page

PAGE = Page("README.md", columns=100)
TRIES = re.findall(r"^<!-- try: ?(\w*) -->\n```sh\n((?:.*\n)*?)```$", PAGE.text, re.M)


@pytest.mark.parametrize(("command", "shown"), PAGE.sessions())
def test_a_session_prints_what_is_shown(command: str, shown: str, tmp_path: Path) -> None:
    for name in ("docs", "tests", "traces"):
        (tmp_path / name).symlink_to(ROOT / name)
    PAGE.check(command, shown, tmp_path)


@pytest.mark.parametrize("at", range(len(PAGE.blocks("python"))))
def test_an_example_runs(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    PAGE.run_example(at)


@pytest.mark.parametrize(("needed", "commands"), TRIES)
def test_commands_for_ones_own_workload_end_in_a_replay(
    needed: str, commands: str, tmp_path: Path
) -> None:
    if needed and not shutil.which(needed):
        pytest.skip(f"{needed} is not installed")
    (tmp_path / "words.txt").write_text("".join(f"{at * 7919 % 5000}\n" for at in range(5000)))
    program = tmp_path / "bin" / "zswapsim"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zswapsim "$@"\n')
    program.chmod(0o755)
    script = f'sleep 600 & PID=$!; trap "kill $PID" EXIT; sleep 0.3\n{commands}'
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        env=os.environ
        | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pages came back and were checked, all equal to what was stored" in done.stdout


def test_the_readme_has_sessions_and_examples() -> None:
    assert len(PAGE.sessions()) >= 6
    assert len(PAGE.blocks("python")) >= 2
    assert len(TRIES) >= 3
