# SPDX-License-Identifier: GPL-2.0-only
"""A recording of a kernel that is none: one clear line, in little memory."""

import tracemalloc
from pathlib import Path
from random import Random

import pytest
import zstandard

from zswapsim.errors import TraceError
from zswapsim.experiment.kernel_recording import open_recording


def test_a_recording_nested_too_deeply_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "deep.json.zst"
    path.write_bytes(zstandard.compress(b"[" * 100_000))
    with pytest.raises(TraceError, match=r"deep\.json\.zst: not a recording: it is nested too"):
        open_recording(path)


def test_a_small_recording_that_unpacks_to_much_is_refused_in_bounded_memory(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bomb.json.zst"
    path.write_bytes(zstandard.compress(b"[" + b"[]," * (6 << 20) + b"1]"))
    tracemalloc.start()
    try:
        with pytest.raises(TraceError, match="unpacks to more than 16777216 bytes"):
            open_recording(path)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_a_recording_may_not_unpack_to_more_than_parsing_has_memory_for(tmp_path: Path) -> None:
    """What cannot be packed lets the rest of it unpack to a hundred times as much."""
    path = tmp_path / "large.json.zst"
    noise = Random(3).randbytes(720_000).hex().encode()
    path.write_bytes(zstandard.compress(b'["' + noise + b'"' + b",[]" * (23 << 20) + b"]", 1))
    assert 100 * path.stat().st_size > 69 << 20
    with pytest.raises(TraceError, match="unpacks to more than 67108864 bytes"):
        open_recording(path)
