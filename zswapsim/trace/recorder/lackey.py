# SPDX-License-Identifier: GPL-2.0-only
"""The back end of Valgrind's own tool lackey: nothing to build, but slow, and behind by a little.

Lackey writes a line for each load and store, one write(2) each, to a socket whose buffer is as
small as can be. So the program cannot run ahead by more than a few lines while a page is read from
/proc/PID/mem. How far it may have run is counted at each of these readings.
"""

import array
import fcntl
import os
import re
import socket
import struct
import termios
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.recorder.frames import CUT, ENDED, EXECS, KINDS, LIMIT, Facts, Frame
from zswapsim.trace.recorder.running import Running, Stop
from zswapsim.trace.recorder.valgrind import Valgrind
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED, PAGE_SHIFT, PAGE_SIZE

FRAME_ACCESSES = 1 << 14
FRAME_CONTENTS = 1 << 7
FIRST_SWEEP, MOST_SWEEP = 1 << 10, 1 << 19

# Loads, stores and modifications; instructions; what Valgrind itself says.
_ACCESS = re.compile(rb"^ ([LSM]) ([0-9a-f]+),(\d+)\n", re.M)
_OTHER = re.compile(rb"^(?:I  [0-9a-f]+,\d+|(?:==|--|\*\*).*|)\n", re.M)
_FIRST = re.compile(rb"^(?:I | [LSM]) ", re.M)
_SAID_BYTES = 1000
_LINE_BYTES = 14
"""The shortest line of an access."""

_READ_BYTES = 1 << 12
_ANON, _FILE = KINDS.index("anonymous"), KINDS.index("file, written to")


class Memory(Protocol):
    """The memory of the program, as it is now."""

    def page(self, number: int) -> bytes | None:
        """Return the page at number << 12; None if there is none, b"" if the program has ended."""
        ...

    def is_file(self, number: int) -> bool:
        """Say whether the page is of a file that is mapped."""
        ...

    def queued_bytes(self) -> int:
        """Return how much the program has written that was not read yet."""
        ...


class Lines:
    """Makes frames of lackey's lines: take each stretch, then take_frame.

    preamble: the end of what came before the first access or instruction; has_begun: whether that
    has come; has_ended: whether lackey has said that the program has.
    """

    def __init__(self, resident_pages: int, memory: Memory, facts: Facts) -> None:
        """resident_pages: of the LRU, two at least."""
        self._resident_pages = resident_pages
        self._memory = memory
        self._facts = facts
        self.preamble = b""
        self.has_begun = False
        self.has_ended = False
        self._rest = b""
        self._current = -1
        self._written = False
        self._number: dict[int, int] = {}
        self._clean_file_pages: set[int] = set()
        self._lru: OrderedDict[int, None] = OrderedDict()
        self._inexact_until: dict[int, int] = {}
        self._done = 0
        self._next_sweep = FIRST_SWEEP
        self._clear()

    @property
    def is_full(self) -> bool:
        """Whether it is time to take a frame."""
        return len(self._accesses) >= FRAME_ACCESSES or len(self._contents) >= FRAME_CONTENTS

    def take(self, data: bytes) -> None:
        """Go on with the next bytes. TraceError if a line is none of lackey's."""
        text = self._rest + data
        whole = text.rfind(b"\n") + 1
        self._rest = text[whole:]
        text = text[:whole] if self.has_begun else self._after_preamble(text[:whole])
        lines, others = _ACCESS.findall(text), _OTHER.findall(text)
        if len(lines) + len(others) != text.count(b"\n"):
            raise TraceError(f"lackey: a line is no access: {_strange(text)!r:.100}")
        self.has_ended = self.has_ended or b" Exit code:" in text
        for left, (kind, address, size) in zip(range(len(lines) - 1, -1, -1), lines, strict=True):
            start = int(address, 16)
            self._facts.raw_accesses += 1
            write = kind != b"L"
            first, last = start >> PAGE_SHIFT, (start + int(size) - 1) >> PAGE_SHIFT
            if first == last == self._current:
                self._written |= write
                continue
            for page in (first, last) if last > first else (first,):
                if page != self._current:
                    self._record_current(left)
                    self._current, self._written = page, write
                else:
                    self._written |= write

    def _after_preamble(self, text: bytes) -> bytes:
        first = _FIRST.search(text)
        self.preamble = (self.preamble + text[: first.start() if first else None])[-_SAID_BYTES:]
        self.has_begun = first is not None
        return text[first.start() :] if first else b""

    def finish(self, *, contents: bool) -> None:
        """Record what is pending. contents: take those of the resident pages too."""
        self._record_current(0)
        self._current = -1
        if contents:
            self._sweep(0)

    def take_frame(self) -> Frame:
        """Return what has gathered since the last frame."""
        frame = Frame(
            np.array(self._accesses, np.uint32),
            np.array(self._page_numbers, np.uint64),
            self._kinds,
            np.array(self._at, np.uint64),
            np.array(self._page, np.uint32),
            np.array(self._what, np.uint32),
            self._contents,
        )
        self._done += len(self._accesses)
        self._clear()
        return frame

    def _clear(self) -> None:
        self._accesses = array.array("I")
        self._page_numbers = array.array("Q")
        self._kinds: list[int] = []
        self._at = array.array("Q")
        self._page = array.array("I")
        self._what = array.array("Q")
        self._contents: list[bytes] = []

    def _record_current(self, lines_left: int) -> None:
        """The current page's accesses are over. lines_left: accesses read and not looked at yet."""
        page, number = self._current, self._number.get(self._current)
        if page < 0:
            return
        if number is None:
            number = self._first_access(page)
            if number is None:
                return
        if page in self._lru:
            self._lru.move_to_end(page)
        else:
            if self._facts.raw_accesses <= self._inexact_until.pop(page, 0):
                self._facts.inexact_evictions += 1
            self._lru[page] = None
            if len(self._lru) > self._resident_pages:
                oldest, _ = self._lru.popitem(last=False)
                lag = self._take_contents(oldest, lines_left)
                self._facts.evictions += 1
                if lag:
                    self._inexact_until[oldest] = self._facts.raw_accesses + lag
        self._accesses.append(number | (WRITE if self._written else 0))
        if self._done + len(self._accesses) >= self._next_sweep:
            self._next_sweep += min(self._next_sweep, MOST_SWEEP)
            self._sweep(lines_left)

    def _first_access(self, page: int) -> int | None:
        """Number a page; None for one of a file that was not written to, which is never swapped."""
        is_file = page in self._clean_file_pages or self._memory.is_file(page)
        if is_file and not self._written:
            self._clean_file_pages.add(page)
            return None
        self._clean_file_pages.discard(page)
        number = self._number[page] = len(self._number)
        self._page_numbers.append(page)
        self._kinds.append(_FILE if is_file else _ANON)
        return number

    def _sweep(self, lines_left: int) -> None:
        for page in self._lru:
            self._take_contents(page, lines_left)

    def _take_contents(self, page: int, lines_left: int) -> int:
        """Add a version of what a page holds now; return how far the program may be ahead."""
        contents = self._memory.page(page)
        if contents == b"":
            return 0
        queued = self._memory.queued_bytes() + len(self._rest)
        lag = lines_left + queued // _LINE_BYTES
        facts = self._facts
        facts.contents_taken += 1
        facts.lag_accesses += lag
        facts.lag_accesses_max = max(facts.lag_accesses_max, lag)
        self._at.append(self._done + len(self._accesses))
        self._page.append(self._number[page])
        if contents is None:
            self._what.append(FREED)
        else:
            self._what.append(len(self._contents))
            self._contents.append(contents)
        return lag


def _strange(text: bytes) -> bytes:
    """Return the first line that is none of lackey's."""
    lines = text.splitlines(keepends=True)
    return next((line for line in lines if not (_ACCESS.match(line) or _OTHER.match(line))), b"")


class ProcessMemory:
    """The memory of a process of ours, and the socket that it writes to."""

    def __init__(self, pid: int, descriptor: int) -> None:
        """TraceError if the memory may not be read."""
        self._maps = Path(f"/proc/{pid}/maps")
        self._descriptor = descriptor
        try:
            self._memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        except OSError as error:
            raise TraceError(
                f"the program's memory cannot be read ({error.strerror}); lackey needs that: "
                "see kernel.yama.ptrace_scope, or record with pagetrace"
            ) from error

    def close(self) -> None:
        """Let go of the memory."""
        os.close(self._memory)

    def page(self, number: int) -> bytes | None:
        """Read a page."""
        try:
            contents = os.pread(self._memory, PAGE_SIZE, number << PAGE_SHIFT)
        except OSError:
            return None
        return contents if len(contents) == PAGE_SIZE else b""

    def is_file(self, number: int) -> bool:
        """Look a page up in the maps; what is not there any more is no file's."""
        address = number << PAGE_SHIFT
        with suppress(OSError), self._maps.open() as maps:
            for line in maps:
                start, _, rest = line.partition("-")
                end, _, rest = rest.partition(" ")
                if int(start, 16) <= address < int(end, 16):
                    return rest.split(None, 4)[3] != "0"
        return False

    def queued_bytes(self) -> int:
        """Ask the socket."""
        answer = fcntl.ioctl(self._descriptor, termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", answer)[0])


class Lackey:
    """Records with lackey."""

    name = "lackey"
    sees_kernel = False

    def __init__(
        self,
        valgrind: Valgrind,
        resident_pages: int,
        *,
        limit: int | None = None,
        stop: Stop | None = None,
    ) -> None:
        """resident_pages: of the LRU; limit: loads and stores to stop after; stop: as Running."""
        self.description = f"{valgrind.version} with lackey"
        self.facts = Facts()
        self._said = b""
        self._valgrind = valgrind
        self._resident_pages = resident_pages
        self._limit = limit
        self._stop = stop

    def start(self, program: Sequence[str]) -> Running:
        """Start the program with lackey."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        log = theirs.detach()
        command = [
            *(self._valgrind.program, "--tool=lackey", "--command-line-only=yes"),
            *("--vgdb=no", "--trace-mem=yes", f"--log-fd={log}"),
            *("--child-silent-after-fork=yes", "--"),
        ]
        return Running([*command, *program], os.environ, ours.detach(), [log], self._stop)

    def frames(self, running: Running) -> Iterator[Frame]:
        """Yield the frames; TraceError if the stream is damaged."""
        data = running.read(_READ_BYTES)
        if not data:
            return
        # Only now: before exec it is another memory.
        memory = ProcessMemory(running.pid, running.descriptor)
        try:
            lines = Lines(self._resident_pages, memory, self.facts)
            while data and not running.stopped and not self._is_over():
                lines.take(data)
                if lines.is_full:
                    yield lines.take_frame()
                data = running.read(_READ_BYTES)
            lines.finish(contents=bool(data))
            if data:
                running.end()
                self.facts.state = LIMIT if self._is_over() else CUT
            elif lines.has_ended:
                self.facts.state = ENDED
            elif running.wait() >= 0:  # it ended, but not under lackey
                self.facts.state = EXECS
            self._said = lines.preamble
            if lines.has_begun:
                yield lines.take_frame()
        finally:
            memory.close()

    def last_words(self) -> str:
        """Return what came before the first access."""
        return " ".join(self._said.decode(errors="replace").split())

    def _is_over(self) -> bool:
        return self._limit is not None and self.facts.raw_accesses >= self._limit


_: Callable[[int, int], Memory] = ProcessMemory
