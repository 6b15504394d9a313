# SPDX-License-Identifier: GPL-2.0-only
"""Calls of a library's C functions from simulated code, by their addresses.

call_native passes six integers, or addresses, as registers hold them; a function that takes fewer
does not look at the others. engines.py teaches it to numba.
"""

import ctypes
import platform

_WORD = ctypes.c_ssize_t
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, *[_WORD] * 6)


def calls_are_known() -> bool:
    """Say whether this processor passes six integers in registers, as call_native supposes."""
    return platform.machine() in ("x86_64", "aarch64")


def call_native(address: int, a: int, b: int, c: int, d: int, e: int, f: int) -> int:
    """Call a C function that returns an int, or nothing, and return that."""
    return _FUNCTION(address)(a, b, c, d, e, f)  # type: ignore[no-any-return]
