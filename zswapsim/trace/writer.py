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
from zswapsim.trace.unpack import WINDOW_LOG

MOST_LEVEL, QUICK_LEVEL = 19, 9
"""Of zstd: 9 takes a fiftieth of the time of 19, for contents a fifteenth larger."""

_CHUNK_BYTES = 1 << 22
_ZIP64_BYTES = 1 << 30
"""Members that unpack to more than this get the ZIP64 fields, which allow for any length."""


def write_trace(trace: Trace, path: Path, *, quick: bool = False) -> None:
    """Write trace to path atomically; see Trace.save. OSError as the file system says."""
    most = QUICK_LEVEL if quick else MOST_LEVEL
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _write_members(archive, trace, most)


def _write_members(archive: zipfile.ZipFile, trace: Trace, most: int) -> None:
    numbers = trace.page_numbers
    version = NUMBERED_VERSION if numbers is not None else NUMBERED_VERSION - 1
    meta = encode_meta(trace.counts, checked_meta(trace.meta), version)
    if len(meta) > META_BYTES:
        raise InvalidArgument(f"{META} has {len(meta)} bytes; allowed are up to {META_BYTES}")
    _write(archive, META, [meta], len(meta))
    accesses = (block.astype("<u4", copy=False).tobytes() for block in trace.blocks())
    _write_packed(archive, ACCESSES, accesses, 4 * trace.accesses, most)
    at, page, content = trace.versions
    columns = (at.astype("<u8"), page.astype("<u4"), content.astype("<u4"))
    _write_packed(archive, VERSIONS, (column.tobytes() for column in columns), 16 * len(at), most)
    contents = trace.contents_bytes
    _write_packed(archive, CONTENTS, _chunks(contents), len(contents), most, long_distance=True)
    if numbers is not None:
        _write_packed(archive, NUMBERS, [numbers.astype("<u8").tobytes()], 8 * len(numbers), most)


def _chunks(contents: Contents) -> Iterator[bytes]:
    for start in range(0, len(contents), _CHUNK_BYTES):
        yield contents[start : start + _CHUNK_BYTES]


def _write_packed(
    archive: zipfile.ZipFile,
    name: str,
    chunks: Iterable[bytes],
    total_bytes: int,
    most: int,
    *,
    long_distance: bool = False,
) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        min(most, _level(total_bytes)),
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


def _level(total_bytes: int) -> int:
    # 19 packs two or three MiB a second: a minute at most, then speed matters more than size.
    if total_bytes <= 128 << 20:
        return MOST_LEVEL
    return 9 if total_bytes <= 1 << 30 else 3


def _write(
    archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes], unpacked_bytes: int
) -> None:
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.create_system = 3  # Unix, wherever this runs
    member.external_attr = 0o644 << 16
    with archive.open(member, "w", force_zip64=unpacked_bytes > _ZIP64_BYTES) as out:
        for chunk in chunks:
            out.write(chunk)
