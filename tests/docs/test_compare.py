# SPDX-License-Identifier: GPL-2.0-only
"""What docs/compare.md shows is what happens."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import lz4
import pytest
import zstandard

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "compare.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", TEXT, re.M)
EXAMPLES = re.findall(r"^```python\n((?:.*\n)*?)```$", TEXT, re.M)
SHOWN_WITH = ((1, 5, 7), "1.9.4")
"""Releases of libzstd and liblz4, as each finds other matches."""


@pytest.mark.parametrize(("command", "shown"), SESSIONS)
def test_the_sessions_print_what_is_shown(command: str, shown: str) -> None:
    if (zstandard.ZSTD_VERSION, lz4.library_version_string()) != SHOWN_WITH:
        pytest.skip("the libraries are other ones")
    program, *arguments = shlex.split(command)
    assert program == "zswapsim"
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.stdout.splitlines() == shown.splitlines()


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = EXAMPLES
    exec(compile(example, "compare.md", "exec"), {})
    assert capsys.readouterr().out == "nvme plain swap\nssd zram\n"


def test_three_sessions_are_looked_at() -> None:
    assert len(SESSIONS) == 3
