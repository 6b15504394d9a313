# SPDX-License-Identifier: GPL-2.0-only
"""How near lengths are to a real kernel's: what a compressor says of itself, measured anew."""

import pytest
from recorded_sizes import GOLDENS, SETS, recorded, stored

from zswapsim.content.compressors import COMPRESSORS, compressor
from zswapsim.content.compressors.fidelity import Fidelity, fidelity_of
from zswapsim.content.page_store import PageStore
from zswapsim.units import PAGE_SIZE

COLUMNS = {"lz4": "lz4", "lz4-kernel": "lz4", "lzo-rle": "lzo-rle", "zstd": "zstd"}
"""Our compressor -> its column in the tables."""
LATER = GOLDENS / "k612_c_sizes_mixed_zstd.json.zst"

pytestmark = pytest.mark.skipif(
    not SETS, reason="no recordings of kernels in ../shared/goldens beside the repository"
)


def measured(name: str, kernel: str) -> Fidelity:
    """Compare a compressor's lengths with the recorded ones of a kernel."""
    if kernel == "6.1":
        sets = [recorded(pages, COLUMNS[name]) for pages in SETS]
        expected = [length for lengths, _ in sets for length in lengths]
        contents = b"".join(pages for _, pages in sets)
    else:
        _, expected, contents = stored(LATER)
    lengths = PageStore(contents, len(expected)).lengths(compressor(name, kernel)).tolist()
    pairs = list(zip(lengths, expected, strict=True))
    both = [(ours, theirs) for ours, theirs in pairs if ours > 0 and theirs > 0]
    ratio = sum(ours for ours, _ in both) / sum(theirs for _, theirs in both)
    equal = sum(ours == theirs for ours, theirs in pairs)
    return Fidelity(len(pairs), 100 * equal / len(pairs), 100 * (ratio - 1))


@pytest.mark.parametrize(
    ("name", "kernel"), [*((name, "6.1") for name in COLUMNS), ("zstd", "6.12")]
)
def test_what_a_compressor_says_of_its_lengths_is_so(name: str, kernel: str) -> None:
    """Of a library of another release the numbers may be a little different ones."""
    said, found = fidelity_of(compressor(name, kernel)), measured(name, kernel)
    assert said.pages == found.pages
    if said.is_equal:
        assert found.equal_percent == 100
    elif name == "zstd":
        from zswapsim.content.compressors.zstd import LIBRARY

        assert abs(found.mean_percent) < 0.2
        if LIBRARY == "1.5.7":
            assert found.equal_percent == pytest.approx(said.equal_percent, abs=0.1)
            assert found.mean_percent == pytest.approx(said.mean_percent, abs=0.01)
    else:
        assert found.equal_percent == pytest.approx(said.equal_percent, abs=5)
        assert found.mean_percent == pytest.approx(said.mean_percent, abs=0.2)
    assert found.equal_percent < 100 or said.is_equal, "it may say so"


def test_every_built_in_compressor_is_compared_or_says_that_it_is_not() -> None:
    for name in COMPRESSORS.names():
        fidelity = fidelity_of(compressor(name))
        assert (fidelity.pages > 0) == (name in COLUMNS)


def test_the_lengths_of_zstd_in_chunks_are_nearly_all_the_kernels() -> None:
    """A zbud pool rounds to 64 bytes; so few pages are placed otherwise than in the kernel."""
    for kernel in ("6.1", "6.12"):
        expected, contents = recorded("mixed", "zstd") if kernel == "6.1" else stored(LATER)[1:]
        lengths = PageStore(contents, len(expected)).lengths(compressor("zstd", kernel)).tolist()
        other = sum(
            -(-ours // 64) != -(-theirs // 64) or (ours < 0) != (theirs < 0)
            for ours, theirs in zip(lengths, expected, strict=True)
        )
        assert other < len(expected) * 0.05
        assert len(contents) == len(expected) * PAGE_SIZE
