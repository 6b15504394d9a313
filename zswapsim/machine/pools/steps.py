# SPDX-License-Identifier: GPL-2.0-only
"""The steps in which a pool gives room: how large an object may be before it takes more."""

from collections.abc import Callable
from typing import Any

from zswapsim.machine.pools import zbud, zsmalloc_zspage
from zswapsim.machine.pools.z3fold_page import CHUNK_SHIFT, HEADER_CHUNKS, TOTAL_CHUNKS, Z3foldPool
from zswapsim.machine.pools.zpool import PoolState
from zswapsim.machine.pools.zsmalloc_classes import ZS_HANDLE_SIZE, ZS_MAX_ALLOC_SIZE
from zswapsim.units import PAGE_SIZE


def zbud_steps(pool: zbud.ZbudPool) -> list[int]:
    """Return the ends of zbud's chunks. Source: Linux 6.1 mm/zbud.c zbud_alloc."""
    return list(range(zbud.CHUNK_SIZE, zbud.MAX_SIZE + 1, zbud.CHUNK_SIZE))


def z3fold_steps(pool: Z3foldPool) -> list[int]:
    """Return the ends of z3fold's chunks; what is larger takes a headless page.

    Source: Linux 6.1 mm/z3fold.c z3fold_alloc.
    """
    most = TOTAL_CHUNKS - int(pool.rules[HEADER_CHUNKS]) - 1
    return [chunks << CHUNK_SHIFT for chunks in range(1, most + 1)] + [PAGE_SIZE]


def zsmalloc_steps(pool: zsmalloc_zspage.ZsPool) -> list[int]:
    """Return the sizes of the classes less the handle, which an object of 4096 bytes has not."""
    sizes = sorted({int(pool.size[pool.merged[index]]) for index in range(len(pool.merged))})
    return [size - ZS_HANDLE_SIZE for size in sizes[:-1]] + [ZS_MAX_ALLOC_SIZE]


_STEPS: dict[type, Callable[[Any], list[int]]] = {
    zbud.ZbudPool: zbud_steps,
    Z3foldPool: z3fold_steps,
    zsmalloc_zspage.ZsPool: zsmalloc_steps,
}


def steps_of(pool: PoolState) -> list[int]:
    """Return the largest size in bytes of each step, rising; the last is the largest taken.

    Nothing for a driver of which that is not known.
    """
    told = _STEPS.get(type(pool))
    return [] if told is None else told(pool)
