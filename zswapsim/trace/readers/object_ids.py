# SPDX-License-Identifier: GPL-2.0-only
"""txt: one object a line, as libCacheSim's traces of that name; an object is one page.

Objects are numbers or names. A plain number below 10**18 is the page's number, of any other name it
is a hash of 62 bits, with the highest bit set.
"""

import re
from pathlib import Path

from zswapsim.trace.readers.columns import is_zero_padded
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.lines import Shape, TextFormat, whole_lines

_NUMBER = re.compile(r"\d{1,20}")


class ObjectIdsFormat(TextFormat):
    """Reads lists of object ids."""

    name = "txt"
    summary = "one object id a line (libCacheSim txt); an object is one page"
    collapse = False

    def recognises(self, path: Path, head: bytes) -> bool:
        """All lines are one decimal number; for names the format has to be given."""
        lines = [line.strip() for line in whole_lines(head) if line.strip()]
        if not all(map(_NUMBER.fullmatch, lines)):
            return False
        return bool(lines) and not is_zero_padded(lines)

    def shape(self, reading: Reading) -> Shape:
        """A line is one field, blanks inside included."""
        reading.notes.append("one object is one page")
        return Shape(fields=("object",), expected="an object", padded=True)


FORMAT = ObjectIdsFormat()
