# SPDX-License-Identifier: GPL-2.0-only
"""Memory and C functions by their addresses, for simulated code that carries bytes.

call_native passes six integers, or addresses, as registers hold them; a function that takes fewer
does not look at the others. engines.py teaches all of these to numba. An address that is wrong
ends the process: who calls these has looked at it.
"""

import contextlib
import ctypes
import platform
from collections.abc import Callable
from functools import cache
from time import perf_counter_ns
from typing import Any

_WORD = ctypes.c_ssize_t
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, *[_WORD] * 6)


def calls_are_known() -> bool:
    """Say whether this processor passes six integers in registers, as call_native supposes."""
    return platform.machine() in ("x86_64", "aarch64")


def function_address(library: str, name: str) -> int | None:
    """Return where a C function of a shared library is, for call_native; None: not to be had."""
    if not calls_are_known():
        return None
    with contextlib.suppress(OSError, AttributeError):
        function = getattr(ctypes.CDLL(library), name)
        return ctypes.cast(function, ctypes.c_void_p).value
    return None


@cache
def _function(address: int) -> Any:
    return _FUNCTION(address)


def call_native(address: int, a: int, b: int, c: int, d: int, e: int, f: int) -> int:
    """Call a C function that returns an int, or nothing, and return that."""
    return _function(address)(a, b, c, d, e, f)  # type: ignore[no-any-return]


def copy_memory(target: int, source: int, length: int) -> None:
    """Copy length bytes, as memmove does: the two places may overlap."""
    ctypes.memmove(target, source, length)


def is_same_memory(one: int, other: int, length: int) -> bool:
    """Say whether length bytes are the same in two places."""
    return ctypes.string_at(one, length) == ctypes.string_at(other, length)


def load_word(address: int) -> int:
    """Return the signed 64-bit word at an address, aligned or not."""
    return ctypes.c_int64.from_address(address).value


def store_word(address: int, value: int) -> None:
    """Put a signed 64-bit word at an address, aligned or not."""
    ctypes.c_int64.from_address(address).value = value


def clock_ns() -> int:
    """Return nanoseconds since some moment."""
    return perf_counter_ns()


class Callback:
    """A Python function of six integers as a C function. address: to be called by call_native,

    until it is closed.
    What the function raises is kept for raise_again, and -1 returned, as C knows no exceptions.
    """

    def __init__(self, function: Callable[[int, int, int, int, int, int], int]) -> None:
        self._raised: BaseException | None = None
        self._function = function
        self._held: list[Any] = [_FUNCTION(self._call)]
        # Not by cast, which makes the function refer to itself.
        self.address: int = ctypes.c_void_p.from_buffer(self._held[0]).value or 0

    def close(self) -> None:
        """Let go of the function; the C one refers to this object, and this one to that."""
        self._held.clear()

    def _call(self, a: int, b: int, c: int, d: int, e: int, f: int) -> int:
        try:
            return self._function(a, b, c, d, e, f)
        except BaseException as error:
            self._raised = error
            return -1

    def raise_again(self) -> None:
        """Raise what the function raised, if it did, once."""
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised
