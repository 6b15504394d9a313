# SPDX-License-Identifier: GPL-2.0-only
"""What a page looks like, by simple rules that need no compressor. The first that fits counts.

    zero            all bytes are zero
    same            one 8-byte word repeated: what zswap and zram keep without any memory
    text            at least half of the bytes, and four fifths of those that are not zero, are
                    printable ASCII or white space
    pointers        at least a fifth of the aligned 8-byte words could be addresses: multiples of 8
                    from 2**24 up to 2**48
    incompressible  the bytes have an entropy of at least 7.2 bits of 8, and nine tenths of the
                    8-byte words are different: noise, or what is compressed already
    compressible    all others: numbers, tables, machine code, and pages that are mostly empty

They tell what kind of data a program keeps, not what a compressor makes of it: a replay does.
"""

import numpy as np
import numpy.typing as npt

from zswapsim.units import PAGE_SIZE

KINDS = ("zero", "same", "text", "pointers", "compressible", "incompressible")
ZERO, SAME, TEXT, POINTERS, COMPRESSIBLE, INCOMPRESSIBLE = range(6)

_WORDS = PAGE_SIZE // 8
_TEXT_BYTES = np.array([9, 10, 13, *range(0x20, 0x7F)])
_LOWEST_ADDRESS, _END_OF_ADDRESSES = np.uint64(1 << 24), np.uint64(1 << 48)
_NOISE_BITS = 7.2
_AT_A_TIME = 256


def kinds_of(pages: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the kind of each page, an index of KINDS. pages: uint8 (n, PAGE_SIZE)."""
    kinds = np.empty(len(pages), np.int64)
    for start in range(0, len(pages), _AT_A_TIME):
        kinds[start : start + _AT_A_TIME] = _kinds_of_some(pages[start : start + _AT_A_TIME])
    return kinds


def _kinds_of_some(pages: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    count = len(pages)
    words = np.ascontiguousarray(pages).view("<u8")
    place = pages + 256 * np.arange(count)[:, None]
    # How often each page has each byte: (count, 256).
    bytes_of = np.bincount(place.reshape(-1), minlength=256 * count).reshape(count, 256)
    text_bytes = bytes_of[:, _TEXT_BYTES].sum(axis=1)
    filled_bytes = PAGE_SIZE - bytes_of[:, 0]
    same = (words == words[:, :1]).all(axis=1)
    kinds = np.full(count, COMPRESSIBLE)
    # The first rule that fits counts, so it comes last.
    kinds[_is_noise(bytes_of, words)] = INCOMPRESSIBLE
    kinds[5 * _addresses(words) >= _WORDS] = POINTERS
    kinds[(2 * text_bytes >= PAGE_SIZE) & (5 * text_bytes >= 4 * filled_bytes)] = TEXT
    kinds[same] = SAME
    kinds[filled_bytes == 0] = ZERO
    return kinds


def _addresses(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    could_be = (
        (words >= _LOWEST_ADDRESS) & (words < _END_OF_ADDRESSES) & (words & np.uint64(7) == 0)
    )
    return np.count_nonzero(could_be, axis=1)  # type: ignore[no-any-return]


def _is_noise(
    bytes_of: npt.NDArray[np.int64], words: npt.NDArray[np.uint64]
) -> npt.NDArray[np.bool_]:
    share = bytes_of / PAGE_SIZE
    entropy_bits = -(share * np.log2(share, where=share > 0, out=np.zeros_like(share))).sum(axis=1)
    noise: npt.NDArray[np.bool_] = entropy_bits >= _NOISE_BITS
    # Sorting is the dearest of the rules, and few pages come as far.
    ordered = np.sort(words[noise], axis=1)
    different = 1 + np.count_nonzero(ordered[:, 1:] != ordered[:, :-1], axis=1)
    noise[noise] = 10 * different >= 9 * _WORDS
    return noise
