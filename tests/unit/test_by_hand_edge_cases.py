# SPDX-License-Identifier: GPL-2.0-only
"""Zswap by hand: the edge cases of the specification that concern it."""

import pytest
from by_hand_pages import NOISE, WORD, ZEROS, Make, dense, text
from kernels import for_kernels

from zswapsim import SwapFile, Zswap, compressor
from zswapsim.errors import NoEntry
from zswapsim.experiment.by_hand import PoolInfo


@for_kernels("5.4..6.1")
def test_ec_41_a_second_store_to_a_slot_is_no_duplicate(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.store(1, text(2))
    assert zswap.load(1) == text(2)
    assert zswap.stats["duplicate_entry"] == 0
    assert zswap.stats["stored_pages"] == 1


@for_kernels("5.4..6.12")
def test_ec_43_a_second_store_that_fails_leaves_no_entry(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    assert not zswap.store(1, NOISE)
    assert zswap.stats["stored_pages"] == 0
    assert zswap.stats["pool_total_size"] == 0
    assert zswap.load(1) == NOISE
    assert zswap.stats["pswpin"] == 1


@for_kernels("5.4..6.18")
def test_ec_44_a_second_store_while_disabled_removes_the_entry(make: Make, kernel: str) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.set_enabled(False)
    outcome = zswap.store(1, text(2))
    assert (outcome.errno, outcome.reason) == (-19, "zswap is disabled")
    assert zswap.stats["stored_pages"] == 0
    assert zswap.stats["duplicate_entry"] == int(kernel in ("6.6", "6.8"))
    assert zswap.load(1) == text(2)


def test_disabled_zswap_still_gives_pages_back(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.set_enabled(False)
    assert zswap.load(1) == text(1)
    assert zswap.stats["zswpin"] == 1
    zswap.set_enabled(True)
    assert zswap.store(2, text(2))


def fill_until_written_back(zswap: Zswap) -> int:
    """Store until slot 1 has been written back; return the first slot not stored to."""
    zswap.set_max_pool_pages(4)
    for slot in range(1, 64):
        zswap.store(slot, dense(slot))
        if zswap.stats["written_back_pages"]:
            return slot + 1
    raise AssertionError("nothing was written back")


def test_ec_45_a_store_after_writeback_is_a_plain_new_store(make: Make) -> None:
    zswap = make()
    fill_until_written_back(zswap)
    reads = zswap.stats["pswpin"]
    assert zswap.load(1) == dense(1)
    assert zswap.stats["pswpin"] == reads + 1
    zswap.set_max_pool_pages(40)
    before = zswap.stats["stored_pages"]
    assert zswap.store(1, text(1))
    assert zswap.stats["stored_pages"] == before + 1
    assert zswap.stats["duplicate_entry"] == 0
    assert zswap.load(1) == text(1)


@for_kernels("5.4..6.8")
def test_ec_46_same_filled_over_compressed_frees_the_object(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    assert zswap.stats["pool_total_size"] == 4096
    zswap.store(1, WORD)
    assert zswap.stats["stored_pages"] == zswap.stats["same_filled_pages"] == 1
    assert zswap.stats["pool_total_size"] == 0
    assert zswap.load(1) == WORD


def test_ec_47_compressed_over_same_filled_counts_one_less(make: Make) -> None:
    zswap = make()
    zswap.store(1, WORD)
    zswap.store(1, text(1))
    assert (zswap.stats["stored_pages"], zswap.stats["same_filled_pages"]) == (1, 0)
    assert zswap.load(1) == text(1)


def test_ec_48_a_full_pool_refuses_a_same_filled_page_too() -> None:
    with Zswap(kernel="6.1", swap=SwapFile(64), max_pool_pages=1) as zswap:
        zswap.store(1, dense(1))
        zswap.store(2, dense(2))
        outcome = zswap.store(3, ZEROS)
        assert outcome.errno == -12
        assert "full" in outcome.reason
        assert zswap.stats["pool_limit_hit"] == 1
        assert zswap.load(3) == ZEROS
        zswap.check()


@for_kernels("5.4..6.8")
@pytest.mark.parametrize("page", [ZEROS, WORD])
def test_ec_49_with_same_filled_off_such_a_page_is_compressed(make: Make, page: bytes) -> None:
    zswap = make(same_filled_pages_enabled=False)
    outcome = zswap.store(1, page)
    assert outcome.length_bytes == len(compressor("lz4").compress(page))
    assert zswap.stats["same_filled_pages"] == 0
    assert zswap.stats["pool_total_size"] == 4096
    assert zswap.load(1) == page


@for_kernels("5.4..6.6")
def test_ec_50_an_incompressible_page_moves_no_counter_but_pswpout(make: Make) -> None:
    zswap = make()
    before = zswap.stats
    zswap.store(1, NOISE)
    assert zswap.stats == before | {"pswpout": 1}
    assert zswap.swap_file.read(1) == NOISE


@for_kernels("3.11..6.1")
def test_ec_56_a_page_in_the_swap_cache_is_not_written_back(make: Make) -> None:
    zswap = make(max_pool_pages=2)
    for slot in (1, 2, 3):
        zswap.store(slot, dense(slot))
        zswap.swap_cache(slot, present=True)
    zswap.store(4, dense(4))
    assert zswap.stats["pool_limit_hit"] == 1
    assert zswap.stats["written_back_pages"] == 0
    assert zswap.stats["reject_reclaim_fail"] == 1
    zswap.swap_cache(1, present=False)
    zswap.store(5, dense(5))
    zswap.check()
    for slot in (1, 2, 3, 4, 5):
        assert zswap.load(slot) == dense(slot)


@for_kernels("5.4..6.18")
def test_ec_61_an_unknown_zpool_or_compressor_leaves_all_as_it_was(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    before = (zswap.stats, zswap.pools)
    with pytest.raises(NoEntry, match="no zpool 'zfoo'; there are zbud"):  # all that is known
        zswap.set_zpool("zfoo")
    with pytest.raises(NoEntry, match="no compressor 'gzip'"):
        zswap.set_compressor("gzip")
    assert (zswap.stats, zswap.pools) == before
    assert zswap.store(2, text(2))
    assert zswap.load(1) == text(1)


@for_kernels("5.4..6.8")
def test_ec_62_old_entries_keep_their_compressor_and_the_last_one_ends_their_pool(
    make: Make,
) -> None:
    zswap = make()
    for slot in (1, 2):
        zswap.store(slot, text(slot))
    zswap.set_compressor("zstd")
    zswap.store(3, text(3))
    assert zswap.pools == [
        PoolInfo("zbud", "zstd", pages=1, objects=1, current=True),
        PoolInfo("zbud", "lz4", pages=1, objects=2, current=False),
    ]
    assert [zswap.load(slot) for slot in (1, 2, 3)] == [text(1), text(2), text(3)]
    zswap.invalidate(1)
    assert len(zswap.pools) == 2
    zswap.invalidate(2)
    assert [pool.compressor for pool in zswap.pools] == ["zstd"]
    assert zswap.load(3) == text(3)


@for_kernels("6.12..6.18")
def test_ec_62_the_last_load_ends_the_old_pool_where_loads_are_exclusive(make: Make) -> None:
    zswap = make()
    for slot in (1, 2):
        zswap.store(slot, text(slot))
    zswap.set_compressor("zstd")
    zswap.store(3, text(3))
    assert [(pool.compressor, pool.objects) for pool in zswap.pools] == [("zstd", 1), ("lz4", 2)]
    assert zswap.load(1) == text(1)
    assert len(zswap.pools) == 2
    assert zswap.load(2) == text(2)
    assert [pool.compressor for pool in zswap.pools] == ["zstd"]
    assert zswap.load(3) == text(3)


@for_kernels("5.4..6.18")
def test_ec_63_going_back_takes_the_live_pool_again(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.set_compressor("zstd")
    zswap.store(2, text(2))
    zswap.set_compressor("lz4")
    zswap.store(3, text(3))
    assert [(pool.compressor, pool.objects, pool.current) for pool in zswap.pools] == [
        ("lz4", 2, True),
        ("zstd", 1, False),
    ]
    assert [zswap.load(slot) for slot in (1, 2, 3)] == [text(1), text(2), text(3)]


@for_kernels("5.4..6.18")
def test_a_pool_that_died_can_be_made_again(make: Make) -> None:
    zswap = make()
    for name in ("zstd", "lz4", "lz4hc", "zstd", "lz4"):
        zswap.set_compressor(name)
        assert [(pool.compressor, pool.objects) for pool in zswap.pools] == [(name, 0)]
        zswap.store(1, text(1))
        assert zswap.load(1) == text(1)
        zswap.invalidate(1)


def test_a_shrink_takes_from_the_pool_that_is_longest_not_current() -> None:
    with Zswap(swap=SwapFile(64), max_pool_pages=4) as zswap:
        for slot in (1, 2):
            zswap.store(slot, dense(slot))
        zswap.set_compressor("zstd")
        for slot in range(3, 8):
            zswap.store(slot, dense(slot))
        assert zswap.stats["written_back_pages"] >= 1
        old = [pool for pool in zswap.pools if pool.compressor == "lz4"]
        assert sum(pool.objects for pool in old) < 2
        for slot in range(1, 8):
            assert zswap.load(slot) == dense(slot)
        zswap.check()


def test_ec_64_a_load_after_invalidate_is_a_miss(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.store(2, NOISE)
    zswap.invalidate(1)
    zswap.invalidate(2)
    zswap.invalidate(2)
    assert zswap.load(1) is None
    assert zswap.load(2) is None
    assert zswap.stats["stored_pages"] == zswap.stats["pool_total_size"] == 0
