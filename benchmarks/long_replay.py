# SPDX-License-Identifier: GPL-2.0-only
"""100 million accesses, replayed from disk with bytes: the memory, against a shorter trace's.

Takes five minutes, and a gigabyte of disk for the trace and the swap file.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ZSWAPSIM, peak_bytes
from zswapsim import Trace
from zswapsim.trace.derive.join import with_made_up_accesses
from zswapsim.units import format_bytes

PAGES = 250_000
SHORT, LONG = 1_000_000, 100_000_000


def main() -> None:
    """Print the peaks and their ratio."""
    nothing = Trace.from_arrays([], [], page_numbers=range(PAGES))
    peaks = []
    with TemporaryDirectory() as folder:
        for accesses in (SHORT, LONG):
            path = Path(folder) / f"{accesses}.ztrace"
            with_made_up_accesses(nothing, accesses=accesses).save(path)
            command = [*ZSWAPSIM, "replay", str(path), "--engine=compiled"]
            peaks.append(peak_bytes(command))
    print(
        f"replay from disk, peak memory of {LONG:,} accesses / of {SHORT:,}: "
        f"{peaks[1] / peaks[0]:.2f} ({format_bytes(peaks[1])} against {format_bytes(peaks[0])}; "
        f"reach below 1 GiB; {PAGES:,} pages)"
    )
