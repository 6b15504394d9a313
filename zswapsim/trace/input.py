# SPDX-License-Identifier: GPL-2.0-only
"""What a trace is read from: a file or standard input, plain or compressed, and how to read it.

Memory is bounded whatever the input is: it streams by, and one that unpacks to thousands of times
its size is refused after 256 MiB.
"""

import bz2
import gzip
import io
import lzma
import os
import sys
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.files import temporary_file
from zswapsim.trace.unpack import WINDOW_LOG, check_ratio

HEAD_BYTES = 4096
STDIN = "-"

_USUAL_TIMES = 32
_LZMA_BYTES = 512 << 20
_XZ_BYTES = 1 << 16
_ZSTD_BYTES = 1 << 10
_DAMAGE = (zstandard.ZstdError, lzma.LZMAError, zlib.error, EOFError, ValueError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """How to read an input. format: a name, or None to recognise it by its content.

    skip_bad: lines that may be wrong; columns: what the columns of a table are, as
    "time,op,address,size", None to see for oneself; seed: of what a format leaves open and has to
    be drawn; write_percent: share of writes where a format does not tell reads from writes, None
    for the format's default.
    """

    format: str | None = None
    skip_bad: int = 0
    columns: str | None = None
    seed: int = 0
    write_percent: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be. InvalidArgument says what is allowed."""
        if self.skip_bad < 0:
            raise InvalidArgument(f"skip_bad is {self.skip_bad}; allowed are 0 and more")
        if not 0 <= self.seed < 1 << 32:
            raise InvalidArgument(f"seed is {self.seed}; allowed are 0..{(1 << 32) - 1}")
        if self.write_percent is not None and not 0 <= self.write_percent <= 100:
            raise InvalidArgument(f"write_percent is {self.write_percent}; allowed are 0..100")


class Input:
    """One file, or standard input, to be read once: head, then chunks; or as a path.

    path: of the file, "-" for standard input; where: its name in messages; options; head: its
    first HEAD_BYTES unpacked bytes, fewer if there are no more; packing: "", "gzip", "xz", "zstd"
    or "bzip2"; size_bytes: of the file, packed as it is, or 0 if that is not known;
    unpacked_bytes: read so far.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        options: InputOptions | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """progress: told now and then (bytes read, bytes in all, or 0 if unknown).

        OSError if it cannot be opened, TraceError if it is damaged at its very start.
        """
        self.path = Path(path)
        self.options = options or InputOptions()
        self._progress = progress
        is_stdin = os.fspath(path) == STDIN
        self.where = "standard input" if is_stdin else str(self.path)
        self._packed: IO[bytes] = sys.stdin.buffer if is_stdin else self.path.open("rb")
        if not is_stdin:
            weakref.finalize(self, self._packed.close)
        self._counted = _Counted(self._packed)
        size_bytes = 0 if is_stdin else os.fstat(self._packed.fileno()).st_size
        self.size_bytes = size_bytes
        self.packing, self._stream = _unpacked(self._counted)
        self.unpacked_bytes = 0
        self._ahead = b""
        self.head = self._read(HEAD_BYTES)

    @property
    def stem(self) -> str:
        """The file's name without folder and suffixes, "stdin" for standard input."""
        name = self.path.name
        for suffix in (".gz", ".xz", ".zst", ".bz2"):
            name = name.removesuffix(suffix)
        return "stdin" if name == STDIN else Path(name).stem or name

    @property
    def worth_bytes(self) -> int:
        """Bytes read so far, unpacked, but no more than a usual packing makes of the packed ones.

        What an input may ask for is measured by it.
        """
        if not self.packing:
            return self.unpacked_bytes
        return min(self.unpacked_bytes, _USUAL_TIMES * self._counted.done_bytes)

    def at_least(self, size: int) -> bool:
        """Say whether there are so many unpacked bytes; read ahead for it, if it is not known."""
        if not self.packing and self.size_bytes:
            return self.size_bytes >= size
        self._ahead += self._read(max(0, size - self.unpacked_bytes))
        return self.unpacked_bytes >= size

    def chunks(self, chunk_bytes: int = 1 << 20) -> Iterator[bytes]:
        """Yield all unpacked bytes from the start, chunk_bytes at a time or more; only once.

        TraceError says where it is damaged, or that it unpacks to too much.
        """
        data, self.head, self._ahead = self.head + self._ahead, b"", b""
        while len(data) > chunk_bytes:
            yield data[:chunk_bytes]
            data = data[chunk_bytes:]
        data += self._read(max(chunk_bytes - len(data), 1))
        while data:
            yield data
            if self._progress is not None:
                self._progress(self._counted.done_bytes, self.size_bytes)
            data = self._read(chunk_bytes)

    def report(self, done: int, total: int) -> None:
        """Tell the progress of a second stage, after the reading, as if it were read again."""
        if self._progress is not None and self.size_bytes:
            self._progress(self.size_bytes * done // total, self.size_bytes)

    def local_path(self) -> Path:
        """Return a path of the unpacked input, for formats that jump about in it.

        It is the file itself, or that of a copy without a name that lives as long as this input.
        """
        if not self.packing and self.path.is_file():
            return self.path
        copy = temporary_file(self)
        for chunk in self.chunks():
            copy.write(chunk)
        copy.flush()
        return Path(f"/proc/{os.getpid()}/fd/{copy.fileno()}")

    def _read(self, size: int) -> bytes:
        """Return size bytes, fewer only at the end."""
        parts = []
        while size:
            try:
                data = self._stream.read(size)
            except _DAMAGE as error:
                if not self.packing:
                    raise
                raise TraceError(
                    f"{self.where}: damaged {self.packing} data, near unpacked byte "
                    f"{self.unpacked_bytes:,}: {error}"
                ) from error
            if not data:
                break
            parts.append(data)
            size -= len(data)
            self.unpacked_bytes += len(data)
        if self.packing:
            check_ratio(self.where, self.unpacked_bytes, self._counted.done_bytes)
        return b"".join(parts)


class _Counted:
    """A file that counts what is read of it, and gives its first bytes back."""

    def __init__(self, file: IO[bytes]) -> None:
        self.done_bytes = 0
        self._file = file
        self.magic = file.read(6)
        self._left = self.magic

    def read(self, size: int = -1) -> bytes:
        if self._left:
            size = len(self._left) if size < 0 else size
            data, self._left = self._left[:size], self._left[size:]
        else:
            data = self._file.read(size)
        self.done_bytes += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _unpacked(packed: _Counted) -> tuple[str, Any]:
    """Return the packing by its magic, and what reads the unpacked bytes."""
    magic = packed.magic
    file: Any = packed
    if magic.startswith(b"\x1f\x8b"):
        return "gzip", gzip.GzipFile(fileobj=file, mode="rb")
    if magic.startswith(b"\xfd7zXZ\x00"):
        return "xz", _Xz(file)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd", _Zstd(file)
    if magic.startswith(b"BZh"):
        return "bzip2", bz2.BZ2File(file)
    return "", packed


class _Zstd:
    """Reads zstd and notices a truncated end, which the library's stream reader does not."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._left = b""
        self._unpacked = io.BytesIO()
        self._start()

    def _start(self) -> None:
        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << WINDOW_LOG)
        self._unpacker: Any = unpacker.decompressobj()
        if not hasattr(self._unpacker, "eof"):
            raise TraceError(
                "to read zstd data other than trace files, zstandard 0.18 or later is needed; "
                f"{zstandard.__version__} is installed"
            )

    def read(self, size: int) -> bytes:
        """Return up to size bytes, none at the end."""
        data = self._unpacked.read(size)
        while not data:
            # A packed byte can be 32 KiB unpacked, so few are unpacked at a time.
            more = self._left or self._packed.read(_ZSTD_BYTES)
            self._left = b""
            if not more:
                if self._unpacker is not None:
                    raise EOFError("it ends in the middle")
                return b""
            if self._unpacker is None:
                self._start()
            self._unpacked = io.BytesIO(self._unpacker.decompress(more))
            if self._unpacker.eof:
                self._left, self._unpacker = self._unpacker.unused_data, None
            data = self._unpacked.read(size)
        return data


class _Xz:
    """Reads xz within a limit of memory, which lzma.LZMAFile cannot; streams end to end are one."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._unpacker = lzma.LZMADecompressor(memlimit=_LZMA_BYTES)

    def read(self, size: int) -> bytes:
        while True:
            more = b""
            if self._unpacker.eof:
                more = self._unpacker.unused_data.lstrip(b"\0")
                while not more:  # padding, or the end
                    more = self._packed.read(_XZ_BYTES)
                    if not more:
                        return b""
                    more = more.lstrip(b"\0")
                self._unpacker = lzma.LZMADecompressor(memlimit=_LZMA_BYTES)
            elif self._unpacker.needs_input:
                more = self._packed.read(_XZ_BYTES)
                if not more:
                    raise EOFError("it ends in the middle")
            data = self._unpacker.decompress(more, size)
            if data:
                return data
