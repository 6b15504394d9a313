# SPDX-License-Identifier: GPL-2.0-only
"""The back end of our own Valgrind tool: reads the stream that pagetrace.h describes.

The tool has numbered the pages, collapsed the accesses and taken the contents, so reading is a few
views on a buffer for each frame of 65,536 accesses.
"""

import fcntl
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.recorder.frames import CUT, ENDED, EXECS, KINDS, LIMIT, Facts, Frame
from zswapsim.trace.recorder.running import Running, Stop
from zswapsim.trace.recorder.valgrind import Valgrind
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED, PAGE_SIZE

MAGIC = 0x31545A50
HEADER = np.dtype(
    [
        *((name, "<u4") for name in ("magic", "state", "accesses", "pages", "versions")),
        *((name, "<u4") for name in ("contents", "forks", "unused")),
        ("raw", "<u8"),
    ]
)
VERSION = np.dtype([("at", "<u8"), ("page", "<u4"), ("what", "<u4")])
MOST = {"accesses": 1 << 16, "pages": 1 << 12, "versions": 1 << 12, "contents": 1 << 7}
"""What a frame holds at most, as in pagetrace.h."""

_STATES = {1: ENDED, 2: EXECS, 3: LIMIT}
_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 18


class Pagetrace:
    """Records with the tool in a folder that tool_folder returned."""

    name = "pagetrace"
    sees_kernel = True

    def __init__(
        self,
        valgrind: Valgrind,
        folder: Path,
        resident_pages: int,
        *,
        limit: int | None = None,
        stop: Stop | None = None,
    ) -> None:
        """resident_pages: of the LRU; limit: loads and stores to stop after; stop: as Running."""
        self.description = f"{valgrind.version} with pagetrace"
        self.facts = Facts(forks=0)
        self._valgrind = valgrind
        self._folder = folder
        self._options = [f"--pt-resident={resident_pages}", f"--pt-limit={limit or 0}"]
        self._stop = stop
        self._log: IO[bytes] | None = None

    def start(self, program: Sequence[str]) -> Running:
        """Start the program with the tool."""
        ours, theirs = os.pipe()
        with suppress(OSError):  # it is only faster
            fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._log.close)
        log = os.dup(self._log.fileno())
        command = [
            *(self._valgrind.program, f"--tool={self.name}", "--command-line-only=yes", "-q"),
            *("--vgdb=no", f"--log-fd={log}", f"--pt-fd={theirs}", *self._options, "--"),
        ]
        environment = {**os.environ, "VALGRIND_LIB": str(self._folder)}
        return Running([*command, *program], environment, ours, [theirs, log], self._stop)

    def frames(self, running: Running) -> Iterator[Frame]:
        """Yield the frames; TraceError if the stream is damaged."""
        yield from parse(running.read, self.facts)

    def last_words(self) -> str:
        """Return what Valgrind itself had to say, on one line."""
        if self._log is None:
            return ""
        self._log.seek(0)
        return " ".join(self._log.read(1000).decode(errors="replace").split())


def parse(read: Callable[[int], bytes], facts: Facts) -> Iterator[Frame]:
    """Yield the frames of a stream, filling facts.

    read(most) returns bytes as they come, none at the end. A stream may end within a frame, as the
    program can be killed: what is not whole is left out. TraceError if it is not such a stream.
    """
    buffer = bytearray()
    pages, at = 0, 0
    done_bytes, done_accesses = 0, 0
    while True:
        frame_bytes = _frame_bytes(buffer, at, done_bytes)
        if frame_bytes is None or len(buffer) - at < frame_bytes:
            del buffer[:at]
            at = 0
            data = read(_READ_BYTES)
            if not data:
                return
            buffer += data
            continue
        frame, state = _frame(bytes(buffer[at : at + frame_bytes]), facts)
        pages += len(frame.page_numbers)
        _check(frame, pages, done_accesses, done_bytes)
        at += frame_bytes
        done_bytes += frame_bytes
        done_accesses += len(frame.accesses)
        facts.state = _STATES.get(state, CUT)
        yield frame


def _frame_bytes(buffer: bytearray, at: int, offset: int) -> int | None:
    """Return the length of the frame that begins there, or None if its header is not whole."""
    if len(buffer) - at < HEADER.itemsize:
        return None
    header = np.frombuffer(bytes(buffer[at : at + HEADER.itemsize]), HEADER)[0]
    if header["magic"] != MAGIC or any(header[name] > most for name, most in MOST.items()):
        raise TraceError(f"pagetrace: the stream is damaged at byte {offset:,}: no frame begins")
    return (
        HEADER.itemsize
        + 4 * int(header["accesses"])
        + 8 * int(header["pages"])
        + VERSION.itemsize * int(header["versions"])
        + PAGE_SIZE * int(header["contents"])
    )


def _frame(data: bytes, facts: Facts) -> tuple[Frame, int]:
    """Take one whole frame apart; return it and its state."""
    header = np.frombuffer(data, HEADER, 1)[0]
    starts = np.cumsum(
        [
            HEADER.itemsize,
            4 * int(header["accesses"]),
            8 * int(header["pages"]),
            VERSION.itemsize * int(header["versions"]),
        ]
    ).tolist()
    accesses = np.frombuffer(data, "<u4", header["accesses"], starts[0])
    new_pages = np.frombuffer(data, "<u8", header["pages"], starts[1]).astype(np.uint64)
    versions = np.frombuffer(data, VERSION, header["versions"], starts[2])
    view = memoryview(data)
    contents = [view[start : start + PAGE_SIZE] for start in range(starts[3], len(data), PAGE_SIZE)]
    facts.raw_accesses = int(header["raw"])
    facts.forks = int(header["forks"])
    facts.contents_taken += len(contents)
    frame = Frame(
        accesses.astype(np.uint32, copy=False),
        new_pages >> np.uint64(4),
        (new_pages & np.uint64(15)).tolist(),
        versions["at"].astype(np.uint64),
        versions["page"].astype(np.uint32),
        versions["what"].astype(np.uint32),
        contents,
    )
    return frame, int(header["state"])


def _check(frame: Frame, pages: int, accesses: int, offset: int) -> None:
    """Refuse numbers that the frame cannot mean. pages, accesses: with, and before, the frame."""
    named = np.concatenate([frame.accesses & np.uint32(WRITE - 1), frame.page])
    held = frame.what[frame.what != FREED]
    end = accesses + len(frame.accesses)
    steps = np.diff(frame.at.astype(np.int64), prepend=accesses, append=end)
    if (
        bool((named >= pages).any())
        or bool((held >= len(frame.contents)).any())
        or bool((steps < 0).any())
        or any(kind >= len(KINDS) for kind in frame.kinds)
    ):
        raise TraceError(f"pagetrace: the stream is damaged: the frame at byte {offset:,}")
