# SPDX-License-Identifier: GPL-2.0-only
"""Pages made up in place of real ones: of the same compressed lengths, without the bytes.

A made-up page is a few random bytes, repeated, and random bytes behind: one match and literals,
whose compressed length is known beforehand, and is checked. Equal pages become equal ones,
different pages different ones; pages of zeros or of one repeated word stay. The random bytes come
from the page by a key that is forgotten, so that a page cannot be found by trying.
"""

import hashlib
import secrets
from collections.abc import Callable
from functools import cache

from zswapsim.errors import ZswapSimError
from zswapsim.units import PAGE_SIZE

_WORD = 8
_LAST_LITERALS = 5
"""LZ4 ends with so many at least."""
_LEAST_MATCH, _MATCH_IN_TOKEN, _LITERALS_IN_TOKEN = 4, 15, 15
_MOST_PERIOD = 32
_MOST_MORE = 40
"""More than a block is longer than its literals."""
_ATTEMPTS = 1000


class Scrubber:
    """Makes up pages: call it with each page.

    length_of: a page's compressed length, for compressor NAME of an LZ4 block format.
    """

    NAME = "lz4"

    def __init__(self, length_of: Callable[[bytes], int], key: bytes | None = None) -> None:
        """key: up to 64 bytes, random unless given."""
        self._length_of = length_of
        self._key = secrets.token_bytes(32) if key is None else key
        self._attempt: dict[bytes, int] = {}
        self._made: set[bytes] = set()

    def __call__(self, page: bytes) -> bytes:
        """Return the page in place of a page. ZswapSimError if none was found; not known to be."""
        if page[:_WORD] * (PAGE_SIZE // _WORD) == page:
            return page
        digest = hashlib.blake2b(page, digest_size=32, key=self._key).digest()
        if digest in self._attempt:
            return self._make(self._length_of(page), digest, self._attempt[digest])
        length = self._length_of(page)
        for attempt in range(_ATTEMPTS):
            made = self._make(length, digest, attempt)
            short = hashlib.blake2b(made, digest_size=16).digest()
            if (
                short not in self._made
                and made[:_WORD] * (PAGE_SIZE // _WORD) != made
                and self._length_of(made) == length
            ):
                self._made.add(short)
                self._attempt[digest] = attempt
                return made
        raise ZswapSimError(f"no page could be made up that {self.NAME} makes {length} bytes of")

    def _make(self, length: int, digest: bytes, attempt: int) -> bytes:
        noise = hashlib.shake_128(digest + attempt.to_bytes(4, "little")).digest(PAGE_SIZE)
        shapes = shapes_of(length)
        if not shapes:
            return noise
        period, literals = shapes[attempt % len(shapes)]
        run = (noise[:period] * PAGE_SIZE)[: PAGE_SIZE - literals]
        return run + noise[PAGE_SIZE - literals :]


@cache
def shapes_of(length: int) -> list[tuple[int, int]]:
    """Return the shapes of pages that LZ4 makes so many bytes of, those with short periods first.

    A shape is (period, literals): a run of random bytes repeated every period bytes, and so many
    random bytes behind. Longer lengths than there are shapes for mean random bytes throughout.
    """
    found = []
    for period in range(1, _MOST_PERIOD):
        most = min(length - period, PAGE_SIZE - period - _LEAST_MATCH)
        for literals in range(max(_LAST_LITERALS, length - period - _MOST_MORE), most + 1):
            if _block_length(period, literals) == length:
                found.append((period, literals))
    return found


def _block_length(period: int, literals: int) -> int:
    """Return the length of an LZ4 block of these literals, a match, and those literals."""
    match = PAGE_SIZE - period - literals
    before = 1 + _more(period - _LITERALS_IN_TOKEN) + period
    matched = 2 + _more(match - _LEAST_MATCH - _MATCH_IN_TOKEN)
    return before + matched + 1 + _more(literals - _LITERALS_IN_TOKEN) + literals


def _more(rest: int) -> int:
    """Return the bytes that follow a token for what does not fit it."""
    return 0 if rest < 0 else rest // 255 + 1
