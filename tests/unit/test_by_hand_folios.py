# SPDX-License-Identifier: GPL-2.0-only
"""Zswap by hand: folios of several pages, and entries that outlive the page of their slot."""

import random

import pytest
from by_hand_pages import NOISE, WORD, ZEROS, Make, dense, text
from kernels import for_kernels

from zswapsim import Zswap
from zswapsim.errors import DataMismatch, InvalidArgument


def press(zswap: Zswap, first_slot: int) -> None:
    """Store until the pool has written back what it held before."""
    zswap.set_max_pool_pages(2)
    for slot in range(first_slot, 60):
        zswap.store(slot, dense(slot))
    assert zswap.stats["written_back_pages"] > 5


@for_kernels("6.18")
def test_a_folio_comes_back_page_by_page(make: Make) -> None:
    zswap = make()
    pages = [text(1), ZEROS, NOISE, WORD]
    outcome = zswap.store_folio(10, pages)
    assert (outcome.errno, outcome.reason) == (0, "stored")
    assert outcome.length_bytes == sum(zswap.swap.zswap.length[slot] for slot in range(10, 14))
    assert zswap.stats["zswpout"] == zswap.stats["stored_pages"] == 4
    assert zswap.stats["stored_incompressible_pages"] == 1
    assert [zswap.load(10 + k) for k in range(4)] == pages


@for_kernels("6.18")
def test_ec_68_a_folio_that_zswap_refuses_is_in_the_swap_file_whole(make: Make) -> None:
    zswap = make(max_pool_pages=0)
    pages = [text(k) for k in range(4)]
    outcome = zswap.store_folio(10, pages)
    assert outcome.errno == -12
    assert "full" in outcome.reason
    assert outcome.length_bytes == zswap.stats["zswpout"] == zswap.stats["stored_pages"] == 0
    assert zswap.stats["pswpout"] == 4
    assert [zswap.load(10 + k) for k in range(4)] == pages


@for_kernels("3.11..6.12")
def test_other_kernels_refuse_a_folio(make: Make) -> None:
    zswap = make()
    pages = [text(k) for k in range(4)]
    outcome = zswap.store_folio(10, pages)
    assert (outcome.errno, outcome.length_bytes) == (-22, 0)
    assert outcome.reason == "this kernel does not store folios of several pages"
    assert [zswap.load(10 + k) for k in range(4)] == pages


def test_a_folio_of_one_page_is_a_page(make: Make) -> None:
    zswap = make()
    assert zswap.store_folio(10, [text(1)])
    assert zswap.stats["stored_pages"] == 1
    assert zswap.load(10) == text(1)


@for_kernels("6.12..6.18")
def test_a_folio_of_zeros_is_the_swap_cores(make: Make) -> None:
    zswap = make()
    assert zswap.store_folio(10, [ZEROS] * 3).length_bytes == 0
    assert zswap.stats["swpout_zero"] == 3
    assert [zswap.load(10 + k) for k in range(3)] == [ZEROS] * 3


@for_kernels("6.6..6.12")
def test_a_load_that_finds_the_entry_below_a_refused_folio_is_a_mismatch(make: Make) -> None:
    zswap = make()
    zswap.store(11, text(1))
    zswap.store_folio(10, [text(2), text(3)])
    assert zswap.load(10) == text(2)
    with pytest.raises(DataMismatch, match="slot 11: zswap still has an older page"):
        zswap.load(11)
    zswap.invalidate(11)
    assert zswap.load(11) is None


@for_kernels("5.4..6.1", "6.18")
def test_a_folio_over_entries_is_what_comes_back(make: Make) -> None:
    zswap = make()
    zswap.store(11, text(1))
    zswap.store_folio(10, [text(2), text(3)])
    assert [zswap.load(10), zswap.load(11)] == [text(2), text(3)]


@pytest.mark.parametrize(
    ("slot", "pages", "message"),
    [
        (10, [], "a folio of 0 pages: allowed are 1 to 512"),
        (10, [ZEROS] * 513, "a folio of 513 pages: allowed are 1 to 512"),
        (62, [ZEROS] * 3, "slot 64: allowed are 1 to 63"),
        (0, [ZEROS] * 3, "slot 0: allowed are 1 to 63"),
        (10, [ZEROS, bytes(4095)], "4096"),
    ],
)
@for_kernels("6.18")
def test_a_folio_that_cannot_be_is_refused_and_changes_nothing(
    make: Make, slot: int, pages: list[bytes], message: str
) -> None:
    zswap = make()
    zswap.store(10, text(1))
    before = zswap.stats
    with pytest.raises(InvalidArgument, match=message):
        zswap.store_folio(slot, pages)
    assert zswap.stats == before
    assert zswap.load(10) == text(1)


@for_kernels("6.12..6.18")
def test_an_entry_below_zeros_is_written_back_and_the_zeros_come_back(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.store(1, ZEROS)
    assert zswap.stats["stored_pages"] == 1
    press(zswap, 2)
    assert zswap.swap_file.read(1) == text(1)
    assert zswap.load(1) == ZEROS
    zswap.store(1, text(2))
    assert zswap.load(1) == text(2)


@for_kernels("3.11")
def test_a_stale_entry_is_written_back_and_the_newer_page_comes_back(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    page = random.Random(3).randbytes(4000) + bytes(96)
    assert not zswap.store(1, page)
    assert zswap.load(1) == page
    press(zswap, 2)
    assert zswap.load(1) == page
    assert zswap.swap.zswap.kind[1] == 0


@for_kernels("3.11")
def test_a_stale_entry_of_a_free_slot_is_nobodys(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.store(1, NOISE)
    zswap.invalidate(1)
    assert zswap.load(1) is None
    assert zswap.stats["stored_pages"] == 1
    zswap.store(1, text(2))
    assert zswap.load(1) == text(2)


def test_contents_that_nobody_holds_any_more_are_forgotten(make: Make) -> None:
    zswap = make()
    for number in range(50):
        zswap.store(1, text(number))
        zswap.store(2, ZEROS if number % 2 else text(number))
    assert len(zswap._pages) == len(zswap._data) <= 4
    zswap.invalidate(1)
    zswap.invalidate(2)
    assert zswap._pages == zswap._data == zswap._stored == {}
