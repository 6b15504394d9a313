# SPDX-License-Identifier: GPL-2.0-only
"""Streamed unpacking of one zstd frame: bounded memory, and one clear line when it is damaged."""

import zipfile
from collections.abc import Generator, Iterator
from typing import IO

import numpy as np
import zstandard

from zswapsim.errors import TraceError
from zswapsim.trace.checks import page_problem
from zswapsim.trace.contents import Contents
from zswapsim.trace.counts import PAGE_MASK, U32, U64, Tally

WINDOW_LOG = 27
READ_BYTES = 1 << 17

DAMAGE = (zipfile.BadZipFile, RuntimeError, EOFError, ValueError, OverflowError)
"""What zipfile raises for a damaged file. NotImplementedError is a RuntimeError."""


MOST_TIMES = 10_000
MOST_TIMES_FROM_BYTES = 1 << 28
"""What unpacks to more than both is a bomb; for what is kept, not for what only streams by."""


def check_ratio(where: str, unpacked_bytes: int, packed_bytes: int) -> None:
    """Refuse to keep what unpacks to thousands of times its size. TraceError says so."""
    if unpacked_bytes > max(MOST_TIMES_FROM_BYTES, MOST_TIMES * packed_bytes):
        raise TraceError(
            f"{where}: {packed_bytes:,} bytes unpack to {unpacked_bytes:,}; "
            f"allowed is up to {MOST_TIMES:,} times as many"
        )


PAGES_FROM = 1 << 22
PAGES_PER_BYTE = 16
"""A file may number pages up to the larger of both, the latter for each byte of it: what is known
of a page takes memory, whether or not it is accessed. A real trace has a byte and more a page."""


def pages_problem(pages: int, file_bytes: int) -> str | None:
    """Check the pages that a file of so many bytes numbers; return what is wrong, or None."""
    most = max(PAGES_FROM, PAGES_PER_BYTE * file_bytes)
    if pages <= most:
        return None
    return f"{pages:,} pages in {file_bytes:,} bytes; allowed are up to {most:,}"


def unpack(packed: IO[bytes], where: str, expected_bytes: int, chunk_bytes: int) -> Iterator[bytes]:
    """Yield expected_bytes in chunks of chunk_bytes, the last one shorter.

    where: file and member, for messages. TraceError if the data is damaged, or is not exactly
    expected_bytes long; never unpacks more than one byte beyond that.
    """
    done = 0
    try:
        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << WINDOW_LOG)
        with unpacker.stream_reader(packed, read_size=READ_BYTES, closefd=False) as reader:
            while done < expected_bytes:
                size = min(chunk_bytes, expected_bytes - done)
                data = _read(reader, size)
                done += len(data)
                if len(data) < size:
                    raise TraceError(
                        f"{where}: ends after byte {done:,} of {expected_bytes:,} unpacked bytes"
                    )
                yield data
            if reader.read(1):
                raise TraceError(
                    f"{where}: unpacks to more than the {expected_bytes:,} bytes declared"
                )
        while packed.read(READ_BYTES):  # up to the end, where zipfile compares the CRC-32
            pass
    except TraceError:
        raise
    except (zstandard.ZstdError, *DAMAGE) as error:
        if "not enough memory" in str(error):  # the library's words for what is no damage
            raise MemoryError from None
        raise TraceError(
            f"{where}: damaged, near unpacked byte {done:,}: {error!s:.200}"
        ) from error


def _read(reader: "zstandard.ZstdDecompressionReader", size: int) -> bytes:
    data = reader.read(size)
    while len(data) < size:
        more = reader.read(size - len(data))
        if not more:
            break
        data += more
    return data


def checked_blocks(chunks: Iterator[bytes], pages: int, where: str) -> Generator[U32, None, Tally]:
    """Turn chunks of little-endian uint32 into blocks of accesses; return what they add up to.

    TraceError names the first access to a page that is not below pages.
    """
    tally = Tally(pages)
    for chunk in chunks:
        block = np.frombuffer(chunk, "<u4").astype(np.uint32, copy=False)
        problem = page_problem("access", block & PAGE_MASK, pages, tally.accesses)
        if problem:
            raise TraceError(f"{where}: {problem}")
        tally.add(block)
        yield block
    return tally


def split_versions(data: Contents, count: int) -> tuple[U64, U32, U32]:
    """Return the three columns of versions.zst, unpacked: at, page, content."""
    at = np.frombuffer(data, "<u8", count).astype(np.uint64, copy=False)
    page = np.frombuffer(data, "<u4", count, 8 * count).astype(np.uint32, copy=False)
    content = np.frombuffer(data, "<u4", count, 12 * count).astype(np.uint32, copy=False)
    return at, page, content
