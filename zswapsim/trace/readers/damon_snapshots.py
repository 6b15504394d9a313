# SPDX-License-Identifier: GPL-2.0-only
"""Snapshots of DAMON: regions of memory and how often each was seen accessed in an interval."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zswapsim.errors import TraceError
from zswapsim.files import temporary_file
from zswapsim.units import MAX_SPACES, PAGE_SHIFT, PAGE_SIZE

MAX_REGION_PAGES = 1 << 40
MAX_TARGETS = MAX_SPACES

EXPECTED_REGION = "a region of up to 2**40 pages, its start below its end, and 0 accesses or more"

Regions = npt.NDArray[np.int64]
"""(regions, 3): first page, pages, accesses of each page."""


class Region(NamedTuple):
    """Bytes start..end-1, and how many samples found them accessed."""

    start: int
    end: int
    samples: int

    @property
    def is_filler(self) -> bool:
        """Whether damo put it there to keep the time of a single snapshot."""
        return self.start == self.end == 0 and self.samples == -1

    @property
    def is_good(self) -> bool:
        """Whether it is what EXPECTED_REGION says."""
        return (
            0 <= self.start < self.end <= 1 << 64
            and self.end - self.start <= MAX_REGION_PAGES * PAGE_SIZE
            and 0 <= self.samples < 1 << 31
        )


@dataclass(slots=True)
class Snapshot:
    """Where the accessed regions of one snapshot are in the file, when it began, and of whom."""

    began: float
    target: int
    first: int
    regions: int


class Snapshots:
    """Collects snapshots, of which only the number is kept in memory, and orders them by time."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._file = temporary_file(self)
        self._snapshots: list[Snapshot] = []
        self._target_of: dict[str, int] = {}
        self._regions = 0
        self.accesses = 0

    def __len__(self) -> int:
        return len(self._snapshots)

    @property
    def targets(self) -> list[str]:
        """The ids of all targets, in the order of their numbers."""
        return list(self._target_of)

    def target(self, name: str) -> int:
        """Return a target's number. TraceError if there are too many."""
        number = self._target_of.setdefault(name, len(self._target_of))
        if number >= MAX_TARGETS:
            raise TraceError(f"{self._where}: more than {MAX_TARGETS:,} targets")
        return number

    def add(self, began: float, regions: list[Region], target: int = 0) -> Snapshot:
        """Keep a snapshot of good regions; its target may be changed later. began: nanoseconds."""
        rows = [
            (start >> PAGE_SHIFT, -(-end >> PAGE_SHIFT) - (start >> PAGE_SHIFT), samples)
            for start, end, samples in regions
            if samples
        ]
        self._file.write(np.array(rows, np.int64).tobytes())
        self.accesses += sum(pages * samples for _, pages, samples in rows)
        snapshot = Snapshot(began, target, self._regions, len(rows))
        self._regions += len(rows)
        self._snapshots.append(snapshot)
        return snapshot

    def in_order(self) -> Iterator[tuple[int, Regions]]:
        """Yield each snapshot's target and its accessed regions, the earlier ones first."""
        row_bytes = 3 * 8
        for snapshot in sorted(self._snapshots, key=lambda snapshot: snapshot.began):
            self._file.seek(snapshot.first * row_bytes)
            data = self._file.read(snapshot.regions * row_bytes)
            yield snapshot.target, np.frombuffer(data, np.int64).reshape(-1, 3)


def integer(value: Any) -> int | None:
    """Return a number that damo wrote, bare or as "1,234", or None if it is none."""
    if isinstance(value, str) and len(value) <= 30:
        text = value.replace(",", "")
        return int(text) if text.lstrip("-").isdecimal() and text.count("-") <= 1 else None
    return value if type(value) is int else None


_UNIT_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}


def nanoseconds(value: Any) -> float | None:
    """Return a time that damo wrote, in ns or as "8 m 59.809 s", or None if it is none."""
    words = str(value).replace(",", "").split()[:14]
    try:
        if len(words) == 1:
            time = float(words[0])
            return time if math.isfinite(time) else None
        if not words or len(words) % 2:
            return None
        pairs = zip(words[::2], words[1::2], strict=True)
        sign = -1 if words[0].startswith("-") else 1
        return sign * sum(abs(float(number)) * _UNIT_NS[unit] for number, unit in pairs)
    except (ValueError, KeyError):
        return None
