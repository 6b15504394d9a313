# SPDX-License-Identifier: GPL-2.0-only
"""Same-filled pages: all 512 little-endian 64-bit words are equal.

Models zswap_is_page_same_filled (specification 5.4): any pattern of 1, 2, 4 or 8 bytes qualifies.
"""

from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from zswapsim.content.compressors.protocol import Buffer
from zswapsim.errors import InvalidArgument
from zswapsim.units import PAGE_SIZE

SAME_FILLED, ZERO_FILLED = 1, 2
"""Kinds of same-filled pages: of any word, and of zeros, which later kernels treat apart."""

_WORDS = PAGE_SIZE // 8
# 4 MiB at a time, so that a mapped file is not drawn into memory as a whole.
_BLOCK_PAGES = 1024


def same_filled_words(contents: Buffer | mmap) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Return for every page whether it is same-filled, and its word.

    contents: C pages of 4096 bytes end to end; InvalidArgument if it is not whole pages.
    Returns: flags, uint8, shape (C,), 0 or 1; words, uint64, shape (C,), 0 where the flag is 0.
    """
    size = memoryview(contents).nbytes
    if size % PAGE_SIZE:
        raise InvalidArgument(f"{size} bytes are not whole pages of {PAGE_SIZE} bytes")
    count = size // PAGE_SIZE
    flags = np.zeros(count, np.uint8)
    words = np.zeros(count, np.uint64)
    if not count:
        return flags, words
    pages = np.frombuffer(contents, "<u8").reshape(count, _WORDS)
    for start in range(0, count, _BLOCK_PAGES):
        block = pages[start : start + _BLOCK_PAGES]
        # First and last word decide for nearly every page.
        hopeful = np.flatnonzero(block[:, 0] == block[:, -1])
        same = hopeful[(block[hopeful] == block[hopeful, :1]).all(axis=1)]
        flags[start + same] = 1
        words[start + same] = block[same, 0]
    return flags, words


def same_filled_kinds(contents: Buffer | mmap) -> NDArray[np.uint8]:
    """Return for every page 0, SAME_FILLED or ZERO_FILLED; shape and errors as above."""
    flags, words = same_filled_words(contents)
    return np.where((flags == SAME_FILLED) & (words == 0), np.uint8(ZERO_FILLED), flags)
