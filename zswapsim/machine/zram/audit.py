# SPDX-License-Identifier: GPL-2.0-only
"""check() of zram and its pool: for tests, and after each step of a run by hand."""

from zswapsim.errors import InvariantError
from zswapsim.machine.pools.zpool import zpool_total_pages
from zswapsim.machine.pools.zsmalloc import zs_check
from zswapsim.machine.pools.zsmalloc_zspage import ZsPool, find_object
from zswapsim.machine.zram import device as z


def zram_check(zram: z.Zram, pool: ZsPool) -> None:
    """Audit counters, slots, objects, blocks and the pool; InvariantError names what is wrong."""
    kinds = [int(zram.kind[slot]) for slot in range(len(zram.kind))]
    counters = zram.counters
    of_kind = {kind: [slot for slot, own in enumerate(kinds) if own == kind] for kind in range(5)}
    stored = len(kinds) - len(of_kind[z.EMPTY])
    _require(counters[z.PAGES_STORED] == stored, "pages_stored is not the number of slots in use")
    _require(counters[z.SAME_PAGES] == len(of_kind[z.SAME]), "same_pages is wrong")
    _require(counters[z.HUGE_PAGES] == len(of_kind[z.HUGE]), "huge_pages is wrong")
    _require(counters[z.HUGE_PAGES_SINCE] >= counters[z.HUGE_PAGES], "huge_pages_since is wrong")
    objects = sorted([*of_kind[z.COMPRESSED], *of_kind[z.HUGE]])
    for slot in range(len(kinds)):
        length = int(zram.length[slot])
        if kinds[slot] == z.COMPRESSED:
            fits = 0 < length < zram.parameters[z.HUGE_CLASS_SIZE]
        else:
            fits = length == (z.PAGE_SIZE if kinds[slot] == z.HUGE else 0)
        _require(fits, f"slot {slot} has a length of {length}")
        _require(zram.idle[slot] == 0 or kinds[slot] != z.EMPTY, f"slot {slot} is empty and idle")
    lengths = [int(zram.length[slot]) for slot in objects]
    _require(counters[z.COMPR_DATA_SIZE] == sum(lengths), "compr_data_size is not the lengths' sum")
    handles = {int(zram.handle[slot]) for slot in objects}
    _require(len(handles) == len(objects), "two slots share an object")
    for slot in objects:
        allocated = find_object(pool, int(zram.handle[slot])) >= 0
        _require(allocated, f"the object of slot {slot} is not allocated")
    used = sum(int(pool.obj_used[class_]) for class_ in range(len(pool.obj_used)))
    _require(used == len(objects), "an object belongs to no slot")
    pages = zpool_total_pages(pool)
    _require(counters[z.MAX_USED_PAGES] >= pages, "the peak is less than the pool has now")
    blocks = sorted(int(zram.handle[slot]) for slot in of_kind[z.WRITTEN_BACK])
    taken = [block for block in range(len(zram.blocks)) if zram.blocks[block]]
    _require(blocks == taken, "the blocks in use are not those of the written-back slots")
    _require(counters[z.BD_COUNT] == len(taken), "bd_count is not the number of blocks in use")
    _require(0 not in taken, "block 0 is in use")
    below = range(1, counters[z.FIRST_FREE_BLOCK])
    _require(all(zram.blocks[block] for block in below), "a free block is lower than the first")
    loads, writebacks = counters[z.LOAD_DECOMPRESSIONS], counters[z.WRITEBACK_DECOMPRESSIONS]
    moves = counters[z.CLOCK] - counters[z.COMPRESSIONS]
    _require(0 <= loads <= moves, "more reads were decompressed than there were")
    _require(0 <= writebacks <= counters[z.BD_WRITES], "more writebacks were decompressed")
    made = len(objects) + writebacks
    _require(counters[z.COMPRESSIONS] >= made, "more objects are there than were compressed")
    zs_check(pool)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvariantError(f"zram: {message}")
