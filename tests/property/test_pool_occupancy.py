# SPDX-License-Identifier: GPL-2.0-only
"""How full pages are, and in which steps room is given: as the specification's geometry has it.

The oracle knows the sizes that are stored and where the objects lie, not the pool's lists.
"""

from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import Pool
from zswapsim.errors import NoSpace
from zswapsim.machine.pools.fill import fill_pool
from zswapsim.machine.pools.occupancy import occupancy_of
from zswapsim.machine.pools.steps import steps_of
from zswapsim.machine.pools.zpool import zpool_map
from zswapsim.machine.pools.zsmalloc_classes import SizeClass, size_classes
from zswapsim.profiles import profile
from zswapsim.units import PAGE_SIZE

SIZES = st.lists(st.integers(1, PAGE_SIZE), max_size=60)
ROOM = {"zbud": 63, "z3fold": 62}
"""Chunks of a page that objects may use."""


def is_headless(type_: str, size: int) -> bool:
    return type_ == "z3fold" and size > PAGE_SIZE - 3 * 64


def chunked(type_: str, pages: dict[int, list[int]]) -> dict[str, list[int]]:
    """What is to be told of pages of zbud or z3fold, of which the sizes in each are known."""
    shared = [sizes for sizes in pages.values() if not is_headless(type_, sizes[0])]
    buddies = Counter(len(sizes) for sizes in shared)
    free = Counter(ROOM[type_] - sum(-(-size // 64) for size in sizes) for sizes in shared)
    told = {
        "pages_by_buddies": [buddies[n] for n in range(3 if type_ == "zbud" else 4)],
        "pages_by_free_chunks": [free[n] for n in range(ROOM[type_] + 1)],
    }
    return told if type_ == "zbud" else told | {"headless_pages": [len(pages) - len(shared)]}


def class_of(size: int, kernel: str) -> SizeClass:
    row = profile(kernel)
    classes = size_classes(row.zsmalloc_max_chain, row.zsmalloc_algorithm)
    return classes[min(254, max(0, -(-(size + 8 - 32) // 16)))]


def classed(zspages: dict[int, list[int]]) -> dict[str, list[int]]:
    """What is to be told of zspages of zsmalloc, of which the sizes in each are known."""
    of_class = defaultdict(list)
    for sizes in zspages.values():
        (found,) = {class_of(size, "6.1") for size in sizes}
        of_class[found].append(len(sizes))
    told = sorted(of_class.items(), key=lambda item: item[0].size)
    return {
        "class_bytes": [found.size for found, _ in told],
        "zspages": [len(used) for _, used in told],
        "pages": [len(used) * found.pages for found, used in told],
        "obj_allocated": [len(used) * found.objs for found, used in told],
        "obj_used": [sum(used) for _, used in told],
    }


def stored(pool: Pool, sizes: list[int]) -> dict[int, int]:
    size_of = {}
    for size in sizes:
        try:
            size_of[pool.malloc(size)] = size
        except NoSpace:
            assert size > PAGE_SIZE - 128
    return size_of


@given(data=st.data(), sizes=SIZES)
@pytest.mark.parametrize("type_", ["zbud", "z3fold", "zsmalloc"])
def test_pages_are_told_as_their_objects_lie(
    type_: str, data: st.DataObject, sizes: list[int]
) -> None:
    with Pool(type_) as pool:
        size_of = stored(pool, sizes)
        for handle in data.draw(st.sets(st.sampled_from(sorted(size_of) or [0]))):
            if handle:
                pool.free(handle)
                del size_of[handle]
        stretch = 4 * PAGE_SIZE if type_ == "zsmalloc" else PAGE_SIZE
        together: dict[int, list[int]] = defaultdict(list)
        for handle, size in size_of.items():
            together[zpool_map(pool.state, handle) // stretch].append(size)
        expected = classed(together) if type_ == "zsmalloc" else chunked(type_, together)
        assert occupancy_of(pool.state) == expected


@pytest.mark.parametrize(
    ("type_", "kernel"),
    [
        ("zbud", "3.11"),
        ("zbud", "6.6"),
        ("z3fold", "5.4"),
        ("z3fold", "6.12"),
        ("zsmalloc", "5.4"),
        ("zsmalloc", "6.1"),
        ("zsmalloc", "6.12"),
    ],
)
def test_a_step_ends_where_one_byte_more_takes_more_room(type_: str, kernel: str) -> None:
    def room(size: int) -> Any:
        if type_ == "zsmalloc":
            return class_of(size, kernel).size
        return PAGE_SIZE if is_headless(type_, size) else -(-size // 64)

    most = PAGE_SIZE - 128 if type_ == "zbud" else PAGE_SIZE
    ends = [size for size in range(1, most) if room(size) != room(size + 1)]
    filled = fill_pool(type_, profile(kernel), [most, most + 1], engine="interpreted")
    assert filled.steps == [*ends, most]
    assert [outcome > 0 for outcome in filled.outcomes] == [True, False]


def test_of_an_unknown_driver_nothing_is_told() -> None:
    assert occupancy_of(object()) == {}
    assert steps_of(object()) == []
