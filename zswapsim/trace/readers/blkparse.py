# SPDX-License-Identifier: GPL-2.0-only
"""blkparse: the default output of blkparse, which shows what blktrace recorded of block devices.

A line is `MAJOR,MINOR CPU SEQUENCE TIME PID ACTION RWBS SECTOR + SECTORS [PROCESS]`, one for each
step of a request; a request counts once, when it is queued, which is action Q. RWBS is made of R,
W, D for discard, N for none, F for flush or force, A, S, M, B, E, U. Sectors have 512 bytes.
Requests without data, and those of SCSI commands, have none. A summary stands at the end.
"""

import re
from pathlib import Path

from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.line_kernel import NEUTRAL, OTHER, READ, WRITE
from zswapsim.trace.readers.lines import Shape, TextFormat, whole_lines

_LINE = re.compile(r" *\d+,\d+ +\d+ +\d+ +\d+\.\d{9} +\d+ +([A-Za-z]{1,2}) +[A-Z]+ .*")
_ACTIONS = ("Q", "D", "C")
"""Queued, issued, completed: each request has one of each, if they were recorded."""

_SUMMARY = (
    *("CPU", "Total", "Reads", "Read ", "Writes", "PC ", "IO unpl"),
    *("Through", "Events", "Skips", "Input f"),
)


class BlkparseFormat(TextFormat):
    """Reads the text that blkparse prints."""

    name = "blkparse"
    summary = "block trace as blkparse prints it"
    collapse = False
    unwanted = "lines of other actions"
    others = "requests without data: discards, flushes"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its lines start with a device, a processor, a number and a time to the nanosecond."""
        lines = [
            line for line in whole_lines(head) if line.strip() and not line.startswith(_SUMMARY)
        ]
        return bool(lines) and _LINE.fullmatch(lines[0]) is not None

    def shape(self, reading: Reading) -> Shape:
        """The action is Q, or what the trace has instead."""
        lines = map(_LINE.fullmatch, whole_lines(reading.source.head))
        found = {line[1] for line in lines if line is not None}
        action = next((action for action in _ACTIONS if action in found), "Q")
        reading.notes.append(f"requests of action {action}, in sectors of 512 bytes")
        letters = {"R": READ, "W": WRITE, "D": OTHER} | dict.fromkeys("NFASMBEU", NEUTRAL)
        return Shape(
            fields=(
                *("space", "counter", "counter", "counter", "counter"),
                *(f"={action}", "operation", "address", "=+", "size"),
            ),
            expected="'major,minor cpu number time pid action rwbs sector + sectors'",
            letters=letters,
            base=10,
            absent="[",
            comments=_SUMMARY,
            unit_bytes=512,
            size_unit_bytes=512,
        )


FORMAT = BlkparseFormat()
