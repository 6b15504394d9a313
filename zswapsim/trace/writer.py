# SPDX-License-Identifier: GPL-2.0-only
"""Writing the own trace file: complete or not at all, and byte for byte reproducible.

The layout is described in file.py. Memory stays bounded: accesses stream from the trace's source.
"""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from zswapsim.errors import InvalidArgument
from zswapsim.files import whole_file
from zswapsim.progress import Progress
from zswapsim.trace.checks import META_BYTES, checked_meta
from zswapsim.trace.contents import Contents
from zswapsim.trace.file import (
    ACCESSES,
    CONTENTS,
    META,
    NUMBERED_VERSION,
    NUMBERS,
    VERSIONS,
    encode_meta,
)
from zswapsim.trace.trace import Trace
from zswapsim.trace.unpack import PAGES_FROM, WINDOW_LOG, pages_problem

BEST_LEVEL = 19
GOOD_LEVEL = 9
"""A tenth larger than what the best one writes, and written twenty times as fast or more."""
FAST = 8 << 20, 1
FAST_CONTENTS = 64 << 20, 3
"""Above so many bytes this level is used instead of the best one, which does two or three MiB a
second: half a minute for contents at most. On accesses level 3 gains next to nothing over 1."""

_CHUNK_BYTES = 1 << 22
_ZIP64_BYTES = 1 << 30
"""Members that unpack to more than this get the ZIP64 fields, which allow for any length."""


def write_trace(
    trace: Trace, path: Path, level: int | None = None, progress: Progress | None = None
) -> None:
    """Write trace to path atomically; see Trace.save. OSError as the file system says."""
    if level is not None and not 1 <= level <= BEST_LEVEL:
        raise InvalidArgument(f"level is {level}; allowed are 1..{BEST_LEVEL}")
    with whole_file(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            _write_members(archive, trace, level, progress)
        if trace.pages > PAGES_FROM and file.seekable():
            problem = pages_problem(trace.pages, file.tell())
            if problem:
                raise InvalidArgument(f"{path}: {problem}")


def _write_members(
    archive: zipfile.ZipFile, trace: Trace, level: int | None, progress: Progress | None
) -> None:
    numbers = trace.page_numbers
    version = NUMBERED_VERSION if numbers is not None else NUMBERED_VERSION - 1
    meta = encode_meta(trace.counts, checked_meta(trace.meta), version)
    if len(meta) > META_BYTES:
        raise InvalidArgument(f"{META} has {len(meta)} bytes; allowed are up to {META_BYTES}")
    _write(archive, META, [meta], len(meta))
    _write_packed(archive, ACCESSES, _accesses(trace, progress), 4 * trace.accesses, level)
    at, page, content = trace.versions
    columns = (at.astype("<u8"), page.astype("<u4"), content.astype("<u4"))
    _write_packed(archive, VERSIONS, (column.tobytes() for column in columns), 16 * len(at), level)
    contents = trace.contents_bytes
    _write_packed(archive, CONTENTS, _chunks(contents), len(contents), level, long_distance=True)
    if numbers is not None:
        _write_packed(archive, NUMBERS, [numbers.astype("<u8").tobytes()], 8 * len(numbers), level)


def _accesses(trace: Trace, progress: Progress | None) -> Iterator[bytes]:
    done = 0
    for block in trace.blocks():
        yield block.astype("<u4", copy=False).tobytes()
        done += len(block)
        if progress is not None:
            progress("write", done, trace.accesses)


def _chunks(contents: Contents) -> Iterator[bytes]:
    for start in range(0, len(contents), _CHUNK_BYTES):
        yield contents[start : start + _CHUNK_BYTES]


def _write_packed(
    archive: zipfile.ZipFile,
    name: str,
    chunks: Iterable[bytes],
    total_bytes: int,
    level: int | None,
    *,
    long_distance: bool = False,
) -> None:
    if level is None:
        limit_bytes, fast_level = FAST_CONTENTS if long_distance else FAST
        level = fast_level if total_bytes > limit_bytes else BEST_LEVEL
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level,
        source_size=total_bytes,
        write_checksum=True,
        write_content_size=True,
        **({"enable_ldm": True, "window_log": WINDOW_LOG} if long_distance else {}),
    )
    packer = zstandard.ZstdCompressor(compression_params=parameters).chunker(
        size=total_bytes, chunk_size=1 << 20
    )

    def packed() -> Iterator[bytes]:
        for chunk in chunks:
            yield from packer.compress(chunk)
        yield from packer.finish()  # type: ignore[no-untyped-call]

    _write(archive, name, packed(), total_bytes)


def _write(
    archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes], unpacked_bytes: int
) -> None:
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.create_system = 3  # Unix, wherever this runs
    member.external_attr = 0o644 << 16
    with archive.open(member, "w", force_zip64=unpacked_bytes > _ZIP64_BYTES) as out:
        for chunk in chunks:
            out.write(chunk)
