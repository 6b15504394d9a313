# SPDX-License-Identifier: GPL-2.0-only
"""A zpool driver as a plain Python class, for tests of what drivers have in common."""

from collections.abc import Callable
from typing import Any

from zswapsim.errors import EINVAL, ENOMEM, ENOSPC
from zswapsim.machine.pools import zpool
from zswapsim.machine.pools.plain import PlainPool


class BumpPool(PlainPool):
    """A page per object, no shrink. words: page by handle; handles count up, pages are reused."""

    def __init__(self, max_pages: int) -> None:
        super().__init__(max_pages)
        self.words: dict[int, int] = {}
        self.next = 1

    def malloc(self, size: int) -> int:
        if size <= 0:
            return -EINVAL
        if size > 4096:
            return -ENOSPC
        if len(self.words) == self.max_pages:
            return -ENOMEM
        handle = self.next
        self.next += 1
        self.words[handle] = min(set(range(self.max_pages)) - set(self.words.values()))
        return handle

    def free(self, handle: int) -> int:
        return 0 if self.words.pop(handle, None) is not None else -EINVAL

    def map(self, handle: int) -> int:
        return self.words[handle] * 4096 if handle in self.words else -EINVAL

    def total_pages(self) -> int:
        return len(self.words)


def bump_driver(
    create: Callable[..., Any] = lambda max_pages, zeros: BumpPool(max_pages), type_: str = "bump"
) -> zpool.ZpoolDriver:
    """Return a driver of BumpPool that is not registered yet."""
    return zpool.ZpoolDriver(
        type=type_,
        summary="a page per object",
        create=create,
        check=lambda pool: None,
        place=lambda pool, address: divmod(address, 4096),
    )
