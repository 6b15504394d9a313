# SPDX-License-Identifier: GPL-2.0-only
"""The swap file: a sparse file in which slot n is the 4096 bytes from byte n * 4096 on.

Slot 0 is the swap header's place and never used. Errors of the file system (ENOSPC, EIO) are
OSError, never one of this package's errors, which stand for simulated ones.
"""

import errno
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from zswapsim.content.compressors.protocol import Buffer, check_page
from zswapsim.errors import InvalidArgument
from zswapsim.units import PAGE_SIZE


class SwapFile:
    """Slots 1 .. slots - 1. Use: write, read; end: close, or with.

    path: where the file is and stays; None: a file without a name, gone with the process whatever
    ends it. A slot never written reads as zeros.
    """

    def __init__(self, slots: int, path: str | os.PathLike[str] | None = None) -> None:
        """Make the file, or take one of the same size again.

        InvalidArgument: slots < 2. FileExistsError: path is something else, not to be lost.
        """
        self._fd = -1
        if slots < 2:
            raise InvalidArgument(f"a swap file of {slots} slots; allowed are 2 and more")
        self.slots = slots
        self.path = None if path is None else Path(path)
        self._fd = _nameless() if self.path is None else _named(self.path, slots * PAGE_SIZE)
        try:
            os.ftruncate(self._fd, slots * PAGE_SIZE)
        except BaseException:
            self.close()
            raise

    def write(self, slot: int, page: Buffer) -> None:
        """Write a page. InvalidArgument: no such slot, or not 4096 bytes. OSError: not written."""
        check_page(page)
        written = os.pwrite(self._fd, page, self._offset_bytes(slot))
        if written != PAGE_SIZE:
            # What a disk that fills up in the middle of a page gives.
            raise OSError(errno.ENOSPC, f"only {written} bytes of slot {slot} could be written")

    def read(self, slot: int) -> bytes:
        """Return the page. InvalidArgument: no such slot. OSError: the file has become short."""
        page = os.pread(self._fd, PAGE_SIZE, self._offset_bytes(slot))
        if len(page) != PAGE_SIZE:
            raise OSError(errno.EIO, f"only {len(page)} bytes of slot {slot} are there")
        return page

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _offset_bytes(self, slot: int) -> int:
        if not 1 <= slot < self.slots:
            raise InvalidArgument(f"no slot {slot}; there are 1..{self.slots - 1}")
        return slot * PAGE_SIZE


def _nameless() -> int:
    fd, name = tempfile.mkstemp(prefix="zswapsim-swap-")
    Path(name).unlink()
    return fd


def _named(path: Path, size_bytes: int) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    size = os.fstat(fd).st_size
    if size not in (0, size_bytes):
        os.close(fd)
        raise FileExistsError(
            errno.EEXIST, f"is there with {size} bytes, not {size_bytes}: no swap file", str(path)
        )
    return fd
