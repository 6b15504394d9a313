# SPDX-License-Identifier: GPL-2.0-only
"""Zram: the simulated zram one page at a time, for notebooks and tests.

It is the machine, interpreted, with the bytes plane behind it: every page that is read was really
compressed, placed, moved by compaction or written to the backing device, and is compared with what
was written.
"""

from zswapsim.content.compressors import Compressor
from zswapsim.content.compressors import compressor as make_compressor
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.content.same_filled import same_filled_words
from zswapsim.content.swap_file import SwapFile
from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import EIO, ENODEV, ENOSPC, InvalidArgument, raise_errno
from zswapsim.experiment.by_hand import Outcome
from zswapsim.experiment.bytes_plane import BytesPlane, PoolBytes
from zswapsim.files import Closing
from zswapsim.machine import journal as j
from zswapsim.machine.build import JOURNAL_CAPACITY
from zswapsim.machine.pools import zsmalloc
from zswapsim.machine.pools.zsmalloc_zspage import ZsPool
from zswapsim.machine.zram import device as z
from zswapsim.machine.zram import writeback as wb
from zswapsim.machine.zram.audit import zram_check
from zswapsim.machine.zram.compact import zram_compact
from zswapsim.machine.zram.disk import make_zram_disk
from zswapsim.profiles import DEFAULT_KERNEL, check_zpool, profile
from zswapsim.units import PAGE_SIZE

REASONS = {-12: "old and new page together would take the pool over its limit"}
WRITEBACK_ERRORS = {
    -ENODEV: "there is no backing device",
    -ENOSPC: "no block of the backing device is free",
    -EIO: "the writeback limit is used up",
}
WITHOUT_HUGE_PAGES_SINCE = ("5.4",)
"""Kernels whose mm_stat has eight columns."""


class Zram(Closing):
    """A zram device.

    Pages: write, read, discard. Writeback: mark_idle, writeback, set_writeback_limit.
    Memory: compact, set_mem_limit_pages. Look: mm_stat, bd_stat, device, check.
    End: close, or with.
    """

    def __init__(
        self,
        compressor: str = "lz4",
        slots: int = 4096,
        mem_limit_pages: int = 0,
        backing: SwapFile | None = None,
        kernel: str = DEFAULT_KERNEL,
        *,
        memory_tracking: bool = False,
    ) -> None:
        """Make a device of slots 0 .. slots - 1.

        mem_limit_pages: of the pool, 0 for none. backing: the backing device, which stays open.
        memory_tracking: slots know when they were last used. NoEntry, InvalidArgument: as they say.
        """
        self._closed = True
        if slots < 1:
            raise InvalidArgument(f"slots {slots}: allowed is 1 or more")
        if mem_limit_pages < 0:
            raise InvalidArgument(f"mem_limit_pages {mem_limit_pages}: allowed is 0 or more")
        self.kernel = kernel
        row = profile(kernel)
        check_zpool(row, zsmalloc.DRIVER.type)
        options = zsmalloc.DRIVER.options(row)
        self._codec = make_compressor(compressor, kernel)
        self._zram, self._pool = make_zram_disk(
            row,
            slots,
            limit_pages=mem_limit_pages,
            backing_blocks=0 if backing is None else backing.slots,
            zeros=zeros_interpreted,
            memory_tracking=memory_tracking,
        )
        self._journal = j.make_journal(JOURNAL_CAPACITY, j.ALL_EVENTS, zeros_interpreted)
        self._pages: dict[int, bytes] = {}
        self._data: dict[int, bytes] = {}
        self._memory = PoolMemory(zsmalloc.DRIVER.address_pages(slots + 1, **options))
        device = SwapFile(2) if backing is None else backing
        self._own_device = device if backing is None else None
        pool = PoolBytes(self._memory, self._codec, 0, raw=True)
        self._plane = BytesPlane(self, [pool], device, slots=slots + 1)
        self._closed = False

    def write(self, slot: int, page: bytes) -> Outcome:
        """Write a page. An outcome that is False leaves the slot as it was.

        InvalidArgument: no such slot, or not 4096 bytes.
        """
        self._check_slot(slot)
        page = bytes(page)
        flags, _ = same_filled_words(page)
        data = self._codec.compress(page)
        errno = z.zram_bvec_write(
            self._zram, self._pool, self._journal, slot, slot, len(data), int(flags[0])
        )
        if errno == 0:
            self._pages[slot], self._data[slot] = page, data
        self._settle()
        kept = 0 if errno else int(self._zram.length[slot])
        return Outcome(errno, kept, REASONS.get(errno, "stored"))

    def read(self, slot: int) -> bytes:
        """Read a page; zeros where nothing was written. DataMismatch: other bytes came back."""
        self._check_slot(slot)
        z.zram_bvec_read(self._zram, self._journal, slot)
        self._settle()
        return self._pages.get(slot, bytes(PAGE_SIZE))

    def discard(self, slot: int) -> None:
        """Forget a slot's page, as a discard or a freed swap slot does."""
        self._check_slot(slot)
        z.zram_slot_free_notify(self._zram, self._pool, self._journal, slot)
        self._settle()
        self._pages.pop(slot, None)
        self._data.pop(slot, None)

    def mark_idle(self, older_than: int | None = None) -> None:
        """Mark all pages idle, or those not used for more than so many reads and writes.

        A page is idle until it is read or written. InvalidArgument: memory is not tracked.
        """
        self._check_open()
        if older_than is not None and older_than < 0:
            raise InvalidArgument(f"older_than {older_than}: allowed is 0 or more")
        age = wb.ALL_PAGES if older_than is None else older_than
        if wb.zram_mark_idle(self._zram, age) != 0:
            raise InvalidArgument("older_than needs a Zram with memory_tracking=True")

    def writeback(self, mode: str) -> int:
        """Write pages to the backing device; return their number.

        mode: "idle", "huge", "huge_idle" or "page_index=N". InvalidArgument: another one.
        NoDevice: no backing device. NoSpace: no free block. DeviceError: the writeback limit is
        used up. The last two as soon as one more slot is looked at, and what is written stays so.
        """
        self._check_open()
        number, page_index = self._parse_mode(mode)
        before = self._zram.counters[z.BD_WRITES]
        outcome = wb.GO_ON
        while outcome == wb.GO_ON:
            outcome = wb.zram_writeback(self._zram, self._pool, self._journal, number, page_index)
            self._settle()
        pages = self._zram.counters[z.BD_WRITES] - before
        if outcome != 0:
            raise_errno(outcome, f"{WRITEBACK_ERRORS[outcome]}; {pages} pages were written")
        return pages

    def set_writeback_limit(self, pages: int | None) -> None:
        """Allow so many more pages of writeback; None for any number."""
        self._check_open()
        if pages is not None and pages < 0:
            raise InvalidArgument(f"writeback limit {pages}: allowed is 0 or more")
        self._zram.parameters[z.WRITEBACK_LIMIT_ENABLE] = int(pages is not None)
        self._zram.parameters[z.WRITEBACK_LIMIT_PAGES] = pages or 0

    def set_mem_limit_pages(self, pages: int) -> None:
        """Set the limit of the pool, 0 for none; nothing that is stored goes."""
        self._check_open()
        if pages < 0:
            raise InvalidArgument(f"mem_limit_pages {pages}: allowed is 0 or more")
        self._zram.parameters[z.LIMIT_PAGES] = pages

    def compact(self) -> int:
        """Move objects together; return the pages of the pool that came free."""
        self._check_open()
        before = self._zram.counters[z.PAGES_COMPACTED]
        while zram_compact(self._zram, self._pool, self._journal) == wb.GO_ON:
            self._settle()
        self._settle()
        return self._zram.counters[z.PAGES_COMPACTED] - before

    @property
    def device(self) -> tuple[z.Zram, ZsPool]:
        """The device and its pool, to look at."""
        return self._zram, self._pool

    @property
    def mm_stat(self) -> dict[str, int]:
        """The columns of mm_stat by their kernel names."""
        row = [0] * len(z.MM_STAT)
        z.mm_stat_show(self._zram, self._pool, row, 0)
        stat = dict(zip(z.MM_STAT, row, strict=True))
        if self.kernel in WITHOUT_HUGE_PAGES_SINCE:
            del stat["huge_pages_since"]
        return stat

    @property
    def bd_stat(self) -> dict[str, int]:
        """The columns of bd_stat, in pages."""
        row = [0] * len(z.BD_STAT)
        z.bd_stat_show(self._zram, row, 0)
        return dict(zip(z.BD_STAT, row, strict=True))

    def check(self) -> None:
        """Audit everything; InvariantError names what is wrong."""
        zram_check(self._zram, self._pool)

    def close(self) -> None:
        """Give all memory back; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._plane.close()
            self._memory.close()
            if self._own_device is not None:
                self._own_device.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def page(self, content: int) -> bytes:
        """Return the page of a content; the number of a content is its slot."""
        return self._pages[content]

    def compressed(self, content: int, compressor: Compressor) -> bytes:
        """Return what a slot's page was stored as."""
        return self._data[content]

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidArgument("this Zram is closed")

    def _check_slot(self, slot: int) -> None:
        self._check_open()
        slots = len(self._zram.kind)
        if not 0 <= slot < slots:
            raise InvalidArgument(f"slot {slot}: allowed are 0 to {slots - 1}")

    def _parse_mode(self, mode: str) -> tuple[int, int]:
        name, equals, word = mode.partition("=")
        if not equals and name in wb.MODES:
            return wb.MODES[name], 0
        if name == "page_index" and word.isascii() and word.isdecimal() and len(word) < 20:
            self._check_slot(int(word))
            return wb.PAGE_WRITEBACK, int(word)
        raise InvalidArgument(
            f"writeback mode {mode!r}: allowed are {', '.join(wb.MODES)} and page_index=N"
        )

    def _settle(self) -> None:
        """Let the bytes follow the journal."""
        self._plane.follow(self._journal)
