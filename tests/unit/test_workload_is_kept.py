# SPDX-License-Identifier: GPL-2.0-only
"""A workload serves any number of machines: none of them changes it."""

import numpy as np

from zswapsim import ReplayConfig, Trace
from zswapsim.content.compressors import compressor
from zswapsim.content.page_store import PageStore
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.workload import Workload


def test_a_run_leaves_the_workload_as_it_was(engine: str) -> None:
    contents = b"".join(bytes([kind]) * 2048 + bytes(range(256)) * 8 for kind in range(8))
    page = [at % 4 for at in range(64)]
    trace = Trace.from_arrays(
        page, [True] * 64, [0, 0, 0, 0, 20, 30], [0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 6, 7], contents
    )
    workload = Workload.of(trace)
    pages = PageStore(trace.contents_bytes, trace.contents_count, digest=trace.contents_digest)
    workload.compress(pages, compressor("lz4", "6.12"))
    config = ReplayConfig(
        kernel="6.12", zpool="zsmalloc", memory="2p", max_pool_percent=300, engine=engine
    )
    before = [np.array(kept) for kept in (workload.first_held, *workload.versions)]
    results = [run_workload(workload, config) for _ in range(2)]
    for kept, was in zip((workload.first_held, *workload.versions), before, strict=True):
        assert np.array_equal(kept, was)
    assert results[0].vmstat == results[1].vmstat
    assert results[0].zswap == results[1].zswap
    assert results[0].vmstat["pgmajfault"] > 0
