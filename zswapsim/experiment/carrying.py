# SPDX-License-Identifier: GPL-2.0-only
"""What the journal's records do to real bytes: one loop for both engines, see bytes_plane.py.

Memory is known by addresses, which compiled code takes as they are: so every place in a pool, every
slot and every content is looked at before it is used. What only Python can do, it is called for:
bytes that are not at hand, a compressor that has no C function, a swap file that is to be read.
"""

from typing import NamedTuple

from zswapsim.content.swap_file import Pending, pending_page
from zswapsim.engine.native import (
    call_native,
    clock_ns,
    copy_memory,
    is_same_memory,
    load_word,
    store_word,
)
from zswapsim.engine.simulated import Ints, simulated
from zswapsim.machine.journal import (
    LOAD,
    LOAD_SAME,
    LOAD_ZERO,
    MOVE,
    READ_FAILED,
    SLOT,
    STORE,
    STORE_SAME,
    STORE_ZERO,
    SWAP_READ,
    SWAP_WRITE,
    WRITE_FAILED,
    WRITEBACK,
    Journal,
)
from zswapsim.units import PAGE_SIZE

(
    CONTENTS,  # address of the contents, one page after the other
    CONTENTS_COUNT,
    FRESH,  # number of the content that is a page of zeros, -1 if there is none
    ZEROS,  # addresses of a page of zeros, of what a failed write leaves, and of room for a page
    UNDEFINED,  # that was decompressed or read, one that was fetched, and compressed bytes
    READ,
    FETCHED,
    DATA,
    PENDING,  # address of the swap file's pending pages
    AREA,  # address of compressed bytes that are kept
    FETCH_PAGE,  # addresses of functions: (content), 0 if the page is in FETCHED
    FETCH_DATA,  # (pool, content), the length of what is in DATA, or -1
    READ_SLOT,  # (slot), 0 if the page is in READ
    FLUSH,  # (), 0 if no pages are pending any more
    DECOMPRESS,  # (source, target, length, capacity, pool), for a compressor without a C function
    CHECKED,  # pages that were compared
    FAILED_READS,
    DECOMPRESS_NS,
    SOURCE,  # address of the page that load_object found
    PROBLEM,  # why the loop stopped
    NUMBERS,
) = range(21)

(
    OK,
    WRONG_OBJECT,
    WRONG_HEADER,
    WRONG_SLOT,
    WRONG_WORD,
    WRONG_ZEROS,
    OUTSIDE,  # of the memory of the pool, or of the slots
    FAILED,  # something that was called raised
) = range(8)


class Kept(NamedTuple):
    """places: int64 by content, 1 + where its compressed bytes are in AREA, 0 if they are not kept;

    lengths: int32 by content."""

    places: Ints
    lengths: Ints


class CarriedPools(NamedTuple):
    """By number of the pool: address and bytes of its memory, bytes before an object's data,

    whether an object of a page's length is the page as it is, whether Kept is of its compressor,
    and the address of (source, target, length, capacity, pool), which decompresses."""

    memory: Ints
    memory_bytes: Ints
    header_bytes: Ints
    raw: Ints
    kept: Ints
    decompress: Ints


class Carrier(NamedTuple):
    """numbers: as named above; page_of: int32 by slot, ~page that was given it, 0 if none was;

    word_of: int64 by slot, the word of the same-filled page that was stored last."""

    numbers: Ints
    pools: CarriedPools
    pending: Pending
    kept: Kept
    page_of: Ints
    word_of: Ints


@simulated
def carry(carrier: Carrier, journal: Journal, first: int, end: int) -> int:
    """Follow records first .. end - 1; return end, or the record that went wrong: see PROBLEM."""
    for at in range(first, end):
        problem = carry_record(carrier, journal, at)
        if problem != OK:
            carrier.numbers[PROBLEM] = problem
            return at
    return end


@simulated
def carry_record(carrier: Carrier, journal: Journal, at: int) -> int:
    """Follow one record; return OK or what is wrong."""
    event = journal.event[at]
    slot = journal.slot[at]
    content = journal.content[at]
    if not 0 <= slot < len(carrier.page_of):
        return OUTSIDE
    if event == STORE:
        return store_object(carrier, journal, at)
    if event == LOAD:
        return load_object(carrier, journal, at)
    if event == WRITEBACK:
        return write_back_object(carrier, journal, at)
    if event == SWAP_WRITE:
        page = page_address(carrier, content)
        return FAILED if page == 0 else write_slot(carrier, slot, page)
    if event == SWAP_READ:
        return read_slot(carrier, slot, content)
    if event == MOVE:
        return move_object(carrier, journal, at)
    if event == SLOT:
        carrier.page_of[slot] = ~content
    elif event == WRITE_FAILED:
        return write_slot(carrier, slot, carrier.numbers[UNDEFINED])
    elif event == READ_FAILED:
        carrier.numbers[FAILED_READS] += 1
    elif event == LOAD_ZERO:  # compared when it was stored; the map holds no bytes
        carrier.numbers[CHECKED] += 1
    else:
        return carry_word(carrier, event, slot, content)
    return OK


@simulated
def carry_word(carrier: Carrier, event: int, slot: int, content: int) -> int:
    """Follow a record of a page that is no more than a word, repeated; others do nothing."""
    if event != STORE_SAME and event != LOAD_SAME and event != STORE_ZERO:
        return OK
    page = page_address(carrier, content)
    if page == 0:
        return FAILED
    if event == STORE_SAME:
        carrier.word_of[slot] = load_word(page)
        return OK
    if event == STORE_ZERO:
        is_zero = is_same_memory(page, carrier.numbers[ZEROS], PAGE_SIZE)
        return OK if is_zero else WRONG_ZEROS
    carrier.numbers[CHECKED] += 1
    # Every word is the one before it.
    is_repeated = is_same_memory(page, page + 8, PAGE_SIZE - 8)
    return OK if is_repeated and load_word(page) == carrier.word_of[slot] else WRONG_WORD


@simulated
def page_address(carrier: Carrier, content: int) -> int:
    """Return where a content is, or 0 if it was not to be had."""
    numbers = carrier.numbers
    if 0 <= content < numbers[CONTENTS_COUNT]:
        return numbers[CONTENTS] + content * PAGE_SIZE
    if content == numbers[FRESH]:
        return numbers[ZEROS]
    outcome = call_native(numbers[FETCH_PAGE], content, 0, 0, 0, 0, 0)
    return numbers[FETCHED] if outcome == 0 else 0


@simulated
def holds(carrier: Carrier, content: int, page: int, problem: int) -> int:
    """Return OK if a content is the page at an address, else the problem."""
    expected = page_address(carrier, content)
    if expected == 0:
        return FAILED
    carrier.numbers[CHECKED] += 1
    return OK if is_same_memory(expected, page, PAGE_SIZE) else problem


@simulated
def is_inside(pools: CarriedPools, pool: int, address: int, length: int) -> bool:
    """Say whether a place in a pool is one."""
    if not 0 <= pool < len(pools.memory):
        return False
    return address >= 0 and 0 <= length <= pools.memory_bytes[pool] - address


@simulated
def store_object(carrier: Carrier, journal: Journal, at: int) -> int:
    """Put an object into the pool's memory."""
    numbers, pools, kept = carrier.numbers, carrier.pools, carrier.kept
    pool, address, content = journal.pool[at], journal.address[at], journal.content[at]
    if not is_inside(pools, pool, address, 0):
        return OUTSIDE
    size = PAGE_SIZE
    if pools.raw[pool] == 1 and journal.length[at] == PAGE_SIZE:
        source = page_address(carrier, content)
        if source == 0:
            return FAILED
    elif pools.kept[pool] == 1 and 0 <= content < len(kept.places) and kept.places[content] > 0:
        source = numbers[AREA] + kept.places[content] - 1
        size = kept.lengths[content]
    else:
        source = numbers[DATA]
        size = call_native(numbers[FETCH_DATA], pool, content, 0, 0, 0, 0)
        if size < 0:
            return FAILED
    header_bytes = pools.header_bytes[pool]
    if not is_inside(pools, pool, address, header_bytes + size):
        return OUTSIDE
    target = pools.memory[pool] + address
    if header_bytes > 0:
        store_word(target, journal.slot[at])
    copy_memory(target + header_bytes, source, size)
    return OK


@simulated
def load_object(carrier: Carrier, journal: Journal, at: int) -> int:
    """Decompress an object and compare it; SOURCE is the page then."""
    numbers, pools = carrier.numbers, carrier.pools
    pool, address, length = journal.pool[at], journal.address[at], journal.length[at]
    if not is_inside(pools, pool, address, 0):
        return OUTSIDE
    header_bytes = pools.header_bytes[pool]
    if not is_inside(pools, pool, address, header_bytes + length):
        return OUTSIDE
    page = pools.memory[pool] + address + header_bytes
    if not (pools.raw[pool] == 1 and length == PAGE_SIZE):
        began_ns = clock_ns()
        source = page
        page = numbers[READ]
        size = call_native(pools.decompress[pool], source, page, length, PAGE_SIZE, pool, 0)
        numbers[DECOMPRESS_NS] += clock_ns() - began_ns
        if size != PAGE_SIZE:
            return WRONG_OBJECT
    numbers[SOURCE] = page
    return holds(carrier, journal.content[at], page, WRONG_OBJECT)


@simulated
def write_back_object(carrier: Carrier, journal: Journal, at: int) -> int:
    """Decompress an object, compare it, and write it to its slot."""
    problem = load_object(carrier, journal, at)
    if problem != OK:
        return problem
    pools, pool, slot = carrier.pools, journal.pool[at], journal.slot[at]
    if pools.header_bytes[pool] > 0 and load_word(pools.memory[pool] + journal.address[at]) != slot:
        return WRONG_HEADER
    return write_slot(carrier, slot, carrier.numbers[SOURCE])


@simulated
def move_object(carrier: Carrier, journal: Journal, at: int) -> int:
    """Move an object to where `content` says."""
    pools, pool = carrier.pools, journal.pool[at]
    address, target, length = journal.address[at], journal.content[at], journal.length[at]
    if not (is_inside(pools, pool, address, length) and is_inside(pools, pool, target, length)):
        return OUTSIDE
    copy_memory(pools.memory[pool] + target, pools.memory[pool] + address, length)
    return OK


@simulated
def write_slot(carrier: Carrier, slot: int, page: int) -> int:
    """Write the page at an address to the swap file."""
    pending, numbers = carrier.pending, carrier.numbers
    if not 1 <= slot < len(pending.place):
        return OUTSIDE
    at = pending_page(pending, slot)
    if at < 0:
        if call_native(numbers[FLUSH], 0, 0, 0, 0, 0, 0) != 0:
            return FAILED
        at = pending_page(pending, slot)
    copy_memory(numbers[PENDING] + at * PAGE_SIZE, page, PAGE_SIZE)
    return OK


@simulated
def read_slot(carrier: Carrier, slot: int, content: int) -> int:
    """Read a slot and compare it."""
    pending, numbers = carrier.pending, carrier.numbers
    if not 1 <= slot < len(pending.place):
        return OUTSIDE
    if pending.place[slot] != 0:
        page = numbers[PENDING] + (pending.place[slot] - 1) * PAGE_SIZE
    else:
        page = numbers[READ]
        if call_native(numbers[READ_SLOT], slot, 0, 0, 0, 0, 0) != 0:
            return FAILED
    return holds(carrier, content, page, WRONG_SLOT)
