# SPDX-License-Identifier: GPL-2.0-only
"""Naive memory with read-ahead, written from the specification, section 8.3."""

from typing import Any

from oracles import MemoryOracle


class Window:
    """The kernel's guess how much to read around a fault."""

    def __init__(self, page_cluster: int) -> None:
        self.most = 2**page_cluster
        self.hits = 4  # what the kernel starts with
        self.last = 0
        self.previous = 0

    def block(self, slot: int) -> range:
        """The aligned slots to read for a fault at a slot."""
        if self.most == 1:
            return range(slot, slot + 1)
        if self.hits:
            size = next(2**n for n in range(2, 60) if 2**n >= self.hits + 2)
        else:
            size = 2 if abs(slot - self.previous) == 1 else 1
            self.previous = slot
        self.hits = 0
        self.last = max(min(size, self.most), self.last // 2)
        return range(slot // self.last * self.last, (slot // self.last + 1) * self.last)


class ReadaheadOracle(MemoryOracle):
    """Pages that were read ahead are resident, and in `cached` until their first access."""

    def __init__(self, *args: Any, page_cluster: int, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.window = Window(page_cluster)
        self.cached: set[int] = set()

    def access(self, number: int, page: int, write: bool) -> None:
        self.apply_versions(number)
        if page in self.cached:
            self.cached.remove(page)
            self.stat["pgfault"] += 1
            self.stat["swap_ra_hit"] += 1
            self.window.hits += 1
        elif page in self.slot and page not in self.resident and self.window.most > 1:
            self.read_around(self.slot[page])
        super().access(number, page, write)

    def read_around(self, fault: int) -> None:
        for slot in self.window.block(fault):
            owner = [page for page, its in self.slot.items() if its == slot]
            if slot in (0, fault) or not owner or owner[0] in self.resident:
                continue
            self.make_room()
            if self.used() >= self.limit_pages:
                return
            self.stat["swap_ra"] += 1
            reads = self.swap.vmstat["pswpin"]
            self.read(slot)
            self.stat["swap_ra_reads"] += self.swap.vmstat["pswpin"] - reads
            self.resident.add(owner[0])
            self.cached.add(owner[0])
            self.policy.add(owner[0])

    def make_room(self) -> None:
        super().make_room()
        self.cached &= self.resident

    def free_page(self, page: int) -> None:
        super().free_page(page)
        self.cached.discard(page)
