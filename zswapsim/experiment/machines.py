# SPDX-License-Identifier: GPL-2.0-only
"""From a workload and a configuration to a machine that is ready to run."""

import numpy as np

from zswapsim.engine import engines
from zswapsim.engine.simulated import Zeros
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.faults import faults_of
from zswapsim.experiment.workload import Integers, Workload
from zswapsim.machine import memory as m
from zswapsim.machine.build import ZramConfig, ZswapConfig, ints, make_zram_swap, make_zswap_swap
from zswapsim.machine.reclaim import POLICIES
from zswapsim.machine.swap import Swap
from zswapsim.units import PAGE_SIZE, format_pages, parse_pages

MIN_PAGES = 2


def memory_pages(config: ReplayConfig, footprint_pages: int) -> int:
    """Return the memory limit in pages. InvalidArgument if it is too small to run."""
    limit_pages = parse_pages(config.memory, footprint_pages)
    if limit_pages < MIN_PAGES:
        raise InvalidArgument(
            f"memory {config.memory!r} is {limit_pages} page of this trace's "
            f"{format_pages(footprint_pages)}; allowed is {MIN_PAGES} or more"
        )
    return limit_pages


def swap_slots(config: ReplayConfig, pages: int, footprint_pages: int) -> int:
    """Return the number of swap slots, the header included."""
    swap_pages = footprint_pages
    if config.swap_size is not None:
        # More slots than pages are never in use at once, and would only take memory.
        swap_pages = min(parse_pages(config.swap_size, footprint_pages), pages)
    return max(1, swap_pages) + 1


def build(
    workload: Workload,
    config: ReplayConfig,
    lengths: Integers,
    engine: str,
    wanted: int = 0,
    versions: m.Versions | None = None,
) -> m.Machine:
    """Return a machine at the start of the workload.

    lengths: as Sizes has them; wanted: events for the journal; versions: all of them unless said.
    """
    zeros = engines.zeros(engine)
    limit_pages = memory_pages(config, workload.footprint_pages)
    slots = swap_slots(config, workload.pages, workload.footprint_pages)
    swap = _make_swap(config, limit_pages, slots, wanted, zeros)
    if config.frontend == "zram":  # its buffer is larger than a page, so nothing is refused
        lengths = np.where(lengths < 0, np.int32(PAGE_SIZE), lengths)
    memory = m.make_memory(workload.pages, slots, limit_pages, zeros, config.page_cluster)
    # The machine writes to it, and the compiled one does not copy what is int64 already.
    memory = memory._replace(content=ints(workload.first_held.copy(), engine, "int32"))
    return m.Machine(
        memory,
        POLICIES.get(config.reclaim).create(workload.pages, zeros),
        swap,
        versions or versions_of(workload, engine, slice(None)),
        m.Contents(ints(lengths, engine, "int16"), ints(workload.same_filled, engine, "int8")),
    )


def versions_of(workload: Workload, engine: str, which: slice) -> m.Versions:
    """Return some of a workload's versions as a machine takes them."""
    return m.Versions(*(ints(column[which], engine) for column in workload.versions))


def _make_swap(
    config: ReplayConfig, limit_pages: int, slots: int, wanted: int, zeros: Zeros
) -> Swap:
    """Return swap with what the frontend says in it."""
    faults = faults_of(config.faults, slots, zeros)
    if config.frontend == "zram":
        limit = 0 if config.zram_limit is None else parse_pages(config.zram_limit, limit_pages)
        return make_zram_swap(
            ZramConfig(
                kernel=config.kernel,
                limit_pages=limit,
                backing_blocks=slots if config.zram_writeback else 0,
            ),
            slots,
            wanted,
            zeros,
            faults,
        )
    return make_zswap_swap(
        ZswapConfig(
            kernel=config.kernel,
            totalram_pages=limit_pages,
            max_pool_percent=config.max_pool_percent,
            accept_threshold_percent=config.accept_threshold_percent,
            enabled=config.frontend == "zswap",
            same_filled_pages_enabled=config.same_filled_pages_enabled,
            exclusive_loads=config.exclusive_loads,
            shrinker_enabled=config.shrinker_enabled,
        ),
        slots,
        [config.driver.type],
        wanted,
        zeros,
        faults=faults,
    )
