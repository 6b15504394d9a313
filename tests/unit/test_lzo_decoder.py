# SPDX-License-Identifier: GPL-2.0-only
"""The LZO decoder: each instruction by hand, also those of other encoders; each kind of damage."""

from typing import Protocol

import lzo_oracle
import pytest
from encoder_driver import decoder_bench

from zswapsim.content.compressors.lzo_decoder import lzo1x_decompress
from zswapsim.errors import EINVAL

MARKER, END = b"\x11\1", b"\x11\0\0"
TEXT = b"".join(b"%d squared is %d\n" % (i, i * i) for i in range(400))[:4096]


class Decode(Protocol):
    def __call__(self, data: bytes) -> bytes | int: ...


@pytest.fixture
def decode(engine: str) -> Decode:
    return decoder_bench(lzo1x_decompress, engine).run


def literals(data: bytes) -> bytes:
    """The instruction for 4 literals or more, where none were copied just before."""
    return lzo_oracle.counted(0, 15, len(data) - 3) + data


def filled(stream: bytes, page: bytes) -> bytes:
    """A stream and what it stands for, filled up with literals; before END none are copied."""
    return stream + literals(TEXT[: 4096 - len(page)]) + END


WHOLE = MARKER + literals(TEXT) + END
HALF = MARKER + literals(TEXT[:3500])
NEAR_END = MARKER + literals(TEXT[:4090])
LESS = literals(TEXT[:92])


@pytest.mark.parametrize("marker", [b"", MARKER])
@pytest.mark.parametrize("count", [4, 18, 19, 273, 274, 4000])
def test_literals(decode: Decode, marker: bytes, count: int) -> None:
    # A copy of the last 3 bytes, so that literals can come again.
    stream = marker + literals(TEXT[:count]) + bytes([0b01001000, 0])
    page = TEXT[:count] + TEXT[count - 3 : count]
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


@pytest.mark.parametrize("marker", [b"", MARKER])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 238])
def test_a_first_byte_from_18_on_counts_literals(decode: Decode, marker: bytes, count: int) -> None:
    """No kernel begins a page so, but other encoders may."""
    stream = marker + bytes([17 + count]) + TEXT[:count]
    if count < 4:
        stream += b"\0\0"  # SHORT: 2 bytes from distance 1
        page = TEXT[:count] + TEXT[count - 1 : count] * 2
    else:
        stream += bytes([0b01000000, 0])  # NEAR: 3 bytes from distance 1
        page = TEXT[:count] + TEXT[count - 1 : count] * 3
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


@pytest.mark.parametrize("distance", [1, 2, 5, 1023, 1024])
@pytest.mark.parametrize("before", [1, 2, 3])
def test_after_one_to_three_literals_a_byte_below_16_copies_two(
    decode: Decode, before: int, distance: int
) -> None:
    back = distance - 1
    page = TEXT[:1100] + TEXT[1097:1100] + b"xyz"[:before]
    stream = MARKER + literals(TEXT[:1100]) + bytes([0b01001000 | before, 0]) + b"xyz"[:before]
    stream += bytes([back % 4 << 2, back // 4])
    page += (page[-distance:] * 2)[:2]
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


@pytest.mark.parametrize("distance", [2049, 2050, 3000, 3072])
@pytest.mark.parametrize("before", [4, 5, 300])
def test_after_four_literals_a_byte_below_16_copies_three_from_far(
    decode: Decode, before: int, distance: int
) -> None:
    back = distance - 2049
    page = TEXT[:3100] + TEXT[3097:3100] + TEXT[:before]
    stream = MARKER + literals(TEXT[:3100]) + bytes([0b01001000, 0]) + literals(TEXT[:before])
    stream += bytes([back % 4 << 2, back // 4])
    page += page[-distance:][:3]
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


@pytest.mark.parametrize("distance", [1, 7, 8, 9, 2047, 2048])
@pytest.mark.parametrize("length", range(3, 9))
def test_a_near_copy(decode: Decode, length: int, distance: int) -> None:
    back = distance - 1
    first = (0x40 | length - 3 << 5) if length < 5 else (0x80 | length - 5 << 5)
    stream = MARKER + literals(TEXT[:2100]) + bytes([first | back % 8 << 2, back // 8])
    page = TEXT[:2100] + (TEXT[2100 - distance : 2100] * 8)[:length]
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


@pytest.mark.parametrize("distance", [1, 2, 64, 65, 2049, 3500])
@pytest.mark.parametrize("length", [3, 33, 34, 288, 289, 500])
def test_a_far_copy(decode: Decode, length: int, distance: int) -> None:
    start = lzo_oracle.counted(32, 31, length - 2)
    stream = HALF + start + (distance - 1 << 2).to_bytes(2, "little")
    page = TEXT[:3500] + (TEXT[3500 - distance : 3500] * 500)[:length]
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


@pytest.mark.parametrize("length", [4, 11, 12, 2051])
@pytest.mark.parametrize("count", range(4))
def test_a_zero_run_and_the_literals_after_it(decode: Decode, length: int, count: int) -> None:
    run = bytes([0x18 | (length - 4) % 8, 0xFC | count, 0xFF, (length - 4) // 8])
    stream = MARKER + literals(TEXT[:5]) + run + TEXT[:count] + bytes([0b01000000, 0])
    page = TEXT[:5] + bytes(length) + TEXT[:count]
    page += page[-1:] * 3
    assert decode(filled(stream, page)) == page + TEXT[: 4096 - len(page)]


def test_a_page_may_end_with_any_instruction(decode: Decode) -> None:
    runs = b"\x1f\xfc\xff\xff" + b"\x18\xfc\xff\xff"
    assert decode(MARKER + b"\x12x" + runs + END) == b"x" + bytes(4095)
    copy = lzo_oracle.counted(32, 31, 4090 - 2) + b"\0\0"
    assert decode(MARKER + b"\x17abcdef" + copy + END) == b"abcdef" + b"f" * 4090


DAMAGED = {
    "nothing": b"",
    "a marker alone": MARKER,
    "END alone": END,
    "END after the marker": MARKER + END,
    "another version": b"\x11\2" + WHOLE[2:],
    "version 0 has no marker": b"\x11\0" + WHOLE[2:],
    "no END": WHOLE[:-3],
    "half an END": WHOLE[:-1],
    "more behind END": WHOLE + b"\0",
    "END of another length": WHOLE[:-3] + b"\x12\0\0",
    "END with literals": WHOLE[:-3] + b"\x11\1\0x",
    "END a byte early": MARKER + literals(TEXT[:4095]) + END,
    "a literal too many": MARKER + literals(TEXT + b"x") + END,
    "a copy from beyond 16 KiB": HALF + b"\x11\4\0" + literals(TEXT[:593]) + END,
    "a far copy from 8 KiB back": HALF + b"\x21\0\x80" + literals(TEXT[:593]) + END,
    "the first byte copies": MARKER + b"\x40\0" + WHOLE[2:],
    "a first byte of 16": MARKER + b"\x10\0\0" + WHOLE[2:],
    "first literals missing": MARKER + b"\xffabcd",
    "the last of the first literals missing": MARKER + bytes([17 + 40]) + TEXT[:39],
    "literals missing": MARKER + b"\0\xffabcd",
    "a length without an end": MARKER + bytes(8000),
    "a near copy from a byte before the page": MARKER + b"\x15abcd\x50\0" + b"\0" * 9 + END,
    "a far copy from a byte before the page": MARKER + b"\x15abcd\x21\x10\0" + b"\0" * 9 + END,
    "a short copy from before the page": MARKER + b"\x12a\4\0" + b"\0" * 9 + END,
    "a short copy of three from before the page": HALF[:2] + b"\x15abcd\0\0" + END,
    "half a near copy": HALF + b"\x40",
    "half a far copy": HALF + b"\x21\0",
    "half a zero run": HALF + b"\x18\xfc\xff",
    "half a short copy": HALF + b"\0",
    "literals of a copy missing": HALF + b"\x43\0ab",
    "a near copy beyond the page": NEAR_END + b"\xc8\0" + END,
    "a far copy beyond the page": NEAR_END + b"\x25\0\0" + END,
    "a zero run beyond the page": NEAR_END + b"\x1b\xfc\xff\0" + END,
    "literals of a copy beyond the page": NEAR_END + b"\x83\0abc" + END,
    "a zero run in version 0": LESS + b"\x18\xfc\xff\xfa" + literals(TEXT[:2000]) + END,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damage_is_an_error(decode: Decode, data: bytes) -> None:
    assert decode(data) == -EINVAL
    with pytest.raises(lzo_oracle.Damage):
        lzo_oracle.page_of(data)


def test_what_is_damaged_above_is_a_page_with_a_byte_less_or_a_marker_more(decode: Decode) -> None:
    assert decode(WHOLE) == TEXT
    assert decode(NEAR_END + b"\xa0\0" + END) == TEXT[:4090] + TEXT[4089:4090] * 6
    assert decode(NEAR_END + b"\x24\0\0" + END) == TEXT[:4090] + TEXT[4089:4090] * 6
    run = LESS + b"\x18\xfc\xff\xfa" + literals(TEXT[:2000]) + END
    assert decode(MARKER + run) == TEXT[:92] + bytes(2004) + TEXT[:2000]
    assert decode(NEAR_END + b"\x1a\xfc\xff\0" + END) == TEXT[:4090] + bytes(6)
    assert decode(NEAR_END + b"\x43\0abc" + END) == TEXT[:4090] + TEXT[4089:4090] * 3 + b"abc"


def test_every_beginning_of_a_stream_is_damage(decode: Decode) -> None:
    stream = MARKER + literals(TEXT[:40]) + b"\x1f\xfd\xff\xffa\x40\0"
    stream = filled(stream, TEXT[:40] + bytes(2051) + b"aaaa")
    assert decode(stream) == lzo_oracle.page_of(stream)
    for size in range(len(stream)):
        assert decode(stream[:size]) == -EINVAL
