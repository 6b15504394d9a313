# SPDX-License-Identifier: GPL-2.0-only
"""The PT_LOAD segments of an ELF core file: read, checked, and each byte and address taken once.

Segments may overlap. QEMU's dump-guest-memory with paging names the same bytes of the file for each
mapping of a physical page, and /proc/vmcore has the kernel's text a second time.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zswapsim.trace.counts import U64
from zswapsim.trace.images.image import LeftOut
from zswapsim.trace.images.stream import ImageStream
from zswapsim.units import PAGE_SHIFT

HEADER = np.dtype(
    [
        ("type", "<u4"),
        ("flags", "<u4"),
        ("offset", "<u8"),
        ("vaddr", "<u8"),
        ("paddr", "<u8"),
        ("filesz", "<u8"),
        ("memsz", "<u8"),
        ("align", "<u8"),
    ]
)
PT_LOAD = 1
MOST_SEGMENTS = 1 << 22
"""More would take more than about 512 MiB to sort."""

_HIGHEST = np.uint64(1 << 63)
_AT_ONCE = 4096


class Segments:
    """Parts of a file that are memory: iterate for (address, offset, size), by offset.

    end: the byte behind the last one that is needed.
    """

    def __init__(self, address: U64, offset: U64, size: U64) -> None:
        self._columns = (address, offset, size)
        self.end = int((offset + size).max(initial=0))

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        for start in range(0, len(self._columns[0]), _AT_ONCE):
            rows = (column[start : start + _AT_ONCE].tolist() for column in self._columns)
            yield from zip(*rows, strict=True)


def read_segments(stream: ImageStream, count: int, left_out: LeftOut) -> Segments:
    """Read count program headers, which begin where the stream is.

    TraceError if they are cut off, name bytes or addresses beyond 64 bits, or bytes that are before
    the end of the headers, or if there are more than MOST_SEGMENTS.
    """
    kept = []
    segments = 0
    for first in range(0, count, _AT_ONCE):
        at = stream.offset
        some = min(_AT_ONCE, count - first)
        data = stream.read(
            HEADER.itemsize * some, f"program headers {first:,}..{first + some - 1:,} of {count:,}"
        )
        rows = np.frombuffer(data, HEADER)
        _check(stream, rows, at)
        loaded = rows[(rows["type"] == PT_LOAD) & ((rows["memsz"] | rows["filesz"]) > 0)]
        missing = loaded["memsz"] > loaded["filesz"]
        absent = (loaded["memsz"][missing] - loaded["filesz"][missing]) >> np.uint64(PAGE_SHIFT)
        left_out.not_dumped_pages += sum(absent.tolist())
        kept.append(loaded[loaded["filesz"] > 0])
        segments += len(kept[-1])
        if segments > MOST_SEGMENTS:
            stream.fail(f"more than {MOST_SEGMENTS:,} segments", at)
    rows = np.concatenate(kept)
    before = rows["offset"] < stream.offset
    if before.any():
        offset = int(rows["offset"][before][0])
        stream.fail(f"a segment is at byte {offset:,}; expected it behind the program headers")
    address = rows["paddr"] if rows["paddr"].any() else rows["vaddr"]
    return _once(address, rows["offset"], rows["filesz"], left_out)


def _check(stream: ImageStream, rows: npt.NDArray[np.void], at: int) -> None:
    """Refuse segments that go beyond what can be."""
    problems = {
        "end in the file": (rows["offset"] >= _HIGHEST) | (rows["filesz"] >= _HIGHEST),
        "size in memory": rows["memsz"] >= _HIGHEST,
        "last address": (rows["vaddr"] > ~rows["filesz"]) | (rows["paddr"] > ~rows["filesz"]),
    }
    for what, wrong in problems.items():
        wrong = wrong & (rows["type"] == PT_LOAD)
        if wrong.any():
            row = int(np.argmax(wrong))
            stream.fail(f"a segment whose {what} is beyond 64 bits", at + row * HEADER.itemsize)


def _once(address: U64, offset: U64, size: U64, left_out: LeftOut) -> Segments:
    """Leave out what another segment has already: the same addresses, or the same bytes."""
    total_bytes = sum(size.tolist())
    order = np.argsort(address, kind="stable")
    address, offset, size = address[order], offset[order], size[order]
    trimmed = _overlap(address, size)
    address, offset, size = address + trimmed, offset + trimmed, size - trimmed
    order = np.argsort(offset, kind="stable")
    address, offset, size = address[order], offset[order], size[order]
    trimmed = _overlap(offset, size)
    address, offset, size = address + trimmed, offset + trimmed, size - trimmed
    some = size > 0
    left_out.held_twice_pages += (total_bytes - sum(size.tolist())) >> PAGE_SHIFT
    return Segments(address[some], offset[some], size[some])


def _overlap(start: U64, size: U64) -> U64:
    """Return how much of each range lies below the end of those before it. start: ascending."""
    end = start + size
    reached = np.maximum.accumulate(np.concatenate((np.zeros(1, np.uint64), end)))[:-1]
    return np.minimum(np.maximum(reached, start) - start, size)
