# SPDX-License-Identifier: GPL-2.0-only
"""zram as the device below swap: what it makes of the pages that swap sends, and its timer."""

from collections.abc import Sequence

import pytest
from machine_driver import alike, drain

from zswapsim.conformance.strict import plain, strict_zeros
from zswapsim.errors import EINVAL
from zswapsim.machine import build
from zswapsim.machine import faults as f
from zswapsim.machine.journal import ALL_EVENTS, HEADROOM, make_journal
from zswapsim.machine.swap import Swap
from zswapsim.machine.swap_disk import (
    disk_free,
    disk_held_pages,
    disk_is_synchronous,
    disk_read,
    disk_write,
)
from zswapsim.machine.zram import device as z
from zswapsim.machine.zram.disk import run_zram_writeback
from zswapsim.machine.zram.writeback import GO_ON, HUGE_WRITEBACK, IDLE_WRITEBACK


def zram_swap(
    rows: Sequence[f.Row] = (), journal_capacity: int = 1024, backing_blocks: int = 40
) -> Swap:
    """A swap of 32 slots on a zram with a backing device of 40 pages, unless said."""
    faults = f.make_faults(rows, 32, strict_zeros)
    config = build.ZramConfig(kernel="6.1", backing_blocks=backing_blocks)
    swap = build.make_zram_swap(config, 32, ALL_EVENTS, strict_zeros, faults)
    return swap._replace(journal=make_journal(journal_capacity, ALL_EVENTS, strict_zeros))


@pytest.mark.parametrize("same_filled", [1, 2])
def test_a_same_filled_page_is_one_whatever_its_word_and_sees_no_compressor(
    same_filled: int,
) -> None:
    swap = zram_swap([f.Row(f.COMPRESS_ERROR)])
    assert disk_write(swap.disk, swap, 3, 7, 19, same_filled) == 0
    assert [record.event for record in drain(swap.journal)] == ["STORE_SAME"]
    assert swap.disk.counters[z.SAME_PAGES] == 1
    assert swap.disk.counters[z.COMPRESSIONS] == 0
    assert disk_write(swap.disk, swap, 4, 8, 1000, 0) == -EINVAL
    assert swap.disk.kind[4] == z.EMPTY


def test_what_was_written_comes_back_until_its_slot_is_freed() -> None:
    swap = zram_swap()
    assert disk_write(swap.disk, swap, 3, 7, 1000, 0) == 0
    assert disk_read(swap.disk, swap, 3) == 0
    disk_free(swap.disk, swap, 3)
    assert [record.event for record in drain(swap.journal)] == [
        "STORE",
        "LOAD",
        "INVALIDATE",
        "FREE",
    ]
    assert swap.disk.counters[z.PAGES_STORED] == 0


def test_the_timer_writes_idle_pages_back_and_marks_what_stays_for_the_next_time() -> None:
    swap = zram_swap()
    for slot in (1, 2):
        disk_write(swap.disk, swap, slot, slot, 1000, 0)
    assert run_zram_writeback(swap, IDLE_WRITEBACK) == 0  # nothing has been idle yet
    assert plain(swap.disk.kind)[1:3] == [z.COMPRESSED] * 2
    assert plain(swap.disk.idle)[1:3] == [1, 1]
    disk_read(swap.disk, swap, 2)
    assert run_zram_writeback(swap, IDLE_WRITEBACK) == 0
    assert plain(swap.disk.kind)[1:3] == [z.WRITTEN_BACK, z.COMPRESSED]


def test_nothing_is_marked_before_a_writeback_that_the_journal_stopped_has_ended() -> None:
    swap = zram_swap(journal_capacity=HEADROOM + 10)
    for slot in range(1, 11):
        disk_write(swap.disk, swap, slot, slot, 4000, 0)
        drain(swap.journal)
    assert run_zram_writeback(swap, HUGE_WRITEBACK) == GO_ON
    assert not any(plain(swap.disk.idle))
    drain(swap.journal)
    assert run_zram_writeback(swap, HUGE_WRITEBACK) == 0
    assert any(plain(swap.disk.idle))


def test_held_in_memory_is_what_is_not_on_the_backing_device() -> None:
    swap = zram_swap()
    for slot in range(1, 6):
        disk_write(swap.disk, swap, slot, slot, 4000 if slot < 3 else 1000, 0)
    assert disk_held_pages(swap.disk) == 5
    assert run_zram_writeback(swap, HUGE_WRITEBACK) == 0
    assert disk_held_pages(swap.disk) == 3
    assert not disk_is_synchronous(swap.disk)  # its reads take their time
    assert disk_is_synchronous(zram_swap(backing_blocks=0).disk)


def test_pages_of_a_device_that_is_synchronous_are_not_read_ahead() -> None:
    """And their slots are given back with the read, so each is written anew."""
    bench = alike(
        "interpreted",
        1000,
        pages=12,
        limit_pages=6,
        slots=32,
        page_cluster=3,
        swap=zram_swap(backing_blocks=0),
    )
    bench.run([*range(12), *range(12)])
    assert bench.stat["pgmajfault"] > 0
    assert bench.stat["swap_ra"] == 0
    assert bench.vmstat["pswpin"] == bench.stat["pgmajfault"]
