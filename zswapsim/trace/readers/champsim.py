# SPDX-License-Identifier: GPL-2.0-only
"""Reads ChampSim's traces of instructions, 64 bytes each, and the cloudsuite ones of 96.

    uint64 address of the instruction, uint8 is a branch, uint8 it was taken, uint8 registers
    written [2], read [4], uint64 addresses written [2], read [4], 0 for none

Little-endian, without a header (struct input_instr in inc/trace_instruction.h of ChampSim).
cloudsuite_instr has 4 registers and 4 addresses written, and 2 bytes more at its end; the compiler
pads both parts to multiples of 8 bytes. An instruction reads before it writes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zswapsim.trace.counts import U64
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.records import (
    BATCH_RECORDS,
    RecordFormat,
    Records,
    Writes,
    good_records,
    whole_records,
)
from zswapsim.units import PAGE_SHIFT

INSTRUCTION = np.dtype(
    [
        ("ip", "<u8"),
        ("is_branch", "u1"),
        ("taken", "u1"),
        ("registers", "u1", 6),
        ("written", "<u8", 2),
        ("read", "<u8", 4),
    ]
)
CLOUDSUITE = np.dtype(
    [
        ("ip", "<u8"),
        ("is_branch", "u1"),
        ("taken", "u1"),
        ("registers", "u1", 8),
        ("padding", "u1", 6),
        ("written", "<u8", 4),
        ("read", "<u8", 4),
        ("asid", "u1", 2),
        ("more_padding", "u1", 6),
    ]
)

_LEAST_RECOGNISED = 4
_ADDRESS_BITS = 48
_LONGEST_INSTRUCTION = 16


class ChampSimFormat(RecordFormat):
    """Reads instructions of one layout."""

    collapse = True

    def __init__(self, name: str, summary: str, kind: np.dtype[Any], *, recognised: bool) -> None:
        self.name = name
        self.summary = summary
        self._kind = kind
        self._recognised = recognised

    def recognises(self, path: Path, head: bytes) -> bool:
        """No magic: flags are 0 or 1, addresses are, and most instructions follow each other."""
        count = len(head) // self._kind.itemsize
        if not self._recognised or count < _LEAST_RECOGNISED:
            return False
        return _plausible(np.frombuffer(head, self._kind, count))

    def pieces(self, reading: Reading) -> Iterator[tuple[U64, Writes | None]]:
        """Yield the pages of the operands in memory."""
        kind = self._kind
        reads = kind["read"].shape[0]
        written_column = np.arange(reads + kind["written"].shape[0]) >= reads
        instructions = 0
        for number, records in whole_records(
            reading, kind, reading.source.chunks(BATCH_RECORDS // 4 * kind.itemsize)
        ):
            good = (records["is_branch"] <= 1) & (records["taken"] <= 1)
            expected = "0 or 1 in bytes 8 and 9"
            records = good_records(reading, records, good, number, 0, expected)
            instructions += len(records)
            addresses = np.concatenate([records["read"], records["written"]], axis=1)
            used = addresses != 0
            writes = np.broadcast_to(written_column, used.shape)[used]
            yield addresses[used] >> np.uint64(PAGE_SHIFT), writes
        reading.notes.append(
            f"{instructions:,} instructions; their own addresses are no accesses, and of an "
            "operand that crosses into the next page only the first page counts"
        )


def _plausible(records: Records) -> bool:
    """Say whether these may be instructions."""
    ip = records["ip"]
    branch, taken = records["is_branch"], records["taken"]
    operands = np.concatenate([records["read"], records["written"]], axis=1)
    if (branch > 1).any() or (taken > branch).any() or not operands.any():
        return False
    if not (_are_addresses(ip) & (ip != 0)).all() or not _are_addresses(operands).all():
        return False
    straight = branch[:-1] == 0
    step = (ip[1:] - ip[:-1])[straight]  # wraps around; a repeated instruction stays
    return len(step) > 0 and 2 * int(np.count_nonzero(step < _LONGEST_INSTRUCTION)) > len(step)


def _are_addresses(values: U64) -> Writes:
    """Say which are addresses of a program or of the kernel, which begins at the other end."""
    bits = np.uint64(_ADDRESS_BITS)
    are: Writes = (values >> bits == 0) | (~values >> bits == 0)
    return are


FORMAT = ChampSimFormat(
    "champsim", "ChampSim: 64 bytes an instruction", INSTRUCTION, recognised=True
)
CLOUDSUITE_FORMAT = ChampSimFormat(
    "champsim-cloudsuite",
    "ChampSim, cloudsuite: 96 bytes an instruction; has to be asked for",
    CLOUDSUITE,
    recognised=False,
)
