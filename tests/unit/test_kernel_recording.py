# SPDX-License-Identifier: GPL-2.0-only
"""A recording of a kernel that is none: one clear line, in little memory."""

import tracemalloc
from pathlib import Path

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
