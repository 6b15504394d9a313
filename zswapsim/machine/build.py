# SPDX-License-Identifier: GPL-2.0-only
"""From a configuration in plain words to a machine's state, for either engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zswapsim import profiles
from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints, Item, Zeros
from zswapsim.machine.faults import Faults, make_faults
from zswapsim.machine.journal import make_journal
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.zpools import chain
from zswapsim.machine.swap import Swap, make_swap
from zswapsim.machine.swap_disk import make_swap_file_disk
from zswapsim.machine.zram.disk import make_zram_disk
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.pools import zswap_pool_make_current

JOURNAL_CAPACITY = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ZswapConfig:
    """What zswap is told. None: the kernel's own default. totalram_pages: T of the limit."""

    kernel: str = profiles.DEFAULT_KERNEL
    totalram_pages: int
    max_pool_percent: int | None = None
    accept_threshold_percent: int | None = None
    same_filled_pages_enabled: bool = True
    enabled: bool = True
    exclusive_loads: bool = False
    shrinker_enabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZramConfig:
    """What zram is told. limit_pages: 0 for none; backing_blocks: 0 for no device."""

    kernel: str = profiles.DEFAULT_KERNEL
    limit_pages: int = 0
    backing_blocks: int = 0


def make_zswap_swap(
    config: ZswapConfig,
    slots: int,
    pool_types: Sequence[str],
    wanted: int,
    zeros: Zeros,
    pool_pages: int | None = None,
    *,
    deferred_work: bool = False,
    faults: Faults | None = None,
) -> Swap:
    """Return swap with a zswap whose pools are made but only the first of them is in use.

    slots: slots of the swap file, the header included. pool_types: every pool that the run may
    ever use, as they cannot be added later. wanted: events for the journal. pool_pages: capacity
    of each pool, what all slots may need unless said. deferred_work: pools
    that move objects put that off until they are told to. faults: what is to fail, for as many
    slots; None for nothing.
    """
    drivers = [zpool.get_driver(type_) for type_ in pool_types]
    row = profiles.profile(config.kernel)
    zswap = z.make_zswap(row, slots, [driver.evictable for driver in drivers], zeros)
    parameters = zswap.parameters
    parameters[z.TOTALRAM_PAGES] = config.totalram_pages
    parameters[z.ENABLED] = int(config.enabled)
    parameters[z.SAME_FILLED_PAGES_ENABLED] = int(config.same_filled_pages_enabled)
    parameters[z.EXCLUSIVE_LOADS] = int(config.exclusive_loads)
    parameters[z.SHRINKER_ENABLED] = int(config.shrinker_enabled)
    if config.max_pool_percent is not None:
        parameters[z.MAX_POOL_PERCENT] = config.max_pool_percent
    if config.accept_threshold_percent is not None:
        parameters[z.ACCEPT_THRESHOLD_PERCENT] = config.accept_threshold_percent
    states = []
    for driver in drivers:
        options = driver.options(row)
        room = (
            driver.room_for(slots, **options) if pool_pages is None else {"max_pages": pool_pages}
        )
        if deferred_work and driver.moves:
            options["deferred_work"] = 1
        states.append(driver.create(zeros=zeros, **room, **options))
    pools = chain(states, zeros)
    if drivers:
        zswap_pool_make_current(zswap, 0)
    journal = make_journal(JOURNAL_CAPACITY, wanted, zeros)
    faults = faults or make_faults((), slots, zeros)
    return make_swap(slots, zswap, pools, journal, make_swap_file_disk(zeros), faults, zeros)


def make_zram_swap(
    config: ZramConfig, slots: int, wanted: int, zeros: Zeros, faults: Faults | None = None
) -> Swap:
    """Return swap on a zram device, with zswap disabled. slots, wanted, faults: as for zswap."""
    row = profiles.profile(config.kernel)
    faults = faults or make_faults((), slots, zeros)
    zram, pool = make_zram_disk(
        row,
        slots,
        limit_pages=config.limit_pages,
        backing_blocks=config.backing_blocks,
        zeros=zeros,
        faults=faults,
    )
    zswap = z.make_zswap(row, slots, [False], zeros)
    zswap.parameters[z.ENABLED] = 0
    journal = make_journal(JOURNAL_CAPACITY, wanted, zeros)
    return make_swap(slots, zswap, chain([pool], zeros), journal, zram, faults, zeros)


def ints(values: Any, engine: str, item: Item = "int64") -> Ints:
    """Return integers as an array of the engine: "interpreted" or "compiled"."""
    if engine == "interpreted":
        return list(values) if not hasattr(values, "tolist") else values.tolist()
    # Coverage sees nothing of compiled runs.
    return engines.int_array(values, item)  # pragma: no cover
