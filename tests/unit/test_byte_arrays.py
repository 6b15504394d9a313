# SPDX-License-Identifier: GPL-2.0-only
"""Words, runs and copies of bytes: what they are, and the same on both engines."""

import struct

import pytest
from encoder_driver import byte_array, copy_and_clear, numbers, words
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.engine.byte_arrays import load_u32, matching_bytes
from zswapsim.engine.engines import entry


def test_a_word_is_little_endian_unsigned_and_at_any_byte(engine: str) -> None:
    data = bytes([1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0xFF, *range(8)])
    assert words(engine, data, 0, 0)[0] == 0x04030201
    assert words(engine, data, 1, 0)[0] == 0xFF040302
    assert words(engine, data, 4, 0)[0] == 2**32 - 1


@pytest.mark.parametrize("equal", range(9))
def test_matching_bytes_end_at_the_first_that_differs(engine: str, equal: int) -> None:
    word = bytes(range(0x80, 0x88))
    for difference in (1, 0x80):
        other = bytearray(word)
        if equal < 8:
            other[equal] ^= difference
            other[equal + 1 :] = word[equal + 1 :][::-1]
        assert words(engine, word + bytes(3) + other, 0, 11)[1] == equal
        assert words(engine, word + bytes(3) + other, 11, 0)[1] == equal


@given(st.binary(min_size=8, max_size=64), st.data())
def test_both_engines_see_the_same_words(data: bytes, draw: st.DataObject) -> None:
    places = st.integers(0, len(data) - 8)
    at, other = draw.draw(places), draw.draw(places)
    found = words("interpreted", data, at, other)
    assert found == words("compiled", data, at, other)
    assert found[0] == struct.unpack("<I", data[at : at + 4])[0]
    assert data[at : at + found[1]] == data[other : other + found[1]]
    assert found[1] == 8 or data[at + found[1]] != data[other + found[1]]


def test_places_outside_are_an_error_when_interpreted() -> None:
    for at in (5, 8, -9):
        with pytest.raises(struct.error):
            load_u32(bytes(8), at)
    with pytest.raises(struct.error):
        matching_bytes(bytes(9), 0, 2)


@pytest.mark.parametrize(("at", "start", "length"), [(0, 0, 0), (3, 5, 1), (0, 0, 40), (1, 0, 39)])
def test_a_copy_touches_what_it_is_for(engine: str, at: int, start: int, length: int) -> None:
    source = bytes(range(100, 140))
    target = byte_array(bytes(40), engine)
    table = numbers(range(1, 10), engine)
    entry(copy_and_clear, engine)(target, at, byte_array(source, engine), start, length, table)
    assert bytes(target) == bytes(at) + source[start : start + length] + bytes(40 - at - length)
    assert [int(number) for number in table] == [0] * 9
