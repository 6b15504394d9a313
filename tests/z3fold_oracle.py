# SPDX-License-Identifier: GPL-2.0-only
"""A z3fold pool of dicts and lists, written from specification section 3; slow and obvious."""

from collections.abc import Callable
from dataclasses import dataclass, field

EAGAIN, ENOMEM, EEXIST, EINVAL, ENOSPC = 11, 12, 17, 22, 28
MAX_HEADLESS = 4096
TOTAL = 64
SLOTS = ("headless", "first", "middle", "last")

Evict = Callable[[int], int]


@dataclass
class Buddy:
    """An object: its handle, its length in chunks, whether it was moved in from another page."""

    handle: int
    chunks: int
    foreign: bool = False


@dataclass
class Z3foldPage:
    """slots: name of the slot -> object; turns: how often a middle object became the first.

    claimed: by reclaim; waiting: for the worker, to be compacted.
    """

    slots: dict[str, Buddy] = field(default_factory=dict)
    start_middle: int = 0
    turns: int = 0
    claimed: bool = False
    waiting: bool = False

    @property
    def unused(self) -> bool:
        return not (self.slots or self.claimed or self.waiting)

    def chunks(self, slot: str) -> int:
        return self.slots[slot].chunks if slot in self.slots else 0

    @property
    def headless(self) -> bool:
        return "headless" in self.slots

    @property
    def foreign(self) -> int:
        return sum(buddy.foreign for buddy in self.slots.values())


@dataclass
class Z3foldOracle:
    """Pages are numbered from 1, handles too; of both, the one released last is taken first.

    move: (bytes, from, to) of the last free or piece of work, None if nothing moved.
    """

    capacity: int
    single_object_move: int = 1
    relist: int = 1
    header_chunks: int = 2
    deferred_work: int = 0
    held: dict[int, Z3foldPage] = field(default_factory=dict)
    unbuddied: dict[int, list[int]] = field(default_factory=dict)
    lru: list[int] = field(default_factory=list)
    queue: list[int] = field(default_factory=list)
    spare_pages: list[int] = field(default_factory=list)
    spare_handles: list[int] = field(default_factory=list)
    pages_ever: int = 0
    handles_ever: int = 0
    reclaimed: int = 0
    move: tuple[int, int, int] | None = None

    def find(self, handle: int) -> tuple[int, str] | None:
        """Page and slot of an object."""
        for number, page in self.held.items():
            for slot, buddy in page.slots.items():
                if buddy.handle == handle:
                    return number, slot
        return None

    def handles(self) -> list[int]:
        return sorted(b.handle for page in self.held.values() for b in page.slots.values())

    def pages(self) -> int:
        return len(self.held)

    def start(self, number: int, slot: str) -> int:
        """First chunk of a slot that is in use."""
        page = self.held[number]
        return {
            "headless": 0,
            "first": self.header_chunks,
            "middle": page.start_middle,
            "last": TOTAL - page.chunks("last"),
        }[slot]

    def places(self) -> dict[int, tuple[int, tuple[int | str, ...]]]:
        """Handle -> byte address, and the place as the recordings tell it."""
        found: dict[int, tuple[int, tuple[int | str, ...]]] = {}
        for number, page in self.held.items():
            for slot, buddy in page.slots.items():
                low = (SLOTS.index(slot) + page.turns) % 4
                low += 4 * buddy.chunks if slot == "last" else 0
                address = number * 4096 + 64 * self.start(number, slot)
                found[buddy.handle] = address, (number, "H" if slot == "headless" else low)
        return found

    def free_chunks(self, number: int) -> int:
        page = self.held[number]
        first, middle, last = (page.chunks(slot) for slot in SLOTS[1:])
        if middle == 0:
            return TOTAL - self.header_chunks - first - last
        before = 0 if first else page.start_middle - self.header_chunks
        after = 0 if last else TOTAL - (page.start_middle + middle)
        return max(before, after)

    def slot_for(self, number: int, chunks: int) -> str:
        page = self.held[number]
        if "middle" in page.slots:
            if "first" not in page.slots and chunks <= page.start_middle - self.header_chunks:
                return "first"
            return "last"
        for slot in ("first", "last"):
            if slot not in page.slots:
                return slot
        return "middle"

    def take(self, chunks: int) -> int | None:
        """Unlink the page with the smallest hole that fits, the newest of those.

        On the way pages that wait for the worker are unlinked and not taken.
        """
        for free in range(chunks, TOTAL - self.header_chunks):
            while self.unbuddied.get(free):
                number = self.unbuddied[free].pop(0)
                if not self.held[number].waiting:
                    return number
        return None

    def put(self, number: int, buddy: Buddy) -> str:
        """Put an object into a page that is on no list, and list the page."""
        page = self.held[number]
        slot = self.slot_for(number, buddy.chunks)
        if slot == "middle":
            page.start_middle = page.chunks("first") + self.header_chunks
        page.slots[slot] = buddy
        self.enlist(number)
        return slot

    def enlist(self, number: int) -> None:
        if len(self.held[number].slots) < 3:
            self.unbuddied.setdefault(self.free_chunks(number), []).insert(0, number)

    def listed(self, number: int) -> bool:
        return any(number in pages for pages in self.unbuddied.values())

    def unlist(self, number: int) -> None:
        for pages in self.unbuddied.values():
            if number in pages:
                pages.remove(number)

    def new_page(self) -> int | None:
        if len(self.held) == self.capacity:
            return None
        if self.spare_pages:
            number = self.spare_pages.pop()
        else:
            self.pages_ever += 1
            number = self.pages_ever
        self.held[number] = Z3foldPage()
        return number

    def release(self, number: int) -> None:
        self.unlist(number)
        if number in self.lru:
            self.lru.remove(number)
        del self.held[number]
        self.spare_pages.append(number)

    def new_handle(self) -> int:
        if self.spare_handles:
            return self.spare_handles.pop()
        self.handles_ever += 1
        return self.handles_ever

    def malloc(self, size: int) -> int:
        if size <= 0:
            return -EINVAL
        if size > MAX_HEADLESS:
            return -ENOSPC
        headless = size > 4096 - 64 * self.header_chunks - 64
        chunks = -(-size // 64)
        number = None if headless else self.take(chunks)
        if number is None:
            number = self.new_page()
        if number is None:
            return -ENOMEM
        buddy = Buddy(self.new_handle(), chunks)
        if headless:
            self.held[number].slots["headless"] = buddy
        else:
            self.put(number, buddy)
        if number in self.lru:
            self.lru.remove(number)
        self.lru.insert(0, number)
        return buddy.handle

    def free(self, handle: int) -> int:
        self.move = None
        found = self.find(handle)
        if found is None:
            return -EINVAL
        number, slot = found
        page = self.held[number]
        if page.headless and page.claimed:
            return 0
        del page.slots[slot]
        self.spare_handles.append(handle)
        if page.claimed or page.waiting:
            return 0
        if page.unused:
            self.release(number)
        elif self.listed(number) and self.deferred_work:
            page.waiting = True
            self.queue.append(number)
        elif self.listed(number) or self.single_object_move:
            self.compact(number)
        return 0

    def work(self) -> int:
        """Compact the page that has waited longest; say how many that were."""
        self.move = None
        if not self.queue:
            return 0
        number = self.queue.pop(0)
        self.held[number].waiting = False
        self.compact(number)
        return 1

    def compact(self, number: int) -> None:
        page = self.held[number]
        self.unlist(number)
        if page.unused:
            self.release(number)
        if page.unused or page.claimed:
            return
        if self.single_object_move and len(page.slots) == 1 and not page.foreign:
            ((slot, buddy),) = page.slots.items()
            target = self.take(buddy.chunks)
            if target is not None:
                old = number * 4096 + 64 * self.start(number, slot)
                new_slot = self.put(target, Buddy(buddy.handle, buddy.chunks, foreign=True))
                del page.slots[slot]
                new = target * 4096 + 64 * self.start(target, new_slot)
                self.move = (64 * buddy.chunks, old, new)
                self.release(number)
                return
        self.compact_layout(number)
        self.enlist(number)

    def compact_layout(self, number: int) -> None:
        page = self.held[number]
        first, middle, last = (page.chunks(slot) for slot in SLOTS[1:])
        old = page.start_middle
        if not middle:
            return
        if not first and not last:
            page.slots = {"first": page.slots["middle"]}
            page.start_middle = 0
            page.turns += 1
            new = self.header_chunks
        elif first and not last and old - (first + self.header_chunks) >= 3:
            new = page.start_middle = first + self.header_chunks
        elif last and not first and TOTAL - (last + old + middle) >= 3:
            new = page.start_middle = TOTAL - last - middle
        else:
            return
        self.move = (64 * middle, number * 4096 + 64 * old, number * 4096 + 64 * new)

    def reclaim_page(self, evict: Evict | None, retries: int) -> int:
        if evict is None or retries == 0:
            return -EINVAL
        for _ in range(retries):
            if not self.lru:
                return -EINVAL
            victims = [number for number in reversed(self.lru) if not self.held[number].foreign]
            if not victims:
                return -EAGAIN
            if self.reclaim_one(evict, victims[0]):
                return 0
        return -EAGAIN

    def reclaim_one(self, evict: Evict, number: int) -> bool:
        page = self.held[number]
        self.lru.remove(number)
        self.unlist(number)
        page.claimed = True
        result = 0
        for slot in ("headless", "middle", "first", "last"):
            if slot in page.slots and result == 0:
                result = evict(page.slots[slot].handle)
        page.claimed = False
        if page.headless and result == 0:
            self.spare_handles.append(page.slots.pop("headless").handle)
        if page.unused:
            self.release(number)
            return True
        self.lru.insert(0, number)
        if self.relist and not page.headless:
            self.enlist(number)
        return False

    def shrink(self, evict: Evict | None, pages: int) -> int:
        outcome = -EINVAL
        self.reclaimed = 0
        while self.reclaimed < pages:
            outcome = self.reclaim_page(evict, 8)
            if outcome < 0:
                break
            self.reclaimed += 1
        return outcome
