# SPDX-License-Identifier: GPL-2.0-only
"""The decision points of the machine, in the order in which a page meets them.

A tracepoint is called right after what it tells was decided; `..._end` when it is done. Pages of
pools are numbered as their drivers do; outcomes are 0 or -errno; flags are 0 or 1.
"""

from zswapsim.engine.tracepoint import tracepoint

# Memory and reclaim


@tracepoint
def trace_fault(page: int, write: int, swapped: int) -> None:
    """A page is not resident; swapped: a major fault, it has to come from its slot."""


@tracepoint
def trace_victim(page: int, slot: int, clean: int) -> None:
    """Reclaim chose a page; clean: its slot still holds its content, so it is just dropped."""


@tracepoint
def trace_swap_full(page: int) -> None:
    """There is no free slot for a victim, which stays."""


# zswap


@tracepoint
def trace_store(slot: int, content: int, length: int, same_filled: int) -> None:
    """zswap is offered a page; length: compressed bytes, or -errno."""


@tracepoint
def trace_limit_hit(used_pages: int, max_pages: int) -> None:
    """The pool is full."""


@tracepoint
def trace_hysteresis(used_pages: int, accept_pages: int, accepted: int) -> None:
    """The pool was full before; accepted: it has fallen far enough to take pages again."""


@tracepoint
def trace_same_filled(slot: int) -> None:
    """A page of one repeated word is kept as that word."""


@tracepoint
def trace_store_end(slot: int, outcome: int) -> None:
    """zswap took a page, or refused it."""


@tracepoint
def trace_load(slot: int, kind: int, exclusive: int) -> None:
    """A page is asked for; kind: of the entry as in zswap.state, NONE: zswap has it not."""


@tracepoint
def trace_invalidate(slot: int, kind: int) -> None:
    """A slot is free, or about to be stored anew; kind: of the entry that goes, or NONE."""


@tracepoint
def trace_shrink(pool: int) -> None:
    """A pool is to give one of its pages free."""


@tracepoint
def trace_shrink_end(pool: int, outcome: int) -> None:
    """It did, or failed."""


@tracepoint
def trace_second_chance(slot: int) -> None:
    """The oldest entry was used since it was stored, and is the newest now."""


@tracepoint
def trace_writeback(slot: int, outcome: int) -> None:
    """An entry went to the swap file, or could not."""


# The swap file


@tracepoint
def trace_swap_write(slot: int, content: int) -> None:
    """A page that zswap did not take goes to the disk."""


@tracepoint
def trace_swap_read(slot: int) -> None:
    """A page comes from the disk."""


@tracepoint
def trace_swap_zero(slot: int, stored: int) -> None:
    """The swap core notes that a page is all zeros, or fills one in; nobody else is asked."""


# zram


@tracepoint
def trace_zram_write(slot: int, content: int, length: int, same_filled: int) -> None:
    """zram is given a page; length: compressed bytes, or -errno."""


@tracepoint
def trace_zram_limit(used_pages: int, limit_pages: int) -> None:
    """With the object the pool is over its limit, so the object goes again."""


@tracepoint
def trace_zram_write_end(slot: int, kind: int, outcome: int) -> None:
    """zram took a page, or refused it; kind: of the slot now, as in zram.device."""


@tracepoint
def trace_zram_read(slot: int, kind: int) -> None:
    """A page is asked for; kind: of its slot, EMPTY reads as zeros."""


@tracepoint
def trace_zram_free(slot: int, kind: int) -> None:
    """What a slot held goes: discarded, freed, written over or written back."""


@tracepoint
def trace_zram_writeback(slot: int, block: int) -> None:
    """A page goes to a block of the backing device."""


# Pools


@tracepoint
def trace_zbud_search(chunks: int, free_chunks: int, page: int) -> None:
    """The unbuddied lists were searched upwards from `chunks`; page: -1 if all were empty."""


@tracepoint
def trace_zbud_alloc(page: int, last: int, chunks: int) -> None:
    """An object has a place, FIRST or LAST, in a page that is now the newest of the LRU."""


@tracepoint
def trace_zbud_free(page: int, last: int, released: int) -> None:
    """An object is gone; released: its page, too."""


@tracepoint
def trace_zbud_reclaim(page: int, first: int, last: int) -> None:
    """The oldest page was chosen; first, last: handles of its objects, 0 for none."""


@tracepoint
def trace_zbud_evict(page: int, last: int) -> None:
    """The writeback of FIRST, or then LAST, is asked for."""


@tracepoint
def trace_zbud_reclaim_end(page: int, released: int) -> None:
    """The page came free, or stays, as the newest."""


@tracepoint
def trace_z3fold_search(chunks: int, free_chunks: int, page: int) -> None:
    """The unbuddied lists were searched upwards from `chunks`; page: 0 if none fits."""


@tracepoint
def trace_z3fold_alloc(page: int, bud: int, chunks: int) -> None:
    """An object has a place; bud: HEADLESS, FIRST, MIDDLE or LAST."""


@tracepoint
def trace_z3fold_free(page: int, bud: int) -> None:
    """An object is gone."""


@tracepoint
def trace_z3fold_reclaim(page: int) -> None:
    """The oldest page without foreign objects was chosen."""


@tracepoint
def trace_z3fold_evict(page: int, bud: int) -> None:
    """The writeback of a buddy is asked for: MIDDLE, then FIRST, then LAST."""


@tracepoint
def trace_z3fold_reclaim_end(page: int, released: int) -> None:
    """The page came free, or stays, as the newest."""


@tracepoint
def trace_z3fold_move(page: int, bud: int, to_page: int, to_bud: int) -> None:
    """Compaction moved an object: out of the page that it was alone in, or within its page."""


@tracepoint
def trace_zs_malloc(size_class: int, zspage: int, obj: int, fresh: int) -> None:
    """An object has a place in a zspage of its size class; fresh: a new zspage was made for it."""


@tracepoint
def trace_zs_free(size_class: int, zspage: int, obj: int, released: int) -> None:
    """An object is gone; released: its zspage, too."""


@tracepoint
def trace_zs_move(size_class: int, zspage: int, obj: int, to_zspage: int, to_obj: int) -> None:
    """Compaction moved an object from a sparse zspage into a fuller one of its class."""
