# SPDX-License-Identifier: GPL-2.0-only
"""What docs/start.md shows is what happens."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import lz4
import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "start.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", TEXT, re.M)
TRIES = re.findall(r"^<!-- try: ?(\w*) -->\n```sh\n((?:.*\n)*?)```$", TEXT, re.M)
(EXAMPLE,) = re.findall(r"^```python\n((?:.*\n)*?)```$", TEXT, re.M)
TIMES = re.compile(r"\d+\.\d\d s|interpreted|compiled")
SHOWN_WITH = "1.9.4"
"""Release of liblz4, as others find other matches."""


@pytest.mark.parametrize(("command", "shown"), SESSIONS)
def test_a_session_prints_what_is_shown(command: str, shown: str) -> None:
    if lz4.library_version_string() != SHOWN_WITH:
        pytest.skip("the library is another one")
    done = subprocess.run(
        ["bash", "-euc", f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}; {command}'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    printed = [TIMES.sub("…", line.rstrip()) for line in done.stdout.splitlines()]
    assert printed == [TIMES.sub("…", line) for line in shown.splitlines()]


@pytest.mark.parametrize(("needed", "commands"), TRIES)
def test_the_commands_for_ones_own_workload_end_in_a_replay(
    needed: str, commands: str, tmp_path: Path
) -> None:
    if needed and not shutil.which(needed):
        pytest.skip(f"{needed} is not installed")
    (tmp_path / "words.txt").write_text("".join(f"{at * 7919 % 5000}\n" for at in range(5000)))
    program = f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}'
    process = 'sleep 600 & PID=$!; trap "kill $PID" EXIT; sleep 0.3'
    done = subprocess.run(
        ["bash", "-euc", f"{program}; {process}\n{commands}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pages came back and were checked, all equal to what was stored" in done.stdout


def test_the_example_prints_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(EXAMPLE, "start.md", "exec"), {})
    said = re.search(r"^That prints `(.*)` and `(.*)`\.", TEXT, re.M)
    assert said is not None
    assert capsys.readouterr().out.splitlines() == list(said.groups())


def test_there_are_sessions_and_tries() -> None:
    assert len(SESSIONS) == len(TRIES) == 2
