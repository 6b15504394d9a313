# SPDX-License-Identifier: GPL-2.0-only
"""The swap file: a sparse file in which slot n is the 4096 bytes from byte n * 4096 on.

Slot 0 is the swap header's place and never used. Pages go to the file in runs of neighbouring
slots: measured 1.5 us a page against 5.9 for a write of its own. Errors of the file system (ENOSPC,
EIO) are OSError, never one of this package's errors, which stand for simulated ones.
"""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from zswapsim.content.compressors.protocol import Buffer, check_page
from zswapsim.errors import InvalidArgument
from zswapsim.files import Closing
from zswapsim.units import PAGE_SIZE

PENDING_PAGES = 256
NAMELESS_PENDING_PAGES = 1 << 14
"""Nobody sees a file without a name, so up to 64 MiB need not get there at all."""


class SwapFile(Closing):
    """Slots 1 .. slots - 1. Use: write, read, flush; end: close, or with.

    path: where the file is and stays; None: a file without a name, gone with the process whatever
    ends it. A slot never written reads as zeros.
    """

    def __init__(self, slots: int, path: str | os.PathLike[str] | None = None) -> None:
        """Make the file, or take one of the same size again.

        InvalidArgument: slots < 2. FileExistsError: path is something else, not to be lost.
        """
        self._fd = -1
        self._pending: dict[int, bytes] = {}
        self._most_pending = NAMELESS_PENDING_PAGES if path is None else PENDING_PAGES
        if slots < 2:
            raise InvalidArgument(f"a swap file of {slots} slots; allowed are 2 and more")
        self.slots = slots
        self.path = None if path is None else Path(path)
        self._made = self.path is not None and not self.path.exists()
        self._fd = _nameless() if self.path is None else _named(self.path, slots * PAGE_SIZE)
        try:
            os.ftruncate(self._fd, slots * PAGE_SIZE)
        except BaseException:
            self._forget()
            self.close()
            raise

    def write(self, slot: int, page: Buffer) -> None:
        """Write a page, which read gives back at once and flush or close puts into the file.

        InvalidArgument: no such slot, or not 4096 bytes. OSError: pages could not be written.
        """
        check_page(page)
        self._offset_bytes(slot)
        self._pending[slot] = bytes(page)
        if len(self._pending) >= self._most_pending:
            self.flush()

    def flush(self) -> None:
        """Put all written pages into the file. OSError: not all could be, and they are kept."""
        slots = sorted(self._pending)
        first = 0
        for at in range(1, len(slots) + 1):
            if at == len(slots) or slots[at] != slots[at - 1] + 1:
                run = [self._pending[slot] for slot in slots[first:at]]
                self._write_all(run, self._offset_bytes(slots[first]))
                first = at
        self._pending.clear()

    def read(self, slot: int) -> bytes:
        """Return the page. InvalidArgument: no such slot. OSError: the file has become short."""
        pending = self._pending.get(slot)
        if pending is not None:
            return pending
        page = os.pread(self._fd, PAGE_SIZE, self._offset_bytes(slot))
        if len(page) != PAGE_SIZE:
            raise OSError(errno.EIO, f"only {len(page)} bytes of slot {slot} are there")
        return page

    def close(self) -> None:
        """Put everything into a file that stays, and close; a second time does nothing."""
        fd = self._fd
        if fd < 0:
            return
        try:
            if self.path is not None:
                self.flush()
        except BaseException:
            self._forget()
            raise
        finally:
            self._fd = -1
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def __exit__(self, *exception: object) -> None:
        """Close; a file with a name that was made here goes if the block did not end well."""
        if exception[0] is not None:
            self._forget()
        self.close()

    def _forget(self) -> None:
        """Remove a file that was made here, and what was to be written to it."""
        if self._made and self.path is not None:
            self._pending.clear()
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _write_all(self, run: list[bytes], offset_bytes: int) -> None:
        """Write pages at an offset. OSError names the file, or the folder of one without a name."""
        try:
            done = os.pwritev(self._fd, run, offset_bytes)
            while done < len(run) * PAGE_SIZE:  # a disk that fills up takes a part, then says so
                done += os.pwrite(self._fd, b"".join(run)[done:], offset_bytes + done)
        except OSError as error:
            error.filename = str(self.path or tempfile.gettempdir())
            raise

    def _offset_bytes(self, slot: int) -> int:
        if not 1 <= slot < self.slots:
            raise InvalidArgument(f"no slot {slot}; there are 1..{self.slots - 1}")
        return slot * PAGE_SIZE


def _nameless() -> int:
    with tempfile.TemporaryFile() as file:  # never has a name where the file system can do that
        return os.dup(file.fileno())


def _named(path: Path, size_bytes: int) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    size = os.fstat(fd).st_size
    if size not in (0, size_bytes):
        os.close(fd)
        raise FileExistsError(
            errno.EEXIST, f"is there with {size} bytes, not {size_bytes}: no swap file", str(path)
        )
    return fd
