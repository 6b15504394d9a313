# SPDX-License-Identifier: GPL-2.0-only
"""What all foreign formats have in common: a stream of named pages becomes a Trace.

A reader yields names of pages and whether they were written, batch by batch; pages are numbered
(numbering.py) and accesses spooled to disk (spool.py), so memory grows with the number of pages
only.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints
from zswapsim.errors import TraceError
from zswapsim.trace.input import Input
from zswapsim.trace.numbering import PageNumbering, compile_numbering
from zswapsim.trace.spool import Spool, spooled_trace
from zswapsim.trace.trace import Trace

WARM_BYTES = 2 << 20
COLD_BYTES = 16 << 20
"""From these sizes on compiled code is worth loading, and making: reading a MiB of text takes 0.3 s
interpreted, loading 0.7 s, compiling 4 s."""

AHEAD_BYTES = 4 << 20
"""Of a packed file or a pipe so much is unpacked ahead, to see whether it is worth compiling."""

TEXT_CHARACTERS = 80

PACKED_TIMES = 8
"""A packed file is guessed to hold so many times its size."""


class Batch(NamedTuple):
    """Accesses: names of pages as signed 64-bit integers, 0 or 1 for written, and how many."""

    keys: Ints
    writes: Ints
    accesses: int


@dataclass(slots=True)
class Reading:
    """One input being read: which, by which engine, and what there is to say about it at the end.

    notes: sentences on what was decided or drawn; bad_lines: lines passed over so far; kept: what a
    format read before the engine was chosen.
    """

    source: Input
    engine: str = "interpreted"
    notes: list[str] = field(default_factory=list)
    bad_lines: int = 0
    kept: Any = None

    def bad_line(self, number: int, text: bytes, expected: str) -> None:
        """Pass over a wrong line, if that is allowed; TraceError names it if it is one too many."""
        self.bad_lines += 1
        if self.bad_lines > self.source.options.skip_bad:
            shown = text[:TEXT_CHARACTERS].decode("utf-8", "replace")
            more = "..." if len(text) > TEXT_CHARACTERS else ""
            raise TraceError(f"{self.source.where}:{number}: {shown!r}{more}; expected {expected}")


class ForeignFormat(ABC):
    """Base of foreign formats; see formats.TraceFormat.

    collapse: whether consecutive accesses to a page become one, as is right for single instructions
    and wrong for requests.
    """

    name: str
    summary: str
    collapse = True
    accesses_from, accesses_per_byte = 1 << 22, 64
    pages_from, pages_per_byte = 1 << 22, 16
    """An input may stand for so many accesses and pages, or so many for each byte that it is worth,
    whatever is more. One line with a size, or a region, can mean a quarter of a million."""

    @abstractmethod
    def recognises(self, path: Path, head: bytes) -> bool:
        """See formats.TraceFormat."""

    @abstractmethod
    def batches(self, reading: Reading) -> Iterator[Batch]:
        """Yield all accesses in order. A batch may be reused for the next one.

        TraceError says where the input is wrong, as reading.bad_line does for a line.
        """

    @property
    def warm_key(self) -> str:
        """Names the note that what compile() makes is in the cache."""
        return "read.numbering.warm"

    def compile(self) -> None:
        """Compile what reading runs, or load it; a format with loops of its own adds them."""
        compile_numbering()

    def open(self, source: Input) -> Trace:
        """Read all of it into a temporary file."""
        reading = Reading(source)
        reading.engine = self.engine_for(reading)
        if reading.engine == "compiled":
            with engines.uninterrupted():
                self.compile()
            engines.mark_warm(self.warm_key)
        numbering = PageNumbering(reading.engine, collapse=self.collapse)
        spool = Spool()
        raw_accesses = 0
        for batch in self.batches(reading):
            raw_accesses += batch.accesses
            numbered = numbering.add(*batch)
            self.check_worth(source, raw_accesses, numbering.count)
            spool.append(numbered, numbering.count)
        spool.append(numbering.finish(), numbering.count)
        if not raw_accesses:
            raise TraceError(f"{source.where}: no access in it, read as {self.name}")
        said = [f"{_file_name(source)}, read as {self.name}", *reading.notes]
        meta: dict[str, str | int] = {
            "name": source.stem,
            "origin": self.name,
            "accesses_from": "; ".join(said),
            "raw_accesses": raw_accesses,
        }
        if reading.bad_lines:
            meta["bad_lines"] = reading.bad_lines
        return spooled_trace(spool, meta=meta, page_numbers=numbering.page_numbers)

    def check_worth(self, source: Input, accesses: int, pages: int) -> None:
        """Refuse an input that stands for more than it is worth. TraceError says so."""
        for count, least, per_byte, what in (
            (accesses, self.accesses_from, self.accesses_per_byte, "accesses"),
            (pages, self.pages_from, self.pages_per_byte, "pages"),
        ):
            most = max(least, per_byte * source.worth_bytes, source.unpacked_bytes)
            if count > most:
                raise TraceError(
                    f"{source.where}: its {source.worth_bytes:,} bytes stand for {count:,} {what} "
                    f"and more; allowed are up to {most:,}"
                )

    def engine_for(self, reading: Reading) -> str:
        """Return the engine that suits the work; reading may be begun and kept for it."""
        source = reading.source
        size_bytes = source.size_bytes
        if source.packing or not size_bytes:  # of a pipe the end is not known
            size_bytes = COLD_BYTES if source.at_least(AHEAD_BYTES) else source.unpacked_bytes
        return engines.choose("auto", size_bytes, self.warm_key, warm=WARM_BYTES, cold=COLD_BYTES)


def _file_name(source: Input) -> str:
    return source.path.name if source.size_bytes else source.where
