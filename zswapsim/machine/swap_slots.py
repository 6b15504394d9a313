# SPDX-License-Identifier: GPL-2.0-only
"""Swap slots: which slots of the swap file are in use.

Slots are handed out next-fit from the last position, in clusters of 256 so that full ones are
skipped at once. Slot 0 is the swap header and never handed out. Simplified from Linux 5.4
mm/swapfile.c (specification 8.2, 8.5): one device, no per-CPU batches, no discard.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import ENOSPC, InvariantError

CLUSTER_SHIFT = 8
CLUSTER = 1 << CLUSTER_SHIFT

USED_NR, NEXT = range(2)


class SwapSlots(NamedTuple):
    """used: int8, shape (slots,), 0 or 1; used_in: shape (clusters,), slots in use of each.

    counts: USED_NR slots in use without the header, NEXT where the next search begins.
    """

    used: Ints
    used_in: Ints
    counts: Ints


def make_swap_slots(slots: int, zeros: Zeros) -> SwapSlots:
    """Return slots 1 .. slots - 1, all free."""
    swap_slots = SwapSlots(
        zeros(slots, "int8"), zeros((slots + CLUSTER - 1) // CLUSTER, "int16"), zeros(2)
    )
    swap_slots.used[0] = 1
    swap_slots.used_in[0] = 1
    swap_slots.counts[NEXT] = 1
    return swap_slots


@simulated
def get_swap_page(slots: SwapSlots) -> int:
    """Take a free slot; return it, or -ENOSPC if the swap file is full."""
    total = len(slots.used)
    if slots.counts[USED_NR] >= total - 1:
        return -ENOSPC
    slot = slots.counts[NEXT]
    while True:
        if slot >= total:
            slot = 0
        cluster = slot >> CLUSTER_SHIFT
        end = min(total, (cluster + 1) << CLUSTER_SHIFT)
        if slots.used_in[cluster] < end - (cluster << CLUSTER_SHIFT):
            while slot < end and slots.used[slot] == 1:
                slot += 1
            if slot < end:
                slots.used[slot] = 1
                slots.used_in[cluster] += 1
                slots.counts[USED_NR] += 1
                slots.counts[NEXT] = slot + 1
                return slot
        slot = end


@simulated
def swap_entry_free(slots: SwapSlots, slot: int) -> None:
    """Give a slot back."""
    slots.used[slot] = 0
    slots.used_in[slot >> CLUSTER_SHIFT] -= 1
    slots.counts[USED_NR] -= 1


def check_swap_slots(slots: SwapSlots) -> None:
    """Audit the counts against the map."""
    used = [int(slots.used[slot]) for slot in range(len(slots.used))]
    if sum(used) - 1 != slots.counts[USED_NR]:
        raise InvariantError("swap slots: the number in use is not that of the map")
    for cluster in range(len(slots.used_in)):
        if sum(used[cluster * CLUSTER : (cluster + 1) * CLUSTER]) != slots.used_in[cluster]:
            raise InvariantError(f"swap slots: cluster {cluster} has a wrong count")
