# SPDX-License-Identifier: GPL-2.0-only
"""The swap path of one page: zswap first, the swap file where zswap does not have it.

Models Linux 5.4 to 6.18 mm/page_io.c (specification 5.8): from 6.12 on, pages of zeros stop at a
bitmap of the swap core. Device I/O completes at once; only zram ever refuses a page, unless a fault
plan says otherwise.
"""

from zswapsim.engine.simulated import Ints, simulated
from zswapsim.errors import EIO
from zswapsim.machine import journal as j
from zswapsim.machine.journal import note
from zswapsim.machine.swap import PSWPIN, PSWPOUT, SWPIN_ZERO, SWPOUT_ZERO, Swap
from zswapsim.machine.swap_disk import disk_free, disk_read, disk_write
from zswapsim.machine.swap_slots import swap_entry_free
from zswapsim.machine.tracepoints import trace_swap_read, trace_swap_write, trace_swap_zero
from zswapsim.machine.zswap.entry import is_stale
from zswapsim.machine.zswap.folio import zswap_store_folio
from zswapsim.machine.zswap.pools import zswap_pool_of
from zswapsim.machine.zswap.shrinker import zswap_folio_swapin
from zswapsim.machine.zswap.state import NONE, SAME_FILLED_RULE
from zswapsim.machine.zswap.store import zswap_invalidate_page, zswap_load, zswap_store
from zswapsim.machine.zswap.worker import shrink_worker
from zswapsim.profiles import ZERO_IN_CORE

ZERO_FILLED = 2
"""Value of same_filled for a page of zeros; 1 is for any other repeated word."""


@simulated
def swap_writepage(swap: Swap, slot: int, content: int, length: int, same_filled: int) -> int:
    """Write a page out; return 0, or zswap's -errno and the page is on the disk, or -EIO.

    -EIO: the disk did not take it either; the slot may hold what it held before.

    If shrink_worker had to stop for the journal, it has to be called again before anything else.
    """
    if swap.zswap.switches[SAME_FILLED_RULE] == ZERO_IN_CORE:
        swap.zero[slot] = 1 if same_filled == ZERO_FILLED else 0
        if same_filled == ZERO_FILLED:
            # FIDELITY: an entry that zswap has of the slot stays, dead, until it is freed.
            trace_swap_zero(slot, 1)
            note(swap.journal, j.STORE_ZERO, slot, 0, 0, 0, content)
            swap.stat[SWPOUT_ZERO] += 1
            return 0
    outcome = zswap_store(swap, slot, content, length, same_filled)
    outcome = end_writepage(swap, slot, content, length, same_filled, outcome)
    shrink_worker(swap)
    return outcome


@simulated
def end_writepage(
    swap: Swap, slot: int, content: int, length: int, same_filled: int, outcome: int
) -> int:
    """Write a page to the disk that zswap refused; return its outcome, or -EIO as the disk's."""
    if outcome == 0:
        swap.device[slot] = 0
        return 0
    number = max(zswap_pool_of(swap.zswap, slot), 0)
    note(swap.journal, j.STORE_FAILED, slot, number, 0, length, outcome)
    trace_swap_write(slot, content)
    if disk_write(swap.disk, swap, slot, content, length, same_filled) != 0:
        return -EIO
    swap.device[slot] = content + 1
    swap.stat[PSWPOUT] += 1
    return outcome


FOLIO_RECORDS = 8
"""Records that swap_writefolio writes for a page at most, besides those of a step."""


@simulated
def swap_writefolio(
    swap: Swap,
    first_slot: int,
    pages: int,
    contents: Ints,
    lengths: Ints,
    same_filled: Ints,
    first: int,
) -> int:
    """Write a folio of several pages out, as swap_writepage; see zswap_store_folio.

    The journal has to have room for FOLIO_RECORDS a page. From 6.12 on a folio is one of zeros if
    all its pages are.
    """
    if swap.zswap.switches[SAME_FILLED_RULE] == ZERO_IN_CORE:
        zeros = 1
        for k in range(pages):
            if same_filled[first + k] != ZERO_FILLED:
                zeros = 0
        for k in range(pages):
            swap.zero[first_slot + k] = zeros
            if zeros == 1:
                trace_swap_zero(first_slot + k, 1)
                note(swap.journal, j.STORE_ZERO, first_slot + k, 0, 0, 0, contents[first + k])
                swap.stat[SWPOUT_ZERO] += 1
        if zeros == 1:
            return 0
    stored = zswap_store_folio(swap, first_slot, pages, contents, lengths, same_filled, first)
    outcome = stored
    for k in range(pages):
        at = first + k
        ended = end_writepage(
            swap, first_slot + k, contents[at], lengths[at], same_filled[at], stored
        )
        if ended != stored:
            outcome = ended
    shrink_worker(swap)
    return outcome


@simulated
def swap_readpage(swap: Swap, slot: int) -> int:
    """Read a page in; return 0 if zswap or the swap core had it, -ENOENT from the disk.

    -EIO: the disk did not give it. Such a read was begun, so it counts.
    """
    if swap.zero[slot] == 1:
        trace_swap_zero(slot, 0)
        note(swap.journal, j.LOAD_ZERO, slot, 0, 0, 0, 0)
        swap.stat[SWPIN_ZERO] += 1
        return 0
    outcome = zswap_load(swap, slot)
    if outcome != 0:
        trace_swap_read(slot)
        if disk_read(swap.disk, swap, slot) != 0:
            outcome = -EIO
        swap.stat[PSWPIN] += 1
        zswap_folio_swapin(swap)
    return outcome


@simulated
def swap_holds(swap: Swap, slot: int) -> bool:
    """Say whether a slot still has a page's content: an exclusive load takes it away.

    A stale entry of 3.11 is nobody's.
    """
    zswap = swap.zswap
    has_entry = zswap.kind[slot] != NONE and not is_stale(zswap, slot)
    return swap.zero[slot] == 1 or swap.device[slot] != 0 or has_entry


@simulated
def swap_forget(swap: Swap, slot: int) -> None:
    """Let zswap, the swap core and the disk forget a slot's page."""
    zswap_invalidate_page(swap, slot)
    disk_free(swap.disk, swap, slot)
    swap.zero[slot] = 0
    swap.device[slot] = 0
    swap.busy[slot] = 0


@simulated
def swap_free(swap: Swap, slot: int) -> None:
    """Free a slot and what it holds."""
    swap_forget(swap, slot)
    swap_entry_free(swap.slots, slot)
