# SPDX-License-Identifier: GPL-2.0-only
"""What the fuzz campaign begins with: real files, small ones, and the results of real runs."""

import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import zstandard
from format_samples import samples_of
from golden_recordings import GOLDENS
from lesson_results import every_lesson
from report_results import every_result

from zswapsim.cli import main
from zswapsim.experiment.sweep.files import open_rows
from zswapsim.experiment.sweep.rows import COLUMNS
from zswapsim.trace.recorder.pagetrace import HEADER, MAGIC, VERSION
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
SAMPLES = ROOT / "tests" / "samples"
KEPT_BYTES = 12_000
STEPS = 40
MOST_BYTES = 40_000
"""Of a real log, and of a real recording, so much is enough; the larger ones take long to read."""

REAL = {
    "lackey": ("gawk-small.lackey.log.zst",),
    "address": ("gawk-small.pinatrace.gz",),
    "csv": ("gawk-small.csv.gz",),
}
"""Real logs in DATA, by format; they are left out where that folder is not."""

CONFIG = """\
memory = "40%"
kernel = 5.10
max_pool_percent = 30
compressor = "lz4"
seed = 3
[replay]
accept-threshold-percent = 80
[sweep]
compressor = ["lz4", "zstd"]
max_pool_percent = [10, 20]
[zswap]
zpool = "zbud"
same_filled_pages_enabled = "Y"
[vm]
page-cluster = 3
"""


@cache
def traces(name: str) -> Sequence[bytes]:
    """Return files of a trace format."""
    real = [_unpacked(DATA / file)[:KEPT_BYTES] for file in REAL.get(name, ()) if DATA.is_dir()]
    own = [_cut_of("sqlite"), _cut_of("python")] if name == "ztrace" else []
    return [*(sample.data for sample in samples_of(name)), *real, *own]


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    unpack = {".gz": gzip.decompress, ".xz": lzma.decompress, ".zst": _unzstd}
    return unpack[path.suffix](data)


def _unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data).read()


def _cut_of(name: str) -> bytes:
    """Return the first accesses of a real trace, as a trace file."""
    with TemporaryDirectory() as folder:
        out = Path(folder, "cut.ztrace")
        words = [
            "trace",
            "cut",
            "--to=300",
            "-o",
            str(out),
            str(ROOT / "traces" / f"{name}.ztrace"),
        ]
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            assert main(words) == 0
        return out.read_bytes()


@cache
def packed() -> Sequence[bytes]:
    """Return compressed logs, of every packing and of several streams end to end."""
    import bz2

    text = traces("lackey")[0]
    return [
        *(gzip.compress(text), bz2.compress(text), lzma.compress(text, preset=0)),
        *(zstandard.compress(text), zstandard.compress(text[:4000]) * 2),
        gzip.compress(text) + gzip.compress(b""),
        zstandard.compress(bytes(1 << 24)) * 20,
        *(gzip.compress(bytes(1 << 22)) * 3, bz2.compress(bytes(1 << 22)) * 70),
        lzma.compress(bytes(1 << 23), preset=0) * 5,
    ]


@cache
def recordings() -> Sequence[bytes]:
    """Return the beginnings of real recordings of kernels as JSON; none where there are none."""
    found = []
    for path in sorted(GOLDENS.glob("*.json.zst")):
        if path.stat().st_size > MOST_BYTES:
            continue
        raw = json.loads(_unzstd(path.read_bytes()))
        raw["steps"] = raw["steps"][:STEPS]
        found.append(json.dumps(raw).encode())
    return found


@cache
def results() -> Sequence[bytes]:
    """Return the results of every command as JSON."""
    told: dict[str, Any] = {**every_result(), **every_lesson()}
    return [json.dumps(result).encode() for result in told.values()]


@cache
def rows(suffix: str) -> Sequence[bytes]:
    """Return the rows of a sweep as a file of that ending."""
    told = every_result()["sweep"]["rows"]
    with TemporaryDirectory() as folder:
        path = Path(folder, f"rows{suffix}")
        file = open_rows(path, COLUMNS)
        for row in told:
            file.append(row)
        file.close()
        return [path.read_bytes()]


@cache
def settings() -> Sequence[bytes]:
    """Return files of settings."""
    return [CONFIG.encode(), b'frontend = "zram"\n[zram]\nmem_limit = "3M"\n']


@cache
def scripts() -> Sequence[bytes]:
    """Return the scripts of all lessons."""
    found = [*(ROOT / "docs" / "lessons").glob("*.zswap"), *SAMPLES.glob("lesson/*.zswap")]
    return [path.read_bytes() for path in sorted(found)]


@cache
def archives() -> Sequence[bytes]:
    """Return the copies of machines as archives, unpacked."""
    return [_unpacked(path) for path in sorted(SAMPLES.glob("host/*.tar.gz"))]


@cache
def host_files() -> Sequence[bytes]:
    """Return the copies of machines as JSON of path -> text."""
    found = []
    for data in archives():
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = {one.name: archive.extractfile(one) for one in archive if one.isreg()}
            texts = {name: file.read().decode() for name, file in files.items() if file}
        found.append(json.dumps(texts).encode())
    return found


@cache
def streams() -> Sequence[bytes]:
    """Return what the recorder's tool sends, whole."""
    held = bytes(range(256)) * 16

    def frame(
        sent: list[int], pages: list[int], holds: list[tuple[int, int, int]], contents: int
    ) -> bytes:
        head = np.zeros(1, HEADER)
        head["magic"], head["raw"] = MAGIC, 90
        for name, count in zip(
            ("accesses", "pages", "versions", "contents"),
            (len(sent), len(pages), len(holds), contents),
            strict=True,
        ):
            head[name] = count
        columns = np.array(sent, "<u4"), np.array(pages, "<u8"), np.array(holds, VERSION)
        return b"".join([head.tobytes(), *(each.tobytes() for each in columns), held * contents])

    first = frame([0, 1 | WRITE, 0], [0x40010, 0x1FFE2], [(1, 0, 0), (3, 1, FREED)], 1)
    return [frame([], [], [], 0) + first + frame([2], [0x73], [(3, 0, 1), (4, 2, 0)], 2)]
