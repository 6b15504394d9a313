# SPDX-License-Identifier: GPL-2.0-only
"""The size classes of zsmalloc: how many pages a zspage has, and how many objects go into it.

Specification section 4.1 to 4.3. Classes are 16 bytes apart; neighbours whose zspages have as many
pages and as many objects are one class, that of the larger size. The table depends on the version:
the longest chain of pages, and how the length of a chain is chosen: PERCENT takes the one with the
highest used percentage, WASTE the one with the fewest bytes left over.
"""

from functools import cache
from typing import NamedTuple

from zswapsim.profiles import WASTE

PAGE_SIZE = 4096
ZS_MIN_ALLOC_SIZE = 32
ZS_MAX_ALLOC_SIZE = PAGE_SIZE
ZS_SIZE_CLASS_DELTA = 16
ZS_SIZE_CLASSES = 255
ZS_HANDLE_SIZE = 8


class SizeClass(NamedTuple):
    """A class. number: its index, which is that of the largest size merged into it."""

    number: int
    size: int
    pages: int
    objs: int

    @property
    def waste(self) -> int:
        """Bytes of a zspage that no object can use."""
        return self.pages * PAGE_SIZE - self.objs * self.size


@cache
def size_classes(max_chain: int, algorithm: int) -> tuple[SizeClass, ...]:
    """Return the class for each of the 255 indices, merged ones repeated.

    max_chain: most pages of a zspage. Source: mm/zsmalloc.c zs_create_pool.
    """
    classes: list[SizeClass] = []
    for index in reversed(range(ZS_SIZE_CLASSES)):
        size = min(ZS_MIN_ALLOC_SIZE + index * ZS_SIZE_CLASS_DELTA, ZS_MAX_ALLOC_SIZE)
        pages = pages_per_zspage(size, max_chain, algorithm)
        objs = pages * PAGE_SIZE // size
        merged = classes and (classes[-1].pages, classes[-1].objs) == (pages, objs)
        classes.append(classes[-1] if merged else SizeClass(index, size, pages, objs))
    return tuple(reversed(classes))


def pages_per_zspage(size: int, max_chain: int, algorithm: int) -> int:
    """Return the length of the chain that suits a size best; the shorter one of equals."""
    if algorithm == WASTE and size & (size - 1) == 0:
        return 1
    chains = range(1, max_chain + 1)
    if algorithm == WASTE:
        return min(chains, key=lambda pages: pages * PAGE_SIZE % size)
    return max(chains, key=lambda pages: used_percent(size, pages))


def used_percent(size: int, pages: int) -> int:
    """Return the whole percents of a chain that objects of a size can use."""
    total = pages * PAGE_SIZE
    return (total - total % size) * 100 // total


def huge_class_size(max_chain: int, algorithm: int) -> int:
    """Return the smallest request that takes a page of its own."""
    for size_class in reversed(size_classes(max_chain, algorithm)):
        if size_class.pages != 1 and size_class.objs != 1:
            return size_class.size - ZS_HANDLE_SIZE + 1
    return ZS_MAX_ALLOC_SIZE + 1
