# SPDX-License-Identifier: GPL-2.0-only
"""The reduction of a trace as its definition says it, and LRU, both as slow as they are plain."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple, TypeVar

Page = TypeVar("Page", bound=Hashable)
WRITE = 1 << 31

Access = tuple[int, bool]
Free = tuple[int, int]
"""A page was given back: before which access, and which page."""


def safely_allowed_drop(
    accesses: list[tuple[Page, bool]], k: int
) -> tuple[list[int], list[tuple[Page, bool]]]:
    """Return indexes and accesses that stay.

    In order of t3: of the page's last two accesses that are still there, t1 < t2, the later one
    goes if fewer than k distinct pages are accessed from t1 to t3, unless it writes and t1 does
    not.
    """
    there: dict[Page, list[int]] = {}
    dropped = set()
    for t3, (page, _) in enumerate(accesses):
        mine = there.setdefault(page, [])
        if len(mine) >= 2:
            t1, t2 = mine[-2:]
            makes_dirty = accesses[t2][1] and not accesses[t1][1]
            if not makes_dirty and len({other for other, _ in accesses[t1 : t3 + 1]}) < k:
                dropped.add(t2)
                mine.pop()
        mine.append(t3)
    stay = [t for t in range(len(accesses)) if t not in dropped]
    return stay, [accesses[t] for t in stay]


def lives(accesses: list[Access], frees: list[Free]) -> list[tuple[tuple[int, int], bool]]:
    """Return the accesses with pages that are others after each time they were given back."""
    return [
        ((page, sum(of == page and at <= index for at, of in frees)), write)
        for index, (page, write) in enumerate(accesses)
    ]


class Lru(NamedTuple):
    """What LRU did: indexes of the faults, evictions, and (index, page) wherever one got dirty."""

    faults: list[int]
    evictions: list["Eviction"]
    dirtied: list[tuple[int, int]]


class Eviction(NamedTuple):
    """at: index in the whole sequence of the access that needed the room."""

    at: int
    page: int
    dirty: bool


def lru_evictions(
    accesses: list[Access], indexes: list[int], memory: int, frees: list[Free] | None = None
) -> Lru:
    """Return what LRU does with so many pages."""
    resident: OrderedDict[int, bool] = OrderedDict()
    done = Lru([], [], [])
    left = sorted(frees or [])
    for index, (page, write) in zip(indexes, accesses, strict=True):
        while left and left[0][0] <= index:
            resident.pop(left.pop(0)[1], None)
        was_dirty = False
        if page in resident:
            was_dirty = resident.pop(page)
        else:
            done.faults.append(index)
            if len(resident) == memory:
                done.evictions.append(Eviction(index, *resident.popitem(last=False)))
        if write and not was_dirty:
            done.dirtied.append((index, page))
        resident[page] = write or was_dirty
    return done
