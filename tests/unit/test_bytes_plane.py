# SPDX-License-Identifier: GPL-2.0-only
"""The bytes plane: it does what the journal says, and finds every byte that is wrong."""

import gc
import mmap
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from zswapsim import SwapFile, compressor
from zswapsim.content.compressors import Compressor
from zswapsim.content.page_store import PageStore
from zswapsim.content.pool_memory import PoolMemory
from zswapsim.errors import DataMismatch, InvalidArgument
from zswapsim.experiment.bytes_plane import BytesPlane, PoolBytes
from zswapsim.machine import journal as j
from zswapsim.machine.build import ints
from zswapsim.units import PAGE_SIZE

HEADER = 8
CONTENTS = [
    b"".join(b"%d penguins " % n for n in range(2000))[:PAGE_SIZE],
    b"".join(b"%d walruses " % n for n in range(2000))[:PAGE_SIZE],
    b"8 bytes." * (PAGE_SIZE // 8),
]
ROW = tuple[int, int, int, int, int, int, int]


class Pages:
    def page(self, content: int) -> bytes:
        return CONTENTS[content]

    def compressed(self, content: int, compressor: Compressor) -> bytes:
        return compressor.compress(CONTENTS[content])


class Bench:
    """A plane of one pool, with its parts at hand."""

    def __init__(self, header_bytes: int, engine: str = "interpreted", spec: str = "lz4") -> None:
        self.header_bytes = header_bytes
        self.engine = engine
        self.codec = compressor(spec)
        self.memory = PoolMemory(16)
        self.swap_file = SwapFile(16)
        pools = [PoolBytes(self.memory, self.codec, header_bytes)]
        self.plane = BytesPlane(Pages(), pools, self.swap_file, engine=engine)

    def length(self, content: int) -> int:
        return len(self.codec.compress(CONTENTS[content]))

    def run(self, *rows: tuple[int, ...]) -> None:
        """Apply (event, slot, address, content) records of access 5, 6, 7, ..."""
        full = [
            (event, slot, 0, address, self.length(content) if address else 0, content, at)
            for at, (event, slot, address, content) in enumerate(rows, 5)
        ]
        columns = [list(column) for column in zip(*full, strict=True)]
        columns.append([len(rows), j.BYTES_EVENTS, 0])
        self.plane.follow(j.Journal(*(ints(column, self.engine) for column in columns)))


@pytest.fixture(params=[(HEADER, "lz4"), (0, "lz4"), (HEADER, "zstd")], ids=str)
def bench(request: pytest.FixtureRequest, engine: str) -> Iterator[Bench]:
    header_bytes, spec = request.param
    bench = Bench(header_bytes, engine, spec)
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


def test_every_damaged_byte_of_the_data_is_found(engine: str) -> None:
    bench = Bench(HEADER, engine)
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


def test_a_damaged_header_is_found_at_writeback(engine: str) -> None:
    bench = Bench(HEADER, engine)
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


@pytest.mark.parametrize("address", [-1, 16 * PAGE_SIZE, 16 * PAGE_SIZE - 20, -(1 << 40), 1 << 40])
@pytest.mark.parametrize("event", [j.STORE, j.LOAD, j.WRITEBACK])
def test_a_place_outside_of_the_pool_is_not_touched(bench: Bench, event: int, address: int) -> None:
    with pytest.raises(DataMismatch, match=rf"outside .* address {address}, access 5\)$"):
        bench.run((event, 3, address, 0))


@pytest.mark.parametrize("slot", [-1, 16, 1 << 40])
def test_a_slot_that_is_none_is_not_touched(bench: Bench, slot: int) -> None:
    for event in (j.SWAP_WRITE, j.SWAP_READ, j.STORE_SAME, j.SLOT, j.WRITE_FAILED):
        with pytest.raises(DataMismatch, match=f"outside .*slot {slot},"):
            bench.run((event, slot, 0, 0))
    with pytest.raises(DataMismatch, match=r"outside .*slot 0,"):
        bench.run((j.SWAP_WRITE, 0, 0, 0))


def test_a_move_takes_the_bytes_along_and_stays_inside(bench: Bench) -> None:
    length = bench.length(0) + bench.header_bytes
    bench.run((j.STORE, 3, 64, 0))
    moved = [[j.MOVE], [0], [0], [64], [length], [5000], [0], [1, j.BYTES_EVENTS, 0]]
    bench.plane.follow(j.Journal(*(ints(column, bench.engine) for column in moved)))
    bench.run((j.LOAD, 3, 5000, 0))
    moved[5], moved[7] = [16 * PAGE_SIZE - length + 1], [1, j.BYTES_EVENTS, 0]
    with pytest.raises(DataMismatch, match="outside"):
        bench.plane.follow(j.Journal(*(ints(column, bench.engine) for column in moved)))


def test_what_python_raises_while_bytes_are_fetched_comes_out_once(bench: Bench) -> None:
    with pytest.raises(IndexError):
        bench.run((j.SWAP_WRITE, 3, 0, 99))
    bench.run((j.SWAP_WRITE, 3, 0, 0), (j.SWAP_READ, 3, 0, 0))


def test_pages_go_through_a_swap_file_that_keeps_few_of_them(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswapsim.content.swap_file.PENDING_PAGES", 2)
    with PoolMemory(1) as memory, SwapFile(9, tmp_path / "swap") as file:
        pool = PoolBytes(memory, compressor("lz4"), 0)
        plane = BytesPlane(Pages(), [pool], file, engine=engine)
        written = [(slot, slot % 3) for slot in (5, 1, 3, 8, 1, 2, 7)]
        events = [j.SWAP_WRITE] * 7 + [j.SWAP_READ] * 7
        none = [0] * 14
        slots, contents = ([row[k] for row in written] * 2 for k in range(2))
        columns = [events, slots, none, none, none, contents, none, [14, j.BYTES_EVENTS, 0]]
        plane.follow(j.Journal(*(ints(column, engine) for column in columns)))
        assert plane.checked_pages == 7
        assert all(file.read(slot) == CONTENTS[content] for slot, content in written)


def test_a_closed_pool_is_not_followed(engine: str) -> None:
    bench = Bench(0, engine)
    bench.memory.close()
    with pytest.raises(OSError, match="closed"):
        bench.run((j.STORE, 3, 64, 0))


@pytest.mark.parametrize("mapped", [False, True])
def test_contents_are_taken_from_where_they_lie(engine: str, mapped: bool) -> None:
    contents: bytes | mmap.mmap = b"".join(CONTENTS)
    if mapped:
        area = mmap.mmap(-1, len(contents))
        area[:] = contents
        contents = area
    store, codec = PageStore(contents, 3, processes=1, compiled=True), compressor("lz4")
    store.lengths(codec)
    made = store.compressions
    with PoolMemory(4) as memory, SwapFile(9) as file:
        plane = BytesPlane(store, [PoolBytes(memory, codec, 0)], file, engine=engine)
        rows = [(j.STORE, 1, 0, 0, len(store.compressed(0, codec)), 0, 0)]
        rows += [(j.LOAD, *rows[0][1:]), (j.SWAP_WRITE, 2, 0, 0, 0, 3, 0)]
        rows += [(j.SWAP_READ, 2, 0, 0, 0, 3, 0), (j.STORE_ZERO, 3, 0, 0, 0, 3, 0)]
        columns = [*map(list, zip(*rows, strict=True)), [len(rows), j.BYTES_EVENTS, 0]]
        plane.follow(j.Journal(*(ints(column, engine) for column in columns)))
        assert plane.checked_pages == 2
        assert file.read(2) == bytes(PAGE_SIZE), "content 3 is the fresh page"
        with pytest.raises(InvalidArgument, match="no content 4"):
            plane.follow(
                j.Journal(
                    *(ints([n], engine) for n in (j.SWAP_WRITE, 2, 0, 0, 0, 4, 0)),
                    ints([1, j.BYTES_EVENTS, 0], engine),
                )
            )
    assert store.compressions == made


def test_a_closed_plane_keeps_its_counts_and_nothing_else(engine: str) -> None:
    bench = Bench(0, engine)
    bench.run((j.SWAP_WRITE, 3, 0, 0), (j.SWAP_READ, 3, 0, 0))
    bench.plane.close()
    assert bench.plane.checked_pages == 1
    with pytest.raises(OSError, match="closed"):
        bench.run((j.SWAP_READ, 3, 0, 0))


def test_a_closed_plane_need_not_wait_for_the_garbage_collector(engine: str) -> None:
    bench = Bench(0, engine)
    bench.run((j.SWAP_WRITE, 3, 0, 0), (j.SWAP_READ, 3, 0, 0))
    gone = weakref.ref(bench.plane)
    bench.plane.close()
    gc.disable()
    try:
        del bench.plane
        assert gone() is None
    finally:
        gc.enable()
