# SPDX-License-Identifier: GPL-2.0-only
"""What pages hold at the moment of an access, access by access: the rule of trace.py, followed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zswapsim.trace.trace import WRITE, Trace, first_contents
from zswapsim.units import FREED

NOTHING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One access. content: number of what its page holds then, None if there is none.

    fresh: the page was given back, so that the access finds a page of zeros; freed: the pages given
    back right before it.
    """

    number: int
    page: int
    write: bool
    content: int | None
    fresh: bool
    freed: tuple[int, ...]


def first_accesses(trace: Trace, count: int) -> Iterator[Access]:
    """Yield the first accesses of a trace, at most count. No more of it is read than needed."""
    at, page, content = trace.versions
    pages, first = first_contents(trace)
    holds = dict(zip(pages.tolist(), first.tolist(), strict=True))
    version = 0
    number = 0
    for block in trace.blocks(max(1, min(count, 1 << 16))):
        for access in block[: count - number].tolist():
            end = int(np.searchsorted(at, number, side="right"))
            freed = []
            for of, held in zip(
                page[version:end].tolist(), content[version:end].tolist(), strict=True
            ):
                holds[of] = held
                if held == FREED:
                    freed.append(of)
            version = end
            touched = access & ~WRITE
            now = holds.get(touched, NOTHING)
            yield Access(
                number=number,
                page=touched,
                write=access >= WRITE,
                content=None if now in (NOTHING, FREED) else now,
                fresh=now == FREED,
                freed=tuple(freed),
            )
            number += 1
        if number >= count:
            return
