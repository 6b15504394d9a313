# SPDX-License-Identifier: GPL-2.0-only
"""zsmalloc: class tables, placement, groups, free, compaction; EC-30, EC-35 .. 39, 71, and 4.9."""

from math import ceil

import pytest
from zsmalloc_driver import ZsBench
from zsmalloc_tables import MAX_4_PERCENT, MAX_8_WASTE

from zswapsim import Zswap
from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.engine.tracepoint import listening
from zswapsim.errors import EINVAL, ENOMEM, ENOSPC, InvalidArgument, InvariantError
from zswapsim.machine.pools import zsmalloc, zsmalloc_zspage
from zswapsim.machine.pools.pool import Pool
from zswapsim.machine.pools.zsmalloc_classes import huge_class_size, size_classes
from zswapsim.profiles import PERCENT, WASTE

EPERM = 1
NEWER = {"max_chain": 8, "algorithm": WASTE, "groups": 12, "oversize": -ENOSPC}


@pytest.fixture
def pool(engine: str) -> ZsBench:
    return ZsBench(engine)


@pytest.mark.parametrize(
    ("max_chain", "algorithm", "printed", "distinct"),
    [(4, PERCENT, MAX_4_PERCENT, 69), (8, WASTE, MAX_8_WASTE, 119)],
)
def test_the_class_tables_are_those_of_the_kernel(
    max_chain: int, algorithm: int, printed: str, distinct: int
) -> None:
    classes = {c.number: c for c in size_classes(max_chain, algorithm)}
    rows = [f"{n}: {c.size}/{c.pages}/{c.objs}/{c.waste}" for n, c in sorted(classes.items())]
    assert rows == [cell.strip() for cell in printed.split("|")]
    assert len(rows) == distinct


@pytest.mark.parametrize(("max_chain", "algorithm"), [(4, PERCENT), (8, WASTE), (16, WASTE)])
def test_a_size_is_served_by_the_smallest_class_that_holds_it(
    max_chain: int, algorithm: int
) -> None:
    classes = size_classes(max_chain, algorithm)
    sizes = {c.size for c in classes}
    for size in range(1, 4097):
        served = classes[zsmalloc_zspage.get_size_class_index(size + 8)]
        assert served.size == min(s for s in sizes if s >= min(size + 8, 4096))
        assert served.objs <= zsmalloc_zspage.MAX_OBJS


def test_max_4_differs_by_algorithm_in_class_208_only() -> None:
    pairs = zip(size_classes(4, PERCENT), size_classes(4, WASTE), strict=True)
    odd = [(a, b) for a, b in pairs if a != b]
    assert [(a.size, a.pages, a.objs, b.pages, b.objs) for a, b in odd] == [(208, 2, 39, 3, 59)]


@pytest.mark.parametrize(
    ("max_chain", "algorithm", "size"), [(4, PERCENT, 3257), (4, WASTE, 3257), (8, WASTE, 3625)]
)
def test_huge_class_size(max_chain: int, algorithm: int, size: int) -> None:
    assert huge_class_size(max_chain, algorithm) == size


@pytest.mark.parametrize(
    ("size", "class_size"), [(1, 32), (24, 32), (25, 48), (3256, 3264), (3257, 4096), (4096, 4096)]
)
def test_ec_35_ec_36_and_ec_38_classes_of_sizes(pool: ZsBench, size: int, class_size: int) -> None:
    assert pool.class_size(pool.malloc(size)) == class_size


@pytest.mark.parametrize(("size", "class_size"), [(3624, 3632), (3625, 4096)])
def test_ec_37_classes_of_a_longer_chain(engine: str, size: int, class_size: int) -> None:
    pool = ZsBench(engine, **NEWER)
    assert pool.class_size(pool.malloc(size)) == class_size


@pytest.mark.parametrize("size", [0, -1, 4097, 9000])
def test_ec_38_sizes_that_are_refused_change_nothing(pool: ZsBench, size: int) -> None:
    pool.malloc(100)
    before = pool.snapshot()
    assert pool.malloc(size) == -EINVAL
    assert pool.snapshot() == before


def test_ec_38_other_kernels_refuse_with_other_errors(engine: str) -> None:
    old = ZsBench(engine, invalid_size=-EPERM, oversize=-EPERM)
    assert [old.malloc(0), old.malloc(4097)] == [-1, -1]
    new = ZsBench(engine, **NEWER)
    assert [new.malloc(0), new.malloc(4097)] == [-EINVAL, -ENOSPC]


@pytest.mark.parametrize(("size", "pages"), [(24, 1), (40, 3), (160, 4), (1000, 1), (3256, 4)])
def test_ec_39_freeing_the_last_object_releases_the_whole_zspage(
    pool: ZsBench, size: int, pages: int
) -> None:
    first, second = (pool.malloc(size), pool.malloc(size))
    assert pool.pages == pages
    assert pool.free(first) == 0
    assert pool.pages == pages
    assert pool.free(second) == 0
    assert pool.pages == 0
    pool.check()


def test_ec_71_free_objects_are_a_lifo_chain(pool: ZsBench) -> None:
    handles = [pool.malloc(1000) for _ in range(3)]
    assert [pool.place(handle)[1] for handle in handles] == [0, 1, 2]
    pool.free(handles[1])
    pool.free(handles[0])
    assert [pool.place(pool.malloc(1000))[1] for _ in range(3)] == [0, 1, 3]


def test_ec_30_shrink_is_invalid(pool: ZsBench) -> None:
    pool.malloc(100)
    assert pool.shrink(1) == (-EINVAL, 0)


def test_example_of_4_9(engine: str) -> None:
    for options in ({}, NEWER):
        pool = ZsBench(engine, **options)
        handles = [pool.malloc(1000) for _ in range(100)]
        assert pool.pages == 25
        assert {pool.class_size(handle) for handle in handles} == {1024}


def test_objects_lie_end_to_end_and_may_straddle_pages(pool: ZsBench) -> None:
    handles = [pool.malloc(3256) for _ in range(5)]
    assert [handle - handles[0] for handle in handles] == [3264 * i for i in range(5)]
    assert handles[0] == 4 * 4096 + 8
    assert [pool.place(handle) for handle in handles] == [(4, 0), (4, 1), (5, 2), (6, 3), (7, 4)]


def test_a_huge_object_has_its_page_to_itself(pool: ZsBench) -> None:
    handle = pool.malloc(4096)
    assert handle % 4096 == 0
    assert pool.place(handle)[1] == 0
    assert pool.malloc(4096) != handle
    assert pool.pages == 2


@pytest.mark.parametrize("size", [24, 40, 100, 1000, 3256])
def test_a_full_zspage_is_full_to_the_last_object(pool: ZsBench, size: int) -> None:
    first = pool.malloc(size)
    pages, objs = pool.pages, pool.objs(first)
    rest = [pool.malloc(size) for _ in range(objs - 1)]
    assert pool.pages == pages
    assert [pool.place(handle)[1] for handle in rest] == list(range(1, objs))
    assert pool.place(pool.malloc(size))[1] == 0
    assert pool.pages == 2 * pages
    pool.check()


def test_double_free_and_foreign_handles_are_invalid(pool: ZsBench) -> None:
    kept, handle = pool.malloc(1000), pool.malloc(1000)
    huge = pool.malloc(4096)
    assert pool.free(handle) == 0
    before = pool.snapshot()
    foreign = [0, -8, 8, handle, kept + 1, kept - 8, kept + 4096, huge + 8, 1 << 40]
    for wrong in foreign:
        assert pool.free(wrong) == -EINVAL
        assert pool.map(wrong) == -EINVAL
        assert pool.owner(wrong, 5) == (-EINVAL, -EINVAL)
    assert pool.snapshot() == before
    assert pool.free(kept) == 0
    assert pool.free(kept) == -EINVAL


def test_map_gives_the_handle_and_owner_words_are_not_kept(pool: ZsBench) -> None:
    handle = pool.malloc(700)
    assert pool.map(handle) == handle
    assert pool.owner(handle, 77) == (0, 0)


def test_all_or_nothing_when_pages_run_out(engine: str) -> None:
    pool = ZsBench(engine, 7)
    small = pool.malloc(3256)
    before = pool.snapshot()
    assert pool.malloc(160) == -ENOMEM  # a chain of 4 pages
    assert pool.snapshot() == before
    assert pool.malloc(40) > 0  # one of 3
    assert pool.malloc(4096) == -ENOMEM
    assert pool.free(small) == 0
    assert pool.malloc(160) > 0
    pool.check()


def test_4_groups_prefer_more_than_three_quarters(pool: ZsBench) -> None:
    pages = [[pool.malloc(496) for _ in range(8)] for _ in range(3)]  # 8 objects to a page
    for handles, kept in zip(pages, (6, 7, 3), strict=True):
        for handle in handles[kept:]:
            pool.free(handle)
    # 7 of 8 is almost full, 6 almost empty; of those the one that came there last is the head.
    assert pool.zspage(pool.malloc(496)) == pool.zspage(pages[1][0])
    assert pool.zspage(pool.malloc(496)) == pool.zspage(pages[2][0])


def test_4_groups_insert_behind_a_head_with_more_in_use(pool: ZsBench) -> None:
    first, second = ([pool.malloc(496) for _ in range(8)] for _ in range(2))
    for handle in (*first[:2], *second[:5]):
        pool.free(handle)  # 6 of 8 in use, then 6, 5, 4, 3: only changes of group move
    assert pool.zspage(pool.malloc(496)) == pool.zspage(second[-1])
    third = [pool.malloc(496) for _ in range(20)]
    assert len({pool.zspage(handle) for handle in third}) > 1
    pool.check()


def test_12_groups_take_the_fullest(engine: str) -> None:
    pool = ZsBench(engine, **NEWER)
    pages = [[pool.malloc(496) for _ in range(8)] for _ in range(4)]
    for handles, kept in zip(pages, (2, 6, 4, 1), strict=True):
        for handle in handles[kept:]:
            pool.free(handle)
    assert pool.zspage(pool.malloc(496)) == pool.zspage(pages[1][0])
    pool.check()


def sparse(pool: ZsBench, *kept: int) -> list[list[int]]:
    """Fill zspages of 4 objects each, then free all but the first `kept` of each."""
    zspages = [[pool.malloc(1000) for _ in range(4)] for _ in kept]
    for handles, number in zip(zspages, kept, strict=True):
        for handle in handles[number:]:
            pool.free(handle)
        del handles[number:]
    return zspages


@pytest.mark.parametrize("rules", [{}, NEWER], ids=["4 groups", "12 groups"])
def test_compaction_frees_what_it_can(engine: str, rules: dict[str, int]) -> None:
    pool = ZsBench(engine, **rules)
    objects = {handles[0] for handles in sparse(pool, 1, 1, 1, 1, 1, 1)}
    freed, moves = pool.compact()
    assert (freed, pool.pages) == (4, 2)
    pool.check()
    for old, new in moves:
        objects.remove(old)
        objects.add(new)
    assert len(objects) == 6
    assert all(pool.map(handle) == handle for handle in objects)
    assert pool.compact() == (0, [])


@pytest.mark.parametrize("rules", [{}, NEWER], ids=["4 groups", "12 groups"])
def test_compaction_goes_on_where_its_room_ended(engine: str, rules: dict[str, int]) -> None:
    pool, whole = ZsBench(engine, **rules), ZsBench(engine, **rules)
    for bench in (pool, whole):
        sparse(bench, 1, 1, 1, 1, 1, 1)
    freed, moves = pool.compact(room=4)
    assert (freed, len(moves)) == (1, 1)
    assert pool.compact(room=3) == (0, [])
    more, rest = pool.compact_in_parts(room=4)
    assert (freed + more, moves + rest) == whole.compact()
    assert pool.lists == whole.lists
    assert pool.pages == 2


def test_12_groups_fill_one_destination_from_the_emptiest(engine: str) -> None:
    pool = ZsBench(engine, **NEWER)
    two, one, other, three = sparse(pool, 2, 1, 1, 3)
    freed, moves = pool.compact()
    # 75 % takes from the 25 % that came there last, is full; 50 % takes the other one.
    assert freed == 2
    assert [old for old, _ in moves] == [other[0], one[0]]
    assert [pool.zspage(new) for _, new in moves] == [pool.zspage(three[0]), pool.zspage(two[0])]
    pool.check()


@pytest.mark.parametrize(
    ("kept", "zspages"), [(12, 2), (116, 11)], ids=["below 10 %", "above 90 %"]
)
def test_12_groups_are_all_compacted_that_have_room(kept: int, zspages: int) -> None:
    """Of 128 objects, the least full and the fullest zspages but for the empty and the full."""
    pool = ZsBench("interpreted", **NEWER)
    handles = [[pool.malloc(24) for _ in range(128)] for _ in range(zspages)]
    for zspage in handles:
        for handle in zspage[kept:]:
            pool.free(handle)
    freed, moves = pool.compact()
    assert (freed, pool.pages) == (1, zspages - 1)
    assert len(moves) == kept
    pool.check()


def test_a_listener_is_told_of_an_object_for_which_a_zspage_was_made() -> None:
    pool = ZsBench("interpreted")
    for size in (1000, 1000, 500, 1000, 1000, 1000, 4096):
        told: list[int] = []
        before = pool.pages
        with listening(lambda name, values, told=told: told.append(values["fresh"])):
            pool.malloc(size)
        assert told == [int(pool.pages > before)]


def test_the_addresses_fit_the_memory(pool: ZsBench) -> None:
    handles = [pool.malloc(4096) for _ in range(64)]
    assert pool.malloc(4096) == -ENOMEM
    assert max(handles) + 4096 <= zsmalloc.DRIVER.address_pages(64) * 4096


def test_a_pool_by_hand() -> None:
    with Pool("zsmalloc", max_pages=8) as pool:
        handle = pool.malloc(500)
        assert (pool.total_pages, pool.evictable) == (1, False)
        assert pool.place(handle) == (4, 0)
        with pytest.raises(InvalidArgument):
            pool.shrink(1)
        with pytest.raises(InvalidArgument):
            pool.malloc(4097)
        pool.free(handle)
        pool.check()


def test_bytes_survive_in_every_class() -> None:
    pages = [bytes([i % 251]) * i + bytes(range(1, 256)) * 20 for i in range(0, 4096, 64)]
    with Zswap(compressor="lz4", zpool="zsmalloc", max_pool_pages=200) as zswap:
        for slot, page in enumerate(pages, 1):
            assert zswap.store(slot, page[:4096])
        for slot, page in enumerate(pages, 1):
            assert zswap.load(slot) == page[:4096]
        zswap.check()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("counts", "the pages do not add up"),
        ("inuse", "obj_used of class"),
        ("group", "on the wrong list"),
        ("freeobj", "free and allocated"),
    ],
)
def test_check_finds_damage(damage: str, message: str) -> None:
    pool = ZsBench("interpreted")
    pool.malloc(500)
    at = zsmalloc_zspage.PAGES if damage == "counts" else 1
    getattr(pool.state, damage)[at] = 0 if damage == "freeobj" else 3
    with pytest.raises(InvariantError, match=message):
        pool.check()


def test_memory_of_a_pool_is_bounded() -> None:
    state = zsmalloc_zspage.zs_create_pool(1000, zeros_interpreted)
    assert len(state.chain) == 1001 * ceil(256 / 7)
