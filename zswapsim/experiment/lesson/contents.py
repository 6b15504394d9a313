# SPDX-License-Identifier: GPL-2.0-only
"""Pages that a script asks for: of a kind, as another slot's, or of a compressed size."""

from collections.abc import Iterator
from functools import lru_cache

from zswapsim.content.compressors import compressor
from zswapsim.trace.synthetic.contents import DEFAULT_MIX, MAKERS, parse_mix
from zswapsim.trace.synthetic.random import random_state
from zswapsim.units import PAGE_SIZE

KINDS = (*MAKERS, "mixed")
"""What a content may be called, besides size=BYTES and like SLOT."""

_NEAR = 24
_VARIANTS = 3
_TAIL = 128


@lru_cache(maxsize=4096)
def page_of_kind(kind: str, seed: int, slot: int) -> bytes:
    """Return the page of a kind that a slot gets: the same for the same seed and slot."""
    numbers = random_state(seed, slot)
    if kind == "mixed":
        mix = parse_mix(DEFAULT_MIX)
        drawn = float(numbers.random_sample()) * 100
        for name, percent in mix.items():
            kind, drawn = name, drawn - percent
            if drawn < 0:
                break
    return MAKERS[kind](numbers)


@lru_cache(maxsize=4096)
def page_of_size(spec: str, kernel: str, length: int, seed: int, slot: int) -> bytes:
    """Return a page that a compressor makes as near to so many bytes as it can.

    Random bytes, and zeros after them: the more of these, the smaller. Of the pages that come near,
    the first that is exact, else the nearest, is taken.
    """
    codec = compressor(spec, kernel)
    noise = random_state(seed, slot).bytes(PAGE_SIZE)
    low, high = 1, PAGE_SIZE
    while low < high:
        middle = (low + high) // 2
        if len(codec.compress(_page(noise, middle))) < length:
            low = middle + 1
        else:
            high = middle
    best, missed = _page(noise, low), PAGE_SIZE
    for page in _near(noise, low):
        away = abs(len(codec.compress(page)) - length)
        if away < missed:
            best, missed = page, away
        if away == 0:
            break
    return best


def _page(noise: bytes, random_bytes: int, tail_bytes: int = 0) -> bytes:
    zeros = bytes(PAGE_SIZE - random_bytes - tail_bytes)
    return noise[:random_bytes] + zeros + noise[PAGE_SIZE - tail_bytes :]


def _near(noise: bytes, random_bytes: int) -> Iterator[bytes]:
    """Yield pages about that compressible.

    A bit more or less; with a repeat inside; and with more random bytes behind the zeros, as lzo,
    which looks at few places of random bytes, finds the zeros late and in steps.
    """
    for repeat in range(_VARIANTS):
        for distance in sorted(range(-_NEAR, _NEAR + 1), key=abs):
            count = random_bytes + distance
            if not 1 <= count <= PAGE_SIZE:
                continue
            page = bytearray(_page(noise, count))
            if repeat and count > 64:
                page[32 : 32 + 3 + repeat] = page[: 3 + repeat]
            yield bytes(page)
    for tail_bytes in range(1, 2 * _TAIL):
        if _TAIL < random_bytes <= PAGE_SIZE - tail_bytes + _TAIL:
            yield _page(noise, random_bytes - _TAIL, tail_bytes)
