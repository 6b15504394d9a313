# SPDX-License-Identifier: GPL-2.0-only
"""Reads lcs, libCacheSim's binary format of cache requests with a header, versions 1 to 8.

    header   8192 bytes: uint64 magic, uint64 version, 8000 bytes of statistics whose second int64
             is the number of requests, 168 bytes unused, uint64 magic again
    request  1: uint32 time, uint64 object, uint32 size, int64 next
             2: the same with uint32 operation | tenant << 8 before next
             3 and later: uint32 time, uint64 object, int64 size, uint32 operation | tenant << 8,
             uint32 time to live, int64 next, and 0, 1, 2, 4, 8 or 16 features of uint32

Little-endian (traceReader/customizedReader/lcs.h of libCacheSim). As there, requests of size 0 are
left out. An early layout with the same magic, a header of 1024 bytes and a format string in place
of the version, is refused.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.counts import U64
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.oracle_general import said_of_requests
from zswapsim.trace.readers.records import (
    BATCH_RECORDS,
    DrawnWrites,
    RecordFormat,
    Records,
    Writes,
    good_records,
    whole_records,
)

MAGIC = (0x123456789ABCDEF0).to_bytes(8, "little")
HEADER_BYTES = 8192
FEATURES = {3: 0, 4: 1, 5: 2, 6: 4, 7: 8, 8: 16}

_SMALL = [("time", "<u4"), ("object", "<u8"), ("size", "<u4")]
_LARGE = [("time", "<u4"), ("object", "<u8"), ("size", "<i8"), ("op", "u1"), ("tenant", "u1", 3)]

UNKNOWN, DELETE, INVALID = 0, 9, 255
LAST_OP = 14
READS = (1, 2, 12)  # get, gets, read
"""Operations (include/libCacheSim/enum.h); all but these and DELETE write."""


def request_kind(version: int) -> np.dtype[Any]:
    """Return the layout of a request, 1..8."""
    if version == 1:
        return np.dtype([*_SMALL, ("next", "<i8")])
    if version == 2:
        return np.dtype([*_SMALL, ("op", "u1"), ("tenant", "u1", 3), ("next", "<i8")])
    rest = [("ttl", "<u4"), ("next", "<i8"), ("features", "<u4", FEATURES[version])]
    return np.dtype([*_LARGE, *rest])


class LcsFormat(RecordFormat):
    """Reads lcs; an object is a page."""

    name = "lcs"
    summary = "libCacheSim's lcs, versions 1 to 8"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its magic."""
        return head.startswith(MAGIC)

    def pieces(self, reading: Reading) -> Iterator[tuple[U64, Writes | None]]:
        """Yield the objects of the requests."""
        where = reading.source.where
        chunks = reading.source.chunks(HEADER_BYTES + 28 * BATCH_RECORDS)
        first = next(chunks, b"")
        version, declared = _checked_header(where, first[:HEADER_BYTES])
        kind, told = request_kind(version), version > 1
        drawn = DrawnWrites(reading.source.options)
        seen = dict.fromkeys(("requests", "of size 0", "deleting", "of unknown operation"), 0)
        rest = chain([first[HEADER_BYTES:]], chunks)
        for number, requests in whole_records(reading, kind, rest, HEADER_BYTES):
            seen["requests"] += len(requests)
            if told:
                op = requests["op"]
                good = (op <= LAST_OP) | (op == INVALID)
                expected = f"an operation of 0..{LAST_OP} in byte {20 if version > 2 else 16}"
                requests = good_records(reading, requests, good, number, HEADER_BYTES, expected)
            yield _accesses(requests, drawn, seen)
        if seen["requests"] < declared:
            problem = f"has {seen['requests']:,} requests, but its header says {declared:,}"
            reading.bad_lines += 1
            if reading.bad_lines > reading.source.options.skip_bad:
                raise TraceError(f"{where}: truncated: {problem}")
        said = "reads and writes as its operations say" if told else drawn.note
        reading.notes += said_of_requests(said, seen["of size 0"])
        if seen["deleting"]:
            reading.notes.append(f"{seen['deleting']:,} deletions left out")
        if told and seen["of unknown operation"]:
            unknown = seen["of unknown operation"]
            reading.notes.append(f"of {unknown:,} without an operation, {drawn.note}")


def _accesses(
    requests: Records, drawn: DrawnWrites, seen: dict[str, int]
) -> tuple[U64, Writes | None]:
    kept = requests["size"] != 0
    seen["of size 0"] += len(kept) - int(np.count_nonzero(kept))
    if "op" not in (requests.dtype.names or ()):
        requests = requests[kept]
        return requests["object"].astype(np.uint64), drawn.draw(len(requests))
    deleting = kept & (requests["op"] == DELETE)
    seen["deleting"] += int(np.count_nonzero(deleting))
    requests = requests[kept & ~deleting]
    op = requests["op"]
    unknown = (op == UNKNOWN) | (op == INVALID)
    seen["of unknown operation"] += int(np.count_nonzero(unknown))
    written = ~np.isin(op, READS) & ~unknown
    some = drawn.draw(len(requests))
    if some is not None:
        written |= unknown & some
    return requests["object"].astype(np.uint64), written


def _checked_header(where: str, header: bytes) -> tuple[int, int]:
    """Return the version and the number of requests; TraceError if the header is damaged."""
    if len(header) < HEADER_BYTES:
        raise TraceError(
            f"{where}: truncated: its header has {len(header)} bytes of {HEADER_BYTES}"
        )
    if header[:8] != MAGIC:
        raise TraceError(f"{where}: byte 0 is {header[:8].hex(' ')}; expected {MAGIC.hex(' ')}")
    if header[1016:1024] == MAGIC and header[8:9] in b"<>=@":
        raise TraceError(f"{where}: an lcs file of the early layout with a header of 1024 bytes")
    version = int.from_bytes(header[8:16], "little")
    if not 1 <= version <= 8:
        raise TraceError(f"{where}: byte 8: lcs version {version}; known are 1 to 8")
    if header[-8:] != MAGIC:
        raise TraceError(
            f"{where}: byte {HEADER_BYTES - 8} is {header[-8:].hex(' ')}; expected {MAGIC.hex(' ')}"
        )
    declared = int.from_bytes(header[24:32], "little", signed=True)
    if declared < 0:
        raise TraceError(f"{where}: byte 24: {declared} requests; expected 0 or more")
    return version, declared


FORMAT = LcsFormat()
