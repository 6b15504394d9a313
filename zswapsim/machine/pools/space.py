# SPDX-License-Identifier: GPL-2.0-only
"""Where the memory of a pool goes: what its objects may use, and what nobody can.

Told from the pool's state alone, so that it can be compared with what was asked for.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from zswapsim.machine.pools.z3fold_page import (
    CHUNK_SIZE,
    FIRST,
    FLAGS,
    HEADER_CHUNKS,
    HEADLESS,
    LAST,
    LIVE,
    MIDDLE,
    PAGE_SIZE,
    TOTAL_CHUNKS,
    Z3foldPool,
    zhdr_get,
)
from zswapsim.machine.pools.z3fold_page import PAGES_NR as Z3FOLD_PAGES
from zswapsim.machine.pools.z3fold_page import UNUSED as Z3FOLD_UNUSED
from zswapsim.machine.pools.zbud import CHUNK_SIZE as ZBUD_CHUNK
from zswapsim.machine.pools.zbud import FREE, ZHDR_SIZE_ALIGNED, ZbudPool
from zswapsim.machine.pools.zbud import PAGES_NR as ZBUD_PAGES
from zswapsim.machine.pools.zbud import UNUSED as ZBUD_UNUSED
from zswapsim.machine.pools.zpool import PoolState
from zswapsim.machine.pools.zsmalloc_zspage import UNUSED as ZS_UNUSED
from zswapsim.machine.pools.zsmalloc_zspage import ZsPool, data_offset


class Space(NamedTuple):
    """Bytes of a pool's pages; they add up to all of these.

    objects: room that objects were given, rounded up; headers: of pages, or of objects (handles);
    holes: free, in pages that hold something (zbud, z3fold), and smaller than what was asked for
    since; tails: the ends of zspages, too short for an object of their class; unfilled: room for
    objects in zspages that are not full.
    """

    objects: int = 0
    headers: int = 0
    holes: int = 0
    tails: int = 0
    unfilled: int = 0


def zbud_space(pool: ZbudPool) -> Space:
    """Return where the memory of a zbud pool goes."""
    chunks = sum(
        int(pool.first_chunks[page] + pool.last_chunks[page])
        for page in range(pool.counts[ZBUD_UNUSED])
        if pool.state[page] != FREE
    )
    pages = int(pool.counts[ZBUD_PAGES])
    objects, headers = chunks * ZBUD_CHUNK, pages * ZHDR_SIZE_ALIGNED
    return Space(objects=objects, headers=headers, holes=pages * PAGE_SIZE - objects - headers)


def z3fold_space(pool: Z3foldPool) -> Space:
    """Return where the memory of a z3fold pool goes. A headless page has no header."""
    chunks = header_chunks = 0
    for page in range(1, pool.counts[Z3FOLD_UNUSED] + 1):
        if not zhdr_get(pool, page, FLAGS) & LIVE:
            continue
        headless = zhdr_get(pool, page, HEADLESS)
        chunks += int(headless + sum(zhdr_get(pool, page, bud) for bud in (FIRST, MIDDLE, LAST)))
        header_chunks += 0 if headless else int(pool.rules[HEADER_CHUNKS])
    free = int(pool.counts[Z3FOLD_PAGES]) * TOTAL_CHUNKS - chunks - header_chunks
    return Space(
        objects=chunks * CHUNK_SIZE, headers=header_chunks * CHUNK_SIZE, holes=free * CHUNK_SIZE
    )


def zsmalloc_space(pool: ZsPool) -> Space:
    """Return where the memory of a zsmalloc pool goes. Huge zspages have no handles."""
    objects = headers = tails = unfilled = 0
    for zspage in range(1, pool.counts[ZS_UNUSED] + 1):
        class_ = int(pool.zspage_class[zspage]) - 1
        if class_ < 0:
            continue
        size, objs, inuse = int(pool.size[class_]), int(pool.objs[class_]), int(pool.inuse[zspage])
        handle = int(data_offset(pool, class_))
        objects += inuse * (size - handle)
        headers += inuse * handle
        unfilled += (objs - inuse) * size
        tails += int(pool.pages[class_]) * PAGE_SIZE - objs * size
    return Space(objects=objects, headers=headers, tails=tails, unfilled=unfilled)


_SPACE: dict[type, Callable[[Any], Space]] = {
    ZbudPool: zbud_space,
    Z3foldPool: z3fold_space,
    ZsPool: zsmalloc_space,
}


def space_of(pool: PoolState) -> Space | None:
    """Return where the memory of a pool goes, or None for a driver of which that is not known."""
    told = _SPACE.get(type(pool))
    return None if told is None else told(pool)
