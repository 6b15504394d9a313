# SPDX-License-Identifier: GPL-2.0-only
"""DAMON's snapshots as damo's JSON, plain or compressed with zlib.

    [{"target_id": 1, "snapshots": [
        {"start_time": "104598866", "end_time": "208589587", "regions": [
            {"start": "4,096", "end": "8,192", "nr_accesses": {"samples": 3, "percent": null}}]}]}]

with more keys; nr_accesses is a bare number in files of damo 1. A file is walked from one snapshot
to the next, so that memory holds one of them; what is between them is not looked at.
"""

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from zswapsim.errors import TraceError
from zswapsim.trace.readers.damon_snapshots import (
    EXPECTED_REGION,
    Region,
    Snapshot,
    Snapshots,
    integer,
    nanoseconds,
)
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.unpack import check_ratio

SNAPSHOT_CHARACTERS = 1 << 24
_CHUNK_CHARACTERS = 1 << 18
_HEAD_BYTES = 4096
_SHOWN = 80

_KEY = re.compile(
    r'"target_id"\s{0,20}:\s{0,20}("[^"\n]{0,80}"|[\w.-]{1,40})|"snapshots"\s{0,20}:\s{0,20}\['
)
_KEY_CHARACTERS = 200
_SPACE = re.compile(r"[\s,]*")


class _Found(NamedTuple):
    """A snapshot as parsed."""

    began: float
    regions: list[Region]


def unpacked_head(head: bytes) -> bytes:
    """Return the beginning of what zlib data unpacks to, or nothing if it is none."""
    if len(head) < 2 or head[0] != 0x78 or int.from_bytes(head[:2]) % 31:
        return b""
    try:
        return zlib.decompressobj().decompress(head, _HEAD_BYTES)
    except zlib.error:
        return b""


def read_json(reading: Reading, snapshots: Snapshots, *, packed: bool) -> None:
    """Collect the snapshots of a JSON file. TraceError says where it is wrong."""
    text = _Text(_unpacked(reading) if packed else reading.source.chunks())
    target: int | None = None
    homeless: list[Snapshot] = []
    while (key := text.find(_KEY)) is not None:
        if key[1] is not None:  # before its snapshots or, if keys were sorted, after them
            target = snapshots.target(key[1].strip('"'))
            for snapshot in homeless:
                snapshot.target = target
            target, homeless = (None, []) if homeless else (target, homeless)
            continue
        for found in _snapshots(reading, snapshots, text):
            added = snapshots.add(found.began, found.regions, target or 0)
            if target is None:
                homeless.append(added)
        target = None


def _snapshots(reading: Reading, snapshots: Snapshots, text: "_Text") -> Iterator[_Found]:
    """Yield the elements of a list of snapshots, whose bracket has been read."""
    where = reading.source.where
    decoder = json.JSONDecoder(object_hook=_as_parsed)
    while True:
        text.find(_SPACE)
        if text.data[text.at : text.at + 1] == "]":
            return
        try:
            found = text.decode(decoder)
        except EOFError as error:
            reading.bad_lines += 1
            if reading.bad_lines > reading.source.options.skip_bad:
                problem = f"truncated: it ends in snapshot {len(snapshots) + 1:,}"
                raise TraceError(f"{where}: {problem}") from error
            return
        except (ValueError, RecursionError) as error:
            raise TraceError(f"{where}: snapshot {len(snapshots) + 1:,}: {error}") from error
        if not isinstance(found, _Found):
            shown = f"{str(found)[:_SHOWN]!r}; expected an object with start_time and regions"
            raise TraceError(f"{where}: snapshot {len(snapshots) + 1:,}: {shown}")
        yield found


def _as_parsed(item: dict[str, Any]) -> Any:
    """Return what stands for an object, the innermost first; ValueError if a number is wrong."""
    if "nr_accesses" in item and "start" in item:
        samples = item["nr_accesses"]
        if isinstance(samples, dict):
            samples = samples.get("samples")
        start, end, samples = integer(item["start"]), integer(item.get("end")), integer(samples)
        if start is not None and end is not None and samples is not None:
            region = Region(start, end, samples)
            if region.is_good or region.is_filler:
                return region
        shown = ", ".join(f"{key} {item.get(key)!r:.40}" for key in ("start", "end", "nr_accesses"))
        raise _WrongError(f"a region has {shown}; expected {EXPECTED_REGION}")
    if "regions" in item and "start_time" in item:
        began = nanoseconds(item["start_time"])
        regions = item["regions"]
        if began is None:
            raise _WrongError(f"start_time is {item['start_time']!r:.80}; expected a time")
        if not isinstance(regions, list) or not all(isinstance(one, Region) for one in regions):
            raise _WrongError(f"regions is {str(regions)[:_SHOWN]}; expected a list of regions")
        return _Found(began, [region for region in regions if region.is_good])
    return item if len(item) < 3 else None  # only nr_accesses is looked at again


class _WrongError(ValueError):
    """JSON that is whole, but not what it should be; more of it would not help."""


class _Text:
    """Text that is read a chunk at a time; data[at:] is what comes next."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.data = ""
        self.at = 0
        self._ended = False

    def _more(self, characters: int) -> None:
        parts = [self.data[self.at :]]
        while characters > 0 and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            parts.append(self._decoder.decode(chunk, final=self._ended))
            characters -= len(parts[-1])
        self.data, self.at = "".join(parts), 0

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go on behind the next match and return it; None at the end if there is none."""
        while True:
            found = pattern.search(self.data, self.at)
            if found is not None and (found.end() < len(self.data) or self._ended):
                self.at = found.end()
                return found
            if self._ended:
                return None
            # What matches may have begun already.
            self.at = max(self.at, len(self.data) - _KEY_CHARACTERS)
            self._more(_CHUNK_CHARACTERS)

    def decode(self, decoder: json.JSONDecoder) -> Any:
        """Return the value that comes next. EOFError if it is cut off, ValueError if wrong."""
        while True:
            try:
                value, self.at = decoder.raw_decode(self.data, self.at)
                return value
            except _WrongError:
                raise
            except json.JSONDecodeError as error:
                length = len(self.data) - self.at
                if self._ended:
                    cut = error.pos >= len(self.data) - 4 or error.msg.startswith("Unterminated")
                    raise (EOFError() if cut else error) from error
                if length > SNAPSHOT_CHARACTERS:
                    problem = f"not whole within {SNAPSHOT_CHARACTERS:,} characters: {error.msg}"
                    raise _WrongError(problem) from error
                self._more(max(length, _CHUNK_CHARACTERS))


def _unpacked(reading: Reading) -> Iterator[bytes]:
    """Unpack zlib data, a MiB at a time."""
    unpacker = zlib.decompressobj()
    packed_bytes = unpacked_bytes = 0
    for chunk in reading.source.chunks():
        left = chunk
        packed_bytes += len(chunk)
        while left and not unpacker.eof:
            try:
                part = unpacker.decompress(left, 1 << 20)
            except zlib.error as error:
                raise TraceError(f"{reading.source.where}: damaged zlib data: {error}") from error
            if part:
                yield part
            unpacked_bytes += len(part)
            file_bytes = reading.source.size_bytes or packed_bytes  # may be packed once more
            check_ratio(reading.source.where, unpacked_bytes, min(packed_bytes, file_bytes))
            left = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise TraceError(f"{reading.source.where}: truncated: the zlib data ends in the middle")
