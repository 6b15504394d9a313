# SPDX-License-Identifier: GPL-2.0-only
"""Decode the page of an LZO1X stream, of version 0 (lzo) or 1 (lzo-rle).

The stream is described in Linux Documentation/staging/lzo.rst. Instructions, by their first byte:

16 to 31   END, if at distance 16384; a ZERO_RUN (version 1) if at the greatest one, 0xbfff
32 to 63   FAR: a copy within 16 KiB
64 and up  NEAR: a copy of 3 to 8 bytes within 2 KiB
0 to 15    LITERALS, if no literals were copied just before; else SHORT: a copy of 2 bytes within
           1 KiB, or after 4 literals or more, of 3 bytes from 2 to 3 KiB back

All but LITERALS say in two bits how many literals follow. Whatever the data, every read and write
is within bounds, and every turn takes at least one byte of them. Most functions are over numbers:
numba counts references at each call with an array, which took half the time.

Deviations: pages only, so the copies for distances of 16 KiB and more are damage, and the stream
must hold 4096 bytes; a marker with another version than 1 is damage, where the kernel goes on.
"""

from zswapsim.content.compressors.lzo_encoder import (
    END_MARKER,
    M3_MARKER,
    MIN_ZERO_RUN,
    VERSION_BYTES,
    VERSION_MARKER,
    VERSION_RLE,
    ZERO_RUN_BYTES,
    ZERO_RUN_MARKER,
)
from zswapsim.engine.byte_arrays import Bytes, copy_bytes, load_u32
from zswapsim.engine.simulated import simulated
from zswapsim.errors import EINVAL
from zswapsim.units import PAGE_SIZE

LITERALS, SHORT, NEAR, FAR, ZERO_RUN, END = range(6)

M2_MARKER, M4_MARKER = 64, 16
MANY = 4  # so many literals, or more, were copied just before
LITERALS_FIELD, FAR_FIELD = 15, 31
SHORT_MANY_DISTANCE = 2048
# The first three bytes of a ZERO_RUN, less its low length bits and the number of its literals.
RUN_MASK, RUN_MARKER = 0xFFFCF8, 0xFFFC00 | ZERO_RUN_MARKER


@simulated
def lzo1x_decompress(data: Bytes, data_bytes: int, page: bytearray) -> int:
    """Decode a stream into a page of 4096 bytes; return 0, or -EINVAL if it does not hold one.

    data: the stream in its first data_bytes numbers of 0..255; page: left half written on error.
    Source: Linux 6.1 lib/lzo/lzo1x_decompress_safe.c lzo1x_decompress_safe.
    """
    version = stream_version(data, data_bytes)
    if version < 0:
        return version
    at = VERSION_BYTES if version else 0
    literals = first_literals(data, data_bytes, at)
    if literals < 0:
        return literals
    at += 1 if literals else 0
    written = 0
    while True:
        copy_bytes(page, written, data, at, literals)
        at += literals
        written += literals
        if at >= data_bytes:
            return -EINVAL
        word = word_at(data, data_bytes, at)
        kind = instruction_kind(word, literals, version)
        rest = rest_bytes(data, data_bytes, at + 1) if has_rest(word, kind) else 0
        end = at + instruction_bytes(kind) + rest
        if end > data_bytes:
            return -EINVAL
        if kind == END:
            is_whole = is_end(word) and end == data_bytes and written == PAGE_SIZE
            return 0 if is_whole else -EINVAL
        beyond = 255 * (rest - 1) + data[at + rest] if rest else 0
        operand = word >> 8 if rest == 0 else word_at(data, data_bytes, at + 1 + rest)
        distance = copy_distance(word, kind, operand, literals)
        length = copy_length(word, kind, beyond, literals)
        literals = literal_count(word, kind, beyond, operand)
        at = end
        behind = written + length + literals
        if distance > written or behind > PAGE_SIZE or at + literals > data_bytes:
            return -EINVAL
        repeat_bytes(page, written, distance, length)
        written += length


@simulated
def stream_version(data: Bytes, data_bytes: int) -> int:
    """Return 0 or 1, or -EINVAL for a marker of another version. Only version 1 has a marker."""
    if data_bytes < VERSION_BYTES or data[0] != VERSION_MARKER:
        return 0
    return VERSION_RLE if data[1] == VERSION_RLE else -EINVAL


@simulated
def first_literals(data: Bytes, data_bytes: int, at: int) -> int:
    """Return how many literals a first byte of 18 and more counts, 0 if it is an instruction.

    -EINVAL: there is no byte, or there are fewer literals.
    """
    if at >= data_bytes:
        return -EINVAL
    count = data[at] - 17
    if count <= 0:
        return 0
    return count if at + 1 + count <= data_bytes else -EINVAL


@simulated
def word_at(data: Bytes, data_bytes: int, at: int) -> int:
    """Return four bytes as a little-endian number, with zeros for those behind the data."""
    if at + 4 <= data_bytes:
        return load_u32(data, at)
    word = 0
    for place in range(data_bytes - 1, at - 1, -1):
        word = word << 8 | data[place]
    return word


@simulated
def instruction_kind(word: int, literals: int, version: int) -> int:
    """Return the kind of an instruction.

    word: its first four bytes; literals: how many were copied just before.
    """
    first = word & 0xFF
    if first >= M2_MARKER:
        return NEAR
    if first >= M3_MARKER:
        return FAR
    if first < M4_MARKER:
        return SHORT if literals else LITERALS
    return ZERO_RUN if version and word & RUN_MASK == RUN_MARKER else END


@simulated
def instruction_bytes(kind: int) -> int:
    """Return the bytes of an instruction without those of a long length, and without literals."""
    if kind == LITERALS:
        return 1
    if kind in (FAR, END):
        return 3
    return ZERO_RUN_BYTES if kind == ZERO_RUN else 2


@simulated
def has_rest(word: int, kind: int) -> bool:
    """Tell whether bytes follow that say what a length is above its field."""
    if kind == LITERALS:
        return word & LITERALS_FIELD == 0
    return kind == FAR and word & FAR_FIELD == 0


@simulated
def rest_bytes(data: Bytes, data_bytes: int, at: int) -> int:
    """Return how many bytes say what a length is above its field: zeros, and one that is none."""
    size = 1
    while at + size <= data_bytes and data[at + size - 1] == 0:
        size += 1
    return size


@simulated
def field_length(word: int, field: int, beyond: int) -> int:
    """Return the length in a field, or what is beyond if the field is 0."""
    return field + beyond if word & field == 0 else word & field


@simulated
def copy_length(word: int, kind: int, beyond: int, literals: int) -> int:
    """Return how many bytes an instruction copies from the page, or how many zeros it means."""
    if kind == NEAR:
        return (word >> 5 & 7) + 1
    if kind == FAR:
        return field_length(word, FAR_FIELD, beyond) + 2
    if kind == SHORT:
        return 3 if literals >= MANY else 2
    if kind == ZERO_RUN:
        return (word & 7 | word >> 24 << 3) + MIN_ZERO_RUN
    return 0


@simulated
def copy_distance(word: int, kind: int, operand: int, literals: int) -> int:
    """Return how far back an instruction copies from, at least 1; 0 if it copies nothing.

    operand: the bytes after the length; literals: how many were copied just before.
    """
    if kind == NEAR:
        return (word >> 2 & 7 | (operand & 0xFF) << 3) + 1
    if kind == FAR:
        return (operand >> 2 & 0x3FFF) + 1
    if kind == SHORT:
        more = SHORT_MANY_DISTANCE if literals >= MANY else 0
        return (word >> 2 & 3 | (operand & 0xFF) << 2) + 1 + more
    return 0


@simulated
def literal_count(word: int, kind: int, beyond: int, operand: int) -> int:
    """Return how many literals follow an instruction."""
    if kind == LITERALS:
        return field_length(word, LITERALS_FIELD, beyond) + 3
    return (operand if kind in (FAR, ZERO_RUN) else word) & 3


@simulated
def is_end(word: int) -> bool:
    """Tell whether three bytes are those of END."""
    return word & 0xFFFFFF == END_MARKER


@simulated
def repeat_bytes(page: bytearray, written: int, distance: int, count: int) -> None:
    """Append count bytes of the page, each that at a distance back, or zeros at distance 0."""
    end = written + count
    if distance == 0:
        for at in range(written, end):
            page[at] = 0
        return
    # What was appended is there to be repeated as well: the piece grows at each turn.
    while written < end:
        piece = min(distance, end - written)
        copy_bytes(page, written, page, written - distance, piece)
        written += piece
        distance += piece
