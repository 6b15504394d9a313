# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's LZO encoder: what it finds, how it writes that, and when it fails."""

import random
from itertools import pairwise

import lzo_oracle
import pytest
from encoder_driver import EncoderBench, bench, decoder_bench
from lzo_oracle import Row

from zswapsim.content.compressors import compressor
from zswapsim.content.compressors.lzo_decoder import lzo1x_decompress
from zswapsim.content.compressors.lzo_encoder import (
    HASH_FACTOR,
    MOST_BYTES,
    TABLE_LENGTH,
    lzo1x_1_compress,
    lzorle1x_1_compress,
)
from zswapsim.content.compressors.lzo_rle import LzoRle
from zswapsim.content.page_store import PageStore
from zswapsim.errors import EINVAL, DataMismatch

# Without zeros, so that each run of them is one that a test puts there.
NOISE = bytes(random.Random(1).choices(range(1, 256), k=4096))
SEARCH_END = 4076
END = b"\x11\0\0"


@pytest.fixture
def encoder(engine: str) -> EncoderBench:
    return bench(lzorle1x_1_compress, TABLE_LENGTH, engine)


@pytest.fixture
def plain(engine: str) -> EncoderBench:
    """The kernel's lzo, without zero runs."""
    return bench(lzo1x_1_compress, TABLE_LENGTH, engine)


def rows(encoder: EncoderBench, page: bytes) -> list[Row]:
    """What the encoder makes of a page, which is also decoded."""
    size, stream = encoder.run(page, MOST_BYTES)
    assert size == len(stream)
    assert decoder_bench(lzo1x_decompress, encoder.engine).run(stream) == page
    assert lzo_oracle.page_of(stream) == page
    return list(lzo_oracle.rows(stream))


def finds(encoder: EncoderBench, page: bytes) -> list[tuple[int, int, int]]:
    """(source, place, length) of each copy; of a zero run the place is the source."""
    found, at = [], 0
    for row in rows(encoder, page):
        if row.length:
            found.append((at - row.distance, at, row.length))
        at += row.length + len(row.literals)
    return found


def noise_with(*repeats: tuple[int, int, int]) -> bytes:
    """Noise in which (source, place, length) repeats what is elsewhere, and not a byte more."""
    page = bytearray(NOISE)
    for source, place, length in repeats:
        page[place : place + length] = page[source : source + length]
        page[place - 1] = page[source - 1] % 255 + 1
        page[place + length] = page[source + length] % 255 + 1
    return bytes(page)


def noise_at_distance(distance: int, length: int) -> bytes:
    """Bytes 5 and on come back at a distance, and between are zeros: the search is at each byte."""
    begin = NOISE[: 5 + length]
    page = begin + bytes(distance - length) + begin[5:] + bytes([NOISE[5 + length] % 255 + 1])
    return page + NOISE[len(page) :]


def test_zeros_are_two_runs_between_literals(encoder: EncoderBench) -> None:
    rest = SEARCH_END - 5 - 2051 - 4
    runs = b"\x1f\xfc\xff\xff" + bytes([0x18 | rest % 8, 0xFC, 0xFF, rest // 8])
    stream = b"\x11\1" + b"\2" + bytes(5) + runs + b"\0\2" + bytes(20) + END
    assert encoder.run(bytes(4096), MOST_BYTES) == (41, stream)


def test_noise_is_one_run_of_literals_longer_than_the_page(encoder: EncoderBench) -> None:
    stream = b"\x11\1" + b"\0" + bytes(15) + bytes([4096 - 18 - 15 * 255]) + NOISE + END
    assert encoder.run(NOISE, MOST_BYTES) == (4118, stream)


def test_plain_lzo_has_neither_marker_nor_zero_runs(plain: EncoderBench) -> None:
    """All the same as in lzo-rle otherwise: zeros are copied as anything else."""
    copy = b"\x20" + bytes(15) + bytes([4076 - 33 - 15 * 255]) + b"\x10\0"
    stream = b"\2" + bytes(5) + copy + b"\x0c" + bytes(15) + END
    assert plain.run(bytes(4096), MOST_BYTES) == (44, stream)
    assert plain.run(NOISE, MOST_BYTES)[0] == 4116
    assert finds(plain, bytes(4096)) == [(0, 5, 4076)]


@pytest.mark.parametrize("length", [4, 5, 11, 12, 13, 2050, 2051])
def test_a_zero_run_has_every_length_from_4_to_2051(encoder: EncoderBench, length: int) -> None:
    page = NOISE[:20] + bytes(length) + NOISE[20 + length :]
    assert finds(encoder, page) == [(20, 20, length)]


def test_three_zeros_are_literals_and_more_than_2051_are_another_run(
    encoder: EncoderBench,
) -> None:
    assert finds(encoder, NOISE[:20] + bytes(3) + NOISE[23:]) == []
    assert finds(encoder, NOISE[:20] + bytes(2054) + NOISE[2074:]) == [(20, 20, 2051)]
    page = NOISE[:20] + bytes(2055) + NOISE[2075:]
    assert finds(encoder, page) == [(20, 20, 2051), (2071, 2071, 4)]


@pytest.mark.parametrize("gap", [1, 3])
@pytest.mark.parametrize("place", range(4066, 4082))
def test_a_zero_run_starts_before_the_end_of_the_search_and_ends_at_most_three_bytes_behind(
    encoder: EncoderBench, place: int, gap: int
) -> None:
    page = NOISE[:3000] + bytes(place - gap - 3000) + NOISE[:gap] + bytes(4096 - place)
    last = finds(encoder, page)[-1]
    if place < SEARCH_END:
        assert last == (place, place, max(4, SEARCH_END - place))
    else:
        assert last[1] < 3100


def test_zeros_do_not_enter_the_table(encoder: EncoderBench, plain: EncoderBench) -> None:
    """A zero run is not looked up, so what is in its bucket stays: place 0 at the beginning."""
    page = bytes(3) + NOISE[:17] + bytes(40) + NOISE[60:]
    assert finds(encoder, page)[0] == (20, 20, 40)
    # Four zeros are not at place 0, so here they enter the table, and are found a byte later.
    assert finds(plain, page)[0][:2] == (20, 21)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("before", "at"),
    [
        (NOISE[:20] + bytes(2051), 1),
        (NOISE[:20] + NOISE[5:13], 0),
        (NOISE[:60] + bytes(2500) + NOISE[5:25], 1),
    ],
    ids=["zero run", "near copy", "far copy"],
)
def test_up_to_three_literals_are_counted_in_the_instruction_before(
    encoder: EncoderBench, before: bytes, at: int, count: int
) -> None:
    begin = before + NOISE[3000 : 3000 + count] + bytes(50)
    found = rows(encoder, begin + NOISE[len(begin) :])
    after = next(row for row, follows in pairwise(found) if follows.length == 50)
    assert after.literals == NOISE[3000 : 3000 + count]
    assert after.form[at] & 3 == count


@pytest.mark.parametrize("count", [4, 5, 17, 18, 19, 20, 272, 273, 274, 528, 529])
def test_literals_have_every_number_from_four_on(encoder: EncoderBench, count: int) -> None:
    page = NOISE[:5] + bytes(50) + NOISE[900 : 900 + count] + bytes(4096 - 55 - count)
    row = rows(encoder, page)[2]
    # Far from the last find the search goes in wide steps, and may step over the first zeros.
    assert row.literals.rstrip(b"\0") == NOISE[900 : 900 + count]
    assert row.form == lzo_oracle.counted(0, 15, len(row.literals) - 3)


@pytest.mark.parametrize(
    ("length", "distance", "size"),
    [
        (4, 5, 2),
        (4, 2048, 2),
        (8, 2048, 2),
        (9, 2048, 3),
        (4, 2049, 3),
        (8, 2049, 3),
        (33, 2049, 3),
        (34, 2049, 4),
        (288, 2500, 4),
        (289, 2500, 5),
        (543, 3000, 5),
        (544, 3000, 6),
    ],
)
def test_a_copy_takes_the_shortest_of_its_forms(
    encoder: EncoderBench, length: int, distance: int, size: int
) -> None:
    page = noise_at_distance(distance, length)
    assert finds(encoder, page)[-1] == (5, 5 + distance, length)
    *_, row, _, end = [row for row in rows(encoder, page) if row.form]
    assert (row.length, len(row.form)) == (length, size)
    assert end.kind == "end"


def test_place_0_is_found_though_the_search_begins_at_5(encoder: EncoderBench) -> None:
    page = NOISE[:30] + NOISE[:8] + NOISE[38:]
    assert finds(encoder, page) == [(0, 30, 8)]
    assert finds(encoder, noise_with((1, 30, 7))) == []
    assert finds(encoder, noise_with((1, 30, 8))) == [(5, 34, 4)]


def test_the_last_place_with_the_same_bytes_is_taken(encoder: EncoderBench) -> None:
    page = noise_with((5, 15, 6), (15, 28, 6))
    assert finds(encoder, page) == [(5, 15, 6), (15, 28, 6)]


def test_words_of_one_bucket_drive_each_other_out(encoder: EncoderBench) -> None:
    word, other = b"\1\2\3\4", 0x04030201
    bucket = (other * 0x1824429D % 2**32) >> 19
    while other == 0x04030201 or (other * 0x1824429D % 2**32) >> 19 != bucket:
        other += 0x10001
    apart = NOISE[:5] + word + NOISE[9:16]
    repeated = apart + NOISE[16:20] + word + NOISE[24:]
    assert finds(encoder, repeated) == [(5, 20, 4)]
    driven_out = apart + other.to_bytes(4, "little") + word + NOISE[24:]
    assert finds(encoder, driven_out) == []


def test_a_find_is_not_extended_back(encoder: EncoderBench) -> None:
    assert finds(encoder, noise_with((10, 33, 8))) == [(11, 34, 7)]


def test_each_32_bytes_without_a_find_one_place_more_is_passed_over(
    encoder: EncoderBench,
) -> None:
    found = [finds(encoder, noise_with((8, place, 4))) for place in range(30, 40)]
    places = [30, 31, 32, None, 34, None, 36, None, 38, None]
    assert found == [[(8, at, 4)] if at else [] for at in places]
    found = [finds(encoder, noise_with((8, place, 4))) for place in range(62, 72)]
    places = [62, None, 64, None, None, 67, None, None, 70, None]
    assert found == [[(8, at, 4)] if at else [] for at in places]


@pytest.mark.parametrize("place", range(4066, 4090))
def test_the_end_of_the_search_is_noticed_each_eight_bytes_of_a_copy(
    encoder: EncoderBench, place: int
) -> None:
    """A copy from 13 on is looked at up to 17, 25, ... 4073, 4081. One byte is another."""
    page = bytearray(b"1" + b"abcdefgh" * 512)[:4096]
    page[place] = 1
    assert finds(encoder, bytes(page))[0] == (5, 13, min(place, 4081) - 13)


def test_a_copy_may_end_where_the_search_does(encoder: EncoderBench) -> None:
    assert finds(encoder, b"abcdefgh" * 512) == [(0, 8, SEARCH_END - 8)]


@pytest.mark.parametrize("length", [3, 4, 12])
@pytest.mark.parametrize("place", range(4070, 4080))
def test_a_copy_starts_before_the_end_of_the_search(
    encoder: EncoderBench, place: int, length: int
) -> None:
    begin = NOISE[:3000] + bytes(place - 3000)
    page = (begin + NOISE[5 : 5 + length] + NOISE[1000:1100])[:4096]
    last = finds(encoder, page)[-1]
    if place < SEARCH_END and length >= 4:
        assert last == (5, place, length)
    else:
        assert last[0] == last[1], "a zero run"


def test_a_stream_fits_exactly_or_fails(encoder: EncoderBench) -> None:
    near = noise_with((5, 15, 8))
    for page in (bytes(4096), NOISE, near, noise_at_distance(3000, 544), b"abcdefgh" * 512):
        size, stream = encoder.run(page, MOST_BYTES)
        assert encoder.run(page, size) == (size, stream)
        for capacity in {size - 1, size - 3, size - 4, size // 2, *range(30)}:
            assert encoder.run(page, capacity) == (-EINVAL, b"")


def test_the_kernels_capacity_is_the_page_and_4096_fits() -> None:
    """Specification 7.2: a length of 4097 is refused by the bounds-checked library only."""
    made = LzoRle()
    pages = {
        len(made.compress(page)): page
        for page in (NOISE[:5] + bytes(n) + NOISE[5 + n :] for n in range(20, 50))
    }
    store = PageStore(pages[4096] + pages[4097] + NOISE, 3)
    assert store.lengths(made).tolist() == [4096, -EINVAL, -EINVAL]
    assert len(store.compressed(1, made)) == 4097
    assert made.encoder.compress(pages[4096], 4096) == made.compress(pages[4096])
    assert made.encoder.compress(pages[4097], 4096) is None


def test_a_page_may_become_longer_than_the_kernels_worst_case(encoder: EncoderBench) -> None:
    """Zero runs of 4 between 4 literals, where the last literal and 3 zeros are never found.

    The first place of each literal group has their bucket, and so takes what was in it.
    """
    generator, page = random.Random(1), b""
    inverse = pow(HASH_FACTOR, -1, 1 << 32)
    for group in range(512):
        last = 1 + group % 255
        bucket = (last * HASH_FACTOR % 2**32) >> 19
        word = 0
        while word >> 24 != last or 0 in word.to_bytes(4, "little"):
            word = (bucket << 19 | generator.getrandbits(19)) * inverse % 2**32
        page += word.to_bytes(4, "little") + bytes(4)
    size, stream = encoder.run(page, MOST_BYTES)
    assert 4096 + 4096 // 16 + 64 + 3 + 2 < size < 4096 * 9 // 8 + 8
    assert decoder_bench(lzo1x_decompress, encoder.engine).run(stream) == page
    assert encoder.run(page, 4421) == (-EINVAL, b"")


def test_the_key_names_the_revision_and_no_library() -> None:
    assert LzoRle().key == "lzo-rle-revision1"


def test_a_mismatch_is_said_by_its_name() -> None:
    made = compressor("lzo-rle")
    for data in (b"", b"\xff" * 40, bytes(MOST_BYTES), bytes(MOST_BYTES + 1)):
        with pytest.raises(DataMismatch, match="lzo-rle: the data do not decompress to a page"):
            made.decompress(data)
