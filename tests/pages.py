# SPDX-License-Identifier: GPL-2.0-only
"""Pages of the documentation: their sessions are run as a shell would, their Python is executed."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import lz4
import pytest
import zstandard

ROOT = Path(__file__).parents[1]
AS_A_COMMAND = f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}'
SHOWN_WITH = ((1, 5, 7), "1.9.4")
"""Releases of libzstd and liblz4 that the pages show, as each finds other matches."""

TIMES = re.compile(r"\d+\.\d\d s|interpreted|compiled")
"""What a replay says of time, and of the engine that went by it."""
FILE_BYTES = re.compile(r"[\d,]+ bytes")
"""How well a file is packed depends on the version of zstd."""

TRY = re.compile(r"^<!-- try: ?(\w*) -->\n```sh\n((?:.*\n)*?)```$", re.M)


@dataclass(frozen=True)
class Page:
    """A file below the root. columns: of the terminal that its sessions are shown on.

    varying: what of a line is not the same each time, None for nothing.
    """

    name: str
    columns: int = 80
    varying: re.Pattern[str] | None = None

    @property
    def text(self) -> str:
        return (ROOT / self.name).read_text()

    def blocks(self, language: str) -> list[str]:
        """Return what stands in fences of that language."""
        return re.findall(rf"^```{language}\n((?:.*\n)*?)```$", self.text, re.M)

    def sessions(self) -> list[tuple[str, str]]:
        """Return all commands, each with what it is shown to print."""
        return [session for block in self.blocks("console") for session in commands(block)]

    def tries(self) -> list[tuple[str, str]]:
        """Return commands for a workload of one's own, each with the program that it needs."""
        return TRY.findall(self.text)

    def run(
        self, command: str, folder: Path = ROOT, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a shell would; stdout has all that it prints, errors too."""
        return subprocess.run(
            ["bash", "-uc", f"{AS_A_COMMAND}; {command}"],
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

    def printed(self, command: str, folder: Path = ROOT, **environment: str) -> str:
        """Return all that a command prints, whether it succeeds or not."""
        return self.run(command, folder, **environment).stdout

    def check(
        self, command: str, shown: str, folder: Path = ROOT, codes: tuple[int, ...] = (0,)
    ) -> None:
        """Compare what a command prints with what is shown; codes: those it may exit with."""
        done = self.run(command, folder)
        assert self._lines(done.stdout) == self._lines(shown), command
        assert done.returncode in codes, command

    def run_example(self, at: int = 0) -> None:
        """Execute a Python block."""
        exec(compile(self.blocks("python")[at], self.name, "exec"), {"__name__": "example"})

    def _lines(self, text: str) -> list[str]:
        told = lines(text)
        return told if self.varying is None else [self.varying.sub("…", line) for line in told]


def check_try(needed: str, commands: str, folder: Path) -> None:
    """Run commands for a workload of one's own, which are to end in a replay.

    needed: program without which the test is skipped. words.txt is there, and $PID a process.
    """
    if needed and not shutil.which(needed):
        pytest.skip(f"{needed} is not installed")
    (folder / "words.txt").write_text("".join(f"{at * 7919 % 2000}\n" for at in range(2000)))
    program = folder / "bin" / "zswapsim"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zswapsim "$@"\n')
    program.chmod(0o755)
    script = f'sleep 600 & PID=$!; trap "kill $PID" EXIT; sleep 0.3\n{commands}'
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=folder,
        env=os.environ
        | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pages came back and were checked, all equal to what was stored" in done.stdout


def commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of one session, each with what it is shown to print."""
    parts = (command.partition("\n") for command in re.split(r"^\$ ", block, flags=re.M)[1:])
    return [(line, shown) for line, _, shown in parts]


def lines(text: str) -> list[str]:
    """Return lines without the blanks at their ends."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def skip_with_other_libraries() -> None:
    """Skip a test of numbers that depend on the compressors' releases."""
    if (zstandard.ZSTD_VERSION, lz4.library_version_string()) != SHOWN_WITH:
        pytest.skip("the compressors are of other releases than the page shows")


def with_traces(folder: Path) -> Path:
    """Return the folder, with the bundled traces in it."""
    (folder / "traces").symlink_to(ROOT / "traces")
    return folder
