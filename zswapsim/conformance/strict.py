# SPDX-License-Identifier: GPL-2.0-only
"""Arrays for interpreted runs that refuse what compiled code cannot do."""

from typing import Any

from zswapsim.engine import engines
from zswapsim.engine.simulated import Item, Zeros

_get, _set = list.__getitem__, list.__setitem__
"""Named here, as tests spend most of their time in these, and super() takes half of it."""

RANGES = {f"int{bits}": range(-(1 << bits - 1), 1 << bits - 1) for bits in (8, 16, 32, 64)}


class StrictInts(list[int]):
    """The interpreted machine's array without Python's negative indices: compiled has none.

    IndexError or OverflowError says what compiled code would have done silently. item: what it
    would keep a number in.
    """

    def __init__(self, values: list[int], item: Item = "int64") -> None:
        super().__init__(values)
        self._item = item

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int) and index < 0:
            raise IndexError(f"index {index}")
        return _get(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if index < 0:
            raise IndexError(f"index {index}")
        if not hasattr(value, "__index__"):
            raise TypeError(f"{value!r} is no integer")
        if value not in RANGES[self._item]:
            raise OverflowError(f"{value} does not fit into {self._item}")
        _set(self, index, value)


def strict_zeros(length: int, item: Item = "int64") -> StrictInts:
    """Return an array of zeros."""
    return StrictInts([0] * length, item)


def zeros_of(engine: str) -> Zeros:
    """Return the array maker of an engine; the interpreted one's arrays are strict."""
    return engines.zeros(engine) if engine == "compiled" else strict_zeros


def plain(ints: Any) -> list[int]:
    """Return an engine's integers as a list."""
    return [int(ints[i]) for i in range(len(ints))]


def flatten(state: Any) -> Any:
    """Return a state as nested lists, equal for both engines where the states are equal."""
    if isinstance(state, tuple):
        return [flatten(part) for part in state]
    return plain(state)
