# SPDX-License-Identifier: GPL-2.0-only
"""replay: one trace through one machine, with its bytes or without."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter_ns

from zswapsim.content.compressors import Compressor, compressor
from zswapsim.content.page_store import PageStore
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.content.swap_file import SwapFile
from zswapsim.experiment.bytes_plane import BytesPlane, PoolBytes
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.machines import memory_pages
from zswapsim.experiment.result import Result
from zswapsim.experiment.running import Plane, run_workload
from zswapsim.experiment.workload import Workload, page_store
from zswapsim.machine import memory as m
from zswapsim.profiles import profile
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace


def replay(
    trace: Trace,
    config: ReplayConfig | None = None,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    pictures: bool = False,
) -> Result:
    """Replay a trace and return what happened.

    progress: told how far the work is. stop: asked a few times a second; when it says True the
    replay ends there, and the result says so. pictures: fill the result's
    series and pictures, of about 240 samples.
    InvalidArgument: a setting that does not fit the trace. DataMismatch: a page came back wrong.
    """
    config = config or ReplayConfig()
    began_ns = perf_counter_ns()
    memory_pages(config, trace.footprint_pages)  # what does not fit is said before the work
    workload = Workload.of(trace)
    codec = compressor(config.compressor, config.kernel)
    engine = config.engine_for(trace.accesses)
    pages = page_store(trace, compiled=engine == "compiled")
    workload.compress(pages, codec, progress)
    result = run_workload(
        workload,
        config,
        plane=plane_of(config, pages, codec, engine) if config.carry_bytes else None,
        progress=progress,
        stop=stop,
        pictures=pictures,
    )
    seconds = {
        **result.seconds,
        "compress": pages.compress_ns / 1e9,
        "compile": pages.prepare_ns / 1e9 + result.seconds["compile"],
        "total": (perf_counter_ns() - began_ns) / 1e9,
    }
    return replace(result, seconds=seconds)


def plane_of(
    config: ReplayConfig, pages: PageStore, codec: Compressor, engine: str = "interpreted"
) -> Plane:
    """Return what makes the bytes plane of a machine with one pool."""
    row = profile(config.kernel)

    @contextlib.contextmanager
    def opened(machine: m.Machine) -> Iterator[BytesPlane]:
        slots = len(machine.swap.slots.used)
        address_pages = config.driver.address_pages(slots + 1, **config.driver.options(row))
        header_bytes = int(machine.swap.zswap.pool_header[0])
        raw = config.frontend == "zram" or bool(row.raw_incompressible)
        with PoolMemory(address_pages) as memory, SwapFile(slots, config.swap_file) as swap_file:
            pool = PoolBytes(memory, codec, header_bytes, raw)
            with BytesPlane(pages, [pool], swap_file, slots=slots, engine=engine) as plane:
                yield plane

    return opened
