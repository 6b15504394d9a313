# SPDX-License-Identifier: GPL-2.0-only
"""The bytes plane: does with real bytes what the machine's journal says, and checks every page.

Compressed pages lie at their handles' addresses in the pool's memory, rejected and written-back
pages in the swap file. A page that is read back must equal the page that was stored; so a run
proves that no two objects overlapped and that nothing was lost. What a record does is in
carrying.py; here is what it needs.
"""

import ctypes
import errno
import mmap
from typing import Any, NamedTuple, Protocol

import numpy as np

from zswapsim.content.compressors import Compressor
from zswapsim.content.compressors.batches import Compressed
from zswapsim.content.compressors.protocol import check_page
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.content.swap_file import Pending, SwapFile
from zswapsim.engine import engines
from zswapsim.engine.native import Callback
from zswapsim.errors import DataMismatch, ZswapSimError
from zswapsim.experiment import carrying as c
from zswapsim.files import Closing
from zswapsim.machine.build import ints
from zswapsim.machine.journal import LENGTH, Journal
from zswapsim.units import PAGE_SIZE

UNDEFINED = b"\xa5" * PAGE_SIZE
"""What a write that failed leaves on the disk: if it is ever read, no page is equal to it."""

DATA_BYTES = 2 * PAGE_SIZE
"""More than any compressor makes of a page."""

PAGES_OF_ROOM = (c.ZEROS, c.UNDEFINED, c.READ, c.FETCHED)
"""What the plane has a page each for, before the compressed bytes."""

HEADER_BYTES = (0, 8)


class Pages(Protocol):
    """Where contents come from, plain and compressed.

    It may have contents (bytes or a mapping: page after page) and count, then pages are taken from
    there, and kept(compressor), then compressed bytes are; see PageStore.
    """

    def page(self, content: int) -> bytes:
        """Return a content's 4096 bytes."""
        ...

    def compressed(self, content: int, compressor: Compressor) -> bytes:
        """Return a content compressed."""
        ...


class PoolBytes(NamedTuple):
    """How a pool holds bytes: its memory, the compressor, the bytes before an object's data, and

    whether an object of a page's length holds the page as it is."""

    memory: PoolMemory
    compressor: Compressor
    header_bytes: int
    raw: bool = False


class BytesPlane(Closing):
    """Pool memory and swap file of a run; one compressor and header size for each pool.

    Use: add_pool, follow; end: close, or with. Read, also afterwards: checked_pages, failed_reads,
    decompress_ns.
    """

    def __init__(
        self,
        pages: Pages,
        pools: list[PoolBytes],
        swap_file: SwapFile,
        *,
        slots: int | None = None,
        engine: str = "interpreted",
    ) -> None:
        """pools: by number of the pool; slots: of the machine, those of the swap file unless said;
        engine: "interpreted" or "compiled"."""
        self._pages = pages
        self._pools: list[PoolBytes] = []
        self._columns: list[tuple[int, ...]] = []
        self._swap_file = swap_file
        self._engine = engine
        self._carry = engines.entry(c.carry, engine)
        self._callbacks = {
            c.FETCH_PAGE: Callback(self._fetch_page),
            c.FETCH_DATA: Callback(self._fetch_data),
            c.READ_SLOT: Callback(self._read_slot),
            c.FLUSH: Callback(self._flush),
            c.DECOMPRESS: Callback(self._decompressed),
        }
        self._room = mmap.mmap(-1, len(PAGES_OF_ROOM) * PAGE_SIZE + DATA_BYTES)
        self._held: list[Any] = [ctypes.c_char.from_buffer(self._room)]
        zeros = engines.zeros(engine)
        slots = swap_file.slots if slots is None else slots
        self._carrier = c.Carrier(
            numbers=zeros(c.NUMBERS),
            pools=c.CarriedPools(*[zeros(0)] * 6),
            pending=Pending(
                engines.shared(swap_file.pending.place, "int32", engine),
                engines.shared(swap_file.pending.slot, "int32", engine),
                engines.shared(swap_file.pending.waiting, "int64", engine),
            ),
            kept=c.Kept(zeros(0), zeros(0, "int32")),
            page_of=zeros(slots, "int32"),
            word_of=zeros(slots),
        )
        self._place(getattr(pages, "contents", b""), getattr(pages, "count", -1))
        for pool in pools:
            self.add_pool(pool)

    @property
    def checked_pages(self) -> int:
        """Pages that were read back and compared."""
        return self._carrier.numbers[c.CHECKED]

    @property
    def failed_reads(self) -> int:
        """Pages that the disk did not give, so that there was nothing to compare."""
        return self._carrier.numbers[c.FAILED_READS]

    @property
    def decompress_ns(self) -> int:
        """Time in the compressors."""
        return self._carrier.numbers[c.DECOMPRESS_NS]

    def add_pool(self, pool: PoolBytes) -> None:
        """Add the pool of the next number."""
        if pool.header_bytes not in HEADER_BYTES:
            raise ValueError(f"header_bytes {pool.header_bytes}; allowed are {HEADER_BYTES}")
        kept: Compressed | None = getattr(self._pages, "kept", lambda _: None)(pool.compressor)
        address = getattr(pool.compressor, "decompress_address", lambda: None)()
        column = (
            pool.memory.address,
            len(pool.memory.memory),
            pool.header_bytes,
            int(pool.raw),
            int(kept is not None),
            address or self._callbacks[c.DECOMPRESS].address,
        )
        self._pools.append(pool)
        self._columns.append(column)
        pools = (ints(numbers, self._engine) for numbers in zip(*self._columns, strict=True))
        self._carrier = self._carrier._replace(pools=c.CarriedPools(*pools))
        if kept is not None and kept.area is not None:
            self._carrier.numbers[c.AREA] = self._address(kept.area)
            places = engines.shared(kept.places, "int64", self._engine)
            lengths = engines.shared(kept.lengths, "int32", self._engine)
            self._carrier = self._carrier._replace(kept=c.Kept(places, lengths))

    def close(self) -> None:
        """Let go of the contents, and of callbacks, with which the plane refers to itself."""
        for callback in self._callbacks.values():
            callback.close()
        self._callbacks.clear()
        self._pools.clear()
        self._held.clear()

    def follow(self, journal: Journal) -> None:
        """Do what the journal's records say, in order, and take them off.

        DataMismatch names page, slot, address and trace position.
        """
        end = int(journal.counts[LENGTH])
        journal.counts[LENGTH] = 0
        closed = [pool.memory.memory.closed for pool in self._pools]
        if self._swap_file.closed or any(closed) or not self._callbacks:
            raise OSError(errno.EBADF, "the pool's memory or the swap file was closed")
        at = self._carry(self._carrier, journal, 0, end)
        for callback in self._callbacks.values():
            callback.raise_again()
        if at < end:
            self._mismatch(journal, at)

    def _place(self, contents: bytes | mmap.mmap, count: int) -> None:
        """Say where everything is."""
        numbers = self._carrier.numbers
        if count >= 0:
            numbers[c.CONTENTS] = self._address(contents)
        numbers[c.CONTENTS_COUNT] = max(0, count)
        numbers[c.FRESH] = count
        self._room[PAGE_SIZE : 2 * PAGE_SIZE] = UNDEFINED
        room = ctypes.addressof(self._held[0])
        for page, which in enumerate((*PAGES_OF_ROOM, c.DATA)):
            numbers[which] = room + page * PAGE_SIZE
        numbers[c.PENDING] = self._swap_file.address
        for which, callback in self._callbacks.items():
            numbers[which] = callback.address

    def _address(self, data: bytes | mmap.mmap) -> int:
        """Return where bytes are, which are held from now on."""
        held = np.frombuffer(data, np.uint8)
        self._held.append(held)
        return int(held.ctypes.data)

    def _put(self, where: int, data: bytes, most_bytes: int = PAGE_SIZE) -> int:
        if len(data) > most_bytes:
            raise ZswapSimError(f"{len(data):,} bytes came of a page; allowed are {most_bytes:,}")
        ctypes.memmove(self._carrier.numbers[where], data, len(data))
        return len(data)

    def _fetch_page(self, content: int, *_: int) -> int:
        check_page(page := self._pages.page(content))
        self._put(c.FETCHED, page)
        return 0

    def _fetch_data(self, pool: int, content: int, *_: int) -> int:
        data = self._pages.compressed(content, self._pools[pool].compressor)
        return self._put(c.DATA, data, DATA_BYTES)

    def _read_slot(self, slot: int, *_: int) -> int:
        self._put(c.READ, self._swap_file.read(slot))
        return 0

    def _flush(self, *_: int) -> int:
        self._swap_file.flush()
        return 0

    def _decompressed(self, source: int, _: int, length: int, __: int, pool: int, ___: int) -> int:
        try:
            page = self._pools[pool].compressor.decompress(ctypes.string_at(source, length))
        except ZswapSimError:
            return -1
        return self._put(c.READ, page) if len(page) == PAGE_SIZE else -1

    def _mismatch(self, journal: Journal, at: int) -> None:
        slot, address, where = journal.slot[at], journal.address[at], journal.at[at]
        problem = self._carrier.numbers[c.PROBLEM]
        place = f"(slot {slot}, address {address}, access {where})"
        if problem == c.OUTSIDE:
            raise DataMismatch(f"a record of the journal is outside of the memory {place}")
        page = ~self._carrier.page_of[slot]
        raise DataMismatch(
            f"page {'?' if page == -1 else page} came back from {FROM[problem]} with other bytes "
            f"than were stored {place}"
        )


FROM = {
    c.WRONG_OBJECT: "the pool",
    c.WRONG_HEADER: "the header of the object",
    c.WRONG_SLOT: "the swap file",
    c.WRONG_WORD: "the same-filled word",
    c.WRONG_ZEROS: "the swap core's map of zeros",
}
