# SPDX-License-Identifier: GPL-2.0-only
"""Whatever the page and the settings, it comes back; whatever the data, only one error comes."""

import contextlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from zswapsim.content.compressors import compressor
from zswapsim.content.compressors.fit import fit_of
from zswapsim.content.page_store import PageStore
from zswapsim.content.same_filled import same_filled_words
from zswapsim.errors import DataMismatch
from zswapsim.profiles import PROFILES

SPECS = st.one_of(
    st.integers(1, 65537).map(lambda value: f"lz4:{value}"),
    st.integers(1, 12).map(lambda value: f"lz4hc:{value}"),
    st.integers(1, 22).map(lambda value: f"zstd:{value}"),
    st.integers(1, 9).map(lambda value: f"deflate:{value}"),
    st.sampled_from(["lz4-kernel", "lzo-rle", "lzo"]),
)


def _page(parts: list[tuple[bytes, int]]) -> bytes:
    return b"".join(part * times for part, times in parts)[:4096].ljust(4096, b"\0")


PAGES = st.one_of(
    st.lists(st.tuples(st.binary(min_size=1, max_size=64), st.integers(1, 200)), max_size=20).map(
        _page
    ),
    st.randoms(use_true_random=False).map(lambda generator: generator.randbytes(4096)),
)
WORDS = st.integers(0, 2**64 - 1)


KERNELS = st.sampled_from([None, *PROFILES])


@given(SPECS, KERNELS, st.lists(PAGES, min_size=1, max_size=4))
def test_every_page_comes_back(spec: str, kernel: str | None, pages: list[bytes]) -> None:
    made = compressor(spec, kernel)
    data = [made.compress(page) for page in pages]
    assert [made.decompress(one) for one in data] == pages
    # What a page compresses to does not depend on those before it.
    assert [compressor(spec, kernel).compress(page) for page in pages] == data


@given(SPECS, KERNELS, PAGES, st.data())
def test_damaged_data_give_a_page_or_a_mismatch(
    spec: str, kernel: str | None, page: bytes, data: st.DataObject
) -> None:
    made = compressor(spec, kernel)
    damaged = bytearray(made.compress(page))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DataMismatch):
        assert len(made.decompress(damaged)) == 4096


@given(KERNELS, st.sampled_from(["lz4", "zstd", "deflate"]), st.lists(PAGES, max_size=4))
def test_a_store_has_the_length_of_each_page_or_the_error_of_the_kernel(
    kernel: str | None, spec: str, pages: list[bytes]
) -> None:
    made = compressor(spec, kernel)
    fit = fit_of(made)
    lengths = PageStore(b"".join(pages), len(pages)).lengths(made).tolist()
    for page, length in zip(pages, lengths, strict=True):
        size = len(made.compress(page))
        assert length == (size if size <= fit.most_bytes else fit.error)
        assert length > 0 or size > 4096


@given(st.lists(st.tuples(WORDS, st.none() | st.tuples(st.integers(0, 511), WORDS)), max_size=8))
def test_same_filled_is_all_512_words_equal(
    fillings: list[tuple[int, tuple[int, int] | None]],
) -> None:
    pages, expected = [], []
    for word, other in fillings:
        words = [word] * 512
        if other is not None:
            words[other[0]] = other[1]
        pages.append(struct.pack("<512Q", *words))
        same = len(set(words)) == 1
        expected.append((int(same), word if same else 0))
    flags, found = same_filled_words(b"".join(pages))
    assert list(zip(flags.tolist(), found.tolist(), strict=True)) == expected
