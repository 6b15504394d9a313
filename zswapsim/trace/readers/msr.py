# SPDX-License-Identifier: GPL-2.0-only
"""msr: block traces of Microsoft Research Cambridge, from the IOTTA repository of SNIA.

A line is `Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime`: times in 100 ns since 1601,
Type Read or Write, offset and size in bytes. Disks of a host are kept apart.
"""

import re
from pathlib import Path

from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.line_kernel import READ, WRITE
from zswapsim.trace.readers.lines import Shape, TextFormat, mostly, whole_lines

_LINE = re.compile(r"\d{17,19},[^,]+,\d+,(Read|Write),\d+,\d+,\d+", re.IGNORECASE)
_HEADER = "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime"


class MsrFormat(TextFormat):
    """Reads the block traces of MSR Cambridge."""

    name = "msr"
    summary = "block trace of Microsoft Research Cambridge (SNIA IOTTA)"
    collapse = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """Its lines have seven fields, the first a Windows file time."""
        lines = [line for line in whole_lines(head) if line and line != _HEADER]
        return mostly(_LINE, lines)

    def shape(self, reading: Reading) -> Shape:
        """All traces are alike."""
        return Shape(
            fields=("counter", "space", "space", "operation", "address", "size"),
            expected="'time,host,disk,Read|Write,offset,size,...' with decimal numbers",
            delimiters=",",
            padded=True,
            words={"read": READ, "write": WRITE},
            folded=True,
            base=10,
            comments=("Timesta",),
        )


FORMAT = MsrFormat()
