# SPDX-License-Identifier: GPL-2.0-only
"""The bytes plane: it does what the journal says, and finds every byte that is wrong."""

from collections.abc import Iterator

import pytest

from zswapsim import SwapFile, compressor
from zswapsim.content.compressors import Compressor
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.errors import DataMismatch
from zswapsim.experiment.bytes_plane import BytesPlane, PoolBytes
from zswapsim.machine import journal as j
from zswapsim.units import PAGE_SIZE

HEADER = 8
CONTENTS = [
    b"".join(b"%d penguins " % n for n in range(2000))[:PAGE_SIZE],
    b"".join(b"%d walruses " % n for n in range(2000))[:PAGE_SIZE],
    b"8 bytes." * (PAGE_SIZE // 8),
]
ROW = tuple[int, int, int, int, int, int, int]


class Pages:
    def holds(self, content: int, page: bytes) -> bool:
        return self.page(content) == page

    def page(self, content: int) -> bytes:
        return CONTENTS[content]

    def compressed(self, content: int, compressor: Compressor) -> bytes:
        return compressor.compress(CONTENTS[content])


class Bench:
    """A plane of one lz4 pool, with its parts at hand."""

    def __init__(self, header_bytes: int) -> None:
        self.header_bytes = header_bytes
        self.codec = compressor("lz4")
        self.memory = PoolMemory(16)
        self.swap_file = SwapFile(16)
        pools = [PoolBytes(self.memory, self.codec, header_bytes)]
        self.plane = BytesPlane(Pages(), pools, self.swap_file)

    def length(self, content: int) -> int:
        return len(self.codec.compress(CONTENTS[content]))

    def run(self, *rows: tuple[int, ...]) -> None:
        """Apply (event, slot, address, content) records of access 5, 6, 7, ..."""
        full = [
            (event, slot, 0, address, self.length(content) if address else 0, content, at)
            for at, (event, slot, address, content) in enumerate(rows, 5)
        ]
        self.plane.apply([list(column) for column in zip(*full, strict=True)])


@pytest.fixture(params=[HEADER, 0])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(request.param)
    yield bench
    bench.memory.close()
    bench.swap_file.close()


def test_a_stored_page_lies_at_its_address_behind_the_header(bench: Bench) -> None:
    bench.run((j.STORE, 3, 64, 0))
    data = bench.codec.compress(CONTENTS[0])
    start = 64 + bench.header_bytes
    assert bench.memory.memory[start : start + len(data)] == data
    if bench.header_bytes:
        assert int.from_bytes(bench.memory.memory[64:start], "little") == 3
    after = bench.memory.memory[start + len(data) : PAGE_SIZE]
    assert bench.memory.memory[:64] + after == bytes(64 + len(after))


def test_a_loaded_page_is_checked_and_counted(bench: Bench) -> None:
    bench.run((j.STORE, 3, 64, 0), (j.LOAD, 3, 64, 0), (j.LOAD, 3, 64, 0))
    assert bench.plane.checked_pages == 2
    assert bench.plane.decompress_ns > 0


def test_a_written_back_page_is_in_the_swap_file_whole(bench: Bench) -> None:
    bench.run((j.STORE, 3, 64, 1), (j.WRITEBACK, 3, 64, 1), (j.SWAP_READ, 3, 0, 1))
    assert bench.swap_file.read(3) == CONTENTS[1]
    assert bench.plane.checked_pages == 2


def test_a_refused_page_is_in_the_swap_file_whole(bench: Bench) -> None:
    bench.run((j.SWAP_WRITE, 7, 0, 0), (j.SWAP_READ, 7, 0, 0))
    assert bench.swap_file.read(7) == CONTENTS[0]


def test_a_same_filled_page_needs_its_word_only(bench: Bench) -> None:
    bench.run((j.STORE_SAME, 2, 0, 2), (j.LOAD_SAME, 2, 0, 2))
    assert bench.plane.checked_pages == 1


def test_the_word_of_a_slot_is_that_of_its_last_store(bench: Bench) -> None:
    bench.run((j.STORE_SAME, 2, 0, 2))
    with pytest.raises(DataMismatch, match=r"the same-filled word .*\(slot 2, "):
        bench.run((j.LOAD_SAME, 2, 0, 0))


def test_every_damaged_byte_of_the_data_is_found() -> None:
    bench = Bench(HEADER)
    bench.run((j.SLOT, 3, 0, 1), (j.STORE, 3, 64, 0))
    for at in range(64 + HEADER, 64 + HEADER + bench.length(0), 7):
        bench.memory.memory[at] ^= 0x55
        with pytest.raises(DataMismatch):
            bench.run((j.LOAD, 3, 64, 0))
        bench.memory.memory[at] ^= 0x55
    bench.run((j.LOAD, 3, 64, 0))
    bench.memory.close()


def test_a_mismatch_names_page_slot_address_and_access(bench: Bench) -> None:
    bench.run((j.SLOT, 3, 0, 1), (j.STORE, 3, 64, 0))
    bench.memory.memory[64 + bench.header_bytes + 100] ^= 1
    with pytest.raises(
        DataMismatch,
        match=r"^page 1 came back from the pool with other bytes than were stored "
        r"\(slot 3, address 64, access 6\)$",
    ):
        bench.run((j.STORE, 4, 4096, 1), (j.LOAD, 3, 64, 0))


def test_a_damaged_header_is_found_at_writeback() -> None:
    bench = Bench(HEADER)
    bench.run((j.STORE, 3, 64, 0))
    bench.memory.memory[64] ^= 1
    with pytest.raises(DataMismatch, match=r"the header of the object .*slot 3, address 64"):
        bench.run((j.WRITEBACK, 3, 64, 0))
    bench.memory.close()


def test_a_damaged_swap_file_is_found(bench: Bench) -> None:
    bench.run((j.SWAP_WRITE, 9, 0, 0))
    bench.swap_file.write(9, CONTENTS[0][:-1] + b"!")
    with pytest.raises(DataMismatch, match=r"the swap file .*slot 9, .*access 5"):
        bench.run((j.SWAP_READ, 9, 0, 0))


def test_objects_that_overlap_are_found(bench: Bench) -> None:
    bench.run((j.STORE, 3, 64, 0), (j.STORE, 4, 128, 1))
    with pytest.raises(DataMismatch, match="slot 3"):
        bench.run((j.LOAD, 3, 64, 0))
