# SPDX-License-Identifier: GPL-2.0-only
"""ELF core files: of a process (the kernel's, gcore's) or of a machine (QEMU's, /proc/vmcore).

64-bit little-endian, x86-64 or arm64. QEMU names a guest that has not left real mode Intel 80386.
Pages are those of the PT_LOAD segments, numbered by physical address where there is one, else by
virtual address. What a segment has in memory but not in the file was not dumped: it is counted, and
no zeros are invented. A file of more than 65,534 program headers says so with PN_XNUM, and has
their number in sh_info of section header 0. Source: System V ABI, and elf(5).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.trace.images.elf_segments import HEADER, Segments, read_segments
from zswapsim.trace.images.image import RUN_BYTES, LeftOut, MemoryImage, Run
from zswapsim.trace.images.stream import ImageStream, whole_pages
from zswapsim.trace.input import Input

MAGIC = b"\x7fELF"
ET_CORE = 4
MACHINES = {3: "Intel 80386", 62: "x86-64", 183: "arm64"}
PN_XNUM = 0xFFFF

_ELF = struct.Struct("<4sBBBB8xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")


class ElfCore(MemoryImage):
    """Reads an ELF core file."""

    name = "elf-core"
    summary = "ELF core file of a process (gcore, coredumpctl) or machine (dump-guest-memory)"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Any ELF file; pages says what is wrong with those that are no core file."""
        return head.startswith(MAGIC)

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield the pages of all segments in the order of the file."""
        header = _parse_header(source)
        if header.section_headers_at is None:
            count, chunks = header.program_headers, source.chunks(RUN_BYTES)
        else:
            # The number of headers may be at the end of the file, so that it has to be a real one.
            path = source.local_path()
            count = _count_in_section(source.where, path, header.section_headers_at)
            chunks = _file_chunks(path)
        stream = ImageStream(chunks, source.where)
        stream.skip(header.program_headers_at, "what is before the program headers")
        segments = read_segments(stream, count, left_out)
        _check_size(source, segments)
        for address, offset, size in segments:
            what = f"the segment at {address:#x}"
            stream.skip(offset - stream.offset, "what is before " + what)
            yield from whole_pages(address, stream.blocks(size, what), left_out)


FORMAT = ElfCore()


@dataclass(frozen=True, slots=True)
class _Header:
    """What of the ELF header is needed. section_headers_at: None unless PN_XNUM says to look."""

    program_headers_at: int
    program_headers: int
    section_headers_at: int | None


def _parse_header(source: Input) -> _Header:
    where = source.where
    head = source.head
    if len(head) < _ELF.size:
        raise TraceError(
            f"{where}: byte {len(head)}: the ELF header: expected {_ELF.size} bytes, but the file "
            "ends here"
        )
    (magic, width, order, _, _, kind, machine, _, _, program_at, section_at, _, _, size, count,
     _, _, _) = _ELF.unpack_from(head)  # fmt: skip
    if magic != MAGIC:
        raise TraceError(f"{where}: byte 0: expected {MAGIC!r}; found {magic!r}")
    if (width, order) != (2, 1):
        raise TraceError(
            f"{where}: byte 4: class {width} and byte order {order}; expected a 64-bit "
            "little-endian ELF file, 2 and 1"
        )
    if kind != ET_CORE:
        raise TraceError(f"{where}: byte 16: ELF type {kind}; expected a core file, {ET_CORE}")
    if machine not in MACHINES:
        expected = ", ".join(f"{number} ({name})" for number, name in MACHINES.items())
        raise TraceError(f"{where}: byte 18: ELF machine {machine}; expected {expected}")
    if count and size != HEADER.itemsize:
        raise TraceError(
            f"{where}: byte 54: program headers of {size} bytes; expected {HEADER.itemsize}"
        )
    if not count:
        raise TraceError(f"{where}: byte 56: no program headers; expected 1 and more")
    if not _ELF.size <= program_at < 1 << 63:
        raise TraceError(
            f"{where}: byte 32: program headers at byte {program_at:,}; expected {_ELF.size} and "
            "more"
        )
    return _Header(program_at, count, section_at if count == PN_XNUM else None)


def _count_in_section(where: str, path: Path, section_at: int) -> int:
    """Return the number of program headers that section header 0 tells."""
    size_bytes = path.stat().st_size
    if not _ELF.size <= section_at <= size_bytes - _SECTION.size:
        raise TraceError(
            f"{where}: byte 40: section header 0, with the number of program headers, is at byte "
            f"{section_at:,}; expected {_ELF.size} and more, with {_SECTION.size} bytes of the "
            f"file's {size_bytes:,} behind it"
        )
    with path.open("rb") as file:
        file.seek(section_at)
        data = file.read(_SECTION.size)
    count: int = _SECTION.unpack(data)[7]
    if count < PN_XNUM:
        raise TraceError(
            f"{where}: byte {section_at + 44:,}: {count} program headers; expected {PN_XNUM} and "
            "more"
        )
    return count


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(RUN_BYTES):
            yield chunk


def _check_size(source: Input, segments: Segments) -> None:
    """Notice a truncated file before it is read, where its size is known."""
    size_bytes = source.size_bytes
    if not source.packing and 0 < size_bytes < segments.end:
        raise TraceError(
            f"{source.where}: byte {size_bytes:,}: the file ends here; expected {segments.end:,} "
            "bytes, by its program headers"
        )
