# SPDX-License-Identifier: GPL-2.0-only
"""Made-up pages: of the same compressed length, equal where they were, and nothing of the bytes."""

from pathlib import Path

import pytest
import zstandard
from encoder_driver import PAGES
from hypothesis import given

from zswapsim import Trace
from zswapsim.content.compressors import compressor
from zswapsim.content.scrub import Scrubber, shapes_of
from zswapsim.errors import ZswapSimError
from zswapsim.units import PAGE_SIZE

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
SETS = [
    *sorted((ROOT / "traces").glob("*.ztrace")),
    *sorted(SHARED.glob("goldens/pages/*.zst")),
    *sorted(SHARED.glob("data/*.pages.zst")),
]
MOST_PAGES = 1500
"""Of each set, spread over it."""

LZ4 = compressor(Scrubber.NAME)
WORD = 8


def length_of(page: bytes) -> int:
    return len(LZ4.compress(page))


def is_same_filled(page: bytes) -> bool:
    return page == page[:WORD] * (PAGE_SIZE // WORD)


def pages_of(path: Path) -> list[bytes]:
    if path.suffix == ".ztrace":
        data = bytes(Trace.open(path).contents_bytes)
    else:
        with path.open("rb") as file:
            unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
            data = unpacker.stream_reader(file).read()
    pages = [data[at : at + PAGE_SIZE] for at in range(0, len(data), PAGE_SIZE)]
    return pages[:: 1 + len(pages) // MOST_PAGES]


def words_in(page: bytes) -> set[bytes]:
    """All its stretches of a word, but for those of fewer than five different bytes."""
    stretches = {page[at : at + WORD] for at in range(PAGE_SIZE - WORD + 1)}
    return {stretch for stretch in stretches if len(set(stretch)) >= 5}


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.name)
def test_a_real_page_becomes_one_of_the_same_length_that_is_equal_to_what_it_was_equal_to(
    path: Path,
) -> None:
    pages = pages_of(path)
    scrub = Scrubber(length_of)
    made = [scrub(page) for page in pages]
    assert [length_of(page) for page in made] == [length_of(page) for page in pages]
    assert len(set(made)) == len(set(pages))
    assert [scrub(page) for page in pages] == made
    assert [is_same_filled(page) for page in made] == [is_same_filled(page) for page in pages]


def test_no_eight_bytes_of_a_page_are_in_the_one_made_up_for_it() -> None:
    scrub = Scrubber(length_of)
    for page in pages_of(SETS[0])[:150]:
        if not is_same_filled(page):
            assert not words_in(page) & words_in(scrub(page))


@given(PAGES)
def test_any_page_becomes_one_of_its_length(page: bytes) -> None:
    made = Scrubber(length_of)(page)
    assert len(made) == PAGE_SIZE
    assert length_of(made) == length_of(page)
    assert (made == page) == is_same_filled(page)


def test_pages_of_zeros_and_of_one_word_stay() -> None:
    scrub = Scrubber(length_of)
    for page in (bytes(PAGE_SIZE), b"password" * 512, b"\xff" * PAGE_SIZE):
        assert scrub(page) == page


def test_many_pages_that_compress_to_next_to_nothing_stay_different() -> None:
    """Zeros with a number at the end: there are few shapes of so short a length."""
    pages = [bytes(PAGE_SIZE - 3) + number.to_bytes(3, "big") for number in range(1, 4000)]
    scrub = Scrubber(length_of)
    made = [scrub(page) for page in pages]
    assert len(set(made)) == len(pages)
    assert [length_of(page) for page in made] == [length_of(page) for page in pages]


def test_what_is_made_up_depends_on_a_key() -> None:
    page = bytes(range(256)) * 16
    assert Scrubber(length_of, b"a")(page) == Scrubber(length_of, b"a")(page)
    assert Scrubber(length_of, b"a")(page) != Scrubber(length_of, b"b")(page)
    assert Scrubber(length_of)(page) != Scrubber(length_of)(page)


def test_every_length_between_the_least_and_the_most_has_a_shape() -> None:
    assert all(shapes_of(length) for length in range(26, 4114))
    assert shapes_of(4114) == [], "which is random bytes throughout"


def test_a_length_that_no_page_has_is_an_error() -> None:
    with pytest.raises(ZswapSimError, match="7 bytes"):
        Scrubber(lambda page: 7 if page.startswith(b"real") else length_of(page))(
            b"real" + bytes(PAGE_SIZE - 4)
        )
