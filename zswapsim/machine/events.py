# SPDX-License-Identifier: GPL-2.0-only
"""The swap path driven from outside, event by event: for recordings of kernels and for tests.

An event is (operation, slot, content, length, same_filled). Deviation from run_accesses: memory
and reclaim take no part; the caller says which pages go and come.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import ENOSPC
from zswapsim.machine.journal import HEADROOM, LENGTH, has_headroom, has_room
from zswapsim.machine.page_io import (
    FOLIO_RECORDS,
    swap_forget,
    swap_readpage,
    swap_writefolio,
    swap_writepage,
)
from zswapsim.machine.swap import VMSTAT, Swap
from zswapsim.machine.zswap.entry import zswap_pools_work
from zswapsim.machine.zswap.pools import zswap_pool_make_current, zswap_used_pages
from zswapsim.machine.zswap.shrinker import zswap_shrinker_count, zswap_shrinker_scan
from zswapsim.machine.zswap.state import COUNTERS, SHRINK_QUEUED
from zswapsim.machine.zswap.store import zswap_invalidate_area
from zswapsim.machine.zswap.worker import shrink_worker

STATS = len(VMSTAT)
AGAIN = 1 << 62
"""No outcome: the event has to be run again."""

(
    OP_STORE,  # write a page out
    OP_LOAD,  # read a page in
    OP_INVALIDATE,  # free a slot
    OP_INVALIDATE_AREA,  # swapoff
    OP_SET_PARAMETER,  # slot: which, content: value
    OP_SET_POOL,  # slot: number of the pool that is to be current
    OP_SET_BUSY,  # content: 0, or the -errno with which a writeback of the slot fails
    OP_SHRINKER_COUNT,  # outcome: the entries that the shrinker offers
    OP_SHRINKER_SCAN,  # slot: entries to visit; outcome: those written back, or -EAGAIN
    OP_STORE_FOLIO,  # slot: the first, content: pages, which are the events that follow
    OP_FOLIO_PAGE,  # content, length, same_filled of a page, for an OP_STORE_FOLIO before
    OP_WORK,  # let pools do what they put off, piece by piece; the caller looks at each
    OP_LOOK,  # nothing; let the caller look
    OP_SNAPSHOT,  # copy all counters to row `slot` of the snapshots, and let the caller look
) = range(14)


class Events(NamedTuple):
    """Columns of int64, shape (events,)."""

    operation: Ints
    slot: Ints
    content: Ints
    length: Ints
    same_filled: Ints


class Outcomes(NamedTuple):
    """outcome: shape (events,), 0 or -errno; journal_at: shape (events,), records of the journal

    written when the event had run, counted from the start of the run; counters: shape
    (snapshots * (COUNTERS + STATS),); drained: shape (1,), records taken off the journal before.
    """

    outcome: Ints
    journal_at: Ints
    counters: Ints
    drained: Ints


def make_outcomes(events: int, snapshots: int, zeros: Zeros) -> Outcomes:
    """Return room for the outcomes of a run."""
    return Outcomes(zeros(events), zeros(events), zeros(snapshots * (COUNTERS + STATS)), zeros(1))


@simulated
def run_event(swap: Swap, events: Events, i: int) -> int:
    """Run event i; return its outcome, or AGAIN if the journal had no room for all of it.

    Looks are nothing to do. OP_WORK is AGAIN after each piece.
    """
    operation = events.operation[i]
    slot = events.slot[i]
    content = events.content[i]
    outcome = 0
    if operation == OP_STORE:
        outcome = swap_writepage(swap, slot, content, events.length[i], events.same_filled[i])
    elif operation == OP_LOAD:
        outcome = swap_readpage(swap, slot)
    elif operation == OP_INVALIDATE:
        swap_forget(swap, slot)
    elif operation == OP_INVALIDATE_AREA:
        if not zswap_invalidate_area(swap):
            return AGAIN
    elif operation == OP_SET_PARAMETER:
        swap.zswap.parameters[slot] = content
    elif operation == OP_SET_POOL:
        zswap_pool_make_current(swap.zswap, slot)
    elif operation == OP_SET_BUSY:
        swap.busy[slot] = content
    elif operation == OP_SHRINKER_COUNT:
        outcome = zswap_shrinker_count(swap)
    elif operation == OP_SHRINKER_SCAN:
        outcome = zswap_shrinker_scan(swap, slot)
        if outcome == -ENOSPC:
            return AGAIN
    elif operation == OP_STORE_FOLIO:
        if not has_room(swap.journal, HEADROOM + content * FOLIO_RECORDS):
            return AGAIN
        outcome = swap_writefolio(
            swap, slot, content, events.content, events.length, events.same_filled, i + 1
        )
    elif operation == OP_WORK and zswap_pools_work(swap) != 0:
        return AGAIN
    return outcome


@simulated
def take_snapshot(swap: Swap, outcomes: Outcomes, row: int) -> None:
    """Copy all counters to a row of the snapshots."""
    zswap_used_pages(swap)
    at = row * (COUNTERS + STATS)
    for k in range(COUNTERS):
        outcomes.counters[at + k] = swap.zswap.counters[k]
    for k in range(STATS):
        outcomes.counters[at + COUNTERS + k] = swap.stat[k]


def run_events(swap: Swap, events: Events, outcomes: Outcomes, first: int) -> int:
    """Run events[first:]; return where to go on.

    Stops at their end, after a look, a snapshot or a piece of work, or where the journal is full.
    The shrink work of a last store may then be left to do; end with a look to have it done.
    """
    for i in range(first, len(events.operation)):
        # What a store left to do comes before the next event, and belongs to the store.
        late = i > 0 and swap.zswap.counters[SHRINK_QUEUED] == 1
        if not has_headroom(swap.journal) or not shrink_worker(swap):
            return i
        if late:
            outcomes.journal_at[i - 1] = outcomes.drained[0] + swap.journal.counts[LENGTH]
        outcome = run_event(swap, events, i)
        if outcome == AGAIN:
            return i
        if events.operation[i] == OP_SNAPSHOT:
            take_snapshot(swap, outcomes, events.slot[i])
        outcomes.outcome[i] = outcome
        outcomes.journal_at[i] = outcomes.drained[0] + swap.journal.counts[LENGTH]
        if events.operation[i] >= OP_LOOK:
            return i + 1
    return len(events.operation)
