# SPDX-License-Identifier: GPL-2.0-only
"""What docs/report.md shows is what happens: its sessions are run in one folder, in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = (ROOT / "docs" / "report.md").read_text()
SESSIONS = re.findall(r"^```console\n(.*?)^```$", REPORT, re.M | re.S)
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", REPORT, re.M | re.S)


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    assert len(SESSIONS) == 2
    for command, shown in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", "".join(SESSIONS), re.M):
        assert command.startswith("zswapsim ")
        done = subprocess.run(
            command.replace("zswapsim", f"{sys.executable} -m zswapsim", 1),
            shell=True,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT)},
        )
        assert done.stdout + done.stderr == shown
    page = (tmp_path / "report.html").read_text()
    assert page.count('<section class="chapter"') == 3
    assert 4.5e6 < len(page) < 6e6


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = EXAMPLES
    exec(compile(example, "report.md", "exec"), {})
    count, start = capsys.readouterr().out.splitlines()
    assert count in ("240 samples", "241 samples")
    assert start == "<!DOCTYPE html>"
