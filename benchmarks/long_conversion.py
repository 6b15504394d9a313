# SPDX-License-Identifier: GPL-2.0-only
"""The memory of `zswapsim trace convert -`, fed 1, 10 and 100 million requests for 1 M objects.

The requests come from a pipe; the spool, in TMPDIR, takes 400 MB.
"""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.conversion import requests
from benchmarks.measure import ZSWAPSIM
from zswapsim.units import format_bytes

OBJECTS = 1_000_000
LENGTHS = (1_000_000, 10_000_000, 100_000_000)


def main() -> None:
    """Print the peaks and their ratio."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.ztrace"
        peaks = [_peak_bytes(count, path) for count in LENGTHS]
        packed_bytes = path.stat().st_size
    listed = ", ".join(
        f"{format_bytes(peak)} of {count:,}" for peak, count in zip(peaks, LENGTHS, strict=True)
    )
    print(
        f"conversion, peak memory of {LENGTHS[-1]:,} requests / of {LENGTHS[0]:,}: "
        f"{peaks[-1] / peaks[0]:.2f} (reach <= 1.3; {listed}; {OBJECTS:,} objects; "
        f"{format_bytes(packed_bytes)} written)"
    )


def _peak_bytes(count: int, path: Path) -> int:
    """Convert requests from a pipe and return the most memory that was resident."""
    command = [*ZSWAPSIM, "trace", "convert", "-", "-o", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        for piece in requests(count, OBJECTS):
            process.stdin.write(piece)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: failed")
    return usage.ru_maxrss << 10
