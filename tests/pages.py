# SPDX-License-Identifier: GPL-2.0-only
"""Pages of the documentation: their sessions are run as a shell would, their Python is executed."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import lz4
import pytest
import zstandard

ROOT = Path(__file__).parents[1]
SHOWN_WITH = ((1, 5, 7), "1.9.4")
"""Releases of libzstd and liblz4 that the pages show, as each finds other matches."""

# How well a file is packed depends on the version of zstd, and times on the machine.
VARYING = re.compile(r"[\d,]+ bytes$|[\d,]+ bytes(?= )|\d+\.\d\d s|interpreted|compiled")


@dataclass(frozen=True)
class Page:
    """A file below the root. columns: of the terminal that its sessions are shown on."""

    name: str
    columns: int = 80

    @property
    def text(self) -> str:
        return (ROOT / self.name).read_text()

    def blocks(self, language: str) -> list[str]:
        """Return what stands in fences of that language."""
        return re.findall(rf"^```{language}\n((?:.*\n)*?)```$", self.text, re.M)

    def sessions(self) -> list[tuple[str, str]]:
        """Return all commands, each with what it is shown to print."""
        return [session for block in self.blocks("console") for session in commands(block)]

    def printed(self, command: str, folder: Path = ROOT, **environment: str) -> str:
        """Run a command as a shell would, and return all that it prints, errors too."""
        done = subprocess.run(
            ["bash", "-uc", f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}; {command}'],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            env={
                **os.environ,
                "COLUMNS": str(self.columns),
                "PYTHONPATH": str(ROOT),
                **environment,
            },
        )
        return done.stdout

    def check(self, command: str, shown: str, folder: Path = ROOT, **environment: str) -> None:
        """Compare what a command prints with what is shown, but for times and packed sizes."""
        assert lines(self.printed(command, folder, **environment)) == lines(shown), command

    def run_example(self, at: int = 0) -> None:
        """Execute a Python block."""
        exec(compile(self.blocks("python")[at], self.name, "exec"), {"__name__": "example"})


def commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of one session, each with what it is shown to print."""
    parts = (command.partition("\n") for command in re.split(r"^\$ ", block, flags=re.M)[1:])
    return [(line, shown) for line, _, shown in parts]


def lines(text: str) -> list[str]:
    """Return lines to compare."""
    return [VARYING.sub("…", line.rstrip()) for line in text.rstrip().splitlines()]


def skip_with_other_libraries() -> None:
    """Skip a test of numbers that depend on the compressors' releases."""
    if (zstandard.ZSTD_VERSION, lz4.library_version_string()) != SHOWN_WITH:
        pytest.skip("the compressors are of other releases than the page shows")


def with_traces(folder: Path) -> Path:
    """Return the folder, with the bundled traces in it."""
    (folder / "traces").symlink_to(ROOT / "traces")
    return folder
