# SPDX-License-Identifier: GPL-2.0-only
"""drmemtrace: the text that DynamoRIO's view tool prints of its memory traces.

    drrun -t drmemtrace -offline -- PROGRAM
    drrun -t drmemtrace -tool view -indir drmemtrace.PROGRAM.*.dir 2> FILE

A line says which record it is, by its number, the number of instructions and the thread, then
`read 8 byte(s) @ 0xADDRESS by PC 0xADDRESS`, or write, ifetch, a kind of prefetch or flush, or a
marker in angle brackets. Older releases print `NUMBER: TTHREAD`, still older ones `TTHREAD` only,
and show an instruction as its address. Long instructions go on in a line that is indented.

A prefetch never faults, so it is not an access of a page.
"""

import re
from pathlib import Path

from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.line_kernel import FETCH, OTHER, READ, WRITE
from zswapsim.trace.readers.lines import Shape, TextFormat, whole_lines

_RECORD = r"(read|write|ifetch|iflush|dflush|pref\S*) +\d+ byte\(s\) @ 0x[0-9a-f]+|<marker: "
_LAYOUTS = (
    (3, re.compile(rf" *\d+ +\d+: +\S+ +({_RECORD})")),
    (2, re.compile(rf" *\d+: +T?\S+ +({_RECORD})")),
    (1, re.compile(rf"T\d+ +({_RECORD}|0x[0-9a-f]+ )")),
)
"""In which column the kind of record is, and what such a line is."""


class DrmemtraceFormat(TextFormat):
    """Reads the output of drmemtrace's view tool."""

    name = "drmemtrace"
    summary = "memory trace of DynamoRIO, as drrun -t drmemtrace -tool view prints it"
    others = "markers, flushes and prefetches, which never fault"

    def recognises(self, path: Path, head: bytes) -> bool:
        """One of its first lines is a record, in any layout."""
        return _column(head) is not None

    def shape(self, reading: Reading) -> Shape:
        """The layout is that of the first record."""
        column = _column(reading.source.head) or 3
        words = {"read": READ, "write": WRITE, "ifetch": FETCH, "0x*": FETCH}
        words |= dict.fromkeys(("<*", "pref*", "iflush", "dflush"), OTHER)
        words |= dict.fromkeys(("total", "instruc*", "disasse*"), OTHER)  # the line at the end
        return Shape(
            fields=(*[""] * column, "operation", "size", "!byte(s)", "!@", "address"),
            expected="'... read|write size byte(s) @ 0xaddress' as the view tool prints",
            words=words,
            base=16,
            comments=("Output ", "<", "-----", "View to"),
            indent=20,
        )


def _column(head: bytes) -> int | None:
    for line in whole_lines(head):
        for column, pattern in _LAYOUTS:
            if pattern.match(line):
                return column
    return None


FORMAT = DrmemtraceFormat()
