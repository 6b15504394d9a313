# SPDX-License-Identifier: GPL-2.0-only
"""Random runs of the whole machine of every kind, both engines in lock-step, laws at every step.

A kind is a kernel, a frontend, a pool and a reclaim policy. Its run is made by numpy from a seed.
The interpreted machine makes its accesses one at a time; after each, counters have to reconcile.
The compiled one makes a block of them at once; after each block both have to be the same in every
integer, have written the same records, and pass the audit. Between blocks parameters change, and
which pool is in use. A machine may have a pool of each driver, so that one compilation serves all.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from machine_driver import MachineBench, make_swap
from oracles import EINVAL, FREED

from zswapsim.conformance.strict import zeros_of
from zswapsim.machine import build
from zswapsim.machine import journal as j
from zswapsim.machine import memory as m
from zswapsim.machine.pools.zpools import pools_total_pages
from zswapsim.machine.reconcile import check_counters
from zswapsim.machine.swap import VMSTAT, Swap
from zswapsim.machine.zram.audit import zram_check
from zswapsim.machine.zram.device import Zram
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.pools import zswap_pool_make_current
from zswapsim.profiles import PROFILES, ZERO_IN_CORE, profile

POOLS = ("zbud", "z3fold", "zsmalloc")
POLICY_NAMES = ("lru", "clock", "two-list")
PAGES, SLOTS, LIMIT = 48, 56, 24
WRITE = 1 << 31


class Kind(NamedTuple):
    """frontend: zswap, zram or none; pool: the one first in use."""

    kernel: str
    frontend: str
    pool: str
    policy: str

    def __str__(self) -> str:
        return f"{self.kernel} {self.frontend} {self.pool} {self.policy}"


def _kinds() -> Iterator[Kind]:
    for kernel, row in PROFILES.items():
        for policy in POLICY_NAMES:
            yield Kind(kernel, "none", "zsmalloc", policy)
            yield Kind(kernel, "zram", "zsmalloc", policy)
            for pool in row.zpools:
                yield Kind(kernel, "zswap", pool, policy)


KINDS = tuple(_kinds())
"""Every kernel with every frontend, zswap with every pool that it had, under every policy."""


class Run(NamedTuple):
    """What happens to a machine. settings: of MachineBench; changes: made before each block."""

    accesses: list[int]
    settings: dict[str, Any]
    changes: list[tuple[int, int]]


SET_POOL = -1


def random_run(
    kind: Kind, seed: int, operations: int, block: int, pools: Sequence[str] = POOLS
) -> Run:
    """Make accesses, versions, contents and changes of parameters of a kind."""
    random = np.random.default_rng([seed, *str(kind).encode()])
    contents = 12
    lengths = random.choice([-EINVAL, 4096, 4000, 3960, 3000, 1900, 700, 100, 30], contents)
    same = random.choice([0, 0, 0, 0, 0, 1, 2], contents)
    steps = random.random(operations)
    pages = np.where(
        steps < 0.5,
        np.cumsum(random.random(operations) < 0.8) % PAGES,  # neighbours, one after the other
        random.integers(0, PAGES, operations),
    )
    writes = random.random(operations) < random.choice([0.1, 0.4, 0.8])
    changed = np.flatnonzero(writes & (random.random(operations) < 0.8))
    freed = np.flatnonzero(random.random(operations) < 0.02)
    versions = [(int(at), int(pages[at]), int(random.integers(0, contents + 1))) for at in changed]
    versions += [(int(at), int(random.integers(0, PAGES)), FREED) for at in freed]
    settings = {
        "limit_pages": int(random.choice([LIMIT, LIMIT, 10, 40])),
        "lengths": [*lengths.tolist(), 30],  # the last content is the page of zeros
        "same_filled": [*same.tolist(), 2],
        "versions": sorted(versions),
        "page_cluster": int(random.choice([0, 0, 3])),
        "totalram_pages": int(random.choice([LIMIT, 60, 12])),
        "zram_limit_pages": int(random.choice([0, 0, 6])),
        "backing_blocks": int(random.choice([0, 0, SLOTS])),
        "pools": pools,
    }
    changes = [_change(kind, random, pools) for _ in range(0, operations, block)]
    return Run((pages + np.where(writes, WRITE, 0)).tolist(), settings, changes)


def _change(kind: Kind, random: Any, pools: Sequence[str]) -> tuple[int, int]:
    """Return a parameter and its value, or SET_POOL and the pool that comes into use."""
    if kind.frontend != "zswap":
        return z.ENABLED, 0
    row = profile(kind.kernel)
    choices: dict[int, list[int]] = {
        z.ENABLED: [1, 1, 1, 0],
        z.MAX_POOL_PERCENT: [20, 20, 50, 10],
        z.ACCEPT_THRESHOLD_PERCENT: [90, 50, 100],
        z.SAME_FILLED_PAGES_ENABLED: [1, 0],
    }
    if row.non_same_filled_knob:
        choices[z.NON_SAME_FILLED_PAGES_ENABLED] = [1, 1, 1, 0]
    if row.exclusive_loads == 1:
        choices[z.EXCLUSIVE_LOADS] = [0, 1]
    if row.shrinker:
        choices[z.SHRINKER_ENABLED] = [1, 0]
    if len(pools) > 1 and kind.kernel != "3.11":  # there the pool is that of the swap type
        choices[SET_POOL] = [pools.index(pool) for pool in row.zpools]
    which = int(random.choice(list(choices)))
    return which, int(random.choice(choices[which]))


def make_swap_of(kind: Kind, settings: dict[str, Any], engine: str) -> Swap:
    """Return the swap of a kind with all pools, of which one is in use."""
    zeros = zeros_of(engine)
    if kind.frontend == "zram":
        config = build.ZramConfig(
            kernel=kind.kernel,
            limit_pages=settings["zram_limit_pages"],
            backing_blocks=settings["backing_blocks"],
        )
        swap = build.make_zram_swap(config, SLOTS, j.ALL_EVENTS, zeros)
        return swap._replace(journal=j.make_journal(1 << 12, j.ALL_EVENTS, zeros))
    swap = make_swap(
        engine,
        SLOTS,
        1 << 12,
        settings["pools"],
        kernel=kind.kernel,
        totalram_pages=settings["totalram_pages"],
        enabled=kind.frontend == "zswap",
    )
    zswap_pool_make_current(swap.zswap, settings["pools"].index(kind.pool))
    return swap


class LockstepBench(MachineBench):
    """A machine of any kind."""

    def __init__(self, kind: Kind, run: Run, engine: str) -> None:
        self.kind = kind
        super().__init__(
            engine,
            pages=PAGES,
            slots=SLOTS,
            policy=kind.policy,
            swap=make_swap_of(kind, run.settings, engine),
            **{
                name: run.settings[name]
                for name in ("limit_pages", "lengths", "same_filled", "versions", "page_cluster")
            },
        )

    def change(self, which: int, value: int) -> None:
        """Make a change between two blocks."""
        zswap = self.machine.swap.zswap
        if which == SET_POOL:
            zswap_pool_make_current(zswap, value)
        else:
            zswap.parameters[which] = value

    def check(self) -> None:
        """Audit everything."""
        swap = self.machine.swap
        if isinstance(swap.disk, Zram):
            check_counters(swap)
            zram_check(swap.disk, swap.pools.pool)
            m.check_memory(self.machine, self.resident)
        else:
            super().check()

    def reconcile(self, page: int) -> None:
        """Check, after an access, what is told by a few numbers."""
        swap, stat = self.machine.swap, self.machine.memory.stat
        check_counters(swap)
        vmstat = dict(zip(VMSTAT, swap.stat, strict=True))
        assert self.machine.memory.state[page] == m.RESIDENT
        written = vmstat["pswpout"] - swap.zswap.counters[z.WRITTEN_BACK_PAGES]
        out = vmstat["zswpout"] + vmstat["swpout_zero"] + written
        assert stat[m.PGSTEAL] == out + stat[m.CLEAN_DROPS]
        reads = vmstat["zswpin"] + vmstat["pswpin"] + vmstat["swpin_zero"]
        assert stat[m.PGMAJFAULT] + stat[m.SWAP_RA] == reads
        assert stat[m.SWAP_RA_HIT] <= stat[m.SWAP_RA]
        # Only a fault for which no page could be made free takes memory over its limit.
        pool_pages = pools_total_pages(swap.pools)
        fits = stat[m.RESIDENT_PAGES] + pool_pages <= stat[m.LIMIT_PAGES]
        assert fits or stat[m.OVER_LIMIT] > 0
        if self.kind.frontend == "none":
            assert pool_pages == vmstat["zswpout"] == 0
        if swap.zswap.switches[z.SAME_FILLED_RULE] == ZERO_IN_CORE:
            assert swap.zswap.counters[z.SAME_FILLED_PAGES] == 0


def integers(state: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield all arrays of a state, without the journal."""
    if isinstance(state, j.Journal):
        return
    if isinstance(state, tuple):
        for part in state:
            yield from integers(part)
    else:
        yield np.asarray(state, np.int64)


def lockstep(
    kind: Kind,
    seed: int,
    operations: int,
    block: int,
    engines: Sequence[str] = ("interpreted", "compiled"),
    pools: Sequence[str] = POOLS,
) -> int:
    """Run a kind on engines, the first of them access by access; return the number of accesses."""
    run = random_run(kind, seed, operations, block, pools)
    benches = [LockstepBench(kind, run, engine) for engine in engines]
    for number, change in enumerate(run.changes):
        at = number * block
        for bench in benches:
            bench.change(*change)
            bench.records.clear()
        for step, access in enumerate(run.accesses[at : at + block], at):
            benches[0].run([access], base=step)
            benches[0].reconcile(access & ~WRITE)
        benches[0].check()
        for bench in benches[1:]:
            bench.run(run.accesses[at : at + block], base=at)
            assert bench.records == benches[0].records
            pairs = zip(integers(bench.machine), integers(benches[0].machine), strict=True)
            assert all(np.array_equal(one, other) for one, other in pairs)
    return len(run.accesses)
