# SPDX-License-Identifier: GPL-2.0-only
"""Memory under a limit: pages become resident by faults and leave by reclaim, through swap.

The limit holds resident pages and the pools together, as a whole machine or a memory cgroup sees
it. A page read back keeps its slot, and its page is in the swap cache, until it is written to; a
clean page is dropped without a store. Simplified from Linux 5.4 mm/vmscan.c, mm/memory.c
(specification 8): no huge pages, reclaim only when a fault needs a page. Read-ahead is in
swap_cache.py, the loop over accesses in accesses.py.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, index_item, simulated
from zswapsim.errors import EEXIST, EIO, InvariantError
from zswapsim.machine.faults import REDIRTIED_NR, note_lost
from zswapsim.machine.journal import POSITION, SLOT, has_headroom, note
from zswapsim.machine.page_io import swap_free, swap_holds, swap_readpage, swap_writepage
from zswapsim.machine.pools.zpools import pools_total_pages
from zswapsim.machine.readahead import make_readahead
from zswapsim.machine.reclaim import (
    reclaim_add,
    reclaim_putback,
    reclaim_remove,
    reclaim_victim,
)
from zswapsim.machine.swap import Swap
from zswapsim.machine.swap_disk import disk_held_pages, disk_is_synchronous
from zswapsim.machine.swap_slots import get_swap_page
from zswapsim.machine.tracepoints import trace_fault, trace_swap_full, trace_victim
from zswapsim.machine.zswap.shrinker import shrink_slab
from zswapsim.machine.zswap.state import SHRINKER_ENABLED, SHRINKER_SCAN, STORED_PAGES
from zswapsim.machine.zswap.worker import shrink_worker

FREED = 0xFFFFFFFF
NEVER = 1 << 62
SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
DIRTY = -1
"""Saved content of a page whose slot holds nothing any more."""

ABSENT, RESIDENT, SWAPPED, CACHED, REDIRTIED = range(5)

MEMORY = (
    "resident_pages",  # now, those that were read ahead included
    "pgfault",  # accesses to a page that was not resident
    "pgmajfault",  # of these, the page had to come from zswap or the swap file
    "pgsteal",  # pages that reclaim took
    "clean_drops",  # of these, without a store: slot and content were still valid
    "swap_full",  # victims that stayed resident because no slot was free
    "over_limit",  # faults that took a page, after which memory was over its limit
    "peak_pool_pages",  # most pages that the pools ever took
    "freed_pages",  # pages that the program gave back
    "write_errors",  # victims that stayed resident because the disk did not take them
    "swap_ra",  # pages read ahead
    "swap_ra_hit",  # of these, used before they were dropped
    "swap_ra_reads",  # pages read ahead that came from the disk
    "peak_saved_pages",  # most pages that pools held, at a fault, beyond those that they took
)
(
    RESIDENT_PAGES,
    PGFAULT,
    PGMAJFAULT,
    PGSTEAL,
    CLEAN_DROPS,
    SWAP_FULL,
    OVER_LIMIT,
    PEAK_POOL_PAGES,
    FREED_PAGES,
    WRITE_ERRORS,
    SWAP_RA,
    SWAP_RA_HIT,
    SWAP_RA_READS,
    PEAK_SAVED_PAGES,
    SAVED_PAGES_SUM,  # what the pools saved, over all faults since memory was first short
    SHORT_FAULTS,  # these faults
    LIMIT_PAGES,
    NEXT_VERSION,
    FAILED_TRIES,
    NEXT_SHRINK,
    RECLAIMING,  # 1: make_page_free stopped for the journal; its page may have come back meanwhile
    STATS,
) = range(22)


class Memory(NamedTuple):
    """state: int8, slot, content, saved: int32, shape (pages,).

    state: ABSENT, RESIDENT, SWAPPED, or not accessed since it came into the swap cache: CACHED,
    read ahead, or REDIRTIED, of a writeback that failed; slot: the page's slot, 0 none; content:
    number of what it holds now; saved: number of what its slot holds.
    page_of_slot: int32, shape (slots,), whose each slot in use is. stat: MEMORY counts, the limit,
    the position in the versions, failed tries of the present page, the reclaimed pages at which the
    shrinker is asked next, RECLAIMING. readahead: see readahead.py.
    """

    state: Ints
    slot: Ints
    content: Ints
    saved: Ints
    page_of_slot: Ints
    stat: Ints
    readahead: Ints


class Versions(NamedTuple):
    """Changes of contents in order: before access at[k], page[k] holds content[k], or is FREED."""

    at: Ints
    page: Ints
    content: Ints


class Contents(NamedTuple):
    """By content number: compressed length in bytes or -errno; 1 if same-filled.

    The last content is the fresh page: all zeros.
    """

    length: Ints
    same_filled: Ints


class Machine(NamedTuple):
    """The whole simulated machine; policy is a reclaim policy's state."""

    memory: Memory
    policy: Any
    swap: Swap
    versions: Versions
    contents: Contents


def make_memory(
    pages: int, slots: int, limit_pages: int, zeros: Zeros, page_cluster: int = 0
) -> Memory:
    """Return memory with nothing resident; contents are still to be set.

    slots: slots of the swap file, the header included; page_cluster: 0 is no read-ahead.
    """
    memory = Memory(
        state=zeros(pages, "int8"),
        slot=zeros(pages, index_item(slots)),
        content=zeros(pages, "int32"),
        saved=zeros(pages, "int32"),
        page_of_slot=zeros(slots, index_item(pages)),
        stat=zeros(STATS),
        readahead=make_readahead(page_cluster, zeros),
    )
    memory.stat[LIMIT_PAGES] = limit_pages
    return memory


@simulated
def forget_slot(machine: Machine, page: int) -> None:
    """Free the slot of a page."""
    memory = machine.memory
    swap_free(machine.swap, memory.slot[page])
    memory.slot[page] = 0


@simulated
def free_page(machine: Machine, page: int) -> None:
    """Take a page back from the program: it is gone, and so is its slot."""
    memory = machine.memory
    if memory.state[page] != ABSENT and memory.state[page] != SWAPPED:
        reclaim_remove(machine.policy, page)
        memory.stat[RESIDENT_PAGES] -= 1
    if memory.slot[page] != 0:
        forget_slot(machine, page)
    memory.state[page] = ABSENT
    memory.content[page] = len(machine.contents.length) - 1
    memory.stat[FREED_PAGES] += 1


@simulated
def apply_versions(machine: Machine, before: int) -> int:
    """Apply the versions up to access `before`; return the position of the next one.

    Returns a position that is still due if the journal has no room.
    """
    stat = machine.memory.stat
    versions = machine.versions
    k = stat[NEXT_VERSION]
    while k < len(versions.at) and versions.at[k] <= before:
        if not has_headroom(machine.swap.journal):
            break
        if versions.content[k] == FREED:
            machine.swap.journal.counts[POSITION] = before
            free_page(machine, versions.page[k])
        else:
            machine.memory.content[versions.page[k]] = versions.content[k]
        k += 1
    stat[NEXT_VERSION] = k
    if k < len(versions.at):
        return versions.at[k]
    return NEVER


@simulated
def reclaim_one(machine: Machine) -> int:
    """Take one resident page; return 0, or -1 with none resident.

    -ENOSPC: swap is full, -EIO: the disk did not take the page. It stays resident, as the newest.
    """
    memory = machine.memory
    swap = machine.swap
    page = reclaim_victim(machine.policy)
    if page < 0:
        return -1
    slot = memory.slot[page]
    content = memory.content[page]
    if slot != 0 and memory.saved[page] == content:
        memory.stat[CLEAN_DROPS] += 1
        trace_victim(page, slot, 1)
    else:
        trace_victim(page, slot, 0)
        if slot == 0:
            slot = get_swap_page(swap.slots)
            if slot < 0:
                memory.stat[SWAP_FULL] += 1
                trace_swap_full(page)
                reclaim_putback(machine.policy, page)
                return slot
            memory.slot[page] = slot
            memory.page_of_slot[slot] = page
            note(swap.journal, SLOT, slot, 0, 0, 0, page)
        contents = machine.contents
        outcome = swap_writepage(
            swap, slot, content, contents.length[content], contents.same_filled[content]
        )
        memory.saved[page] = content
        if outcome == -EIO:
            memory.saved[page] = DIRTY
            memory.stat[WRITE_ERRORS] += 1
            swap.busy[slot] = -EEXIST
            reclaim_putback(machine.policy, page)
            return outcome
        pool_pages = pools_total_pages(swap.pools)
        memory.stat[PEAK_POOL_PAGES] = max(memory.stat[PEAK_POOL_PAGES], pool_pages)
    swap.busy[slot] = 0
    memory.state[page] = SWAPPED
    memory.stat[RESIDENT_PAGES] -= 1
    memory.stat[PGSTEAL] += 1
    return 0


@simulated
def shrinker_is_due(machine: Machine) -> bool:
    """Say whether reclaim is to ask zswap's shrinker: if it is enabled, once a batch of pages."""
    stat = machine.memory.stat
    return (
        machine.swap.zswap.parameters[SHRINKER_ENABLED] == 1 and stat[PGSTEAL] >= stat[NEXT_SHRINK]
    )


@simulated
def ask_shrinker(machine: Machine) -> None:
    """Ask zswap's shrinker; again if the journal had no room to end it, which end_shrink tells.

    The priority is that at which a batch is a share of the resident pages, as reclaim starts with
    small shares and goes on until it has a batch.
    """
    stat = machine.memory.stat
    priority = DEF_PRIORITY
    while priority > 0 and stat[RESIDENT_PAGES] >> priority < SWAP_CLUSTER_MAX:
        priority -= 1
    if shrink_slab(machine.swap, priority):
        stat[NEXT_SHRINK] = stat[PGSTEAL] + SWAP_CLUSTER_MAX


@simulated
def take_redirtied_pages(machine: Machine) -> None:
    """Take the pages of failed writebacks into memory: they are in the swap cache, and dirty.

    The kernel writes asynchronously, so the entry is gone when the error comes; the page that it
    was decompressed into is marked dirty again and stays. Each is a failed try of reclaim, which
    has to end where no page can be written. Source: Linux 6.1 mm/page_io.c end_swap_bio_write.
    """
    memory = machine.memory
    faults = machine.swap.faults
    for at in range(faults.counts[REDIRTIED_NR]):
        page = memory.page_of_slot[faults.redirtied[at]]
        memory.state[page] = REDIRTIED
        memory.saved[page] = DIRTY
        reclaim_add(machine.policy, page)
        memory.stat[RESIDENT_PAGES] += 1
        memory.stat[FAILED_TRIES] += 1
        faults.redirtied[at] = 0
    faults.counts[REDIRTIED_NR] = 0


@simulated
def end_shrink(machine: Machine) -> bool:
    """End the queued shrink work, and what failed of it; False if the journal has no room."""
    done = has_headroom(machine.swap.journal) and shrink_worker(machine.swap)
    if machine.swap.faults.counts[REDIRTIED_NR] != 0:
        take_redirtied_pages(machine)
    return done and has_headroom(machine.swap.journal)


@simulated
def make_page_free(machine: Machine) -> bool:
    """Reclaim until one more page fits; False if the journal has no room to go on.

    Work that zswap had to interrupt for the journal is ended before anything else, and so is a pass
    of its shrinker, however many of its writebacks failed.
    """
    stat = machine.memory.stat
    stat[RECLAIMING] = 1
    while stat[RECLAIMING] == 1:
        if not end_shrink(machine):
            return False
        pool_pages = pools_total_pages(machine.swap.pools)
        asking = machine.swap.zswap.counters[SHRINKER_SCAN] > 0
        fits = stat[RESIDENT_PAGES] + pool_pages < stat[LIMIT_PAGES]
        if not asking and (fits or stat[FAILED_TRIES] >= SWAP_CLUSTER_MAX):
            stat[RECLAIMING] = 0
        elif asking or shrinker_is_due(machine):
            ask_shrinker(machine)
        else:
            outcome = reclaim_one(machine)
            if outcome == -1:
                stat[RECLAIMING] = 0
            elif outcome < 0:
                stat[FAILED_TRIES] += 1
    return True


@simulated
def read_page(machine: Machine, page: int) -> bool:
    """Read a swapped-out page; it is in the swap cache now, and dirty if its slot gave it up.

    False: the disk did not give it, and the page is as it was.
    """
    memory = machine.memory
    slot = memory.slot[page]
    if swap_readpage(machine.swap, slot) == -EIO:
        return False
    machine.swap.busy[slot] = -EEXIST
    if not swap_holds(machine.swap, slot):
        memory.saved[page] = DIRTY
    return True


@simulated
def lose_page(machine: Machine, page: int) -> None:
    """Give up a page that cannot be read: its process is killed, and its slot freed with it.

    Deviation: the trace goes on, with a fresh page of zeros until it says what the page holds.
    """
    memory = machine.memory
    note_lost(machine.swap.faults, memory.slot[page])
    if memory.saved[page] == memory.content[page]:
        memory.content[page] = len(machine.contents.length) - 1
    forget_slot(machine, page)


@simulated
def note_saved(machine: Machine) -> None:
    """Take note, at a fault for which there is room, of what the pools save."""
    swap = machine.swap
    stat = machine.memory.stat
    if stat[PGSTEAL] > 0:
        held_pages = swap.zswap.counters[STORED_PAGES] + disk_held_pages(swap.disk)
        saved_pages = held_pages - pools_total_pages(swap.pools)
        stat[PEAK_SAVED_PAGES] = max(stat[PEAK_SAVED_PAGES], saved_pages)
        stat[SAVED_PAGES_SUM] += saved_pages
        stat[SHORT_FAULTS] += 1


@simulated
def fault_in(machine: Machine, page: int, write: int) -> None:
    """Make a page resident for which there is room: from zswap, the swap file, or fresh."""
    memory = machine.memory
    stat = memory.stat
    stat[PGFAULT] += 1
    stat[FAILED_TRIES] = 0
    note_saved(machine)
    if memory.state[page] == SWAPPED:
        stat[PGMAJFAULT] += 1
        trace_fault(page, write, 1)
        if not read_page(machine, page):
            lose_page(machine, page)
        # A page that comes from a synchronous disk is not in the swap cache, so its slot is freed.
        elif write != 0 or disk_is_synchronous(machine.swap.disk):
            forget_slot(machine, page)
    else:
        trace_fault(page, write, 0)
    memory.state[page] = RESIDENT
    reclaim_add(machine.policy, page)
    stat[RESIDENT_PAGES] += 1
    if stat[RESIDENT_PAGES] + pools_total_pages(machine.swap.pools) > stat[LIMIT_PAGES]:
        stat[OVER_LIMIT] += 1


def check_memory(machine: Machine, resident: list[int]) -> None:
    """Audit pages against the policy's list and the slots; InvariantError names what is wrong."""
    memory = machine.memory
    states = [int(memory.state[page]) for page in range(len(memory.state))]
    in_memory = [page for page, state in enumerate(states) if state not in (ABSENT, SWAPPED)]
    if sorted(resident) != in_memory:
        raise InvariantError("memory: the policy's pages are not the resident ones")
    if machine.swap.faults.counts[REDIRTIED_NR] != 0:
        raise InvariantError("memory: the page of a failed writeback is nowhere")
    if memory.stat[RESIDENT_PAGES] != len(resident):
        raise InvariantError("memory: the number of resident pages is wrong")
    slots = [slot for slot in (int(memory.slot[page]) for page in range(len(states))) if slot]
    if len(set(slots)) != len(slots):
        raise InvariantError("memory: two pages have the same slot")
    if len(slots) != machine.swap.slots.counts[0]:
        raise InvariantError("memory: a slot is in use by no page")
    for page, state in enumerate(states):
        slot = memory.slot[page]
        if state == SWAPPED and slot == 0:
            raise InvariantError(f"memory: page {page} is swapped out but has no slot")
        if state >= CACHED and (slot == 0 or machine.swap.busy[slot] != -EEXIST):
            raise InvariantError(f"memory: page {page} is not mapped, nor in the swap cache")
        if slot and memory.page_of_slot[slot] != page:
            raise InvariantError(f"memory: slot {slot} does not know its page {page}")
        needed = state == SWAPPED or memory.saved[page] == memory.content[page]
        if slot and needed and not swap_holds(machine.swap, slot):
            raise InvariantError(f"memory: the content of slot {slot} is lost")
