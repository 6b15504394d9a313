# SPDX-License-Identifier: GPL-2.0-only
"""The machine's entry loop: accesses one after the other, and what a fault leads to."""

from zswapsim.engine.simulated import Ints, simulated
from zswapsim.machine import readahead as ra
from zswapsim.machine.journal import POSITION, has_headroom
from zswapsim.machine.memory import (
    CACHED,
    RESIDENT,
    SWAPPED,
    Machine,
    apply_versions,
    fault_in,
    forget_slot,
    make_page_free,
)
from zswapsim.machine.reclaim import reclaim_access
from zswapsim.machine.swap_cache import map_cached_page, swap_cluster_readahead

PAGE_MASK = 0x7FFFFFFF


@simulated
def handle_mm_fault(machine: Machine, page: int, write: int) -> bool:
    """Make a page resident; False if the journal has no room to go on.

    A second call goes on where the first one stopped.
    """
    memory = machine.memory
    if memory.state[page] == CACHED:
        if not has_headroom(machine.swap.journal):
            return False
        map_cached_page(machine, page, write)
        return True
    if (
        memory.state[page] == SWAPPED
        and memory.readahead[ra.PAGE_CLUSTER] != 0
        and not swap_cluster_readahead(machine, memory.slot[page])
    ):
        return False
    if not make_page_free(machine):
        return False
    fault_in(machine, page, write)
    memory.readahead[ra.BEGUN] = 0
    return True


def run_accesses(machine: Machine, accesses: Ints, first: int, base: int) -> int:
    """Make accesses[first:]; return where to go on: len(accesses), or less if the journal is full.

    accesses: page | 1 << 31 for a write; base: number of accesses[0] in the whole trace. An access
    that finds its page resident changes the policy only.
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
            if not handle_mm_fault(machine, page, write):
                return i
    return len(accesses)
