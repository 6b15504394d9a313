# SPDX-License-Identifier: GPL-2.0-only
"""What docs/extending.md shows is what happens: its files are installed, its sessions run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import commands
from plugin_folder import ROOT, environment, install

pytestmark = pytest.mark.usefixtures("compiled_machines")
PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(
    r"^(?:<!-- (?P<verb>file|install): (?P<name>\S+) -->\n)?"
    r"```(?P<kind>\w+)\n(?P<body>(?:.*\n)*?)```$",
    re.M,
)
SETUP = 'zswapsim() {{ "{0}" -m zswapsim "$@"; }}; python() {{ "{0}" "$@"; }}; '
PLUGINS = 5


def run(command: str, folder: Path, projects: list[str]) -> str:
    """Run one command with these projects installed; return all that it prints."""
    paths = [folder / "site", *(folder / name for name in projects)]
    done = subprocess.run(
        ["bash", "-uc", SETUP.format(sys.executable) + command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment(*paths, COLUMNS="110", PYTHONDONTWRITEBYTECODE="1"),
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def test_the_tutorials_print_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    projects: list[str] = []
    sessions = 0
    for block in BLOCK.finditer(PAGE.read_text()):
        if block["verb"] == "file":
            path = tmp_path / block["name"]
            path.parent.mkdir(exist_ok=True)
            path.write_text(block["body"])
        elif block["verb"] == "install":
            assert block["body"] == f"pip install -e ./{block['name']}\n"
            install(tmp_path / block["name"], tmp_path / "site")
            projects.append(block["name"])
        elif block["kind"] == "console":
            for command, shown in commands(block["body"]):
                sessions += 1
                assert run(command, tmp_path, projects) == shown, command
        else:
            assert block["kind"] == "python", f"what is to be done with {block['kind']}?"
            exec(compile(block["body"], "extending.md", "exec"), {})
    assert len(projects) == PLUGINS
    assert sessions >= 10
