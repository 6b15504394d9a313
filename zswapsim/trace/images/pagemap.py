# SPDX-License-Identifier: GPL-2.0-only
"""Where the pages of a process are: /proc/PID/pagemap, an uint64 a page.

    bit 63  present          bit 61  of a file or of shared memory
    bit 62  swapped out      bit 58  a guard region, which counts as swapped out

A page that was only ever read is the one shared zero page of the kernel, which is never swapped.
The ioctl PAGEMAP_SCAN (Linux 6.7) tells it; without it, it is a page of zeros as any other. Source:
Linux Documentation/admin-guide/mm/pagemap.rst and include/uapi/linux/fs.h.
"""

import fcntl
import os
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zswapsim.trace.counts import U64
from zswapsim.units import PAGE_SHIFT

AT_ONCE = 1 << 16
"""Pages of which the caller should ask at a time: half a MiB of pagemap."""

_PRESENT, _SWAPPED, _FILE, _GUARD = (np.uint64(1 << bit) for bit in (63, 62, 61, 58))
_PAGEMAP_SCAN = 0xC0606610
_SCAN = struct.Struct("=12Q")
_REGION = struct.Struct("=3Q")
_REGIONS = 1024
_IS_ZERO = 1 << 5


@dataclass(slots=True)
class PageCounts:
    """Pages of the mappings, by where they are. file: clean ones of files, and shared memory."""

    present: int = 0
    swapped: int = 0
    untouched: int = 0
    zero_page: int = 0
    file: int = 0
    unreadable: int = 0

    def add(self, other: "PageCounts") -> None:
        """Add up."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def find_pages(
    pagemap: int, start: int, stop: int, counts: PageCounts, *, swapped: bool
) -> U64 | None:
    """Return the numbers of the pages in start..stop-1 to be read, and count all by kind.

    pagemap: descriptor; swapped: pages swapped out are to be read as well. None if the process has
    ended. OSError as the kernel says.
    """
    data = os.pread(pagemap, 8 * (stop - start), 8 * start)
    if len(data) < 8 * (stop - start):
        return None
    entries = np.frombuffer(data, np.uint64)
    present = entries & _PRESENT != 0
    file = present & (entries & _FILE != 0)
    out = ~present & (entries & _SWAPPED != 0) & (entries & _GUARD == 0)
    zero_page = present & ~file
    if zero_page.any():
        zero_page &= _zero_pages(pagemap, start, stop)
    anonymous = present & ~file & ~zero_page
    counts.present += int(np.count_nonzero(anonymous))
    counts.swapped += int(np.count_nonzero(out))
    counts.zero_page += int(np.count_nonzero(zero_page))
    counts.file += int(np.count_nonzero(file))
    counts.untouched += int(np.count_nonzero(~present & ~out))
    wanted = anonymous | out if swapped else anonymous
    return np.flatnonzero(wanted).astype(np.uint64) + np.uint64(start)


def _zero_pages(pagemap: int, start: int, stop: int) -> npt.NDArray[np.bool_]:
    """Say which of the pages are the shared zero page; none, if the kernel cannot tell."""
    found = np.zeros(stop - start, np.bool_)
    regions = bytearray(_REGION.size * _REGIONS)
    address = np.frombuffer(regions, np.uint8).ctypes.data
    at = start
    while at < stop:
        # size, flags, start, end, walk_end, vec, vec_len, max_pages; then which pages: the inverted
        # categories, those all needed, those of which any is; and the categories to return.
        where = (at << PAGE_SHIFT, stop << PAGE_SHIFT, 0, address, _REGIONS, 0)
        argument = bytearray(_SCAN.pack(_SCAN.size, 0, *where, 0, _IS_ZERO, 0, _IS_ZERO))
        try:
            filled = fcntl.ioctl(pagemap, _PAGEMAP_SCAN, argument, True)
        except OSError:  # an older kernel, or a process that has ended, which the reads will tell
            return found
        for first, behind, _ in _REGION.iter_unpack(regions[: filled * _REGION.size]):
            found[(first >> PAGE_SHIFT) - start : (behind >> PAGE_SHIFT) - start] = True
        walked_to = _SCAN.unpack(argument)[4] >> PAGE_SHIFT
        at = walked_to if walked_to > at else stop
    return found
