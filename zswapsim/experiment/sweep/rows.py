# SPDX-License-Identifier: GPL-2.0-only
"""A cell's row: settings, counters under the kernel's names, costs. All rows have all columns."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.costs import Costs, cost_of
from zswapsim.experiment.result import Result
from zswapsim.experiment.sweep.axes import AXES
from zswapsim.experiment.sweep.files import read_rows
from zswapsim.machine.memory import MEMORY
from zswapsim.machine.swap import VMSTAT
from zswapsim.machine.zram.device import BD_STAT, MM_STAT
from zswapsim.machine.zswap.state import DEBUGFS
from zswapsim.printable import printable

Row = dict[str, Any]

_COMPRESSION = ("ratio", "compressions", "decompressions", "compress_errors", "hysteresis_rejects")
_COSTS: dict[str, type] = {
    "device": str,
    "stall_seconds": float,
    "cpu_seconds": float,
    "device_seconds": float,
    "device_reads": int,
    "device_writes": int,
    "saved_pages": int,
    "peak_saved_pages": int,
}
_FLOATS = dict.fromkeys(("ratio", "machine_seconds"), float)


def _kinds(names: Iterable[str], kind: type) -> dict[str, type]:
    return dict.fromkeys(names, kind)


COLUMNS: dict[str, type] = {
    **_kinds(("cell", "trace"), str),
    **{name: kind for name, (_, kind) in AXES.items()},
    "error": str,
    **_COSTS,
    **_kinds(("limit_pages", "max_pool_pages", "pool_pages"), int),
    **_kinds((*VMSTAT, *MEMORY, "pool_total_size", *DEBUGFS, *MM_STAT, *BD_STAT), int),
    **_kinds(_COMPRESSION, int),
    **_kinds(("accesses", "footprint_pages"), int),
    **_FLOATS,
}
"""Names of a row's values, in order, and what they are; one that a cell has not is None."""


def row_of(key: str, settings: Mapping[str, Any], result: Result, costs: Costs) -> Row:
    """Return the row of a cell that ran."""
    told = result.to_dict()
    values = {
        **told["zswap"],
        **told["zram"],
        **told["vmstat"],
        **told["memory"],
        **{name: told["compression"][name] for name in _COMPRESSION},
        "device": costs.device.name,
        **cost_of(told, costs),
        **settings,
        "zpool": None if settings["frontend"] == "none" else told["config"]["zpool"],
        "machine_seconds": round(told["seconds"]["machine"], 6),
    }
    return _row(key, told["trace"], values)


def error_row(key: str, trace: Mapping[str, Any], settings: Mapping[str, Any], error: str) -> Row:
    """Return the row of a cell that failed; trace: as Trace.info; the error in one line."""
    return _row(key, trace, {**settings, "error": printable(" ".join(error.split()))})


def _row(key: str, trace: Mapping[str, Any], values: Mapping[str, Any]) -> Row:
    # A name of a file may have line ends, or bytes that are no text, which no table can hold.
    name = printable(trace["name"]) or "unnamed"
    counts = {count: trace[count] for count in ("accesses", "footprint_pages")}
    told = {**values, **counts, "cell": key, "trace": name}
    return {column: told.get(column) for column in COLUMNS}


_MAY_LACK = {"error", "ratio", *AXES, *MM_STAT, *BD_STAT}


def rows_of_file(path: Path) -> list[Row]:
    """Return the rows of a sweep that are in a file. InvalidArgument names what is wrong.

    Text in them is shown, so it is escaped, as it is when we write it.
    """
    rows = [
        {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in read_rows(path, COLUMNS)
    ]
    needed = [name for name in COLUMNS if name not in _MAY_LACK]
    for number, row in enumerate(rows, 1):
        missing = [name for name in needed if row[name] is None and not row["error"]]
        if missing:
            raise InvalidArgument(f"{path}: row {number}: has no {missing[0]}")
    return rows
