# SPDX-License-Identifier: GPL-2.0-only
"""z3fold: geometry, placement, moves; EC-31, EC-32 and the examples of 3.9."""

import pytest
from z3fold_driver import Z3foldBench, at, fill_page

from zswapsim.conformance.tape import (
    FREES,
    IGNORE,
    READ_OWNER,
    UNMAP,
    WRITE_OWNER,
)
from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, ENOSPC, InvalidArgument
from zswapsim.machine.pools import z3fold, zpool
from zswapsim.machine.pools.pool import Pool
from zswapsim.profiles import PROFILES

CHUNK = 64


@pytest.fixture
def pool(engine: str) -> Z3foldBench:
    return Z3foldBench(engine)


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_of_0_is_invalid_and_changes_nothing(pool: Z3foldBench, size: int) -> None:
    before = pool.snapshot()
    assert pool.malloc(size) == -EINVAL
    assert pool.snapshot() == before


def test_ec_31_3904_is_the_largest_that_shares_a_page(pool: Z3foldBench) -> None:
    handle = pool.malloc(3904)
    assert pool.chunks(1) == (61, 0, 0)
    assert pool.place(handle) == (1, 1)
    assert pool.unbuddied == {1: [1]}
    assert pool.place(pool.malloc(64)) == (1, 3 + 4 * 1)


@pytest.mark.parametrize("size", [3905, 4000, 4096])
def test_ec_31_3905_to_4096_are_headless(pool: Z3foldBench, size: int) -> None:
    handle = pool.malloc(size)
    assert pool.place(handle) == (1, "H")
    assert pool.map(handle) == at(1, 0)
    assert pool.unbuddied == {}
    assert pool.lru == [1]
    assert pool.pages == 1


def test_ec_31_4097_never_fits(pool: Z3foldBench) -> None:
    pool.malloc(100)
    before = pool.snapshot()
    assert pool.malloc(4097) == -ENOSPC
    assert pool.snapshot() == before


def test_a_larger_header_leaves_less_room(engine: str) -> None:
    pool = Z3foldBench(engine, header_chunks=3)
    assert pool.place(pool.malloc(3841)) == (1, "H")
    handle = pool.malloc(3840)
    assert pool.map(handle) == at(2, 3)
    assert pool.unbuddied == {1: [2]}
    pool.check()


@pytest.mark.parametrize("header_chunks", [-1, 0, 63])
def test_a_header_that_is_none_or_leaves_no_room_is_refused(header_chunks: int) -> None:
    with pytest.raises(InvalidArgument, match=f"header_chunks {header_chunks}: allowed is 1 to 62"):
        Z3foldBench("interpreted", header_chunks=header_chunks)


def test_the_largest_header_leaves_two_chunks(engine: str) -> None:
    pool = Z3foldBench(engine, header_chunks=62)
    assert pool.place(pool.malloc(64)) == (1, 1)
    assert pool.place(pool.malloc(64)) == (1, 3 + 4)
    assert pool.place(pool.malloc(65)) == (2, "H")
    pool.check()


@pytest.mark.parametrize(("size", "chunks"), [(1, 1), (64, 1), (65, 2), (128, 2), (3840, 60)])
def test_a_size_takes_the_chunks_it_touches(pool: Z3foldBench, size: int, chunks: int) -> None:
    pool.malloc(size)
    assert pool.chunks(1) == (chunks, 0, 0)
    assert pool.unbuddied == {62 - chunks: [1]}


def test_a_headless_page_is_released_by_its_free(pool: Z3foldBench) -> None:
    handle, other = pool.malloc(4096), pool.malloc(4096)
    assert pool.free(handle) == 0
    assert (pool.pages, pool.lru) == (1, [2])
    assert pool.free(other) == 0
    assert pool.pages == 0
    pool.check()


def test_ec_32_a_full_page_without_its_middle_is_listed_and_nothing_moves(
    pool: Z3foldBench,
) -> None:
    _, _, middle = fill_page(pool, 10, 20, 5)
    assert pool.unbuddied == {}
    assert pool.free(middle) == 0
    assert pool.unbuddied == {62 - 10 - 20: [1]}
    assert pool.move is None


def test_worked_example_1_of_3_9_step_by_step(pool: Z3foldBench) -> None:
    first = pool.malloc(640)
    assert pool.map(first) == at(1, 2)
    assert pool.unbuddied == {52: [1]}
    last = pool.malloc(1280)
    assert pool.map(last) == at(1, 44)
    assert pool.unbuddied == {32: [1]}
    middle = pool.malloc(320)
    assert pool.map(middle) == at(1, 12)
    assert pool.unbuddied == {}
    assert [pool.place(handle) for handle in (first, last, middle)] == [(1, 1), (1, 83), (1, 2)]
    assert pool.free(first) == 0
    assert pool.map(middle) == at(1, 39)
    assert pool.move == (320, at(1, 12), at(1, 39))
    assert pool.unbuddied == {37: [1]}
    assert pool.map(pool.malloc(2368)) == at(1, 2)
    assert pool.free(middle) == 0
    assert pool.move is None
    assert pool.unbuddied == {5: [1]}
    pool.check()


def test_worked_example_2_of_3_9_step_by_step(pool: Z3foldBench) -> None:
    a = pool.malloc(1000)
    b = pool.malloc(2900)
    assert pool.unbuddied == {0: [1]}
    c = pool.malloc(2000)
    assert (pool.unbuddied, pool.lru, pool.pages) == ({0: [1], 30: [2]}, [2, 1], 2)
    assert pool.free(b) == 0
    assert pool.move == (1024, at(1, 2), at(2, 48))
    assert pool.place(a) == (2, 3 + 4 * 16)
    assert (pool.unbuddied, pool.lru, pool.pages) == ({14: [2]}, [2], 1)
    assert pool.reclaim_page(8) == -EAGAIN
    assert pool.asked == []
    d = pool.malloc(700)
    assert pool.map(d) == at(2, 34)
    e = pool.malloc(3000)
    # The released page is taken again: what the example calls P3 is page 1 once more.
    assert (pool.place(e), pool.lru, pool.pages) == ((1, 1), [1, 2], 2)
    assert pool.reclaim_page(1) == 0
    assert (pool.asked, pool.lru, pool.pages) == ([e], [2], 1)
    assert pool.free(a) == 0
    assert pool.unbuddied == {64 - (34 + 11): [2]}
    assert pool.reclaim_page(8) == 0
    assert pool.asked == [d, c]
    assert (pool.lru, pool.pages) == ([], 0)
    pool.check()


def test_the_smallest_hole_that_fits_is_taken_newest_first(pool: Z3foldBench) -> None:
    for chunks in (52, 42, 42):
        pool.malloc(chunks * CHUNK)
    assert pool.unbuddied == {10: [1], 20: [3, 2]}
    assert pool.place(pool.malloc(11 * CHUNK))[0] == 3
    assert pool.place(pool.malloc(10 * CHUNK))[0] == 1
    assert pool.place(pool.malloc(10 * CHUNK))[0] == 2


def test_a_page_of_no_free_chunks_is_listed_and_never_found(pool: Z3foldBench) -> None:
    fill_page(pool, 31, 31)
    assert pool.unbuddied == {0: [1]}
    assert pool.place(pool.malloc(1)) == (2, 1)


def test_a_hole_before_middle_takes_a_first_of_its_length(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool, 20, 20, 22)
    pool.free(first)
    assert pool.move is None  # MIDDLE has its neighbour already
    assert pool.unbuddied == {20: [1]}
    assert pool.place(pool.malloc(20 * CHUNK)) == (1, 1)
    assert pool.map(middle) == at(1, 22)
    assert pool.map(last) == at(1, 44)


def test_where_both_holes_are_open_first_is_taken_if_it_fits(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool, 10, 10, 5)
    assert pool.reclaim_page(1, [IGNORE, FREES, FREES]) == -EAGAIN  # leaves MIDDLE where it is
    assert pool.asked == [middle, first, last]
    assert pool.map(middle) == at(1, 12)
    assert pool.unbuddied == {64 - 17: [1]}
    assert pool.place(pool.malloc(11 * CHUNK)) == (1, 3 + 4 * 11)  # one chunk too long for FIRST
    assert pool.place(pool.malloc(10 * CHUNK)) == (1, 1)
    pool.check()


def test_a_fresh_alloc_makes_its_page_the_newest_and_a_free_does_not(pool: Z3foldBench) -> None:
    pool.malloc(3000)
    pool.malloc(3500)
    assert pool.lru == [2, 1]
    extra = pool.malloc(900)
    assert pool.place(extra)[0] == 1
    assert pool.lru == [1, 2]
    pool.malloc(3904)
    assert pool.free(extra) == 0
    assert pool.lru == [3, 1, 2]


@pytest.mark.parametrize("gap", [2, 3])
def test_middle_slides_down_to_first_over_a_gap_of_3_chunks(engine: str, gap: int) -> None:
    pool = Z3foldBench(engine)
    first, last, middle = fill_page(pool, 10, 30, 20)
    pool.free(first)
    new_first = pool.malloc((10 - gap) * CHUNK)
    assert pool.place(new_first) == (1, 1)
    pool.free(last)
    if gap == 2:
        assert pool.move is None
        assert pool.unbuddied == {32: [1]}
    else:
        assert pool.move == (20 * CHUNK, at(1, 12), at(1, 9))
        assert pool.unbuddied == {35: [1]}
    assert pool.place(middle) == (1, 2)
    pool.check()


@pytest.mark.parametrize("gap", [2, 3])
def test_middle_slides_up_to_last_over_a_gap_of_3_chunks(engine: str, gap: int) -> None:
    pool = Z3foldBench(engine)
    first, _, middle = fill_page(pool, 10, 10, 42 - gap)
    pool.free(first)
    if gap == 2:
        assert pool.move is None
        assert pool.unbuddied == {10: [1]}
    else:
        assert pool.move == (39 * CHUNK, at(1, 12), at(1, 15))
        assert pool.unbuddied == {13: [1]}
    assert pool.place(middle) == (1, 2)


def test_a_middle_on_its_own_becomes_first_and_its_slot_stays(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool, 10, 10, 30)
    pool.free(first)
    assert pool.move == (30 * CHUNK, at(1, 12), at(1, 24))
    pool.free(last)
    assert pool.move == (30 * CHUNK, at(1, 24), at(1, 2))
    assert pool.chunks(1) == (30, 0, 0)
    assert pool.place(middle) == (1, 2)
    assert pool.unbuddied == {32: [1]}
    # New objects count from the page's new first_num: LAST 3 + 1 is 0, MIDDLE 2 + 1 is 3.
    new_last, new_middle = pool.malloc(20 * CHUNK), pool.malloc(5 * CHUNK)
    assert pool.place(new_last) == (1, 0 + 4 * 20)
    assert pool.place(new_middle) == (1, 3)
    assert pool.map(new_last) == at(1, 44)
    pool.check()


def test_first_num_counts_modulo_4(pool: Z3foldBench) -> None:
    first = pool.malloc(30 * CHUNK)
    for turn in range(1, 6):
        last, middle = pool.malloc(20 * CHUNK), pool.malloc(12 * CHUNK)
        pool.free(first)
        pool.free(last)
        assert pool.map(middle) == at(1, 2)
        assert pool.place(middle) == (1, (1 + turn) % 4)
        pool.check()
        first = middle
    pool.free(first)
    assert pool.pages == 0
    pool.malloc(64)
    assert pool.place(pool.malloc(64)) == (1, 3 + 4)  # a fresh page counts from 0


def test_a_lone_object_moves_to_the_smallest_hole_and_its_page_is_released(
    pool: Z3foldBench,
) -> None:
    lone, other = pool.malloc(10 * CHUNK), pool.malloc(50 * CHUNK)
    pool.malloc(42 * CHUNK)
    pool.malloc(51 * CHUNK)
    assert pool.unbuddied == {2: [1], 20: [2], 11: [3]}
    assert pool.set_owner(lone, 77) == 0
    pool.free(other)
    assert pool.move == (10 * CHUNK, at(1, 2), at(3, 54))
    assert pool.place(lone) == (3, 3 + 4 * 10)
    assert pool.owner(lone) == 77
    assert pool.foreign(3) == 1
    assert (pool.lru, pool.pages) == ([3, 2], 2)
    assert pool.unbuddied == {20: [2], 1: [3]}
    pool.check()


def test_a_lone_object_without_a_hole_elsewhere_stays(pool: Z3foldBench) -> None:
    lone, other = pool.malloc(30 * CHUNK), pool.malloc(32 * CHUNK)
    pool.malloc(40 * CHUNK)
    pool.free(other)
    assert pool.move is None
    assert pool.map(lone) == at(1, 2)
    assert pool.unbuddied == {32: [1], 22: [2]}
    assert pool.pages == 2


def test_a_lone_middle_moves_into_the_middle_of_another_page(pool: Z3foldBench) -> None:
    first, last, middle = fill_page(pool, 20, 32, 10)
    fill_page(pool, 30, 20)
    pool.free(first)
    assert pool.move is None
    pool.free(last)
    assert pool.move == (10 * CHUNK, at(1, 22), at(2, 32))
    assert pool.place(middle) == (2, 2)
    assert pool.chunks(2) == (30, 10, 20)
    assert pool.unbuddied == {}
    pool.check()


def test_a_foreign_object_that_is_alone_does_not_move_on(pool: Z3foldBench) -> None:
    a, b = pool.malloc(16 * CHUNK), pool.malloc(46 * CHUNK)
    c = pool.malloc(32 * CHUNK)
    pool.free(b)
    pool.malloc(15 * CHUNK)
    third = pool.malloc(40 * CHUNK)
    assert pool.place(a)[0] == 2
    pool.free(c)
    assert pool.foreign(2) == 1
    assert pool.place(a)[0] == 2
    pool.free(third)
    assert pool.place(a)[0] == 2


def test_a_foreign_object_stays_where_it_is_though_another_page_has_room_for_it(
    pool: Z3foldBench,
) -> None:
    a, b, c = pool.malloc(16 * CHUNK), pool.malloc(46 * CHUNK), pool.malloc(32 * CHUNK)
    pool.free(b)
    pool.malloc(20 * CHUNK)
    pool.malloc(20 * CHUNK)
    pool.free(c)
    assert (pool.foreign(2), pool.place(a)[0]) == (1, 2)
    assert pool.place(pool.malloc(16 * CHUNK))[0] == 1
    pool.check()


def test_an_object_that_is_alone_again_may_move_once_the_foreign_one_is_gone(
    pool: Z3foldBench,
) -> None:
    a, b, c = pool.malloc(16 * CHUNK), pool.malloc(46 * CHUNK), pool.malloc(32 * CHUNK)
    pool.free(b)
    big = pool.malloc(40 * CHUNK)
    pool.malloc(50 * CHUNK)
    assert pool.place(a)[0] == 2
    assert pool.place(big)[0] == 1
    pool.free(big)
    pool.free(a)
    assert pool.foreign(2) == 0
    assert pool.map(c) == at(2, 2)
    hole = pool.malloc(20 * CHUNK)
    assert pool.place(hole)[0] == 2
    pool.malloc(29 * CHUNK)
    pool.free(hole)
    assert pool.move == (32 * CHUNK, at(2, 2), at(1, 32))
    pool.check()


def test_contents_survive_all_moves(pool: Z3foldBench) -> None:
    memory = bytearray(65 * 4096)
    stored: dict[int, bytes] = {}
    moves = 0
    for turn in range(400):
        size = 1 + turn * 7919 % 2700
        handle = pool.malloc(size)
        data = bytes((turn * 31 + k) % 251 for k in range(size))
        address = pool.map(handle)
        memory[address : address + size] = data
        stored[handle] = data
        if turn % 8 in (1, 3, 4, 6, 7) or len(stored) > 40:
            gone = sorted(stored)[turn * 5 % len(stored)]
            assert pool.free(gone) == 0
            del stored[gone]
            if pool.move:
                moves += 1
                length, old, new = pool.move
                memory[new : new + length] = bytes(memory[old : old + length])
    assert moves > 20
    for handle, data in stored.items():
        address = pool.map(handle)
        assert memory[address : address + len(data)] == data
    pool.check()


def test_double_free_and_unknown_handles_are_invalid(pool: Z3foldBench) -> None:
    handle, other = pool.malloc(100), pool.malloc(100)
    assert pool.free(handle) == 0
    before = pool.snapshot()
    for wrong in (handle, 0, -1, other + 1, 3 * 64, 3 * 64 + 1, 1 << 40):
        assert pool.free(wrong) == -EINVAL
        assert pool.map(wrong) == -EINVAL
        assert pool.tape([(WRITE_OWNER, wrong, 9), (READ_OWNER, wrong)]) == [-EINVAL] * 2
    assert pool.snapshot() == before


def test_handles_are_given_out_again_the_last_released_first(pool: Z3foldBench) -> None:
    handles = fill_page(pool, 10, 10, 10)
    pool.free(handles[0])
    pool.free(handles[1])
    assert [pool.malloc(100) for _ in range(3)] == [handles[1], handles[0], 4]


def test_out_of_memory_changes_nothing(engine: str) -> None:
    pool = Z3foldBench(engine, max_pages=2)
    pool.malloc(3904)
    pool.malloc(4096)
    before = pool.snapshot()
    assert pool.malloc(65) == -ENOMEM
    assert pool.malloc(4096) == -ENOMEM
    assert pool.snapshot() == before
    assert pool.place(pool.malloc(64)) == (1, 7)


def test_a_pool_of_small_objects_holds_three_a_page(engine: str) -> None:
    pool = Z3foldBench(engine, max_pages=4)
    handles = [pool.malloc(20 * CHUNK) for _ in range(12)]
    assert sorted(handles) == list(range(1, 13))
    assert pool.malloc(1) == -ENOMEM
    assert pool.unbuddied == {}
    pool.check()


def test_every_address_is_above_0_and_within_address_pages(pool: Z3foldBench) -> None:
    assert pool.map(pool.malloc(4096)) == 4096
    for _ in range(63):
        pool.malloc(4096)
    assert max(pool.lru) + 1 == z3fold.DRIVER.address_pages(64)


def test_map_and_unmap_change_nothing(pool: Z3foldBench) -> None:
    handle = pool.malloc(100)
    before = pool.snapshot()
    assert pool.map(handle) == at(1, 2)
    assert pool.tape([(UNMAP, handle)]) == [0]
    assert pool.snapshot() == before


@pytest.mark.parametrize(
    ("kernel", "single_object_move", "relist"),
    [("5.4", 0, 0), ("5.10", 1, 0), ("6.1", 1, 1), ("6.6", 1, 1)],
)
def test_a_profile_chooses_the_rules(kernel: str, single_object_move: int, relist: int) -> None:
    options = z3fold.DRIVER.options(PROFILES[kernel])
    assert options == {"single_object_move": single_object_move, "relist": relist}
    rules = z3fold.DRIVER.create(4, zeros_interpreted, **options).rules
    assert list(rules) == [single_object_move, relist, 2, 0]


def test_it_is_a_driver_that_anyone_can_make_a_pool_of() -> None:
    assert zpool.get_driver("z3fold") is z3fold.DRIVER
    with Pool("z3fold", 10, lambda pool, handle: pool.free(handle) or 0) as pool:
        handles = [pool.malloc(640), pool.malloc(1280), pool.malloc(320)]
        assert [pool.place(handle) for handle in handles] == [(1, 1), (1, 83), (1, 2)]
        assert pool.shrink(1) == 1
        assert pool.total_pages == 0
        with pytest.raises(InvalidArgument, match="not allocated"):
            pool.free(handles[0])
        pool.check()


@pytest.mark.parametrize("address", [0, 64, 128, 4096, 4096 + 192, 8192 + 128, 1 << 30])
def test_a_place_where_no_object_starts_is_refused(address: int) -> None:
    pool = Z3foldBench("interpreted", 4)
    pool.malloc(100)
    with pytest.raises(InvalidArgument, match=f"no object starts at address {address}"):
        z3fold.z3fold_place(pool.state, address)
