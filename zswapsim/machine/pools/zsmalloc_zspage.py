# SPDX-License-Identifier: GPL-2.0-only
"""The zspages of zsmalloc: their objects, the chains of free ones, the lists by fullness.

Layout of a zspage: object i takes the bytes from i * class size on, its first 8 hold the handle
in the kernel, data follow. A huge zspage is one page with one object, data from byte 0 on.

Handle: zspage * longest chain * 4096 + i * class size + 8 (huge: + 0); zspages count from 1. So a
zspage is contiguous in the pool's memory, objects that straddle its pages need nothing special,
and the memory has more addresses than the pool has pages (address_pages).

The free objects of a zspage are a LIFO chain. Each object has 9 bits that say ALLOCATED, or which
one is next; 0 is for one never used, whose next is its neighbour: nothing need be initialised.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, index_item, simulated
from zswapsim.errors import EINVAL, ENOMEM
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_next,
    make_links,
)
from zswapsim.machine.pools.zsmalloc_classes import (
    PAGE_SIZE,
    ZS_HANDLE_SIZE,
    ZS_MIN_ALLOC_SIZE,
    ZS_SIZE_CLASS_DELTA,
    ZS_SIZE_CLASSES,
    size_classes,
)
from zswapsim.profiles import PERCENT

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
    max_zspages: int = 0,
) -> ZsPool:
    """Return an empty pool with room for max_pages pages, and max_zspages if these are fewer.

    As 6.1 unless said: max_chain 4 (to 16) and algorithm PERCENT or WASTE make the classes; groups
    is 4 or 12; invalid_size, oversize: errors for size 0 and over 4096 (5.4: -EPERM for both).
    """
    heads = ZS_SIZE_CLASSES * groups
    zspages = (max_zspages or max_pages) + 1
    pool = ZsPool(
        merged=zeros(ZS_SIZE_CLASSES),
        size=zeros(ZS_SIZE_CLASSES),
        pages=zeros(ZS_SIZE_CLASSES),
        objs=zeros(ZS_SIZE_CLASSES),
        obj_allocated=zeros(ZS_SIZE_CLASSES),
        obj_used=zeros(ZS_SIZE_CLASSES),
        fullness=make_links(heads + zspages, zeros),
        zspage_class=zeros(zspages, "int16"),
        inuse=zeros(zspages, "int16"),
        freeobj=zeros(zspages, "int16"),
        group=zeros(zspages, "int8"),
        chain=zeros(zspages * WORDS),
        spare=zeros(zspages, index_item(zspages)),
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
    if handle <= 0 or zspage >= len(pool.inuse) or pool.zspage_class[zspage] == 0:
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
    if pool.counts[SPARE] == 0 and pool.counts[UNUSED] + 1 == len(pool.inuse):
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
