# SPDX-License-Identifier: GPL-2.0-only
"""LZO with and without zero runs on any page: both engines, a naive one, every capacity, damage."""

import contextlib

import lzo_oracle
import pytest
from encoder_driver import PAGES, bench, decoder_bench
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.content.compressors.lzo_decoder import lzo1x_decompress
from zswapsim.content.compressors.lzo_encoder import (
    MOST_BYTES,
    TABLE_LENGTH,
    lzo1x_1_compress,
    lzorle1x_1_compress,
)
from zswapsim.errors import EINVAL

ENGINES = ("interpreted", "compiled")


def _sparse(pieces: list[tuple[bytes, int]]) -> bytes:
    return b"".join(piece + bytes(zeros) for piece, zeros in pieces)[:4096].ljust(4096, b"\0")


ZERO_RICH = st.lists(
    st.tuples(st.binary(max_size=24), st.integers(0, 40) | st.integers(0, 2100)), max_size=120
).map(_sparse)
ANY_PAGE = PAGES | ZERO_RICH

# One instruction each, with its literals, mostly such as can be carried out.
LITERALS = st.binary(min_size=4, max_size=300).map(
    lambda data: lzo_oracle.counted(0, 15, len(data) - 3) + data
)
FEW = st.binary(max_size=3)
SHORT = st.builds(
    lambda low, high, few: bytes([low << 2 | len(few), high]) + few,
    st.integers(0, 3),
    st.integers(0, 3),
    FEW,
)
NEAR = st.builds(
    lambda first, h, few: bytes([first & 0xFC | len(few), h]) + few,
    st.integers(64, 255),
    st.integers(0, 20),
    FEW,
)
FAR = st.builds(
    lambda length, back, few: (
        lzo_oracle.counted(32, 31, length) + (back << 2 | len(few)).to_bytes(2, "little") + few
    ),
    st.integers(1, 700),
    st.integers(0, 200),
    FEW,
)
RUN = st.builds(
    lambda low, x, few: bytes([24 | low, 0xFC | len(few), 0xFF, x]) + few,
    st.integers(0, 7),
    st.integers(0, 90),
    FEW,
)
INSTRUCTIONS = st.lists(LITERALS | SHORT | NEAR | FAR | RUN, max_size=40).map(b"".join)


def run(engine: str, page: bytes, capacity: int = MOST_BYTES) -> tuple[int, bytes]:
    return bench(lzorle1x_1_compress, TABLE_LENGTH, engine).run(page, capacity)


def check_decoders(data: bytes) -> bytes | int:
    """Both engines find the page in data that the naive reader does, or both none."""
    try:
        expected: bytes | int = lzo_oracle.page_of(data)
    except lzo_oracle.Damage:
        expected = -EINVAL
    for engine in ENGINES:
        assert decoder_bench(lzo1x_decompress, engine).run(data) == expected
    return expected


@pytest.mark.parametrize(
    ("encode", "zero_runs"), [(lzorle1x_1_compress, True), (lzo1x_1_compress, False)]
)
@given(page=ANY_PAGE)
def test_both_engines_make_the_stream_of_the_naive_encoder_and_it_comes_back(
    encode: object, zero_runs: bool, page: bytes
) -> None:
    finds = lzo_oracle.greedy(page, zero_runs=zero_runs)
    stream = lzo_oracle.pack(page, finds, zero_runs=zero_runs)
    for engine in ENGINES:
        made = bench(encode, TABLE_LENGTH, engine)  # type: ignore[arg-type]
        assert made.run(page, MOST_BYTES) == (len(stream), stream)
    assert check_decoders(stream) == page


@given(ANY_PAGE, st.data())
def test_with_any_capacity_the_stream_is_the_same_or_fails_because_it_is_longer(
    page: bytes, data: st.DataObject
) -> None:
    size, stream = run("compiled", page)
    near = st.integers(-16, 16).map(lambda more: min(max(size + more, 0), MOST_BYTES))
    capacity = data.draw(near | st.integers(0, MOST_BYTES))
    expected = (size, stream) if size <= capacity else (-EINVAL, b"")
    for engine in ENGINES:
        assert run(engine, page, capacity) == expected


@given(ANY_PAGE, st.data())
def test_a_damaged_stream_gives_the_page_that_is_in_it_or_an_error(
    page: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(run("compiled", page)[1])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        kind = data.draw(st.integers(0, 3))
        if kind == 0:
            damaged[at] = data.draw(st.integers(0, 255))
        elif kind == 1:
            damaged[at] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == 2:
            damaged[at:at] = data.draw(st.binary(max_size=4))
        else:
            del damaged[at : at + data.draw(st.integers(1, 4))]
        if not damaged:
            break
    check_decoders(bytes(damaged))


@given(st.sampled_from([b"", b"\x11\1"]), st.binary(max_size=200))
def test_any_bytes_give_the_page_that_is_in_them_or_an_error(start: bytes, data: bytes) -> None:
    check_decoders(start + data)


@given(st.sampled_from([b"", b"\x11\1"]), st.binary(min_size=4, max_size=238), INSTRUCTIONS)
def test_any_instructions_do_what_the_table_says(
    marker: bytes, first: bytes, instructions: bytes
) -> None:
    """Filled up to a page with a copy of the last byte, so that most of them hold one."""
    stream = marker + bytes([17 + len(first)]) + first + instructions
    written = 0
    with contextlib.suppress(lzo_oracle.Damage):
        for row in lzo_oracle.rows(stream):
            written += row.length + len(row.literals)
    if written <= 4096 - 3:
        stream += lzo_oracle.counted(32, 31, 4096 - written - 2) + b"\0\0"
    check_decoders(stream + b"\x11\0\0")
