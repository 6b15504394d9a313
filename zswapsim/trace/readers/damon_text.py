# SPDX-License-Identifier: GPL-2.0-only
"""DAMON's snapshots as text: damo's raw form, old and new, and the kernel's trace events.

    base_time_absolute: 8 m 59.809 s                       start_time:  539914032967
    monitoring_start:          104.599 ms                  rel time:        103990721
    target_id: 18446623438842320000                        target_id:  18446623438842320000
    nr_regions: 1                                          nr_regions:  1
    563ebadf3000-563ebafec000 (   1.973 MiB)     1    -1   563ebadf3000-563ebafec000(   2068480):\t1

`damo report access --raw_form` (damo 3), `damo report raw` (before) and the latter's first form.
As trace events, of `perf script` or `trace-cmd report`, each region is a line:

    kdamond.0 4452 [000] 82877.3: damon:damon_aggregated: target_id=1 nr_regions=17 4096-8192: 0 3
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from zswapsim.errors import TraceError
from zswapsim.trace.readers.damon_snapshots import (
    EXPECTED_REGION,
    Region,
    Snapshots,
    nanoseconds,
)
from zswapsim.trace.readers.foreign import Reading

MAX_REGIONS = 1 << 20
_LINE_BYTES = 1 << 16
_EXPECTED = "a line of damo's raw form, as nr_regions: NUMBER or START-END (LENGTH) ACCESSES AGE"
_EXPECTED_TIME = "a time, in ns or as 8 m 59.809 s"

_FIELD = re.compile(rb"([a-z][a-z_ ]{2,20}):\s*(\S.*|)")
_REGION = re.compile(
    rb"([0-9a-f]{1,17})-([0-9a-f]{1,17})\s*\([^()]{1,40}\)(?::\s*|\s+)(-?\d{1,12})(?:\s+-?\d{1,12})?"
)
_TIMES = (b"monitoring_start", b"rel time")
_BASE_TIMES = (b"base_time_absolute", b"start_time")
_OTHERS = (b"data source", b"nr_tasks", b"monitoring_end", b"monitoring_duration")

_EVENT = re.compile(
    rb"(\d{1,12}\.\d{1,9}):\s+(?:damon:)?damon_aggregated:\s+target_id=(\d{1,20})\s+"
    rb"nr_regions=(\d{1,12})\s+(\d{1,20})-(\d{1,20}):\s+(-?\d{1,12})(?:\s|$)"
)
_EXPECTED_EVENT = "damon_aggregated: target_id=N nr_regions=N START-END: ACCESSES AGE"


@dataclass(slots=True)
class _Open:
    """The snapshot being read: what is known of it, and how many regions are to come."""

    base: float = 0.0
    began: float = 0.0
    target: int = 0
    left: int = 0
    line: int = 0
    regions: list[Region] = field(default_factory=list)


def read_raw_form(reading: Reading, snapshots: Snapshots) -> None:
    """Collect the snapshots of damo's raw form. TraceError names a line that is wrong."""
    now = _Open()
    for number, line in _lines(reading):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        if now.left:
            _take_region(reading, snapshots, now, number, text)
        else:
            _take_field(reading, snapshots, now, number, text)
    if now.left:
        _finish_truncated(reading, snapshots, now)


def _take_region(
    reading: Reading, snapshots: Snapshots, now: _Open, number: int, text: bytes
) -> None:
    found = _REGION.fullmatch(text)
    region = None if found is None else Region(int(found[1], 16), int(found[2], 16), int(found[3]))
    if region is not None and region.is_good:
        now.regions.append(region)
    elif region is None or not region.is_filler:
        reading.bad_line(number, text, _EXPECTED if region is None else EXPECTED_REGION)
    now.left -= 1
    if not now.left:
        snapshots.add(now.base + now.began, now.regions, now.target)
        now.regions = []


def _take_field(
    reading: Reading, snapshots: Snapshots, now: _Open, number: int, text: bytes
) -> None:
    found = _FIELD.fullmatch(text)
    name, value = (b"", b"") if found is None else found.groups()
    if name in _TIMES or name in _BASE_TIMES:
        time = nanoseconds(value.decode("latin-1"))
        if time is None:
            reading.bad_line(number, text, _EXPECTED_TIME)
        elif name in _TIMES:
            now.began = time
        else:
            now.base, now.began = time, 0.0
    elif name == b"target_id" and value:
        now.target = snapshots.target(value[:80].decode("latin-1"))
    elif name == b"nr_regions" and value.isdigit() and len(value) <= 12:
        now.left, now.line = _checked_count(reading, number, value), number
    elif name not in _OTHERS:
        reading.bad_line(number, text, _EXPECTED)


def read_events(reading: Reading, snapshots: Snapshots) -> None:
    """Collect the snapshots of trace events; other events are passed over."""
    now = _Open()
    target = b""
    for number, line in _lines(reading):
        if b"damon_aggregated:" not in line:
            continue
        found = _EVENT.search(line)
        region = None if found is None else Region(*(int(found[n]) for n in (4, 5, 6)))
        if found is None or region is None or not (region.is_good or region.is_filler):
            expected = _EXPECTED_EVENT if region is None else EXPECTED_REGION
            reading.bad_line(number, line.strip(), expected)
            now.left = max(now.left - 1, 0)
        else:
            if now.left and found[2] != target:
                reading.bad_line(number, line.strip(), f"{now.left:,} regions more of the target")
                now.left = 0
            if not now.left:
                if now.regions:
                    snapshots.add(now.began, now.regions, now.target)
                target = found[2]
                left = _checked_count(reading, number, found[3])
                now = _Open(began=float(found[1]) * 1e9, left=left, line=number)
                now.target = snapshots.target(target.decode())
            if region.is_good:
                now.regions.append(region)
            now.left = max(now.left - 1, 0)
    if now.left:
        _finish_truncated(reading, snapshots, now)
    elif now.regions:
        snapshots.add(now.began, now.regions, now.target)


def _finish_truncated(reading: Reading, snapshots: Snapshots, now: _Open) -> None:
    """Keep the regions of a snapshot that is cut off, if that is allowed."""
    reading.bad_lines += 1
    if reading.bad_lines > reading.source.options.skip_bad:
        raise TraceError(
            f"{reading.source.where}:{now.line}: truncated: {now.left:,} regions of this snapshot "
            "are missing"
        )
    snapshots.add(now.base + now.began, now.regions, now.target)


def _checked_count(reading: Reading, number: int, digits: bytes) -> int:
    """Return how many regions a snapshot has, which are held in memory. TraceError: too many."""
    count = int(digits)
    if count > MAX_REGIONS:
        raise TraceError(
            f"{reading.source.where}:{number}: {count:,} regions in a snapshot; allowed are up to "
            f"{MAX_REGIONS:,}"
        )
    return count


def _lines(reading: Reading) -> Iterator[tuple[int, bytes]]:
    number = 0
    rest = b""
    for chunk in reading.source.chunks():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LINE_BYTES:
            raise TraceError(
                f"{reading.source.where}:{number + len(lines) + 1}: a line is longer than "
                f"{_LINE_BYTES:,} bytes"
            )
        for line in lines:
            number += 1
            yield number, line
    if rest:
        yield number + 1, rest
