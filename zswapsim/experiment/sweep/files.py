# SPDX-License-Identifier: GPL-2.0-only
"""Rows in a file, appended as they come: JSON lines, CSV or Parquet, by the name's ending.

Whatever ends the writer, the rows before are there: a line is written in one go, and one that was
torn is cut off when the file is opened again. A Parquet file cannot grow, so its rows wait as JSON
lines beside it, in NAME.parquet.rows, until the writer is closed.
"""

import csv
import fcntl
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from zswapsim.errors import InvalidArgument
from zswapsim.files import bytes_of, whole_file
from zswapsim.printable import printable

MAX_BYTES = 1 << 30
MAX_TIMES = 100
MAX_TIMES_FROM_BYTES = 1 << 26
"""A file may have so many bytes; the rows of Parquet may unpack to the larger of the others, of its
size."""

_BATCH_ROWS = 64

Row = dict[str, Any]
Columns = Mapping[str, type]
"""Names of a row's values and what they are: str, int, float or bool; each may be None."""


class RowFile(Protocol):
    """A file that is written row by row."""

    def append(self, row: Row) -> None:
        """Add a row; it is in the file, or beside it, when this returns."""
        ...

    def close(self) -> None:
        """Make the file complete."""
        ...


def ending(path: Path) -> str:
    """Return which of ENDINGS a name has. InvalidArgument lists them."""
    found = path.suffix.lower()
    if found not in ENDINGS:
        raise InvalidArgument(f"{path}: allowed are names ending in {', '.join(ENDINGS)}")
    if found == ".parquet":
        _pyarrow()
    return found


def read_rows(path: Path, columns: Columns) -> list[Row]:
    """Return the rows of a file that is there, a torn last line left out.

    InvalidArgument names the line that is no row of these columns, or the column of another kind.
    """
    rows = ENDINGS[ending(path)][0](path, columns)
    for number, row in enumerate(rows, 1):
        for name, kind in columns.items():
            if not _is_of(kind, row[name]):
                raise InvalidArgument(f"{path}: row {number}: {name} is of another kind")
    return rows


def _is_of(kind: type, value: Any) -> bool:
    """Say whether a column may have a value; a whole number, of 64 bits, is a float's as well."""
    if type(value) is int and kind in (int, float):
        return -(1 << 63) <= value < 1 << 63
    return value is None or type(value) is kind


def open_rows(path: Path, columns: Columns, kept: Sequence[Row] = ()) -> RowFile:
    """Return a file to append rows to, which already has the rows in `kept`.

    kept: as read_rows told, if the file is there. InvalidArgument: somebody else is writing it.
    """
    return ENDINGS[ending(path)][1](path, columns, kept)


class _Lines:
    """Rows as lines of text."""

    def __init__(self, path: Path, line: Callable[[Row], str], head: str = "") -> None:
        self._path, self._line = path, line
        self._made = not path.exists()
        self._file = path.open("x+b" if self._made else "r+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InvalidArgument(f"{path}: is being written by somebody else") from None
        whole = _whole_lines(self._file.read())
        self._file.truncate(len(whole))
        self._file.seek(len(whole))
        if not whole and head:
            try:
                self._write(head)
            except BaseException:
                self.close()
                raise

    def append(self, row: Row) -> None:
        self._write(self._line(row))

    def close(self) -> None:
        """Make the file complete; one that was made here and has nothing in it goes."""
        if self._file.closed:
            return
        with self._file:
            if self._made and not os.fstat(self._file.fileno()).st_size:
                self._path.unlink(missing_ok=True)
            else:
                os.fsync(self._file.fileno())

    def _write(self, text: str) -> None:
        """Add text as a whole. OSError names the file, which then is as it was before."""
        start = self._file.tell()
        rest = text.encode()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except BaseException as error:
            with suppress(OSError):
                self._file.truncate(start)
                self._file.seek(start)
            if isinstance(error, OSError):
                error.filename = str(self._path)
            raise


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _lines_of(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = _whole_lines(bytes_of(path, MAX_BYTES)).decode()
    except UnicodeDecodeError:
        raise InvalidArgument(f"{path}: is no text") from None
    yield from enumerate(text.split("\n")[:-1], 1)  # and at no other character, as splitlines does


def _open_json(path: Path, columns: Columns, kept: Sequence[Row]) -> RowFile:
    return _Lines(path, _json_line)


def _json_line(row: Row) -> str:
    return json.dumps(row) + "\n"


def _read_json(path: Path, columns: Columns) -> list[Row]:
    rows = []
    for number, line in _lines_of(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or set(row) != set(columns):
            raise InvalidArgument(f"{path}:{number}: is no row of a sweep")
        rows.append(row)
    return rows


def _open_csv(path: Path, columns: Columns, kept: Sequence[Row]) -> RowFile:
    return _Lines(
        path, lambda row: _csv_line(row[name] for name in columns), head=_csv_line(columns)
    )


def _csv_line(values: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def _read_csv(path: Path, columns: Columns) -> list[Row]:
    rows: list[Row] = []
    for number, line in _lines_of(path):
        try:
            values = next(csv.reader([line]), [])
            if number == 1 and values == list(columns):
                continue
            pairs = zip(columns.items(), values, strict=True)
            row = {name: _value(text, kind) for (name, kind), text in pairs}
        except (csv.Error, ValueError, KeyError):
            row = None
        if number == 1 or row is None:
            raise InvalidArgument(f"{path}:{number}: is no row of a sweep")
        rows.append(row)
    return rows


def _value(text: str, kind: type) -> Any:
    """Return what a value of CSV means. ValueError if it is not of that kind."""
    if text == "":
        return None
    if kind is bool:
        return {"True": True, "False": False}[text]
    return kind(text)


class _Parquet:
    """Rows that wait beside the file until it is closed."""

    def __init__(self, path: Path, columns: Columns, kept: Sequence[Row]) -> None:
        self._path, self._columns = path, columns
        self._beside = _beside(path)
        if kept and not self._beside.exists():  # all of them or none, as they count for the file's
            with whole_file(self._beside) as file:
                file.writelines(_json_line(row).encode() for row in kept)
        self._lines = _open_json(self._beside, columns, ())

    def append(self, row: Row) -> None:
        self._lines.append(row)

    def close(self) -> None:
        pyarrow, parquet = _pyarrow()
        self._lines.close()
        if not self._beside.exists():
            return
        kinds = {
            str: pyarrow.string(),
            int: pyarrow.int64(),
            float: pyarrow.float64(),
            bool: pyarrow.bool_(),
        }
        schema = pyarrow.schema([(name, kinds[kind]) for name, kind in self._columns.items()])
        table = pyarrow.Table.from_pylist(_read_json(self._beside, self._columns), schema=schema)
        with whole_file(self._path) as file:
            parquet.write_table(table, file)
        self._beside.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.rows")


def _read_parquet(path: Path, columns: Columns) -> list[Row]:
    pyarrow, parquet = _pyarrow()
    if _beside(path).exists():  # it has the file's rows, too
        return _read_json(_beside(path), columns)
    data = bytes_of(path, MAX_BYTES)
    try:
        with parquet.ParquetFile(io.BytesIO(data)) as file:
            if sorted(file.schema_arrow.names) != sorted(columns):
                raise InvalidArgument(f"{path}: has other columns than a sweep")
            return _unpacked_rows(path, file, max(MAX_TIMES_FROM_BYTES, MAX_TIMES * len(data)))
    except InvalidArgument:
        raise
    except (pyarrow.ArrowException, ValueError, OSError, OverflowError) as error:
        # The bytes are here: what is said to be of input and output is damage, too.
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InvalidArgument(printable(f"{path}: is no Parquet file: {first:.200}")) from None


def _unpacked_rows(path: Path, file: Any, most_bytes: int) -> list[Row]:
    """Return the rows of an open Parquet file. InvalidArgument: there is more in it than allowed.

    A row counts for 8 bytes a value at least, as a value that is repeated takes none in the file.
    """
    rows: list[Row] = []
    unpacked_bytes = 0
    for batch in file.iter_batches(_BATCH_ROWS):
        unpacked_bytes += max(batch.nbytes, 8 * batch.num_rows * batch.num_columns)
        if unpacked_bytes > most_bytes:
            raise InvalidArgument(
                f"{path}: unpacks to more than the {most_bytes:,} bytes that are allowed"
            )
        rows += batch.to_pylist()
    return rows


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InvalidArgument(
            "Parquet needs pyarrow; pip install 'zswapsim[parquet]' installs it"
        ) from None
    return pyarrow, pyarrow.parquet


_Read = Callable[[Path, Columns], list[Row]]
_Open = Callable[[Path, Columns, Sequence[Row]], RowFile]
ENDINGS: dict[str, tuple[_Read, _Open]] = {
    ".jsonl": (_read_json, _open_json),
    ".csv": (_read_csv, _open_csv),
    ".parquet": (_read_parquet, _Parquet),
}
"""By ending of the name: how a file is read, and how it is opened to be written."""


def is_there(path: Path) -> bool:
    """Say whether there are rows of an earlier sweep, in the file or beside it."""
    return path.exists() or _beside(path).exists()
