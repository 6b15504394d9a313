# SPDX-License-Identifier: GPL-2.0-only
"""The state below memory reclaim, held together: slots, zswap, its pools, the swap file.

Kept apart from the functions so that zswap and the swap path can both name the type.
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros
from zswapsim.machine.faults import Faults
from zswapsim.machine.journal import Journal
from zswapsim.machine.swap_slots import SwapSlots, make_swap_slots
from zswapsim.machine.zswap.state import Zswap

VMSTAT = (
    "zswpin",  # pages that came from zswap
    "zswpout",  # pages that zswap took
    "pswpin",  # pages read from the swap file
    "pswpout",  # pages written to it, written-back ones included
    "zswpwb",  # pages that zswap wrote back (from 6.8 on)
    "swpin_zero",  # pages of zeros that the swap core filled in (from 6.12 on)
    "swpout_zero",  # pages of zeros that the swap core noted (from 6.12 on)
)
ZSWPIN, ZSWPOUT, PSWPIN, PSWPOUT, ZSWPWB, SWPIN_ZERO, SWPOUT_ZERO = range(7)


class Swap(NamedTuple):
    """Everything that a page on its way out or in can meet.

    slots: which slots are in use; zswap: zswap.Zswap; pools: the chain of its pools;
    disk: the block device with the slots;
    busy: int16, shape (slots,), 0, or the -errno with which a writeback of the slot fails:
    -EEXIST while its page is in the swap cache, -ENOMEM where the slot is free but not yet
    invalidated; zero: int8, shape (slots,), 1 if the swap core knows the page as one of zeros;
    device: int32, shape (slots,), 1 + the content that the swap file holds, 0 none;
    stat: VMSTAT counts; faults: what is to fail.
    """

    slots: SwapSlots
    zswap: Zswap
    pools: Any
    journal: Journal
    disk: Any
    busy: Ints
    zero: Ints
    device: Ints
    stat: Ints
    faults: Faults


def make_swap(
    slots: int,
    zswap: Zswap,
    pools: Any,
    journal: Journal,
    disk: Any,
    faults: Faults,
    zeros: Zeros,
) -> Swap:
    """Return swap of slots 1 .. slots - 1 with nothing in it."""
    return Swap(
        slots=make_swap_slots(slots, zeros, faults),
        zswap=zswap,
        pools=pools,
        journal=journal,
        disk=disk,
        busy=zeros(slots, "int16"),
        zero=zeros(slots, "int8"),
        device=zeros(slots, "int32"),
        stat=zeros(len(VMSTAT)),
        faults=faults,
    )
