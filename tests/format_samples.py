# SPDX-License-Identifier: GPL-2.0-only
"""A small real sample of every trace format, unpacked; of a new format too, or tests fail."""

import hashlib
import json
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import zstandard
from image_files import avml, elf_core, lime, page, pages

from zswapsim.trace.input import Input
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import FREED, PAGE_SIZE

SAMPLES = Path(__file__).parent / "samples"
KEPT_BYTES = 20_000
"""Of logs and requests, so much is enough."""


class Sample(NamedTuple):
    """A file, the files that have to be beside it, and whether it is refused however whole."""

    data: bytes
    beside: tuple[tuple[str, bytes], ...] = ()
    is_refused: bool = False


def small_trace() -> Trace:
    """Accesses, versions, contents and page numbers, and all of meta that is read again."""
    meta = dict.fromkeys(("name", "program", "what", "accesses_from", "contents_from"), "small")
    counts = dict.fromkeys(("raw_accesses", "bad_lines", "recorder_resident_pages"), 9)
    versions = [0, 0, 0, 5], [0, 1, 2, 0], [0, 1, 2, FREED]
    return Trace.from_arrays(
        [0, 1, 2, 0, 1, 3] * 3,
        np.array([True, False, True] * 6),
        *versions,
        pages(0, 3),
        meta | counts | {"reduction_k": 1},
        page_numbers=[5, 6, 7, 1 << 40],
    )


def ztrace() -> Sample:
    with TemporaryDirectory() as folder:
        small_trace().save(Path(folder, "x"))
        return Sample(Path(folder, "x").read_bytes())


def recording() -> Sample:
    columns = [("at", "<u8"), ("page", "<u4"), ("content", "<u4")]
    parts = {
        "x.trace.bin.zst": np.array([0, 1 | WRITE, 0], "<u4").tobytes(),
        "x.versions.bin.zst": np.array([(0, 0, 0), (1, 1, 1), (3, 0, FREED)], columns).tobytes(),
        "x.pages.zst": pages(0, 2),
    }
    beside = {name: zstandard.compress(data) for name, data in parts.items()}
    files = {
        name: {
            "bytes": len(data),
            "stored_bytes": len(beside[name]),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for name, data in parts.items()
    }
    counts = {"accesses": 3, "pages": 2, "writes": 1, "versions": 3, "freed": 1, "contents": 2}
    text = {"format": "zswapsim-recording/1", "page_size": PAGE_SIZE, "name": "x", "program": "y"}
    return Sample(
        json.dumps(text | counts | {"reduction_k": 8, "files": files}).encode(),
        tuple(beside.items()),
    )


def cloudsuite() -> Sample:
    instruction = struct.Struct("<Q2B8B6x4Q4Q2B6x")
    rows = (
        instruction.pack(
            0x400000 + 4 * n, 0, 0, *[0] * 8, 0x7FFF0000 + n, *[0] * 3, n << 12, *[0] * 5
        )
        for n in range(1, 40)
    )
    return Sample(b"".join(rows))


def core() -> Sample:
    """Segments that overlap, and memory that is not in the file."""
    segments = [
        (0x10000, pages(0, 2), 3 * PAGE_SIZE),
        (0x20000, page(3), PAGE_SIZE),
        (0x11000, page(1), PAGE_SIZE),
    ]
    return Sample(elf_core(segments))


def many_headers() -> Sample:
    """One header where there should be 65,535 and more, so that its number is looked up."""
    data = elf_core([(0x10000, page(1), PAGE_SIZE)], xnum_at_end=False)
    return Sample(data, is_refused=True)


def lime_image() -> Sample:
    return Sample(lime([(0x1000, pages(1, 2)), (0x10100, pages(5, 2))]))


def avml_image() -> Sample:
    return Sample(avml([(0x1000, pages(1, 2)), (0x10000, bytes(20 * PAGE_SIZE))]))


SAMPLES_OF: dict[str, tuple[str | Callable[[], Sample], ...]] = {
    "ztrace": (ztrace,),
    "recording": (recording,),
    "elf-core": (
        *("images/kernel.core.xz", "images/gcore.core.xz", "images/qemu-paging.elf.zst"),
        *(core, many_headers),
    ),
    "lime": (lime_image,),
    "avml": (avml_image,),
    "kdump": ("images/qemu.kdump.zst",),
    "raw": (lambda: Sample(pages(0, 3)),),
    "lackey": ("readers/lackey-true.log.xz",),
    "drmemtrace": tuple(f"readers/drmemtrace-{year}.txt" for year in (2021, 2022, 2023)),
    "blkparse": ("readers/blkparse.txt.gz",),
    "msr": ("readers/msr.csv",),
    "address": ("readers/dinero.din", "readers/pinatrace.out", "readers/course.trace"),
    "csv": ("readers/requests.csv", "readers/objects.csv"),
    "txt": ("readers/objects.txt",),
    "lcs": tuple(f"binary/sqlite-v{version}.lcs.zst" for version in (1, 2, 8)),
    "damon": (
        *("binary/damon-perf-script.txt.gz", "binary/damon-raw.txt.gz"),
        *("binary/damon-first-form.txt", "binary/damon.json.gz", "binary/damon.data"),
    ),
    "champsim": ("binary/true.champsimtrace.xz",),
    "champsim-cloudsuite": (cloudsuite,),
    "oracleGeneral": ("binary/sqlite.oracleGeneral.zst",),
}
"""Files below tests/samples, or what makes one, by format."""

ASKED_FOR = ("raw", "champsim-cloudsuite")
"""Formats that are not recognised, as they look like anything."""


@cache
def samples_of(name: str) -> tuple[Sample, ...]:
    """Return the samples of a format; AssertionError if it brings none."""
    assert name in SAMPLES_OF, (
        f"the format {name} has no sample: add one to tests/format_samples.py"
    )
    return tuple(
        Sample(_unpacked(given), is_refused=name == "kdump") if isinstance(given, str) else given()
        for given in SAMPLES_OF[name]
    )


def _unpacked(file: str) -> bytes:
    data = b"".join(Input(SAMPLES / file).chunks())
    return data if file.startswith("images/") else data[:KEPT_BYTES]
