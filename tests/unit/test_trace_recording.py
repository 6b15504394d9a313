# SPDX-License-Identifier: GPL-2.0-only
"""The recordings shared with the project, and small ones made wrong on purpose."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from zswapsim.errors import TraceError
from zswapsim.trace.images.plain import open_memory
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import FREED, PAGE_SIZE

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared recordings are not here")
@pytest.mark.parametrize(
    ("name", "footprint_pages", "contents", "accesses", "writes"),
    [
        ("cc1", 2_982, 12_583, 2_884_497, 1_002_523),
        ("python", 3_475, 28_145, 2_062_220, 1_042_583),
        ("sqlite", 1_596, 13_798, 1_445_729, 745_897),
    ],
)
def test_shared_recording_has_the_counts_of_its_table(
    name: str, footprint_pages: int, contents: int, accesses: int, writes: int
) -> None:
    trace = Trace.open(SHARED / f"{name}.json")
    found = (trace.footprint_pages, trace.contents_count, trace.accesses, trace.writes)
    assert found == (footprint_pages, contents, accesses, writes)
    assert trace.name == name
    assert {"program", "what", "recorder", "recorder_resident_pages"} <= trace.meta.keys()
    assert hashlib.sha256(trace.contents_bytes).hexdigest() == trace.contents_digest


def record(folder: Path, **changes: Any) -> Path:
    """Write a recording of two pages and three accesses."""
    versions = np.array(
        [(0, 0, 0), (1, 1, 1), (3, 0, FREED)], [("at", "<u8"), ("page", "<u4"), ("content", "<u4")]
    )
    accesses = np.array([0, 1 | WRITE, 0], "<u4")
    raw = {
        "tiny.trace.bin.zst": accesses.tobytes(),
        "tiny.versions.bin.zst": versions.tobytes(),
        "tiny.pages.zst": bytes(PAGE_SIZE) + b"\x01" * PAGE_SIZE,
    }
    files = {}
    for name, data in raw.items():
        stored = zstandard.compress(data)
        (folder / name).write_bytes(stored)
        files[name] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "stored_bytes": len(stored),
        }
    sidecar = {
        "name": "tiny",
        "program": "none 1.0",
        "format": "zswapsim-recording/1",
        "page_size": 4096,
        "pages": 2,
        "accesses": 3,
        "writes": 1,
        "contents": 2,
        "versions": 3,
        "freed": 1,
        "reduction_k": 8,
        "files": files,
    }
    path = folder / "tiny.json"
    path.write_text(json.dumps(sidecar | changes))
    return path


def test_recording_is_read_and_can_be_saved(tmp_path: Path) -> None:
    trace = Trace.open(record(tmp_path))
    trace.save(tmp_path / "tiny.ztrace")
    for one in (trace, Trace.open(tmp_path / "tiny.ztrace")):
        assert [block.tolist() for block in one.blocks()] == [[0, 1 | WRITE, 0]]
        assert [column.tolist() for column in one.versions] == [[0, 1, 3], [0, 1, 0], [0, 1, FREED]]
        assert one.meta == {
            "name": "tiny",
            "program": "none 1.0",
            "reduction_k": 8,
            "origin": "zswapsim-recording/1",
        }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "zswapsim-recording/2"}, "format 'zswapsim-recording/2'; this program reads"),
        ({"page_size": 16384}, "page_size is not 4096"),
        ({"accesses": 4}, "tiny.trace.bin.zst has 12 bytes; the counts need 16"),
        ({"accesses": None}, "accesses is None"),
        ({"pages": 1}, r"access\[1\] is 1; allowed are 0\.\.0"),
        ({"writes": 2}, "writes is 2, but there are 1"),
        ({"freed": 0}, "freed is 0, but there are 1"),
        ({"contents": 3}, "the counts need 12288|version_content"),
        (
            {"pages": (4 << 20) + 1},
            r"json: 4,194,305 pages in \d+ bytes; allowed are up to 4,194,304",
        ),
        ({"files": None}, "files does not list one file"),
        ({"files": {"../tiny.trace.bin.zst": {}}}, "files does not list one file"),
        ({"files": {"tiny\0.trace.bin.zst": {}}}, "files does not list one file"),
        ({"files": {"\udcff.trace.bin.zst": {}}}, "files does not list one file"),
        ({"format": f"zswapsim-recording/{'9' * 3000}"}, "format 'zswapsim-recording/9{20}; this"),
        ({"reduction_k": "8"}, "reduction_k is '8'; allowed are integers"),
        ({"name": ["tiny"]}, "name is a list; allowed is text"),
        ({"seconds": float("nan")}, "no JSON: NaN is no number"),
    ],
)
def test_wrong_sidecar(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=message):
        Trace.open(record(tmp_path, **changes))


@pytest.mark.parametrize("name", ["trace.bin", "versions.bin", "pages"])
def test_a_part_that_is_a_pipe_is_not_waited_for(name: str, tmp_path: Path) -> None:
    path = record(tmp_path)
    part = tmp_path / f"tiny.{name}.zst"
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(TraceError, match=rf"tiny\.{name}\.zst: is no plain file"):
        Trace.open(path)


@pytest.mark.parametrize("name", ["trace.bin", "versions.bin", "pages"])
def test_other_data_than_recorded(name: str, tmp_path: Path) -> None:
    path = record(tmp_path)
    victim = tmp_path / f"tiny.{name}.zst"
    raw = bytearray(zstandard.decompress(victim.read_bytes()))
    raw[-1] ^= 1 if name == "pages" else 0x80
    stored = zstandard.compress(bytes(raw))
    sidecar = json.loads(path.read_text())
    sidecar["files"][victim.name]["stored_bytes"] = len(stored)
    path.write_text(json.dumps(sidecar))
    victim.write_bytes(stored)
    with pytest.raises(TraceError, match=rf"{name}|SHA-256"):
        Trace.open(path)


def test_truncated_and_missing_companions(tmp_path: Path) -> None:
    path = record(tmp_path)
    victim = tmp_path / "tiny.pages.zst"
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(TraceError, match=r"tiny\.pages\.zst: has .* its sidecar says"):
        Trace.open(path)
    victim.unlink()
    with pytest.raises(FileNotFoundError, match=r"tiny\.pages\.zst"):
        Trace.open(path)


def test_a_recording_is_no_log_of_accesses_as_it_has_contents(tmp_path: Path) -> None:
    assert open_memory(str(record(tmp_path))).contents_count == 2
