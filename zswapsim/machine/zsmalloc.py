# SPDX-License-Identifier: GPL-2.0-only
"""zsmalloc: objects of one size class packed end to end into chains of pages (zspages).

Models Linux 6.1 mm/zsmalloc.c (specification section 4); what other versions do differently is
chosen when the pool is made. The densest allocator, and in 5.4 to 6.1 one that cannot be shrunk.

Layout of a zspage: object i takes the bytes from i * class size on, its first 8 hold the handle
in the kernel, data follow. A huge zspage is one page with one object, data from byte 0 on.

Handle: zspage * longest chain * 4096 + i * class size + 8 (huge: + 0); zspages count from 1. So a
zspage is contiguous in the pool's memory, objects that straddle its pages need nothing special,
and the memory has more addresses than the pool has pages (address_pages).

The free objects of a zspage are a LIFO chain. Each object has 9 bits that say ALLOCATED, or which
one is next; 0 is for one never used, whose next is its neighbour: nothing need be initialised.

Deviations: no locks, no gfp, no deferred release; a pool has a capacity in pages; a handle is an
address, so zs_compact tells which handles it changed; free checks its handle, where the kernel's
behaviour is undefined; owner words are not stored, as no version with zsmalloc reads them.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import EINVAL, ENOMEM, InvariantError
from zswapsim.machine import zpool
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_next,
    list_nodes,
    make_links,
)
from zswapsim.machine.zsmalloc_classes import (
    PAGE_SIZE,
    ZS_HANDLE_SIZE,
    ZS_MAX_ALLOC_SIZE,
    ZS_MIN_ALLOC_SIZE,
    ZS_SIZE_CLASS_DELTA,
    ZS_SIZE_CLASSES,
    size_classes,
)
from zswapsim.profiles import PERCENT, Profile

MAX_CHAIN = 4
MAX_OBJS = 256
ZS_EMPTY, ZS_ALMOST_EMPTY, ZS_ALMOST_FULL, ZS_FULL = range(4)
FULLNESS_GROUPS, INUSE_RATIO_GROUPS = 4, 12

# Next object of a free one: 7 numbers of 9 bits to a word, 37 words to a zspage.
LINK_BITS = 9
LINK_MASK = (1 << LINK_BITS) - 1
LINKS_PER_WORD = 7
WORDS = -(-MAX_OBJS // LINKS_PER_WORD)
NEVER_USED, ALLOCATED = 0, LINK_MASK

PAGES, UNUSED, SPARE, MOVED, RESUME = range(5)
MAX_PAGES, CHAIN, GROUPS, INVALID_SIZE, OVERSIZE = range(5)


class ZsPool(NamedTuple):
    """A zsmalloc pool. Arrays are int64; zspages count from 1, so theirs have max_pages + 1 rows.

    merged: shape (255,), class that serves a class index;
    size, pages, objs: shape (255,), of a class: bytes of an object, pages and objects of a zspage;
    obj_allocated, obj_used: shape (255,), of a class: objects in its zspages, and those in use;
    fullness: links; class * groups + group is a list of zspages, then one node a zspage;
    zspage_class: shape (zspages,), class + 1, 0 if there is no such zspage;
    inuse, freeobj, group: shape (zspages,), objects in use, head of the free chain (the number of
    objects if it is empty), fullness group;
    chain: shape (zspages * 37,), the free chains, see link_of;
    spare: shape (zspages,), stack of released zspages;
    counts: PAGES in use, UNUSED zspages ever used, SPARE height of the stack, MOVED objects that
    the last zs_compact moved, RESUME 1 + the class at which it ran out of room, 0 if it did not;
    rules: MAX_PAGES, CHAIN pages of the longest zspage, GROUPS 4 or 12, INVALID_SIZE and OVERSIZE
    what malloc answers to size 0 and to more than 4096.
    """

    merged: Ints
    size: Ints
    pages: Ints
    objs: Ints
    obj_allocated: Ints
    obj_used: Ints
    fullness: Links
    zspage_class: Ints
    inuse: Ints
    freeobj: Ints
    group: Ints
    chain: Ints
    spare: Ints
    counts: Ints
    rules: Ints


def zs_create_pool(
    max_pages: int,
    zeros: Zeros,
    *,
    max_chain: int = MAX_CHAIN,
    algorithm: int = PERCENT,
    groups: int = FULLNESS_GROUPS,
    invalid_size: int = -EINVAL,
    oversize: int = -EINVAL,
) -> ZsPool:
    """Return an empty pool with room for max_pages pages.

    As 6.1 unless said: max_chain 4 (to 16) and algorithm PERCENT or WASTE make the classes; groups
    is 4 or 12; invalid_size, oversize: errors for size 0 and over 4096 (5.4: -EPERM for both).
    """
    heads = ZS_SIZE_CLASSES * groups
    zspages = max_pages + 1
    pool = ZsPool(
        merged=zeros(ZS_SIZE_CLASSES),
        size=zeros(ZS_SIZE_CLASSES),
        pages=zeros(ZS_SIZE_CLASSES),
        objs=zeros(ZS_SIZE_CLASSES),
        obj_allocated=zeros(ZS_SIZE_CLASSES),
        obj_used=zeros(ZS_SIZE_CLASSES),
        fullness=make_links(heads + zspages, zeros),
        zspage_class=zeros(zspages),
        inuse=zeros(zspages),
        freeobj=zeros(zspages),
        group=zeros(zspages),
        chain=zeros(zspages * WORDS),
        spare=zeros(zspages),
        counts=zeros(5),
        rules=zeros(5),
    )
    for index, size_class in enumerate(size_classes(max_chain, algorithm)):
        pool.merged[index] = size_class.number
        pool.size[index] = size_class.size
        pool.pages[index] = size_class.pages
        pool.objs[index] = size_class.objs
    for head in range(heads):
        init_list_head(pool.fullness, head)
    for rule, value in enumerate((max_pages, max_chain, groups, invalid_size, oversize)):
        pool.rules[rule] = value
    return pool


def zs_options(row: Profile) -> dict[str, int]:
    """Return what a kernel's zsmalloc does its own way, as zs_create_pool takes it."""
    return {
        "max_chain": row.zsmalloc_max_chain,
        "algorithm": row.zsmalloc_algorithm,
        "groups": row.zsmalloc_groups,
        "invalid_size": row.zsmalloc_invalid_size,
        "oversize": row.zsmalloc_oversize,
    }


def address_pages(max_pages: int, *, max_chain: int = MAX_CHAIN, **options: int) -> int:
    """Return the pages of memory that the handles of a pool of max_pages pages reach into."""
    return (max_pages + 1) * max_chain


def page_group(*, max_chain: int = MAX_CHAIN, **options: int) -> int:
    """Return the pages that one zspage has addresses for."""
    return max_chain


@simulated
def get_size_class_index(size: int) -> int:
    """Return the index for a size with its handle."""
    if size <= ZS_MIN_ALLOC_SIZE:
        return 0
    steps = (size - ZS_MIN_ALLOC_SIZE + ZS_SIZE_CLASS_DELTA - 1) // ZS_SIZE_CLASS_DELTA
    return min(ZS_SIZE_CLASSES - 1, steps)


@simulated
def link_of(pool: ZsPool, zspage: int, obj: int) -> int:
    """Return ALLOCATED, NEVER_USED, or 1 + the object that follows in the free chain."""
    word = pool.chain[zspage * WORDS + obj // LINKS_PER_WORD]
    return (word >> (obj % LINKS_PER_WORD * LINK_BITS)) & LINK_MASK


@simulated
def set_link(pool: ZsPool, zspage: int, obj: int, link: int) -> None:
    """Set what link_of returns."""
    at = zspage * WORDS + obj // LINKS_PER_WORD
    old = link_of(pool, zspage, obj)
    pool.chain[at] ^= (old ^ link) << (obj % LINKS_PER_WORD * LINK_BITS)


@simulated
def data_offset(pool: ZsPool, class_: int) -> int:
    """Return the bytes before an object's data: its handle's, none in a huge zspage."""
    if pool.objs[class_] == 1 and pool.pages[class_] == 1:
        return 0
    return ZS_HANDLE_SIZE


@simulated
def location_to_handle(pool: ZsPool, zspage: int, obj: int) -> int:
    """Return the handle of an object."""
    class_ = pool.zspage_class[zspage] - 1
    start = zspage * pool.rules[CHAIN] * PAGE_SIZE
    return start + obj * pool.size[class_] + data_offset(pool, class_)


@simulated
def handle_to_zspage(pool: ZsPool, handle: int) -> int:
    """Return the zspage that a handle points into; whether there is one is not said."""
    return handle // (pool.rules[CHAIN] * PAGE_SIZE)


@simulated
def find_object(pool: ZsPool, handle: int) -> int:
    """Return the index of an allocated object in its zspage, or -EINVAL."""
    zspage = handle_to_zspage(pool, handle)
    if handle <= 0 or zspage > pool.rules[MAX_PAGES] or pool.zspage_class[zspage] == 0:
        return -EINVAL
    class_ = pool.zspage_class[zspage] - 1
    offset = handle % (pool.rules[CHAIN] * PAGE_SIZE) - data_offset(pool, class_)
    if offset < 0 or offset % pool.size[class_] != 0:
        return -EINVAL
    obj = offset // pool.size[class_]
    if obj >= pool.objs[class_] or link_of(pool, zspage, obj) != ALLOCATED:
        return -EINVAL
    return obj


@simulated
def get_fullness_group(pool: ZsPool, class_: int, zspage: int) -> int:
    """Return the group a zspage belongs to: one of 4, or 12 by tenths of objects in use."""
    inuse = pool.inuse[zspage]
    objs = pool.objs[class_]
    if inuse == 0:
        return ZS_EMPTY
    if inuse == objs:
        return pool.rules[GROUPS] - 1
    if pool.rules[GROUPS] != FULLNESS_GROUPS:
        return 100 * inuse // objs // 10 + 1
    if inuse <= 3 * objs // 4:
        return ZS_ALMOST_EMPTY
    return ZS_ALMOST_FULL


@simulated
def fullness_list(pool: ZsPool, class_: int, group: int) -> int:
    """Return the head of the list of a class's zspages in a group."""
    return class_ * pool.rules[GROUPS] + group


@simulated
def zspage_node(pool: ZsPool, zspage: int) -> int:
    """Return the list node of a zspage."""
    return ZS_SIZE_CLASSES * pool.rules[GROUPS] + zspage


@simulated
def first_zspage(pool: ZsPool, class_: int, group: int) -> int:
    """Return the first zspage of a list, 0 if there is none."""
    head = fullness_list(pool, class_, group)
    if list_empty(pool.fullness, head):
        return 0
    return list_next(pool.fullness, head) - zspage_node(pool, 0)


@simulated
def insert_zspage(pool: ZsPool, class_: int, zspage: int, group: int) -> None:
    """Insert at the head; of 4 groups, behind a head that has more objects in use."""
    after = fullness_list(pool, class_, group)
    if pool.rules[GROUPS] == FULLNESS_GROUPS:
        first = first_zspage(pool, class_, group)
        if first != 0 and pool.inuse[zspage] < pool.inuse[first]:
            after = zspage_node(pool, first)
    list_add(pool.fullness, zspage_node(pool, zspage), after)
    pool.group[zspage] = group


@simulated
def fix_fullness_group(pool: ZsPool, class_: int, zspage: int) -> int:
    """Move a zspage if its group changed, else leave it at its place; return the group."""
    group = get_fullness_group(pool, class_, zspage)
    if group != pool.group[zspage]:
        list_del(pool.fullness, zspage_node(pool, zspage))
        insert_zspage(pool, class_, zspage, group)
    return group


@simulated
def find_get_zspage(pool: ZsPool, class_: int) -> int:
    """Return the head of the fullest list of zspages with room, 0 if there is none."""
    for group in range(pool.rules[GROUPS] - 2, ZS_EMPTY, -1):
        zspage = first_zspage(pool, class_, group)
        if zspage != 0:
            return zspage
    return 0


@simulated
def alloc_zspage(pool: ZsPool, class_: int) -> int:
    """Return a fresh zspage on no list, or -ENOMEM: the released one last, else a new one."""
    if pool.counts[PAGES] + pool.pages[class_] > pool.rules[MAX_PAGES]:
        return -ENOMEM
    if pool.counts[SPARE] > 0:
        pool.counts[SPARE] -= 1
        zspage = pool.spare[pool.counts[SPARE]]
    else:
        pool.counts[UNUSED] += 1
        zspage = pool.counts[UNUSED]
    pool.counts[PAGES] += pool.pages[class_]
    pool.obj_allocated[class_] += pool.objs[class_]
    pool.zspage_class[zspage] = class_ + 1
    pool.inuse[zspage] = 0
    pool.freeobj[zspage] = 0
    pool.group[zspage] = ZS_EMPTY
    for word in range((pool.objs[class_] + LINKS_PER_WORD - 1) // LINKS_PER_WORD):
        pool.chain[zspage * WORDS + word] = 0
    init_list_head(pool.fullness, zspage_node(pool, zspage))
    return zspage


@simulated
def free_zspage(pool: ZsPool, class_: int, zspage: int) -> None:
    """Give the pages of an empty zspage back."""
    list_del(pool.fullness, zspage_node(pool, zspage))
    pool.zspage_class[zspage] = 0
    pool.obj_allocated[class_] -= pool.objs[class_]
    pool.counts[PAGES] -= pool.pages[class_]
    pool.spare[pool.counts[SPARE]] = zspage
    pool.counts[SPARE] += 1


@simulated
def obj_malloc(pool: ZsPool, class_: int, zspage: int) -> int:
    """Take the head of a zspage's free chain; return its index."""
    obj = pool.freeobj[zspage]
    link = link_of(pool, zspage, obj)
    pool.freeobj[zspage] = obj + 1 if link == NEVER_USED else link - 1
    set_link(pool, zspage, obj, ALLOCATED)
    pool.inuse[zspage] += 1
    pool.obj_used[class_] += 1
    return obj


@simulated
def obj_free(pool: ZsPool, class_: int, zspage: int, obj: int) -> None:
    """Put an object at the head of its zspage's free chain."""
    set_link(pool, zspage, obj, pool.freeobj[zspage] + 1)
    pool.freeobj[zspage] = obj
    pool.inuse[zspage] -= 1
    pool.obj_used[class_] -= 1


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
    if zspage == 0:
        zspage = alloc_zspage(pool, class_)
        if zspage < 0:
            return zspage
    obj = obj_malloc(pool, class_, zspage)
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
    if fix_fullness_group(pool, class_, zspage) == ZS_EMPTY:
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
):
    _generic.register(ZsPool, _own)

DRIVER = zpool.ZpoolDriver(
    type="zsmalloc",
    summary="size classes packed into chains of pages; densest, cannot be shrunk",
    create=zs_create_pool,
    check=zs_check,
    place=zs_place,
    options=zs_options,
    address_pages=address_pages,
    page_group=page_group,
)
