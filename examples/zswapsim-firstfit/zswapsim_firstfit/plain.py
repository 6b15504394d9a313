# SPDX-License-Identifier: GPL-2.0-only
"""firstfit-plain: an object goes into the first hole that is large enough, in chunks of 64 bytes.

No object crosses the end of a page. The lowest page in use is evicted first.
"""

from typing import Any

from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, ENOSPC
from zswapsim.machine.pools.plain import PlainPool, driver_of

PAGE_SIZE = 4096
CHUNK_SIZE = 64
CHUNKS = PAGE_SIZE // CHUNK_SIZE


class FirstFitPool(PlainPool):
    """A handle is the number of the object's first chunk, counted from 1."""

    def __init__(self, max_pages: int) -> None:
        super().__init__(max_pages)
        self.used = [0] * (max_pages * CHUNKS)
        self.length: dict[int, int] = {}

    def malloc(self, size: int) -> int:
        if size <= 0:
            return -EINVAL
        if size > PAGE_SIZE:
            return -ENOSPC
        wanted = -(-size // CHUNK_SIZE)
        for page in range(self.max_pages):
            hole = 0
            for chunk in range(page * CHUNKS, (page + 1) * CHUNKS):
                hole = 0 if self.used[chunk] else hole + 1
                if hole == wanted:
                    first = chunk + 1 - wanted
                    self.used[first : chunk + 1] = [1] * wanted
                    self.length[first + 1] = wanted
                    return first + 1
        return -ENOMEM

    def free(self, handle: int) -> int:
        length = self.length.pop(handle, None)
        if length is None:
            return -EINVAL
        self.used[handle - 1 : handle - 1 + length] = [0] * length
        return 0

    def map(self, handle: int) -> int:
        return (handle - 1) * CHUNK_SIZE if handle in self.length else -EINVAL

    def total_pages(self) -> int:
        return len({(handle - 1) // CHUNKS for handle in self.length})

    def shrink(self, owner: Any, pages: int) -> int:
        self.pages_reclaimed = 0
        if not self.length or pages == 0:
            return -EINVAL
        while self.pages_reclaimed < pages:
            if not self.length:
                return -EINVAL
            lowest = min((handle - 1) // CHUNKS for handle in self.length)
            for handle in sorted(h for h in self.length if (h - 1) // CHUNKS == lowest):
                if not self.evict(owner, handle):
                    return -EAGAIN
            self.pages_reclaimed += 1
        return 0


DRIVER = driver_of(
    FirstFitPool, name="firstfit-plain", summary="the first hole that is large enough; plain Python"
)
