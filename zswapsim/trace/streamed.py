# SPDX-License-Identifier: GPL-2.0-only
"""Traces whose accesses are made anew each time they are read: cuts, merges, made-up ones."""

from collections.abc import Callable, Iterator

import numpy as np

from zswapsim.trace.contents import Contents
from zswapsim.trace.counts import U32, U64
from zswapsim.trace.trace import Source, Versions


class Streamed:
    """The source of a trace whose accesses come from a function."""

    def __init__(
        self,
        make_blocks: Callable[[], Iterator[U32]],
        versions: Versions,
        contents: Contents,
        page_numbers: U64 | None = None,
    ) -> None:
        """make_blocks: yields all accesses from the start, the same ones each time, in any blocks.

        The rest is as in Source.
        """
        self._make_blocks = make_blocks
        self._versions = versions
        self._contents = contents
        self._page_numbers = page_numbers

    def blocks(self, block_accesses: int) -> Iterator[U32]:
        """Make the accesses again."""
        return reblocked(self._make_blocks(), block_accesses)

    def versions(self) -> Versions:
        """Return the arrays."""
        return self._versions

    def contents(self) -> Contents:
        """Return the bytes."""
        return self._contents

    def page_numbers(self) -> U64 | None:
        """Return the array."""
        return self._page_numbers


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


_: type[Source] = Streamed
