# SPDX-License-Identifier: GPL-2.0-only
"""What the readers of binary records share: whole records, batches of arrays, drawn writes."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.engine import engines
from zswapsim.errors import TraceError
from zswapsim.trace.counts import U64
from zswapsim.trace.input import InputOptions
from zswapsim.trace.readers.foreign import PACKED_TIMES, Batch, ForeignFormat, Reading
from zswapsim.trace.synthetic.random import random_state

BATCH_RECORDS = 1 << 16

WARM_BYTES = 16 << 20
COLD_BYTES = 128 << 20
"""Numbering is all that is interpreted: a MiB of records takes 30 ms, and compiling 3 s."""

Records = npt.NDArray[Any]
Writes = npt.NDArray[np.bool_]


class RecordFormat(ForeignFormat):
    """Base of formats that numpy reads: a reader yields arrays of names and of writes."""

    collapse = False

    @abstractmethod
    def pieces(self, reading: Reading) -> Iterator[tuple[U64, Writes | None]]:
        """Yield names of pages, uint64, and whether they were written, None for all read."""

    def batches(self, reading: Reading) -> Iterator[Batch]:
        """See ForeignFormat."""
        unwritten = np.zeros(0, np.int64)
        for names, writes in self.pieces(reading):
            if writes is not None:
                written = writes.astype(np.int64)
            else:
                if len(unwritten) < len(names):
                    unwritten = np.zeros(len(names), np.int64)
                written = unwritten
            keys = names.view(np.int64)
            if reading.engine == "compiled":
                yield Batch(engines.int_array(keys), engines.int_array(written), len(keys))
            else:
                yield Batch(keys.tolist(), written.tolist(), len(keys))

    def engine_for(self, reading: Reading) -> str:
        """See ForeignFormat."""
        source = reading.source
        if not source.head:
            return "interpreted"
        size_bytes = source.size_bytes * (PACKED_TIMES if source.packing else 1)
        return self.engine_for_bytes(size_bytes or COLD_BYTES)  # of a pipe the end is not known

    def engine_for_bytes(self, size_bytes: int) -> str:
        """Return the engine that suits records of so many bytes."""
        return engines.choose("auto", size_bytes, self.warm_key, warm=WARM_BYTES, cold=COLD_BYTES)


class DrawnWrites:
    """Draws which accesses write, where a format does not tell."""

    def __init__(self, options: InputOptions, default_percent: float = 0) -> None:
        self.percent = default_percent if options.write_percent is None else options.write_percent
        self.seed = options.seed
        self._random = random_state(options.seed, 1)

    def draw(self, count: int) -> Writes | None:
        """Return whether each of the next `count` accesses writes, None for none of them."""
        if not self.percent:
            return None
        written: Writes = self._random.random_sample(count) * 100 < self.percent
        return written

    @property
    def note(self) -> str:
        """What there is to say about it."""
        if not self.percent:
            return "all are reads"
        return f"{self.percent:g} % of them, drawn with seed {self.seed}, are writes"


def whole_records(
    reading: Reading, kind: np.dtype[Any], chunks: Iterable[bytes], first_byte: int = 0
) -> Iterator[tuple[int, Records]]:
    """Yield the number of the first record, counted from 1, and records, until the end.

    first_byte: where the chunks begin in the file. TraceError if it ends within a record.
    """
    number = 1
    rest = b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        records = np.frombuffer(data, kind, len(data) // kind.itemsize)
        if len(records):
            yield number, records
        number += len(records)
        rest = data[len(records) * kind.itemsize :]
    if rest:
        at = first_byte + (number - 1) * kind.itemsize
        problem = f"ends after {len(rest)} bytes"
        bad_record(reading, number, at, problem, f"whole records of {kind.itemsize}")


def bad_record(reading: Reading, number: int, at: int, problem: str, expected: str) -> None:
    """Pass over a wrong record, if that is allowed; TraceError names it if it is one too many.

    number: counted from 1; at: its first byte.
    """
    reading.bad_lines += 1
    if reading.bad_lines > reading.source.options.skip_bad:
        raise TraceError(
            f"{reading.source.where}: record {number:,} at byte {at:,}: {problem}; "
            f"expected {expected}"
        )


def good_records(
    reading: Reading, records: Records, good: Writes, number: int, first_byte: int, expected: str
) -> Records:
    """Return the records that are good; the others are passed over, see bad_record.

    number: of the first one; first_byte: of record 1; expected: of a good one, "FIELD is ...".
    """
    if good.all():
        return records
    size = records.dtype.itemsize
    for index in np.flatnonzero(~good).tolist():
        at = first_byte + (number - 1 + index) * size
        problem = f"it has {records[index].tobytes().hex(' ')[:95]}"
        bad_record(reading, number + index, at, problem, expected)
    return records[good]
