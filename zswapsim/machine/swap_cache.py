# SPDX-License-Identifier: GPL-2.0-only
"""Pages in the swap cache that no access asked for yet: brought in by read-ahead, used, or dropped.

Such a page is CACHED: in memory and on the policy's list, with its slot, but not mapped. Its first
access is a minor fault. Reclaim drops it as it drops any clean page. Models Linux 6.1
mm/swap_state.c and the part of mm/memory.c do_swap_page that finds a page in the swap cache
(specification 8.3).

Deviation: the slots around a fault's are read before its own, not each in its turn.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.machine import readahead as ra
from zswapsim.machine.journal import has_headroom
from zswapsim.machine.memory import (
    CACHED,
    FAILED_TRIES,
    LIMIT_PAGES,
    PGFAULT,
    RECLAIMING,
    RESIDENT,
    RESIDENT_PAGES,
    SWAP_RA,
    SWAP_RA_HIT,
    SWAP_RA_READS,
    SWAPPED,
    Machine,
    forget_slot,
    make_page_free,
    read_page,
)
from zswapsim.machine.pools.zpools import pools_total_pages
from zswapsim.machine.reclaim import reclaim_access, reclaim_add
from zswapsim.machine.swap import PSWPIN
from zswapsim.machine.swap_disk import disk_is_synchronous


@simulated
def read_swap_cache_async(machine: Machine, page: int) -> None:
    """Read a page for which there is room into the swap cache.

    Deviation: one that the disk does not give is left where it is; the kernel keeps it, without its
    content, so that an access soon after does not try again.
    """
    memory = machine.memory
    reads = machine.swap.stat[PSWPIN]
    if not read_page(machine, page):
        return
    memory.stat[SWAP_RA_READS] += machine.swap.stat[PSWPIN] - reads
    memory.state[page] = CACHED
    reclaim_add(machine.policy, page)
    memory.stat[RESIDENT_PAGES] += 1
    memory.stat[SWAP_RA] += 1


@simulated
def swap_cluster_readahead(machine: Machine, slot: int) -> bool:
    """Read ahead around the slot of a fault; False if the journal has no room to go on.

    A second call goes on where the first one stopped. Room is made for each page as for that of a
    fault; where reclaim finds none, the rest of the window is left, so that read-ahead never puts
    memory over its limit.
    """
    memory = machine.memory
    slots = machine.swap.slots
    window = memory.readahead
    if window[ra.BEGUN] == 0:
        ra.begin_readahead(window, slot, len(slots.used))
    while window[ra.NEXT] < window[ra.END]:
        near = window[ra.NEXT]
        page = memory.page_of_slot[near]
        wanted = memory.state[page] == SWAPPED or memory.stat[RECLAIMING] == 1
        if near != slot and slots.used[near] == 1 and wanted:
            if not make_page_free(machine):
                return False
            memory.stat[FAILED_TRIES] = 0
            used_pages = memory.stat[RESIDENT_PAGES] + pools_total_pages(machine.swap.pools)
            if used_pages >= memory.stat[LIMIT_PAGES]:
                break
            if memory.state[page] == SWAPPED:  # unless reclaim has just brought it back
                read_swap_cache_async(machine, page)
        window[ra.NEXT] = near + 1
    window[ra.NEXT] = window[ra.END]
    return True


@simulated
def swapin_readahead(machine: Machine, page: int) -> bool:
    """Read ahead for a fault, if that is to be; False if the journal has no room to go on."""
    memory = machine.memory
    if memory.readahead[ra.PAGE_CLUSTER] == 0:
        return True
    if memory.state[page] != SWAPPED and memory.readahead[ra.BEGUN] == 0:
        return True
    if disk_is_synchronous(machine.swap.disk):
        return True
    return swap_cluster_readahead(machine, memory.slot[page])


@simulated
def map_cached_page(machine: Machine, page: int, write: int) -> bool:
    """Make a page of the swap cache resident; False if the journal has no room for it.

    This is a minor fault, and a hit if it was read ahead. No page is taken, so none is reclaimed.
    """
    if not has_headroom(machine.swap.journal):
        return False
    memory = machine.memory
    memory.stat[PGFAULT] += 1
    memory.stat[FAILED_TRIES] = 0
    if memory.state[page] == CACHED:
        memory.stat[SWAP_RA_HIT] += 1
        memory.readahead[ra.HITS] += 1
    memory.state[page] = RESIDENT
    if write != 0:
        forget_slot(machine, page)
    reclaim_access(machine.policy, page)
    return True
