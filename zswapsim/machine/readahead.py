# SPDX-License-Identifier: GPL-2.0-only
"""Swap read-ahead's window: how many slots around a fault's are worth reading, and which.

The more pages of the last windows were used, the wider the next one. Models Linux 6.1
mm/swap_state.c swapin_nr_pages and swap_cluster_readahead (specification 8.3), the way of rotating
disks; the window by virtual addresses that the kernel uses on SSDs is not modelled. The state is
an array of integers, so that memory can hold it; who reads the pages is swap_cache.py.
"""

from zswapsim.engine.simulated import Ints, Zeros, simulated

MAX_PAGE_CLUSTER = 5
"""Windows of at most 32 slots; the kernel would take any, and starts with 3."""

INITIAL_HITS = 4
"""FIDELITY: the kernel starts as if 4 pages had been used, so the first window is wide."""

(
    PAGE_CLUSTER,  # a window is at most 1 << this; 0: no read-ahead
    HITS,  # pages read ahead that were used since the last fault
    PREV_OFFSET,  # slot of the last fault that found no hits
    LAST_PAGES,  # the last window
    BEGUN,  # 1: the present fault has its window
    NEXT,  # first slot of it that is still to be looked at
    END,  # first slot behind it
    COUNTS,
) = range(8)


def make_readahead(page_cluster: int, zeros: Zeros) -> Ints:
    """Return the state of read-ahead, int64, shape (COUNTS,), before the first fault."""
    readahead = zeros(COUNTS)
    readahead[PAGE_CLUSTER] = page_cluster
    readahead[HITS] = INITIAL_HITS
    return readahead


@simulated
def swapin_nr_pages(readahead: Ints, slot: int) -> int:
    """Return the window of a fault at a slot, a power of two, and forget the hits.

    Without hits it takes a neighbour of the last such fault to try two pages.
    """
    max_pages = 1 << readahead[PAGE_CLUSTER]
    if max_pages == 1:
        return 1
    hits = readahead[HITS]
    readahead[HITS] = 0
    pages = 1
    if hits > 0:
        pages = 4
        while pages < hits + 2:
            pages *= 2
    elif slot == readahead[PREV_OFFSET] + 1 or slot == readahead[PREV_OFFSET] - 1:
        pages = 2
    # A window shrinks by half at most.
    pages = max(min(pages, max_pages), readahead[LAST_PAGES] // 2)
    # FIDELITY: the slot of a fault that found hits is not remembered.
    if hits == 0:
        readahead[PREV_OFFSET] = slot
    readahead[LAST_PAGES] = pages
    return pages


@simulated
def begin_readahead(readahead: Ints, slot: int, slots: int) -> None:
    """Open the present fault's window: the aligned block that its slot is in.

    slots: slots of the swap file. The header, slot 0, is left out.
    """
    pages = swapin_nr_pages(readahead, slot)
    block = slot - slot % pages
    readahead[BEGUN] = 1
    readahead[NEXT] = max(block, 1)
    readahead[END] = min(block + pages, slots)
