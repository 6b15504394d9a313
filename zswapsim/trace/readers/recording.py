# SPDX-License-Identifier: GPL-2.0-only
"""Reads a raw recording: a sidecar NAME.json beside three zstd files that it lists with SHA-256.

    NAME.trace.bin.zst     uint32 per access: page index | 1 << 31 if written
    NAME.versions.bin.zst  uint64 position, uint32 page, uint32 content per version, by position
    NAME.pages.zst         4096 bytes per content

Little-endian. A version has the meaning that trace.py gives it. The access sequence is reduced by
reduction_k: LRU faults with that many pages or more are those of the program, counts of hits are
not. The contents are exact for strict LRU with recorder_resident_pages pages or more.

Opening reads everything once and checks it; it is read again when it is used.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.checks import meta_problem, order_problem, strict_json, version_problem
from zswapsim.trace.contents import Contents, collect
from zswapsim.trace.counts import U32, U64, Counts, tally_contents
from zswapsim.trace.input import Input
from zswapsim.trace.trace import BLOCK_ACCESSES, WRITE, Trace, Versions
from zswapsim.trace.unpack import check_ratio, checked_blocks, pages_problem, unpack
from zswapsim.units import FREED, PAGE_SIZE

FORMAT_NAME = "zswapsim-recording/1"
TRACE, VERSIONS, PAGES = ".trace.bin.zst", ".versions.bin.zst", ".pages.zst"

_SIDECAR_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 22
_META = (
    "name",
    "program",
    "what",
    "recorder",
    "recorder_resident_pages",
    "reduction_k",
    "raw_data_accesses",
    "sweep_accesses",
    "masked_strings",
    "lru_faults",
)
"""What the trace's meta keeps of the sidecar."""

_VERSION = np.dtype([("at", "<u8"), ("page", "<u4"), ("content", "<u4")])


class RecordingFormat:
    """Reads a raw recording by its sidecar."""

    name = "recording"
    summary = "raw recording with page contents (its .json sidecar)"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A JSON object that names the format early."""
        return head.lstrip()[:1] == b"{" and b'"zswapsim-recording/' in head

    def open(self, source: Input) -> Trace:
        """Read and check all of it."""
        path = source.path  # the other files are beside it
        sidecar = _Sidecar(path)
        counts = sidecar.counts
        files = _RecordingSource(sidecar)
        blocks = files.blocks(BLOCK_ACCESSES)
        while True:
            try:
                next(blocks)
            except StopIteration as end:
                tally = end.value
                break
        if tally.writes != counts["writes"]:
            raise TraceError(f"{path}: writes is {counts['writes']}, but there are {tally.writes}")
        _, _, content = files.versions()
        freed = int(np.count_nonzero(content == FREED))
        if freed != counts["freed"]:
            raise TraceError(f"{path}: freed is {counts['freed']}, but there are {freed}")
        totals: Counts = tally.counts(
            versions=counts["versions"], freed=freed, **tally_contents(files.contents())
        )
        meta = {key: sidecar.document[key] for key in _META if key in sidecar.document}
        if problem := meta_problem(meta):
            raise TraceError(f"{path}: {problem}")
        return Trace(totals, {"name": path.stem} | meta | {"origin": FORMAT_NAME}, files)


FORMAT = RecordingFormat()


class _Sidecar:
    """The parsed sidecar; TraceError names what is missing or wrong in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            data = file.read(1 + min(_SIDECAR_BYTES, os.fstat(file.fileno()).st_size))
        if len(data) > _SIDECAR_BYTES:
            raise TraceError(f"{path}: longer than {_SIDECAR_BYTES:,} bytes")
        try:
            document = strict_json(data)
        except ValueError as error:
            raise TraceError(f"{path}: no JSON: {error}") from error
        if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
            found = document.get("format") if isinstance(document, dict) else None
            raise TraceError(f"{path}: format {found!r:.40}; this program reads {FORMAT_NAME!r}")
        if document.get("page_size") != PAGE_SIZE:
            raise TraceError(f"{path}: page_size is not {PAGE_SIZE}")
        self.document: dict[str, Any] = document
        self.counts = {
            field: self._count(document, field, limit)
            for field, limit in (
                ("accesses", 1 << 60),
                ("pages", WRITE),
                ("writes", 1 << 60),
                ("versions", 1 << 40),
                ("freed", 1 << 40),
                ("contents", FREED - 1),
            )
        }
        file_bytes = sum(self._part(part)[0].stat().st_size for part in (TRACE, VERSIONS, PAGES))
        if problem := pages_problem(self.counts["pages"], file_bytes):
            raise TraceError(f"{path}: {problem}")

    def stream(self, suffix: str, expected_bytes: int, chunk_bytes: int) -> Iterator[bytes]:
        """Unpack the file beside the sidecar whose name ends so, and check its SHA-256."""
        path, entry = self._part(suffix)
        if (size := self._count(entry, "bytes", 1 << 63)) != expected_bytes:
            raise TraceError(
                f"{self.path}: {path.name} has {size} bytes; the counts need {expected_bytes}"
            )
        stored_bytes = self._count(entry, "stored_bytes", 1 << 63)
        if suffix != TRACE:
            check_ratio(str(path), expected_bytes, stored_bytes)
        digest = hashlib.sha256()
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise TraceError(f"{path}: is no plain file")
        with path.open("rb") as file:
            found = path.stat().st_size
            if found != stored_bytes:
                raise TraceError(f"{path}: has {found} bytes; its sidecar says {stored_bytes}")
            for chunk in unpack(file, str(path), expected_bytes, chunk_bytes):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != entry.get("sha256"):
            raise TraceError(f"{path}: its SHA-256 is not the one in {self.path.name}")

    def _part(self, suffix: str) -> tuple[Path, dict[str, Any]]:
        """Return the path and the entry of the file beside the sidecar whose name ends so."""
        files = self.document.get("files")
        listed = (
            [name for name in files if name.endswith(suffix)] if isinstance(files, dict) else []
        )
        entry = files[listed[0]] if isinstance(files, dict) and len(listed) == 1 else None
        plain = bool(listed) and Path(listed[0]).name == listed[0] and listed[0].isprintable()
        if not isinstance(entry, dict) or not plain:
            raise TraceError(f"{self.path}: files does not list one file *{suffix} beside it")
        return self.path.with_name(listed[0]), entry

    def _count(self, entry: dict[str, Any], field: str, limit: int) -> int:
        value = entry.get(field)
        if type(value) is not int or not 0 <= value <= limit:
            raise TraceError(
                f"{self.path}: {field} is {value!r:.40}; allowed are integers 0..{limit}"
            )
        return value


class _RecordingSource:
    """Opens the files for each reading."""

    def __init__(self, sidecar: _Sidecar) -> None:
        self._sidecar = sidecar
        self._counts = sidecar.counts

    def blocks(self, block_accesses: int) -> Iterator[U32]:
        """Stream the accesses; the generator returns their Tally."""
        chunks = self._sidecar.stream(TRACE, 4 * self._counts["accesses"], 4 * block_accesses)
        return checked_blocks(chunks, self._counts["pages"], self._where(TRACE))

    def versions(self) -> Versions:
        """Read the versions."""
        total_bytes = _VERSION.itemsize * self._counts["versions"]
        data = collect(self._sidecar.stream(VERSIONS, total_bytes, _CHUNK_BYTES), total_bytes)
        records = np.frombuffer(data, _VERSION, self._counts["versions"])
        at = records["at"].astype(np.uint64)
        page, content = records["page"].astype(np.uint32), records["content"].astype(np.uint32)
        problem = order_problem(at) or version_problem(
            at,
            page,
            content,
            accesses=self._counts["accesses"],
            pages=self._counts["pages"],
            contents=self._counts["contents"],
        )
        if problem:
            raise TraceError(f"{self._where(VERSIONS)}: {problem}")
        return at, page, content

    def contents(self) -> Contents:
        """Read the contents."""
        total_bytes = PAGE_SIZE * self._counts["contents"]
        return collect(self._sidecar.stream(PAGES, total_bytes, _CHUNK_BYTES), total_bytes)

    def page_numbers(self) -> U64 | None:
        """Return None: the sidecar has them, but no replay asks."""
        return None

    def _where(self, suffix: str) -> str:
        return f"{self._sidecar.path}: *{suffix}"
