# SPDX-License-Identifier: GPL-2.0-only
"""Naive models of what the machine does: dicts, lists and sums, written from the specification.

docs of the rules: zbud section 1, slots and memory section 8.5; zswap is in zswap_oracle.py.
Slow, and obvious; a disagreement with the machine is a bug of one of the two.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

ENOENT, EAGAIN, ENOMEM, EEXIST, ENODEV, EINVAL, ENOSPC = 2, 11, 12, 17, 19, 22, 28
FREED = 0xFFFFFFFF


@dataclass
class ZbudOracle:
    """A zbud pool. Lists are newest first. chunks: page -> {"F": chunks, "L": chunks}."""

    capacity: int
    chunks: dict[int, dict[str, int]] = field(default_factory=dict)
    unbuddied: dict[int, list[int]] = field(default_factory=dict)
    buddied: list[int] = field(default_factory=list)
    lru: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    touched: int = 0
    under_reclaim: int | None = None
    reclaimed: int = 0

    def handle(self, page: int, side: str) -> int:
        """The place of an object as one number."""
        return page * 4096 + (64 if side == "F" else 4096 - 64 * self.chunks[page]["L"])

    def objects(self) -> dict[int, tuple[int, str]]:
        """Handle -> page and side of everything allocated."""
        return {
            self.handle(page, side): (page, side)
            for page, sides in self.chunks.items()
            for side in sides
        }

    def unlist(self, page: int) -> None:
        """Take a page off whichever list it is on."""
        for pages in (*self.unbuddied.values(), self.buddied):
            if page in pages:
                pages.remove(page)

    def file(self, page: int) -> None:
        """Put a page at the head of the list it belongs on."""
        if len(self.chunks[page]) == 2:
            self.buddied.insert(0, page)
        else:
            free = 63 - sum(self.chunks[page].values())
            self.unbuddied.setdefault(free, []).insert(0, page)

    def release(self, page: int) -> None:
        """Give an empty page back; the one released last is handed out first."""
        del self.chunks[page]
        self.released.append(page)

    def malloc(self, size: int) -> int:
        if size <= 0:
            return -EINVAL
        if size > 3968:
            return -ENOSPC
        need = ceil(size / 64)
        gaps = [free for free, pages in self.unbuddied.items() if pages and free >= need]
        if gaps:
            page = self.unbuddied[min(gaps)][0]
        elif self.released:
            page = self.released.pop()
        elif self.touched < self.capacity:
            page = self.touched
            self.touched += 1
        else:
            return -ENOMEM
        sides = self.chunks.setdefault(page, {})
        side = "L" if "F" in sides else "F"
        self.unlist(page)
        sides[side] = need
        self.file(page)
        if page in self.lru:
            self.lru.remove(page)
        self.lru.insert(0, page)
        return self.handle(page, side)

    def free(self, handle: int) -> int:
        if handle not in self.objects():
            return -EINVAL
        page, side = self.objects()[handle]
        del self.chunks[page][side]
        if page == self.under_reclaim:
            return 0
        self.unlist(page)
        if self.chunks[page]:
            self.file(page)
        else:
            self.lru.remove(page)
            self.release(page)
        return 0

    def reclaim_page(self, evict: Callable[[int], int], retries: int) -> int:
        if not self.lru or retries == 0:
            return -EINVAL
        for _ in range(retries):
            page = self.lru.pop()
            self.unlist(page)
            self.under_reclaim = page
            for handle in [self.handle(page, side) for side in "FL" if side in self.chunks[page]]:
                if evict(handle) != 0:
                    break
            self.under_reclaim = None
            if not self.chunks[page]:
                self.release(page)
                return 0
            self.file(page)
            self.lru.insert(0, page)
        return -EAGAIN

    def shrink(self, evict: Callable[[int], int], pages: int) -> int:
        outcome, done = -EINVAL, 0
        while done < pages:
            outcome = self.reclaim_page(evict, 8)
            if outcome < 0:
                break
            done += 1
        self.reclaimed = done
        return outcome

    def pages(self) -> int:
        """Pages in use; one under reclaim still is."""
        return len(self.chunks)


class LruOracle:
    """Exact LRU; the oldest page is the first of the OrderedDict."""

    def __init__(self) -> None:
        self.pages: OrderedDict[int, bool] = OrderedDict()

    def add(self, page: int) -> None:
        self.pages[page] = False

    def access(self, page: int) -> None:
        self.pages.move_to_end(page)

    def remove(self, page: int) -> None:
        del self.pages[page]

    def victim(self) -> int | None:
        return self.pages.popitem(last=False)[0] if self.pages else None

    def newest_first(self) -> list[int]:
        return list(reversed(self.pages))


class ClockOracle(LruOracle):
    """First in, first out; a referenced page goes round once more. The value is the reference."""

    def access(self, page: int) -> None:
        self.pages[page] = True

    def victim(self) -> int | None:
        while self.pages:
            page, referenced = self.pages.popitem(last=False)
            if not referenced:
                return page
            self.pages[page] = False
        return None


class MemoryOracle:
    """Memory under a limit above a ZswapOracle."""

    def __init__(
        self,
        swap: Any,
        policy: LruOracle,
        *,
        limit_pages: int,
        slots: int,
        lengths: Sequence[int],
        same_filled: Sequence[int],
        versions: Sequence[tuple[int, int, int]],
    ) -> None:
        self.swap = swap
        self.policy = policy
        self.limit_pages = limit_pages
        self.slots = slots
        self.lengths = lengths
        self.same_filled = same_filled
        self.versions = list(versions)
        self.resident: set[int] = set()
        self.slot: dict[int, int] = {}
        self.content: dict[int, int] = {}
        self.saved: dict[int, int | None] = {}  # slot -> what it holds, None if it gave that up
        self.next_slot = 1
        self.stat: Counter[str] = Counter()
        self.victims: list[int] = []
        self.saved_pages: list[int] = []  # by the pools, at each fault since memory was short
        self.loaded: list[int | None] = []  # None: a page of zeros, that the swap core filled in

    def used(self) -> int:
        return len(self.resident) + sum(pool.pages() for pool in self.swap.pools)

    def get_slot(self) -> int | None:
        """Next-fit from the last position; slot 0 is the header."""
        taken = set(self.slot.values())
        for slot in [*range(self.next_slot, self.slots), *range(1, self.next_slot)]:
            if slot < self.slots and slot not in taken:
                self.next_slot = slot + 1
                return slot
        return None

    def free_slot(self, page: int) -> None:
        slot = self.slot.pop(page)
        del self.saved[slot]
        self.swap.slot_freed(slot)

    def free_page(self, page: int) -> None:
        if page in self.resident:
            self.resident.remove(page)
            self.policy.remove(page)
        if page in self.slot:
            self.free_slot(page)
        self.content.pop(page, None)
        self.stat["freed_pages"] += 1

    def holds(self, page: int) -> int:
        return self.content.get(page, len(self.lengths) - 1)

    def apply_versions(self, number: int) -> None:
        while self.versions and self.versions[0][0] <= number:
            _, changed, content = self.versions.pop(0)
            if content == FREED:
                self.free_page(changed)
            else:
                self.content[changed] = content

    def access(self, number: int, page: int, write: bool) -> None:
        self.apply_versions(number)
        if page in self.resident:
            if write and page in self.slot:
                self.free_slot(page)
            self.policy.access(page)
            return
        self.make_room()
        self.stat["pgfault"] += 1
        if self.stat["pgsteal"]:
            pool_pages = sum(pool.pages() for pool in self.swap.pools)
            self.saved_pages.append(len(self.swap.entries) - pool_pages)
            self.stat["peak_saved_pages"] = max(0, *self.saved_pages)
        if page in self.slot:
            self.stat["pgmajfault"] += 1
            self.read(self.slot[page])
            if write:
                self.free_slot(page)
        self.resident.add(page)
        self.policy.add(page)
        self.stat["over_limit"] += self.used() > self.limit_pages

    def read(self, slot: int) -> None:
        """Read a page into the swap cache; a load that takes it out of zswap leaves it dirty."""
        zeros = slot in self.swap.zero
        assert not zeros or self.same_filled[self.saved[slot]] == 2
        self.loaded.append(None if zeros else self.saved[slot])
        self.swap.load(slot)
        self.swap.busy[slot] = -EEXIST
        if not self.swap.holds(slot):
            self.saved[slot] = None

    def make_room(self) -> None:
        failures = 0
        while self.used() >= self.limit_pages and failures < 32:
            page = self.policy.victim()
            if page is None:
                return
            if page not in self.slot or self.saved[self.slot[page]] != self.holds(page):
                if page not in self.slot:
                    slot = self.get_slot()
                    if slot is None:
                        self.stat["swap_full"] += 1
                        failures += 1
                        self.policy.add(page)
                        continue
                    self.slot[page] = slot
                self.write_out(page)
            else:
                self.stat["clean_drops"] += 1
            self.swap.busy.pop(self.slot[page], None)
            self.resident.remove(page)
            self.victims.append(page)
            self.stat["pgsteal"] += 1

    def write_out(self, page: int) -> None:
        content, slot = self.holds(page), self.slot[page]
        self.swap.store(slot, content, self.lengths[content], self.same_filled[content])
        self.saved[slot] = content
        pool_pages = sum(pool.pages() for pool in self.swap.pools)
        self.stat["peak_pool_pages"] = max(self.stat["peak_pool_pages"], pool_pages)
