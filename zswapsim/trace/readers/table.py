# SPDX-License-Identifier: GPL-2.0-only
"""csv: tables with a header that names the columns, or with columns named by --columns.

Names, whatever their case: see NAMES; a column of another name is not looked at. A table needs one
of address, page, sector (of 512 bytes) or object, the first of these counts. An object is one page:
its number if that is a plain one below 10**18, else a hash. Fields stand between commas, tabs,
semicolons or bars, perhaps in double quotes. A line is a request, so none is joined with the next.
"""

import re
from pathlib import Path
from typing import NamedTuple

from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.trace.readers.columns import NUMBER, base_note, base_of
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.lines import ANY_WORDS, Shape, TextFormat, whole_lines

NAMES = {
    "address": "address addr vaddr va virtual_address offset byte_offset data_address ea",
    "page": "page vpn pfn page_number page_no pageno page_id",
    "sector": "sector lba sector_number start_sector",
    "object": "object obj obj_id object_id objid id key item item_id block block_id block_number",
    "operation": "operation op type rw r_w access access_type io_type iotype req_type command cmd "
    "is_write iswrite write",
    "size": "size length len bytes nbytes size_bytes obj_size object_size req_size",
    "sectors": "sectors nr_sectors num_sectors",
    "space": "space device dev disk disk_number disknumber volume volume_id asid pid hostname host",
}
_ROLE_OF = {name: role for role, names in NAMES.items() for name in names.split()}
_PLACES = ("address", "page", "sector", "object")
_UNIT_BYTES = {"address": 1, "page": 4096, "sector": 512, "object": 1}
_DELIMITERS = ",\t;|"
_VALUE = re.compile(r"0[xX][0-9a-fA-F]+|\d[0-9a-fA-F.]*")


class _Table(NamedTuple):
    """roles: one for each column, as in NAMES, "" for none; skip_lines: header and before."""

    delimiter: str
    roles: list[str]
    skip_lines: int
    place: str


class TableFormat(TextFormat):
    """Reads tables."""

    name = "csv"
    summary = "table with a header, or --columns such as time,op,address,size"
    collapse = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its first line names a column of addresses, pages, sectors or objects."""
        first = _first_line(whole_lines(head))
        return first is not None and _from_header(*first) is not None

    def shape(self, reading: Reading) -> Shape:
        """Columns are those of the header, or those that were named."""
        lines = whole_lines(reading.source.head)
        table = _table_of(reading, lines)
        rows = [_fields(line, table.delimiter) for line in lines[table.skip_lines :]]
        column = table.roles.index(table.place)
        sample = [row[column] for row in rows if len(row) > column]
        base = base_of([text for text in sample if NUMBER.fullmatch(text)])
        if table.place == "object":
            reading.notes.append("one object is one page")
        else:
            reading.notes.append(base_note(table.place, sample, base))
        roles = [_kernel_role(role, table.place) for role in table.roles]
        while not roles[-1]:
            roles.pop()
        named = ", ".join(f"{role} in column {at + 1}" for at, role in enumerate(roles) if role)
        return Shape(
            fields=tuple(roles),
            expected=named,
            delimiters=table.delimiter,
            padded=bool(table.delimiter),
            quote='"' if table.delimiter else "",
            words=ANY_WORDS,
            folded=True,
            base=base,
            comments=("#",),
            skip_lines=table.skip_lines,
            unit_bytes=_UNIT_BYTES[table.place],
            size_unit_bytes=512 if "sectors" in table.roles else 1,
        )


def _table_of(reading: Reading, lines: list[str]) -> _Table:
    first = _first_line(lines)
    columns = reading.source.options.columns
    if columns is not None:
        return _from_columns(columns, first, lines)
    table = None if first is None else _from_header(*first)
    if table is None:
        raise TraceError(
            f"{reading.source.where}: no header that names a column of addresses, pages, sectors "
            "or objects; name the columns with --columns, such as time,op,address,size"
        )
    return table


def _first_line(lines: list[str]) -> tuple[int, str] | None:
    """Return number and text of the first line that is no comment."""
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            return number, line
    return None


def _from_header(number: int, line: str) -> _Table | None:
    delimiter = max(_DELIMITERS, key=line.count)
    names = _fields(line, delimiter)
    roles = _roles([] if any(map(_VALUE.fullmatch, names)) else names)
    place = next((place for place in _PLACES if place in roles), None)
    if place is None:
        return None
    return _Table(delimiter, roles, number + 1, place)


def _from_columns(columns: str, first: tuple[int, str] | None, lines: list[str]) -> _Table:
    """Take the names given; a header is a line with words where the next has numbers."""
    roles = _roles(columns.split(","))
    place = next((place for place in _PLACES if place in roles), None)
    if place is None:
        raise InvalidArgument(
            f"columns {columns!r}: none of them is {', '.join(_PLACES[:-1])} or {_PLACES[-1]}"
        )
    number, line = first or (0, "")
    delimiter = max(_DELIMITERS, key=line.count)
    if not line.count(delimiter):
        delimiter = ""
    names = _fields(line, delimiter)
    following = _fields(lines[number + 1], delimiter) if len(lines) > number + 1 else []
    is_header = any(
        _VALUE.fullmatch(below) and not _VALUE.fullmatch(above)
        for above, below in zip(names, following, strict=False)
    )
    return _Table(delimiter, roles, number + 1 if is_header else 0, place)


def _roles(names: list[str]) -> list[str]:
    """Return the role of each column; of columns of one role the first has it, spaces join."""
    roles: list[str] = []
    for name in names:
        role = _ROLE_OF.get(re.sub(r"\W+", "_", name.strip().lower()).strip("_"), "")
        roles.append("" if role in roles and role != "space" else role)
    return roles


def _kernel_role(role: str, place: str) -> str:
    """Return what the reader makes of a column: one place, and no more than that of an object."""
    if role == place:
        return "object" if role == "object" else "address"
    if role in _PLACES or (place == "object" and role != "operation"):
        return ""
    return "size" if role == "sectors" else role


def _fields(line: str, delimiter: str) -> list[str]:
    parts = line.split(delimiter) if delimiter else line.split()
    return [part.strip().strip('"') for part in parts]


FORMAT = TableFormat()
