# SPDX-License-Identifier: GPL-2.0-only
"""The trace format oracleGeneral, and the LRU misses of libcachesim, which reads it."""

from pathlib import Path
from typing import Any

import numpy as np


def write_oracle_general(pages: "np.ndarray[Any, np.dtype[np.uint32]]", path: Path) -> None:
    """Write requests: u32 time, u64 object, u32 size, i64 next."""
    record = np.zeros(
        len(pages), np.dtype([("t", "<u4"), ("id", "<u8"), ("n", "<u4"), ("x", "<i8")])
    )
    assert record.itemsize == 24
    record["t"] = np.arange(len(pages)) // 1000
    record["id"] = pages.astype(np.uint64) + 1
    record["n"] = 1
    record["x"] = -1
    record.tofile(path)


def lru_misses(path: Path, accesses: int, memory_pages: int) -> int:
    """Return the misses of libcachesim's LRU; it has to be installed (pip install '.[bench]')."""
    import libcachesim as lcs

    reader = lcs.TraceReader(
        trace=str(path),
        trace_type=lcs.TraceType.ORACLE_GENERAL_TRACE,
        reader_init_params=lcs.ReaderInitParam(ignore_obj_size=True),
    )
    return round(lcs.LRU(cache_size=memory_pages).process_trace(reader)[0] * accesses)
