# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim --help against python -c pass."""

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import ratio


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print the ratio."""
    ratio(
        "zswapsim --help / python -c pass",
        lambda: _run(str(Path(sys.executable).with_name("zswapsim")), "--help"),
        lambda: _run(sys.executable, "-c", "pass"),
        "<= 3",
        rounds=21,
    )
