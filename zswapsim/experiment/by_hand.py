# SPDX-License-Identifier: GPL-2.0-only
"""Zswap: the simulated machine one page at a time, for notebooks, tests and plug-in authors.

It is the machine that a replay runs, interpreted, with the same bytes plane behind it: every page
that comes back was really compressed, placed, moved and compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zswapsim.content.compressors import Compressor, compressor
from zswapsim.content.compressors.fit import fit_of
from zswapsim.content.compressors.protocol import check_page
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.content.same_filled import same_filled_kinds
from zswapsim.content.swap_file import SwapFile
from zswapsim.engine.simulated import Ints, zeros_interpreted
from zswapsim.errors import EEXIST, DataMismatch, InvalidArgument
from zswapsim.experiment.bytes_plane import BytesPlane, PoolBytes
from zswapsim.experiment.outcome import debugfs, vmstat
from zswapsim.files import Closing
from zswapsim.machine import journal as j
from zswapsim.machine.audit import check_swap
from zswapsim.machine.build import ZswapConfig, make_zswap_swap
from zswapsim.machine.list_head import Links, init_list_head, list_add_tail, list_nodes, make_links
from zswapsim.machine.page_io import (
    swap_forget,
    swap_holds,
    swap_readpage,
    swap_writefolio,
    swap_writepage,
)
from zswapsim.machine.pools import zpool as zpools_registry
from zswapsim.machine.pools.zpools import chain
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap import state as z
from zswapsim.machine.zswap.entry import is_stale
from zswapsim.machine.zswap.pools import zswap_pool_current, zswap_pool_make_current
from zswapsim.machine.zswap.store import zswap_invalidate_area
from zswapsim.machine.zswap.worker import shrink_worker
from zswapsim.machine.zswap.writeback import shrink_oldest, zswap_shrink
from zswapsim.profiles import DEFAULT_KERNEL, POOL_PAGE, check_zpool, profile

REASONS = {
    0: "stored",
    -12: "the pool is full, or waits for the accept threshold",
    -19: "zswap is disabled",
    -28: "too large for the allocator",
}
INCOMPRESSIBLE = "the page does not compress into 4096 bytes"
LARGE_FOLIO = "this kernel does not store folios of several pages"
FOLIO_PAGES = 512
"""Pages of the largest folio, 2 MiB."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a stored page. True if zswap took it, else it is in the swap file.

    errno: 0, or the negative errno of the refusal; length_bytes: compressed, 0 if same-filled.
    """

    errno: int
    length_bytes: int
    reason: str

    def __bool__(self) -> bool:
        return self.errno == 0


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """A live pool. pages: in use; objects: entries that it holds; current: takes new stores."""

    zpool: str
    compressor: str
    pages: int
    objects: int
    current: bool


class Zswap(Closing):
    """zswap in front of a swap file.

    Pages: store, store_folio, load, invalidate, invalidate_area, swap_cache, shrink.
    Settings: set_zpool, set_compressor, set_max_pool_pages, set_enabled.
    Look: stats, pools, check. End: close.
    """

    def __init__(
        self,
        compressor: str = "lz4",
        zpool: str | None = None,
        max_pool_pages: int = 1024,
        swap: SwapFile | None = None,
        kernel: str = DEFAULT_KERNEL,
        *,
        accept_threshold_percent: int | None = None,
        same_filled_pages_enabled: bool = True,
        exclusive_loads: bool = False,
        shrinker_enabled: bool = False,
    ) -> None:
        """Make zswap with one pool, of the kernel's default zpool unless said.

        max_pool_pages: the pool's limit. swap: where refused and written-back pages go; a
        temporary file of 65,536 slots unless given. NoEntry, InvalidArgument: as they say.
        """
        if max_pool_pages < 0:
            raise InvalidArgument(f"max_pool_pages {max_pool_pages}: allowed is 0 or more")
        row = profile(kernel)
        self.kernel = kernel
        self._closed = False
        self._owns_swap_file = swap is None
        self.swap_file = SwapFile(1 << 16) if swap is None else swap
        self._contents = 0
        self._pages: dict[int, bytes] = {}  # by content: a number for each page ever stored
        self._data: dict[int, bytes] = {}
        self._stored: dict[int, list[int]] = {}  # contents that a slot may hold, the newest last
        self._pairs: list[tuple[str, str]] = []
        self._codecs: list[Compressor] = []
        self._drivers: list[zpools_registry.ZpoolDriver] = []
        self._counted: list[bool] = []
        self._memories: list[PoolMemory] = []
        self._plane = BytesPlane(self, [], self.swap_file)
        config = ZswapConfig(
            kernel=kernel,
            totalram_pages=max_pool_pages,
            max_pool_percent=100,
            accept_threshold_percent=accept_threshold_percent,
            same_filled_pages_enabled=same_filled_pages_enabled,
            exclusive_loads=exclusive_loads,
            shrinker_enabled=shrinker_enabled,
        )
        self.swap: Swap = make_zswap_swap(
            config, self.swap_file.slots, [], j.ALL_EVENTS, zeros_interpreted
        )
        self._use_pool(zpool or row.default_zpool, compressor)

    def store(self, slot: int, page: bytes) -> Outcome:
        """Swap a page out to a slot; refused pages go to the swap file.

        InvalidArgument: no such slot, or not 4096 bytes.
        """
        self._check_slot(slot)
        check_page(page)
        content, length, kind = self._take(slot, page)
        errno = swap_writepage(self.swap, slot, content, length, kind)
        self._settle()
        return Outcome(errno, self._kept_bytes(slot), reason_of(errno, length))

    def store_folio(self, slot: int, pages: Sequence[bytes]) -> Outcome:
        """Swap a folio of several pages out, to slots from this one on.

        Kernel 6.18 takes all of them or none, others refuse more than one; length_bytes is the
        sum. InvalidArgument: no such slots, no page or more than 512, or not 4096 bytes each.
        """
        if not 1 <= len(pages) <= FOLIO_PAGES:
            raise InvalidArgument(f"a folio of {len(pages)} pages: allowed are 1 to {FOLIO_PAGES}")
        if len(pages) == 1:
            return self.store(slot, pages[0])
        slots = range(slot, slot + len(pages))
        for number, page in zip(slots, pages, strict=True):
            self._check_slot(number)
            check_page(page)
        taken = [self._take(number, page) for number, page in zip(slots, pages, strict=True)]
        contents, lengths, kinds = (list(column) for column in zip(*taken, strict=True))
        errno = swap_writefolio(self.swap, slot, len(pages), contents, lengths, kinds, 0)
        self._settle()
        refused = errno and not profile(self.kernel).large_folios
        reason = LARGE_FOLIO if refused else reason_of(errno, 0)
        return Outcome(errno, sum(self._kept_bytes(number) for number in slots), reason)

    def load(self, slot: int) -> bytes | None:
        """Swap a page in, from zswap or the swap file; None if the slot holds nothing.

        The entry stays until the slot is invalidated; if the kernel's loads are exclusive, it goes,
        and the slot may then hold nothing. DataMismatch: other bytes came back than were stored.
        """
        self._check_slot(slot)
        if not swap_holds(self.swap, slot):
            return None
        newest = self._stored[slot][-1]
        found = self._entry_content(slot)
        hidden = self.swap.zero[slot] or is_stale(self.swap.zswap, slot)
        if found not in (None, newest) and not hidden:
            # FIDELITY: so it was with the folios that a kernel of 6.6 to 6.12 refused.
            raise DataMismatch(f"slot {slot}: zswap still has an older page, and returns that")
        swap_readpage(self.swap, slot)
        self._settle()
        return self._pages[newest]

    def invalidate(self, slot: int) -> None:
        """Free a slot; nothing happens if it holds nothing."""
        self._check_slot(slot)
        swap_forget(self.swap, slot)
        self._settle()
        self._forget(slot)

    def invalidate_area(self) -> None:
        """Free every entry, as swapoff does."""
        while not zswap_invalidate_area(self.swap):
            self._settle()
        self._settle()

    def swap_cache(self, slot: int, *, present: bool) -> None:
        """Say whether the slot's page is in the swap cache, where it cannot be written back."""
        self._check_slot(slot)
        self.swap.busy[slot] = -EEXIST if present else 0

    def shrink(self) -> int:
        """Make room as this kernel's shrink work does once; return 0 or the errno of a failure.

        Up to 6.1 the current pool is asked for one of its pages; from 6.6 on the oldest entry is
        visited, and -EAGAIN says that it had a second chance.
        """
        zswap = self.swap.zswap
        number = zswap_pool_current(zswap)
        if zswap.switches[z.SHRINK] == POOL_PAGE:
            outcome = zswap_shrink(self.swap, number)
        else:
            outcome = shrink_oldest(self.swap, number)
        self._settle()
        return outcome

    def set_compressor(self, name: str) -> None:
        """Use another compressor for new stores; old entries keep theirs."""
        self._use_pool(self._current_pair()[0], name)

    def set_zpool(self, type_: str) -> None:
        """Use another allocator for new stores; old entries stay in theirs."""
        self._use_pool(type_, self._current_pair()[1])

    def set_max_pool_pages(self, pages: int) -> None:
        """Set the limit; nothing is evicted before a store finds the pool full."""
        if pages < 0:
            raise InvalidArgument(f"max_pool_pages {pages}: allowed is 0 or more")
        self.swap.zswap.parameters[z.TOTALRAM_PAGES] = pages

    def set_enabled(self, enabled: bool) -> None:
        """Enable or disable new stores; loads and invalidates work all the same."""
        self.swap.zswap.parameters[z.ENABLED] = int(enabled)

    @property
    def stats(self) -> dict[str, int]:
        """The debugfs counters and those of vmstat."""
        return {**debugfs(self.swap), **vmstat(self.swap)}

    @property
    def pools(self) -> list[PoolInfo]:
        """The live pools, the current one first."""
        zswap = self.swap.zswap
        current = zswap_pool_current(zswap)
        return [
            PoolInfo(
                *self._pairs[number],
                pages=zpools_registry.zpool_total_pages(self._state(number)),
                objects=zswap.pool_refs[number] - (number == current),
                current=number == current,
            )
            for number in list_nodes(zswap.pool_list, len(zswap.pool_refs))
        ]

    def check(self) -> None:
        """Audit everything; InvariantError names what is wrong."""
        check_swap(self.swap, list(self._drivers))

    def close(self) -> None:
        """Give all memory back; a second call does nothing."""
        self._closed = True
        for number, counted in enumerate(self._counted):
            if counted:
                zpools_registry.release(self._drivers[number])
                self._counted[number] = False
        self._plane.close()
        for memory in self._memories:
            memory.close()
        self._memories.clear()
        if self._owns_swap_file:
            self.swap_file.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def page(self, content: int) -> bytes:
        """Return the page of a content."""
        return self._pages[content]

    def compressed(self, content: int, compressor: Compressor) -> bytes:
        """Return what a content was compressed to when it was stored."""
        return self._data[content]

    def _take(self, slot: int, page: bytes) -> tuple[int, int, int]:
        """Take a page for a slot; return its content, compressed length and kind."""
        codec = self._codecs[zswap_pool_current(self.swap.zswap)]
        data = codec.compress(page)
        self._contents += 1
        self._pages[self._contents] = bytes(page)
        self._data[self._contents] = data
        self._forget(slot)
        self._stored.setdefault(slot, []).append(self._contents)
        kind = int(same_filled_kinds(bytes(page))[0])
        return self._contents, fit_of(codec).length(len(data)), kind

    def _forget(self, slot: int) -> None:
        """Forget the contents of a slot but for that of its entry, if there is one.

        It can outlive the slot's page: below a page of zeros, or left stale by a failed store.
        """
        kept = self._entry_content(slot)
        for content in self._stored.pop(slot, []):
            if content != kept:
                del self._pages[content], self._data[content]
        if kept is not None:
            self._stored[slot] = [kept]

    def _entry_content(self, slot: int) -> int | None:
        """Return the content of the entry that zswap has of a slot."""
        zswap = self.swap.zswap
        return int(zswap.content[slot]) if zswap.kind[slot] != z.NONE else None

    def _kept_bytes(self, slot: int) -> int:
        """Return the compressed bytes that zswap keeps of a slot's newest page."""
        if self._entry_content(slot) != self._stored[slot][-1]:
            return 0
        return int(self.swap.zswap.length[slot])

    def _check_slot(self, slot: int) -> None:
        if self._closed:
            raise InvalidArgument("this Zswap is closed")
        if not 1 <= slot < self.swap_file.slots:
            raise InvalidArgument(f"slot {slot}: allowed are 1 to {self.swap_file.slots - 1}")

    def _current_pair(self) -> tuple[str, str]:
        return self._pairs[zswap_pool_current(self.swap.zswap)]

    def _state(self, number: int) -> zpools_registry.PoolState:
        pools = self.swap.pools
        for _ in range(number):
            pools = pools.rest
        return pools.pool

    def _use_pool(self, type_: str, spec: str) -> None:
        codec = compressor(spec, self.kernel)
        driver = zpools_registry.get_driver(type_)
        check_zpool(profile(self.kernel), driver.type)
        pair = (type_, spec)
        if pair not in self._pairs:
            self._add_pool(driver, codec)
            self._pairs.append(pair)
        number = self._pairs.index(pair)
        if not self._counted[number]:
            zpools_registry.acquire(self._drivers[number])
            self._counted[number] = True
        zswap_pool_make_current(self.swap.zswap, number)
        self._settle()

    def _add_pool(self, driver: zpools_registry.ZpoolDriver, codec: Compressor) -> None:
        """Grow the chain of pools by one, keeping the order of the list of live pools."""
        swap, zswap = self.swap, self.swap.zswap
        number = len(self._pairs)
        states = [*(self._state(n) for n in range(number))]
        row = profile(self.kernel)
        options = driver.options(row)
        room = driver.room_for(self.swap_file.slots, **options)
        states.append(driver.create(zeros=zeros_interpreted, **room, **options))
        links = make_links(number + 2, zeros_interpreted)
        for node in range(number + 2):
            init_list_head(links, node)
        for node in list_nodes(zswap.pool_list, number):
            list_add_tail(links, node, number + 1)
        header_bytes = row.header_bytes if driver.evictable else 0
        lru_head = self.swap_file.slots + number
        zswap = zswap._replace(
            lru=Links([*_list(zswap.lru.link), lru_head, lru_head]),
            pool_list=links,
            pool_refs=[*_list(zswap.pool_refs), 0],
            pool_header=[*_list(zswap.pool_header), header_bytes],
        )
        self.swap = swap._replace(zswap=zswap, pools=chain(states, zeros_interpreted))
        self._codecs.append(codec)
        self._drivers.append(driver)
        self._counted.append(False)
        memory = PoolMemory(driver.address_pages(self.swap_file.slots, **options))
        self._memories.append(memory)
        self._plane.add_pool(PoolBytes(memory, codec, header_bytes, bool(row.raw_incompressible)))

    def _settle(self) -> None:
        """End what zswap left to do, let the bytes follow, count pools that died."""
        self._plane.follow(self.swap.journal)
        while not shrink_worker(self.swap):
            self._plane.follow(self.swap.journal)
        self._plane.follow(self.swap.journal)
        for number, counted in enumerate(self._counted):
            if counted and self.swap.zswap.pool_refs[number] == 0:
                zpools_registry.release(self._drivers[number])
                self._counted[number] = False


def _list(ints: Ints) -> list[int]:
    """Return the interpreted machine's array as the list that it is."""
    assert isinstance(ints, list)
    return ints


def reason_of(errno: int, length: int) -> str:
    """Say what an outcome means; an allocator may have errors of its own.

    length: what the compressor made of the page; its errno may be that of an allocator.
    """
    if errno and errno == length:
        return INCOMPRESSIBLE
    return REASONS.get(errno, f"the allocator failed with errno {-errno}")
