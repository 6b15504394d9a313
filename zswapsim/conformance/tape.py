# SPDX-License-Identifier: GPL-2.0-only
"""Operations on a pool as a tape of integers, so that both engines can be told the same.

Compiled functions can only be reached through an entry loop: run_tape is one, for any driver.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from zswapsim.conformance.strict import plain, zeros_of
from zswapsim.engine import engines
from zswapsim.engine.simulated import SIMULATED, Ints, simulated
from zswapsim.errors import EEXIST
from zswapsim.machine import build
from zswapsim.machine.pools import zpool


@cache
def _entry(function: Callable[..., Any], engine: str, functions: int) -> Callable[..., Any]:
    return engines.entry(function, engine)


def entry(function: Callable[..., Any], engine: str) -> Callable[..., Any]:
    """Return an entry loop, compiled once, and looked up once: the look-up reads all sources."""
    return _entry(function, engine, len(SIMULATED))


# What the scripted owner does when it is asked to free an object: a sum of
FREES, FAILS, ALLOCATES = 1, 2, 4
IGNORE = 0
"""Return 0 and free nothing."""

PLAN = 8
"""Added to the word of a SHRINK: the rest of it is the owner's plan from now on."""

CALLS, ALLOCATIONS, SIZE = range(3)


class Script(NamedTuple):
    """An owner with a plan: plan[i] for call i, the last one for all later calls.

    asked: handles it was called with; allocated: what its own allocations returned; count: CALLS,
    ALLOCATIONS, and the SIZE in bytes that it allocates.
    """

    plan: Ints
    asked: Ints
    allocated: Ints
    counts: Ints


@simulated
def script_evict(owner: Script, pool: Any, handle: int) -> int:
    """Follow the plan."""
    call = owner.counts[CALLS]
    owner.asked[call] = handle
    owner.counts[CALLS] = call + 1
    action = owner.plan[min(call, len(owner.plan) - 1)]
    if action & ALLOCATES:
        owner.allocated[owner.counts[ALLOCATIONS]] = zpool.zpool_malloc(pool, owner.counts[SIZE])
        owner.counts[ALLOCATIONS] += 1
    if action & FREES:
        zpool.zpool_free(pool, handle)
    if action & FAILS:
        return -EEXIST
    return 0


zpool.zpool_evict.register(Script, script_evict)

MALLOC, FREE, SHRINK, RECLAIM_PAGE, RECLAIMED, TOTAL_PAGES = range(6)
MAP, UNMAP, WRITE_OWNER, READ_OWNER, MOVED, WORK = range(6, 12)


@simulated
def do_operation(pool: Any, owner: Any, operation: int, argument: int, word: int) -> int:
    """Do one operation that every driver has."""
    if operation == MALLOC:
        return zpool.zpool_malloc(pool, argument)
    if operation == FREE:
        return zpool.zpool_free(pool, argument)
    if operation == SHRINK:
        if word & PLAN:
            owner.plan[0] = word - PLAN
        return zpool.zpool_shrink(pool, owner, argument)
    if operation == RECLAIMED:
        return zpool.zpool_reclaimed(pool)
    if operation == TOTAL_PAGES:
        return zpool.zpool_total_pages(pool)
    if operation == MAP:
        return zpool.zpool_map(pool, argument)
    if operation == UNMAP:
        return zpool.zpool_unmap(pool, argument)
    if operation == WRITE_OWNER:
        return zpool.zpool_write_owner(pool, argument, word)
    if operation == READ_OWNER:
        return zpool.zpool_read_owner(pool, argument)
    if operation == MOVED:
        return zpool.zpool_moved(pool, argument)
    return zpool.zpool_work(pool)


def run_tape(
    pool: Any, owner: Any, operations: Ints, arguments: Ints, words: Ints, results: Ints
) -> int:
    """Run operations on one pool; return their number."""
    for i in range(len(operations)):
        results[i] = do_operation(pool, owner, operations[i], arguments[i], words[i])
    return len(operations)


def play(
    pool: Any, steps: Sequence[tuple[int, int, int]], engine: str
) -> tuple[list[int], list[int]]:
    """Run steps of (operation, argument, word); return results, and handles the owner was asked."""
    columns = [build.ints([step[k] for step in steps], engine) for k in range(3)]
    zeros = zeros_of(engine)
    owner = Script(zeros(1), zeros(1 << 16), zeros(1), zeros(3))
    results = zeros(len(steps))
    entry(run_tape, engine)(pool, owner, *columns, results)
    return plain(results), [int(owner.asked[call]) for call in range(owner.counts[CALLS])]


NAMES = (
    *("malloc", "free", "shrink", "reclaim_page", "reclaimed", "total_pages", "map", "unmap"),
    *("write_owner", "read_owner", "moved", "work"),
)
"""What operations are called, by number."""
