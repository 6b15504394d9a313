# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's LZ4 encoder: what it finds, what it does not look for, and when it fails."""

import random

import lz4_oracle
import pytest
from encoder_driver import EncoderBench, bench
from lz4_oracle import Sequence

from zswapsim.content.compressors import compressor
from zswapsim.content.compressors.lz4_kernel import HASH_LOG, MOST_BYTES, lz4_compress
from zswapsim.content.page_store import PageStore
from zswapsim.errors import EINVAL, DataMismatch

NOISE = random.Random(1).randbytes(4096)


@pytest.fixture
def encoder(engine: str) -> EncoderBench:
    return bench(lz4_compress, 1 << HASH_LOG, engine)


def sequences(encoder: EncoderBench, page: bytes) -> list[Sequence]:
    """What the encoder makes of a page, which is also decoded."""
    length, block = encoder.run(page, MOST_BYTES)
    assert length == len(block)
    assert compressor("lz4-kernel").decompress(block) == page
    return lz4_oracle.parse(block)


def noise_with(*repeats: tuple[int, int, int]) -> bytes:
    """Noise in which (place, length) repeats what is at another place, and not a byte more."""
    page = bytearray(NOISE)
    for source, place, length in repeats:
        page[place : place + length] = page[source : source + length]
        page[place - 1] = (page[source - 1] + place) % 256
        page[place + length] = (page[source + length] + place) % 256
    return bytes(page)


def matches(encoder: EncoderBench, page: bytes) -> list[tuple[int, int, int]]:
    """(source, place, length) of each match."""
    found, at = [], 0
    for literals, offset, length in sequences(encoder, page):
        at += len(literals)
        if length:
            found.append((at - offset, at, length))
        at += length
    return found


def test_zeros_are_one_match_with_the_byte_before_and_five_literals(encoder: EncoderBench) -> None:
    more = b"\xff" * 15 + bytes([4096 - 1 - 5 - 4 - 15 - 15 * 255])
    block = b"\x1f\0" + b"\1\0" + more + b"\x50" + bytes(5)
    assert encoder.run(bytes(4096), MOST_BYTES) == (26, block)


def test_noise_is_one_run_of_literals_longer_than_the_page(encoder: EncoderBench) -> None:
    block = b"\xf0" + b"\xff" * 16 + bytes([4096 - 15 - 16 * 255]) + NOISE
    assert encoder.run(NOISE, MOST_BYTES) == (4114, block)


@pytest.mark.parametrize("length", [4, 5, 18, 19, 20, 273, 274, 275, 529])
def test_a_match_has_every_length_from_four_on(encoder: EncoderBench, length: int) -> None:
    place = 40 if length < 30 else 600  # far from its source, the search goes in wide steps
    assert matches(encoder, noise_with((5, place, length))) == [(5, place, length)]


@pytest.mark.parametrize("count", [14, 15, 16, 269, 270, 271])
def test_literals_have_every_number(encoder: EncoderBench, count: int) -> None:
    page = bytes(100) + NOISE[:count] + bytes(4096 - 100 - count)
    first, second, *_ = sequences(encoder, page)
    assert (first.literals, first.offset, first.length) == (b"\0", 1, 99)
    assert second.literals[:count] == NOISE[:count]
    assert len(second.literals) <= count + 1


def test_byte_0_is_found_though_the_search_begins_at_1(encoder: EncoderBench) -> None:
    assert matches(encoder, noise_with((1, 30, 8)))[0] == (1, 30, 8)
    page = NOISE[:30] + NOISE[:8] + NOISE[38:]
    assert matches(encoder, page)[0] == (0, 30, 8)


def test_the_last_place_with_the_same_bytes_is_taken(encoder: EncoderBench) -> None:
    page = noise_with((4, 20, 6), (20, 40, 6))
    assert matches(encoder, page) == [(4, 20, 6), (20, 40, 6)]


def test_after_64_places_without_a_match_the_search_goes_in_steps_of_two(
    encoder: EncoderBench,
) -> None:
    found = [matches(encoder, noise_with((20, place, 4))) for place in range(62, 72)]
    places = [62, 63, 64, 65, 66, None, 68, None, 70, None]
    assert found == [[(20, at, 4)] if at else [] for at in places]


def test_a_match_that_was_stepped_into_is_extended_back(encoder: EncoderBench) -> None:
    assert matches(encoder, noise_with((20, 67, 5))) == [(20, 67, 5)]


def test_a_match_is_not_extended_into_the_one_before(encoder: EncoderBench) -> None:
    page = bytearray(NOISE)
    page[13] = page[11]
    page[40:56] = page[4:12] + page[14:22]
    assert page[13] == page[47]
    assert matches(encoder, bytes(page))[:2] == [(4, 40, 8), (14, 48, 8)]


@pytest.mark.parametrize("gap", [0, 1, 3])
@pytest.mark.parametrize("place", range(4080, 4088))
def test_a_match_starts_at_least_twelve_bytes_before_the_end_thirteen_if_searched_for(
    encoder: EncoderBench, place: int, gap: int
) -> None:
    """A run of zeros ends gap bytes before the place, where bytes of the beginning come back."""
    page = NOISE[:16] + bytes(place - gap - 16) + NOISE[500 : 500 + gap]
    page = (page + NOISE[4:12] + NOISE[1000:1100])[:4096]
    last = matches(encoder, page)[-1]
    if place <= (4084 if gap == 0 else 4083):
        assert last == (4, place, min(8, 4096 - 5 - place))
    else:
        assert last[:2] == (16, 17)


def test_the_last_five_bytes_are_literals(encoder: EncoderBench) -> None:
    for period in (1, 3, 8, 100):
        *_, last = sequences(encoder, (NOISE[:period] * 4096)[:4096])
        assert len(last.literals) == 5


def test_a_block_fits_exactly_or_fails(encoder: EncoderBench) -> None:
    for page in (bytes(4096), NOISE, noise_with((5, 1000, 529)), b"abcdefgh" * 512):
        length, block = encoder.run(page, MOST_BYTES)
        assert encoder.run(page, length) == (length, block)
        for capacity in (length - 1, length // 2, 1, 0):
            assert encoder.run(page, capacity) == (-EINVAL, b"")


def test_the_kernels_capacity_is_the_page_and_4096_fits() -> None:
    """EC of a length of 4096 and 4097: the encoder fails where the block would be longer."""
    made = compressor("lz4-kernel")
    pages = {
        len(made.compress(page)): page
        for page in (NOISE[: 4096 - n] + bytes(n) for n in range(18, 50))
    }
    store = PageStore(pages[4096] + pages[4097] + NOISE, 3)
    assert store.lengths(made).tolist() == [4096, -EINVAL, -EINVAL]
    assert len(store.compressed(1, made)) == 4097
    assert made.encoder.compress(pages[4096], 4096) == made.compress(pages[4096])
    assert made.encoder.compress(pages[4097], 4096) is None


def test_it_differs_from_the_librarys_streaming_encoder() -> None:
    """They are both right; only one of them is the kernel's."""
    generator = random.Random(3)
    words = [generator.randbytes(generator.randint(3, 6)) for _ in range(300)]
    page = b"".join(generator.choice(words) for _ in range(2000))[:4096]
    ours, theirs = (compressor(name) for name in ("lz4-kernel", "lz4"))
    assert ours.compress(page) != theirs.compress(page)
    assert theirs.decompress(ours.compress(page)) == page == ours.decompress(theirs.compress(page))


def test_the_key_names_the_revision_and_no_library() -> None:
    assert compressor("lz4-kernel").key == "lz4-kernel-revision1"


def test_a_mismatch_is_said_by_its_name() -> None:
    with pytest.raises(DataMismatch, match="lz4-kernel: the data"):
        compressor("lz4-kernel").decompress(b"\xff" * 40)
