# SPDX-License-Identifier: GPL-2.0-only
"""The machine's entry loop: accesses one after the other, and which kind of fault each is."""

from zswapsim.engine.simulated import Ints
from zswapsim.machine import readahead as ra
from zswapsim.machine.journal import POSITION, has_headroom
from zswapsim.machine.memory import (
    CACHED,
    RECLAIMING,
    REDIRTIED,
    RESIDENT,
    Machine,
    apply_versions,
    fault_in,
    forget_slot,
    make_page_free,
)
from zswapsim.machine.reclaim import reclaim_access
from zswapsim.machine.swap_cache import map_cached_page, swapin_readahead

PAGE_MASK = 0x7FFFFFFF


def run_accesses(machine: Machine, accesses: Ints, first: int, base: int) -> int:
    """Make accesses[first:]; return where to go on: len(accesses), or less if the journal is full.

    accesses: page | 1 << 31 for a write; base: number of accesses[0] in the whole trace. An access
    that finds its page resident changes the policy only. Where the journal stops a fault, a second
    call goes on with it.
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
            if memory.state[page] >= CACHED and memory.stat[RECLAIMING] == 0:
                if not map_cached_page(machine, page, write):
                    return i
            else:
                # Not a function of its own: a call that takes the whole machine slows the hits.
                if not swapin_readahead(machine, page) or not make_page_free(machine):
                    return i
                if memory.state[page] == REDIRTIED:  # by that reclaim
                    map_cached_page(machine, page, write)
                else:
                    fault_in(machine, page, write)
                memory.readahead[ra.BEGUN] = 0
    return len(accesses)
