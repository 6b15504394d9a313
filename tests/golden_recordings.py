# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of real kernels for tests: read, changed, written and compared."""

import json
from pathlib import Path
from typing import Any

import zstandard

from zswapsim.experiment.verify import verify

GOLDENS = Path(__file__).parents[1].parent / "shared" / "goldens"
PAGES = GOLDENS / "pages"
Recording = dict[str, Any]


def read(name: str) -> Recording:
    with (GOLDENS / f"{name}.json.zst").open("rb") as file:
        raw = json.loads(zstandard.ZstdDecompressor().stream_reader(file).read())
    assert isinstance(raw, dict)
    return raw


def write(path: Path, raw: object) -> Path:
    path.write_bytes(zstandard.ZstdCompressor().compress(json.dumps(raw).encode()))
    return path


def verdict_of(raw: Recording, folder: Path, engine: str = "interpreted") -> str | None:
    """The difference found in a recording, whose page set is that of the goldens."""
    return verify(write(folder / "copy.json.zst", raw), PAGES, engine).difference
