# SPDX-License-Identifier: GPL-2.0-only
"""Reads oracleGeneral, libCacheSim's binary format of cache requests.

    uint32 time, uint64 object, uint32 size, int64 request that asks for the object next, or -1

24 bytes a request, little-endian, without a header (traceReader/customizedReader/oracle/
oracleGeneralBin.h of libCacheSim). As there, requests of size 0 are left out.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zswapsim.trace.counts import U64
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.records import (
    BATCH_RECORDS,
    DrawnWrites,
    RecordFormat,
    Records,
    Writes,
    whole_records,
)

REQUEST = np.dtype([("time", "<u4"), ("object", "<u8"), ("size", "<u4"), ("next", "<i8")])

_NEVER = (-1, -2, (1 << 63) - 1)
_MOST_REQUESTS = 1 << 40
_LARGEST = 1 << 31


class OracleGeneralFormat(RecordFormat):
    """Reads oracleGeneral; an object is a page."""

    name = "oracleGeneral"
    summary = "libCacheSim's oracleGeneral: 24 bytes a request"

    def recognises(self, path: Path, head: bytes) -> bool:
        """No magic: time must not go back, and the next request for an object must be one for it.

        Text has bytes in the high half of "next", and never passes.
        """
        requests = np.frombuffer(head, REQUEST, len(head) // REQUEST.itemsize)
        if not requests["size"].any() or (requests["size"] >= _LARGEST).any():
            return False
        if (np.diff(requests["time"].astype(np.int64)) < 0).any():
            return False
        following = requests["next"]
        number = np.arange(len(requests))
        later = (following > number) & (following < _MOST_REQUESTS)
        known = later | np.isin(following, _NEVER)
        return bool((known.all() and _links_fit(requests)) or not following.any())

    def pieces(self, reading: Reading) -> Iterator[tuple[U64, Writes | None]]:
        """Yield the objects of the requests."""
        chunks = reading.source.chunks(BATCH_RECORDS * REQUEST.itemsize)
        writes = DrawnWrites(reading.source.options)
        empty = 0
        for _, requests in whole_records(reading, REQUEST, chunks):
            sized = requests["size"] != 0
            if not sized.all():
                empty += len(requests)
                requests = requests[sized]
                empty -= len(requests)
            yield requests["object"].astype(np.uint64), writes.draw(len(requests))
        reading.notes += said_of_requests(writes.note, empty)


def _links_fit(requests: Records) -> bool:
    """Say whether most requests that should ask for an object again do, counted from 0 or from 1.

    Most, as in a sample of a trace some links lead elsewhere.
    """
    for base in (0, 1):
        then = requests["next"] - base
        inside = (then > np.arange(len(requests))) & (then < len(requests))
        same = requests["object"][then[inside]] == requests["object"][inside]
        if 2 * int(np.count_nonzero(same)) >= len(same):
            return True
    return False


def said_of_requests(reads_and_writes: str, empty: int) -> list[str]:
    """Return the notes on requests that became accesses."""
    notes = ["an object of any size is one page", reads_and_writes]
    if empty:
        notes.append(f"{empty:,} requests of size 0 left out")
    return notes


FORMAT = OracleGeneralFormat()
