# SPDX-License-Identifier: GPL-2.0-only
"""The swap file: a sparse file in which slot n is the 4096 bytes from byte n * 4096 on.

Slot 0 is the swap header's place and never used. Pages go to the file in runs of neighbouring
slots: measured 1.5 us a page against 5.9 for a write of its own. Errors of the file system (ENOSPC,
EIO) are OSError, never one of this package's errors, which stand for simulated ones.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from zswapsim.content.compressors.protocol import Buffer, check_page
from zswapsim.engine.simulated import Ints, simulated
from zswapsim.errors import InvalidArgument
from zswapsim.files import Closing
from zswapsim.units import PAGE_SIZE

PENDING_PAGES = 256
NAMELESS_PENDING_PAGES = 1 << 14
"""Nobody sees a file without a name, so up to 64 MiB need not get there at all."""

MOST_AT_ONCE = 1024
"""Pages that Linux takes with one call."""


class Pending(NamedTuple):
    """Pages on their way to the file, in the order in which they came.

    place: int32, shape (slots,), 1 + which of the pages is the slot's newest, 0 if it is in the
    file; slot: int32, shape (most,), whose page it is; waiting: int64, shape (1,), how many.
    """

    place: Ints
    slot: Ints
    waiting: Ints


@simulated
def pending_page(pending: Pending, slot: int) -> int:
    """Return which of the pages is to take a slot's bytes, or -1 if they are full."""
    if pending.place[slot] != 0:
        return pending.place[slot] - 1
    at = pending.waiting[0]
    if at == len(pending.slot):
        return -1
    pending.waiting[0] = at + 1
    pending.slot[at] = slot
    pending.place[slot] = at + 1
    return at


class SwapFile(Closing):
    """Slots 1 .. slots - 1. Use: write, read, flush; end: close, or with.

    path: where the file is and stays; None: a file without a name, gone with the process whatever
    ends it. A slot never written reads as zeros.
    pending: the pages that are not yet in the file, see there; their bytes are at address.
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
        self._made = self.path is not None and not self.path.exists()
        most = min(slots, NAMELESS_PENDING_PAGES if path is None else PENDING_PAGES)
        # Arrays of C, whose memory compiled code shares, and which take none until it is used.
        self.pending = Pending(
            (ctypes.c_int32 * slots)(), (ctypes.c_int32 * most)(), (ctypes.c_int64 * 1)()
        )
        self._pages = mmap.mmap(-1, most * PAGE_SIZE)
        self._held: ctypes.c_char | None = ctypes.c_char.from_buffer(self._pages)
        self.address = ctypes.addressof(self._held)
        self._fd = _nameless() if self.path is None else _named(self.path, slots * PAGE_SIZE)
        try:
            os.ftruncate(self._fd, slots * PAGE_SIZE)
        except BaseException:
            self._forget()
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether close was called."""
        return self._fd < 0

    def write(self, slot: int, page: Buffer) -> None:
        """Write a page, which read gives back at once and flush or close puts into the file.

        InvalidArgument: no such slot, or not 4096 bytes. OSError: pages could not be written.
        """
        check_page(page)
        self._offset_bytes(slot)
        at = pending_page(self.pending, slot)
        if at < 0:
            self.flush()
            at = pending_page(self.pending, slot)
        self._pages[at * PAGE_SIZE : (at + 1) * PAGE_SIZE] = bytes(page)

    def flush(self) -> None:
        """Put all written pages into the file. OSError: not all could be, and they are kept."""
        count = self.pending.waiting[0]
        slots = sorted((self.pending.slot[at], at) for at in range(count))
        first = 0
        for end in range(1, count + 1):
            is_long = end - first == MOST_AT_ONCE
            if end == count or is_long or slots[end][0] != slots[end - 1][0] + 1:
                run = [self._page(at) for _, at in slots[first:end]]
                self._write_all(run, self._offset_bytes(slots[first][0]))
                first = end
        self._forget_pending()

    def read(self, slot: int) -> bytes:
        """Return the page. InvalidArgument: no such slot. OSError: the file has become short."""
        offset_bytes = self._offset_bytes(slot)
        at = self.pending.place[slot] - 1
        if at >= 0:
            return self._page(at)
        page = os.pread(self._fd, PAGE_SIZE, offset_bytes)
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
            self._forget_pending()
            self._held = None
            self._pages.close()

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
            self._forget_pending()
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _forget_pending(self) -> None:
        """Take all pages off."""
        for at in range(self.pending.waiting[0]):
            self.pending.place[self.pending.slot[at]] = 0
        self.pending.waiting[0] = 0

    def _page(self, at: int) -> bytes:
        return self._pages[at * PAGE_SIZE : (at + 1) * PAGE_SIZE]

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
