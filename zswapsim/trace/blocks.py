# SPDX-License-Identifier: GPL-2.0-only
"""Blocks of accesses, joined and divided anew."""

from collections.abc import Iterator

import numpy as np

from zswapsim.trace.counts import U32


def reblocked(blocks: Iterator[U32], block_accesses: int) -> Iterator[U32]:
    """Yield the same accesses in blocks of block_accesses, the last one shorter."""
    waiting: list[U32] = []
    missing = block_accesses
    for given in blocks:
        block = given
        while len(block) >= missing:
            waiting.append(block[:missing])
            yield waiting[0] if len(waiting) == 1 else np.concatenate(waiting)
            block = block[missing:]
            waiting, missing = [], block_accesses
        if len(block):
            waiting.append(block)
            missing -= len(block)
    if waiting:
        yield np.concatenate(waiting)
