# SPDX-License-Identifier: GPL-2.0-only
"""Fills a fresh pool with objects, one after the other, and sees what it takes.

What a pool looks like after many frees is another matter: that a replay tells.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.space import Space, space_of
from zswapsim.machine.pools.steps import steps_of
from zswapsim.profiles import Profile

# Measured: 12 to 24 us an object interpreted; compiling takes 5 to 8 s, loading it 0.6 s.
WARM_OBJECTS = 40_000
COLD_OBJECTS = 500_000


class Filled(NamedTuple):
    """A filled pool. outcomes: a handle or -errno for each size; space: None if it is not known.

    steps: largest size of each step in which it gives room.
    """

    total_pages: int
    outcomes: list[int]
    space: Space | None
    steps: list[int]


def malloc_all(pool: Any, sizes: Ints, outcomes: Ints) -> None:
    """Allocate all sizes in their order; outcomes: shape (sizes,), what each allocation said."""
    for i in range(len(sizes)):
        outcomes[i] = zpool.zpool_malloc(pool, sizes[i])


def fill_pool(
    type_: str, row: Profile, sizes: Sequence[int], *, engine: str = "auto", amount: int = 0
) -> Filled:
    """Fill a new pool of that type, as that kernel has it, with objects of these sizes in bytes.

    Objects that are refused stay outside. amount: objects of all pools that are to be filled, by
    which "auto" chooses. NoEntry lists the types there are.
    """
    driver = zpool.get_driver(type_)
    warm_key = f"malloc-all-{type_}.warm"
    if zpool.runs_compiled(driver, row):
        amount = max(amount, len(sizes))
        chosen = engines.choose(engine, amount, warm_key, warm=WARM_OBJECTS, cold=COLD_OBJECTS)
    else:
        chosen = engines.interpreted_only(engine, f"zpool {type_!r}")
    zeros = engines.zeros(chosen)
    options = driver.options(row)
    room = driver.room_for(max(1, len(sizes)), **options)
    pool = driver.create(zeros=zeros, **room, **options)
    given, outcomes = zeros(len(sizes)), zeros(len(sizes))
    for i, size in enumerate(sizes):
        given[i] = size
    if chosen == "compiled":  # pragma: no cover - coverage sees nothing of compiled runs
        with engines.uninterrupted():
            run = engines.entry(malloc_all, chosen)
            run(pool, given, outcomes)
        engines.mark_warm(warm_key)
    else:
        malloc_all(pool, given, outcomes)
    told = [int(outcomes[i]) for i in range(len(sizes))]
    return Filled(int(zpool.zpool_total_pages(pool)), told, space_of(pool), steps_of(pool))
