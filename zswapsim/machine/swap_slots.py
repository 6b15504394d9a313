# SPDX-License-Identifier: GPL-2.0-only
"""Swap slots: which slots of the swap file are in use.

Slots are handed out next-fit from the last position, in clusters of 256 so that full ones are
skipped at once. Slot 0 is the swap header and never handed out. Simplified from Linux 5.4
mm/swapfile.c (specification 8.2, 8.5): one device, no per-CPU batches, no discard. Bad slots, as
swapon finds them in the header, are never handed out either.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import ENOSPC, InvariantError
from zswapsim.machine.faults import BAD_SLOTS, Faults, should_fail

CLUSTER_SHIFT = 8
CLUSTER = 1 << CLUSTER_SHIFT

USED_NR, NEXT, BAD_NR, COUNTS = range(4)

FREE, USED, BAD = range(3)


class SwapSlots(NamedTuple):
    """used: int8, shape (slots,), FREE, USED or BAD; used_in: shape (clusters,), how many of

    each are not free. counts: USED_NR slots in use without the header, NEXT where the next search
    begins, BAD_NR bad ones.
    """

    used: Ints
    used_in: Ints
    counts: Ints


def make_swap_slots(slots: int, zeros: Zeros, faults: Faults | None = None) -> SwapSlots:
    """Return slots 1 .. slots - 1, all free but those that are to be bad."""
    swap_slots = SwapSlots(
        zeros(slots, "int8"), zeros((slots + CLUSTER - 1) // CLUSTER, "int16"), zeros(COUNTS)
    )
    swap_slots.used[0] = USED
    swap_slots.used_in[0] = 1
    swap_slots.counts[NEXT] = 1
    if faults is not None and faults.plans_of[BAD_SLOTS]:
        for slot in range(1, slots):
            if should_fail(faults, BAD_SLOTS, slot, slot):
                swap_slots.used[slot] = BAD
                swap_slots.used_in[slot >> CLUSTER_SHIFT] += 1
                swap_slots.counts[BAD_NR] += 1
    return swap_slots


@simulated
def get_swap_page(slots: SwapSlots) -> int:
    """Take a free slot; return it, or -ENOSPC if the swap file is full."""
    total = len(slots.used)
    if slots.counts[USED_NR] + slots.counts[BAD_NR] >= total - 1:
        return -ENOSPC
    slot = slots.counts[NEXT]
    while True:
        if slot >= total:
            slot = 0
        cluster = slot >> CLUSTER_SHIFT
        end = min(total, (cluster + 1) << CLUSTER_SHIFT)
        if slots.used_in[cluster] < end - (cluster << CLUSTER_SHIFT):
            while slot < end and slots.used[slot] != FREE:
                slot += 1
            if slot < end:
                slots.used[slot] = USED
                slots.used_in[cluster] += 1
                slots.counts[USED_NR] += 1
                slots.counts[NEXT] = slot + 1
                return slot
        slot = end


@simulated
def swap_entry_free(slots: SwapSlots, slot: int) -> None:
    """Give a slot back."""
    slots.used[slot] = FREE
    slots.used_in[slot >> CLUSTER_SHIFT] -= 1
    slots.counts[USED_NR] -= 1


def check_swap_slots(slots: SwapSlots) -> None:
    """Audit the counts against the map."""
    used = [int(slots.used[slot]) for slot in range(len(slots.used))]
    if used.count(USED) - 1 != slots.counts[USED_NR] or used.count(BAD) != slots.counts[BAD_NR]:
        raise InvariantError("swap slots: the number in use is not that of the map")
    for cluster in range(len(slots.used_in)):
        states = used[cluster * CLUSTER : (cluster + 1) * CLUSTER]
        if len(states) - states.count(FREE) != slots.used_in[cluster]:
            raise InvariantError(f"swap slots: cluster {cluster} has a wrong count")
