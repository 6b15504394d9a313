# SPDX-License-Identifier: GPL-2.0-only
"""Reading a lackey log of some 200 MB into a trace, against wc -l and a plain loop in Python."""

import lzma
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ratio, seconds
from zswapsim.trace.trace import Trace

SAMPLE = Path(__file__).parents[1] / "tests" / "samples" / "readers" / "lackey-true.log.xz"
LOG_BYTES = 200 << 20


def _make_log(path: Path) -> None:
    """Record ls with valgrind; where there is none, repeat a sample."""
    valgrind = shutil.which("valgrind")
    if valgrind is not None:
        options = ("--tool=lackey", "--trace-mem=yes", f"--log-file={path}")
        subprocess.run(
            [valgrind, *options, "ls", "-l", "/usr/bin"], check=True, stdout=subprocess.DEVNULL
        )
        return
    sample = lzma.decompress(SAMPLE.read_bytes())
    with path.open("wb") as log:
        while log.tell() < LOG_BYTES:
            log.write(sample)


def _plain_loop(path: Path) -> tuple[list[int], list[bool]]:
    """Return pages and writes, consecutive accesses to a page made one."""
    pages: list[int] = []
    writes: list[bool] = []
    current = -1
    with path.open() as log:
        for line in log:
            if line[0] != " ":
                continue
            page = int(line[3 : line.index(",")], 16) >> 12
            if page == current:
                writes[-1] = writes[-1] or line[1] != "L"
            else:
                pages.append(page)
                writes.append(line[1] != "L")
                current = page
    return pages, writes


def main() -> None:
    """Print the ratios, and lines per second."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "ls.log"
        _make_log(log)
        Trace.open(log)  # compiles, or loads what was compiled
        counted = subprocess.run(["wc", "-l", log], check=True, capture_output=True, text=True)
        lines = int(counted.stdout.split()[0])
        best = min(seconds(lambda: Trace.open(log)) for _ in range(5))
        print(f"lackey log of {lines:,} lines: {lines / best / 1e6:.1f} million lines a second")
        ratio(
            "a lackey log read and reduced / wc -l",
            lambda: Trace.open(log),
            lambda: subprocess.run(["wc", "-l", log], check=True, capture_output=True),
            "<= 20",
        )
        ratio(
            "a plain loop in Python / a lackey log read and reduced",
            lambda: _plain_loop(log),
            lambda: Trace.open(log),
            ">= 3",
            rounds=3,
        )
