# SPDX-License-Identifier: GPL-2.0-only
"""Samples of foreign traces, unpacked, and a Trace of bytes."""

import gzip
import lzma
from pathlib import Path
from typing import Any

import zstandard

from zswapsim.trace.input import InputOptions
from zswapsim.trace.trace import WRITE, Trace

SAMPLES = Path(__file__).parent / "samples" / "binary"


def sample(name: str) -> bytes:
    """Return a sample, unpacked as its name says."""
    data = (SAMPLES / name).read_bytes()
    if name.endswith(".zst"):
        return zstandard.decompress(data)
    if name.endswith(".xz"):
        return lzma.decompress(data)
    return gzip.decompress(data) if name.endswith(".gz") else data


def opened(data: bytes, folder: Path, **options: Any) -> Trace:
    """Open bytes as a file."""
    path = folder / "given"
    path.write_bytes(data)
    return Trace.open(path, InputOptions(**options))


def accesses_of(trace: Trace) -> list[tuple[int, bool]]:
    """Return (name, written) of all accesses."""
    names = trace.page_numbers
    assert names is not None
    return [
        (int(names[access % WRITE]), access >= WRITE)
        for block in trace.blocks()
        for access in block.tolist()
    ]
