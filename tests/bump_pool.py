# SPDX-License-Identifier: GPL-2.0-only
"""A zpool driver as a plain Python class, for tests of what drivers have in common."""

from collections.abc import Callable
from typing import Any

from zswapsim.errors import EINVAL
from zswapsim.machine.pools import zpool


class BumpPool:
    """A driver as a plain class: a page per object, no shrink. Interpreted runs only."""

    def __init__(self, max_pages: int) -> None:
        self.max_pages = max_pages
        self.words: dict[int, int] = {}
        self.next = 1

    def malloc(self, size: int) -> int:
        if size <= 0:
            return -EINVAL
        if len(self.words) == self.max_pages:
            return -12
        handle = self.next
        self.next += 1
        self.words[handle] = 0
        return handle

    def free(self, handle: int) -> int:
        return 0 if self.words.pop(handle, None) is not None else -EINVAL

    def shrink(self, owner: Any, pages: int) -> int:
        return -EINVAL

    def reclaimed(self) -> int:
        return 0

    def map(self, handle: int) -> int:
        return handle if handle in self.words else -EINVAL

    def unmap(self, handle: int) -> int:
        return 0

    def total_pages(self) -> int:
        return len(self.words)

    def work(self) -> int:
        return 0

    def moved(self, part: int) -> int:
        return 0

    def write_owner(self, handle: int, word: int) -> int:
        if handle not in self.words:
            return -EINVAL
        self.words[handle] = word
        return 0

    def read_owner(self, handle: int) -> int:
        return self.words.get(handle, -EINVAL)


def bump_driver(
    create: Callable[..., Any] = lambda max_pages, zeros: BumpPool(max_pages), type_: str = "bump"
) -> zpool.ZpoolDriver:
    """Return a driver of BumpPool that is not registered yet."""
    return zpool.ZpoolDriver(
        type=type_,
        summary="a page per object",
        create=create,
        check=lambda pool: None,
        place=lambda pool, handle: (handle,),
    )
