# SPDX-License-Identifier: GPL-2.0-only
"""Places where things go wrong for real: small disks, disks that take nothing, another user."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ZSWAPSIM = [sys.executable, "-m", "zswapsim"]


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of that size in memory over a folder; skips where that is not allowed."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no mount here: {error}")
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, spare_bytes: int = 0) -> Path:
    """Fill a disk up but for so many bytes, with a file that is returned."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(path, path.stat().st_size - spare_bytes)
    return path


def make_read_only(folder: Path) -> None:
    """Let a disk of ours take nothing any more."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def run(*words: object, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run zswapsim in a process of its own, behind the words of another command if asked."""
    return subprocess.run(
        [*before, *ZSWAPSIM, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run_unprivileged(*words: object) -> subprocess.CompletedProcess[str]:
    """Run zswapsim as somebody whom file modes concern, which they do not root.

    Another user might not be allowed to read Python itself.
    """
    if os.geteuid() != 0:
        return run(*words)
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv")
    without = "-dac_override,-dac_read_search"
    return run(*words, before=["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"])


def names(folder: Path) -> list[str]:
    """What lies in a folder, hidden or not."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
