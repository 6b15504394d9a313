# SPDX-License-Identifier: GPL-2.0-only
"""Swap file: slots keep their pages, and real I/O errors stay OSErrors."""

import os
import tempfile
from pathlib import Path

import pytest

from zswapsim.content.swap_file import SwapFile
from zswapsim.errors import InvalidArgument, ZswapSimError


def page(number: int) -> bytes:
    return bytes([number]) * 4096


def test_slots_keep_their_pages() -> None:
    with SwapFile(10) as swap:
        assert swap.slots == 10
        for slot in (9, 1, 5):
            swap.write(slot, page(slot))
        swap.write(5, memoryview(page(55)))
        assert swap.read(1) == page(1)
        assert swap.read(5) == page(55)
        assert swap.read(9) == page(9)
        assert swap.read(2) == bytes(4096), "never written"


def test_slot_n_lies_at_n_pages_and_the_file_is_sparse_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "swap"
    with SwapFile(10_000, path) as swap:
        assert swap.path == path
        swap.write(3, page(3))
    stat = path.stat()
    assert stat.st_size == 10_000 * 4096
    assert stat.st_blocks * 512 < 1 << 20
    assert path.read_bytes()[3 * 4096 : 4 * 4096] == page(3)
    with SwapFile(10_000, path) as swap:
        assert swap.read(3) == page(3)


def test_a_file_that_is_no_such_swap_file_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_text("Dear reader")
    with pytest.raises(FileExistsError, match="letter"):
        SwapFile(10, path)
    assert path.read_text() == "Dear reader"


def test_nothing_is_left_without_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SwapFile(10) as swap:
        assert swap.path is None
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("slot", [-1, 0, 10, 1 << 62])
def test_slots_out_of_range(slot: int) -> None:
    with SwapFile(10) as swap:
        with pytest.raises(InvalidArgument, match=r"1\.\.9"):
            swap.write(slot, page(1))
        with pytest.raises(InvalidArgument, match=r"1\.\.9"):
            swap.read(slot)


def test_bad_arguments() -> None:
    for slots in (-1, 0, 1):
        with pytest.raises(InvalidArgument, match="2 and more"):
            SwapFile(slots)
    with SwapFile(2) as swap, pytest.raises(InvalidArgument, match="4095"):
        swap.write(1, bytes(4095))


def test_a_full_disk_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: list[bytes], offset: int) -> int:
        raise OSError(28, "No space left on device")

    with SwapFile(4) as swap:
        monkeypatch.setattr(os, "pwritev", full)
        swap.write(1, page(1))
        with pytest.raises(OSError, match="space") as raised:
            swap.flush()
        assert not isinstance(raised.value, ZswapSimError)
        monkeypatch.setattr(os, "pwritev", lambda fd, data, offset: 100)
        monkeypatch.setattr(os, "pwrite", full)  # a part first, then the reason
        with pytest.raises(OSError, match="space"):
            swap.flush()
        assert swap.read(1) == page(1), "what was not written is not lost"


def test_pages_reach_the_file_in_order_of_slots(tmp_path: Path) -> None:
    with SwapFile(9, tmp_path / "swap") as swap:
        for slot in (7, 2, 3, 8, 5, 2):
            swap.write(slot, page(slot))
            assert swap.read(slot) == page(slot)
        swap.flush()
        for slot in (2, 3, 5, 7, 8):
            assert swap.read(slot) == page(slot)
    data = (tmp_path / "swap").read_bytes()
    assert [data[n * 4096 : (n + 1) * 4096] for n in (1, 2, 8)] == [bytes(4096), page(2), page(8)]


def test_more_neighbours_than_the_system_takes_at_once_reach_the_file(tmp_path: Path) -> None:
    with SwapFile(4000) as swap:
        for slot in range(1, 4000):
            swap.write(slot, page(slot % 251))
        swap.flush()
        assert all(swap.read(slot) == page(slot % 251) for slot in range(1, 4000))


def test_a_file_that_became_short_is_an_oserror(tmp_path: Path) -> None:
    with SwapFile(4, tmp_path / "swap") as swap:
        os.truncate(tmp_path / "swap", 2 * 4096 + 7)
        assert swap.read(1) == bytes(4096)
        with pytest.raises(OSError, match="7 bytes of slot 2"):
            swap.read(2)


def test_closed_twice_and_used_after() -> None:
    swap = SwapFile(4)
    swap.close()
    swap.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        swap.read(1)
