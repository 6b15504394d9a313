# SPDX-License-Identifier: GPL-2.0-only
"""Rows in files: what was appended is there, whatever ended the writer."""

import errno
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.sweep import files
from zswapsim.experiment.sweep.files import ENDINGS, is_there, open_rows, read_rows

COLUMNS: dict[str, type] = {"cell": str, "share": float, "pages": int, "on": bool, "error": str}
ROWS: list[dict[str, Any]] = [
    {"cell": "1e5", "share": 0.5, "pages": 3, "on": True, "error": None},
    {"cell": "007", "share": None, "pages": None, "on": None, "error": 'a "quoted", thing'},
    {"cell": "c", "share": 2.0, "pages": -4, "on": False, "error": None},
]


@pytest.fixture(params=sorted(ENDINGS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"rows{request.param}"


def write(path: Path, rows: list[dict[str, Any]], kept: list[dict[str, Any]] | None = None) -> None:
    file = open_rows(path, COLUMNS, kept or [])
    for row in rows:
        file.append(row)
    file.close()


def test_rows_come_back_as_they_were(path: Path) -> None:
    assert not is_there(path)
    write(path, ROWS)
    assert read_rows(path, COLUMNS) == ROWS
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_rows_are_appended_to_those_that_are_there(path: Path) -> None:
    write(path, ROWS[:1])
    write(path, ROWS[1:], kept=read_rows(path, COLUMNS))
    assert read_rows(path, COLUMNS) == ROWS
    write(path, [], kept=ROWS)
    assert read_rows(path, COLUMNS) == ROWS


def test_a_row_is_there_as_soon_as_it_is_appended(path: Path) -> None:
    file = open_rows(path, COLUMNS)
    for count, row in enumerate(ROWS, 1):
        file.append(row)
        assert is_there(path)
        assert read_rows(path, COLUMNS) == ROWS[:count]
    file.close()


def test_a_torn_row_is_cut_off(path: Path) -> None:
    file = open_rows(path, COLUMNS)
    file.append(ROWS[0])
    file.append(ROWS[1])
    written = path.with_name(f"{path.name}.rows") if path.suffix == ".parquet" else path
    written.write_bytes(written.read_bytes()[:-7])
    getattr(file, "_lines", file)._file.close()  # as when it is killed
    kept = read_rows(path, COLUMNS)
    assert kept == ROWS[:1]
    write(path, ROWS[1:], kept)
    assert read_rows(path, COLUMNS) == ROWS


def test_two_writers_at_a_time_are_refused(path: Path) -> None:
    file = open_rows(path, COLUMNS)
    with pytest.raises(InvalidArgument, match="is being written by somebody else"):
        open_rows(path, COLUMNS)
    file.close()
    open_rows(path, COLUMNS).close()


@pytest.mark.parametrize("damage", [b"nonsense\n", b'{"cell": 1}\n', b"\xff\xfe\n", b"1,2,3,4,5\n"])
def test_a_file_of_something_else_is_refused(path: Path, damage: bytes) -> None:
    path.write_bytes(damage)
    with pytest.raises(InvalidArgument, match=str(path)):
        read_rows(path, COLUMNS)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    for ending in (".jsonl", ".csv"):
        path = tmp_path / f"rows{ending}"
        write(path, ROWS)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[:-1], "x" + lines[-1][4:]]))
        with pytest.raises(InvalidArgument, match=rf"{path}:{len(lines)}: is no row"):
            read_rows(path, COLUMNS)


@pytest.mark.parametrize(
    ("name", "value"), [("pages", "3"), ("pages", 1.5), ("pages", True), ("share", "x"), ("on", 1)]
)
def test_a_value_of_another_kind_is_refused(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "rows.jsonl"
    write(path, [ROWS[0], {**ROWS[1], name: value}])
    with pytest.raises(InvalidArgument, match=f"row 2: {name} is of another kind"):
        read_rows(path, COLUMNS)


@pytest.mark.parametrize("letter", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_line_ends_nowhere_else(path: Path, letter: str) -> None:
    rows = [{**row, "error": f"a{letter}b"} for row in ROWS]
    write(path, rows)
    assert read_rows(path, COLUMNS) == rows


def test_a_full_disk_leaves_the_rows_of_an_earlier_parquet_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.parquet"
    write(path, ROWS)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)  # what was written before may be there, or a part of it
    with pytest.raises(OSError, match="No space left"):
        open_rows(path, COLUMNS, ROWS)
    assert read_rows(path, COLUMNS) == ROWS
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"ending in .jsonl, .csv, .parquet"):
        read_rows(tmp_path / "rows.txt", COLUMNS)


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        pytest.param(".jsonl", b"[" * 100_000 + b"\n", id="nested deeply"),
        pytest.param(".jsonl", b'{"a":' * 100_000 + b"\n", id="nested deeply, by keys"),
        pytest.param(".csv", b"cell,share,pages,on,error\n" + b"x" * 200_000 + b"\n", id="long"),
        pytest.param(".csv", b"9" * 200_000 + b"\n", id="long head"),
        pytest.param(
            ".csv", b"cell,share,pages,on,error\na,1," + b"9" * 5000 + b",,\n", id="digits"
        ),
    ],
)
def test_a_line_that_a_parser_cannot_take_is_no_row(
    tmp_path: Path, suffix: str, data: bytes
) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(data)
    with pytest.raises(InvalidArgument, match=rf"rows{suffix}:\d: is no row of a sweep$"):
        read_rows(path, COLUMNS)


def test_a_number_of_more_than_64_bits_is_of_another_kind(path: Path) -> None:
    if path.suffix == ".parquet":
        pytest.skip("it has no such numbers")
    write(path, [{**ROWS[0], "pages": 1 << 63}])
    with pytest.raises(InvalidArgument, match="row 1: pages is of another kind"):
        read_rows(path, COLUMNS)


def test_a_parquet_file_with_damaged_pages_is_no_parquet_file(tmp_path: Path) -> None:
    """Its directory, at the end, is sound; pyarrow says of the rest that input failed."""
    path = tmp_path / "rows.parquet"
    write(path, ROWS)
    data = bytearray(path.read_bytes())
    data[4:40] = b"\xff" * 36
    path.write_bytes(data)
    with pytest.raises(InvalidArgument, match=r"rows\.parquet: is no Parquet file: ") as told:
        read_rows(path, COLUMNS)
    assert str(told.value).isprintable()


def test_a_parquet_file_of_other_columns_is_not_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.table({"cell": ["a"]}), path)
    with pytest.raises(InvalidArgument, match="has other columns than a sweep"):
        read_rows(path, COLUMNS)


def test_a_small_parquet_file_of_many_rows_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    none = pyarrow.nulls(400_000, pyarrow.int64())
    parquet.write_table(pyarrow.table(dict.fromkeys(COLUMNS, none)), path)
    assert path.stat().st_size < 20_000
    with (
        patch.object(files, "MAX_TIMES_FROM_BYTES", 1 << 22),
        pytest.raises(InvalidArgument, match=r"unpacks to more than the [\d,]+ bytes"),
    ):
        read_rows(path, COLUMNS)


def test_rows_of_too_many_bytes_are_not_read(path: Path) -> None:
    write(path, ROWS)
    with (
        patch.object(files, "MAX_BYTES", 20),
        pytest.raises(InvalidArgument, match="has more than 20 bytes"),
    ):
        read_rows(path, COLUMNS)
