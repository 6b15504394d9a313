# SPDX-License-Identifier: GPL-2.0-only
"""The pools that one zswap may use, as a chain that both engines can walk.

Pools of different drivers are of different types, so they cannot stand in an array. A chain is a
pair (pool, rest of the chain) that ends in End; the number of a pool is its place in the chain.
Compiled, each step is resolved by type and the walk disappears for a chain of one.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, generic, simulated
from zswapsim.errors import EINVAL
from zswapsim.machine.pools.zpool import (
    zpool_free,
    zpool_malloc,
    zpool_map,
    zpool_moved,
    zpool_read_owner,
    zpool_shrink,
    zpool_total_pages,
    zpool_work,
    zpool_write_owner,
)


class Pools(NamedTuple):
    """A pool and the rest of the chain."""

    pool: Any
    rest: Any


class End(NamedTuple):
    """The end of a chain. nothing: a placeholder, as numba knows no empty tuple with a name."""

    nothing: Ints


def chain(pools: list[Any], zeros: Zeros) -> Any:
    """Return the chain of some pools' states."""
    linked: Any = End(zeros(1))
    for pool in reversed(pools):
        linked = Pools(pool, linked)
    return linked


@generic
def pools_malloc(pools: Any, number: int, size: int) -> int:
    """Allocate in the pool of that number."""
    raise NotImplementedError


@generic
def pools_free(pools: Any, number: int, handle: int) -> int:
    """Free in the pool of that number."""
    raise NotImplementedError


@generic
def pools_shrink(pools: Any, number: int, owner: Any, pages: int) -> int:
    """Shrink the pool of that number."""
    raise NotImplementedError


@generic
def pools_write_owner(pools: Any, number: int, handle: int, word: int) -> int:
    """Write an object's owner word in the pool of that number."""
    raise NotImplementedError


@generic
def pools_read_owner(pools: Any, number: int, handle: int) -> int:
    """Read an object's owner word in the pool of that number."""
    raise NotImplementedError


@generic
def pools_map(pools: Any, number: int, handle: int) -> int:
    """Return an object's byte address in the pool of that number."""
    raise NotImplementedError


@generic
def pools_moved(pools: Any, number: int, part: int) -> int:
    """Tell of the object that the last free in the pool of that number moved."""
    raise NotImplementedError


@generic
def pools_work(pools: Any, number: int) -> int:
    """Do one piece of work that the pool of that number put off; return 1, or 0 if none was."""
    raise NotImplementedError


@generic
def pools_pages(pools: Any, number: int) -> int:
    """Return the pages of the pool of that number."""
    raise NotImplementedError


@generic
def pools_total_pages(pools: Any) -> int:
    """Return the pages of all pools together."""
    raise NotImplementedError


@simulated
def _malloc(pools: Pools, number: int, size: int) -> int:
    if number == 0:
        return zpool_malloc(pools.pool, size)
    return pools_malloc(pools.rest, number - 1, size)


@simulated
def _free(pools: Pools, number: int, handle: int) -> int:
    if number == 0:
        return zpool_free(pools.pool, handle)
    return pools_free(pools.rest, number - 1, handle)


@simulated
def _shrink(pools: Pools, number: int, owner: Any, pages: int) -> int:
    if number == 0:
        return zpool_shrink(pools.pool, owner, pages)
    return pools_shrink(pools.rest, number - 1, owner, pages)


@simulated
def _write_owner(pools: Pools, number: int, handle: int, word: int) -> int:
    if number == 0:
        return zpool_write_owner(pools.pool, handle, word)
    return pools_write_owner(pools.rest, number - 1, handle, word)


@simulated
def _read_owner(pools: Pools, number: int, handle: int) -> int:
    if number == 0:
        return zpool_read_owner(pools.pool, handle)
    return pools_read_owner(pools.rest, number - 1, handle)


@simulated
def _map(pools: Pools, number: int, handle: int) -> int:
    if number == 0:
        return zpool_map(pools.pool, handle)
    return pools_map(pools.rest, number - 1, handle)


@simulated
def _moved(pools: Pools, number: int, part: int) -> int:
    if number == 0:
        return zpool_moved(pools.pool, part)
    return pools_moved(pools.rest, number - 1, part)


@simulated
def _work(pools: Pools, number: int) -> int:
    if number == 0:
        return zpool_work(pools.pool)
    return pools_work(pools.rest, number - 1)


@simulated
def _pages(pools: Pools, number: int) -> int:
    if number == 0:
        return zpool_total_pages(pools.pool)
    return pools_pages(pools.rest, number - 1)


@simulated
def _total_pages(pools: Pools) -> int:
    return zpool_total_pages(pools.pool) + pools_total_pages(pools.rest)


@simulated
def _no_shrink(pools: End, number: int, owner: Any, pages: int) -> int:
    return -EINVAL


@simulated
def _no_write_owner(pools: End, number: int, handle: int, word: int) -> int:
    return -EINVAL


@simulated
def _none(pools: End, number: int, argument: int) -> int:
    return -EINVAL


@simulated
def _none_moved(pools: End, number: int, part: int) -> int:
    return 0


@simulated
def _none_there(pools: End, number: int) -> int:
    return 0


@simulated
def _no_pages(pools: End) -> int:
    return 0


for _generic, _step, _end in (
    (pools_malloc, _malloc, _none),
    (pools_free, _free, _none),
    (pools_shrink, _shrink, _no_shrink),
    (pools_write_owner, _write_owner, _no_write_owner),
    (pools_read_owner, _read_owner, _none),
    (pools_map, _map, _none),
    (pools_moved, _moved, _none_moved),
    (pools_work, _work, _none_there),
    (pools_pages, _pages, _none_there),
    (pools_total_pages, _total_pages, _no_pages),
):
    _generic.register(Pools, _step)
    _generic.register(End, _end)
