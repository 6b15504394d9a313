# SPDX-License-Identifier: GPL-2.0-only
"""Random numbers that are the same on every machine, whatever its numpy and mathematics library."""

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument

Floats = npt.NDArray[np.float64]

_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476


def random_state(seed: int, stream: int | None = None) -> np.random.RandomState:
    """Return the numbers of a seed; each stream of a seed has its own.

    Not Generator: only RandomState's numbers are promised to stay the same in all numpy versions.
    InvalidArgument if the seed is not below 2**32.
    """
    if not 0 <= seed < 1 << 32:
        raise InvalidArgument(f"seed is {seed}; allowed are 0..{(1 << 32) - 1}")
    return np.random.RandomState(seed if stream is None else [seed, stream])


def popularity(pages: int, alpha: float) -> Floats:
    """Return the running sum of k ** -alpha for the ranks k = 1..pages: float64 (pages,).

    Made of additions, multiplications and divisions, which every machine rounds alike; pow and exp
    are not, and a share that differs in its last bit makes another trace.
    """
    rank = np.arange(1, pages + 1, dtype=np.float64)
    return np.cumsum(_exp(-alpha * _log(rank)))


def _log(x: Floats) -> Floats:
    part, exponent = np.frexp(x)
    small = part < _ROOT_HALF
    part = np.where(small, 2 * part, part)
    exponent = exponent - small
    # ln part = 2 artanh s, with |s| < 0.172: the term of s**23 is below 2**-57.
    s = (part - 1) / (part + 1)
    square = s * s
    series = np.zeros_like(s)
    for power in range(23, 0, -2):
        series = series * square + 1 / power
    logarithm: Floats = exponent * _LN2 + 2 * s * series
    return logarithm


def _exp(x: Floats) -> Floats:
    whole = np.rint(x / _LN2)
    rest = x - whole * _LN2
    series = np.ones_like(rest)
    for term in range(16, 0, -1):
        series = series * rest / term + 1
    return np.ldexp(series, whole.astype(np.int64))
