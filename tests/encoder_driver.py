# SPDX-License-Identifier: GPL-2.0-only
"""Runs encoders of our own, and what they are made of, on either engine."""

import functools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from zswapsim.content.compressors.own_encoder import Decode, Encode
from zswapsim.engine.byte_arrays import clear, copy_bytes, load_u32, matching_bytes
from zswapsim.engine.engines import entry, int_array

STALE = 0xA5
"""What is in every byte of a buffer before an encoder gets it."""


def byte_array(data: bytes, engine: str) -> Any:
    """Return a changeable copy of data, as the engine's encoders get it."""
    if engine == "interpreted":
        return bytearray(data)
    import numpy as np

    return np.frombuffer(data, np.uint8).copy()


def numbers(values: Sequence[int], engine: str) -> Any:
    """Return a table of 16-bit numbers, as the engine's encoders get it."""
    if engine == "interpreted":
        return list(values)
    import numpy as np

    return np.array(values, np.uint16)


class EncoderBench:
    """An encoder that is run with any capacity; what it may not touch must stay as it was."""

    def __init__(self, encode: Encode, table_length: int, engine: str) -> None:
        self.engine = engine
        self._table_length = table_length
        self._encode = entry(encode, engine)

    def run(self, page: bytes, capacity: int) -> tuple[int, bytes]:
        """Return what the encoder returns, and the bytes it wrote if that is a length."""
        assert len(page) == 4096, "compiled, an encoder would read beyond it"
        given = byte_array(page, self.engine)
        out = byte_array(bytes([STALE]) * (capacity + 64), self.engine)
        table = numbers([STALE] * self._table_length, self.engine)
        length = int(self._encode(given, out, table, capacity))
        assert bytes(given) == page, "the page has changed"
        assert bytes(out)[capacity:] == bytes([STALE]) * 64, "written beyond the capacity"
        assert length <= capacity
        return length, bytes(out)[: max(length, 0)]


class DecoderBench:
    """A decoder that is run on any data; what it may not touch must stay as it was."""

    def __init__(self, decode: Decode, engine: str) -> None:
        self.engine = engine
        self._decode = entry(decode, engine)

    def run(self, data: bytes) -> bytes | int:
        """Return the page, or the negative number that the decoder returns."""
        # Interpreted, a read behind the data is an error. Compiled, it would find ends of streams.
        behind = b"" if self.engine == "interpreted" else b"\x11\0\0" * 20
        given = byte_array(data + behind, self.engine)
        page = byte_array(bytes([STALE]) * (4096 + 64), self.engine)
        status = int(self._decode(given, len(data), page))
        assert bytes(given) == data + behind, "the data have changed"
        assert bytes(page)[4096:] == bytes([STALE]) * 64, "written beyond the page"
        assert status <= 0
        return bytes(page)[:4096] if status == 0 else status


@functools.cache
def bench(encode: Encode, table_length: int, engine: str) -> EncoderBench:
    """Return the same bench for the same encoder: hypothesis asks for it at every example."""
    return EncoderBench(encode, table_length, engine)


@functools.cache
def decoder_bench(decode: Decode, engine: str) -> DecoderBench:
    """Return the same bench for the same decoder."""
    return DecoderBench(decode, engine)


def words_at(data: bytes, at: int, other: int, found: Any) -> int:
    """found gets the word at `at`, and how many bytes at both places match."""
    found[0] = load_u32(data, at)
    found[1] = matching_bytes(data, at, other)
    return 0


def copy_and_clear(
    target: bytearray, at: int, source: bytes, start: int, length: int, table: Any
) -> int:
    copy_bytes(target, at, source, start, length)
    clear(table)
    return 0


def strip_zeros(page: bytes, out: bytearray, table: Any, capacity: int) -> int:
    """A toy encoder: the page without the zeros at its end, refused if longer than capacity."""
    length = len(page)
    while length > 0 and page[length - 1] == 0:
        length -= 1
    if length > capacity:
        return -22
    copy_bytes(out, 0, page, 0, length)
    return length


def pad_zeros(out: bytes, length: int, page: bytearray) -> int:
    """The toy's decoder, which refuses what ends with a zero."""
    if length > 0 and out[length - 1] == 0:
        return -22
    copy_bytes(page, 0, out, 0, length)
    for at in range(length, 4096):
        page[at] = 0
    return 0


def words(engine: str, data: bytes, at: int, other: int) -> list[int]:
    found = [0, 0] if engine == "interpreted" else int_array([0, 0])
    entry(words_at, engine)(byte_array(data, engine), at, other, found)
    return [int(found[0]), int(found[1])]


def _joined(parts: list[tuple[bytes, int]]) -> bytes:
    return b"".join(part * times for part, times in parts)[:4096].ljust(4096, b"\0")


def _noise_with_repeats(seed: int, repeats: list[tuple[int, int, int]]) -> bytes:
    import random

    page = bytearray(random.Random(seed).randbytes(4096))
    for source, place, length in repeats:
        piece = page[source : source + length]
        page[place : place + len(piece)] = piece
    return bytes(page[:4096])


def _few_symbols(seed: int, symbols: int) -> bytes:
    import random

    return bytes(random.Random(seed).choices(range(symbols), k=4096))


SEEDS = st.integers(0, 2**32)
PLACES = st.integers(0, 4095)
PAGES = st.one_of(
    st.lists(st.tuples(st.binary(min_size=1, max_size=64), st.integers(1, 200)), max_size=20).map(
        _joined
    ),
    st.builds(
        _noise_with_repeats,
        SEEDS,
        st.lists(st.tuples(PLACES, PLACES, st.integers(4, 600)), max_size=12),
    ),
    st.builds(_few_symbols, SEEDS, st.integers(1, 256)),
)
"""Pages that compress to anything between nothing and more than a page."""
