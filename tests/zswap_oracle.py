# SPDX-License-Identifier: GPL-2.0-only
"""A naive zswap of every kernel, of dicts and lists, written from the specification's section 5.

Slow, and obvious: it asks for the version where kernels differ, and knows no switches. `log` is
what the journal should hold: (event, slot, pool, address, length, content).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernels import version
from oracles import EAGAIN, EEXIST, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC, ZbudOracle
from z3fold_oracle import Z3foldOracle
from zsmalloc_driver import ZsOracle

from zswapsim.profiles import PERCENT, WASTE

Record = tuple[str, int, int, int, int, int]
ZEROS = 2
"""Value of same_filled for a page of zeros."""


@dataclass
class Entry:
    """zswap's record of a page; handle 0: same-filled."""

    content: int
    pool: int = 0
    handle: int = 0
    length: int = 0
    referenced: bool = True


def pool_of(type_: str, since: tuple[int, ...], capacity: int) -> Any:
    """The pool of a type that a kernel has: sections 1, 3 and 4."""
    if type_ == "zbud":
        return ZbudOracle(capacity)
    if type_ == "z3fold":
        return Z3foldOracle(capacity, int(since >= (5, 10)), int(since >= (6, 1)))
    oversize = -1 if since < (6, 1) else -EINVAL if since < (6, 8) else -ENOSPC
    if since < (6, 6):
        return ZsOracle(capacity, 4, PERCENT, 4, oversize)
    return ZsOracle(capacity, 8, WASTE, 12, oversize)


class ZswapOracle:
    """zswap and the swap file below it. pools: types; live: numbers, the current one first."""

    def __init__(
        self,
        kernel: str,
        totalram_pages: int,
        *,
        pools: Sequence[str] = ("zbud",),
        pool_pages: int = 1 << 20,
        current: int = 0,
        type_slots: int = 0,
        max_pool_percent: int = 20,
        accept_threshold_percent: int = 90,
    ) -> None:
        self.since = version(kernel)
        self.totalram_pages = totalram_pages
        self.max_pool_percent = max_pool_percent
        self.accept_threshold_percent = accept_threshold_percent
        self.enabled = True
        self.same_filled_enabled = True
        self.non_same_filled_enabled = True
        self.exclusive_loads = False
        self.shrinker_enabled = False
        self.type_slots = type_slots
        self.types = list(pools)
        self.pools = [pool_of(type_, self.since, pool_pages) for type_ in pools]
        self.live = [current]
        self.entries: dict[int, Entry] = {}
        self.lrus: dict[int, list[int]] = {}  # oldest first
        self.backed: set[int] = set()  # frontswap's bits
        self.zero: set[int] = set()  # the swap core's bits
        self.busy: dict[int, int] = {}
        self.device: dict[int, int] = {}
        self.cached = 0
        self.reached_full = False
        self.queued: int | None = None
        self.round_done = True  # the next step of a worker takes the one memory cgroup
        self.protected = 0
        self.disk_swapins = 0
        self.counters: Counter[str] = Counter()
        self.vmstat: Counter[str] = Counter()
        self.coded: Counter[str] = Counter()  # compressions, loads and writebacks undone
        self.log: list[Record] = []

    @property
    def frontswap(self) -> bool:
        return self.since < (6, 6)

    def note(self, event: str, slot: int = 0, pool: int = 0, content: int = 0, **more: int) -> None:
        self.log.append((event, slot, pool, more.get("address", 0), more.get("length", 0), content))

    def address(self, number: int, handle: int) -> int:
        """The address of an object: its handle, unless the pool may move it."""
        pool = self.pools[number]
        return pool.places()[handle][0] if self.types[number] == "z3fold" else handle

    def note_object(self, event: str, slot: int) -> None:
        entry = self.entries[slot]
        where = {"address": self.address(entry.pool, entry.handle), "length": entry.length}
        self.note(event, slot, entry.pool, entry.content, **where)

    # Limits: 5.2

    def pages(self) -> int:
        return sum(pool.pages() for pool in self.pools)

    def used(self) -> int:
        return self.pages() if self.since >= (6, 12) else self.cached

    def max_pages(self) -> int:
        return self.totalram_pages * self.max_pool_percent // 100

    def full(self) -> bool:
        if self.since >= (6, 12):
            return self.used() >= self.max_pages()
        return self.used() > self.max_pages()

    def accepts(self) -> bool:
        if self.since >= (6, 12):
            return self.used() <= self.max_pages() * self.accept_threshold_percent // 100
        share = self.totalram_pages * self.accept_threshold_percent // 100
        return self.used() < share * self.max_pool_percent // 100

    def refresh(self, pool: int) -> None:
        """Take the cached size anew; 3.11 knows only the pool it touched last."""
        self.cached = self.pages() if self.since >= (5, 4) else self.pools[pool].pages()

    # Pools: 5.12

    def pool_of(self, slot: int) -> int:
        return slot // self.type_slots if self.type_slots else self.live[0]

    def set_pool(self, number: int) -> None:
        if number in self.live:
            self.live.remove(number)
        self.live.insert(0, number)
        self.drop_dead_pools()

    def drop_dead_pools(self) -> None:
        """A pool lives while it is current or has entries."""
        used = {entry.pool for entry in self.entries.values() if entry.handle}
        self.live = [n for n in self.live if n == self.live[0] or n in used]

    # Entries

    def lru(self, pool: int) -> list[int]:
        """The list that a pool's entries are on: its own, or from 6.12 on one for all."""
        return self.lrus.setdefault(0 if self.since >= (6, 12) else pool, [])

    def protect_added(self, pool: int) -> None:
        """6.8: one more, halved above a quarter of the list."""
        if self.since[:2] == (6, 8):
            self.protected += 1
            if self.protected > len(self.lru(pool)) // 4:
                self.protected //= 2

    def remove(self, slot: int) -> None:
        entry = self.entries[slot]
        if entry.handle:
            self.note_object("FREE", slot)
            assert self.pools[entry.pool].free(entry.handle) == 0
            if self.types[entry.pool] == "z3fold" and self.pools[entry.pool].move:
                length, before, after = self.pools[entry.pool].move
                self.note("MOVE", 0, entry.pool, after, address=before, length=length)
            if not self.frontswap:
                self.lru(entry.pool).remove(slot)
        del self.entries[slot]
        self.drop_dead_pools()
        self.refresh(entry.pool)

    def invalidate(self, slot: int) -> None:
        self.note("INVALIDATE", slot)
        if self.frontswap and slot not in self.backed:
            return
        self.backed.discard(slot)
        if slot in self.entries:
            self.remove(slot)

    def slot_freed(self, slot: int) -> None:
        self.invalidate(slot)
        self.zero.discard(slot)
        self.device.pop(slot, None)
        self.busy.pop(slot, None)

    def invalidate_area(self) -> None:
        cached = self.cached
        self.backed.clear()
        for slot in sorted(self.entries):
            self.remove(slot)
        if self.since < (5, 4):
            self.cached = cached

    def holds(self, slot: int) -> bool:
        """Whether the slot still has a page's content."""
        known = not self.frontswap or slot in self.backed
        return slot in self.zero or slot in self.device or (slot in self.entries and known)

    # Writeback: 5.10, 5.11

    def writeback(self, slot: int) -> int:
        entry = self.entries[slot]
        stale = self.frontswap and slot not in self.backed
        failure = self.busy.get(slot, -ENOMEM if stale and slot not in self.device else 0)
        if failure:
            self.note("EVICT_FAILED", slot, entry.pool, failure)
            return failure
        if not stale:
            self.note_object("WRITEBACK", slot)
            self.device[slot] = entry.content
        self.vmstat["pswpout"] += 1
        self.vmstat["zswpwb"] += self.since >= (6, 8)
        self.counters["written_back_pages"] += 1
        self.coded["writebacks"] += not self.is_raw(entry)
        self.remove(slot)
        return 0

    def evict(self, number: int, handle: int) -> int:
        """Answer a pool that wants an object gone."""
        [slot] = [
            slot
            for slot, entry in self.entries.items()
            if (entry.pool, entry.handle) == (number, handle)
        ]
        self.note("EVICT", slot, number, address=self.address(number, handle))
        return self.writeback(slot)

    def shrink_pool(self, number: int) -> int:
        """Up to 6.1: one page of a pool."""
        self.note("SHRINK", pool=number)
        outcome = -EINVAL
        if self.types[number] != "zsmalloc":
            outcome = self.pools[number].shrink(lambda handle: self.evict(number, handle), 1)
        self.note("SHRINK_END", pool=number, content=outcome)
        self.counters["reject_reclaim_fail"] += outcome != 0
        return outcome

    def visit_oldest(self, pool: int) -> int:
        """From 6.6 on: the oldest entry of a list."""
        lru = self.lru(pool)
        if not lru:
            return -ENOENT
        slot = lru.pop(0)
        lru.append(slot)
        if self.since >= (6, 12) and self.entries[slot].referenced:
            self.entries[slot].referenced = False
            return -EAGAIN
        self.note_object("EVICT", slot)
        outcome = self.writeback(slot)
        if outcome:
            self.counters["reject_reclaim_fail"] += 1
            self.protected += self.since[:2] == (6, 8)
        return outcome

    def work(self) -> None:
        """Run the queued shrink work to its end: 16 failures, or below the threshold."""
        victim, self.queued = self.queued, None
        if victim is None:
            return
        if self.frontswap:
            self.shrink_pool(victim)
            return
        failures, seen = 0, False
        while failures < 16:
            if self.since < (6, 8):
                outcome = self.visit_oldest(victim)
                if outcome == -ENOENT:
                    self.counters["reject_reclaim_fail"] += 1
                    return
                failures += outcome != 0
            elif not self.round_done:
                self.round_done = True
                failures += self.since < (6, 12) or not seen
                seen = False
            else:
                self.round_done = False
                outcome = self.visit_oldest(self.live[0])
                if self.since < (6, 12):
                    failures += outcome != 0
                elif outcome != -ENOENT:
                    seen = True
                    failures += outcome != 0
            if failures < 16 and self.accepts():
                return

    # store: 5.3

    def store(self, slot: int, content: int, length: int, same: int) -> int:
        """Write a page out: to zswap, or else to the swap file; then run what was queued."""
        if self.since >= (6, 12):
            self.zero.discard(slot)
            if same == ZEROS:
                self.store_zero(slot, content)
                return 0
        outcome = self.zswap_store(slot, content, length, same)
        self.written(slot, content, length, outcome)
        self.work()
        return outcome

    def store_folio(self, slot: int, pages: Sequence[tuple[int, int, int]]) -> int:
        """Write a folio out; pages are (content, length, same-filled)."""
        numbered = list(enumerate(pages, slot))
        if len(pages) == 1:
            return self.store(slot, *pages[0])
        if self.since >= (6, 12):
            for number, _ in numbered:
                self.zero.discard(number)
            if all(same == ZEROS for _, _, same in pages):
                for number, page in numbered:
                    self.store_zero(number, page[0])
                return 0
        outcome = -EINVAL
        if self.since >= (6, 18):
            outcome = self.check_limit(slot) if self.enabled else -ENODEV
            for number, page in numbered:
                outcome = outcome or self.store_page(number, *page)
            self.vmstat["zswpout"] += 0 if outcome else len(pages)
            for number, _ in numbered:
                if outcome and number in self.entries:
                    self.remove(number)
        elif self.frontswap:
            for number, _ in numbered:
                if number in self.backed and self.since >= (5, 4):
                    self.invalidate(number)
                self.backed.discard(number)
        for number, page in numbered:
            self.written(number, page[0], page[1], outcome)
        self.work()
        return outcome

    def store_zero(self, slot: int, content: int) -> None:
        self.zero.add(slot)
        self.vmstat["swpout_zero"] += 1
        self.note("STORE_ZERO", slot, content=content)

    def written(self, slot: int, content: int, length: int, outcome: int) -> None:
        if outcome == 0:
            self.device.pop(slot, None)
        else:
            self.note("STORE_FAILED", slot, self.pool_of(slot), outcome, length=length)
            self.note("SWAP_WRITE", slot, content=content)
            self.vmstat["pswpout"] += 1
            self.device[slot] = content

    def zswap_store(self, slot: int, content: int, length: int, same: int) -> int:
        if self.frontswap:
            if slot in self.backed and self.since >= (5, 4):
                self.invalidate(slot)
        elif self.since < (6, 12) and slot in self.entries:
            self.counters["duplicate_entry"] += 1
            self.remove(slot)
        outcome = self.check_limit(slot) if self.enabled else -ENODEV
        outcome = outcome or self.store_page(slot, content, length, same)
        if outcome == 0:
            self.vmstat["zswpout"] += 1
        elif self.since >= (6, 12) and slot in self.entries:
            self.remove(slot)
        if self.frontswap:
            (self.backed.discard if outcome else self.backed.add)(slot)
        return outcome

    def check_limit(self, slot: int) -> int:
        if self.full():
            self.counters["pool_limit_hit"] += 1
            if self.since >= (5, 10):
                self.reached_full = True
                self.queued = self.live[-1]
                return -ENOMEM
            victim = self.live[-1] if self.since >= (5, 4) else self.pool_of(slot)
            if self.shrink_pool(victim) or (self.since >= (5, 4) and self.full()):
                return -ENOMEM
        elif self.reached_full:
            if not self.accepts():
                if not self.frontswap:
                    self.queued = self.live[-1]
                return -ENOMEM
            self.reached_full = False
        return 0

    def store_page(self, slot: int, content: int, length: int, same: int) -> int:
        knows_same = (5, 4) <= self.since < (6, 12)
        if same and knows_same and self.same_filled_enabled:
            self.entries[slot] = Entry(content)
            self.note("STORE_SAME", slot, content=content)
            self.refresh(0)
            return 0
        if not self.non_same_filled_enabled:
            return -EINVAL
        self.coded["compressions"] += 1
        if self.since >= (6, 18) and not 0 < length < 4096:
            length = 4096
        if length < 0:
            if self.since >= (6, 12) and length == -ENOSPC:
                self.counters["reject_compress_poor"] += 1
            elif self.since >= (6, 8):
                self.counters["reject_compress_fail"] += 1
            return length
        number = self.pool_of(slot)
        header = 8 if self.frontswap and self.types[number] != "zsmalloc" else 0
        handle = self.pools[number].malloc(header + length)
        if handle < 0:
            poor = handle == -ENOSPC
            self.counters["reject_compress_poor" if poor else "reject_alloc_fail"] += 1
            return handle
        if slot in self.entries:  # in 3.11 and from 6.12 on
            self.counters["duplicate_entry"] += self.since < (5, 4)
            self.remove(slot)
        self.entries[slot] = Entry(content, number, handle, length)
        self.note_object("STORE", slot)
        if not self.frontswap:
            self.lru(number).append(slot)
            self.protect_added(number)
        self.refresh(number)
        return 0

    # load: 5.5

    def load(self, slot: int) -> int:
        if slot in self.zero:
            self.vmstat["swpin_zero"] += 1
            self.note("LOAD_ZERO", slot)
            return 0
        entry = self.entries.get(slot)
        if entry is None or (self.frontswap and slot not in self.backed):
            self.note("LOAD_MISS", slot)
            self.note("SWAP_READ", slot, content=self.device.get(slot, -1))
            self.vmstat["pswpin"] += 1
            self.protected += self.since[:2] == (6, 8)
            self.disk_swapins += self.since >= (6, 12)
            return -ENOENT
        self.vmstat["zswpin"] += 1
        if entry.handle:
            self.note_object("LOAD", slot)
            self.coded["loads"] += not self.is_raw(entry)
        else:
            self.note("LOAD_SAME", slot, content=entry.content)
        if self.since >= (6, 12) or (self.exclusive_loads and self.since >= (6, 6)):
            self.remove(slot)
        elif entry.handle and not self.frontswap:
            self.lru(entry.pool).remove(slot)
            self.lru(entry.pool).append(slot)
            self.protect_added(entry.pool)
        return 0

    # The shrinker: 5.11

    def shrinker_count(self) -> int:
        if not self.shrinker_enabled or not self.entries:
            return 0
        free = len(self.lru(self.live[0]))
        if self.since < (6, 12):
            free = max(0, free - self.protected)
        else:
            taken = min(free, self.disk_swapins)
            self.disk_swapins -= taken
            free -= taken
        pages, stored = self.used(), len(self.entries)
        return (free // stored) * pages + ((free % stored) * pages) // stored

    def shrinker_scan(self, entries: int) -> int:
        pool = self.live[0]
        refuses = self.since < (6, 12) and self.protected >= len(self.lru(pool)) - entries
        if not self.shrinker_enabled or refuses:
            return -EAGAIN
        written = 0
        for _ in range(entries):
            outcome = self.visit_oldest(pool)
            written += outcome == 0
            if outcome == -EEXIST:
                return -EAGAIN
        return written or -EAGAIN

    def is_raw(self, entry: Entry) -> bool:
        """Whether an entry is the page itself, which is copied and not decompressed."""
        return self.since >= (6, 18) and entry.length == 4096

    def gauges(self) -> dict[str, int]:
        """All counters of debugfs that are not 0."""
        lengths = [entry.length for entry in self.entries.values()]
        now = {
            "stored_pages": len(lengths),
            "same_filled_pages": lengths.count(0),
            "stored_incompressible_pages": lengths.count(4096) * (self.since >= (6, 18)),
        }
        return {name: n for name, n in {**self.counters, **now}.items() if n}
