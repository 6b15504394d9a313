# SPDX-License-Identifier: GPL-2.0-only
"""What a back end delivers while the program runs, and what it can say at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from zswapsim.trace.counts import U32, U64
from zswapsim.trace.recorder.running import Running

ENDED = "ended"
EXECS = "exec"
LIMIT = "limit"
CUT = "cut"
"""How a stream ended: with the program, with another program in its place, at the limit, or without
a word, as when the program is killed."""

KINDS = ("anonymous", "heap", "stack", "file, written to", "file", "other")


class Frame(NamedTuple):
    """A stretch of the recording.

    accesses: encoded, of pages numbered in the order in which they first appear. page_numbers:
    address >> 12 of the pages that appear first; kinds: of each, an index of KINDS. Versions, in
    order: at (number of accesses before, in the whole recording, not below that of the frame's
    first), page, and what: a place in contents, or FREED. contents: pages of 4096 bytes.
    """

    accesses: U32
    page_numbers: U64
    kinds: Sequence[int]
    at: U64
    page: U32
    what: U32
    contents: Sequence[bytes | memoryview]


@dataclass(slots=True)
class Facts:
    """What is known of a recording besides its frames; complete when the frames are.

    raw_accesses: loads and stores; forks: None if that cannot be seen; state: as above.
    lag_accesses: at each taking of contents, how far the program may have been ahead, at most:
    the sum, the greatest. evictions: from the LRU; inexact_evictions: those whose page was
    accessed again within the lag.
    """

    raw_accesses: int = 0
    forks: int | None = None
    state: str = CUT
    contents_taken: int = 0
    lag_accesses: int = 0
    lag_accesses_max: int = 0
    evictions: int = 0
    inexact_evictions: int = 0


class Backend(Protocol):
    """A way to watch a program.

    name: as --recorder has it; description: one line, with versions; facts: see there. sees_kernel:
    whether accesses of system calls and freed pages are seen.
    """

    name: str
    description: str
    sees_kernel: bool
    facts: Facts

    def start(self, program: Sequence[str]) -> Running:
        """Start the program; frames must be read, or it will not get far."""
        ...

    def frames(self, running: Running) -> Iterator[Frame]:
        """Yield what happens until the program, or the recording of it, ends."""
        ...

    def last_words(self) -> str:
        """Return what Valgrind had to say, on one line, for when there was no frame."""
        ...
