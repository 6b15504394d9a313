# SPDX-License-Identifier: GPL-2.0-only
"""Lengths on disk: they come back whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zswapsim.content import size_table

LENGTHS: NDArray[np.int32] = np.array([26, 4096, -22, 1500, 33], np.int32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _file(cache: Path) -> Path:
    (path,) = (cache / "sizes").iterdir()
    return path


def test_lengths_come_back() -> None:
    assert size_table.load("d", "k", 5) is None
    size_table.save("d", "k", LENGTHS)
    found = size_table.load("d", "k", 5)
    assert found is not None
    assert found.dtype == np.int32
    assert found.tolist() == LENGTHS.tolist()


def test_no_pages_are_lengths_too() -> None:
    size_table.save("d", "k", LENGTHS[:0])
    found = size_table.load("d", "k", 0)
    assert found is not None
    assert found.shape == (0,)


def test_other_digest_key_or_count_is_another_table() -> None:
    size_table.save("d", "k", LENGTHS)
    assert size_table.load("e", "k", 5) is None
    assert size_table.load("d", "l", 5) is None
    assert size_table.load("d", "k", 4) is None
    assert size_table.load("d", "k", 6) is None


def test_a_file_of_another_key_under_this_name_is_not_taken() -> None:
    size_table.save("d", "k", LENGTHS)
    there, wanted = size_table.file_path("d", "k"), size_table.file_path("d", "l")
    assert there is not None
    assert wanted is not None
    there.rename(wanted)
    assert size_table.load("d", "l", 5) is None


def test_every_damaged_byte_and_every_short_file_is_noticed(cache: Path) -> None:
    size_table.save("d", "k", LENGTHS)
    path = _file(cache)
    good = path.read_bytes()
    for position in range(len(good)):
        damaged = bytearray(good)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        assert size_table.load("d", "k", 5) is None, position
        path.write_bytes(good[:position])
        assert size_table.load("d", "k", 5) is None, position
    path.write_bytes(good + b"\0")
    assert size_table.load("d", "k", 5) is None
    size_table.save("d", "k", LENGTHS)
    assert path.read_bytes() == good, "saved again over the damaged one"


def test_any_key_makes_a_file_inside_the_folder(cache: Path) -> None:
    for key in ("../../up", "a b\nc", "x" * 500, "ü"):
        size_table.save("d", key, LENGTHS)
        assert size_table.load("d", key, 5) is not None
    assert len(list((cache / "sizes").iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_silently_fine(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    size_table.save("d", "k", LENGTHS)
    assert size_table.load("d", "k", 5) is None


def test_a_write_that_fails_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*values: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", no_space)
    monkeypatch.setattr(Path, "replace", no_space)
    size_table.save("d", "k", LENGTHS)
    assert list((cache / "sizes").iterdir()) == []


def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert size_table.folder() == tmp_path / "cache" / "sizes"
    monkeypatch.delenv("ZSWAPSIM_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert size_table.folder() == tmp_path / "xdg" / "zswapsim" / "sizes"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert size_table.folder() == tmp_path / "home" / ".cache" / "zswapsim" / "sizes"
