# SPDX-License-Identifier: GPL-2.0-only
"""What docs/configuration.md shows is what happens: its files are written, its sessions are run."""

import os
import re
import subprocess
import sys
from pathlib import Path

from zswapsim.cli import ASSERTION_FAILED, INTERRUPTED, help_text
from zswapsim.experiment.settings import KERNEL_NAMES, load_settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text()
FILES = re.findall(r"^```toml\n((?:.*\n)*?)```$", TEXT, re.M)
SESSIONS = re.findall(r"^```console\n((?:.*\n)*?)```$", TEXT, re.M)


def write_files(folder: Path) -> None:
    (folder / "traces").symlink_to(ROOT / "traces")
    for name, text in zip(("zswapsim.toml", "wrong.toml"), FILES, strict=True):
        (folder / name).write_text(text)


def run(line: str, folder: Path, environment: dict[str, str]) -> list[str]:
    program = f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}; {line}'
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT), **environment},
    )
    return [line.rstrip() for line in done.stdout.splitlines()]


def test_the_sessions_print_what_is_shown(tmp_path: Path) -> None:
    write_files(tmp_path)
    assert len(SESSIONS) >= 5
    for session in SESSIONS:
        exported: dict[str, str] = {}
        for command in re.split(r"^\$ ", session, flags=re.M)[1:]:
            line, _, shown = command.partition("\n")
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                exported[name] = value
                continue
            # What a pipe carries and what stderr says come in no order.
            assert sorted(run(line, tmp_path, exported)) == sorted(shown.splitlines())


def test_the_kernels_spellings_are_those_in_the_table() -> None:
    for table, names in KERNEL_NAMES.items():
        for name in names:
            spelled = name.replace("_", "-") if table == "vm" else name
            assert f"`{table}.{spelled}`" in TEXT or f"`{spelled}`" in TEXT


def test_exit_codes_are_the_programs() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.M)}
    assert listed == {0, 1, 2, ASSERTION_FAILED, INTERRUPTED}
    in_help = re.search(r"Exit codes:\n(.*)\n", help_text())
    assert in_help is not None
    assert {int(code) for code in re.findall(r"\d+", in_help[1])} == listed


def test_the_file_that_is_shown_can_be_loaded(tmp_path: Path) -> None:
    write_files(tmp_path)
    assert load_settings(tmp_path / "zswapsim.toml")["sweep"]["max_pool_percent"] == [10, 20, 40]
