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
        """No magic: time must not go back, and the next request for an object must be a later one.

        Text has bytes in the high half of "next", and never passes.
        """
        requests = np.frombuffer(head, REQUEST, len(head) // REQUEST.itemsize)
        if not len(requests):
            return False
        following = requests["next"]
        number = np.arange(len(requests))
        later = (following > number) & (following < _MOST_REQUESTS)
        return bool(
            (later | np.isin(following, _NEVER)).all()
            and (np.diff(requests["time"].astype(np.int64)) >= 0).all()
            and (requests["size"] < _LARGEST).all()
        )

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


def said_of_requests(reads_and_writes: str, empty: int) -> list[str]:
    """Return the notes on requests that became accesses."""
    notes = ["an object of any size is one page", reads_and_writes]
    if empty:
        notes.append(f"{empty:,} requests of size 0 left out")
    return notes


FORMAT = OracleGeneralFormat()
