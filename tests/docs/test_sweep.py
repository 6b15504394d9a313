# SPDX-License-Identifier: GPL-2.0-only
"""What docs/sweep.md shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import lz4
import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "sweep.md").read_text()
SESSIONS = re.findall(r"^```console\n((?:.*\n)*?)```$", TEXT, re.M)
COMMANDS = [
    command.partition("\n")
    for session in SESSIONS
    for command in re.split(r"^\$ ", session, flags=re.M)[1:]
]
(GRID,) = re.findall(r"^```toml\n((?:.*\n)*?)```$", TEXT, re.M)
(EXAMPLE,) = re.findall(r"^```python\n((?:.*\n)*?)```$", TEXT, re.M)
SHOWN_WITH = "1.9.4"
"""Release of liblz4, as others find other matches."""


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    if lz4.library_version_string() != SHOWN_WITH:
        pytest.skip("the library is another one")
    (tmp_path / "grid.toml").write_text(GRID)
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    assert len(COMMANDS) == 4
    for line, _, shown in COMMANDS:
        done = subprocess.run(
            ["bash", "-euc", f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}; {line}'],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT)},
        )
        assert [one.rstrip() for one in done.stdout.splitlines()] == shown.splitlines(), line


def test_the_example_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(EXAMPLE, "sweep.md", "exec"), {})
    assert re.fullmatch(r"60% 30 [\d,]+ pages written\n", capsys.readouterr().out)
