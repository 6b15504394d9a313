# SPDX-License-Identifier: GPL-2.0-only
"""What differs between plain data and the data before it: a step changes little of a large state.

A difference is a list, its first element one of

    0, value                      all is new
    1, {name: difference}         a mapping of the same names, of which these differ
    2, kept, more, [values]       a list: the first `kept` of the old, values, the last `more` of it
    3, {index: difference}        a list as long as the old, of which these elements differ

The script difference.js goes the other way.
"""

from itertools import takewhile
from operator import eq
from typing import Any

Difference = list[Any]
REPLACED, NAMES, SPLICE, ELEMENTS = range(4)


def difference(old: Any, new: Any) -> Difference | None:
    """Return what makes new of old, None if they are equal."""
    if old == new:
        return None
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        changed = {name: difference(old[name], new[name]) for name in new}
        return [NAMES, {name: told for name, told in changed.items() if told is not None}]
    if isinstance(old, list) and isinstance(new, list):
        return _of_lists(old, new)
    return [REPLACED, new]


def _of_lists(old: list[Any], new: list[Any]) -> Difference:
    kept = _same(old, new, min(len(old), len(new)))
    more = _same(old[::-1], new[::-1], min(len(old), len(new)) - kept)
    if len(old) == len(new) and all(isinstance(one, dict) for one in new[kept : len(new) - more]):
        told = {at: difference(old[at], new[at]) for at in range(kept, len(new) - more)}
        return [ELEMENTS, {str(at): one for at, one in told.items() if one is not None}]
    return [SPLICE, kept, more, new[kept : len(new) - more]]


def _same(one: list[Any], other: list[Any], most: int) -> int:
    """Return how many elements at the start are equal, most of them."""
    return sum(1 for _ in takewhile(bool, map(eq, one[:most], other[:most])))
