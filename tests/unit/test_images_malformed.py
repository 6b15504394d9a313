# SPDX-License-Identifier: GPL-2.0-only
"""Memory images made wrong on purpose: one line with the file, the byte and what was expected."""

import struct
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from image_files import avml, elf_core, lime, lime_header, page, pages, read

from zswapsim.errors import TraceError
from zswapsim.trace.images.image import Run
from zswapsim.units import PAGE_SIZE

CORE = elf_core([(0x10000, pages(0, 2), 2 * PAGE_SIZE), (0x20000, page(3), PAGE_SIZE)])
XNUM = elf_core([(0x10000, page(0), PAGE_SIZE)] * 65_535, xnum_at_end=False)[: 128 + 56 * 65_535]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "memory.img"


def refusal(file: Path, data: bytes) -> str:
    """Read the data and return the one line that says what is wrong."""
    file.write_bytes(data)
    with pytest.raises(TraceError) as caught:
        read(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: ")
    assert "\n" not in text
    return text.removeprefix(f"{file}: ")


def test_nothing_and_less_than_a_page(file: Path) -> None:
    assert refusal(file, b"") == "the file is empty"
    assert refusal(file, bytes(100)).startswith("no known kind of memory image, by its first 100")


def test_raw_pages_that_are_none(file: Path) -> None:
    for data in (bytes(PAGE_SIZE + 1), zstandard.compress(bytes(PAGE_SIZE + 1))):
        assert refusal(file, data).endswith("a multiple of 4096 bytes; it has 4,097")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"class": 1}, "byte 4: class 1 and byte order 1; expected a 64-bit little-endian"),
        ({"order": 2}, "byte 4: class 2 and byte order 2; expected a 64-bit little-endian"),
        ({"type": 2}, "byte 16: ELF type 2; expected a core file, 4"),
        ({"machine": 21}, "byte 18: ELF machine 21; expected 3 (Intel 80386), 62 (x86-64), 183"),
        ({"phentsize": 32}, "byte 54: program headers of 32 bytes; expected 56"),
        ({"phnum": 0}, "byte 56: no program headers; expected 1 and more"),
        ({"phoff": 0}, "byte 32: program headers at byte 0; expected 64 and more"),
        ({"phoff": (1 << 64) - 1}, "byte 32: program headers at byte 18,446,744,073,709,551,615"),
        ({"phnum": 60_000}, "program headers 0..4,095 of 60,000: expected "),
        ({"phnum": 0xFFFF, "shoff": 0}, "byte 40: section header 0, with the number of program"),
        (
            {"phnum": 0xFFFF, "shoff": 1 << 40},
            "of program headers, is at byte 1,099,",
        ),
        ({"phnum": 0xFFFF, "shoff": 64}, "program headers; expected 65535 and more"),
    ],
)
def test_an_elf_header_that_is_wrong(file: Path, fields: dict[str, int], message: str) -> None:
    data = elf_core([(0x10000, page(1), PAGE_SIZE)], **fields)
    assert message in refusal(file, data)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (8, 1 << 63, "byte 64: a segment whose end in the file is beyond 64 bits"),
        (32, (1 << 64) - 1, "byte 64: a segment whose end in the file is beyond 64 bits"),
        (40, 1 << 63, "byte 64: a segment whose size in memory is beyond 64 bits"),
        (16, (1 << 64) - 4096, "byte 64: a segment whose last address is beyond 64 bits"),
        (24, (1 << 64) - 4096, "byte 64: a segment whose last address is beyond 64 bits"),
        (8, 0, "byte 176: a segment is at byte 0; expected it behind the program headers"),
        (8, 1 << 40, "the file ends here; expected 1,099,511,635,968 bytes, by its program"),
        (32, 1 << 62, "the file ends here; expected 4,611,686,018,427,388,080 bytes"),
    ],
)
def test_a_segment_that_cannot_be(file: Path, field: int, value: int, message: str) -> None:
    data = bytearray(CORE)
    struct.pack_into("<Q", data, 64 + field, value)
    assert message in refusal(file, bytes(data))
    # Where the size of the file is not known, the end says the same, but later.
    packed = refusal(file, zstandard.compress(bytes(data)))
    assert message in packed or "but the file ends here" in packed


def test_a_core_cut_off_anywhere_is_refused(file: Path) -> None:
    for length in [*range(4, 200, 3), 176, 4000, len(CORE) - 1]:
        whole = refusal(file, CORE[:length])
        packed = refusal(file, zstandard.compress(CORE[:length]))
        assert f"byte {length:,}: " in whole
        assert "file ends here" in whole
        assert f"byte {length:,}: " in packed
        assert "file ends here" in packed


def test_headers_without_end_are_refused_when_the_file_ends(file: Path) -> None:
    data = bytearray(XNUM)
    struct.pack_into("<I", data, 64 + 44, 0xFFFFFFFF)
    for packed in (bytes(data), zstandard.compress(data)):
        assert "of 4,294,967,295: expected " in refusal(file, packed)


def test_more_segments_than_can_be_sorted_are_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswapsim.trace.images.elf_segments.MOST_SEGMENTS", 5000)
    assert "more than 5,000 segments" in refusal(file, XNUM)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lime_header(0, 4095)[:31], "byte 31: the header of a range: expected 1 bytes more"),
        (lime_header(0, 4095), "byte 32: the range at 0x0: expected 4,096 bytes more"),
        (lime([(0, page(1))]) + b"E", "byte 4,129: the header of a range: expected 31 bytes"),
        (lime([(0, page(1))]) + bytes(32), "byte 4,128: expected the header of a range, b'EMiL'"),
        (lime_header(0, 4095, version=2), "byte 0: version 2; this program reads 1"),
        (lime_header(8192, 4095), "byte 0: a range from 0x2000 to 0xfff, which is before it"),
        (
            lime([(0x1000, page(1)), (0x1FFF, page(2))]),
            "byte 4,128: a range at 0x1fff, but the one before it ends at 0x2000",
        ),
        (lime_header(0, (1 << 64) - 1) + page(1), "byte 4,128: the range at 0x0: expected 1,044,4"),
    ],
)
def test_a_lime_image_that_is_wrong(file: Path, data: bytes, message: str) -> None:
    assert message in refusal(file, data)


IDENTIFIER = b"\xff\x06\x00\x00sNaPpY"
RANGE = lime_header(0, 4095, magic=b"AVML", version=2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "byte 32: a snappy chunk: expected 4 bytes more"),
        (b"\xff\x06\x00\x00sNaPpX", "byte 32: expected snappy's identifier"),
        (b"\xff\xff\xff\xff" + bytes(99), "byte 32: expected snappy's identifier"),
        (IDENTIFIER + b"\x02\x00\x00\x00", "byte 42: a snappy chunk of type 0x2; expected 0, 1 or"),
        (IDENTIFIER + b"\x00\xff\xff\xff", "byte 42: a snappy chunk of 16,777,215 bytes; expected"),
        (IDENTIFIER + b"\x00\x04\x00\x00", "byte 42: a snappy chunk of 4 bytes; expected 5.."),
        (
            IDENTIFIER + b"\x00\x09\x00\x00" + bytes(9),
            "expected a snappy chunk, but it is",
        ),
        (
            IDENTIFIER + b"\x01\x05\x00\x00" + bytes(5),
            "expected a snappy chunk, but it is",
        ),
        (IDENTIFIER + b"\xfe\xff\xff\x00xx", "a snappy chunk to be skipped: expected 65,533 bytes"),
    ],
)
def test_an_avml_image_that_is_wrong(file: Path, data: bytes, message: str) -> None:
    pytest.importorskip("cramjam")
    assert message in refusal(file, RANGE + data)


def test_an_avml_image_whose_counts_disagree(file: Path) -> None:
    pytest.importorskip("cramjam")
    good = avml([(0, page(1))])
    assert "the count of compressed bytes: expected 3 bytes more" in refusal(file, good[:-3])
    wrong = good[:-8] + struct.pack("<Q", 7)
    assert "compressed bytes; found 7" in refusal(file, wrong)
    longer = avml([(0, pages(1, 2))])
    assert "expected 4,096 bytes for this range, but there are more" in refusal(
        file, RANGE + longer[32:]
    )
    # A chunk that is to be skipped, as the framing format allows.
    skipped = b"\x99\x05\x00\x00extra"
    stream = IDENTIFIER + skipped + good[42:-8]
    file.write_bytes(RANGE + stream + struct.pack("<Q", len(stream)))
    assert read(file)[1] == {0: page(1)}


def test_memory_stays_bounded_whatever_a_header_claims(file: Path) -> None:
    """100 MB of pages, in one segment or range, are read in pieces of a MiB."""
    count = 25_000
    for data in (
        elf_core([(0x10000, bytes(count * PAGE_SIZE), count * PAGE_SIZE)]),
        lime([(0, bytes(count * PAGE_SIZE))]),
        bytes(count * PAGE_SIZE),
    ):
        file.write_bytes(data)
        del data
        tracemalloc.start()
        try:
            assert count_pages(file) == count
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


def count_pages(file: Path) -> int:
    from zswapsim.trace.images.image import LeftOut, recognise_image
    from zswapsim.trace.input import Input

    source = Input(file)

    def pages_of(run: Run) -> int:
        return len(run[1]) // PAGE_SIZE

    return sum(map(pages_of, recognise_image(source).pages(source, LeftOut())))
