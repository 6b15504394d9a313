# SPDX-License-Identifier: GPL-2.0-only
"""Memory under a limit: pages become resident by faults and leave by reclaim, through swap.

The limit holds resident pages and the pools together, as a whole machine or a memory cgroup sees
it. A page read back keeps its slot, and its page is in the swap cache, until it is written to; a
clean page is dropped without a store. Simplified from Linux 5.4 mm/vmscan.c, mm/memory.c
(specification 8): no read-ahead, no huge pages, reclaim only when a fault needs a page.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import EEXIST, EIO, InvariantError
from zswapsim.machine.journal import POSITION, SLOT, has_headroom, note
from zswapsim.machine.page_io import swap_free, swap_holds, swap_readpage, swap_writepage
from zswapsim.machine.reclaim import (
    reclaim_access,
    reclaim_add,
    reclaim_putback,
    reclaim_remove,
    reclaim_victim,
)
from zswapsim.machine.swap import Swap
from zswapsim.machine.swap_slots import get_swap_page
from zswapsim.machine.zpools import pools_total_pages
from zswapsim.machine.zswap.shrinker import shrink_slab
from zswapsim.machine.zswap.state import SHRINKER_ENABLED, SHRINKER_SCAN
from zswapsim.machine.zswap.worker import shrink_worker

PAGE_MASK = 0x7FFFFFFF
FREED = 0xFFFFFFFF
NEVER = 1 << 62
SWAP_CLUSTER_MAX = 32
DEF_PRIORITY = 12
DIRTY = -1
"""Saved content of a page whose slot holds nothing any more."""

ABSENT, RESIDENT, SWAPPED = range(3)

MEMORY = (
    "resident_pages",  # now
    "pgfault",  # accesses to a page that was not resident
    "pgmajfault",  # of these, the page had to come from zswap or the swap file
    "pgsteal",  # pages that reclaim took
    "clean_drops",  # of these, without a store: slot and content were still valid
    "swap_full",  # victims that stayed resident because no slot was free
    "over_limit",  # faults after which memory was over its limit
    "peak_pool_pages",  # most pages that the pools ever took
    "freed_pages",  # pages that the program gave back
    "write_errors",  # victims that stayed resident because the disk did not take them
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
    LIMIT_PAGES,
    NEXT_VERSION,
    FAILED_TRIES,
    NEXT_SHRINK,
    STATS,
) = range(15)


class Memory(NamedTuple):
    """state, slot, content, saved: int64, shape (pages,).

    state: ABSENT, RESIDENT or SWAPPED; slot: the page's slot, 0 none; content: number of what it
    holds now; saved: number of what its slot holds. stat: MEMORY counts, the limit, the position
    in the versions, failed tries of the present fault, the reclaimed pages at which the shrinker is
    asked next.
    """

    state: Ints
    slot: Ints
    content: Ints
    saved: Ints
    stat: Ints


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


def make_memory(pages: int, limit_pages: int, zeros: Zeros) -> Memory:
    """Return memory with nothing resident; contents are still to be set."""
    memory = Memory(zeros(pages), zeros(pages), zeros(pages), zeros(pages), zeros(STATS))
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
    if memory.state[page] == RESIDENT:
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
    else:
        if slot == 0:
            slot = get_swap_page(swap.slots)
            if slot < 0:
                memory.stat[SWAP_FULL] += 1
                reclaim_putback(machine.policy, page)
                return slot
            memory.slot[page] = slot
            note(swap.journal, SLOT, slot, 0, 0, 0, page)
        contents = machine.contents
        outcome = swap_writepage(
            swap, slot, content, contents.length[content], contents.same_filled[content]
        )
        memory.saved[page] = content
        if outcome == -EIO:
            memory.saved[page] = DIRTY
            memory.stat[WRITE_ERRORS] += 1
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
def ask_shrinker(machine: Machine) -> bool:
    """Ask zswap's shrinker; False as shrink_slab.

    The priority is that at which a batch is a share of the resident pages, as reclaim starts with
    small shares and goes on until it has a batch.
    """
    stat = machine.memory.stat
    priority = DEF_PRIORITY
    while priority > 0 and stat[RESIDENT_PAGES] >> priority < SWAP_CLUSTER_MAX:
        priority -= 1
    if not shrink_slab(machine.swap, priority):
        return False
    stat[NEXT_SHRINK] = stat[PGSTEAL] + SWAP_CLUSTER_MAX
    return True


@simulated
def make_page_free(machine: Machine) -> bool:
    """Reclaim until one more page fits; False if the journal has no room to go on.

    Work that zswap had to interrupt for the journal is ended before anything else.
    """
    stat = machine.memory.stat
    while stat[FAILED_TRIES] < SWAP_CLUSTER_MAX:
        if not has_headroom(machine.swap.journal) or not shrink_worker(machine.swap):
            return False
        pool_pages = pools_total_pages(machine.swap.pools)
        asking = machine.swap.zswap.counters[SHRINKER_SCAN] > 0
        if not asking and stat[RESIDENT_PAGES] + pool_pages < stat[LIMIT_PAGES]:
            break
        if shrinker_is_due(machine):
            if not ask_shrinker(machine):
                return False
        else:
            outcome = reclaim_one(machine)
            if outcome == -1:
                break
            if outcome < 0:
                stat[FAILED_TRIES] += 1
    return shrink_worker(machine.swap) and has_headroom(machine.swap.journal)


@simulated
def fault_in(machine: Machine, page: int, write: int) -> None:
    """Make a page resident for which there is room: from zswap, the swap file, or fresh."""
    memory = machine.memory
    stat = memory.stat
    stat[PGFAULT] += 1
    stat[FAILED_TRIES] = 0
    if memory.state[page] == SWAPPED:
        stat[PGMAJFAULT] += 1
        swap_readpage(machine.swap, memory.slot[page])
        if write != 0:
            forget_slot(machine, page)
        else:
            machine.swap.busy[memory.slot[page]] = -EEXIST
            if not swap_holds(machine.swap, memory.slot[page]):
                memory.saved[page] = DIRTY
    memory.state[page] = RESIDENT
    reclaim_add(machine.policy, page)
    stat[RESIDENT_PAGES] += 1
    if stat[RESIDENT_PAGES] + pools_total_pages(machine.swap.pools) > stat[LIMIT_PAGES]:
        stat[OVER_LIMIT] += 1


def run_accesses(machine: Machine, accesses: Ints, first: int, base: int) -> int:
    """Make accesses[first:]; return where to go on: len(accesses), or less if the journal is full.

    accesses: page | 1 << 31 for a write; base: number of accesses[0] in the whole trace. This is
    the machine's entry loop; an access that finds its page resident changes the policy only.
    """
    memory = machine.memory
    next_version = apply_versions(machine, base + first)
    for i in range(first, len(accesses)):
        if next_version <= base + i:
            next_version = apply_versions(machine, base + i)
            if next_version <= base + i:
                return i
        page = accesses[i] & PAGE_MASK
        write = accesses[i] >> 31
        if memory.state[page] == RESIDENT:
            if write != 0 and memory.slot[page] != 0:
                if not has_headroom(machine.swap.journal):
                    return i
                machine.swap.journal.counts[POSITION] = base + i
                forget_slot(machine, page)
            reclaim_access(machine.policy, page)
        else:
            machine.swap.journal.counts[POSITION] = base + i
            if not make_page_free(machine):
                return i
            fault_in(machine, page, write)
    return len(accesses)


def check_memory(machine: Machine, resident: list[int]) -> None:
    """Audit pages against the policy's list and the slots; InvariantError names what is wrong."""
    memory = machine.memory
    states = [int(memory.state[page]) for page in range(len(memory.state))]
    if sorted(resident) != [page for page, state in enumerate(states) if state == RESIDENT]:
        raise InvariantError("memory: the policy's pages are not the resident ones")
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
        needed = state == SWAPPED or memory.saved[page] == memory.content[page]
        if slot and needed and not swap_holds(machine.swap, slot):
            raise InvariantError(f"memory: the content of slot {slot} is lost")
