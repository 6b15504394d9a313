# SPDX-License-Identifier: GPL-2.0-only
"""zram: idle slots, writeback to the backing device, and compaction (specification section 6)."""

import pytest
from zram_driver import (
    EINVAL,
    EIO,
    ENODEV,
    ENOSPC,
    FREE,
    NEW,
    OLD,
    WRITE,
    ZramBench,
)

from zswapsim.conformance.strict import plain
from zswapsim.machine.faults import WRITE_ERROR, Row
from zswapsim.machine.zram import device as z


@pytest.fixture
def zram(engine: str) -> ZramBench:
    """A backing device of 16 pages, of which 15 can be used."""
    return ZramBench(engine, blocks=16)


def fill(zram: ZramBench) -> None:
    """Slots 0 to 7: compressed, huge, same-filled, empty, and the same again; content is slot."""
    for slot in (0, 4):
        zram.write(slot, 1000, content=slot)
        zram.write(slot + 1, 4000, content=slot + 1)
        zram.write(slot + 2, content=slot + 2, same=1)


def written_back(zram: ZramBench) -> list[int]:
    return [slot for slot, kind in enumerate(zram.kinds) if kind == z.WRITTEN_BACK]


def test_all_marks_every_slot_that_holds_something_and_use_unmarks_it(zram: ZramBench) -> None:
    fill(zram)
    assert zram.mark_idle() == 0
    assert zram.idle == [0, 1, 2, 4, 5, 6]
    zram.read(0)
    zram.write(1, 500)
    zram.free(2)
    zram.write(5, -EINVAL)
    assert zram.idle == [4, 6]
    zram.check()


def test_an_age_needs_memory_tracking(engine: str) -> None:
    zram = ZramBench(engine, tracking=False)
    zram.write(0, 1000)
    assert zram.mark_idle(0) == -EINVAL
    assert zram.mark_idle(-2) == -EINVAL
    assert zram.idle == []


def test_an_age_marks_what_was_not_used_for_longer(engine: str) -> None:
    zram = ZramBench(engine, tracking=True)
    for slot in range(6):
        zram.write(slot, 1000)
    zram.read(1)
    assert zram.mark_idle(6) == 0
    assert zram.idle == []
    assert zram.mark_idle(4) == 0
    assert zram.idle == [0]  # 6 pages were read or written since, 4 since slot 2
    assert zram.mark_idle(3) == 0
    assert zram.idle == [0, 2]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("idle", [0, 1]), ("huge", [1, 5]), ("huge_idle", [1])],
)
def test_a_mode_writes_back_what_matches_it_upwards(
    zram: ZramBench, mode: str, expected: list[int]
) -> None:
    fill(zram)
    zram.mark_idle()
    zram.read(4)
    zram.read(5)
    objects = {slot: (int(zram.zram.handle[slot]), zram.zram.length[slot]) for slot in expected}
    assert zram.writeback(mode) == 0
    assert written_back(zram) == expected
    assert zram.records == [
        record
        for block, slot in enumerate(expected, 1)
        for record in (
            ("WRITEBACK", block, 0, *objects[slot], slot, 0),
            ("FREE", slot, 0, *objects[slot], slot, 0),
        )
    ]
    zram.check()


def test_page_index_writes_back_one_slot_idle_or_not(zram: ZramBench) -> None:
    fill(zram)
    assert zram.writeback("page_index", 4) == 0
    assert written_back(zram) == [4]
    for slot in (2, 3, 4):  # same-filled, empty, already there
        assert zram.writeback("page_index", slot) == 0
        assert zram.records == []
    assert written_back(zram) == [4]
    assert zram.bd_stat == {"bd_count": 1, "bd_reads": 0, "bd_writes": 1}
    zram.check()


def test_memory_is_freed_and_the_page_stays_stored(zram: ZramBench) -> None:
    fill(zram)
    before = zram.mm_stat
    assert zram.writeback("huge") == 0
    after = zram.mm_stat
    assert after["orig_data_size"] == before["orig_data_size"]
    assert before["compr_data_size"] - after["compr_data_size"] == 2 * 4096
    assert before["mem_used_total"] - after["mem_used_total"] == 2 * 4096
    assert (after["huge_pages"], after["huge_pages_since"]) == (0, 2)
    assert after["mem_used_max"] == before["mem_used_max"]


def test_a_written_back_page_is_read_from_the_device(zram: ZramBench) -> None:
    fill(zram)
    zram.writeback("huge")
    assert zram.read(5) == ("SWAP_READ", 2, 0, 0, 0, 5)
    assert zram.read(5) == ("SWAP_READ", 2, 0, 0, 0, 5)
    assert zram.read(0)[0] == "LOAD"
    assert zram.bd_stat == {"bd_count": 2, "bd_reads": 2, "bd_writes": 2}
    assert zram.mm_stat["orig_data_size"] == 6 * 4096


def test_a_rewritten_or_freed_slot_frees_its_block_and_the_lowest_is_taken(zram: ZramBench) -> None:
    for slot in range(6):
        zram.write(slot, 4000, content=slot)
    zram.writeback("huge")
    zram.write(2, 4000, content=22)
    zram.free(0)
    assert zram.bd_stat["bd_count"] == 4
    zram.check()
    zram.write(7, 4000, content=7)
    zram.writeback("huge")
    assert zram.read(2) == ("SWAP_READ", 1, 0, 0, 0, 22)
    assert zram.read(7) == ("SWAP_READ", 3, 0, 0, 0, 7)
    zram.write(1, same=1)
    assert zram.kinds[1] == z.SAME
    zram.check()
    assert zram.bd_stat == {"bd_count": 5, "bd_reads": 2, "bd_writes": 8}


def test_a_failed_overwrite_leaves_the_page_on_the_device(engine: str) -> None:
    zram = ZramBench(engine, blocks=4, limit_pages=1)
    zram.write(0, 4000, content=1)
    zram.writeback("huge")
    zram.write(1, 4000, content=2)
    assert zram.write(0, 4000, content=3) == -12
    assert zram.read(0) == ("SWAP_READ", 1, 0, 0, 0, 1)
    zram.check()


def test_the_writeback_limit_ends_it_with_eio(zram: ZramBench) -> None:
    for slot in range(5):
        zram.write(slot, 4000)
    zram.set_writeback_limit(2)
    assert zram.writeback("huge") == -EIO
    assert written_back(zram) == [0, 1]
    assert zram.bd_stat["bd_count"] == 2
    assert zram.writeback("page_index", 4) == -EIO
    zram.set_writeback_limit(None)
    assert zram.writeback("huge") == 0
    assert written_back(zram) == [0, 1, 2, 3, 4]
    zram.check()


def test_a_limit_that_is_not_enabled_is_none(zram: ZramBench) -> None:
    zram.write(0, 4000)
    zram.set_parameter(z.WRITEBACK_LIMIT_PAGES, 0)
    assert zram.writeback("huge") == 0
    assert zram.zram.parameters[z.WRITEBACK_LIMIT_PAGES] == 0


def test_a_full_device_ends_it_with_enospc(engine: str) -> None:
    zram = ZramBench(engine, blocks=4)
    for slot in range(5):
        zram.write(slot, 4000)
    assert zram.writeback("huge") == -ENOSPC
    assert written_back(zram) == [0, 1, 2]
    zram.free(1)
    assert zram.writeback("huge") == -ENOSPC
    assert written_back(zram) == [0, 2, 3]
    assert int(zram.zram.handle[3]) == 2
    zram.check()


def test_blocks_and_limit_are_asked_for_before_a_slot_is_looked_at(engine: str) -> None:
    # As the kernel does: nothing is left to write, and it is an error all the same.
    zram = ZramBench(engine, slots=4, blocks=3)
    zram.write(0, 4000)
    zram.write(1, 4000)
    assert zram.writeback("huge") == -ENOSPC
    assert written_back(zram) == [0, 1]
    zram.set_writeback_limit(0)
    assert zram.writeback("idle") == -EIO
    # The last slot's block is not missed.
    zram = ZramBench(engine, slots=2, blocks=3)
    zram.write(0, 4000)
    zram.write(1, 4000)
    assert zram.writeback("huge") == 0


def test_without_a_device_it_is_enodev_and_a_bad_mode_is_einval_first(engine: str) -> None:
    zram = ZramBench(engine, slots=8, blocks=0)
    zram.write(0, 4000)
    before = zram.snapshot()
    for mode in ("idle", "huge", "huge_idle", "page_index"):
        assert zram.writeback(mode) == -ENODEV
    for number in (0, 5, -1, 1 << 40):
        assert zram.writeback(number) == -EINVAL
    assert zram.writeback("page_index", 8) == -EINVAL
    assert zram.writeback("page_index", -1) == -EINVAL
    assert zram.snapshot() == before


def test_a_device_of_one_page_has_no_block_to_give(engine: str) -> None:
    zram = ZramBench(engine, blocks=1)
    zram.write(0, 4000)
    assert zram.writeback("huge") == -ENOSPC
    assert written_back(zram) == []


def test_a_writeback_that_fills_the_journal_goes_on_where_it_was(engine: str) -> None:
    zram = ZramBench(engine, slots=600, blocks=601, pool_pages=700, journal_capacity=259)
    zram.tape(*((WRITE, slot, slot, 4000) for slot in range(600)))
    zram.stops = 0
    assert zram.writeback("huge") == 0
    assert zram.stops > 100
    assert [record[1] for record in zram.records] == [
        number for slot in range(600) for number in (slot + 1, slot)
    ]
    assert zram.bd_stat == {"bd_count": 600, "bd_reads": 0, "bd_writes": 600}
    zram.check()


@pytest.mark.parametrize("pool", [OLD, NEW], ids=["4 groups", "12 groups"])
def test_compaction_moves_objects_with_their_slots(engine: str, pool: dict[str, int]) -> None:
    zram = ZramBench(engine, slots=24, pool=pool)
    for slot in range(24):
        zram.write(slot, 1000, content=slot)
    for slot in range(24):
        if slot % 4:
            zram.free(slot)
    place = {slot: int(zram.zram.handle[slot]) for slot in range(0, 24, 4)}
    assert zram.pages == 6
    assert zram.compact() == 4
    for event, slot, number, old, length, new, _ in zram.records:
        assert (event, slot, number, length) == ("MOVE", 0, 0, 1000)
        [moved] = [slot for slot, handle in place.items() if handle == old]
        place[moved] = new
    assert len(zram.records) >= 4
    assert {slot: int(zram.zram.handle[slot]) for slot in place} == place
    assert (zram.pages, zram.mm_stat["pages_compacted"]) == (2, 4)
    zram.check()
    for slot, handle in place.items():
        assert zram.read(slot) == ("LOAD", slot, 0, handle, 1000, slot)
    assert zram.compact() == 0
    assert zram.mm_stat["pages_compacted"] == 4


@pytest.mark.parametrize("pool", [OLD, NEW], ids=["4 groups", "12 groups"])
def test_a_compaction_larger_than_its_room_and_the_journal_is_whole(
    engine: str, pool: dict[str, int]
) -> None:
    slots = 3000
    benches = [
        ZramBench(engine, slots, pool_pages=1000, pool=pool, journal_capacity=capacity)
        for capacity in (256, 20_000)
    ]
    for zram in benches:
        lengths = (40, 500, 1000)
        zram.tape(*((WRITE, slot, slot, lengths[slot % 3]) for slot in range(slots)))
        zram.tape(*((FREE, slot) for slot in range(slots) if slot % 5))
        zram.stops = 0
    short, long = benches
    freed = short.compact()
    assert freed == long.compact() > 100
    assert short.stops > long.stops == 0
    assert len(short.records) == len(long.records) > z.MOVES
    assert short.records == long.records
    assert short.mm_stat == long.mm_stat
    for zram in benches:
        zram.check()
    assert short.compact() == 0


def test_compaction_of_an_empty_device_does_nothing(zram: ZramBench) -> None:
    assert zram.compact() == 0
    assert zram.records == []


def test_a_slot_that_the_device_does_not_take_is_tried_once_and_is_not_idle(engine: str) -> None:
    """Also where the journal stops the writeback right after it: the others come next."""
    fault = Row(WRITE_ERROR, first_slot=1, last_slot=1)
    zram = ZramBench(engine, blocks=64, journal_capacity=258, faults=[fault])
    zram.tape(*((WRITE, slot, slot, 4000) for slot in range(6)))
    zram.mark_idle()
    assert zram.writeback("huge") == 0
    assert [record[1] for record in zram.records if record[0] == "WRITE_FAILED"] == [2]
    assert written_back(zram) == [0, 2, 3, 4, 5]
    assert plain(zram.zram.idle)[:6] == [0] * 6
    assert zram.bd_stat["bd_count"] == 5
    zram.check()
