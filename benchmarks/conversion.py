# SPDX-License-Identifier: GPL-2.0-only
"""`zswapsim trace convert` of oracleGeneral files of 20 million requests, few and many objects.

Against what numpy needs to number the objects of the same file, np.fromfile and np.unique, and
against cp of it. Each side is a command of its own, start included, its output on the same disk.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.measure import ZSWAPSIM, ratio

REQUESTS = 20_000_000
OBJECTS = (10_000, 5_000_000)
ROUNDS = 5
BATCH = 1 << 20

_REQUEST = np.dtype([("time", "<u4"), ("object", "<u8"), ("size", "<u4"), ("next", "<i8")])
_NUMPY = """
import sys, numpy as np
kind = np.dtype([("time", "<u4"), ("object", "<u8"), ("size", "<u4"), ("next", "<i8")])
_, number = np.unique(np.fromfile(sys.argv[1], kind)["object"], return_inverse=True)
number.astype(np.uint32).tofile(sys.argv[2])
"""


def main() -> None:
    """Print the ratios, and the requests a second."""
    for objects in OBJECTS:
        with TemporaryDirectory() as folder:
            source, target = Path(folder) / "x.oracleGeneral", str(Path(folder) / "x.ztrace")
            with source.open("wb") as file:
                for piece in requests(REQUESTS, objects):
                    file.write(piece)
            convert = [*ZSWAPSIM, "trace", "convert", str(source)]
            sides = {
                "np.unique": [sys.executable, "-c", _NUMPY, str(source), target],
                "cp": ["cp", str(source), target],
            }
            _run([*convert, "-o", target])  # compiles, where that was not done yet
            for name, command in sides.items():
                ratio(
                    f"convert {REQUESTS:,} requests for {objects:,} objects / {name}",
                    lambda: _run([*convert, "-o", target]),  # noqa: B023
                    lambda: _run(command),  # noqa: B023
                    {"np.unique": "<= 1", "cp": "none"}[name],
                    ROUNDS,
                )


def requests(count: int, objects: int) -> Iterator[bytes]:
    """Yield oracleGeneral requests for objects drawn alike, a batch at a time."""
    random = np.random.default_rng(1)
    names = random.integers(1, 1 << 63, objects, np.uint64)
    for first in range(0, count, BATCH):
        batch = np.zeros(min(BATCH, count - first), _REQUEST)
        batch["time"] = first // BATCH
        batch["object"] = names[random.integers(0, objects, len(batch))]
        batch["size"] = 4096
        batch["next"] = -1
        yield batch.tobytes()


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
