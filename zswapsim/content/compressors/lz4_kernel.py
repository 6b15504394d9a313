# SPDX-License-Identifier: GPL-2.0-only
"""lz4-kernel: an LZ4 encoder of our own, whose lengths are those of the Linux kernel.

Models lib/lz4 as Linux 6.1 and 6.12 have it (specification 7.3): the fast encoder of LZ4 1.8 with
acceleration 1 and a table of 8192 places. Written from the block format, and from what the recorded
lengths show; all of them are equal. It searches greedily: the table says where four bytes of the
same hash were last seen, and a match that is found is taken.

A block is a row of sequences: token, literals, offset, that is a match with what was before. The
token has the number of literals in its upper half and that of matching bytes, less four, in its
lower; a half of 15 goes on in bytes behind token and offset. The last sequence has literals only.

The kernel gives its encoder 4096 bytes, and it fails exactly where the block would be longer. So
compress() returns blocks of any length and the caller judges, as with any compressor.
"""

from collections.abc import Mapping
from typing import ClassVar

from zswapsim.content.compressors.fidelity import Fidelity
from zswapsim.content.compressors.fit import BOUNDED, lz4_fit
from zswapsim.content.compressors.lz4 import decompress_address, decompress_block
from zswapsim.content.compressors.own_encoder import OwnEncoder
from zswapsim.content.compressors.protocol import Buffer, Option, key_of, settled
from zswapsim.engine.byte_arrays import Bytes, clear, copy_bytes, load_u32, matching_bytes
from zswapsim.engine.simulated import Ints, simulated
from zswapsim.errors import EINVAL
from zswapsim.profiles import Profile
from zswapsim.units import PAGE_SIZE

REVISION = 1
"""Part of the key; to be raised when any length changes."""

MINMATCH = 4
# No match is searched for within so many bytes of the end, nor goes on into the last five.
MFLIMIT = 12
LASTLITERALS = 5
# What a half of a token has room for.
RUN_MASK = 15
# The step grows by one every 64 places without a match.
SKIP_TRIGGER = 6
HASH_LOG = 13
# 2654435761, Knuth's multiplier, less 2**32: the same 32 low bits, and no product leaves int64.
HASH_MULTIPLIER = 2654435761 - (1 << 32)
MOST_BYTES = PAGE_SIZE + PAGE_SIZE // 255 + 16
"""More than any page's block has: LZ4_COMPRESSBOUND."""

NONE = -1


@simulated
def hash_of(page: Bytes, at: int) -> int:
    """Return the table's index for the four bytes at a place."""
    return (load_u32(page, at) * HASH_MULTIPLIER >> (32 - HASH_LOG)) & ((1 << HASH_LOG) - 1)


@simulated
def find_match(page: Bytes, table: Ints, at: int) -> int:
    """Search for four bytes that were seen before; the longer it takes, the wider the steps.

    Returns: place << 16 | place of the same bytes before it, or NONE close to the end. A hash that
    was not seen yet has byte 0 in the table, which is a place like any other.
    """
    ahead = at
    step = 1
    tries = 1 << SKIP_TRIGGER
    while True:
        at = ahead
        ahead += step
        step = tries >> SKIP_TRIGGER
        tries += 1
        if ahead > len(page) - MFLIMIT:
            return NONE
        index = hash_of(page, at)
        match = table[index]
        table[index] = at
        if load_u32(page, match) == load_u32(page, at):
            return at << 16 | match


@simulated
def match_after_match(page: Bytes, table: Ints, at: int) -> int:
    """Look for a match right where the last one ended, and search on; returns as find_match."""
    table[hash_of(page, at - 2)] = at - 2
    index = hash_of(page, at)
    match = table[index]
    table[index] = at
    if load_u32(page, match) == load_u32(page, at):
        return at << 16 | match
    return find_match(page, table, at + 1)


@simulated
def match_length(page: Bytes, at: int, match: int) -> int:
    """Return how many bytes are equal at two places, the last LASTLITERALS left alone."""
    start = at
    equal = 8
    while equal == 8 and at <= len(page) - 8:
        equal = matching_bytes(page, at, match)
        at += equal
        match += equal
    if equal == 8:
        while at < len(page) - LASTLITERALS and page[at] == page[match]:
            at += 1
            match += 1
    return min(at, len(page) - LASTLITERALS) - start


@simulated
def put_length(out: bytearray, at: int, rest: int) -> int:
    """Write the part of a length that its half of the token has no room for; return its end."""
    while rest >= 255:
        out[at] = 255
        at += 1
        rest -= 255
    out[at] = rest
    return at + 1


@simulated
def put_literals(page: Bytes, start: int, length: int, out: bytearray, at: int) -> int:
    """Write a token that says how many literals, and the literals; return their end."""
    out[at] = min(length, RUN_MASK) << 4
    at += 1
    if length >= RUN_MASK:
        at = put_length(out, at, length - RUN_MASK)
    copy_bytes(out, at, page, start, length)
    return at + length


@simulated
def put_match(out: bytearray, token: int, at: int, offset: int, more: int) -> int:
    """Write how far back the match is, and how many bytes beyond four; return its end."""
    out[at] = offset & 255
    out[at + 1] = offset >> 8
    out[token] += min(more, RUN_MASK)
    if more < RUN_MASK:
        return at + 2
    return put_length(out, at + 2, more - RUN_MASK)


@simulated
def lz4_compress(page: Bytes, out: bytearray, table: Ints, capacity: int) -> int:
    """Write the block of a page to out, at most capacity bytes.

    Returns: bytes written, or -EINVAL if the block is longer than capacity. The checks on the way
    ask for no more than what must follow at least, so they refuse nothing that would fit.
    """
    clear(table)
    anchor = end = 0
    found = find_match(page, table, 1)
    while found != NONE:
        at = found >> 16
        match = found & 0xFFFF
        while at > anchor and match > 0 and page[at - 1] == page[match - 1]:
            at -= 1
            match -= 1
        # To follow: this token, the literals, an offset, another token, the last literals.
        literals = at - anchor
        if end + 1 + literals + literals // 255 + 2 + 1 + LASTLITERALS > capacity:
            return -EINVAL
        token = end
        end = put_literals(page, anchor, literals, out, token)
        more = match_length(page, at + MINMATCH, match + MINMATCH)
        if end + 2 + (more >> 8) + 1 + LASTLITERALS > capacity:
            return -EINVAL
        end = put_match(out, token, end, at - match, more)
        anchor = at + MINMATCH + more
        if anchor > len(page) - MFLIMIT:
            break
        found = match_after_match(page, table, anchor)
    literals = len(page) - anchor
    if end + 1 + literals + (literals + 255 - RUN_MASK) // 255 > capacity:
        return -EINVAL
    return put_literals(page, anchor, literals, out, end)


class Lz4Kernel:
    """LZ4 fast as the kernel has it; there is nothing to set."""

    name: ClassVar[str] = "lz4-kernel"
    summary: ClassVar[str] = "LZ4 fast by an encoder of our own, every length that of the kernel"
    fidelity: ClassVar[Fidelity] = Fidelity(4460, 100.0)
    options: ClassVar[Mapping[str, Option]] = {}

    def __init__(self, **settings: int) -> None:
        self.settings = settled(self.name, self.options, settings)
        self.version = f"own encoder, revision {REVISION}"
        self.key = key_of(self.name, self.settings, f"revision{REVISION}")
        self.encoder = OwnEncoder(lz4_compress, 1 << HASH_LOG, MOST_BYTES)
        self.fit = BOUNDED

    def set_kernel(self, row: Profile) -> None:
        """Refuse long results, or not, as that kernel does."""
        self.fit = lz4_fit(row)

    def prepare(self, pages: int) -> None:
        """Compile the encoder if so many pages are worth it."""
        self.encoder.prepare(pages)

    def compress(self, page: Buffer) -> bytes:
        """Return the LZ4 block of a page, 26..4114 bytes; the kernel refuses it above 4096."""
        block = self.encoder.compress(page, MOST_BYTES)
        assert block is not None, "no block is longer than MOST_BYTES"
        return block

    def decompress(self, data: Buffer) -> bytes:
        """Return the page. DataMismatch if data is not the block of one."""
        return decompress_block(self.name, data)

    decompress_address = staticmethod(decompress_address)
