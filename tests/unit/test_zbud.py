# SPDX-License-Identifier: GPL-2.0-only
"""zbud: geometry, search order, free, reclaim; EC-1 .. EC-27 and the example of 1.9."""

import pytest
from zbud_driver import ZbudBench, place

from zswapsim.conformance.tape import (
    ALLOCATES,
    FAILS,
    FREES,
    IGNORE,
    MALLOC,
    READ_OWNER,
    UNMAP,
    WRITE_OWNER,
)
from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, ENOSPC, InvariantError
from zswapsim.machine.pools import zbud


@pytest.fixture
def pool(engine: str) -> ZbudBench:
    return ZbudBench(engine)


def fill_page(pool: ZbudBench) -> tuple[int, int]:
    """Fill a page that nothing else fits into; return its FIRST and LAST handles."""
    first, last = pool.malloc(2000), pool.malloc(1984)
    assert place(first)[:2] == (place(last)[0], "F")
    assert place(last)[1] == "L"
    return first, last


def test_ec_1_alloc_0_is_invalid_and_changes_nothing(pool: ZbudBench) -> None:
    before = pool.snapshot()
    assert pool.malloc(0) == -EINVAL
    assert pool.malloc(-1) == -EINVAL
    assert pool.snapshot() == before


def test_ec_2_alloc_1_takes_one_chunk_of_a_new_page(pool: ZbudBench) -> None:
    assert place(pool.malloc(1)) == (0, "F", 64)
    assert pool.chunks(0) == (1, 0)
    assert pool.unbuddied == {62: [0]}
    assert pool.pages == 1


@pytest.mark.parametrize(
    ("size", "chunks"), [(64, 1), (65, 2), (3904, 61), (3905, 62), (1, 1), (128, 2), (129, 3)]
)
def test_ec_3_and_ec_4_a_size_takes_the_chunks_it_touches(
    pool: ZbudBench, size: int, chunks: int
) -> None:
    pool.malloc(size)
    assert pool.chunks(0) == (chunks, 0)
    assert pool.unbuddied == {63 - chunks: [0]}


def test_ec_5_alloc_3968_is_the_largest(pool: ZbudBench) -> None:
    assert place(pool.malloc(3968)) == (0, "F", 64)
    assert pool.chunks(0) == (62, 0)
    assert pool.unbuddied == {1: [0]}


@pytest.mark.parametrize("size", [3969, 4032, 4096, 5000])
def test_ec_6_larger_sizes_never_fit(pool: ZbudBench, size: int) -> None:
    pool.malloc(100)
    before = pool.snapshot()
    assert pool.malloc(size) == -ENOSPC
    assert pool.snapshot() == before


def test_ec_8_62_chunks_share_the_page_of_1_chunk(pool: ZbudBench) -> None:
    pool.malloc(64)
    assert place(pool.malloc(3968)) == (0, "L", 128)
    assert pool.pages == 1
    assert pool.buddied == [0]


def test_ec_9_62_chunks_do_not_fit_beside_2(pool: ZbudBench) -> None:
    pool.malloc(65)
    assert place(pool.malloc(3968)) == (1, "F", 64)
    assert pool.pages == 2


def test_ec_10_the_smallest_gap_that_fits_is_taken(pool: ZbudBench) -> None:
    free_10, free_20 = pool.malloc(53 * 64), pool.malloc(43 * 64)
    assert pool.unbuddied == {10: [0], 20: [1]}
    assert place(pool.malloc(9 * 64))[0] == place(free_10)[0]
    assert place(pool.malloc(9 * 64))[0] == place(free_20)[0]


def test_ec_10_a_gap_of_exactly_the_size_is_enough(pool: ZbudBench) -> None:
    pool.malloc(53 * 64)
    assert place(pool.malloc(10 * 64)) == (0, "L", 4096 - 640)


def test_ec_11_in_one_index_the_page_inserted_last_is_taken(pool: ZbudBench) -> None:
    pool.malloc(3000)
    pool.malloc(3000)
    assert pool.unbuddied == {16: [1, 0]}
    assert place(pool.malloc(1000))[0] == 1
    assert place(pool.malloc(1000))[0] == 0


def test_ec_12_double_free_while_the_buddy_lives(pool: ZbudBench) -> None:
    first, _ = fill_page(pool)
    assert pool.free(first) == 0
    before = pool.snapshot()
    assert pool.free(first) == -EINVAL
    assert pool.snapshot() == before


def test_ec_12_double_free_of_a_released_page(pool: ZbudBench) -> None:
    handle = pool.malloc(100)
    assert pool.free(handle) == 0
    before = pool.snapshot()
    assert pool.free(handle) == -EINVAL
    assert pool.snapshot() == before


@pytest.mark.parametrize(
    "handle", [-64, 0, 1, 63, 65, 4096, 4032, 4096 + 64, 63 * 4096 + 64, 64 * 4096 + 64, 1 << 40]
)
def test_ec_13_free_of_a_place_never_allocated(pool: ZbudBench, handle: int) -> None:
    assert place(pool.malloc(100)) == (0, "F", 64)
    before = pool.snapshot()
    assert pool.free(handle) == -EINVAL
    assert pool.map(handle) == -EINVAL
    assert pool.snapshot() == before


def test_ec_13_a_wrong_offset_of_last_is_no_handle(pool: ZbudBench) -> None:
    _, last = fill_page(pool)
    assert pool.free(last + 64) == -EINVAL
    assert pool.free(last - 64) == -EINVAL
    assert pool.free(last) == 0


@pytest.mark.parametrize("which", [0, 1])
def test_ec_14_free_of_one_buddy_keeps_page_and_lru_place(pool: ZbudBench, which: int) -> None:
    handles = fill_page(pool)
    other = pool.malloc(3968)
    sizes = [32, 31]
    assert pool.lru == [1, 0]
    assert pool.free(handles[which]) == 0
    assert pool.lru == [1, 0]
    assert pool.unbuddied == {63 - sizes[1 - which]: [0], 1: [1]}
    assert pool.pages == 2
    assert pool.map(other) == other


def test_ec_14_the_page_goes_to_the_head_of_its_list(pool: ZbudBench) -> None:
    _, last_of_0 = fill_page(pool)
    _, last_of_1 = fill_page(pool)
    pool.free(last_of_1)
    pool.free(last_of_0)
    assert pool.unbuddied == {31: [0, 1]}


def test_ec_15_free_of_the_last_buddy_releases_the_page(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    pool.free(first)
    assert pool.pages == 1
    pool.free(last)
    assert pool.pages == 0
    assert pool.unbuddied == {}
    assert pool.buddied == []
    assert pool.lru == []
    pool.check()


def test_ec_16_after_free_of_first_an_alloc_goes_to_first(pool: ZbudBench) -> None:
    first, _ = fill_page(pool)
    pool.free(first)
    assert place(pool.malloc(500)) == (0, "F", 64)
    assert pool.chunks(0) == (8, 31)
    assert pool.buddied == [0]


@pytest.mark.parametrize("retries", [0, 1, 8])
def test_ec_17_reclaim_of_an_empty_pool_is_invalid(pool: ZbudBench, retries: int) -> None:
    assert pool.reclaim_page(retries) == -EINVAL
    assert pool.asked == []


def test_ec_17_reclaim_with_no_retries_is_invalid(pool: ZbudBench) -> None:
    pool.malloc(100)
    before = pool.snapshot()
    assert pool.reclaim_page(0) == -EINVAL
    assert pool.asked == []
    assert pool.snapshot() == before


def test_ec_18_a_page_with_only_last_asks_once(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    pool.free(first)
    assert pool.reclaim_page(1) == 0
    assert pool.asked == [last]
    assert pool.pages == 0


def test_first_is_asked_before_last(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    assert pool.reclaim_page(8) == 0
    assert pool.asked == [first, last]
    assert pool.pages == 0


def test_at_most_one_page_is_released_per_call(pool: ZbudBench) -> None:
    fill_page(pool)
    fill_page(pool)
    assert pool.reclaim_page(8) == 0
    assert pool.lru == [1]


def test_ec_19_callback_fails_on_first_of_a_full_page(pool: ZbudBench) -> None:
    first, _ = fill_page(pool)
    fill_page(pool)
    assert pool.lru == [1, 0]
    assert pool.reclaim_page(1, [FAILS]) == -EAGAIN
    assert pool.asked == [first]
    assert pool.chunks(0) == (32, 31)
    assert sorted(pool.buddied) == [0, 1]
    assert pool.lru == [0, 1]
    pool.check()


def test_ec_20_callback_frees_first_and_fails_on_last(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    other = pool.malloc(3000)
    assert pool.reclaim_page(1, [FREES, FAILS]) == -EAGAIN
    assert pool.asked == [first, last]
    assert pool.chunks(0) == (0, 31)
    assert pool.unbuddied == {32: [0], 16: [1]}
    assert pool.lru == [0, 1]
    pool.check()
    assert pool.reclaim_page(8) == 0
    assert pool.asked == [other]


def test_ec_20_the_loop_goes_on_with_the_next_page(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    other = pool.malloc(3000)
    assert pool.reclaim_page(8, [FREES, FAILS, FREES]) == 0
    assert pool.asked == [first, last, other]
    assert pool.lru == [0]


def test_ec_21_a_second_visit_of_the_only_page_succeeds(pool: ZbudBench) -> None:
    handle = pool.malloc(100)
    assert pool.reclaim_page(8, [FAILS, FREES]) == 0
    assert pool.asked == [handle, handle]
    assert pool.pages == 0


def test_ec_22_a_callback_that_always_fails_sees_the_oldest_first_in_turn(pool: ZbudBench) -> None:
    firsts = [fill_page(pool)[0] for _ in range(3)]
    assert pool.lru == [2, 1, 0]
    assert pool.reclaim_page(8, [FAILS]) == -EAGAIN
    assert pool.asked == [firsts[i % 3] for i in range(8)]
    assert pool.lru == [1, 0, 2]  # rotated by 8
    assert pool.pages == 3
    pool.check()


def test_ec_22_one_page_is_asked_as_often_as_there_are_retries(pool: ZbudBench) -> None:
    handle = pool.malloc(100)
    assert pool.reclaim_page(8, [FAILS]) == -EAGAIN
    assert pool.asked == [handle] * 8


def test_ec_23_a_callback_that_only_says_success_is_not_believed(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    other, _ = fill_page(pool)
    assert pool.reclaim_page(1, [IGNORE]) == -EAGAIN
    assert pool.asked == [first, last]
    assert pool.lru == [0, 1]
    assert sorted(pool.buddied) == [0, 1]
    assert pool.reclaim_page(2, [IGNORE]) == -EAGAIN
    assert pool.asked[0] == other


def test_ec_24_a_callback_that_frees_and_fails_still_releases_the_page(pool: ZbudBench) -> None:
    handle = pool.malloc(100)
    assert pool.reclaim_page(8, [FREES | FAILS]) == 0
    assert pool.asked == [handle]
    assert pool.pages == 0
    pool.check()


def test_ec_24_on_the_last_of_two_handles(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    assert pool.reclaim_page(1, [FREES, FREES | FAILS]) == 0
    assert pool.asked == [first, last]
    assert pool.pages == 0


def test_ec_24_on_the_first_of_two_handles_leaves_last_alone(pool: ZbudBench) -> None:
    first, _ = fill_page(pool)
    assert pool.reclaim_page(1, [FREES | FAILS]) == -EAGAIN
    assert pool.asked == [first]
    assert pool.chunks(0) == (0, 31)
    assert pool.unbuddied == {32: [0]}


def test_ec_25_allocations_of_the_callback_never_land_in_the_page(pool: ZbudBench) -> None:
    pool.malloc(100)
    assert pool.reclaim_page(1, [ALLOCATES | FREES], size=64) == 0
    assert [place(handle) for handle in pool.allocated] == [(1, "F", 64)]
    assert pool.lru == [1]
    pool.check()


def test_ec_25_nor_between_its_two_buddies(pool: ZbudBench) -> None:
    fill_page(pool)
    plan = [FREES, ALLOCATES | FREES]  # FIRST is free when the second call allocates
    assert pool.reclaim_page(1, plan, size=64) == 0
    assert [place(handle)[0] for handle in pool.allocated] == [1]
    assert pool.lru == [1]


def test_ec_25_the_new_page_is_newer_than_a_page_that_failed(pool: ZbudBench) -> None:
    pool.malloc(3000)
    assert pool.reclaim_page(1, [ALLOCATES | FAILS], size=500) == -EAGAIN
    assert pool.lru == [0, 1]  # the visited page goes to the head after the callback
    assert pool.unbuddied == {16: [0], 55: [1]}


def test_ec_25_the_page_under_reclaim_is_not_free_memory_yet(engine: str) -> None:
    pool = ZbudBench(engine, max_pages=1)
    pool.malloc(100)
    assert pool.reclaim_page(1, [ALLOCATES | FREES]) == 0
    assert pool.allocated == [-ENOMEM]
    assert place(pool.malloc(100)) == (0, "F", 64)


def test_ec_26_shrink_by_0_pages_is_invalid(pool: ZbudBench) -> None:
    pool.malloc(100)
    assert pool.shrink(0) == (-EINVAL, 0)
    assert pool.asked == []
    assert pool.pages == 1


def test_ec_27_shrink_by_3_of_2_pages_ends_in_an_error_with_2_reclaimed(pool: ZbudBench) -> None:
    fill_page(pool)
    fill_page(pool)
    assert pool.shrink(3) == (-EINVAL, 2)
    assert pool.pages == 0


def test_shrink_stops_at_the_pages_asked_for(pool: ZbudBench) -> None:
    handles = [handle for _ in range(3) for handle in fill_page(pool)]
    assert pool.shrink(2) == (0, 2)
    assert pool.asked == handles[:4]
    assert pool.lru == [2]


def test_shrink_visits_8_pages_for_each_page_it_wants(pool: ZbudBench) -> None:
    for _ in range(12):
        fill_page(pool)
    assert pool.shrink(2, [FREES, FREES, FAILS]) == (-EAGAIN, 1)
    assert len(pool.asked) == 2 + 8
    assert pool.pages == 11


def test_what_was_reclaimed_is_counted_anew_each_time(pool: ZbudBench) -> None:
    fill_page(pool)
    assert pool.shrink(1) == (0, 1)
    assert pool.shrink(1) == (-EINVAL, 0)


def test_a_fresh_alloc_makes_its_page_the_newest(pool: ZbudBench) -> None:
    pool.malloc(3000)
    pool.malloc(3500)
    assert pool.lru == [1, 0]
    pool.malloc(1000)
    assert pool.lru == [0, 1]


def test_out_of_memory_changes_nothing(engine: str) -> None:
    pool = ZbudBench(engine, max_pages=2)
    pool.malloc(3968)
    pool.malloc(3968)
    before = pool.snapshot()
    assert pool.malloc(65) == -ENOMEM
    assert pool.snapshot() == before
    assert place(pool.malloc(64)) == (1, "L", 4032)


def test_map_gives_the_handle_and_unmap_does_nothing(pool: ZbudBench) -> None:
    handle = pool.malloc(100)
    before = pool.snapshot()
    assert pool.map(handle) == handle
    assert pool.tape([(UNMAP, handle)]) == [0]
    assert pool.snapshot() == before


def test_owner_words_of_two_buddies_are_apart(pool: ZbudBench) -> None:
    first, last = fill_page(pool)
    steps = [
        (WRITE_OWNER, first, 7),
        (WRITE_OWNER, last, 8),
        (READ_OWNER, first),
        (READ_OWNER, last),
        (WRITE_OWNER, 12345, 9),
        (READ_OWNER, 12345),
    ]
    assert pool.tape(steps) == [0, 0, 7, 8, -EINVAL, -EINVAL]


def test_density_is_between_one_and_two_objects_a_page(pool: ZbudBench) -> None:
    handles = pool.tape([(MALLOC, 1)] * 10 + [(MALLOC, 3968)] * 10)
    assert len(set(handles)) == 20
    # Equal small ones pair up first, so the large ones stay alone.
    assert pool.pages == 15
    pool.check()


EXAMPLE = [
    # step, argument, place of the object, unbuddied, lru, pages; pages are numbered from 0
    ("alloc", 100, (0, "F", 64), {61: [0]}, [0], 1),
    ("alloc", 2000, (0, "L", 2048), {}, [0], 1),
    ("alloc", 3000, (1, "F", 64), {16: [1]}, [1, 0], 2),
    ("alloc", 1000, (1, "L", 3072), {}, [1, 0], 2),
    ("alloc", 64, (2, "F", 64), {62: [2]}, [2, 1, 0], 3),
    ("free", 0 * 4096 + 2048, None, {61: [0], 62: [2]}, [2, 1, 0], 3),
    ("alloc", 3968, (2, "L", 128), {61: [0]}, [2, 1, 0], 3),
    ("alloc", 30, (0, "L", 4032), {}, [0, 2, 1], 3),
    ("free", 1 * 4096 + 64, None, {47: [1]}, [0, 2, 1], 3),
    ("alloc", 2900, (1, "F", 64), {}, [1, 0, 2], 3),
]


def test_worked_example_of_1_9_step_by_step(pool: ZbudBench) -> None:
    for step, argument, object_place, unbuddied, lru, pages in EXAMPLE:
        if step == "alloc":
            assert place(pool.malloc(argument)) == object_place
        else:
            assert pool.free(argument) == 0
        assert pool.unbuddied == unbuddied, (step, argument)
        assert pool.lru == lru, (step, argument)
        assert pool.pages == pages, (step, argument)
        pool.check()
    assert pool.chunks(1) == (46, 16)

    assert pool.reclaim_page(8, [FAILS, FREES]) == 0
    assert [place(handle) for handle in pool.asked] == [(2, "F", 64), (0, "F", 64), (0, "L", 4032)]
    assert pool.chunks(2) == (1, 62)
    assert sorted(pool.buddied) == [1, 2]
    assert pool.lru == [2, 1]
    assert pool.pages == 2
    pool.check()


def test_check_names_what_is_wrong() -> None:
    pool = ZbudBench("interpreted")
    pool.malloc(100)
    pool.state.first_chunks[0] = 3
    with pytest.raises(InvariantError, match="page 0 is on the wrong list"):
        pool.check()
    pool.state.first_chunks[0] = 2
    pool.state.counts[zbud.PAGES_NR] = 2
    with pytest.raises(InvariantError, match="pages_nr"):
        pool.check()
