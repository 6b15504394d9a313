# SPDX-License-Identifier: GPL-2.0-only
"""What lies where in a pool: its pages with their objects, and the lists that they are on.

For people who look on. How full pages are, without the objects, is in occupancy.py; where the
memory goes as a whole, in space.py.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from zswapsim.machine.list_head import list_nodes
from zswapsim.machine.pools import z3fold_page as z3
from zswapsim.machine.pools import zbud
from zswapsim.machine.pools.z3fold_lru import is_barred, lru_pages
from zswapsim.machine.pools.zpool import PoolState
from zswapsim.machine.pools.zsmalloc_classes import ZS_SIZE_CLASSES
from zswapsim.machine.pools.zsmalloc_zspage import (
    ALLOCATED,
    FULLNESS_GROUPS,
    GROUPS,
    ZsPool,
    data_offset,
    fullness_list,
    link_of,
    location_to_handle,
    zspage_node,
)
from zswapsim.machine.pools.zsmalloc_zspage import UNUSED as ZS_UNUSED
from zswapsim.units import PAGE_SIZE

BUDDIES = ("HEADLESS", "FIRST", "MIDDLE", "LAST")
"""The buddies of a z3fold page by their numbers."""

ZS_GROUPS = ("empty", "almost empty", "almost full", "full")


class Placed(NamedTuple):
    """An object in its page: the room that it was given, and what the place is called."""

    handle: int
    place: str
    offset_bytes: int
    size_bytes: int


class PageLayout(NamedTuple):
    """A page of a pool, or a zspage, as `page` says; objects from the front on.

    pages: of memory that it is; size_class: bytes of the objects of a zspage, 0 elsewhere;
    free_bytes: what objects could still be given; free_chunks: the largest hole, by which the page
    is listed, None where there are no chunks.
    """

    page: int
    pages: int
    size_class: int
    objects: list[Placed]
    free_bytes: int
    free_chunks: int | None


class Layout(NamedTuple):
    """A pool: its pages by number, and its lists that are not empty, by name, heads first."""

    pages: list[PageLayout]
    lists: list[tuple[str, list[int]]]


def zbud_layout(pool: zbud.ZbudPool) -> Layout:
    """Return the pages and lists of a zbud pool."""
    pages = []
    for page in range(int(pool.counts[zbud.UNUSED])):
        if pool.state[page] == zbud.FREE:
            continue
        objects = []
        if pool.first_chunks[page]:
            size = int(pool.first_chunks[page]) << zbud.CHUNK_SHIFT
            handle = int(zbud.first_handle(page))
            objects.append(Placed(handle, "FIRST", handle % PAGE_SIZE, size))
        if pool.last_chunks[page]:
            size = int(pool.last_chunks[page]) << zbud.CHUNK_SHIFT
            handle = int(zbud.last_handle(pool, page))
            objects.append(Placed(handle, "LAST", handle % PAGE_SIZE, size))
        chunks = int(zbud.num_free_chunks(pool, page))
        pages.append(PageLayout(page, 1, 0, objects, chunks << zbud.CHUNK_SHIFT, chunks))
    heads = [(f"unbuddied[{chunks}]", chunks) for chunks in range(zbud.NCHUNKS)]
    lists = [
        (name, [int(node) - zbud.FIRST_PAGE for node in list_nodes(pool.buddy, head)])
        for name, head in (*heads, ("buddied", zbud.BUDDIED))
    ]
    lru = [int(node) - zbud.FIRST_PAGE for node in list_nodes(pool.lru, zbud.LRU)]
    return Layout(pages, _filled(lists, ("lru (newest first)", lru)))


def z3fold_layout(pool: z3.Z3foldPool) -> Layout:
    """Return the pages and lists of a z3fold pool."""
    pages = [
        _z3fold_page(pool, page)
        for page in range(1, int(pool.counts[z3.UNUSED]) + 1)
        if z3.has_flag(pool, page, z3.LIVE)
    ]
    lists = [
        (f"unbuddied[{chunks}]", [int(node) - z3.WORK for node in list_nodes(pool.buddy, chunks)])
        for chunks in range(z3.TOTAL_CHUNKS)
    ]
    lru = [int(page) for page in lru_pages(pool.lru)]
    barred = [page for page in lru if is_barred(pool.lru, page)]
    return Layout(
        pages, _filled(lists, ("lru (newest first)", lru), ("barred from reclaim", barred))
    )


def _z3fold_page(pool: z3.Z3foldPool, page: int) -> PageLayout:
    objects = []
    for bud, name in enumerate(BUDDIES):
        if chunks := int(z3.zhdr_get(pool, page, bud)):
            offset = int(z3.buddy_address(pool, page, bud)) % PAGE_SIZE
            handle = int(pool.handle_of[z3.cell_of(pool, page, bud)])
            objects.append(Placed(handle, name, offset, chunks << z3.CHUNK_SHIFT))
    objects.sort(key=lambda placed: placed.offset_bytes)
    if z3.zhdr_get(pool, page, z3.HEADLESS):
        return PageLayout(page, 1, 0, objects, 0, 0)
    room = (z3.TOTAL_CHUNKS - int(pool.rules[z3.HEADER_CHUNKS])) << z3.CHUNK_SHIFT
    free_bytes = room - sum(placed.size_bytes for placed in objects)
    return PageLayout(page, 1, 0, objects, free_bytes, int(z3.num_free_chunks(pool, page)))


def zsmalloc_layout(pool: ZsPool) -> Layout:
    """Return the zspages of a zsmalloc pool, and of each class that has one its fullness lists."""
    pages = [
        _zspage(pool, zspage)
        for zspage in range(1, int(pool.counts[ZS_UNUSED]) + 1)
        if pool.zspage_class[zspage]
    ]
    return Layout(pages, _filled(list(_fullness_lists(pool))))


def _zspage(pool: ZsPool, zspage: int) -> PageLayout:
    class_ = int(pool.zspage_class[zspage]) - 1
    size, objs = int(pool.size[class_]), int(pool.objs[class_])
    offset = int(data_offset(pool, class_))
    objects = [
        Placed(
            int(location_to_handle(pool, zspage, obj)),
            f"object {obj}",
            obj * size + offset,
            size - offset,
        )
        for obj in range(objs)
        if link_of(pool, zspage, obj) == ALLOCATED
    ]
    free_bytes = (objs - len(objects)) * (size - offset)
    return PageLayout(zspage, int(pool.pages[class_]), size, objects, free_bytes, None)


def _fullness_lists(pool: ZsPool) -> Iterator[tuple[str, list[int]]]:
    for class_ in range(ZS_SIZE_CLASSES):
        if not pool.obj_allocated[class_]:
            continue
        for group in range(int(pool.rules[GROUPS])):
            head = fullness_list(pool, class_, group)
            nodes = list_nodes(pool.fullness, int(head))
            name = f"class {int(pool.size[class_])}: {fullness_name(pool, group)}"
            yield name, [int(node) - int(zspage_node(pool, 0)) for node in nodes]


def fullness_name(pool: ZsPool, group: int) -> str:
    """Return what a fullness group of a pool is called."""
    if pool.rules[GROUPS] == FULLNESS_GROUPS:
        return ZS_GROUPS[group]
    if group in (0, int(pool.rules[GROUPS]) - 1):
        return "full" if group else "empty"
    return f"{10 * (group - 1)}-{10 * group - 1} % in use"


def _filled(
    lists: list[tuple[str, list[int]]], *more: tuple[str, list[int]]
) -> list[tuple[str, list[int]]]:
    return [(name, pages) for name, pages in (*lists, *more) if pages]


_LAYOUT: dict[type, Callable[[Any], Layout]] = {
    zbud.ZbudPool: zbud_layout,
    z3.Z3foldPool: z3fold_layout,
    ZsPool: zsmalloc_layout,
}


def layout_of(pool: PoolState) -> Layout:
    """Return what lies where in a pool, nothing for a driver of which that is not known."""
    told = _LAYOUT.get(type(pool))
    return Layout([], []) if told is None else told(pool)
