# SPDX-License-Identifier: GPL-2.0-only
"""zsmalloc: objects of one size class packed end to end into chains of pages (zspages).

Models Linux 6.1 mm/zsmalloc.c (specification section 4); what other versions do differently is
chosen when the pool is made. The densest allocator, and in 5.4 to 6.1 one that cannot be shrunk.

The layout of zspages and handles is told in zsmalloc_zspage.py, compaction in zsmalloc_compact.py.

Deviations: no locks, no gfp, no deferred release; a pool has a capacity in pages; a handle is an
address, so zs_compact tells which handles it changed; free checks its handle, where the kernel's
behaviour is undefined; owner words are not stored, as no version with zsmalloc reads them.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.errors import EINVAL, InvariantError
from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.zsmalloc_classes import (
    PAGE_SIZE,
    ZS_HANDLE_SIZE,
    ZS_MAX_ALLOC_SIZE,
    ZS_SIZE_CLASSES,
)
from zswapsim.machine.pools.zsmalloc_zspage import (
    ALLOCATED,
    CHAIN,
    GROUPS,
    INVALID_SIZE,
    MAX_CHAIN,
    MAX_PAGES,
    NEVER_USED,
    OVERSIZE,
    PAGES,
    SPARE,
    UNUSED,
    ZS_EMPTY,
    ZsPool,
    alloc_zspage,
    find_get_zspage,
    find_object,
    fix_fullness_group,
    free_zspage,
    fullness_list,
    get_fullness_group,
    get_size_class_index,
    handle_to_zspage,
    link_of,
    location_to_handle,
    obj_free,
    obj_malloc,
    zs_create_pool,
    zspage_node,
)
from zswapsim.machine.tracepoints import trace_zs_free, trace_zs_malloc
from zswapsim.profiles import Profile


def zs_options(row: Profile) -> dict[str, int]:
    """Return what a kernel's zsmalloc does its own way, as zs_create_pool takes it."""
    return {
        "max_chain": row.zsmalloc_max_chain,
        "algorithm": row.zsmalloc_algorithm,
        "groups": row.zsmalloc_groups,
        "invalid_size": row.zsmalloc_invalid_size,
        "oversize": row.zsmalloc_oversize,
    }


def room_for(objects: int, *, max_chain: int = MAX_CHAIN, **options: int) -> dict[str, int]:
    """Return the room for so many objects, each of which may be alone in the longest zspage."""
    return {"max_pages": objects * max_chain, "max_zspages": objects}


def address_pages(zspages: int, *, max_chain: int = MAX_CHAIN, **options: int) -> int:
    """Return the pages of memory that the handles of so many zspages reach into."""
    return (zspages + 1) * max_chain


def page_group(*, max_chain: int = MAX_CHAIN, **options: int) -> int:
    """Return the pages that one zspage has addresses for."""
    return max_chain


@simulated
def zs_malloc(pool: ZsPool, size: int) -> int:
    """Place size bytes; return a handle.

    The pool's errors for size <= 0 and size > 4096, -EINVAL for both in 6.1. -ENOMEM: no room for
    a whole zspage. The pool changes only on success. Source: Linux 6.1 mm/zsmalloc.c zs_malloc.
    """
    if size <= 0:
        return pool.rules[INVALID_SIZE]
    if size > ZS_MAX_ALLOC_SIZE:
        return pool.rules[OVERSIZE]
    class_ = pool.merged[get_size_class_index(size + ZS_HANDLE_SIZE)]
    zspage = find_get_zspage(pool, class_)
    fresh = 1 if zspage == 0 else 0
    if zspage == 0:
        zspage = alloc_zspage(pool, class_)
        if zspage < 0:
            return zspage
    obj = obj_malloc(pool, class_, zspage)
    trace_zs_malloc(pool.size[class_], zspage, obj, fresh)
    fix_fullness_group(pool, class_, zspage)
    return location_to_handle(pool, zspage, obj)


@simulated
def zs_free(pool: ZsPool, handle: int) -> int:
    """Free an object; its zspage is released when empty.

    -EINVAL: nothing is allocated at the handle (undefined in the kernel).
    Source: Linux 6.1 mm/zsmalloc.c zs_free.
    """
    obj = find_object(pool, handle)
    if obj < 0:
        return obj
    zspage = handle_to_zspage(pool, handle)
    class_ = pool.zspage_class[zspage] - 1
    obj_free(pool, class_, zspage, obj)
    emptied = fix_fullness_group(pool, class_, zspage) == ZS_EMPTY
    trace_zs_free(pool.size[class_], zspage, obj, 1 if emptied else 0)
    if emptied:
        free_zspage(pool, class_, zspage)
    return 0


@simulated
def zs_map(pool: ZsPool, handle: int) -> int:
    """Return the object's byte address: the handle itself."""
    return handle if find_object(pool, handle) >= 0 else -EINVAL


@simulated
def zs_unmap(pool: ZsPool, handle: int) -> int:
    """Do nothing: what straddles pages is contiguous here."""
    return 0


@simulated
def zs_get_total_pages(pool: ZsPool) -> int:
    """Return the pages in use."""
    return pool.counts[PAGES]


@simulated
def zs_reclaimed(pool: ZsPool) -> int:
    """Return 0: shrink reclaims nothing."""
    return 0


@simulated
def zs_write_owner(pool: ZsPool, handle: int, word: int) -> int:
    """Check the handle; the word is not kept, as nobody may ask for it."""
    return min(find_object(pool, handle), 0)


@simulated
def zs_read_owner(pool: ZsPool, handle: int) -> int:
    """Return 0 for an allocated object."""
    return min(find_object(pool, handle), 0)


def zs_place(pool: ZsPool, address: int) -> tuple[int | str, ...]:
    """Return (page that the object starts in, its index in the zspage).

    The address alone does not tell: its zspage must not have been released since.
    """
    class_ = pool.zspage_class[handle_to_zspage(pool, address)] - 1
    offset = address % (pool.rules[CHAIN] * PAGE_SIZE)
    return address // PAGE_SIZE, int(offset // pool.size[class_])


def zs_check(pool: ZsPool) -> None:
    """Audit zspages, chains, lists and counts; InvariantError names the first thing wrong."""
    used = range(1, pool.counts[UNUSED] + 1)
    live = [zspage for zspage in used if pool.zspage_class[zspage]]
    spare = [pool.spare[i] for i in range(pool.counts[SPARE])]
    _require(sorted([*live, *spare]) == list(used), "a zspage is lost")
    class_of = {zspage: int(pool.zspage_class[zspage]) - 1 for zspage in live}
    pages = sum(pool.pages[class_] for class_ in class_of.values())
    _require(pool.counts[PAGES] == pages, "the pages do not add up")
    _require(pages <= pool.rules[MAX_PAGES], "more pages than there may be")
    served = sorted({int(pool.merged[index]) for index in range(ZS_SIZE_CLASSES)})
    _require(set(class_of.values()) <= set(served), "a zspage is of a class that is merged")
    for class_ in served:
        own = [zspage for zspage in live if class_of[zspage] == class_]
        inuse = sum(pool.inuse[zspage] for zspage in own)
        _require(pool.obj_used[class_] == inuse, f"obj_used of class {class_} is wrong")
        allocated = len(own) * pool.objs[class_]
        _require(pool.obj_allocated[class_] == allocated, f"obj_allocated of class {class_}")
        listed = []
        for group in range(pool.rules[GROUPS]):
            for node in list_nodes(pool.fullness, fullness_list(pool, class_, group)):
                listed.append(node - zspage_node(pool, 0))
                right = group == pool.group[listed[-1]]
                _require(right, f"zspage {listed[-1]} is on the wrong list")
        _require(sorted(listed) == own, f"the lists of class {class_} are not its zspages")
    for zspage in live:
        class_, objs = class_of[zspage], int(pool.objs[class_of[zspage]])
        group = get_fullness_group(pool, class_, zspage)
        _require(pool.group[zspage] == group != ZS_EMPTY, f"zspage {zspage} is in a wrong group")
        free: list[int] = []
        obj = int(pool.freeobj[zspage])
        while obj < objs and len(free) <= objs:
            free.append(obj)
            link = link_of(pool, zspage, obj)
            _require(link != ALLOCATED, f"object {obj} of zspage {zspage} is free and allocated")
            obj = obj + 1 if link == NEVER_USED else int(link) - 1
        taken = [obj for obj in range(objs) if link_of(pool, zspage, obj) == ALLOCATED]
        _require(sorted([*free, *taken]) == list(range(objs)), f"zspage {zspage} lost an object")
        _require(len(taken) == pool.inuse[zspage], f"inuse of zspage {zspage} is wrong")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvariantError(f"zsmalloc: {message}")


for _generic, _own in (
    (zpool.zpool_malloc, zs_malloc),
    (zpool.zpool_free, zs_free),
    (zpool.zpool_shrink, zpool.no_shrink),
    (zpool.zpool_reclaimed, zs_reclaimed),
    (zpool.zpool_map, zs_map),
    (zpool.zpool_unmap, zs_unmap),
    (zpool.zpool_total_pages, zs_get_total_pages),
    (zpool.zpool_write_owner, zs_write_owner),
    (zpool.zpool_read_owner, zs_read_owner),
    (zpool.zpool_moved, zpool.nothing_moves),
    (zpool.zpool_work, zpool.no_work),
):
    _generic.register(ZsPool, _own)

DRIVER = zpool.ZpoolDriver(
    type="zsmalloc",
    summary="size classes packed into chains of pages; densest; has no reclaim of its own",
    create=zs_create_pool,
    check=zs_check,
    place=zs_place,
    options=zs_options,
    room_for=room_for,
    address_pages=address_pages,
    page_group=page_group,
)
