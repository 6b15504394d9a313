# SPDX-License-Identifier: GPL-2.0-only
"""Where the memory of a pool goes: all of it is told, and as the specification's geometry has it.

The oracle knows the sizes that were stored and where the objects lie, not the pool's lists.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import Pool
from zswapsim.errors import NoSpace
from zswapsim.machine.pools.fill import fill_pool
from zswapsim.machine.pools.space import space_of
from zswapsim.machine.pools.zsmalloc_classes import size_classes
from zswapsim.profiles import profile
from zswapsim.units import PAGE_SIZE

SIZES = st.lists(st.integers(1, PAGE_SIZE), max_size=60)
TYPES = ["zbud", "z3fold", "zsmalloc"]


def room_of(type_: str, size: int, kernel: str) -> tuple[int, int]:
    """The bytes that an object of a size is given, and those of its own header."""
    if type_ == "zsmalloc":
        row = profile(kernel)
        classes = size_classes(row.zsmalloc_max_chain, row.zsmalloc_algorithm)
        found = classes[min(254, max(0, -(-(size + 8 - 32) // 16)))]
        header = 0 if (found.pages, found.objs) == (1, 1) else 8
        return found.size - header, header
    if type_ == "z3fold" and size > PAGE_SIZE - 3 * 64:
        return PAGE_SIZE, 0
    return -(-size // 64) * 64, 0


@given(sizes=SIZES, kernel=st.sampled_from(["5.4", "6.12"]))
@pytest.mark.parametrize("type_", TYPES)
def test_used_bytes_and_waste_are_all_bytes_of_a_filled_pool(
    type_: str, kernel: str, sizes: list[int]
) -> None:
    filled = fill_pool(type_, profile(kernel), sizes, engine="interpreted")
    space = filled.space
    assert space is not None
    assert sum(space) == filled.total_pages * PAGE_SIZE
    assert min(space) >= 0
    stored = [size for size, got in zip(sizes, filled.outcomes, strict=True) if got > 0]
    assert len(stored) == sum(type_ != "zbud" or size <= PAGE_SIZE - 128 for size in sizes)
    rooms = [room_of(type_, size, kernel) for size in stored]
    assert space.objects == sum(room for room, _ in rooms)
    if type_ == "zbud":
        assert space.headers == 64 * filled.total_pages
    elif type_ == "z3fold":
        headless = sum(size > PAGE_SIZE - 3 * 64 for size in stored)
        assert space.headers == 128 * (filled.total_pages - headless)
    else:
        assert space.headers == sum(header for _, header in rooms)


@given(data=st.data(), sizes=SIZES)
@pytest.mark.parametrize("type_", TYPES)
def test_it_adds_up_after_frees_as_well(type_: str, data: st.DataObject, sizes: list[int]) -> None:
    with Pool(type_) as pool:
        size_of = {}
        for size in sizes:
            try:
                size_of[pool.malloc(size)] = size
            except NoSpace:
                assert (type_, size > PAGE_SIZE - 128) == ("zbud", True)
        for handle in data.draw(st.sets(st.sampled_from(sorted(size_of) or [0]))):
            if handle:
                pool.free(handle)
                del size_of[handle]
        space = space_of(pool.state)
        assert space is not None
        assert sum(space) == pool.total_size
        assert min(space) >= 0
        assert space.objects == sum(room_of(type_, size, "6.1")[0] for size in size_of.values())


@pytest.mark.parametrize("type_", TYPES)
def test_both_engines_fill_a_pool_alike(type_: str) -> None:
    sizes = [1 + at * 7919 % PAGE_SIZE for at in range(700)]
    row = profile("5.4")
    filled = [fill_pool(type_, row, sizes, engine=name) for name in ("interpreted", "compiled")]
    assert filled[0] == filled[1]
    assert filled[0].total_pages > 200


def test_what_is_not_known_of_a_driver_is_not_told() -> None:
    assert space_of(object()) is None
