# SPDX-License-Identifier: GPL-2.0-only
"""A naive active and inactive list, written from the specification, section 8.1."""

from math import isqrt

PAGES_OF_GIB = 262_144
BATCH = 32


class TwoListOracle:
    """Two plain lists, newest page first, and two sets for the flags."""

    def __init__(self) -> None:
        self.active: list[int] = []
        self.inactive: list[int] = []
        self.referenced: set[int] = set()
        self.marked: set[int] = set()

    @property
    def pages(self) -> list[int]:
        return self.active + self.inactive

    def newest_first(self) -> list[int]:
        return self.pages

    def add(self, page: int) -> None:
        self.inactive.insert(0, page)

    def access(self, page: int) -> None:
        self.referenced.add(page)

    def remove(self, page: int) -> None:
        (self.active if page in self.active else self.inactive).remove(page)
        self.referenced.discard(page)
        self.marked.discard(page)

    def low(self) -> bool:
        gib = len(self.pages) // PAGES_OF_GIB
        ratio = isqrt(10 * gib) if gib else 1
        return len(self.inactive) * ratio < len(self.active)

    def victim(self) -> int | None:
        while self.pages:
            if self.low():
                batch = self.active[-BATCH:]
                del self.active[-BATCH:]
                self.referenced -= set(batch)
                self.inactive = batch + self.inactive
            page = self.inactive[-1]
            if page not in self.referenced:
                self.remove(page)
                return page
            self.referenced.remove(page)
            self.inactive.pop()
            (self.active if page in self.marked else self.inactive).insert(0, page)
            self.marked.add(page)
        return None
