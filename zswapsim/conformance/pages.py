# SPDX-License-Identifier: GPL-2.0-only
"""Pages that programs have, and those that are hard on a compressor."""

import struct
from collections.abc import Callable, Iterator
from random import Random

from zswapsim.units import PAGE_SIZE

WORDS = ("the", "page", "swap", "kernel", "of", "memory", "a", "and", "is", "pool", "\n", "0x7f")


def sample_pages(seed: int = 1, each: int = 4) -> Iterator[tuple[str, bytes]]:
    """Yield pages with what they are; the same ones for the same seed. each: so many of a kind."""
    yield "zeros", bytes(PAGE_SIZE)
    yield "one byte repeated", b"\xff" * PAGE_SIZE
    yield "one word repeated", struct.pack("<Q", 0x0123456789ABCDEF) * (PAGE_SIZE // 8)
    yield "all bytes in turn", bytes(range(256)) * (PAGE_SIZE // 256)
    yield "zeros but for the last byte", bytes(PAGE_SIZE - 1) + b"\1"
    yield "zeros but for the first byte", b"\1" + bytes(PAGE_SIZE - 1)
    random = Random(seed)
    for what, make in _KINDS.items():
        for _ in range(each):
            yield what, make(random)[:PAGE_SIZE].ljust(PAGE_SIZE, b"\0")


def _noise(random: Random) -> bytes:
    return random.randbytes(PAGE_SIZE)


def _half_noise(random: Random) -> bytes:
    return random.randbytes(random.randrange(PAGE_SIZE))


def _text(random: Random) -> bytes:
    return " ".join(random.choice(WORDS) for _ in range(PAGE_SIZE)).encode()


def _pointers(random: Random) -> bytes:
    base = 0x7F0000000000 + (random.randrange(1 << 20) << 12)
    numbers = (base + 16 * random.randrange(4096) for _ in range(PAGE_SIZE // 8))
    return struct.pack(f"<{PAGE_SIZE // 8}Q", *numbers)


def _counters(random: Random) -> bytes:
    start = random.randrange(1 << 16)
    return struct.pack(f"<{PAGE_SIZE // 4}I", *range(start, start + PAGE_SIZE // 4))


def _runs(random: Random) -> bytes:
    parts = b""
    while len(parts) < PAGE_SIZE:
        parts += random.randbytes(random.randint(1, 40)) * random.randint(1, 60)
    return parts


def _far_matches(random: Random) -> bytes:
    part = random.randbytes(random.choice((1024, 2047, 2048)))
    return part + random.randbytes(PAGE_SIZE - 2 * len(part)) + part


_KINDS: dict[str, Callable[[Random], bytes]] = {
    "noise": _noise,
    "noise and zeros": _half_noise,
    "text": _text,
    "pointers": _pointers,
    "counters": _counters,
    "runs": _runs,
    "matches far apart": _far_matches,
}
