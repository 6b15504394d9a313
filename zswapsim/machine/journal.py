# SPDX-License-Identifier: GPL-2.0-only
"""The journal: what the machine decided, in order, for those who carry the bytes or compare.

A record is (event, slot, pool, address, length, content, at): `address` is the object's, in bytes
from the start of the pool's memory, `length` the compressed length in bytes without header,
`content` the content number (elsewhere if said), `at` the position in the trace. The journal has a
fixed capacity; the machine's loop stops before it could overflow and goes on when it was drained.

| event          | meaning                                                                        |
|----------------|--------------------------------------------------------------------------------|
| STORE          | an object was allocated and holds the compressed page                          |
| STORE_SAME     | a same-filled page was noted; no object                                        |
| STORE_FAILED   | zswap refused the page; content is -errno, length the bytes asked of the zpool |
| LOAD           | a page came back from its object; the entry stays                              |
| LOAD_SAME      | a page came back as its repeated word                                          |
| LOAD_MISS      | zswap does not have the page                                                   |
| SWAP_WRITE     | a page that zswap refused went to the swap file                                |
| SWAP_READ      | a page came from the swap file                                                 |
| SHRINK         | a shrink of a pool begins                                                      |
| SHRINK_END     | it ended; content is 0 or -errno                                               |
| EVICT          | the pool asks for the writeback of an object                                   |
| EVICT_FAILED   | which did not happen; content is -errno                                        |
| WRITEBACK      | or did: the object was decompressed into the swap file                         |
| FREE           | an object was freed                                                            |
| INVALIDATE     | a slot was freed, or is about to be stored anew                                |
| SLOT           | a page got the slot; content is the page's number                              |
| MOVE           | the pool moved an object: length bytes from address to address `content`       |
| STORE_ZERO     | the swap core noted a page of zeros; nobody else sees it                       |
| LOAD_ZERO      | a page of zeros came back                                                      |
| READ_FAILED    | the disk did not give a page                                                   |
| WRITE_FAILED   | the disk did not take a page: what it holds of the slot is undefined now       |
"""

from typing import Any, NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated

(
    STORE,
    STORE_SAME,
    STORE_FAILED,
    LOAD,
    LOAD_SAME,
    LOAD_MISS,
    SWAP_WRITE,
    SWAP_READ,
    SHRINK,
    SHRINK_END,
    EVICT,
    EVICT_FAILED,
    WRITEBACK,
    FREE,
    INVALIDATE,
    SLOT,
    MOVE,
    STORE_ZERO,
    LOAD_ZERO,
    READ_FAILED,
    WRITE_FAILED,
) = range(1, 22)

HEADROOM = 256
"""Records that one step of the machine's loop may write at most; see memory.reclaim_one."""

LENGTH, WANTED, POSITION = range(3)


class Journal(NamedTuple):
    """Records as columns, int64, shape (capacity,). counts: LENGTH used,

    WANTED mask of events, POSITION in the trace."""

    event: Ints
    slot: Ints
    pool: Ints
    address: Ints
    length: Ints
    content: Ints
    at: Ints
    counts: Ints


ALL_EVENTS = -1
BYTES_EVENTS = sum(
    1 << event
    for event in (
        STORE,
        STORE_SAME,
        LOAD,
        LOAD_SAME,
        SWAP_WRITE,
        SWAP_READ,
        WRITEBACK,
        SLOT,
        MOVE,
        STORE_ZERO,
        LOAD_ZERO,
        READ_FAILED,
        WRITE_FAILED,
    )
)
"""The events that move bytes."""


def make_journal(capacity: int, wanted: int, zeros: Zeros) -> Journal:
    """Return an empty journal; wanted = 0 writes nothing and needs no capacity."""
    size = capacity if wanted else 1
    journal = Journal(
        event=zeros(size),
        slot=zeros(size),
        pool=zeros(size),
        address=zeros(size),
        length=zeros(size),
        content=zeros(size),
        at=zeros(size),
        counts=zeros(3),
    )
    journal.counts[WANTED] = wanted
    return journal


@simulated
def wants(journal: Journal, event: int) -> bool:
    """Say whether an event is to be recorded, where a record takes work to make."""
    return (journal.counts[WANTED] >> event) & 1 == 1


@simulated
def note(
    journal: Journal, event: int, slot: int, pool: int, address: int, length: int, content: int
) -> None:
    """Append a record if its event is wanted."""
    if (journal.counts[WANTED] >> event) & 1:
        at = journal.counts[LENGTH]
        journal.event[at] = event
        journal.slot[at] = slot
        journal.pool[at] = pool
        journal.address[at] = address
        journal.length[at] = length
        journal.content[at] = content
        journal.at[at] = journal.counts[POSITION]
        journal.counts[LENGTH] = at + 1


def drain(journal: Journal) -> list[list[int]]:
    """Take all records off the journal; return its seven columns as lists of int."""
    used = int(journal.counts[LENGTH])
    journal.counts[LENGTH] = 0
    columns = (
        journal.event,
        journal.slot,
        journal.pool,
        journal.address,
        journal.length,
        journal.content,
        journal.at,
    )
    return [_as_list(column, used) for column in columns]


def _as_list(column: Any, used: int) -> list[int]:
    taken = column[:used]
    return taken if isinstance(taken, list) else taken.tolist()


@simulated
def has_room(journal: Journal, records: int) -> bool:
    """Say whether so many more records are sure to fit."""
    return journal.counts[WANTED] == 0 or journal.counts[LENGTH] + records <= len(journal.event)


@simulated
def has_headroom(journal: Journal) -> bool:
    """Say whether one more step of the loop is sure to fit."""
    return has_room(journal, HEADROOM)
