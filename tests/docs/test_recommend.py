# SPDX-License-Identifier: GPL-2.0-only
"""What docs/recommend.md shows is what happens: its sessions are run, in order, in one folder."""

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
TEXT = (ROOT / "docs" / "recommend.md").read_text()
SESSIONS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", TEXT, re.M)
EXAMPLES = re.findall(r"^```python\n((?:.*\n)*?)```$", TEXT, re.M)
SHOWN_WITH = ((1, 5, 7), "1.9.4")
"""Releases of libzstd and liblz4, as each finds other matches."""
FILE_BYTES = re.compile(r"[\d,]+ bytes")


def lines(text: str) -> list[str]:
    return [FILE_BYTES.sub("… bytes", line.rstrip()) for line in text.rstrip().splitlines()]


def session(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "zswapsim"
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode in (0, 2)
    return done.stdout


def test_sessions_and_example_print_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if (zstandard.ZSTD_VERSION, lz4.library_version_string()) != SHOWN_WITH:
        pytest.skip("the libraries are other ones")
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    assert len(SESSIONS) >= 4
    for command, shown in SESSIONS:
        assert lines(session(command, tmp_path)) == lines(shown)
    monkeypatch.chdir(tmp_path)
    (example,) = EXAMPLES
    exec(compile(example, "recommend.md", "exec"), {})
    assert capsys.readouterr().out.startswith("zswap lz4 zbud ")
