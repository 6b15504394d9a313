# SPDX-License-Identifier: GPL-2.0-only
"""What docs/look.md shows is what happens: its sessions are run, in their order, in one folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOOK = (ROOT / "docs" / "look.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", LOOK, re.M)
EXAMPLES = re.findall(r"^```python\n((?:.*\n)*?)```$", LOOK, re.M)
FILE_BYTES = re.compile(r"[\d,]+ bytes")
"""How well a file is packed depends on the version of zstd."""


def lines(text: str) -> list[str]:
    return [FILE_BYTES.sub("… bytes", line.rstrip()) for line in text.rstrip().splitlines()]


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    assert len(SESSIONS) >= 6
    for command, shown in SESSIONS:
        program, *arguments = command.split()
        assert program == "zswapsim"
        done = subprocess.run(
            [sys.executable, "-m", "zswapsim", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)},
        )
        assert lines(done.stdout) == lines(shown)


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = EXAMPLES
    exec(compile(example, "look.md", "exec"), {})
    assert capsys.readouterr().out == "5302 faults in 798 pages\n"
