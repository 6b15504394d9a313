# SPDX-License-Identifier: GPL-2.0-only
"""Allocators as ordinary Python classes: the quick way to try an idea. They run interpreted only.

A subclass of PlainPool writes malloc, free, map and total_pages, and shrink where it can evict; the
rest is here. driver_of makes a driver of it, which an entry point may name.
"""

from collections.abc import Callable
from typing import Any

from zswapsim.engine.simulated import Zeros
from zswapsim.errors import EINVAL
from zswapsim.machine.pools import zpool
from zswapsim.units import PAGE_SIZE


class PlainPool:
    """Base of a pool as a plain class. max_pages: of its memory, numbered from 0 on.

    An outcome is 0 or more, or a negative errno. A handle is greater than 0, of one object at a
    time, and stays the same for as long as that is allocated.
    """

    def __init__(self, max_pages: int) -> None:
        self.max_pages = max_pages
        self.pages_reclaimed = 0
        self._owner_words: dict[int, int] = {}

    def malloc(self, size: int) -> int:
        """Return a handle for size bytes. -EINVAL: not positive; -ENOSPC: too large for this
        allocator, however empty it is; -ENOMEM: no page is left."""
        raise NotImplementedError

    def free(self, handle: int) -> int:
        """Free an object; return 0, or -EINVAL where nothing is allocated."""
        raise NotImplementedError

    def map(self, handle: int) -> int:
        """Return the byte where an object begins: page * 4096 + offset; -EINVAL as for free."""
        raise NotImplementedError

    def total_pages(self) -> int:
        """Return the pages in use."""
        raise NotImplementedError

    def shrink(self, owner: Any, pages: int) -> int:
        """Make pages free by zpool_evict(owner, self, handle), which calls free; see evict.

        Return 0, or -EINVAL: nothing to evict, or pages is 0; -EAGAIN: the owner refuses.
        Afterwards pages_reclaimed tells how many became free.
        """
        return -EINVAL

    def evict(self, owner: Any, handle: int) -> bool:
        """Ask the owner to write an object back and free it; say whether it did."""
        return zpool.zpool_evict(owner, self, handle) == 0 and self.map(handle) < 0

    def check(self) -> None:
        """Audit the pool: raise an AssertionError where something is wrong."""

    def reclaimed(self) -> int:
        """Return how many pages the last shrink made free."""
        return self.pages_reclaimed

    def unmap(self, handle: int) -> int:
        """End a mapping: nothing to do."""
        return 0

    def moved(self, part: int) -> int:
        """Tell of the object that the last free moved: objects stay where they are."""
        return 0

    def work(self) -> int:
        """Do work that was put off: there is none."""
        return 0

    def write_owner(self, handle: int, word: int) -> int:
        """Keep the word that tells whose an object is; return 0, or -EINVAL."""
        if self.map(handle) < 0:
            return -EINVAL
        self._owner_words[handle] = word
        return 0

    def read_owner(self, handle: int) -> int:
        """Return an object's word, or -EINVAL."""
        return -EINVAL if self.map(handle) < 0 else self._owner_words.get(handle, 0)


def driver_of(
    pool_class: Callable[[int], PlainPool], *, name: str, summary: str, **more: Any
) -> zpool.ZpoolDriver:
    """Return the driver of a class of pools, called with max_pages; name: of --zpool.

    more: as ZpoolDriver takes it. It is evictable if the class has a shrink of its own.
    """

    def create(max_pages: int, zeros: Zeros) -> PlainPool:
        return pool_class(max_pages)

    own_shrink = getattr(pool_class, "shrink", PlainPool.shrink) is not PlainPool.shrink
    settings: dict[str, Any] = {
        "create": create,
        "check": lambda pool: pool.check(),
        "place": lambda pool, address: divmod(address, PAGE_SIZE),
        "evictable": own_shrink,
    }
    return zpool.ZpoolDriver(type=name, summary=summary, **{**settings, **more})
