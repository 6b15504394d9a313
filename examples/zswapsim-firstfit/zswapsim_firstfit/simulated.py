# SPDX-License-Identifier: GPL-2.0-only
"""firstfit: what plain.py does, in the machine's style, which runs interpreted and compiled.

State is a NamedTuple of integer arrays, made by `zeros`; functions are marked @simulated, take and
return integers, and are registered for the type of the state.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, ENOSPC, InvariantError
from zswapsim.machine.pools import zpool

PAGE_SIZE = 4096
CHUNK_SIZE = 64
CHUNKS = PAGE_SIZE // CHUNK_SIZE

PAGES, RECLAIMED = range(2)


class FirstFit(NamedTuple):
    """A pool. A handle is the number of the object's first chunk, counted from 1.

    used: shape (chunks,), 0 or 1; length: shape (chunks,), chunks of the object that begins there,
    or 0; owner: shape (chunks,), its owner's word; in_use: shape (pages,), used chunks;
    counts: PAGES in use, RECLAIMED by the last shrink.
    """

    used: Ints
    length: Ints
    owner: Ints
    in_use: Ints
    counts: Ints


def create(max_pages: int, zeros: Zeros) -> FirstFit:
    """Return an empty pool."""
    chunks = max_pages * CHUNKS
    return FirstFit(zeros(chunks), zeros(chunks), zeros(chunks), zeros(max_pages), zeros(2))


@simulated
def firstfit_find(pool: FirstFit, wanted: int) -> int:
    """Return the first chunk of the first hole of so many, or -ENOMEM."""
    for page in range(len(pool.in_use)):
        if pool.in_use[page] + wanted > CHUNKS:
            continue
        hole = 0
        for chunk in range(page * CHUNKS, (page + 1) * CHUNKS):
            hole = 0 if pool.used[chunk] != 0 else hole + 1
            if hole == wanted:
                return chunk + 1 - wanted
    return -ENOMEM


@simulated
def firstfit_set(pool: FirstFit, first: int, length: int, used: int) -> None:
    """Mark chunks as used or free, and count."""
    page = first // CHUNKS
    before = pool.in_use[page]
    for chunk in range(first, first + length):
        pool.used[chunk] = used
    pool.in_use[page] = before + length if used else before - length
    if before == 0:
        pool.counts[PAGES] += 1
    elif pool.in_use[page] == 0:
        pool.counts[PAGES] -= 1


@simulated
def firstfit_malloc(pool: FirstFit, size: int) -> int:
    """Return a handle, or -EINVAL, -ENOSPC, -ENOMEM."""
    if size <= 0:
        return -EINVAL
    if size > PAGE_SIZE:
        return -ENOSPC
    length = (size + CHUNK_SIZE - 1) // CHUNK_SIZE
    first = firstfit_find(pool, length)
    if first < 0:
        return first
    firstfit_set(pool, first, length, 1)
    pool.length[first] = length
    pool.owner[first] = 0
    return first + 1


@simulated
def firstfit_chunk(pool: FirstFit, handle: int) -> int:
    """Return the first chunk of an object, or -EINVAL."""
    if handle <= 0 or handle > len(pool.length) or pool.length[handle - 1] == 0:
        return -EINVAL
    return handle - 1


@simulated
def firstfit_free(pool: FirstFit, handle: int) -> int:
    """Free an object; return 0 or -EINVAL."""
    first = firstfit_chunk(pool, handle)
    if first < 0:
        return first
    firstfit_set(pool, first, pool.length[first], 0)
    pool.length[first] = 0
    return 0


@simulated
def firstfit_map(pool: FirstFit, handle: int) -> int:
    """Return an object's byte address, or -EINVAL."""
    first = firstfit_chunk(pool, handle)
    return first if first < 0 else first * CHUNK_SIZE


@simulated
def firstfit_unmap(pool: FirstFit, handle: int) -> int:
    """Do nothing."""
    return 0


@simulated
def firstfit_reclaim_page(pool: FirstFit, owner: Any, page: int) -> int:
    """Evict all objects of a page; return 0, or -EAGAIN where the owner refuses."""
    for chunk in range(page * CHUNKS, (page + 1) * CHUNKS):
        if pool.length[chunk] != 0:
            zpool.zpool_evict(owner, pool, chunk + 1)
            if pool.length[chunk] != 0:
                return -EAGAIN
    return 0


@simulated
def firstfit_shrink(pool: FirstFit, owner: Any, pages: int) -> int:
    """Free the lowest pages; return 0, -EINVAL or -EAGAIN."""
    pool.counts[RECLAIMED] = 0
    if pages == 0:
        return -EINVAL
    for page in range(len(pool.in_use)):
        if pool.counts[RECLAIMED] == pages:
            return 0
        if pool.in_use[page] != 0:
            if firstfit_reclaim_page(pool, owner, page) < 0:
                return -EAGAIN
            pool.counts[RECLAIMED] += 1
    return 0 if pool.counts[RECLAIMED] == pages else -EINVAL


@simulated
def firstfit_reclaimed(pool: FirstFit) -> int:
    """Return the pages that the last shrink made free."""
    return pool.counts[RECLAIMED]


@simulated
def firstfit_total_pages(pool: FirstFit) -> int:
    """Return the pages in use."""
    return pool.counts[PAGES]


@simulated
def firstfit_write_owner(pool: FirstFit, handle: int, word: int) -> int:
    """Keep the word that tells whose an object is."""
    first = firstfit_chunk(pool, handle)
    if first < 0:
        return first
    pool.owner[first] = word
    return 0


@simulated
def firstfit_read_owner(pool: FirstFit, handle: int) -> int:
    """Return an object's word."""
    first = firstfit_chunk(pool, handle)
    return first if first < 0 else pool.owner[first]


def check(pool: FirstFit) -> None:
    """Audit the pool: the used chunks are those of objects, and the pages are counted right."""
    used = [0] * len(pool.used)
    for first in range(len(pool.length)):
        for chunk in range(first, first + int(pool.length[first])):
            used[chunk] += 1
    if used != [int(pool.used[chunk]) for chunk in range(len(used))]:
        raise InvariantError("firstfit: the used chunks are not those of the objects")
    pages = sum(any(used[at : at + CHUNKS]) for at in range(0, len(used), CHUNKS))
    if pages != pool.counts[PAGES]:
        raise InvariantError(f"firstfit: {pages} pages are in use, not {pool.counts[PAGES]}")


for _generic, _own in (
    (zpool.zpool_malloc, firstfit_malloc),
    (zpool.zpool_free, firstfit_free),
    (zpool.zpool_map, firstfit_map),
    (zpool.zpool_unmap, firstfit_unmap),
    (zpool.zpool_shrink, firstfit_shrink),
    (zpool.zpool_reclaimed, firstfit_reclaimed),
    (zpool.zpool_total_pages, firstfit_total_pages),
    (zpool.zpool_write_owner, firstfit_write_owner),
    (zpool.zpool_read_owner, firstfit_read_owner),
    (zpool.zpool_moved, zpool.nothing_moves),
    (zpool.zpool_work, zpool.no_work),
):
    _generic.register(FirstFit, _own)

DRIVER = zpool.ZpoolDriver(
    type="firstfit",
    summary="the first hole that is large enough",
    create=create,
    check=check,
    place=lambda pool, address: divmod(int(address), PAGE_SIZE),
    evictable=True,
)
