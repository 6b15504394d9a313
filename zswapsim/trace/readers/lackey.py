# SPDX-License-Identifier: GPL-2.0-only
"""lackey: valgrind --tool=lackey --trace-mem=yes --log-file=FILE PROGRAM.

A line is `I  ADDRESS,SIZE`, ` L ADDRESS,SIZE`, ` S ...` or ` M ...`: instruction fetch, load,
store, and both in one instruction; the address in hexadecimal. valgrind's own lines start with
==PID==, --PID-- or **PID**.
"""

import re
from pathlib import Path

from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.line_kernel import FETCH, READ, WRITE
from zswapsim.trace.readers.lines import Shape, TextFormat, mostly, whole_lines

_LINE = re.compile(r"(I | L| S| M) [0-9a-f]{6,16},\d{1,4}")
_BANNER = re.compile(r"==\d+== Lackey, an example Valgrind tool")
_OWN = re.compile(r"(==|--|\*\*)\d+(==|--|\*\*) ?")


class LackeyFormat(TextFormat):
    """Reads logs of valgrind's lackey."""

    name = "lackey"
    summary = "memory trace of valgrind --tool=lackey --trace-mem=yes"
    hint = (
        "; if it is output of the program itself, record with --log-file=FILE, or let such lines "
        "pass with --skip-bad"
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says who wrote it, or most lines that are not valgrind's own are of the four kinds."""
        lines = whole_lines(head)
        if any(map(_BANNER.match, lines)):
            return True
        return mostly(_LINE, [line for line in lines if not _OWN.match(line)])

    def shape(self, reading: Reading) -> Shape:
        """All logs are alike."""
        return Shape(
            fields=("operation", "address", "size"),
            expected="' L hexaddress,size' or I, S, M, as lackey writes",
            delimiters=",",
            words={"I": FETCH, "L": READ, "S": WRITE, "M": WRITE},
            base=16,
            after=",",
            comments=("==", "--", "**"),
        )


FORMAT = LackeyFormat()
