# SPDX-License-Identifier: GPL-2.0-only
"""store of a folio of several pages: 6.18 takes it page by page, all or nothing, others refuse it.

Models Linux 3.11 to 6.18 mm/zswap.c (specification 5.3). A folio is `pages` slots from its first
one on; content, length and same_filled of its pages stand at `first` and after in three arrays.
"""

from zswapsim.engine.simulated import Ints, simulated
from zswapsim.errors import EINVAL, ENODEV
from zswapsim.machine.swap import ZSWPOUT, Swap
from zswapsim.machine.zswap.entry import zswap_free_entry
from zswapsim.machine.zswap.limit import make_room
from zswapsim.machine.zswap.state import (
    ENABLED,
    FREED_BY_FOLIO,
    FREED_BY_STORE,
    FRONTSWAP,
    LARGE_FOLIOS,
    NONE,
)
from zswapsim.machine.zswap.store import end_store, prepare_slot, zswap_store, zswap_store_page


@simulated
def refuse_folio(swap: Swap, first_slot: int, pages: int) -> int:
    """Refuse a folio; return -EINVAL.

    FIDELITY: zswap looks at the size before it looks for old entries, so from 6.6 on they stay,
    stale. Before, frontswap has already made it forget them.
    """
    if swap.zswap.switches[FRONTSWAP] == 1:
        for slot in range(first_slot, first_slot + pages):
            prepare_slot(swap, slot)
            end_store(swap, slot, -EINVAL)
    return -EINVAL


@simulated
def zswap_store_folio(
    swap: Swap,
    first_slot: int,
    pages: int,
    contents: Ints,
    lengths: Ints,
    same_filled: Ints,
    first: int,
) -> int:
    """Store a folio; return 0, or -errno where all of it has to go to the swap file.

    -EINVAL: a large folio, which only 6.18 takes; else as for zswap_store. The limit is checked
    once, and if one page fails, no slot of the folio has an entry. Source: Linux 6.18 mm/zswap.c
    zswap_store.
    """
    if pages == 1:
        return zswap_store(swap, first_slot, contents[first], lengths[first], same_filled[first])
    zswap = swap.zswap
    if zswap.switches[LARGE_FOLIOS] == 0:
        return refuse_folio(swap, first_slot, pages)
    outcome = -ENODEV
    if zswap.parameters[ENABLED] == 1:
        outcome = make_room(swap, first_slot)
    stored = 0
    for k in range(pages):
        if outcome == 0:
            at = first + k
            slot = first_slot + k
            outcome = zswap_store_page(swap, slot, contents[at], lengths[at], same_filled[at])
            if outcome == 0:
                stored += 1
    if outcome == 0:
        swap.stat[ZSWPOUT] += pages
    else:
        for k in range(pages):
            if zswap.kind[first_slot + k] != NONE:
                why = FREED_BY_FOLIO if k < stored else FREED_BY_STORE
                zswap_free_entry(swap, first_slot + k, why)
    return outcome
