# SPDX-License-Identifier: GPL-2.0-only
"""Memory images: what the real tools write, and what the formats' documents say."""

import gzip
import lzma
import struct
from pathlib import Path

import numpy as np
import pytest
import zstandard
from image_files import SAMPLES, avml, elf_core, lime, page, pages, read

from zswapsim import Trace
from zswapsim.errors import NoEntry, TraceError
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.images.image import LeftOut, MemoryImage
from zswapsim.trace.images.snapshot import open_contents
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.units import PAGE_SIZE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "memory.img"


# What the real tools write


def tiny_page(index: int) -> bytes:
    """Page `index` of those that samples/images/tiny.c writes."""
    words = (struct.pack("<I60x", (index + 1) * 1000 + j) for j in range(64))
    return b"".join(words)


@pytest.mark.parametrize("name", ["kernel", "gcore", "many-segments"])
def test_a_real_core_of_a_process_has_the_pages_it_wrote(name: str) -> None:
    kind, found, left_out = read(SAMPLES / f"{name}.core.xz")
    assert kind == "elf-core"
    for index in range(32):
        assert found[0x100000 + index] == tiny_page(index)
    # Both writers dump what was never touched as zeros.
    assert all(not any(found[0x100000 + index]) for index in range(32, 48))
    assert left_out.held_twice_pages == left_out.partial_bytes == 0
    assert (left_out.not_dumped_pages > 70_000) == (name == "many-segments")


def firmware_page(index: int) -> bytes:
    return (b"page %04d of the firmware, known to the test. " % index * 200)[:PAGE_SIZE]


def test_a_real_dump_of_a_machine_has_its_firmware_at_both_addresses() -> None:
    kind, found, left_out = read(SAMPLES / "qemu.elf.zst")
    assert kind == "elf-core"
    assert left_out == LeftOut()
    assert sorted(found) == [*range(256), *range(0xFFFF0, 0x100000)]
    for index in range(1, 14):
        assert found[0xF0 + index] == found[0xFFFF0 + index] == firmware_page(index)
    assert struct.unpack_from("<II", found[1]) == (0x83, 0x83), "its page directory"


def test_a_real_dump_with_paging_has_each_page_once() -> None:
    kind, found, left_out = read(SAMPLES / "qemu-paging.elf.zst")
    assert kind == "elf-core"
    assert sorted(found) == list(range(0xC0))
    assert found[1] == read(SAMPLES / "qemu.elf.zst")[1][1]
    assert left_out == LeftOut(not_dumped_pages=2 * (0x400 - 0xC0), held_twice_pages=0xC0)


def test_a_real_kdump_file_is_refused() -> None:
    with pytest.raises(TraceError, match=r"qemu\.kdump\.zst: byte 0: .*kdump.* ELF dump"):
        read(SAMPLES / "qemu.kdump.zst")


def test_a_compressed_kdump_file_is_refused(file: Path) -> None:
    file.write_bytes(b"KDUMP   " + bytes(9000))
    with pytest.raises(TraceError, match=r"memory\.img: byte 0: .*kdump.* ELF dump"):
        read(file)


# What the documents say


def test_raw_pages_are_numbered_from_0(file: Path) -> None:
    file.write_bytes(pages(0, 700))
    kind, found, left_out = read(file)
    assert kind == "raw"
    assert found == {number: page(number) for number in range(700)}
    assert left_out == LeftOut()


@pytest.mark.parametrize("pack", [zstandard.compress, lzma.compress, gzip.compress])
def test_every_kind_may_be_compressed(file: Path, pack: object) -> None:
    assert callable(pack)
    for data, number in (
        (pages(0, 3), 2),
        (elf_core([(0x2000, page(2), PAGE_SIZE)]), 2),
        (lime([(0x2000, page(2))]), 2),
    ):
        file.write_bytes(pack(data))
        assert read(file)[1][number] == page(2)


def test_ranges_keep_their_addresses_and_lose_their_partial_pages(file: Path) -> None:
    # As /proc/iomem has them: the first megabyte ends in the middle of a page.
    file.write_bytes(lime([(0x1000, pages(1, 2) + b"x" * 0xC00), (0x100E00, b"y" * 512 + page(9))]))
    kind, found, left_out = read(file)
    assert kind == "lime"
    assert found == {1: page(1), 2: page(2), 0x101: page(9)}
    assert left_out == LeftOut(partial_bytes=0xC00 + 512)


def test_compressed_avml_is_the_same_as_lime(file: Path) -> None:
    pytest.importorskip("cramjam")
    noise = np.random.RandomState(1).bytes(40 * PAGE_SIZE)  # a frame that snappy cannot shrink
    ranges = [(0x1000, pages(1, 40)), (0x100000, noise), (0x200000, bytes(0x123000 + 7))]
    file.write_bytes(lime(ranges))
    plain = read(file)
    file.write_bytes(avml(ranges))
    packed = read(file)
    assert (plain[0], packed[0]) == ("lime", "avml")
    assert plain[1:] == packed[1:]
    assert len(packed[1]) == 40 + 40 + 0x123


def test_avml_may_go_on_without_compression(file: Path) -> None:
    pytest.importorskip("cramjam")
    file.write_bytes(avml([(0x1000, page(1))]) + lime([(0x2000, page(2))]))
    assert read(file)[1] == {1: page(1), 2: page(2)}


def test_avml_without_cramjam_says_what_to_install(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cramjam", None)
    file.write_bytes(b"AVML" + bytes(60))
    with pytest.raises(TraceError, match="pip install cramjam"):
        read(file)


def test_what_a_core_does_not_hold_is_counted_and_not_made_up(file: Path) -> None:
    file.write_bytes(
        elf_core([(0x10000, pages(0, 2), 5 * PAGE_SIZE), (0x20000, b"", 7 * PAGE_SIZE)])
    )
    _, found, left_out = read(file)
    assert found == {16: page(0), 17: page(1)}
    assert left_out == LeftOut(not_dumped_pages=3 + 7)


def test_physical_addresses_go_before_virtual_ones(file: Path) -> None:
    core = bytearray(elf_core([(0x5000, page(5), PAGE_SIZE)], physical=True))
    struct.pack_into("<Q", core, 64 + 16, 0xFFFF800000005000)  # p_vaddr
    file.write_bytes(core)
    assert read(file)[1] == {5: page(5)}


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_more_headers_than_e_phnum_can_say(file: Path, at_end: bool, packed: bool) -> None:
    count = 65_600
    segments = [(number << 13, b"", PAGE_SIZE) for number in range(count - 1)]
    segments.append((count << 13, page(7), PAGE_SIZE))
    data = elf_core(segments, xnum_at_end=at_end)
    file.write_bytes(zstandard.compress(data) if packed else data)
    _, found, left_out = read(file)
    assert found == {count << 1: page(7)}
    assert left_out.not_dumped_pages == count - 1


def test_addresses_that_two_segments_have_are_taken_once(file: Path) -> None:
    # /proc/vmcore has the kernel's text with its own addresses, and among all memory.
    file.write_bytes(
        elf_core(
            [(0x4000, pages(4, 2), 2 * PAGE_SIZE), (0x1000, pages(1, 8), 8 * PAGE_SIZE)],
            physical=True,
        )
    )
    _, found, left_out = read(file)
    assert found == {number: page(number) for number in range(1, 9)}
    assert left_out.held_twice_pages == 2


def test_segments_may_be_out_of_order(file: Path) -> None:
    file.write_bytes(
        elf_core([(0x90000, page(1), PAGE_SIZE), (0x10000, pages(5, 300), 300 * PAGE_SIZE)])
    )
    assert read(file)[1] == {0x90: page(1)} | {16 + n: page(5 + n) for n in range(300)}


def test_the_format_asked_for_is_used(file: Path) -> None:
    file.write_bytes(lime([(0x5000, page(5) + bytes(PAGE_SIZE - 32))]))
    assert read(file)[0] == "lime"
    kind, found, _ = read(file, "raw")
    assert kind == "raw"
    assert len(found) == 2
    with pytest.raises(TraceError, match=r"byte 0: expected b'\\x7fELF'"):
        read(file, "elf-core")
    with pytest.raises(NoEntry, match="no trace format 'zip'; there are ztrace, "):
        read(file, "zip")


def test_every_kind_has_a_name_and_a_summary() -> None:
    images = [name for name in FORMATS.names() if isinstance(FORMATS.get(name), MemoryImage)]
    assert images == ["elf-core", "lime", "avml", "kdump", "raw"]
    for name in images:
        assert FORMATS.get(name).name == name
        assert 10 < len(FORMATS.get(name).summary) <= 90


# Snapshots


def snapshot_pages(trace: Trace) -> dict[int, bytes]:
    """Page number -> content of a snapshot."""
    at, of, holds = trace.versions
    numbers = trace.page_numbers
    assert numbers is not None
    assert at.tolist() == [0] * len(numbers)
    assert of.tolist() == list(range(len(numbers)))
    data = trace.contents_bytes
    return {
        number: data[content * PAGE_SIZE : (content + 1) * PAGE_SIZE]
        for number, content in zip(numbers.tolist(), holds.tolist(), strict=True)
    }


def test_a_snapshot_has_every_page_and_survives_its_file(file: Path, tmp_path: Path) -> None:
    filled = struct.pack("<Q", 77) * 512
    file.write_bytes(lime([(0x3000, page(3) + bytes(PAGE_SIZE)), (0x9000, page(3) + filled)]))
    trace = open_contents(Input(file))
    trace.save(tmp_path / "snapshot.ztrace")
    for one in (trace, Trace.open(tmp_path / "snapshot.ztrace")):
        assert snapshot_pages(one) == {3: page(3), 4: bytes(PAGE_SIZE), 9: page(3), 10: filled}
        assert (one.accesses, one.pages, one.contents_count) == (0, 4, 3)
        assert one.meta["name"] == "memory"
        assert one.meta["origin"] == "lime"
        assert one.meta["contents_from"] == "pages of the memory image memory.img (lime)"
        assert (one.meta["zero_pages"], one.meta["same_filled_pages"]) == (1, 1)
        assert one.meta["present_pages"] == 4
        assert "sample" not in one.meta


def test_of_a_larger_image_a_sample_is_taken_and_said(file: Path) -> None:
    file.write_bytes(pages(0, 1000))
    source = Input(file, InputOptions(seed=5))
    trace = open_contents(source, sample_pages=200)
    found = snapshot_pages(trace)
    assert all(found[number] == page(number) for number in found)
    assert 3 * 64 - 24 <= len(found) <= 192
    assert trace.meta["present_pages"] == 1000
    assert trace.meta["sample"].startswith(f"{len(found)} pages (")
    assert "of 1,000 pages (3.9 MiB), drawn in runs of 64 pages" in trace.meta["sample"]
    assert trace.meta["seed"] == 5
    again = open_contents(Input(file, InputOptions(seed=5)), sample_pages=200)
    assert snapshot_pages(again) == found
    other = open_contents(Input(file, InputOptions(seed=6)), sample_pages=200)
    assert snapshot_pages(other).keys() != found.keys()


def test_contents_can_be_those_of_a_trace(file: Path) -> None:
    path = file.with_suffix(".ztrace")
    zipf(100, 10, seed=3, contents=random_contents(10, seed=4)).save(path)
    assert open_contents(Input(path)).contents_digest == Trace.open(path).contents_digest
    named = Input(path, InputOptions(format="ztrace"))
    assert open_contents(named).accesses == 100
    zipf(100, 10, seed=3).save(path)
    with pytest.raises(TraceError, match=r"memory\.ztrace: has accesses, but no contents"):
        open_contents(Input(path))


def test_what_is_replayed_can_be_a_trace_or_an_image_with_a_magic(file: Path) -> None:
    zipf(100, 10, seed=3).save(file)
    assert Trace.open(file).accesses == 100
    file.write_bytes(lime([(0x1000, page(1))]))
    assert snapshot_pages(Trace.open(file)) == {1: page(1)}
    file.write_bytes(pages(0, 2))
    with pytest.raises(TraceError, match="no known trace format"):
        Trace.open(file)
    assert Trace.open(file, InputOptions(format="raw")).pages == 2


def test_a_trace_is_no_memory_image(file: Path) -> None:
    zipf(100, 10, seed=3, contents=random_contents(10, seed=4)).save(file)
    with pytest.raises(TraceError, match=r"memory\.img: is a trace \(ztrace\), no memory image"):
        read(file)


def test_an_image_without_a_page_is_refused(file: Path) -> None:
    file.write_bytes(elf_core([(0x1000, b"", PAGE_SIZE)]))
    with pytest.raises(TraceError, match=r"memory\.img: there is no page that could be read"):
        open_contents(Input(file))
