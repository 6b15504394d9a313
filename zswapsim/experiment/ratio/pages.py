# SPDX-License-Identifier: GPL-2.0-only
"""The pages that are looked at: drawn from a trace, a snapshot or bare bytes, in file order.

Pages count, not contents: a content that many pages of a snapshot hold counts as often, and of a
trace each version does. File order is by page, and of one page by time.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zswapsim.content.same_filled import same_filled_kinds
from zswapsim.errors import InvalidArgument
from zswapsim.trace.trace import Trace
from zswapsim.units import FREED, PAGE_SIZE

DEFAULT_SAMPLE_PAGES = (64 << 20) // PAGE_SIZE
Content: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PageSet:
    """Pages to measure. len() is their number.

    contents: distinct pages end to end; content: int64 (pages,), which of them each page holds, in
    file order; kinds: uint8 (distinct,), 0, SAME_FILLED or ZERO_FILLED; name, what: for people;
    of: pages or versions that these were drawn from; unit: what `of` counts; padded_bytes: zeros
    put after the last page.
    """

    contents: bytes
    content: Content
    name: str = "pages"
    what: str = ""
    of: int = 0
    unit: str = "pages"
    padded_bytes: int = 0
    kinds: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        """Find the same-filled pages."""
        object.__setattr__(self, "kinds", same_filled_kinds(self.contents))

    def __len__(self) -> int:
        return len(self.content)

    @property
    def distinct(self) -> int:
        """Number of distinct contents."""
        return len(self.contents) // PAGE_SIZE

    def page(self, content: int) -> bytes:
        """Return the bytes of a content."""
        return self.contents[content * PAGE_SIZE : (content + 1) * PAGE_SIZE]


def pages_of_bytes(data: bytes, name: str = "bytes") -> PageSet:
    """Cut bytes into pages, the last one filled up with zeros. InvalidArgument if empty."""
    if not data:
        raise InvalidArgument(f"{name}: there are no bytes to measure")
    padded_bytes = -len(data) % PAGE_SIZE
    whole = data + bytes(padded_bytes)
    count = len(whole) // PAGE_SIZE
    return PageSet(
        whole, np.arange(count, dtype=np.int64), name, of=count, padded_bytes=padded_bytes
    )


def pages_of_trace(
    trace: Trace, *, sample_pages: int = DEFAULT_SAMPLE_PAGES, seed: int = 0
) -> PageSet:
    """Take what pages of a trace or snapshot held, at most sample_pages, drawn by the seed.

    Each version counts once. Of a trace whose contents belong to no page, each content does.
    InvalidArgument if it has no contents, or sample_pages is below 1.
    """
    if sample_pages < 1:
        raise InvalidArgument(f"a sample of {sample_pages} pages; allowed are 1 and more")
    if not trace.has_contents:
        raise InvalidArgument(f"{trace.name}: has accesses, but no contents of pages")
    held, unit = _in_file_order(trace)
    of = len(held)
    if of > sample_pages:
        random = np.random.RandomState(seed)
        held = held[np.sort(random.permutation(of)[:sample_pages])]
    used, content = np.unique(held, return_inverse=True)
    whole = trace.contents_bytes
    contents = b"".join(
        whole[number * PAGE_SIZE : (number + 1) * PAGE_SIZE] for number in used.tolist()
    )
    meta = trace.meta
    if not trace.accesses:
        of = int(meta.get("present_pages", of))
    return PageSet(
        contents,
        content.astype(np.int64).reshape(-1),
        name=trace.name,
        what=_what(meta),
        of=max(of, len(held)),
        unit=unit,
        padded_bytes=int(meta.get("padded_bytes", 0)),
    )


def _in_file_order(trace: Trace) -> tuple[NDArray[np.uint32], str]:
    """Return the contents that pages held, by page and time, and what is counted."""
    _, page, content = trace.versions
    order = np.argsort(page, kind="stable")
    held = content[order]
    held = held[held != FREED]
    if len(held):
        return held, "versions" if trace.accesses else "pages"
    return np.arange(trace.contents_count, dtype=np.uint32), "contents"


def _what(meta: dict[str, Any]) -> str:
    told = meta.get("what") or meta.get("program")
    return "" if told in (None, "none", meta.get("name")) else str(told)
