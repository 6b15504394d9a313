# SPDX-License-Identifier: GPL-2.0-only
"""From a machine's arrays to named numbers: a sample now, or the result at the end."""

from typing import Any

from zswapsim.experiment.bytes_plane import BytesPlane
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.faults import told
from zswapsim.experiment.result import Result
from zswapsim.experiment.workload import Integers, Sizes, Workload
from zswapsim.machine import memory as m
from zswapsim.machine.pools.zpools import pools_total_pages
from zswapsim.machine.swap import VMSTAT, Swap
from zswapsim.machine.swap_slots import BAD_NR, USED_NR
from zswapsim.machine.zram import device as d
from zswapsim.machine.zram.device import BD_STAT, MM_STAT, Zram, bd_stat_show, mm_stat_show
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.pools import zswap_used_pages
from zswapsim.profiles import profile
from zswapsim.units import PAGE_SIZE


def debugfs(swap: Swap) -> dict[str, int]:
    """Return zswap's counters under their debugfs names."""
    counters = {name: int(swap.zswap.counters[at]) for at, name in enumerate(z.DEBUGFS)}
    return {"pool_total_size": int(zswap_used_pages(swap)) * PAGE_SIZE, **counters}


def zram_stat(swap: Swap) -> dict[str, int]:
    """Return the columns of mm_stat and bd_stat, if the disk is zram."""
    if not isinstance(swap.disk, Zram):
        return {}
    row = [0] * (len(MM_STAT) + len(BD_STAT))
    mm_stat_show(swap.disk, swap.pools.pool, row, 0)
    bd_stat_show(swap.disk, row, len(MM_STAT))
    return dict(zip((*MM_STAT, *BD_STAT), map(int, row), strict=True))


def vmstat(swap: Swap) -> dict[str, int]:
    """Return the swap counters under their vmstat names."""
    return {name: int(swap.stat[at]) for at, name in enumerate(VMSTAT)}


def sample(machine: m.Machine, access: int) -> dict[str, int]:
    """Return the counters after `access` accesses, as one row of a series."""
    stat = machine.memory.stat
    return {
        "access": access,
        "resident_pages": int(stat[m.RESIDENT_PAGES]),
        "pool_pages": int(pools_total_pages(machine.swap.pools)),
        "pgfault": int(stat[m.PGFAULT]),
        "pgmajfault": int(stat[m.PGMAJFAULT]),
        **debugfs(machine.swap),
        **zram_stat(machine.swap),
        **vmstat(machine.swap),
    }


def collect(
    workload: Workload,
    config: ReplayConfig,
    *,
    engine: str,
    machine: m.Machine,
    sizes: Sizes,
    plane: BytesPlane | None,
    accesses_done: int,
    seconds: dict[str, float],
) -> Result:
    """Return the result of a run."""
    swap = machine.swap
    stat = machine.memory.stat
    row = profile(config.kernel)
    lengths = sizes.lengths[:-1]
    threshold = config.accept_threshold_percent
    return Result(
        zswap=debugfs(swap),
        zram=zram_stat(swap),
        vmstat={**vmstat(swap), "pgmajfault": int(stat[m.PGMAJFAULT])},
        memory={
            "limit_pages": int(stat[m.LIMIT_PAGES]),
            "max_pool_pages": int(stat[m.LIMIT_PAGES]) * config.max_pool_percent // 100,
            "pool_pages": int(pools_total_pages(swap.pools)),
            **{name: int(stat[at]) for at, name in enumerate(m.MEMORY)},
            "mean_saved_pages": _mean_saved_pages(machine),
            "swap_slots": len(swap.slots.used) - 1 - int(swap.slots.counts[BAD_NR]),
            "swap_slots_used": int(swap.slots.counts[USED_NR]),
        },
        compression={
            **_compression(swap, lengths),
            "contents": len(lengths),
            "library": sizes.library,
        },
        bytes={
            "carried": plane is not None,
            "checked_pages": 0 if plane is None else plane.checked_pages,
        },
        faults=told(config.faults, swap.faults),
        seconds=seconds,
        config={
            **config.to_dict(),
            "engine": engine,
            "zpool": config.driver.type,
            "accept_threshold_percent": (
                row.accept_threshold_percent if threshold is None else threshold
            ),
        },
        trace={**workload.info, "accesses_replayed": accesses_done},
        complete=accesses_done == workload.accesses_count,
    )


def _mean_saved_pages(machine: m.Machine) -> float:
    """Return what pools saved, as a mean over the faults since memory was first short."""
    stat = machine.memory.stat
    faults = int(stat[m.SHORT_FAULTS])
    return round(int(stat[m.SAVED_PAGES_SUM]) / faults, 2) if faults else 0.0


def _coded(swap: Swap) -> dict[str, int]:
    """Return how often the compressor ran; what zswap and the disk had of it, one of them has."""
    zswap, disk = swap.zswap.counters, swap.disk
    compressions = int(zswap[z.COMPRESSIONS])
    loads, writebacks = int(zswap[z.LOAD_DECOMPRESSIONS]), int(zswap[z.WRITEBACK_DECOMPRESSIONS])
    if isinstance(disk, Zram):
        compressions += int(disk.counters[d.COMPRESSIONS])
        loads += int(disk.counters[d.LOAD_DECOMPRESSIONS])
        writebacks += int(disk.counters[d.WRITEBACK_DECOMPRESSIONS])
    return {
        "compressions": compressions,
        "decompressions": loads + writebacks,
        "writeback_decompressions": writebacks,
    }


def _compression(swap: Swap, lengths: Integers) -> dict[str, Any]:
    """Return what compression did: over all contents, and in this run.

    A length above a page is one that the compressor passed on, for the allocator to refuse.
    """
    fits = (lengths > 0) & (lengths <= PAGE_SIZE)
    fitting = lengths[fits]
    total = int(fitting.sum())
    counters = swap.zswap.counters
    return {
        "ratio": round(len(fitting) * PAGE_SIZE / total, 4) if total else None,
        "mean_length_bytes": round(total / len(fitting), 2) if total else None,
        "incompressible_contents": len(lengths) - len(fitting),
        **_coded(swap),
        "compress_errors": int(counters[z.COMPRESS_ERRORS]),
        "hysteresis_rejects": int(counters[z.HYSTERESIS_REJECTS]),
    }
