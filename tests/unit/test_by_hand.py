# SPDX-License-Identifier: GPL-2.0-only
"""Zswap by hand: pages in, pages out, settings, pools."""

import random
from collections.abc import Callable

import pytest
from by_hand_pages import NOISE, WORD, ZEROS, Make, dense, text
from kernels import for_kernels, version

from zswapsim import SwapFile, Zswap, compressor, zpool
from zswapsim.errors import Busy, InvalidArgument, NoEntry
from zswapsim.experiment.by_hand import PoolInfo


@pytest.mark.parametrize(
    "spec",
    ["lz4", "lz4hc", "zstd", "deflate", "lz4-kernel", "lzo-rle", "lzo", "zstd:1", "lz4:9"],
)
@pytest.mark.parametrize("page", [ZEROS, WORD, NOISE, text(1), dense(2)])
def test_a_page_comes_back(make: Make, kernel: str, spec: str, page: bytes) -> None:
    zswap = make(compressor=spec)
    stored = zswap.store(5, page)
    assert zswap.load(5) == page
    gone = version(kernel) >= (6, 12) and stored and page != ZEROS  # zswap gave it up
    assert zswap.load(5) == (None if gone else page)


@for_kernels("5.4..6.12")
def test_an_outcome_tells_errno_length_and_reason(make: Make) -> None:
    zswap = make()
    stored, same, noise = zswap.store(1, text(1)), zswap.store(2, ZEROS), zswap.store(3, NOISE)
    assert (stored.errno, stored.reason) == (0, "stored")
    assert stored.length_bytes == len(compressor("lz4").compress(text(1)))
    assert (bool(stored), bool(same), bool(noise)) == (True, True, False)
    assert same.length_bytes == 0
    assert noise.errno == -22
    assert "does not compress" in noise.reason


@for_kernels("3.11..6.12")
def test_a_page_too_large_for_zbud_is_refused_as_poor(make: Make) -> None:
    zswap = make()
    page = random.Random(3).randbytes(4000) + bytes(96)
    outcome = zswap.store(1, page)
    assert outcome.errno == -28
    assert zswap.stats["reject_compress_poor"] == 1
    assert zswap.load(1) == page


def test_a_page_of_noise_that_the_compressor_passes_on_is_too_large_for_the_allocator() -> None:
    """Specification 7.2: lz4 in 3.11."""
    with Zswap(kernel="3.11", swap=SwapFile(64)) as zswap:
        outcome = zswap.store(1, NOISE)
        assert (outcome.errno, outcome.reason) == (-28, "too large for the allocator")
        assert zswap.stats["reject_compress_poor"] == 1
        assert zswap.load(1) == NOISE


def test_a_page_that_no_compressor_of_6_18_can_compress_is_stored_as_it_is() -> None:
    for spec in ("lz4", "zstd", "deflate"):
        with Zswap(spec, kernel="6.18", swap=SwapFile(64)) as zswap:
            outcome = zswap.store(1, NOISE)
            assert (outcome.errno, outcome.length_bytes) == (0, 4096)
            assert zswap.load(1) == NOISE


def test_the_compressor_is_that_of_the_kernel() -> None:
    for kernel in ("5.4", "6.1", "6.18"):
        with Zswap("zstd", kernel=kernel, swap=SwapFile(64)) as zswap:
            expected = len(compressor("zstd", kernel=kernel).compress(text(1)))
            assert zswap.store(1, text(1)).length_bytes == expected
            zswap.set_compressor("lz4")
            zswap.set_compressor("zstd")
            assert zswap.store(2, text(1)).length_bytes == expected


def test_buffers_that_are_not_bytes_are_copied(make: Make) -> None:
    zswap = make()
    page = bytearray(text(1))
    zswap.store(1, page)
    page[:] = ZEROS
    assert zswap.load(1) == text(1)
    zswap.store(2, memoryview(text(2)))
    assert zswap.load(2) == text(2)


def test_a_slot_that_never_held_anything_loads_as_none(make: Make) -> None:
    zswap = make()
    assert zswap.load(7) is None
    assert zswap.stats["pswpin"] == zswap.stats["zswpin"] == 0


@pytest.mark.parametrize("slot", [0, -1, 64, 1 << 40])
def test_a_slot_out_of_range_is_refused_with_the_range(make: Make, slot: int) -> None:
    zswap = make()
    calls: tuple[Callable[[], object], ...] = (
        lambda: zswap.store(slot, ZEROS),
        lambda: zswap.load(slot),
        lambda: zswap.invalidate(slot),
        lambda: zswap.swap_cache(slot, present=True),
    )
    for call in calls:
        with pytest.raises(InvalidArgument, match=f"slot {slot}: allowed are 1 to 63"):
            call()


@pytest.mark.parametrize("page", [b"", bytes(4095), bytes(8192), bytes(4097)])
def test_a_page_of_another_size_is_refused_and_changes_nothing(make: Make, page: bytes) -> None:
    zswap = make()
    zswap.store(1, text(1))
    before = zswap.stats
    with pytest.raises(InvalidArgument, match="4096"):
        zswap.store(1, page)
    assert zswap.stats == before
    assert zswap.load(1) == text(1)


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"max_pool_pages": -1}, InvalidArgument, "max_pool_pages -1: allowed is 0 or more"),
        ({"compressor": "gzip"}, NoEntry, "no compressor 'gzip'; there are lz4"),
        ({"compressor": "zstd:99"}, InvalidArgument, "level=99 is not allowed"),
        ({"zpool": "zfoo"}, NoEntry, "no zpool 'zfoo'; there are zbud"),
        (
            {"kernel": "2.6"},
            NoEntry,
            "no kernel profile '2.6'; there are 3.11, 5.4, 5.10, 6.1,",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    settings: dict[str, object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        Zswap(**settings)  # type: ignore[arg-type]


@for_kernels("5.4..6.8")
def test_invalidate_area_frees_every_entry_of_every_pool(make: Make) -> None:
    zswap = make()
    zswap.store(1, text(1))
    zswap.store(2, ZEROS)
    zswap.set_compressor("zstd")
    zswap.store(3, text(3))
    zswap.invalidate_area()
    assert zswap.stats["stored_pages"] == zswap.stats["same_filled_pages"] == 0
    assert zswap.stats["pool_total_size"] == 0
    assert zswap.pools == [PoolInfo("zbud", "zstd", pages=0, objects=0, current=True)]
    assert [zswap.load(slot) for slot in (1, 2, 3)] == [None, None, None]


def test_ec_69_kernel_5_4_full_by_one_page_refuses_once_and_then_stores() -> None:
    with Zswap(kernel="5.4", swap=SwapFile(64), max_pool_pages=2) as zswap:
        outcomes = [bool(zswap.store(slot, dense(slot))) for slot in range(1, 6)]
        assert outcomes == [True, True, True, False, True]
        assert zswap.stats["pool_limit_hit"] == 2
        assert zswap.stats["written_back_pages"] == 2
        zswap.check()


def test_kernel_6_1_refuses_until_below_the_accept_threshold() -> None:
    with Zswap(kernel="6.1", swap=SwapFile(64), max_pool_pages=10) as zswap:
        outcomes = [bool(zswap.store(slot, dense(slot))) for slot in range(1, 31)]
        assert outcomes == [True] * 11 + [False] * 19
        assert zswap.stats["pool_limit_hit"] == 2
        assert zswap.stats["written_back_pages"] == 2
        zswap.invalidate(5)  # 8 pages are left, and 9 are 90 %
        assert zswap.store(40, dense(40))
        assert [bool(zswap.store(slot, dense(slot))) for slot in (41, 42, 43)] == [
            True,
            True,
            False,
        ]
        zswap.check()


def test_the_accept_threshold_can_be_set() -> None:
    with Zswap(
        kernel="6.1", swap=SwapFile(64), max_pool_pages=10, accept_threshold_percent=50
    ) as zswap:
        for slot in range(1, 14):
            zswap.store(slot, dense(slot))
        used = zswap.stats["pool_total_size"] // 4096
        for slot in range(4, 64):
            zswap.invalidate(slot)
            used = zswap.stats["pool_total_size"] // 4096
            if zswap.store(63, text(1)):
                break
        assert used == 4


def test_a_lower_limit_evicts_nothing_before_a_store(make: Make) -> None:
    zswap = make()
    for slot in range(1, 9):
        zswap.store(slot, dense(slot))
    before = zswap.stats
    zswap.set_max_pool_pages(2)
    assert zswap.stats == before
    with pytest.raises(InvalidArgument, match="max_pool_pages -3: allowed is 0 or more"):
        zswap.set_max_pool_pages(-3)


def test_the_swap_file_of_the_caller_stays_open_and_whole() -> None:
    with SwapFile(8) as file:
        with Zswap(swap=file) as zswap:
            zswap.store(3, NOISE)
        assert file.read(3) == NOISE


def test_close_can_be_called_twice_and_gives_the_driver_free() -> None:
    zbud = zpool.get_driver("zbud")
    zswap = Zswap(swap=SwapFile(8))
    zswap.set_compressor("zstd")
    zswap.store(1, text(1))
    zswap.set_compressor("lz4")
    with pytest.raises(Busy, match="has 2 live pools"):
        zpool.unregister(zbud)
    zswap.close()
    zswap.close()
    zpool.unregister(zbud)
    assert zpool.get_driver("zbud") is zbud


def test_a_context_that_fails_closes_all_the_same() -> None:
    zbud = zpool.get_driver("zbud")
    with pytest.raises(ZeroDivisionError), Zswap(swap=SwapFile(8)):
        raise ZeroDivisionError
    zpool.unregister(zbud)
    assert zpool.get_driver("zbud") is zbud


def test_a_zswap_that_could_not_be_made_keeps_no_driver_busy() -> None:
    zbud = zpool.get_driver("zbud")
    with pytest.raises(NoEntry):
        Zswap(compressor="gzip", swap=SwapFile(8))
    zpool.unregister(zbud)
    assert zpool.get_driver("zbud") is zbud


def test_a_closed_zswap_refuses_work_with_an_error_of_this_package() -> None:
    zswap = Zswap(swap=SwapFile(8))
    zswap.store(1, text(1))
    zswap.close()
    with pytest.raises(InvalidArgument, match="closed"):
        zswap.load(1)


def test_the_live_pools_of_a_driver_are_counted_where_they_were_made() -> None:
    # A driver registered later shadows the old one; a pool that comes back is the old one's.
    from dataclasses import replace

    zbud = zpool.get_driver("zbud")
    shadow = replace(zbud, summary="another zbud")
    live = dict(zpool._refcount)
    try:
        with Zswap(swap=SwapFile(8)) as zswap:
            zswap.set_compressor("zstd")
            zpool.register(shadow)
            zswap.set_compressor("lz4")
        assert zpool._refcount == live | {id(shadow): 0}
    finally:
        zpool._registered.remove(shadow)
        zpool._refcount.pop(id(shadow))
        zpool._refcount.update(live)


def test_stats_are_the_kernel_names(make: Make) -> None:
    assert set(make().stats) == {
        "pool_total_size",
        "pool_limit_hit",
        "reject_reclaim_fail",
        "reject_alloc_fail",
        "reject_kmemcache_fail",
        "reject_compress_poor",
        "written_back_pages",
        "duplicate_entry",
        "stored_pages",
        "same_filled_pages",
        "reject_compress_fail",
        "decompress_fail",
        "stored_incompressible_pages",
        "zswpin",
        "zswpout",
        "pswpin",
        "pswpout",
        "zswpwb",
        "swpin_zero",
        "swpout_zero",
    }


@for_kernels("3.11..6.12")
def test_a_pool_by_hand_holds_real_bytes(make: Make) -> None:
    from zswapsim.errors import DataMismatch

    zswap = make()
    zswap.store(1, text(1))
    memory = zswap._memories[0].memory
    for at in range(64 + 8, 64 + 72):
        memory[at] ^= 0xFF
    with pytest.raises(DataMismatch, match="slot 1, address 64"):
        zswap.load(1)
