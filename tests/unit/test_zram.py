# SPDX-License-Identifier: GPL-2.0-only
"""zram: every row of specification section 6 about writes, reads and the limit; EC-65."""

import pytest
from zram_driver import EINVAL, ENOMEM, FREE, NEW, OLD, READ, WRITE, ZramBench

from zswapsim.errors import InvariantError
from zswapsim.machine.zram import device as z

POOLS = pytest.mark.parametrize(
    ("pool", "huge_class_size"), [(OLD, 3257), (NEW, 3625)], ids=["6.1", "6.8"]
)


@pytest.fixture
def zram(engine: str) -> ZramBench:
    return ZramBench(engine)


def test_a_page_that_compresses_is_stored_compressed(zram: ZramBench) -> None:
    assert zram.write(3, 1000, content=7) == 0
    handle = int(zram.zram.handle[3])
    assert zram.records == [("STORE", 3, 0, handle, 1000, 7, 0)]
    assert zram.read(3) == ("LOAD", 3, 0, handle, 1000, 7)
    assert zram.mm_stat == {
        "orig_data_size": 4096,
        "compr_data_size": 1000,
        "mem_used_total": 4096,
        "mem_limit": 0,
        "mem_used_max": 4096,
        "same_pages": 0,
        "pages_compacted": 0,
        "huge_pages": 0,
        "huge_pages_since": 0,
    }
    zram.check()


def test_a_same_filled_page_takes_no_memory_and_counts_as_stored(zram: ZramBench) -> None:
    assert zram.write(0, 35, content=7, same=1) == 0
    assert zram.records == [("STORE_SAME", 0, 0, 0, 0, 7, 0)]
    assert zram.read(0) == ("LOAD_SAME", 0, 0, 0, 0, 7)
    stat = zram.mm_stat
    assert (stat["orig_data_size"], stat["same_pages"]) == (4096, 1)
    assert stat["compr_data_size"] == stat["mem_used_total"] == stat["mem_used_max"] == 0
    zram.check()


def test_the_same_filled_test_comes_before_the_compressor(zram: ZramBench) -> None:
    assert zram.write(0, -EINVAL, same=1) == 0


@POOLS
def test_a_page_is_stored_raw_from_huge_class_size_on(
    engine: str, pool: dict[str, int], huge_class_size: int
) -> None:
    zram = ZramBench(engine, pool=pool)
    assert zram.write(1, huge_class_size - 1) == 0
    assert zram.mm_stat["huge_pages"] == 0
    assert zram.write(2, huge_class_size, content=5) == 0
    assert zram.records[0][4] == 4096
    assert zram.read(2)[4:] == (4096, 5)
    assert zram.kinds[1:3] == [z.COMPRESSED, z.HUGE]
    assert zram.mm_stat["compr_data_size"] == huge_class_size - 1 + 4096
    assert (zram.mm_stat["huge_pages"], zram.mm_stat["huge_pages_since"]) == (1, 1)
    zram.check()


@POOLS
def test_huge_class_size_is_where_the_pool_takes_a_whole_page(
    engine: str, pool: dict[str, int], huge_class_size: int
) -> None:
    zram = ZramBench(engine, pool=pool)
    zram.write(1, huge_class_size - 1)
    assert zram.pages > 1
    whole_pages = zram.pages
    zram.write(2, huge_class_size)
    assert zram.pages == whole_pages + 1


@pytest.mark.parametrize("length", [4096, 4097, 5000, 8192])
def test_what_does_not_fit_into_a_page_is_no_error(zram: ZramBench, length: int) -> None:
    assert zram.write(1, length) == 0
    assert zram.mm_stat["compr_data_size"] == 4096
    zram.check()


def test_huge_pages_are_counted_now_and_ever(zram: ZramBench) -> None:
    for slot in range(4):
        zram.write(slot, 4000)
    zram.write(0, 100)
    zram.free(1)
    zram.write(2, 4000)
    assert (zram.mm_stat["huge_pages"], zram.mm_stat["huge_pages_since"]) == (2, 5)


@pytest.mark.parametrize("error", [-EINVAL, -ENOMEM, -5])
def test_a_compress_error_is_the_outcome_and_changes_nothing(zram: ZramBench, error: int) -> None:
    zram.write(4, 900, content=1)
    before = (zram.kinds, zram.mm_stat, zram.read(4))
    assert zram.write(4, error, content=2) == error
    assert zram.records == [("STORE_FAILED", 4, 0, 0, error, error, 0)]
    assert (zram.kinds, zram.mm_stat, zram.read(4)) == before
    zram.check()


def test_a_pool_without_room_is_enomem_and_changes_nothing(engine: str) -> None:
    zram = ZramBench(engine, pool_pages=2)
    assert [zram.write(slot, 4000) for slot in range(3)] == [0, 0, -ENOMEM]
    assert zram.mm_stat["mem_used_max"] == 2 * 4096
    zram.check()


def test_the_limit_is_tested_after_the_allocation(engine: str) -> None:
    zram = ZramBench(engine, limit_pages=2)
    assert [zram.write(slot, 4000) for slot in range(3)] == [0, 0, -ENOMEM]
    assert zram.events == ["STORE_FAILED"]
    stat = zram.mm_stat
    assert (stat["mem_used_total"], stat["mem_limit"]) == (2 * 4096, 2 * 4096)
    # What the limit refused was allocated for a moment.
    assert stat["mem_used_max"] == 3 * 4096
    assert stat["huge_pages_since"] == 2
    zram.check()


def test_a_limit_of_0_is_none(engine: str) -> None:
    zram = ZramBench(engine, limit_pages=0)
    assert [zram.write(slot, 4000) for slot in range(64)] == [0] * 64


def test_at_the_limit_what_takes_no_further_page_is_stored(engine: str) -> None:
    zram = ZramBench(engine, limit_pages=1)
    assert [zram.write(slot, 1000) for slot in range(5)] == [0, 0, 0, 0, -ENOMEM]
    assert zram.write(5, same=1) == 0
    zram.set_parameter(z.LIMIT_PAGES, 2)
    assert zram.write(4, 1000) == 0
    zram.check()


def test_ec_65_an_overwrite_at_the_limit_fails_and_the_old_page_stays(engine: str) -> None:
    zram = ZramBench(engine, limit_pages=2)
    zram.write(0, 4000, content=1)
    zram.write(1, 4000, content=2)
    # The net size would fit: the new page would take the old one's place.
    assert zram.write(0, 4000, content=3) == -ENOMEM
    assert zram.write(0, 1000, content=3) == -ENOMEM
    assert zram.read(0)[5] == 1
    assert zram.mm_stat["mem_used_total"] == 2 * 4096
    assert zram.mm_stat["mem_used_max"] == 3 * 4096
    zram.check()
    zram.free(0)
    assert zram.write(0, 4000, content=3) == 0
    assert zram.read(0)[5] == 3


def test_an_overwrite_holds_old_and_new_for_a_moment(zram: ZramBench) -> None:
    zram.write(0, 4000, content=1)
    zram.write(0, 4000, content=2)
    assert [record[0] for record in zram.records] == ["STORE", "FREE"]
    assert zram.records[1][5] == 1
    assert zram.mm_stat["mem_used_total"] == 4096
    assert zram.mm_stat["mem_used_max"] == 2 * 4096
    zram.check()


def test_a_same_filled_page_frees_the_old_object(zram: ZramBench) -> None:
    zram.write(0, 1000)
    zram.write(0, same=1)
    assert zram.events == ["FREE", "STORE_SAME"]
    assert zram.mm_stat["mem_used_total"] == zram.mm_stat["compr_data_size"] == 0
    zram.write(0, 1000)
    assert zram.mm_stat["same_pages"] == 0
    assert zram.mm_stat["orig_data_size"] == 4096
    zram.check()


def test_a_freed_slot_gives_its_object_back_and_reads_as_never_written(zram: ZramBench) -> None:
    for slot, length in enumerate((1000, 4000)):
        zram.write(slot, length)
    zram.write(2, same=1)
    for slot, events in enumerate((["FREE"], ["FREE"], [])):
        zram.free(slot)
        assert zram.events == ["INVALIDATE", *events]
        assert zram.read(slot) == ("LOAD_MISS", slot, 0, 0, 0, 0)
    stat = zram.mm_stat
    assert stat["orig_data_size"] == stat["compr_data_size"] == stat["mem_used_total"] == 0
    assert stat["same_pages"] == stat["huge_pages"] == 0
    zram.check()


def test_a_slot_never_written_reads_and_frees(zram: ZramBench) -> None:
    assert zram.read(9) == ("LOAD_MISS", 9, 0, 0, 0, 0)
    zram.free(9)
    assert zram.events == ["INVALIDATE"]
    zram.check()


def test_a_tape_that_fills_the_journal_stops_and_goes_on(engine: str) -> None:
    zram = ZramBench(engine, journal_capacity=258)
    steps = [(WRITE, slot, slot, 500) for slot in range(64)]
    steps += [(READ, slot) for slot in range(64)] + [(FREE, slot) for slot in range(64)]
    assert zram.tape(*steps) == [0] * len(steps)
    assert zram.stops > 50
    assert zram.events == ["STORE"] * 64 + ["LOAD"] * 64 + ["INVALIDATE", "FREE"] * 64


@pytest.mark.parametrize(
    ("part", "at", "value", "message"),
    [
        ("counters", z.PAGES_STORED, 9, "pages_stored"),
        ("counters", z.SAME_PAGES, 9, "same_pages"),
        ("counters", z.HUGE_PAGES, 9, "huge_pages"),
        ("counters", z.COMPR_DATA_SIZE, 9, "compr_data_size"),
        ("counters", z.MAX_USED_PAGES, 0, "peak"),
        ("counters", z.BD_COUNT, 9, "bd_count"),
        ("counters", z.COMPRESSIONS, 2, "more objects are there than were compressed"),
        ("counters", z.LOAD_DECOMPRESSIONS, 1, "more reads were decompressed"),
        ("counters", z.WRITEBACK_DECOMPRESSIONS, 1, "more writebacks were decompressed"),
        ("handle", 0, 8, "not allocated"),
        ("length", 0, 4000, "length of 4000"),
        ("idle", 40, 1, "empty and idle"),
        ("blocks", 2, 1, "blocks in use"),
    ],
)
def test_check_finds_damage(part: str, at: int, value: int, message: str) -> None:
    zram = ZramBench("interpreted", blocks=4)
    zram.write(0, 1000)
    zram.write(1, 1000)
    zram.write(2, 4000)
    zram.check()
    getattr(zram.zram, part)[at] = value
    with pytest.raises(InvariantError, match=message):
        zram.check()


def test_check_finds_an_object_shared_or_lost() -> None:
    zram = ZramBench("interpreted")
    zram.write(0, 1000)
    zram.write(1, 1000)
    zram.zram.handle[0] = zram.zram.handle[1]
    with pytest.raises(InvariantError, match="share an object"):
        zram.check()
    zram.zram.kind[0] = z.EMPTY
    zram.zram.length[0] = 0
    zram.zram.counters[z.PAGES_STORED] = 1
    zram.zram.counters[z.COMPR_DATA_SIZE] = 1000
    with pytest.raises(InvariantError, match="belongs to no slot"):
        zram.check()


def test_counted_are_pages_that_the_compressor_saw(engine: str) -> None:
    """It sees what it fails at and what no room is found for, but no same-filled page."""
    zram = ZramBench(engine, limit_pages=1, blocks=9)
    assert [zram.write(0, 1000), zram.write(1, same=1)] == [0, 0]
    assert [zram.write(2, -EINVAL), zram.write(3, 4000)] == [-EINVAL, -ENOMEM]
    assert zram.coded == {"compressions": 3, "loads": 0, "writebacks": 0}


def test_decompressed_are_compressed_objects_alone(engine: str) -> None:
    """Not same-filled pages, those stored raw, and those that the backing device has."""
    zram = ZramBench(engine, blocks=9)
    zram.write(0, 1000)
    zram.write(1, 4000)
    zram.write(2, same=1)
    for slot in range(4):
        zram.read(slot)
    assert zram.coded == {"compressions": 2, "loads": 1, "writebacks": 0}
    zram.mark_idle()
    assert zram.writeback("idle") == 0
    assert zram.coded == {"compressions": 2, "loads": 1, "writebacks": 1}
    zram.read(0)
    assert zram.coded["loads"] == 1
    zram.check()
