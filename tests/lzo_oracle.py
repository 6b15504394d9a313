# SPDX-License-Identifier: GPL-2.0-only
"""LZO streams without art: what is in one, and the one that the kernel's greedy search makes.

rows and page_of read a stream by the table of Documentation/staging/lzo.rst alone.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """kind: literals, copy, zeros or end; length, of the copied bytes or zeros; distance;
    literals: the bytes that follow; form: the bytes of the instruction itself.
    """

    kind: str
    length: int
    distance: int
    literals: bytes
    form: bytes


class Find(NamedTuple):
    """length bytes at a place that are at a distance back as well, or are zeros if that is 0."""

    at: int
    length: int
    distance: int


class Damage(Exception):
    """The stream is none, or not that of 4096 bytes."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int = 1) -> bytes:
        if self.at + count > len(self.data):
            raise Damage("the data end too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def length(self, field: int, bits: int) -> int:
        if field:
            return field
        length = (1 << bits) - 1
        while (byte := self.take()[0]) == 0:
            length += 255
        return length + byte

    def le16(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def zero_run_follows(self) -> bool:
        return len(self.data) >= self.at + 3 and (
            int.from_bytes(self.data[self.at : self.at + 2], "little") >= 0xFFFC
        )


def rows(data: bytes) -> Iterator[Row]:
    """Give the instructions of a stream one after another, the last of kind end."""
    reader = _Reader(bytes(data))
    zero_runs = False
    if len(data) >= 5 and data[0] == 17:
        if data[1] != 1:
            raise Damage("there is version 1 only")
        zero_runs = True
        reader.take(2)
    state = 0
    if reader.at < len(data) and data[reader.at] > 17:
        count = reader.take()[0] - 17
        yield Row("literals", 0, 0, reader.take(count), bytes([count + 17]))
        state = min(count, 4)
    while True:
        start = reader.at
        kind, length, distance, count = _instruction(reader, state, zero_runs)
        form = reader.data[start : reader.at]
        yield Row(kind, length, distance, reader.take(count), form)
        if kind == "end":
            if reader.at != len(data):
                raise Damage("there is more behind the end")
            return
        state = min(count, 4)


def _instruction(reader: _Reader, state: int, zero_runs: bool) -> tuple[str, int, int, int]:
    byte = reader.take()[0]
    if byte >= 64:
        length = 3 + (byte >> 5 & 1) if byte < 128 else 5 + (byte >> 5 & 3)
        return "copy", length, reader.take()[0] * 8 + (byte >> 2 & 7) + 1, byte & 3
    if byte >= 32:
        length = 2 + reader.length(byte & 31, 5)
        operand = reader.le16()
        return "copy", length, (operand >> 2) + 1, operand & 3
    if byte >= 16:
        if zero_runs and byte & 8 and reader.zero_run_follows():
            operand = reader.le16()
            return "zeros", (reader.take()[0] << 3 | byte & 7) + 4, 0, operand & 3
        if bytes([byte]) + reader.take(2) != b"\x11\0\0":
            raise Damage("neither the end nor within a page")
        return "end", 0, 0, 0
    if state == 0:
        return "literals", 0, 0, 3 + reader.length(byte, 4)
    operand = reader.take()[0] * 4 + (byte >> 2) + 1
    if state < 4:
        return "copy", 2, operand, byte & 3
    return "copy", 3, operand + 2048, byte & 3


def page_of(data: bytes) -> bytes:
    """Return the 4096 bytes of a stream, or raise Damage."""
    page = bytearray()
    for row in rows(data):
        if row.kind == "zeros":
            page += bytes(row.length)
        elif row.kind == "copy":
            if row.distance > len(page):
                raise Damage("a copy from before the page")
            for _ in range(row.length):
                page.append(page[-row.distance])
        page += row.literals
        if len(page) > 4096:
            raise Damage("more than a page")
    if len(page) != 4096:
        raise Damage("less than a page")
    return bytes(page)


def greedy(page: bytes, *, zero_runs: bool) -> Iterator[Find]:
    """Give what the kernel finds in a page."""
    end = 4096 - 20
    last_seen: dict[int, int] = {}
    at, done = 5, 0
    while at < end:
        word = page[at : at + 4]
        if zero_runs and word == bytes(4):
            zeros = page[at : max(at + 4, end)]
            find = Find(at, min(len(zeros) - len(zeros.lstrip(b"\0")), 2047 + 4), 0)
        else:
            number = (int.from_bytes(word, "little") * 0x1824429D % 2**32) >> 19
            before = last_seen.get(number, 0)
            last_seen[number] = at
            if page[before : before + 4] != word:
                at += 1 + (at - done) // 32
                continue
            find = Find(at, _equal(page, before, at, end), at - before)
        yield find
        at = done = find.at + find.length


def _equal(page: bytes, before: int, at: int, end: int) -> int:
    equal = 0
    while at + equal < 4096 and page[before + equal] == page[at + equal]:
        equal += 1
    # Words of 8 bytes, after the first 4; the end is noticed between two of them.
    noticed = next(length for length in range(12, 4200, 8) if at + length >= end)
    return min(equal, noticed)


def pack(page: bytes, finds: Iterator[Find], *, zero_runs: bool) -> bytes:
    """Return the stream of what was found in a page, and of the literals between."""
    stream = bytearray(b"\x11\1" if zero_runs else b"")
    done = low = 0
    for at, length, distance in [*finds, Find(4096, 0, 0)]:
        literals = page[done:at]
        if len(literals) > 3:
            stream += counted(0, 15, len(literals) - 3)
        elif literals:
            stream[low] |= len(literals)
        stream += literals
        done, low = at + length, len(stream) + 1
        if distance == 0 and length:
            stream += bytes([24 | (length - 4) % 8, 0xFC, 0xFF, (length - 4) // 8])
        elif length and length <= 8 and distance <= 2048:
            low -= 1
            stream += bytes([(length - 1) * 32 + (distance - 1) % 8 * 4, (distance - 1) // 8])
        elif length:
            start = counted(32, 31, length - 2)
            low += len(start) - 1
            stream += start + ((distance - 1) * 4).to_bytes(2, "little")
    return bytes(stream + b"\x11\0\0")


def counted(marker: int, field: int, length: int) -> bytes:
    """Return a field of an instruction, and the bytes that say what a length is above it."""
    if length <= field:
        return bytes([marker | length])
    zeros, last = divmod(length - field - 1, 255)
    return bytes([marker]) + bytes(zeros) + bytes([last + 1])
