# SPDX-License-Identifier: GPL-2.0-only
"""A trace with fewer accesses and the same faults of LRU: reduce.py applied to a whole trace."""

from typing import Any

import numpy as np

from zswapsim.trace.derive.reduce import Kept, Reducer, Renumbering
from zswapsim.trace.spool import Spool, spooled_trace
from zswapsim.trace.trace import Trace
from zswapsim.units import FREED


def reduced_trace(trace: Trace, k: int, *, engine: str = "auto") -> Trace:
    """Return the trace without accesses that LRU with k pages or more does not notice.

    Faults, victims and their contents stay what they are there; hits are fewer, and policies that
    count accesses see less heat. InvalidArgument if k is out of range. The whole trace is read.
    """
    reducer = Reducer(k, engine)
    spool, renumbering = Spool(), Renumbering()
    spool.tally.grow(trace.pages)
    at, page, content = trace.versions
    renumbering.positions(at)

    def take(kept: Kept) -> None:
        spool.append(kept.accesses)
        renumbering.advance(kept.indexes)

    freed_at, freed = at[content == FREED], page[content == FREED]
    done = 0
    for block in trace.blocks():
        end = int(np.searchsorted(freed_at, reducer.given + len(block), side="right"))
        take(reducer.add(block, freed_at[done:end], freed[done:end]))
        done = end
    take(reducer.finish())
    meta: dict[str, Any] = trace.meta | {"reduction_k": max(k, trace.meta.get("reduction_k", 0))}
    meta.setdefault("raw_accesses", trace.accesses)
    return spooled_trace(
        spool,
        meta=meta,
        versions=(renumbering.finish(), page, content),
        contents=trace.contents_bytes,
        page_numbers=trace.page_numbers,
    )
