# SPDX-License-Identifier: GPL-2.0-only
"""What pictures of a run need, gathered while it runs: columns over time, and counts of accesses.

Result.series: name -> one number a sample. Result.pictures: heat_map, length_histogram, occupancy
and accept_pages, each explained where it is made.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.outcome import sample
from zswapsim.experiment.ratio.lengths import STEP_BYTES, length_numbers
from zswapsim.experiment.workload import Integers, Workload
from zswapsim.machine import memory as m
from zswapsim.machine.accesses import PAGE_MASK
from zswapsim.machine.pools.occupancy import occupancy_of
from zswapsim.machine.pools.steps import steps_of
from zswapsim.machine.swap import Swap
from zswapsim.machine.zswap.limit import zswap_accept_thr_pages
from zswapsim.profiles import NO, profile

SAMPLES = 240
HEAT_ROWS, HEAT_COLUMNS = 64, 120


def samples_of(accesses_count: int) -> int:
    """Return the accesses between two samples, so that there are SAMPLES or a few more."""
    return max(1, accesses_count // SAMPLES)


@dataclass(slots=True)
class Pictures:
    """Gathers while a workload runs.

    Add: look (at a block of accesses, and the machine after it), finish. Read: series, pictures.
    """

    workload: Workload
    series: dict[str, list[int]] = field(default_factory=dict)
    _sampled: int = 0
    _heat: Integers = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing counted."""
        self._heat = np.zeros((HEAT_COLUMNS, HEAT_ROWS), np.int64)

    @property
    def _per_column(self) -> int:
        return max(1, -(-self.workload.accesses_count // HEAT_COLUMNS))

    @property
    def _per_row(self) -> int:
        return max(1, -(-self.workload.pages // HEAT_ROWS))

    def look(self, machine: m.Machine, block: Integers, base: int) -> None:
        """Count the accesses of a block, the first of which has the number base; then sample."""
        self._count(block, base)
        done = base + len(block)
        if done - self._sampled >= samples_of(self.workload.accesses_count):
            self._sample(machine, done)

    def finish(self, machine: m.Machine, done: int) -> None:
        """Sample the counters at the end."""
        if done != self._sampled:
            self._sample(machine, done)

    def _count(self, block: Integers, base: int) -> None:
        first = 0
        while first < len(block):
            column = (base + first) // self._per_column
            end = min(len(block), (column + 1) * self._per_column - base)
            rows = (block[first:end] & PAGE_MASK) // self._per_row
            self._heat[column] += np.bincount(rows, minlength=HEAT_ROWS)
            first = end

    def _sample(self, machine: m.Machine, access: int) -> None:
        self._sampled = access
        for name, value in sample(machine, access).items():
            self.series.setdefault(name, []).append(value)

    def heat_map(self) -> dict[str, Any]:
        """Return accesses by page and time: counts[i] are those of the i-th group of pages."""
        rows = -(-self.workload.pages // self._per_row)
        columns = -(-self.workload.accesses_count // self._per_column)
        return {
            "accesses_per_column": self._per_column,
            "pages_per_row": self._per_row,
            "counts": self._heat[:columns, :rows].T.tolist(),
        }

    def pictures(self, machine: m.Machine, config: ReplayConfig, lengths: Integers) -> Any:
        """Return Result.pictures. lengths: of all contents. accept_pages: None without one."""
        swap = machine.swap
        has_pool = config.frontend != "none"
        hysteresis = config.frontend == "zswap" and profile(config.kernel).hysteresis != NO
        return {
            "heat_map": self.heat_map(),
            "length_histogram": _length_histogram(swap, lengths, has_pool=has_pool),
            "occupancy": occupancy_of(swap.pools.pool) if has_pool else {},
            "accept_pages": int(zswap_accept_thr_pages(swap.zswap)) if hysteresis else None,
        }


def _length_histogram(swap: Swap, lengths: Integers, *, has_pool: bool) -> dict[str, Any]:
    """Return contents by compressed length, in steps of step_bytes, and what the pool makes of it.

    steps_bytes: lengths up to which a page takes no more room, rising; the last is the longest that
    the pool takes. too_long: contents that it does not take, those of no length (incompressible)
    included.
    """
    header_bytes = int(swap.zswap.pool_header[0])
    sizes = steps_of(swap.pools.pool) if has_pool else []
    steps = [size - header_bytes for size in sizes if size > header_bytes]
    told = length_numbers(lengths)
    most = steps[-1] if steps else None
    kept = np.ones(len(lengths), np.bool_) if most is None else (lengths >= 0) & (lengths <= most)
    return {
        "step_bytes": STEP_BYTES,
        "contents": told["histogram"],
        "incompressible": told["incompressible"],
        "too_long": int(np.count_nonzero(~kept)),
        "steps_bytes": steps,
    }
