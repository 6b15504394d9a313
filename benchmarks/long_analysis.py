# SPDX-License-Identifier: GPL-2.0-only
"""A trace of 100 million accesses made up and looked at: the memory, against a shorter one's.

Takes two minutes, and 200 MB of disk.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ZSWAPSIM, peak_bytes
from zswapsim.units import format_bytes

SHORT, LONG = 1_000_000, 100_000_000


def main() -> None:
    """Print the peaks and their ratios."""
    peaks: dict[str, list[int]] = {"gen": [], "info": []}
    program = [*ZSWAPSIM, "trace"]
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "zipf.ztrace")
        for accesses in (SHORT, LONG):
            made = ["gen", "zipf", f"--accesses={accesses}", "--size=256M", "-o", path]
            peaks["gen"].append(peak_bytes([*program, *made]))
            peaks["info"].append(peak_bytes([*program, "info", path]))
    for name, (short, long) in peaks.items():
        print(
            f"trace {name}, peak memory of {LONG:,} accesses / of {SHORT:,}: {long / short:.2f} "
            f"({format_bytes(long)} against {format_bytes(short)}; reach <= 1.3)"
        )
