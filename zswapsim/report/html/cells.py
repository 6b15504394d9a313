# SPDX-License-Identifier: GPL-2.0-only
"""The cells of a sweep, as its pictures look at them: what varies, which is best, and the front.

A group of cells is shown by its best one: the one that waits least of those that had room for all
pages. So a field of a map answers what is possible with these two settings.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zswapsim.report.sweep import SETTINGS, Row, rank, shown_value

METRICS = {
    "stall_seconds": "seconds that the program waits",
    "cpu_seconds": "CPU seconds of swapping",
    "pgmajfault": "major faults",
    "device_reads": "pages read from a disk",
    "device_writes": "pages written to a disk",
    "written_back_pages": "pages written back by zswap",
    "saved_pages": "pages of memory gained",
    "zswpin": "pages served by zswap",
    "pool_limit_hit": "times the pool was full",
    "peak_pool_pages": "most pages of the pool",
}
"""Numbers of a cell to choose from, and what they are."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one trace. ran: best first; failed: with their errors; varied: settings, those with
    most values first.
    """

    ran: list[Row]
    failed: list[Row]
    varied: list[str]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Cells":
        """Sort cells out."""
        every = list(rows)
        ran = sorted((row for row in every if not row["error"]), key=rank)
        counts = {name: len({row.get(name) for row in ran or every} - {None}) for name in SETTINGS}
        varied = sorted((name for name in counts if counts[name] > 1), key=lambda n: -counts[n])
        return cls(ran, [row for row in every if row["error"]], varied)

    @property
    def metrics(self) -> dict[str, str]:
        """The metrics that any of the cells has."""
        return {
            key: told
            for key, told in METRICS.items()
            if any(isinstance(row.get(key), int | float) for row in self.ran)
        }

    def values(self, name: str) -> list[Any]:
        """Return the values of a setting, numbers by size; cells that have none are left out."""
        return sorted({row[name] for row in self.ran} - {None}, key=_natural)

    def best_by(self, *names: str) -> dict[tuple[Any, ...], Row]:
        """Return the best cell for each combination of some settings."""
        found: dict[tuple[Any, ...], Row] = {}
        for row in self.ran:
            found.setdefault(tuple(row[name] for name in names), row)
        return found

    def front(self, key: Callable[[Row], float]) -> list[Row]:
        """Return the cells that no other one beats in stall and in key as well, by key."""
        kept: list[Row] = []
        for row in sorted(self.ran, key=lambda row: (key(row), row["stall_seconds"])):
            if not kept or row["stall_seconds"] < kept[-1]["stall_seconds"]:
                kept.append(row)
        return kept

    def told(self, row: Row) -> str:
        """Return the settings of a cell that vary, in words."""
        names = [name for name in SETTINGS if name in self.varied and row[name] is not None]
        return ", ".join(f"{SETTINGS[name]} {shown_value(row[name])}" for name in names)


def is_numeric(values: Sequence[Any]) -> bool:
    """Say whether values of a setting have sizes, as 20, 50% or 64M."""
    return all(_NUMBER.match(str(value)) for value in values if not isinstance(value, bool))


_NUMBER = re.compile(r"\d+(\.\d+)?(?=$|[%kmgtp])", re.I)


def _natural(value: Any) -> list[tuple[int, float, str]]:
    words = re.findall(r"\d+|\D+", shown_value(value))
    return [(0, float(word), "") if word.isdecimal() else (1, 0.0, word) for word in words]
