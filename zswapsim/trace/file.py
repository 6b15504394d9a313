# SPDX-License-Identifier: GPL-2.0-only
"""The own trace file, *.ztrace: a ZIP archive of four or five stored members, in this order.

    meta.json     {"format": "zswapsim-trace", "version": 1, "counts": {...}, "meta": {...}}
                  counts: the fields of Counts, contents_digest (SHA-256) among them; meta: origin
    accesses.zst  uint32 per access: page number | 1 << 31 if written
    versions.zst  uint64 at, for all versions; then uint32 page for all; then uint32 content for all
    contents.zst  PAGE_SIZE bytes per content
    numbers.zst   uint64 per page: what it was called where the trace comes from; from version 2 on

Integers are little-endian. A .zst member is one zstd frame with a checksum and a window of at most
128 MiB. ZIP gives each member a CRC-32 and says where it ends; members are never compressed again,
nor encrypted. Timestamps are 1980-01-01, so that equal traces are equal files.

pages, in counts, is at most 4,194,304 or 16 times the bytes of the file, whatever is more. Of meta,
the keys in checks.META_TEXTS are text and those in META_COUNTS integers from 0 on.

Reading checks the CRC-32 and zstd checksums, all counts, the range of every number and the contents
digest, at the moment the data is used: what is damaged ends in a TraceError before or, for the last
block of accesses, right after it was handed out. Memory stays bounded whatever the file says.
Compatibility: a reader of version V reads all versions up to V. A trace without page numbers is
written as version 1.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.checks import (
    META_BYTES,
    meta_problem,
    order_problem,
    strict_json,
    version_problem,
)
from zswapsim.trace.contents import Contents, collect
from zswapsim.trace.counts import U32, U64, Counts
from zswapsim.trace.input import Input
from zswapsim.trace.trace import WRITE, Trace, Versions, slices
from zswapsim.trace.unpack import (
    DAMAGE,
    check_ratio,
    checked_blocks,
    pages_problem,
    split_versions,
    unpack,
)
from zswapsim.units import FREED, PAGE_SIZE

FORMAT_NAME = "zswapsim-trace"
VERSION = 2
META, ACCESSES, VERSIONS, CONTENTS = "meta.json", "accesses.zst", "versions.zst", "contents.zst"
NUMBERS = "numbers.zst"
NUMBERED_VERSION = 2
"""The first version that may have numbers.zst, and has it."""
MEMBERS = (META, ACCESSES, VERSIONS, CONTENTS, NUMBERS)
SUFFIX = ".ztrace"

_CHUNK_BYTES = 1 << 22
KEEP_ACCESSES = 1 << 23
"""32 MiB of them: unpacking takes as long as replaying them."""
_DIRECTORY_BYTES = 1 << 20


class ZtraceFormat:
    """Reads the own trace file."""

    name = "ztrace"
    summary = f"zswapsim's own trace file ({SUFFIX})"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A ZIP whose first member is meta.json; its name starts at byte 30 of the file."""
        return head[:4] == b"PK\x03\x04" and head[30:].startswith(META.encode())

    def open(self, source: Input) -> Trace:
        """Read meta.json; accesses, versions and contents are read when they are used."""
        path = source.local_path()
        with path.open("rb") as file:
            identity = _identity(file)
        where = f"{source.where}: {META}"
        with _member(path, source.where, META, identity, None) as member:
            try:
                data = member.read(META_BYTES + 1)
            except DAMAGE as error:
                raise TraceError(f"{where}: damaged: {error!s:.200}") from error
        version, counts, meta = _parse_meta(where, data)
        if problem := pages_problem(counts.pages, path.stat().st_size):
            raise TraceError(f"{where}: {problem}")
        meta.setdefault("name", source.stem)
        return Trace(counts, meta, _ZtraceSource(path, identity, version, counts, source))


FORMAT = ZtraceFormat()


class _ZtraceSource:
    """Opens the file for each reading, so that a trace holds no file open."""

    def __init__(
        self,
        path: Path,
        identity: tuple[int, ...],
        version: int,
        counts: Counts,
        source: Input,
    ) -> None:
        self._path = path
        self._identity = identity
        self._version = version
        self._where = source.where
        self._keeps_alive = source  # the path may be that of its temporary copy
        self._counts = counts
        self._accesses: U32 | None = None

    def blocks(self, block_accesses: int) -> Iterator[U32]:
        """Stream accesses.zst. A short trace's are kept from the first time on."""
        if self._accesses is not None:
            yield from slices(self._accesses)(block_accesses)
            return
        kept: list[U32] = []
        for block in self._unpacked(block_accesses):
            if self._counts.accesses <= KEEP_ACCESSES:
                kept.append(block)
            yield block
        if kept:
            self._accesses = np.concatenate(kept)

    def _unpacked(self, block_accesses: int) -> Iterator[U32]:
        where = f"{self._where}: {ACCESSES}"
        counts = self._counts
        with self._member(ACCESSES) as member:
            chunks = unpack(member, where, 4 * counts.accesses, 4 * block_accesses)
            tally = yield from checked_blocks(chunks, counts.pages, where)
        _must_agree(where, "writes", counts.writes, tally.writes)
        _must_agree(where, "footprint_pages", counts.footprint_pages, tally.footprint_pages)

    def versions(self) -> Versions:
        """Read versions.zst."""
        where = f"{self._where}: {VERSIONS}"
        counts = self._counts
        total_bytes = 16 * counts.versions
        data = self._kept(VERSIONS, total_bytes)
        at, page, content = split_versions(data, counts.versions)
        problem = order_problem(at) or version_problem(
            at,
            page,
            content,
            accesses=counts.accesses,
            pages=counts.pages,
            contents=counts.contents,
        )
        if problem:
            raise TraceError(f"{where}: {problem}")
        _must_agree(where, "freed", counts.freed, int(np.count_nonzero(content == FREED)))
        return at, page, content

    def contents(self) -> Contents:
        """Read contents.zst."""
        where = f"{self._where}: {CONTENTS}"
        total_bytes = PAGE_SIZE * self._counts.contents
        digest = hashlib.sha256()
        data = self._kept(CONTENTS, total_bytes, digest)
        _must_agree(where, "contents_digest", self._counts.contents_digest, digest.hexdigest())
        return data

    def page_numbers(self) -> U64 | None:
        """Read numbers.zst, if there is one."""
        if self._version < NUMBERED_VERSION:
            return None
        total_bytes = 8 * self._counts.pages
        data = self._kept(NUMBERS, total_bytes)
        return np.frombuffer(data, "<u8").astype(np.uint64, copy=False)

    def _kept(self, name: str, total_bytes: int, digest: Any = None) -> Contents:
        """Unpack a member whole; digest gets what was unpacked."""
        where = f"{self._where}: {name}"

        def hashed(chunks: Iterator[bytes]) -> Iterator[bytes]:
            for chunk in chunks:
                digest.update(chunk)
                yield chunk

        with self._member(name, total_bytes) as member:
            chunks = unpack(member, where, total_bytes, _CHUNK_BYTES)
            return collect(chunks if digest is None else hashed(chunks), total_bytes)

    def _member(self, name: str, kept_bytes: int = 0) -> AbstractContextManager[IO[bytes]]:
        members = MEMBERS if self._version >= NUMBERED_VERSION else MEMBERS[:-1]
        return _member(self._path, self._where, name, self._identity, members, kept_bytes)


class _BoundedFile(io.BufferedReader):
    """A file that zipfile cannot make read a huge directory, nor seek to before its start."""

    def read(self, size: int | None = -1, /) -> bytes:
        limit = _DIRECTORY_BYTES + 1
        data = super().read(limit if size is None or size < 0 else min(size, limit))
        if len(data) == limit:
            raise zipfile.BadZipFile(f"its directory is larger than {_DIRECTORY_BYTES:,} bytes")
        return data

    def seek(self, target: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET and target < 0:
            raise zipfile.BadZipFile("its directory points before its start")
        return super().seek(target, whence)


@contextmanager
def _member(
    path: Path,
    where: str,
    name: str,
    identity: tuple[int, ...],
    members: tuple[str, ...] | None,
    kept_bytes: int = 0,
) -> Iterator[IO[bytes]]:
    """Open one member for reading.

    where: what the file is called in messages; identity: that of the file when it was first
    opened; members: all there have to be, or None when only meta.json is known, with the version in
    it: a newer layout must not look like damage; kept_bytes: what it unpacks to and is kept whole.
    """
    with _BoundedFile(io.FileIO(path)) as file:
        if _identity(file) != identity:
            raise TraceError(f"{where}: the file has changed since it was opened")
        try:
            archive = zipfile.ZipFile(file)
            found = archive.infolist()
        except DAMAGE as error:
            raise TraceError(f"{where}: truncated or damaged at its end: {error!s:.200}") from error
        with archive:
            names = tuple(member.filename for member in found)
            if names[:1] != MEMBERS[:1] or (members is not None and names != members):
                raise TraceError(
                    f"{where}: damaged: members are {', '.join(map(repr, names))[:200]}; "
                    f"expected {', '.join(members or MEMBERS[:-1])}"
                )
            member = found[names.index(name)]
            check_ratio(f"{where}: {name}", kept_bytes, member.file_size)
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
                raise TraceError(f"{where}: {name}: damaged: the member is not stored as it is")
            try:
                opened = archive.open(member)
            except DAMAGE as error:
                raise TraceError(
                    f"{where}: {name}: damaged at byte {member.header_offset:,}: {error!s:.200}"
                ) from error
            with opened:
                yield opened


def _identity(file: IO[bytes]) -> tuple[int, ...]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _must_agree(where: str, field: str, declared: object, found: object) -> None:
    if declared != found:
        raise TraceError(f"{where}: {META} says that {field} is {declared}, but it is {found}")


def encode_meta(counts: Counts, meta: dict[str, Any], version: int = VERSION) -> bytes:
    """Return meta.json."""
    document = {
        "format": FORMAT_NAME,
        "version": version,
        "counts": asdict(counts),
        "meta": meta,
    }
    return json.dumps(document, indent=1).encode()


def _parse_meta(where: str, data: bytes) -> tuple[int, Counts, dict[str, Any]]:
    if len(data) > META_BYTES:
        raise TraceError(f"{where}: longer than {META_BYTES:,} bytes")
    try:
        document = strict_json(data)
    except ValueError as error:
        raise TraceError(f"{where}: no JSON: {error!s:.200}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
        raise TraceError(f'{where}: does not say "format": "{FORMAT_NAME}"; not a trace')
    version = document.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise TraceError(
            f"{where}: format version {version!r:.40}; this program reads versions 1 to {VERSION}"
            + (": a newer one is needed" if isinstance(version, int) and version > VERSION else "")
        )
    counts, meta = document.get("counts"), document.get("meta")
    if not isinstance(counts, dict) or not isinstance(meta, dict):
        raise TraceError(f"{where}: counts or meta is missing")
    names = [field.name for field in fields(Counts)]
    if sorted(counts) != sorted(names):
        has = f"{sorted(counts)}"[:200]
        raise TraceError(f"{where}: counts has {has}; expected {sorted(names)}")
    # Each count and the count that it cannot exceed.
    limits = {
        "accesses": 1 << 60,
        "pages": WRITE,
        "footprint_pages": counts["pages"],
        "writes": counts["accesses"],
        "versions": 1 << 40,
        "freed": counts["versions"],
        "contents": FREED - 1,
        "zero_contents": counts["contents"],
        "same_filled_contents": counts["contents"],
    }
    for name, limit in limits.items():
        if type(counts[name]) is not int or not 0 <= counts[name] <= limit:
            raise TraceError(
                f"{where}: {name} is {counts[name]!r:.40}; allowed are integers 0..{limit}"
            )
    digest = counts["contents_digest"]
    if not isinstance(digest, str) or len(digest) != 64:
        raise TraceError(f"{where}: contents_digest is {digest!r:.70}; expected a SHA-256")
    if problem := meta_problem(meta):
        raise TraceError(f"{where}: {problem}")
    return version, Counts(**counts), meta
