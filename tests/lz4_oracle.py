# SPDX-License-Identifier: GPL-2.0-only
"""LZ4 blocks without art: what is in one, and the one that the kernel's greedy search makes."""

from collections.abc import Iterator
from typing import NamedTuple


class Sequence(NamedTuple):
    """literals: their bytes; offset: how far back the match is; length: its bytes, 0 at the end."""

    literals: bytes
    offset: int
    length: int


def parse(block: bytes) -> list[Sequence]:
    """Return the sequences of a block, the last of which has no match."""
    found: list[Sequence] = []
    rest = iter(block)

    def length_of(half: int) -> int:
        if half == 15:
            while (more := next(rest)) == 255:
                half += 255
            half += more
        return half

    for token in rest:
        literals = bytes(next(rest) for _ in range(length_of(token >> 4)))
        low = next(rest, None)
        if low is None:
            return [*found, Sequence(literals, 0, 0)]
        offset = low | next(rest) << 8
        found.append(Sequence(literals, offset, 4 + length_of(token & 15)))
    raise AssertionError("a block ends with literals")


def unpack(sequences: list[Sequence]) -> bytes:
    """Return what sequences stand for."""
    page = bytearray()
    for literals, offset, length in sequences:
        page += literals
        for _ in range(length):
            page.append(page[-offset])
    return bytes(page)


def pack(sequences: list[Sequence]) -> bytes:
    """Return the block of sequences."""
    block = b""
    for literals, offset, length in sequences:
        count, more = len(literals), max(length - 4, 0)
        block += bytes([min(count, 15) << 4 | min(more, 15)]) + _beyond(count) + literals
        if length:
            block += offset.to_bytes(2, "little") + _beyond(more)
    return block


def _beyond(length: int) -> bytes:
    if length < 15:
        return b""
    return b"\xff" * ((length - 15) // 255) + bytes([(length - 15) % 255])


def greedy(page: bytes) -> list[Sequence]:
    """Return the sequences that the kernel chooses for a page."""
    last_seen: dict[int, int] = {}

    def seen(at: int) -> int | None:
        """Note a place; return the last one with the same hash, if it has the same four bytes."""
        word = int.from_bytes(page[at : at + 4], "little")
        number = (word * 2654435761 % 2**32) >> 19
        before = last_seen.get(number, 0)
        last_seen[number] = at
        return before if page[before : before + 4] == page[at : at + 4] else None

    def search(at: int) -> Iterator[tuple[int, int]]:
        tried = 0
        while (following := at + max(1, (tried + 63) // 64)) <= len(page) - 12:
            before = seen(at)
            if before is not None:
                yield at, before
            at, tried = following, tried + 1

    found: list[Sequence] = []
    done, hit = 0, next(search(1), None)
    while hit is not None:
        at, before = hit
        while at > done and before > 0 and page[at - 1] == page[before - 1]:
            at, before = at - 1, before - 1
        length = 4
        while at + length < len(page) - 5 and page[at + length] == page[before + length]:
            length += 1
        found.append(Sequence(page[done:at], at - before, length))
        done = at + length
        if done > len(page) - 12:
            break
        seen(done - 2)
        before_done = seen(done)
        hit = (done, before_done) if before_done is not None else next(search(done + 1), None)
    return [*found, Sequence(page[done:], 0, 0)]
