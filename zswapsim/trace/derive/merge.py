# SPDX-License-Identifier: GPL-2.0-only
"""Several traces as one: the processes of one machine, each with pages of its own.

Accesses come in turns. In each turn every trace makes a share of its accesses, in proportion to
its length, so that all of them begin and end together; the longest makes `slice_accesses`. Of T
turns, turn t has accesses len * t // T .. len * (t + 1) // T - 1 of each trace, in the order in
which the traces were given. There is nothing random in it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.blocks import reblocked
from zswapsim.trace.checks import checked_meta
from zswapsim.trace.contents import Contents, ContentsBuilder
from zswapsim.trace.counts import U32, U64, Counts, tally_contents
from zswapsim.trace.trace import BLOCK_ACCESSES, WRITE, Parts, Trace, Versions
from zswapsim.units import FREED, MAX_SPACES, NUMBER_BITS, PAGE_SIZE

Int64s = npt.NDArray[np.int64]

SLICE_ACCESSES = 1000
MAX_SLICE_ACCESSES = 1_000_000


def merge_traces(traces: Sequence[Trace], slice_accesses: int = SLICE_ACCESSES) -> Trace:
    """Return the traces as one; accesses are read from them when they are used.

    Equal contents become one. page_numbers: see merged_numbers. InvalidArgument says what is wrong.
    """
    if not 1 <= len(traces) <= MAX_SPACES:
        raise InvalidArgument(f"{len(traces)} traces to merge; allowed are 1..{MAX_SPACES}")
    if not 1 <= slice_accesses <= MAX_SLICE_ACCESSES:
        raise InvalidArgument(
            f"slice_accesses is {slice_accesses}; allowed are 1..{MAX_SLICE_ACCESSES}"
        )
    pages = sum(trace.pages for trace in traces)
    if pages > WRITE:
        raise InvalidArgument(f"{pages} pages together; allowed are up to {WRITE}")
    turns = _Turns([trace.accesses for trace in traces], slice_accesses)
    versions, contents = _merged_versions(traces, turns)
    counts = Counts(
        accesses=sum(trace.accesses for trace in traces),
        pages=pages,
        footprint_pages=sum(trace.footprint_pages for trace in traces),
        writes=sum(trace.writes for trace in traces),
        versions=len(versions[0]),
        freed=int(np.count_nonzero(versions[2] == FREED)),
        **tally_contents(contents),
    )
    source = Parts(
        lambda block_accesses: reblocked(_interleaved(traces, turns), block_accesses),
        versions,
        contents,
        merged_numbers(traces),
    )
    return Trace(counts, checked_meta(_meta(traces, slice_accesses)), source)


class _Turns:
    """Where the accesses of each trace come in the merged one. lengths: accesses of each trace."""

    def __init__(self, lengths: Sequence[int], slice_accesses: int) -> None:
        self.lengths = lengths
        self.count = -(-max(lengths) // slice_accesses)
        if (max(lengths) + 1) * self.count >= 1 << 62:
            raise InvalidArgument(
                f"slices of {slice_accesses} accesses are too short for {max(lengths)} of them"
            )

    def begin(self, number: int, turn: int) -> int:
        """Return the first access of a trace in a turn; that of turn `count` is its length."""
        return self.lengths[number] * turn // max(self.count, 1)

    def places(self, number: int, accesses: Int64s) -> Int64s:
        """Return the places in the merged trace of accesses of one trace, all below its length."""
        if not len(accesses):
            return accesses
        turn = -(-(accesses + 1) * self.count // self.lengths[number]) - 1
        places = accesses.copy()
        for other, length in enumerate(self.lengths):
            if other != number:
                places += length * (turn + (other < number)) // self.count
        return places


def _interleaved(traces: Sequence[Trace], turns: _Turns) -> Iterator[U32]:
    """Yield all accesses, some whole turns at a time."""
    readers = [_Reader(trace) for trace in traces]
    together = sum(turns.lengths)
    turns_at_a_time = max(1, BLOCK_ACCESSES * turns.count // max(together, 1))
    done = 0
    for turn in range(0, turns.count, turns_at_a_time):
        end = min(turn + turns_at_a_time, turns.count)
        spans = [(turns.begin(number, turn), turns.begin(number, end))
                 for number in range(len(traces))]  # fmt: skip
        block = np.empty(sum(stop - start for start, stop in spans), np.uint32)
        first_page = 0
        for number, (start, stop) in enumerate(spans):
            places = turns.places(number, np.arange(start, stop))
            block[places - done] = readers[number].take(stop - start) + np.uint32(first_page)
            first_page += traces[number].pages
        done += len(block)
        yield block
    for reader in readers:
        reader.finish()


class _Reader:
    """Hands out the accesses of a trace in pieces of any length."""

    def __init__(self, trace: Trace) -> None:
        self._blocks = trace.blocks(BLOCK_ACCESSES)
        self._rest: U32 = np.empty(0, np.uint32)

    def take(self, count: int) -> U32:
        """Return the next accesses."""
        pieces = [self._rest[:count]]
        missing = count - len(pieces[0])
        self._rest = self._rest[count:]
        while missing:
            block = next(self._blocks)
            pieces.append(block[:missing])
            self._rest = block[missing:]
            missing -= len(pieces[-1])
        return np.concatenate(pieces)

    def finish(self) -> None:
        """Let a file check itself at its end."""
        for _ in self._blocks:
            pass


def _merged_versions(traces: Sequence[Trace], turns: _Turns) -> tuple[Versions, Contents]:
    builder = ContentsBuilder()
    together = sum(turns.lengths)
    columns: list[tuple[Int64s, Int64s, Int64s]] = []
    first_page = 0
    for number, trace in enumerate(traces):
        at, page, content = (column.astype(np.int64) for column in trace.versions)
        inside = (at > 0) & (at < trace.accesses)
        # What holds from the start does so in the merged trace; what comes after the end, after it.
        place = np.where(at == 0, 0, together)
        place[inside] = turns.places(number, at[inside])
        whole = trace.contents_bytes
        number_of = np.array(
            [builder.add(whole[start : start + PAGE_SIZE])
             for start in range(0, len(whole), PAGE_SIZE)],
            np.int64,
        )  # fmt: skip
        held = content != FREED
        content[held] = number_of[content[held]]
        columns.append((place, page + first_page, content))
        first_page += trace.pages
    at, page, content = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(at, kind="stable")
    versions = (
        at[order].astype(np.uint64),
        page[order].astype(np.uint32),
        content[order].astype(np.uint32),
    )
    return versions, builder.finish()


def merged_numbers(traces: Sequence[Trace]) -> U64 | None:
    """Return the page numbers of merged traces, or None if no trace has any.

    Above NUMBER_BITS is which trace it was, from 0 on; one of several processes or devices, which
    are told apart there, takes as many ordinals, in their order. Names that are too different for
    that, as those of objects, lose what is above. A trace without numbers gets 0, 1, 2, ...
    """
    if all(trace.page_numbers is None for trace in traces):
        return None
    low = np.uint64((1 << NUMBER_BITS) - 1)
    called = [
        np.arange(trace.pages, dtype=np.uint64)
        if trace.page_numbers is None
        else trace.page_numbers
        for trace in traces
    ]
    spaces = [np.unique(names >> np.uint64(NUMBER_BITS)) for names in called]
    if sum(max(len(of), 1) for of in spaces) > MAX_SPACES:
        spaces = [np.zeros(1, np.uint64) for _ in traces]
    numbers, ordinal = [], 0
    for names, of in zip(called, spaces, strict=True):
        which = np.searchsorted(of, names >> np.uint64(NUMBER_BITS)).clip(max=max(len(of) - 1, 0))
        above = (which + ordinal).astype(np.uint64) << np.uint64(NUMBER_BITS)
        numbers.append(names & low | above)
        ordinal += max(len(of), 1)
    return np.concatenate(numbers)


def _meta(traces: Sequence[Trace], slice_accesses: int) -> dict[str, Any]:
    names = [trace.name for trace in traces]
    meta: dict[str, Any] = {
        "name": _shortened("+".join(names)),
        "program": _shortened(", ".join(str(trace.meta.get("program", "?")) for trace in traces)),
        "what": f"{len(traces)} traces in turns of {slice_accesses} accesses of the longest",
    }
    for key in ("accesses_from", "contents_from"):
        said = [f"{trace.name}: {trace.meta[key]}" for trace in traces if key in trace.meta]
        if said:
            meta[key] = _shortened("; ".join(said), 2000)
    return meta


def _shortened(text: str, longest: int = 200) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."


__all__ = ["MAX_SLICE_ACCESSES", "SLICE_ACCESSES", "merge_traces", "merged_numbers"]
