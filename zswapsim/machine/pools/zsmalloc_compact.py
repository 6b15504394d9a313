# SPDX-License-Identifier: GPL-2.0-only
"""Compaction of zsmalloc: empties sparse zspages into fuller ones of their class.

Models Linux 6.1 and 6.12 mm/zsmalloc.c zs_compact (specification section 4.8); the number of
fullness groups tells which. zswap never asks for it; in the kernel the memory shrinker does, and
zram's user.
"""

from zswapsim.engine.simulated import Ints, simulated
from zswapsim.machine.list_head import list_del
from zswapsim.machine.pools.zsmalloc_classes import ZS_SIZE_CLASSES
from zswapsim.machine.pools.zsmalloc_zspage import (
    ALLOCATED,
    FULLNESS_GROUPS,
    GROUPS,
    MOVED,
    RESUME,
    ZS_ALMOST_EMPTY,
    ZS_ALMOST_FULL,
    ZS_EMPTY,
    ZsPool,
    find_get_zspage,
    first_zspage,
    free_zspage,
    get_fullness_group,
    insert_zspage,
    link_of,
    location_to_handle,
    obj_free,
    obj_malloc,
    zspage_node,
)
from zswapsim.machine.tracepoints import trace_zs_move


@simulated
def zs_can_compact(pool: ZsPool, class_: int) -> int:
    """Return the pages that compaction of a class would free."""
    unused = pool.obj_allocated[class_] - pool.obj_used[class_]
    return unused // pool.objs[class_] * pool.pages[class_]


@simulated
def isolate_zspage(pool: ZsPool, class_: int, group: int) -> int:
    """Unlink the head of that group's list, or of the other partly filled one; 0 if none."""
    zspage = first_zspage(pool, class_, group)
    if zspage == 0:
        zspage = first_zspage(pool, class_, ZS_ALMOST_EMPTY + ZS_ALMOST_FULL - group)
    if zspage != 0:  # pragma: no branch - whoever asks knows that there is one
        list_del(pool.fullness, zspage_node(pool, zspage))
    return zspage


@simulated
def putback_zspage(pool: ZsPool, class_: int, zspage: int) -> int:
    """Insert an isolated zspage into the list of its group; return the group."""
    group = get_fullness_group(pool, class_, zspage)
    insert_zspage(pool, class_, zspage, group)
    return group


@simulated
def migrate_zspage(
    pool: ZsPool, class_: int, source: int, destination: int, first: int, moves: Ints
) -> int:
    """Move objects from index first on until the destination is full; return where to go on."""
    for obj in range(first, pool.objs[class_]):
        if link_of(pool, source, obj) == ALLOCATED:
            if pool.inuse[destination] == pool.objs[class_]:
                return obj
            at = 2 * pool.counts[MOVED]
            moves[at] = location_to_handle(pool, source, obj)
            taken = obj_malloc(pool, class_, destination)
            moves[at + 1] = location_to_handle(pool, destination, taken)
            obj_free(pool, class_, source, obj)
            trace_zs_move(pool.size[class_], source, obj, destination, taken)
            pool.counts[MOVED] += 1
    return pool.objs[class_]


@simulated
def room_ends(pool: ZsPool, class_: int, moves: Ints) -> bool:
    """Say whether the next step may need more room than moves has, and if so note where it was."""
    if zs_can_compact(pool, class_) <= 0:
        return False
    if 2 * (pool.counts[MOVED] + pool.objs[class_]) <= len(moves):
        return False
    pool.counts[RESUME] = class_ + 1
    return True


@simulated
def compact_class(pool: ZsPool, class_: int, moves: Ints) -> int:
    """Compact one class of a pool with 4 groups; return the pages freed.

    Source: Linux 6.1 mm/zsmalloc.c __zs_compact.
    """
    objs = pool.objs[class_]
    freed = 0
    while not room_ends(pool, class_, moves):
        source = isolate_zspage(pool, class_, ZS_ALMOST_EMPTY)
        if source == 0:
            break
        obj = 0
        if zs_can_compact(pool, class_) > 0:
            destination = isolate_zspage(pool, class_, ZS_ALMOST_FULL)
            # What is free elsewhere is enough for all that the source holds.
            while destination != 0:  # pragma: no branch
                obj = migrate_zspage(pool, class_, source, destination, obj, moves)
                putback_zspage(pool, class_, destination)
                if obj == objs:
                    break
                destination = isolate_zspage(pool, class_, ZS_ALMOST_FULL)
        group = putback_zspage(pool, class_, source)
        if group == ZS_EMPTY:
            free_zspage(pool, class_, source)
            freed += pool.pages[class_]
        if obj != objs:
            break
    return freed


@simulated
def isolate_src_zspage(pool: ZsPool, class_: int) -> int:
    """Unlink the head of the emptiest list of zspages that are not full; 0 if there is none."""
    for group in range(ZS_EMPTY + 1, pool.rules[GROUPS] - 1):
        zspage = first_zspage(pool, class_, group)
        if zspage != 0:
            list_del(pool.fullness, zspage_node(pool, zspage))
            return zspage
    return 0  # pragma: no cover - whoever asks knows that there is one


@simulated
def isolate_dst_zspage(pool: ZsPool, class_: int) -> int:
    """Unlink the head of the fullest list of zspages that have room; 0 if there is none."""
    zspage = find_get_zspage(pool, class_)
    if zspage != 0:  # pragma: no branch - whoever asks knows that there is one
        list_del(pool.fullness, zspage_node(pool, zspage))
    return zspage


@simulated
def compact_class_by_ratio(pool: ZsPool, class_: int, moves: Ints) -> int:
    """Compact one class of a pool with 12 groups; return the pages freed.

    A destination is kept until it is full. Source: Linux 6.12 mm/zsmalloc.c __zs_compact.
    """
    destination = 0
    freed = 0
    while zs_can_compact(pool, class_) > 0 and not room_ends(pool, class_, moves):
        if destination == 0:
            destination = isolate_dst_zspage(pool, class_)
            if destination == 0:  # pragma: no cover - what can be compacted has two
                break
        source = isolate_src_zspage(pool, class_)
        if source == 0:  # pragma: no cover - what can be compacted has two
            break
        migrate_zspage(pool, class_, source, destination, 0, moves)
        if putback_zspage(pool, class_, source) == ZS_EMPTY:
            free_zspage(pool, class_, source)
            freed += pool.pages[class_]
        if pool.inuse[destination] == pool.objs[class_]:
            putback_zspage(pool, class_, destination)
            destination = 0
    if destination != 0:
        putback_zspage(pool, class_, destination)
    return freed


@simulated
def zs_compact(pool: ZsPool, moves: Ints) -> int:
    """Compact the classes from the largest on; return the pages freed.

    moves gets (old handle, new handle) of each moved object, in the order in which the bytes must
    be copied; counts[MOVED] tells how many. Where its room ends, so does the work, and
    counts[RESUME] is not 0: call again, and it goes on as if it had not stopped. Room for MAX_OBJS
    moves, 2 * MAX_OBJS integers, is enough for every class to come forward.
    Source: Linux 6.1 and 6.12 mm/zsmalloc.c zs_compact.
    """
    class_ = ZS_SIZE_CLASSES - 1
    if pool.counts[RESUME] > 0:
        class_ = pool.counts[RESUME] - 1
    pool.counts[RESUME] = 0
    pool.counts[MOVED] = 0
    freed = 0
    while class_ >= 0 and pool.counts[RESUME] == 0:
        if pool.merged[class_] == class_:
            if pool.rules[GROUPS] == FULLNESS_GROUPS:
                freed += compact_class(pool, class_, moves)
            else:
                freed += compact_class_by_ratio(pool, class_, moves)
        class_ -= 1
    return freed
