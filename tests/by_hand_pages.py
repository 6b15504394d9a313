# SPDX-License-Identifier: GPL-2.0-only
"""Pages of known nature for the tests of Zswap by hand."""

import random
from collections.abc import Callable

from zswapsim import Zswap

ZEROS = bytes(4096)
WORD = b"zswapsim" * 512
NOISE = random.Random(1).randbytes(4096)
Make = Callable[..., Zswap]


def text(number: int) -> bytes:
    """A page that compresses well, another for each number."""
    return b"".join(b"%d times %d; " % (number, n) for n in range(800))[:4096]


def dense(number: int) -> bytes:
    """A page that takes a pool page of its own, another for each number."""
    return random.Random(number).randbytes(2600) + bytes(1496)


def raw(number: int) -> bytes:
    """A page that compresses so poorly that zram stores it raw, another for each number."""
    return random.Random(number).randbytes(3600) + bytes(496)
