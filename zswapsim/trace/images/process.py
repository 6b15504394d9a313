# SPDX-License-Identifier: GPL-2.0-only
"""The memory of a live process that swap could get: /proc/PID/smaps, pagemap and mem.

That is its private anonymous memory, and the pages of private file mappings that it has written to.
Pages never touched have no content. Pages swapped out are left there, unless they are asked for:
reading them brings them in. The process runs on while it is read, unless it is stopped.
"""

import errno
import os
import pwd
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.counts import U64
from zswapsim.trace.images.mappings import Mapping, swappable
from zswapsim.trace.images.pagemap import AT_ONCE, PageCounts, find_pages
from zswapsim.trace.images.sample import Sample
from zswapsim.trace.interruptible import interruptible
from zswapsim.units import NUMBER_BITS, PAGE_SHIFT, PAGE_SIZE

PROC = Path("/proc")
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
_PF_KTHREAD = 0x00200000
_PF_EXITING = 0x00000004
_STOPPED = ("T", "t")
_STOP_SECONDS = 5.0
_ENDED = (errno.ESRCH, errno.ENOENT)


class ProcessEnded(TraceError):
    """The process ended while it was read."""


class Process:
    """One process, opened for reading. A context manager.

    pid; comm: its name, as the kernel has it; who: both, for messages.
    """

    def __init__(self, pid: int) -> None:
        """Open it. TraceError says that there is none, or why it cannot be read."""
        self.pid = pid
        self.comm = ""
        self.who = f"process {pid}"
        with ExitStack() as opened:
            if pid == os.getpid():
                raise TraceError(f"{self.who} is this program itself")
            try:
                self._folder = os.open(PROC / str(pid), os.O_PATH | os.O_DIRECTORY)
            except OSError:
                raise TraceError(f"there is no {self.who}") from None
            opened.callback(os.close, self._folder)
            self._check_alive()
            self._memory = self._open("mem")
            opened.callback(os.close, self._memory)
            self._pagemap = self._open("pagemap")
            opened.callback(os.close, self._pagemap)
            self._opened = opened.pop_all()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *exception: object) -> None:
        self._opened.close()

    def count(self) -> PageCounts:
        """Count its pages without reading any. ProcessEnded if it ends meanwhile."""
        counts = PageCounts()
        for mapping in self._mappings():
            for _ in self._numbers(mapping, counts, swapped=False):
                pass
        return counts

    def read(
        self,
        sample: Sample,
        counts: PageCounts,
        *,
        swapped: bool = False,
        ordinal: int = 0,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Offer all its pages to the sample, each by its number with the ordinal above NUMBER_BITS.

        counts: all pages seen are added; swapped: bring in what is swapped out; progress: told of
        how many pages were passed. ProcessEnded if it ends meanwhile.
        """
        above = np.uint64(ordinal << NUMBER_BITS)
        for numbers in self._windows(sample.window_pages, counts, swapped=swapped):
            if sample.wants():
                readable, data = self._read_pages(numbers)
                counts.unreadable += len(numbers) - len(readable)
                sample.add(readable | above, data)
            else:
                sample.skip()
            if progress is not None:
                progress(len(numbers))

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep it stopped while the block runs, and let it go on whatever happens.

        One that was stopped before stays so. TraceError if it may not be stopped, or does not.
        """
        with ExitStack() as undone:
            undone.enter_context(interruptible())
            try:
                descriptor = os.pidfd_open(self.pid)
                undone.callback(os.close, descriptor)
                if self._stat()[0] not in _STOPPED:
                    undone.callback(_go_on, descriptor)
                    signal.pidfd_send_signal(descriptor, signal.SIGSTOP)
            except ProcessLookupError:
                self._ended()
            except OSError as error:
                raise TraceError(f"{self.who}: cannot be stopped: {error.strerror}") from None
            self._await_stop()
            yield

    def _await_stop(self) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        while self._stat()[0] not in _STOPPED:
            if time.monotonic() > deadline:
                raise TraceError(f"{self.who}: did not stop within {_STOP_SECONDS:.0f} seconds")
            time.sleep(0.001)

    def _windows(self, window_pages: int, counts: PageCounts, *, swapped: bool) -> Iterator[U64]:
        """Yield the numbers of the pages to be read, window_pages at a time, the last fewer."""
        rest = np.zeros(0, np.uint64)
        for mapping in self._mappings():
            for found in self._numbers(mapping, counts, swapped=swapped):
                numbers = np.concatenate((rest, found))
                whole = len(numbers) - len(numbers) % window_pages
                for start in range(0, whole, window_pages):
                    yield numbers[start : start + window_pages]
                rest = numbers[whole:]
        if len(rest):
            yield rest

    def _mappings(self) -> Iterator[Mapping]:
        with open(self._open("smaps"), "rb") as lines:  # noqa: PTH123
            try:
                yield from swappable(lines)
            except OSError as error:
                self._fail(error)
        self._check_alive()

    def _numbers(self, mapping: Mapping, counts: PageCounts, *, swapped: bool) -> Iterator[U64]:
        for start in range(mapping.start, mapping.stop, AT_ONCE):
            stop = min(start + AT_ONCE, mapping.stop)
            try:
                numbers = find_pages(self._pagemap, start, stop, counts, swapped=swapped)
            except OSError as error:
                self._fail(error)
            if numbers is None:
                self._ended()
            yield numbers

    def _read_pages(self, numbers: U64) -> tuple[U64, bytes]:
        """Read pages; return those that could be, and their bytes."""
        readable, parts = [], []
        edges = np.flatnonzero(np.diff(numbers) != 1) + 1
        for run in np.split(numbers, edges):
            done = 0
            while done < len(run):
                data = self._pread(int(run[done]), len(run) - done)
                whole = len(data) >> PAGE_SHIFT
                readable.append(run[done : done + whole])
                parts.append(data[: whole * PAGE_SIZE])
                done += whole or 1  # where nothing could be read, go on behind that page
        return np.concatenate(readable), b"".join(parts)

    def _pread(self, number: int, pages: int) -> bytes:
        """Read up to so many pages, fewer where one cannot be read."""
        try:
            data = os.pread(self._memory, pages * PAGE_SIZE, number << PAGE_SHIFT)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EFAULT):
                self._fail(error)
            return b""
        if not data:  # the kernel's way to say that there is no memory any more
            self._ended()
        return data

    def _stat(self) -> tuple[str, int]:
        """Return the state's letter and the flags of /proc/PID/stat, and keep comm."""
        try:
            with open(self._open("stat"), "rb") as file:  # noqa: PTH123
                name, _, rest = file.read().rpartition(b")")
        except ProcessLookupError:
            self._ended()
        self.comm = name.partition(b"(")[2].decode(errors="replace")
        self.who = f"process {self.pid} ({self.comm})"
        fields = rest.split()
        return fields[0].decode(), int(fields[6])

    def _check_alive(self) -> None:
        """Refuse what has no memory. ProcessEnded if that was otherwise before."""
        known = bool(self.comm)
        state, flags = self._stat()
        if flags & _PF_KTHREAD:
            raise TraceError(f"{self.who} is a kernel thread, which has no memory of its own")
        if state in "ZX" or flags & _PF_EXITING:
            if known:
                self._ended()
            raise TraceError(f"{self.who} is a zombie: it has ended, and has no memory any more")

    def _open(self, name: str) -> int:
        try:
            return os.open(name, os.O_RDONLY, dir_fd=self._folder)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        """Raise what an error of the kernel means."""
        if error.errno in _ENDED:
            self._ended()
        if error.errno in (errno.EACCES, errno.EPERM):
            raise TraceError(f"{self.who}: {_refusal(self._user())}") from None
        raise TraceError(f"{self.who}: {error.strerror}") from None

    def _ended(self) -> NoReturn:
        raise ProcessEnded(
            f"{self.who} ended, or began another program, while it was read"
        ) from None

    def _user(self) -> int | None:
        """Return its real user id; the owner of its folder is root once it is not dumpable."""
        with suppress(OSError):
            descriptor = os.open("status", os.O_RDONLY, dir_fd=self._folder)
            with open(descriptor, "rb") as file:  # noqa: PTH123
                for line in file:
                    if line.startswith(b"Uid:"):
                        return int(line.split()[1])
        return None


def _refusal(user: int | None) -> str:
    """Say why a process cannot be read, and what helps."""
    if user is not None and user != os.geteuid():
        try:
            name = pwd.getpwuid(user).pw_name
        except KeyError:
            name = str(user)
        return f"belongs to user {name}; only that user or root can read it"
    scope = ""
    with suppress(OSError):
        scope = _YAMA.read_text().strip()
    if scope not in ("", "0"):
        return f"may not be read: kernel.yama.ptrace_scope is {scope}, which allows " + {
            "1": "a process's ancestors and root"
        }.get(scope, "root at most")
    if os.geteuid() == 0:
        return "may not be read: this root has not the capability CAP_SYS_PTRACE over it"
    return "may not be read: it is protected (set-user-ID, or not dumpable); root can"


def _go_on(descriptor: int) -> None:
    """Let a stopped process run, if there still is one."""
    with suppress(OSError):
        signal.pidfd_send_signal(descriptor, signal.SIGCONT)
