# SPDX-License-Identifier: GPL-2.0-only
"""The swap path driven from outside, event by event: for recordings of kernels and for tests.

An event is (operation, slot, content, length, same_filled). Deviation from run_accesses: memory
and reclaim take no part; the caller says which pages go and come.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros
from zswapsim.machine.journal import has_headroom
from zswapsim.machine.page_io import swap_readpage, swap_writepage
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap import (
    COUNTERS,
    zswap_invalidate_area,
    zswap_invalidate_page,
    zswap_pool_make_current,
)

(
    OP_STORE,  # write a page out
    OP_LOAD,  # read a page in
    OP_INVALIDATE,  # free a slot
    OP_INVALIDATE_AREA,  # swapoff
    OP_SET_PARAMETER,  # slot: which, content: value
    OP_SET_POOL,  # slot: number of the pool that is to be current
    OP_SET_BUSY,  # content: 0, or the -errno with which a writeback of the slot fails
    OP_SNAPSHOT,  # copy all counters to row `slot` of the snapshots, and let the caller look
) = range(8)


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
    (snapshots * (COUNTERS + 4),); drained: shape (1,), records taken off the journal before.
    """

    outcome: Ints
    journal_at: Ints
    counters: Ints
    drained: Ints


def make_outcomes(events: int, snapshots: int, zeros: Zeros) -> Outcomes:
    """Return room for the outcomes of a run."""
    return Outcomes(zeros(events), zeros(events), zeros(snapshots * (COUNTERS + 4)), zeros(1))


def run_events(swap: Swap, events: Events, outcomes: Outcomes, first: int) -> int:
    """Run events[first:]; return where to go on.

    Stops at their end, after a snapshot, or where the journal is full.
    """
    for i in range(first, len(events.operation)):
        if not has_headroom(swap.journal):
            return i
        operation = events.operation[i]
        slot = events.slot[i]
        outcome = 0
        if operation == OP_STORE:
            outcome = swap_writepage(
                swap, slot, events.content[i], events.length[i], events.same_filled[i]
            )
        elif operation == OP_LOAD:
            outcome = swap_readpage(swap, slot)
        elif operation == OP_INVALIDATE:
            zswap_invalidate_page(swap, slot)
            swap.device[slot] = 0
            swap.busy[slot] = 0
        elif operation == OP_INVALIDATE_AREA:
            if not zswap_invalidate_area(swap):
                return i
        elif operation == OP_SET_PARAMETER:
            swap.zswap.parameters[slot] = events.content[i]
        elif operation == OP_SET_POOL:
            zswap_pool_make_current(swap.zswap, slot)
        elif operation == OP_SET_BUSY:
            swap.busy[slot] = events.content[i]
        else:
            at = slot * (COUNTERS + 4)
            for k in range(COUNTERS):
                outcomes.counters[at + k] = swap.zswap.counters[k]
            for k in range(4):
                outcomes.counters[at + COUNTERS + k] = swap.stat[k]
        outcomes.outcome[i] = outcome
        outcomes.journal_at[i] = outcomes.drained[0] + swap.journal.counts[0]
        if operation == OP_SNAPSHOT:
            return i + 1
    return len(events.operation)
