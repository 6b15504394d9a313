# SPDX-License-Identifier: GPL-2.0-only
"""Zram by hand: pages in, pages out, writeback, compaction, and real bytes behind it all."""

import random
from collections.abc import Callable, Iterator

import pytest
from by_hand_pages import NOISE, WORD, ZEROS, dense, raw, text

from zswapsim import SwapFile, Zram, compressor
from zswapsim.errors import (
    DataMismatch,
    DeviceError,
    InvalidArgument,
    InvariantError,
    NoDevice,
    NoEntry,
    NoSpace,
)

MakeZram = Callable[..., Zram]


@pytest.fixture(params=["5.4", "6.1"])
def make(request: pytest.FixtureRequest) -> Iterator[MakeZram]:
    """Make a Zram of 64 slots that is audited and closed at the end."""
    made: list[Zram] = []

    def make(**settings: object) -> Zram:
        settings = {"slots": 64, "kernel": request.param, **settings}
        made.append(Zram(**settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for zram in made:
        zram.check()
        zram.close()


@pytest.mark.parametrize("spec", ["lz4", "lz4hc", "zstd", "lz4:acceleration=7", "zstd:1"])
@pytest.mark.parametrize("page", [ZEROS, WORD, NOISE, text(1), dense(2), raw(3)])
def test_a_page_comes_back(make: MakeZram, spec: str, page: bytes) -> None:
    zram = make(compressor=spec)
    assert zram.write(0, page)
    assert zram.read(0) == page
    assert zram.read(0) == page


def test_an_outcome_tells_the_length(make: MakeZram) -> None:
    zram = make()
    pages = (text(1), ZEROS, NOISE, raw(1))
    lengths = [zram.write(slot, page).length_bytes for slot, page in enumerate(pages)]
    assert lengths == [len(compressor("lz4").compress(text(1))), 0, 4096, 4096]
    assert zram.mm_stat["compr_data_size"] == sum(lengths)
    assert zram.mm_stat["huge_pages"] == 2
    assert zram.mm_stat["same_pages"] == 1


def test_a_slot_never_written_or_discarded_reads_as_zeros(make: MakeZram) -> None:
    zram = make()
    assert zram.read(63) == ZEROS
    zram.write(63, text(1))
    zram.discard(63)
    zram.discard(63)
    assert zram.read(63) == ZEROS
    assert zram.mm_stat["orig_data_size"] == 0


def test_ec_65_an_overwrite_at_the_limit_fails_and_the_old_bytes_are_intact(
    make: MakeZram,
) -> None:
    zram = make(mem_limit_pages=2)
    assert zram.write(0, raw(1))
    assert zram.write(1, raw(2))
    outcome = zram.write(0, raw(3))
    assert not outcome
    assert (outcome.errno, outcome.length_bytes) == (-12, 0)
    assert "over its limit" in outcome.reason
    assert zram.read(0) == raw(1)
    assert zram.mm_stat["mem_used_max"] == 3 * 4096
    zram.discard(1)
    assert zram.write(0, raw(3))
    assert zram.read(0) == raw(3)


def test_mm_stat_has_the_columns_of_the_kernel(make: MakeZram) -> None:
    zram = make(mem_limit_pages=9)
    zram.write(1, raw(1))
    assert list(zram.mm_stat)[:8] == [
        "orig_data_size",
        "compr_data_size",
        "mem_used_total",
        "mem_limit",
        "mem_used_max",
        "same_pages",
        "pages_compacted",
        "huge_pages",
    ]
    assert list(zram.mm_stat)[8:] == ([] if zram.kernel == "5.4" else ["huge_pages_since"])
    assert zram.mm_stat["mem_limit"] == 9 * 4096


def test_written_back_pages_come_from_the_device(make: MakeZram) -> None:
    with SwapFile(16) as device:
        zram = make(backing=device)
        for slot in range(4):
            zram.write(slot, raw(slot))
        zram.write(4, text(4))
        zram.write(5, WORD)
        assert zram.writeback("huge") == 4
        assert [device.read(block) for block in (1, 2, 3, 4)] == [raw(slot) for slot in range(4)]
        assert [zram.read(slot) for slot in range(4)] == [raw(slot) for slot in range(4)]
        assert zram.bd_stat == {"bd_count": 4, "bd_reads": 4, "bd_writes": 4}
        zram.mark_idle()
        zram.read(4)
        assert zram.writeback("idle") == 0
        zram.mark_idle()
        assert zram.writeback("huge_idle") == 0
        assert zram.writeback("idle") == 1
        zram.write(0, text(0))
        assert zram.writeback("page_index=0") == 1
        assert device.read(1) == text(0)
        assert [zram.read(slot) for slot in (0, 4, 5)] == [text(0), text(4), WORD]
        assert zram.mm_stat["mem_used_total"] == 0
        zram.close()
        assert device.read(5) == text(4)  # the caller's device stays open


def test_a_page_on_the_device_that_changed_is_found(make: MakeZram) -> None:
    with SwapFile(4) as device:
        zram = make(backing=device)
        zram.write(1, raw(1))
        zram.writeback("huge")
        device.write(1, raw(2))
        with pytest.raises(DataMismatch, match="from the swap file"):
            zram.read(1)


@pytest.mark.parametrize("page", [text(1), raw(1)])
def test_bytes_in_the_pool_that_changed_are_found(make: MakeZram, page: bytes) -> None:
    zram = make()
    zram.write(1, page)
    handle = zram._zram.handle[1]
    for at in range(handle, handle + 64):
        zram._memory.memory[at] ^= 0xFF
    with pytest.raises(DataMismatch, match=f"slot 1, address {handle}"):
        zram.read(1)


def test_errors_of_writeback_say_what_went_before(make: MakeZram) -> None:
    with pytest.raises(NoDevice, match="no backing device; 0 pages were written"):
        make().writeback("idle")
    with SwapFile(4) as device:
        zram = make(backing=device)
        for slot in range(6):
            zram.write(slot, raw(slot))
        zram.set_writeback_limit(2)
        with pytest.raises(DeviceError, match="limit is used up; 2 pages were written"):
            zram.writeback("huge")
        zram.set_writeback_limit(None)
        with pytest.raises(NoSpace, match="no block of the backing device is free; 1 pages"):
            zram.writeback("huge")
        assert [zram.read(slot) for slot in range(6)] == [raw(slot) for slot in range(6)]


@pytest.mark.parametrize(
    "mode", ["", "all", "IDLE", "idle=1", "page_index", "page_index=", "page_index=-1"]
)
def test_a_bad_mode_is_refused_with_those_there_are(make: MakeZram, mode: str) -> None:
    with pytest.raises(InvalidArgument, match="allowed are idle, huge, huge_idle and page_index=N"):
        make().writeback(mode)


@pytest.mark.parametrize("number", ["64", "9" * 19])
def test_a_page_index_beyond_the_device_is_refused(make: MakeZram, number: str) -> None:
    with pytest.raises(InvalidArgument, match=f"slot {number}: allowed are 0 to 63"):
        make().writeback(f"page_index={number}")


def test_ages_need_tracking(make: MakeZram) -> None:
    with pytest.raises(InvalidArgument, match="memory_tracking=True"):
        make().mark_idle(older_than=3)
    with SwapFile(8) as device:
        zram = make(backing=device, memory_tracking=True)
        for slot in range(4):
            zram.write(slot, text(slot))
        with pytest.raises(InvalidArgument, match="older_than -1: allowed is 0 or more"):
            zram.mark_idle(older_than=-1)
        zram.mark_idle(older_than=1)
        assert zram.writeback("idle") == 2
        assert zram._zram.kind[:4] == [4, 4, 2, 2]


def test_compaction_moves_real_bytes(make: MakeZram) -> None:
    zram = make(slots=400)
    pages = {slot: text(slot) if slot % 2 else dense(slot) for slot in range(400)}
    for slot, page in pages.items():
        zram.write(slot, page)
    for slot in [slot for slot in pages if slot % 7]:
        zram.discard(slot)
        del pages[slot]
    before = zram.mm_stat["mem_used_total"]
    freed = zram.compact()
    assert freed == zram.mm_stat["pages_compacted"] > 20
    assert before - zram.mm_stat["mem_used_total"] == freed * 4096
    zram.check()
    assert {slot: zram.read(slot) for slot in pages} == pages
    assert zram.compact() == 0


@pytest.mark.parametrize("slot", [-1, 64, 1 << 40])
def test_a_slot_out_of_range_is_refused_with_the_range(make: MakeZram, slot: int) -> None:
    zram = make()
    calls: tuple[Callable[[], object], ...] = (
        lambda: zram.write(slot, ZEROS),
        lambda: zram.read(slot),
        lambda: zram.discard(slot),
    )
    for call in calls:
        with pytest.raises(InvalidArgument, match=f"slot {slot}: allowed are 0 to 63"):
            call()


@pytest.mark.parametrize("page", [b"", bytes(4095), bytes(8192), bytes(4097)])
def test_a_page_of_another_size_is_refused_and_changes_nothing(make: MakeZram, page: bytes) -> None:
    zram = make()
    zram.write(1, text(1))
    before = zram.mm_stat
    with pytest.raises(InvalidArgument, match="4096"):
        zram.write(1, page)
    assert zram.mm_stat == before
    assert zram.read(1) == text(1)


def test_buffers_that_are_not_bytes_are_copied(make: MakeZram) -> None:
    zram = make()
    page = bytearray(text(1))
    zram.write(1, page)  # type: ignore[arg-type]
    page[:] = ZEROS
    assert zram.read(1) == text(1)


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"slots": 0}, InvalidArgument, "slots 0: allowed is 1 or more"),
        ({"mem_limit_pages": -1}, InvalidArgument, "mem_limit_pages -1: allowed is 0 or more"),
        ({"compressor": "gzip"}, NoEntry, "no compressor 'gzip'; there are"),
        ({"kernel": "2.6"}, NoEntry, "no kernel profile '2.6'; there are"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    settings: dict[str, object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        Zram(**settings)  # type: ignore[arg-type]


def test_a_negative_writeback_limit_is_refused(make: MakeZram) -> None:
    with pytest.raises(InvalidArgument, match="writeback limit -1: allowed is 0 or more"):
        make().set_writeback_limit(-1)


def test_a_closed_zram_refuses_work() -> None:
    with Zram(slots=8) as zram:
        zram.write(1, text(1))
    zram.close()
    calls: tuple[Callable[[], object], ...] = (
        lambda: zram.write(1, ZEROS),
        lambda: zram.read(1),
        lambda: zram.discard(1),
        lambda: zram.mark_idle(),
        lambda: zram.writeback("idle"),
        lambda: zram.set_writeback_limit(1),
        lambda: zram.compact(),
    )
    for call in calls:
        with pytest.raises(InvalidArgument, match="this Zram is closed"):
            call()


def test_the_sparsest_pool_there_can_be_fits(make: MakeZram) -> None:
    # Five objects to a zspage of four pages, of which one is kept: each slot holds a whole zspage.
    zram = make(slots=20)
    page = random.Random(1).randbytes(3000) + bytes(1096)
    for kept in range(20):
        for slot in range(kept, 20):
            assert zram.write(slot, page)
        for slot in range(kept + 1, 20):
            zram.discard(slot)
    zram.check()


def test_check_finds_damage(make: MakeZram) -> None:
    zram = Zram(slots=8)
    zram.write(1, text(1))
    zram._zram.counters[0] += 1
    with pytest.raises(InvariantError, match="pages_stored"):
        zram.check()
    zram.close()
