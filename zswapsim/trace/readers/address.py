# SPDX-License-Identifier: GPL-2.0-only
"""address: lines with an address and what was done with it, in the columns that a writer chose.

    0x4c1692b: R 0x404a900          pinatrace of Pin, with size and value in some kits; #eof
    0041f7a0 R                      address, operation, perhaps a size
    R 0x7ffe3c10 8                  operation, address, perhaps a size
    1 70f60888                      din of DineroIV: 0 read, 1 write, 2 instruction fetch
    0x7ffe3c10                      addresses alone

Fields stand between blanks, commas, colons and semicolons. Columns and base are found from the
first lines: numbers are hexadecimal if one of them has a letter, or all are filled up with zeros
to one length, and in din; else decimal, and hexadecimal after 0x. # starts a comment.
"""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from zswapsim.errors import TraceError
from zswapsim.trace.readers import lackey
from zswapsim.trace.readers.columns import NUMBER, base_note, base_of, is_size, says_hex
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.line_kernel import AUTOMATIC
from zswapsim.trace.readers.lines import ANY_WORDS, Shape, TextFormat, whole_lines

_SEPARATOR = re.compile(r"[\s,:;]+")
_MOST_COLUMNS = 6
_DIN = frozenset("01234")


class _Layout(NamedTuple):
    """Columns by number, -1 if there is none, and the addresses that were seen."""

    operation: int
    address: int
    size: int
    addresses: list[str]
    is_din: bool


class AddressFormat(TextFormat):
    """Reads plain address traces."""

    name = "address"
    summary = "address and R or W a line: Pin's pinatrace, din of DineroIV, course traces"

    def recognises(self, path: Path, head: bytes) -> bool:
        """All its first lines have one layout, and nobody else has that."""
        return _layout(head) is not None and not lackey.FORMAT.recognises(path, head)

    def shape(self, reading: Reading) -> Shape:
        """The layout is that of the first lines."""
        layout = _layout(reading.source.head)
        if layout is None:
            raise TraceError(
                f"{reading.source.where}: its first lines have no column of addresses; expected "
                "'address R|W', 'R|W address' or 'ip: R|W address'"
            )
        roles = [""] * (1 + max(layout[:3]))
        for column, role in zip(layout[:3], ("operation", "address", "size"), strict=True):
            if column >= 0:
                roles[column] = role
        base = 16 if layout.is_din else base_of(layout.addresses)
        reading.notes.append(base_note("address", layout.addresses, base))
        kind = "an address" if base == AUTOMATIC else "a hexadecimal address"
        where = f"{kind} in column {layout.address + 1}"
        if layout.operation >= 0:
            where += f" and R or W in column {layout.operation + 1}"
        return Shape(
            fields=tuple(roles),
            expected=f"{where}, as in the first lines",
            delimiters=",:;",
            words=ANY_WORDS,
            folded=True,
            base=base,
            comments=("#",),
        )


def _layout(head: bytes) -> _Layout | None:
    """Return what all first lines have in common, if that is a layout."""
    lines = [line.strip() for line in whole_lines(head)]
    lines = [line for line in lines if line and not line.startswith("#")]
    rows = _alike([_SEPARATOR.split(line) for line in lines])
    if not rows:
        return None
    width = min(map(len, rows))
    columns = [[row[at] for row in rows] for at in range(width)]
    if width == 1:
        bare = all(map(NUMBER.fullmatch, columns[0])) and says_hex(columns[0])
        bare = bare and all(len(number) > 3 for number in columns[0])
        return _Layout(-1, 0, -1, columns[0], False) if bare else None
    operation = _operation_column(columns)
    if operation is None:
        return None
    has_ip = re.match(r"\S+\s*:", lines[0]) is not None
    address, size = _address_columns(columns, operation, has_ip)
    if not all(map(NUMBER.fullmatch, columns[address])):
        return None
    labels = set(columns[operation])
    is_din = operation == 0 and labels <= _DIN
    is_table = (labels <= _DIN and "," in lines[0]) or (operation and width > 2 and not has_ip)
    if is_table and not says_hex(columns[address]):
        return None  # of numbers that may be anything
    return _Layout(operation, address, size, columns[address], is_din)


def _alike(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows as wide as most, of numbers and operations; none if the first is no such."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    alike = [row for row in rows if len(row) >= width and all(map(_is_plain, row[:width]))]
    if not alike or alike[0] is not rows[0] or width > _MOST_COLUMNS:
        return []
    return alike if 2 * len(alike) >= len(rows) else []


def _is_plain(text: str) -> bool:
    return text.lower() in ANY_WORDS or NUMBER.fullmatch(text) is not None


def _operation_column(columns: list[list[str]]) -> int | None:
    """Return which of the first three columns is operations; letters go before numbers."""
    fitting = [
        at for at, column in enumerate(columns[:3]) if all(w.lower() in ANY_WORDS for w in column)
    ]
    spelled = [at for at in fitting if not set(columns[at]) <= _DIN]
    return next(iter(spelled or fitting), None)


def _address_columns(columns: list[list[str]], operation: int, has_ip: bool) -> tuple[int, int]:
    """Return the columns of address and size, -1 for none."""
    behind = operation + 1
    if operation == 0 or (
        operation == 1 and len(columns) > 2 and (has_ip or not is_size(columns[2]))
    ):
        address, size = behind, behind + 1
    else:
        address, size = 0, 2 if operation == 1 else 1
    if size >= len(columns) or not is_size(columns[size]):
        size = -1
    return address, size


FORMAT = AddressFormat()
