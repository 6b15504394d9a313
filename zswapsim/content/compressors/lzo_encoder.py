# SPDX-License-Identifier: GPL-2.0-only
"""LZO1X-1 as the kernel encodes a page, with zero runs (lzo-rle) or without (lzo).

Models Linux 5.4 to 6.12 lib/lzo/lzo1x_compress.c; the stream is described in
Documentation/staging/lzo.rst. A page is read from left to right. What begins at a place is looked
up by its first four bytes in a table of 8192 places, which remembers the latest one of each bucket
and begins with place 0 everywhere. Three things are written:

literals    a count and the bytes; a count of 1 to 3 is put into the instruction before
copy        2 or 3 bytes, and more for long ones: so many bytes again as lie at a distance back
zero run    4 bytes: 4 to 2051 zeros; only in version 1 of the stream, which has a marker

The last 20 bytes are not searched, so a stream always ends with literals, and with END.

Deviations: pages only, so distances are below 4096, and the copies for those of 16 KiB and more do
not occur. Where the kernel looks whether the capacity suffices it asks for up to 12 bytes more than
it writes then; at least 15 are always still to come, so the outcome is the same.
"""

from zswapsim.engine.byte_arrays import Bytes, clear, copy_bytes, load_u32, matching_bytes
from zswapsim.engine.simulated import Ints, simulated
from zswapsim.errors import EINVAL
from zswapsim.units import PAGE_SIZE

VERSION_MARKER = 17
VERSION_RLE = 1
VERSION_BYTES = 2

UNSEARCHED_BYTES = 20
SEARCH_END = PAGE_SIZE - UNSEARCHED_BYTES
FIRST_SEARCHED = 5
SKIP_SHIFT = 5  # one place more is passed over for each 32 bytes without a find

TABLE_LENGTH = 1 << 13
HASH_FACTOR = 0x1824429D
HASH_SHIFT = 32 - 13

INLINE_LITERALS, SHORT_LITERALS = 3, 18

MIN_COPY = 4
M2_MAX_LENGTH, M2_MAX_DISTANCE = 8, 2048
M3_MAX_LENGTH, M3_MARKER = 33, 32

MIN_ZERO_RUN, MAX_ZERO_RUN = 4, 2051
ZERO_RUN_MARKER = 0x18  # a copy at the greatest distance there is, which no copy has
ZERO_RUN_BYTES = 4

END_MARKER, END_BYTES = 17, 3

# Zero runs of 4 between 4 literals make 9 bytes of 8, about 4600 of a page, which is more than the
# kernel's lzo1x_worst_compress says (4421). Its callers have two pages of room.
MOST_BYTES = 2 * PAGE_SIZE


@simulated
def lzorle1x_1_compress(page: Bytes, out: bytearray, table: Ints, capacity: int) -> int:
    """Encode a page as lzo-rle; see lzogeneric1x_1_compress."""
    return lzogeneric1x_1_compress(page, out, table, capacity, 1)


@simulated
def lzo1x_1_compress(page: Bytes, out: bytearray, table: Ints, capacity: int) -> int:
    """Encode a page as plain lzo; see lzogeneric1x_1_compress."""
    return lzogeneric1x_1_compress(page, out, table, capacity, 0)


@simulated
def lzogeneric1x_1_compress(
    page: Bytes, out: bytearray, table: Ints, capacity: int, zero_runs: int
) -> int:
    """Encode a page; return the stream's size in bytes, or -EINVAL if it is above capacity.

    page: 4096 bytes; out: capacity bytes, of which no more are written; table: 8192 numbers;
    zero_runs: 1 for version 1 of the stream, with its marker and zero runs, 0 for version 0.
    Source: Linux 6.1 lib/lzo/lzo1x_compress.c.
    """
    clear(table)
    size = put_version(out, capacity) if zero_runs else 0
    literals, count_at = 0, 0  # first byte not yet written; where up to 3 literals are counted
    here = FIRST_SEARCHED
    while size >= 0 and here < SEARCH_END:
        word = load_u32(page, here)
        if zero_runs and word == 0:
            distance = 0
            length = zero_run_at(page, here)
        else:
            bucket = (word * HASH_FACTOR >> HASH_SHIFT) & (TABLE_LENGTH - 1)
            there = table[bucket]
            table[bucket] = here
            if load_u32(page, there) != word:
                here += 1 + ((here - literals) >> SKIP_SHIFT)
                continue
            distance = here - there
            length = equal_bytes(page, there, here)
        size = put_literals(page, literals, here, out, capacity, size, count_at)
        size = put_copy(length, distance, out, capacity, size)
        count_at = size - 2 if distance else size - 3
        here += length
        literals = here
    size = put_literals(page, literals, PAGE_SIZE, out, capacity, size, count_at)
    return put_end(out, capacity, size)


@simulated
def zero_run_at(page: Bytes, here: int) -> int:
    """Return the length of the zero run at a place that four zeros are known of.

    Only these four may reach beyond the end of the search.
    """
    length = MIN_ZERO_RUN
    longest = min(MAX_ZERO_RUN, SEARCH_END - here)
    while length + 4 <= longest and load_u32(page, here + length) == 0:
        length += 4
    while length < longest and page[here + length] == 0:
        length += 1
    return length


@simulated
def equal_bytes(page: Bytes, there: int, here: int) -> int:
    """Return how many bytes from two places on are equal, if four are known to be.

    The kernel compares words of 8 bytes, and looks for the end of the search between them only.
    """
    length = MIN_COPY
    while True:
        equal = matching_bytes(page, there + length, here + length)
        length += equal
        if equal < 8 or here + length >= SEARCH_END:
            return length


@simulated
def put_version(out: bytearray, capacity: int) -> int:
    """Begin a stream of version 1; return its size or -EINVAL."""
    if capacity < VERSION_BYTES:
        return -EINVAL
    out[0] = VERSION_MARKER
    out[1] = VERSION_RLE
    return VERSION_BYTES


@simulated
def put_literals(
    page: Bytes, first: int, end: int, out: bytearray, capacity: int, size: int, count_at: int
) -> int:
    """Write the bytes first .. end - 1 of the page; return the stream's new size or -EINVAL.

    count_at: the byte of the instruction before that has two bits for a count of 1 to 3.
    """
    count = end - first
    header_bytes = 0
    if count > SHORT_LITERALS:
        header_bytes = 1 + rest_bytes(count - SHORT_LITERALS)
    elif count > INLINE_LITERALS:
        header_bytes = 1
    if size < 0 or size + header_bytes + count > capacity:
        return -EINVAL
    if header_bytes > 1:
        out[size] = 0
        put_rest(count - SHORT_LITERALS, out, size + 1)
    elif header_bytes == 1:
        out[size] = count - 3
    elif count:
        out[count_at] |= count
    size += header_bytes
    copy_bytes(out, size, page, first, count)
    return size + count


@simulated
def put_copy(length: int, distance: int, out: bytearray, capacity: int, size: int) -> int:
    """Write a copy in the shortest of its forms, or a zero run if distance is 0.

    Returns: the stream's new size or -EINVAL.
    """
    if distance == 0:
        return put_zero_run(length, out, capacity, size)
    if length <= M2_MAX_LENGTH and distance <= M2_MAX_DISTANCE:
        return put_near_copy(length, distance, out, capacity, size)
    return put_far_copy(length, distance, out, capacity, size)


@simulated
def put_zero_run(length: int, out: bytearray, capacity: int, size: int) -> int:
    """Write a run of 4 to 2051 zeros; return the stream's new size or -EINVAL."""
    if size < 0 or size + ZERO_RUN_BYTES > capacity:
        return -EINVAL
    beyond = length - MIN_ZERO_RUN
    out[size] = ZERO_RUN_MARKER | (beyond & 7)
    out[size + 1] = 0xFC
    out[size + 2] = 0xFF
    out[size + 3] = beyond >> 3
    return size + ZERO_RUN_BYTES


@simulated
def put_near_copy(length: int, distance: int, out: bytearray, capacity: int, size: int) -> int:
    """Write a copy of up to 8 bytes within 2 KiB; return the stream's new size or -EINVAL."""
    if size < 0 or size + 2 > capacity:
        return -EINVAL
    back = distance - 1
    out[size] = (length - 1) << 5 | (back & 7) << 2
    out[size + 1] = back >> 3
    return size + 2


@simulated
def put_far_copy(length: int, distance: int, out: bytearray, capacity: int, size: int) -> int:
    """Write a copy of any length within 16 KiB; return the stream's new size or -EINVAL."""
    header_bytes = 1
    if length > M3_MAX_LENGTH:
        header_bytes = 1 + rest_bytes(length - M3_MAX_LENGTH)
    if size < 0 or size + header_bytes + 2 > capacity:
        return -EINVAL
    if header_bytes > 1:
        out[size] = M3_MARKER
        put_rest(length - M3_MAX_LENGTH, out, size + 1)
    else:
        out[size] = M3_MARKER | (length - 2)
    size += header_bytes
    back = distance - 1
    out[size] = (back & 63) << 2
    out[size + 1] = back >> 6
    return size + 2


@simulated
def rest_bytes(rest: int) -> int:
    """Return how many bytes put_rest writes."""
    return (rest - 1) // 255 + 1


@simulated
def put_rest(rest: int, out: bytearray, at: int) -> None:
    """Write what a length is above its field, at least 1: zeros that stand for 255, then 1..255."""
    while rest > 255:
        out[at] = 0
        at += 1
        rest -= 255
    out[at] = rest


@simulated
def put_end(out: bytearray, capacity: int, size: int) -> int:
    """Write END; return the stream's size or -EINVAL."""
    if size < 0 or size + END_BYTES > capacity:
        return -EINVAL
    out[size] = END_MARKER
    out[size + 1] = 0
    out[size + 2] = 0
    return size + END_BYTES
