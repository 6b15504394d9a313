# SPDX-License-Identifier: GPL-2.0-only
"""Damaged binary traces and DAMON files end in a Trace or in one line, in bounded time."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from binary_samples import opened, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from zswapsim.errors import TraceError
from zswapsim.trace.readers import damon

FORMATS = {
    "sqlite.oracleGeneral.zst": "oracleGeneral",
    "sqlite-v1.lcs.zst": "lcs",
    "sqlite-v2.lcs.zst": "lcs",
    "sqlite-v8.lcs.zst": "lcs",
    "true.champsimtrace.xz": "champsim",
    "damon-perf-script.txt.gz": "damon",
    "damon-raw.txt.gz": "damon",
    "damon-first-form.txt": "damon",
    "damon.json.gz": "damon",
    "damon.data": "damon",
}
KEPT_BYTES = 12_000


@cache
def start_of(name: str) -> bytes:
    return sample(name)[:KEPT_BYTES]


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """Change bytes, cut pieces out, repeat pieces, cut the end off, or put numbers elsewhere."""
    data = bytearray(start_of(name))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(("flip", "cut", "repeat", "end", "large")))
        if kind == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 100))]
        elif kind == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 100))]
        elif kind == "end":
            del data[at:]
        else:
            large = (b"\xff" * 8, b"99999999999999999", b"ffffffffffff", b"\0" * 8, b"-")
            data[at : at + 8] = draw(st.sampled_from(large))
    return bytes(data)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("asked", [False, True], ids=["recognised", "asked for"])
@given(data=st.data(), skip_bad=st.sampled_from([0, 1, 1000]))
@settings(max_examples=40)
def test_damage_ends_in_a_trace_or_in_one_line(
    name: str, asked: bool, data: st.DataObject, skip_bad: int
) -> None:
    given_bytes = data.draw(damaged(name))
    options = {"skip_bad": skip_bad, "format": FORMATS[name] if asked else None}
    with TemporaryDirectory() as folder, patch.object(damon, "MAX_ACCESSES", 100_000):
        try:
            trace = opened(given_bytes, Path(folder), **options)
        except TraceError as error:
            assert str(error).startswith(str(Path(folder, "given")))
            assert "\n" not in str(error)
            assert len(str(error)) < 600
            return
        assert sum(len(block) for block in trace.blocks()) == trace.accesses > 0
        assert trace.page_numbers is not None
        assert len(set(trace.page_numbers.tolist())) == trace.pages == trace.footprint_pages


@pytest.mark.parametrize("name", FORMATS)
@given(junk=st.binary(max_size=300))
def test_junk_read_as_any_format_ends_in_a_trace_or_in_one_line(name: str, junk: bytes) -> None:
    with TemporaryDirectory() as folder:
        try:
            opened(junk, Path(folder), format=FORMATS[name])
        except TraceError as error:
            assert "\n" not in str(error)
