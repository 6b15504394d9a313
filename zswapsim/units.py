# SPDX-License-Identifier: GPL-2.0-only
"""Pages, sizes and durations: constants, what a person types, and what a person reads."""

import re

from zswapsim.errors import InvalidArgument

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
MAX_PAGES = 1 << 36
MAX_PERCENT = 10_000
"""Both keep the limit's arithmetic, pages * percent * percent, within 64 bits."""
NUMBER_BITS = 52
"""Of a page's number, which is an address >> PAGE_SHIFT; above are those of its address space."""
MAX_SPACES = 1 << 12
"""Address spaces - processes, traces, targets - that a page number in 64 bits can tell apart."""
FREED = 0xFFFFFFFF
"""Content number of a version that says: the program gave the page back here."""

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|[kmgt]?(?:i?b)?|pages?|p)", re.I)
_FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_pages(text: str, whole_pages: int | None = None) -> int:
    """Return the pages that a size means: "64M", "1.5GiB", "8192" (bytes), "300p", "50%".

    A percentage is of whole_pages and needs it. Sizes round down to whole pages.
    InvalidArgument says what is allowed.
    """
    match = _SIZE.fullmatch(str(text).strip())
    if match is None:
        raise InvalidArgument(
            f"{text!r} is no size; allowed are bytes with an optional unit (64M, 1.5GiB), "
            "pages (300p) or a percentage (50%)"
        )
    number, unit = float(match["number"]), match["unit"].lower()
    if unit == "%":
        if whole_pages is None:
            raise InvalidArgument(f"{text!r}: a percentage is not allowed here")
        pages = number * whole_pages / 100
    elif unit.startswith("p"):
        pages = number
    else:
        pages = number * _FACTOR[unit[:1] if unit[:1] in "kmgt" else ""] / PAGE_SIZE
    if unit == "%" and number > MAX_PERCENT:
        raise InvalidArgument(f"{text[:20]!r}: allowed is at most {MAX_PERCENT} %")
    if pages > MAX_PAGES and unit != "%":
        raise InvalidArgument(f"{text[:20]!r} is more than {MAX_PAGES} pages")
    if pages < 1:
        raise InvalidArgument(f"{text!r} is less than one page of {PAGE_SIZE} bytes")
    return int(pages)


def format_bytes(size_bytes: float) -> str:
    """Return a size as a person reads it: "512 B", "5.6 MiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size_bytes) < 1024:
            return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"


def format_pages(pages: int) -> str:
    """Return a number of pages with its size: "1,596 pages (6.2 MiB)"."""
    return f"{pages:,} pages ({format_bytes(pages * PAGE_SIZE)})"


def format_share(part: float, whole: float, digits: int = 1) -> str:
    """Return a share as a person reads it: "12.5 %"; what is not nothing is "<0.1 %" at least."""
    percent = 100 * part / whole if whole else 0.0
    least = 10.0**-digits
    return f"<{least:.{digits}f} %" if 0 < percent < least / 2 else f"{percent:.{digits}f} %"
