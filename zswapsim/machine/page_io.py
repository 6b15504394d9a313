# SPDX-License-Identifier: GPL-2.0-only
"""The swap path of one page: zswap first, the swap file where zswap does not have it.

Models Linux 5.4 mm/page_io.c (specification 5.8). Device I/O completes at once and never fails.
"""

from zswapsim.engine.simulated import simulated
from zswapsim.machine import journal as j
from zswapsim.machine.journal import note
from zswapsim.machine.swap import PSWPIN, PSWPOUT, Swap
from zswapsim.machine.swap_slots import swap_entry_free
from zswapsim.machine.zswap import (
    shrink_worker,
    zswap_invalidate_page,
    zswap_load,
    zswap_store,
)


@simulated
def swap_writepage(swap: Swap, slot: int, content: int, length: int, same_filled: int) -> int:
    """Write a page out; return zswap's outcome: 0, or -errno and the page is in the swap file."""
    outcome = zswap_store(swap, slot, content, length, same_filled)
    if outcome == 0:
        swap.device[slot] = 0
    else:
        note(swap.journal, j.STORE_FAILED, slot, 0, 0, length, outcome)
        note(swap.journal, j.SWAP_WRITE, slot, 0, 0, 0, content)
        swap.device[slot] = content + 1
        swap.stat[PSWPOUT] += 1
    shrink_worker(swap)
    return outcome


@simulated
def swap_readpage(swap: Swap, slot: int) -> int:
    """Read a page in; return 0 if zswap had it, else -ENOENT and it came from the swap file."""
    outcome = zswap_load(swap, slot)
    if outcome != 0:
        note(swap.journal, j.SWAP_READ, slot, 0, 0, 0, swap.device[slot] - 1)
        swap.stat[PSWPIN] += 1
    return outcome


@simulated
def swap_free(swap: Swap, slot: int) -> None:
    """Free a slot: zswap forgets its entry, the swap file its page."""
    zswap_invalidate_page(swap, slot)
    swap.device[slot] = 0
    swap.busy[slot] = 0
    swap_entry_free(swap.slots, slot)
