# SPDX-License-Identifier: GPL-2.0-only
"""How full the pages of a pool are: which share a page with how many, and what is free in each."""

from collections.abc import Callable
from typing import Any

from zswapsim.machine.pools import zbud
from zswapsim.machine.pools.z3fold_page import (
    FIRST,
    FLAGS,
    HEADER_CHUNKS,
    HEADLESS,
    LAST,
    LIVE,
    MIDDLE,
    TOTAL_CHUNKS,
    Z3foldPool,
    zhdr_get,
)
from zswapsim.machine.pools.z3fold_page import UNUSED as Z3FOLD_UNUSED
from zswapsim.machine.pools.zpool import PoolState
from zswapsim.machine.pools.zsmalloc_zspage import UNUSED as ZS_UNUSED
from zswapsim.machine.pools.zsmalloc_zspage import ZsPool

Counts = dict[str, list[int]]


def zbud_occupancy(pool: zbud.ZbudPool) -> Counts:
    """Return pages by their buddies, 0 to 2, and by their free chunks, 0 to 63."""
    told = _by_buddies(2, zbud.NCHUNKS)
    for page in range(int(pool.counts[zbud.UNUSED])):
        if pool.state[page] != zbud.FREE:
            buddies = (int(pool.first_chunks[page]), int(pool.last_chunks[page]))
            _count(told, sum(map(bool, buddies)), zbud.NCHUNKS - sum(buddies))
    return told


def z3fold_occupancy(pool: Z3foldPool) -> Counts:
    """Return pages by their buddies, 0 to 3, and by their free chunks; and headless ones."""
    room = TOTAL_CHUNKS - int(pool.rules[HEADER_CHUNKS])
    told = {**_by_buddies(3, room), "headless_pages": [0]}
    for page in range(1, int(pool.counts[Z3FOLD_UNUSED]) + 1):
        if not zhdr_get(pool, page, FLAGS) & LIVE:
            continue
        if zhdr_get(pool, page, HEADLESS):
            told["headless_pages"][0] += 1
            continue
        buddies = [int(zhdr_get(pool, page, bud)) for bud in (FIRST, MIDDLE, LAST)]
        _count(told, sum(map(bool, buddies)), room - sum(buddies))
    return told


def zsmalloc_occupancy(pool: ZsPool) -> Counts:
    """Return a number for each class that has a zspage: its size, zspages, pages, objects."""
    zspages = [0] * len(pool.size)
    for zspage in range(1, int(pool.counts[ZS_UNUSED]) + 1):
        if pool.zspage_class[zspage]:
            zspages[int(pool.zspage_class[zspage]) - 1] += 1
    classes = [class_ for class_, count in enumerate(zspages) if count]
    return {
        "class_bytes": [int(pool.size[class_]) for class_ in classes],
        "zspages": [zspages[class_] for class_ in classes],
        "pages": [zspages[class_] * int(pool.pages[class_]) for class_ in classes],
        "obj_allocated": [int(pool.obj_allocated[class_]) for class_ in classes],
        "obj_used": [int(pool.obj_used[class_]) for class_ in classes],
    }


def _by_buddies(buddies: int, room: int) -> Counts:
    return {"pages_by_buddies": [0] * (buddies + 1), "pages_by_free_chunks": [0] * (room + 1)}


def _count(told: Counts, buddies: int, free_chunks: int) -> None:
    told["pages_by_buddies"][buddies] += 1
    told["pages_by_free_chunks"][free_chunks] += 1


_OCCUPANCY: dict[type, Callable[[Any], Counts]] = {
    zbud.ZbudPool: zbud_occupancy,
    Z3foldPool: z3fold_occupancy,
    ZsPool: zsmalloc_occupancy,
}


def occupancy_of(pool: PoolState) -> Counts:
    """Return how full the pages of a pool are, nothing for a driver of which that is not known."""
    told = _OCCUPANCY.get(type(pool))
    return {} if told is None else told(pool)
