# SPDX-License-Identifier: GPL-2.0-only
"""What pools make of compressed pages: the allocators of the machine, filled with all of them.

A pool is filled twice, in an order drawn by a seed, as pages are swapped out in no order of their
sizes, and in file order. Nothing is freed: this is the best that an allocator does.
"""

from typing import Any

import numpy as np

from zswapsim.experiment.ratio.lengths import Lengths
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.fill import Filled, fill_pool
from zswapsim.profiles import NO, PROFILES, Profile
from zswapsim.units import PAGE_SIZE

GIB = 1 << 30


def row_of_pool(type_: str, row: Profile) -> Profile:
    """Return the kernel whose pool is filled: that one, or the nearest that had the pool.

    Any will do for a pool that no kernel had.
    """
    rows = list(PROFILES.values())
    had = [other for other in rows if type_ in other.zpools]
    asked = rows.index(row)
    return min(had, key=lambda other: abs(rows.index(other) - asked), default=row)


def pool_numbers(
    type_: str,
    row: Profile,
    lengths: Lengths,
    same_filled: int,
    *,
    seed: int,
    pool_percent: int,
    amount: int = 0,
) -> dict[str, Any]:
    """Fill a pool of that type and kernel; return what came of it, as docs/ratio.md tells.

    lengths: of the pages that need room in a pool; same_filled: those that need none. bytes adds up
    to pool_pages * PAGE_SIZE. steps_bytes: lengths up to which a page takes no more room, rising;
    the last is the longest that the pool takes.
    """
    sizes = _sizes(type_, row, lengths)
    header_bytes = _header_bytes(type_, row)
    tried = sizes[sizes > 0]
    order = np.random.RandomState(seed).permutation(len(tried))
    filled = fill_pool(type_, row, tried[order].tolist(), amount=amount)
    in_file_order = fill_pool(type_, row, tried.tolist(), amount=amount)
    placed = np.asarray(filled.outcomes, np.int64) > 0
    stored = int(np.count_nonzero(placed))
    data_bytes = int(tried[order][placed].sum()) - stored * header_bytes
    return {
        "zpool": type_,
        "kernel": row.kernel,
        "offered": len(lengths),
        "stored": stored,
        "refused": len(lengths) - stored,
        "refused_incompressible": len(sizes) - len(tried),
        "refused_too_large": len(tried) - stored,
        **_density(filled, stored),
        **_worth(filled, stored + same_filled, pool_percent),
        "bytes": _bytes(filled, data_bytes, stored * header_bytes),
        "file_order": _density(in_file_order, stored),
        "steps_bytes": [size - header_bytes for size in filled.steps if size > header_bytes],
    }


def _sizes(type_: str, row: Profile, lengths: Lengths) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return what zswap asks the allocator for, 0 where the compressor's error ends the store."""
    sizes = lengths.astype(np.int64)
    failed = sizes <= 0
    if row.raw_incompressible != NO:
        sizes = np.where(failed | (sizes >= PAGE_SIZE), PAGE_SIZE, sizes)
        failed = np.zeros(len(sizes), np.bool_)
    return np.where(failed, 0, sizes + _header_bytes(type_, row))


def _header_bytes(type_: str, row: Profile) -> int:
    return row.header_bytes if zpool.get_driver(type_).evictable else 0


def _bytes(filled: Filled, data_bytes: int, header_bytes: int) -> dict[str, int]:
    """Return where the bytes of the pool go."""
    told = {"data": data_bytes, "zswap_headers": header_bytes}
    space = filled.space
    if space is None:
        return told | {"other": filled.total_pages * PAGE_SIZE - data_bytes - header_bytes}
    return told | {
        "pool_headers": space.headers,
        "rounding": space.objects - data_bytes - header_bytes,
        "holes": space.holes,
        "tails": space.tails,
        "unfilled": space.unfilled,
    }


def _density(filled: Filled, stored: int) -> dict[str, Any]:
    """Return the pages of a pool, and how many pages are stored in one of them.

    The order changes where an object goes, never whether it is taken.
    """
    pages = filled.total_pages
    return {"pool_pages": pages, "density": stored / pages if pages else None}


def _worth(filled: Filled, held: int, pool_percent: int) -> dict[str, float | None]:
    """Return what a pool holds, of its own size and of memory of which it takes a share.

    Each size class of zsmalloc ends in a zspage that is not full, however large the pool is: of
    few pages that is much, of 1 GiB next to nothing. All else grows with the pages.
    """
    if not filled.total_pages:
        return dict.fromkeys(("effective_ratio", "gib_holds", "ram_ratio"))
    unfilled_bytes = filled.space.unfilled if filled.space else 0
    used_bytes = filled.total_pages * PAGE_SIZE - unfilled_bytes
    holds = held * PAGE_SIZE / used_bytes * max(0, GIB - unfilled_bytes) / GIB
    return {
        "effective_ratio": held / filled.total_pages,
        "gib_holds": holds,
        "ram_ratio": 1 + (holds - 1) * pool_percent / 100,
    }
