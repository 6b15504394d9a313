# SPDX-License-Identifier: GPL-2.0-only
"""The bytes plane: does with real bytes what the machine's journal says, and checks every page.

Compressed pages lie at their handles' addresses in the pool's memory, rejected and written-back
pages in the swap file. A page that is read back must equal the page that was stored; so a run
proves that no two objects overlapped and that nothing was lost.
"""

from time import perf_counter_ns
from typing import NamedTuple, NoReturn, Protocol

from zswapsim.content.compressors import Compressor
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.content.swap_file import SwapFile
from zswapsim.errors import DataMismatch, ZswapSimError
from zswapsim.machine.journal import (
    LOAD,
    LOAD_SAME,
    LOAD_ZERO,
    MOVE,
    READ_FAILED,
    SLOT,
    STORE,
    STORE_SAME,
    STORE_ZERO,
    SWAP_READ,
    SWAP_WRITE,
    WRITE_FAILED,
    WRITEBACK,
)
from zswapsim.units import PAGE_SIZE

WORDS = PAGE_SIZE // 8

UNDEFINED = b"\xa5" * PAGE_SIZE
"""What a write that failed leaves on the disk: if it is ever read, no page is equal to it."""


class Pages(Protocol):
    """Where contents come from, plain and compressed."""

    def page(self, content: int) -> bytes:
        """Return a content's 4096 bytes."""
        ...

    def holds(self, content: int, page: bytes) -> bool:
        """Say whether a content is these bytes."""
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


class BytesPlane:
    """Pool memory and swap file of a run; one compressor and header size for each pool.

    checked_pages: pages that were read back and compared; failed_reads: those that the disk did not
    give, so that there was nothing to compare; decompress_ns: time in the compressor.
    """

    def __init__(
        self,
        pages: Pages,
        pools: list[PoolBytes],
        swap_file: SwapFile,
    ) -> None:
        """pools: by number of the pool."""
        self.checked_pages = 0
        self.failed_reads = 0
        self.decompress_ns = 0
        self._pages = pages
        self._pools = pools
        self._swap_file = swap_file
        self._page_of: dict[int, int] = {}
        self._word_of: dict[int, bytes] = {}

    def apply(self, columns: list[list[int]]) -> None:
        """Do what the journal's records say, in order.

        columns: the journal's seven. DataMismatch names page, slot, address and trace position.
        """
        page_of = self._pages.page
        holds = self._pages.holds
        compressed = self._pages.compressed
        pools = self._pools
        swap_file = self._swap_file
        clock = perf_counter_ns
        spent_ns = checked = 0
        for event, slot, pool, address, length, content, at in zip(*columns, strict=True):
            if event == STORE:
                memory, compressor, header_bytes, raw = pools[pool]
                is_raw = raw and length == PAGE_SIZE
                data = page_of(content) if is_raw else compressed(content, compressor)
                end = address + header_bytes + len(data)
                if header_bytes:
                    data = slot.to_bytes(header_bytes, "little") + data
                memory.memory[address:end] = data
            elif event in (LOAD, WRITEBACK):
                memory, compressor, header_bytes, raw = pools[pool]
                start = address + header_bytes
                began = clock()
                if raw and length == PAGE_SIZE:
                    page = memory.memory[start : start + length]
                else:
                    try:
                        page = compressor.decompress(memory.view[start : start + length])
                    except ZswapSimError:
                        page = b""
                spent_ns += clock() - began
                if not holds(content, page):
                    self._mismatch("the pool", slot, address, at)
                checked += 1
                if event == WRITEBACK:
                    header = int.from_bytes(memory.view[address:start], "little")
                    if header_bytes and header != slot:
                        self._mismatch("the header of the object", slot, address, at)
                    swap_file.write(slot, page)
            elif event == SWAP_WRITE:
                swap_file.write(slot, page_of(content))
            elif event == SWAP_READ:
                if not holds(content, swap_file.read(slot)):
                    self._mismatch("the swap file", slot, address, at)
                checked += 1
            elif event == STORE_SAME:
                self._word_of[slot] = page_of(content)[:8]
            elif event == LOAD_SAME:
                if self._word_of[slot] * WORDS != page_of(content):
                    self._mismatch("the same-filled word", slot, address, at)
                checked += 1
            elif event == SLOT:
                self._page_of[slot] = content
            elif event == MOVE:
                pools[pool].memory.memory.move(content, address, length)
            elif event == STORE_ZERO:
                if any(page_of(content)):
                    self._mismatch("the swap core's map of zeros", slot, address, at)
            elif event == LOAD_ZERO:
                checked += 1  # compared when it was stored; the map holds no bytes
            elif event == WRITE_FAILED:
                swap_file.write(slot, UNDEFINED)
            elif event == READ_FAILED:
                self.failed_reads += 1
        self.decompress_ns += spent_ns
        self.checked_pages += checked

    def _mismatch(self, where: str, slot: int, address: int, at: int) -> NoReturn:
        raise DataMismatch(
            f"page {self._page_of.get(slot, '?')} came back from {where} with other bytes than "
            f"were stored (slot {slot}, address {address}, access {at})"
        )
