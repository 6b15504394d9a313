# SPDX-License-Identifier: GPL-2.0-only
"""What encoders do with bytes besides reading and writing one: words of several, runs, copies.

Bytes are bytes or a bytearray when interpreted and a numpy array when compiled: uint8, one
dimension, contiguous. engines.py teaches these functions to numba; both ways give the same
numbers, all of them not negative and below 2**32. Places outside the array are an error when
interpreted and undefined when compiled.
"""

import struct
from typing import Any, TypeAlias

Bytes: TypeAlias = bytes | bytearray

_U32 = struct.Struct("<I").unpack_from
_U64 = struct.Struct("<Q").unpack_from


def load_u32(data: Bytes, at: int) -> int:
    """Return the little-endian 32-bit word at a byte, aligned or not."""
    return _U32(data, at)[0]  # type: ignore[no-any-return]


def matching_bytes(data: Bytes, at: int, other: int) -> int:
    """Return how many of the 8 bytes at `at` equal those at `other`, from the first on: 0..8."""
    different: int = _U64(data, at)[0] ^ _U64(data, other)[0]
    if different == 0:
        return 8
    return ((different & -different).bit_length() - 1) >> 3


def copy_bytes(target: bytearray, at: int, source: Bytes, start: int, length: int) -> None:
    """Copy length bytes from source, at start, to target, at `at`; the two are not one array."""
    target[at : at + length] = source[start : start + length]


def clear(numbers: Any) -> None:
    """Set a list, or an array of integers, to zeros."""
    numbers[:] = [0] * len(numbers)
