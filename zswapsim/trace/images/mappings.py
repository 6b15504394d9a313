# SPDX-License-Identifier: GPL-2.0-only
"""What a process has mapped, of which swap could get pages: /proc/PID/smaps.

smaps has the lines of maps, and for each mapping its VmFlags, which alone tell device memory from
anonymous memory. Source: Linux Documentation/filesystems/proc.rst.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zswapsim.units import PAGE_SHIFT

_MAPPING = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) ([-r][-w][-x][ps]) [0-9a-f]+ \S+ \d+ *(.*)")
_KERNEL_NAMES = (b"[vdso", b"[vvar", b"[vsyscall", b"[vectors", b"[sigpage")
_DEVICE_FLAGS = {b"io", b"pf", b"ht"}
"""Memory of a device, page frames without struct page, huge pages of hugetlbfs: never swapped."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pages start..stop-1 of a process, by number."""

    start: int
    stop: int


def swappable(lines: Iterable[bytes]) -> Iterator[Mapping]:
    """Yield the private mappings of smaps of which swap could get pages, by address."""
    mapping: Mapping | None = None
    for line in lines:
        match = _MAPPING.match(line)
        if match:
            if mapping is not None:
                yield mapping
            mapping = _candidate(*match.groups())
        elif line.startswith(b"VmFlags:") and _DEVICE_FLAGS & set(line.split()[1:]):
            mapping = None
    if mapping is not None:
        yield mapping


def _candidate(start: bytes, stop: bytes, permissions: bytes, name: bytes) -> Mapping | None:
    """Return a mapping unless its line alone says that swap gets nothing of it."""
    shared = permissions.endswith(b"s")
    device = name.startswith(b"/dev/") and not name.startswith(b"/dev/zero")
    if shared or device or name.startswith(_KERNEL_NAMES):
        return None
    return Mapping(int(start, 16) >> PAGE_SHIFT, int(stop, 16) >> PAGE_SHIFT)
