# SPDX-License-Identifier: GPL-2.0-only
"""The zpool layer: one set of operations, many drivers; and the registry that knows them by type.

It knows no allocator. Models Linux 5.4 mm/zpool.c (specification section 2). The operations are
generic functions: a driver registers one implementation per operation for the type of its pool's
state. Deviations: no gfp flags inside the machine (Pool.malloc takes highmem for the one check
that they decide), no names of pools, memory has a capacity chosen when the pool is made.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from zswapsim.engine.simulated import generic, missing, simulated, zeros_interpreted
from zswapsim.errors import EINVAL, Busy, InvalidArgument, NoEntry
from zswapsim.profiles import Profile
from zswapsim.registry import Plugin, Registry

PoolState = Any
"""A driver's NamedTuple of arrays, or a plain Python object with the operations as methods."""


@generic
def zpool_malloc(pool: PoolState, size: int) -> int:
    """Allocate size bytes; return a handle > 0 or -errno."""
    raise NotImplementedError


@generic
def zpool_free(pool: PoolState, handle: int) -> int:
    """Free an object; return 0, or -EINVAL where the handle is not allocated."""
    raise NotImplementedError


@generic
def zpool_shrink(pool: PoolState, owner: Any, pages: int) -> int:
    """Evict objects through the owner until pages are free; return 0 or -errno."""
    raise NotImplementedError


@generic
def zpool_reclaimed(pool: PoolState) -> int:
    """Return how many pages the last shrink reclaimed, also when it ended in an error."""
    raise NotImplementedError


@generic
def zpool_map(pool: PoolState, handle: int) -> int:
    """Return the byte address of an object in the pool's memory, or -EINVAL."""
    raise NotImplementedError


@generic
def zpool_unmap(pool: PoolState, handle: int) -> int:
    """End a mapping; return 0."""
    raise NotImplementedError


@generic
def zpool_total_pages(pool: PoolState) -> int:
    """Return the pages that the pool takes."""
    raise NotImplementedError


@generic
def zpool_write_owner(pool: PoolState, handle: int, word: int) -> int:
    """Write the word at the start of an object that tells its owner (zswap's swap entry)."""
    raise NotImplementedError


@generic
def zpool_read_owner(pool: PoolState, handle: int) -> int:
    """Return the word that zpool_write_owner wrote."""
    raise NotImplementedError


MOVED_BYTES, MOVED_FROM, MOVED_TO = range(3)
"""Parts of a move: its length, 0 if there was none; the byte addresses before and after."""


@generic
def zpool_moved(pool: PoolState, part: int) -> int:
    """Tell of the object that the last zpool_free moved to another place, if any.

    A driver that compacts moves at most one object in a free. part: MOVED_BYTES, MOVED_FROM or
    MOVED_TO. The object's handle stays the same, what zpool_map says of it does not.
    """
    raise NotImplementedError


@generic
def zpool_work(pool: PoolState) -> int:
    """Do one piece of the work that the pool has put off; return 1, or 0 if there was none.

    zpool_moved then tells of that piece.
    """
    raise NotImplementedError


@generic
def zpool_evict(owner: Any, pool: PoolState, handle: int) -> int:
    """Ask the owner of an object to free it; return 0 or -errno. The driver's only way up."""
    raise NotImplementedError


OPERATIONS = (
    *(zpool_malloc, zpool_free, zpool_map, zpool_unmap, zpool_shrink, zpool_reclaimed),
    *(zpool_total_pages, zpool_write_owner, zpool_read_owner, zpool_moved, zpool_work),
)
"""What a driver has to have, all of it."""


class NoEvict:
    """Owner of a pool that was made without an evict callback."""


@simulated
def no_shrink(pool: PoolState, owner: Any, pages: int) -> int:
    """Stand in for the shrink of a driver that has none."""
    return -EINVAL


@simulated
def nothing_moves(pool: PoolState, part: int) -> int:
    """Stand in for the zpool_moved of a driver whose objects stay where they are."""
    return 0


@simulated
def no_work(pool: PoolState) -> int:
    """Stand in for the zpool_work of a driver that puts nothing off."""
    return 0


def no_options(row: Profile) -> dict[str, int]:
    """Stand in for the options of a driver that is the same in all kernels."""
    return {}


def page_each(objects: int, **options: int) -> dict[str, int]:
    """Stand in for the room_for of a driver whose objects need a page each at most."""
    return {"max_pages": objects}


def pages_as_they_are(objects: int, **options: int) -> int:
    """Stand in for the address_pages of a driver whose memory has no holes."""
    return objects


def single_pages(**options: int) -> int:
    """Stand in for the page_group of a driver whose pages come and go one by one."""
    return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ZpoolDriver:
    """One allocator. create(max_pages, zeros, **options) returns a pool's state; check audits it.

    options(row) picks what a kernel's profile decides. place(state, address) tells where the object
    that is allocated at a byte address lies, as the recordings of real kernels do: (page, slot,
    byte offset) for zbud. room_for(objects, **options): what to tell create where there are never
    more objects at once; address_pages(objects, **options): the pages of memory that their
    addresses reach into. page_group(**options): pages of that many consecutive numbers come and go
    together. evictable: whether shrink works; moves: whether a free may move another object; such a
    driver's create takes deferred_work=1 to do so in zpool_work.
    """

    type: str
    summary: str
    create: Callable[..., PoolState]
    check: Callable[[PoolState], None]
    place: Callable[[PoolState, int], tuple[int | str, ...]]
    options: Callable[[Profile], dict[str, int]] = no_options
    room_for: Callable[..., dict[str, int]] = page_each
    address_pages: Callable[..., int] = pages_as_they_are
    page_group: Callable[..., int] = single_pages
    evictable: bool = False
    moves: bool = False


def _fault(type_: str, part: Any) -> str:
    if not isinstance(part, ZpoolDriver):
        return f"it is a {type(part).__name__}, not a ZpoolDriver"
    return "" if part.type == type_ else f"its type is {part.type!r}"


_MODULES: Registry[ZpoolDriver] = Registry(
    "zpool driver",
    "zswapsim.drivers",
    {
        "zbud": "zswapsim.machine.pools.zbud:DRIVER",
        "z3fold": "zswapsim.machine.pools.z3fold:DRIVER",
        "zsmalloc": "zswapsim.machine.pools.zsmalloc:DRIVER",
    },
    _fault,
)
_registered: list[ZpoolDriver] = []
_refcount: dict[int, int] = {}
_lock = threading.RLock()


def register(driver: ZpoolDriver) -> None:
    """Add a driver at the head of the list: it shadows an older one of the same type."""
    _registered.insert(0, driver)
    _refcount[id(driver)] = 0


def unregister(driver: ZpoolDriver) -> None:
    """Take a driver off the list. Busy while it has live pools, NoEntry if it is not there."""
    if not any(known is driver for known in _registered):
        raise NoEntry(f"zpool driver {driver.type!r} is not registered")
    if _refcount[id(driver)] > 0:
        raise Busy(f"zpool driver {driver.type!r} has {_refcount[id(driver)]} live pools")
    _registered[:] = [known for known in _registered if known is not driver]
    del _refcount[id(driver)]


def get_driver(type_: str) -> ZpoolDriver:
    """Return the newest driver of that type, loading it first if need be (request_module)."""
    driver = _newest(type_)
    if driver is not None:
        return driver
    if not _MODULES.is_built_in(type_) and type_ not in _MODULES.names():
        raise NoEntry(f"no zpool {type_!r}; there are {', '.join(types())}")
    with _lock:
        found = _newest(type_)
        if found is None:  # pragma: no branch - or else another thread was the first to load it
            found = _MODULES.get(type_)
            register(found)
        return found


def _newest(type_: str) -> ZpoolDriver | None:
    return next((driver for driver in _registered if driver.type == type_), None)


def has_pool(type_: str) -> bool:
    """Say whether a pool of that type can be made."""
    return type_ in types()


def types() -> list[str]:
    """Return the types there are, each once."""
    return list(dict.fromkeys([*_MODULES.names(), *(d.type for d in reversed(_registered))]))


def origin(type_: str) -> str:
    """Say where a driver comes from."""
    return _MODULES.origin(type_) if type_ in _MODULES.names() else "registered at run time"


@cache
def runs_compiled(driver: ZpoolDriver, row: Profile) -> bool:
    """Say whether compiled code can run a driver: its pools are not objects of a plain class.

    InvalidArgument: it has no pool for that kernel, or its pools lack an operation.
    """
    options = driver.options(row)
    try:
        pool = driver.create(zeros=zeros_interpreted, **driver.room_for(1, **options), **options)
    except Exception as error:
        raise InvalidArgument(
            f"zpool {driver.type!r} cannot make a pool: {type(error).__name__}: {error}"
        ) from error
    lacking = missing(pool, OPERATIONS)
    if lacking:
        raise InvalidArgument(f"zpool {driver.type!r}: its pools have no {', '.join(lacking)}")
    return type(pool) in zpool_malloc.table


def plugins() -> list[Plugin]:
    """Return the drivers of other packages, loaded."""
    return _MODULES.plugins()


def digest(type_: str) -> str:
    """Return what tells one edition of a driver from the next, "" of a built-in one."""
    return _MODULES.digest(type_)


def acquire(driver: ZpoolDriver) -> None:
    """Count one more live pool of a driver."""
    with _lock:
        _refcount[id(driver)] += 1


def release(driver: ZpoolDriver) -> None:
    """Count one live pool less."""
    with _lock:
        _refcount[id(driver)] -= 1
