# SPDX-License-Identifier: GPL-2.0-only
"""What a zpool driver promises."""

from zswapsim.conformance.law import Laws

LAWS: Laws = {
    "complete": "every operation is there, and create, check and place fit the driver",
    "numbers": "an operation raises nothing and returns a whole number",
    "strict": "arrays are indexed from 0 on, inside their length, and hold 64-bit integers",
    "errno": "malloc refuses with -ENOSPC what never fits, with -ENOMEM what does not fit now",
    "limit": "a size that is too large is always too large, and so is a larger one",
    "room": "a pool that room_for(n) was asked for has room for n objects",
    "handles": "a handle is positive, and no other object has it",
    "stable": "an object stays at its address until zpool_moved tells of another",
    "overlap": "no two objects overlap",
    "memory": "objects lie in the memory that address_pages tells of",
    "bytes": "the bytes of an object are never changed",
    "refusal": "what is refused changes nothing",
    "gone": "what was freed, or never there, is -EINVAL",
    "owner": "an evictable driver keeps the owner's word of each object",
    "total": "total_pages is 0 for an empty pool, and enough for what it holds",
    "capacity": "total_pages is never more than max_pages",
    "shrink_outcome": "shrink returns 0, -EINVAL for nothing to do, -EAGAIN where nobody helps",
    "shrink_asks": "shrink asks for objects that are there, and only an evictable driver asks",
    "shrink_frees": "shrink makes pages free, and reclaimed tells how many",
    "shrink_keeps": "a shrink that the owner refuses loses nothing",
    "shrink_ends": "shrink ends",
    "drain": "shrink after shrink, every object comes up once",
    "check": "the driver's own check finds nothing wrong",
    "place": "place tells any two objects apart",
    "again": "the same operations on a new pool give the same results",
    "compiled": "compiled gives the same results as interpreted, and the same state",
    "machine": "in a whole replay every page comes back as it was stored",
}
