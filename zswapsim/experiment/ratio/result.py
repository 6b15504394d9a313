# SPDX-License-Identifier: GPL-2.0-only
"""What was measured of some pages, as plain numbers: JSON, and one row a compressor and pool."""

from dataclasses import asdict, dataclass
from typing import Any

from zswapsim.experiment.ratio.lengths import PERCENTILES
from zswapsim.json_text import json_text

Numbers = dict[str, Any]

BYTES = (
    "data",
    "zswap_headers",
    "pool_headers",
    "rounding",
    "holes",
    "tails",
    "unfilled",
    "other",
)
"""Where the bytes of a pool go, in the order of the rows; other: of a pool that does not tell."""

_SPEEDS = [
    (way, key)
    for way in ("compress", "decompress")
    for key in ("median_us", "min_us", "max_us", "mb_per_s")
]
_OF_POOL = (
    *("offered", "stored", "refused_incompressible", "refused_too_large", "pool_pages"),
    *("density", "effective_ratio", "gib_holds", "ram_ratio"),
)
ROW_NUMBERS = (
    *("measured_pages", "zero_pages", "same_filled_pages", "ratio", "mean_length_bytes"),
    *(f"p{percent}_bytes" for percent in PERCENTILES),
    "incompressible_pages",
    *(f"{way}_{key}" for way, key in _SPEEDS),
    *_OF_POOL,
    "file_order_density",
    *(f"{name}_bytes" for name in BYTES),
)
"""The names of all numbers of a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioResult:
    """Result of one measurement.

    name, what: of the memory; pages: measured, of, unit, distinct, zero, same_filled (of another
    word), need_room (that the kernel compresses), padded_bytes; config: kernel, seed, pool_percent;
    compressors: name, version, what length_numbers and measure_speeds tell; pools: compressor, and
    what pool_numbers tells, for each pair; timing: how the speeds were measured, or None.
    """

    name: str
    what: str
    pages: Numbers
    config: Numbers
    compressors: list[Numbers]
    pools: list[Numbers]
    timing: Numbers | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain dictionaries."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the result as JSON text with sorted keys."""
        return json_text(self.to_dict())

    def rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each compressor and pool, all with the same keys."""
        by_name = {told["name"]: told for told in self.compressors}
        return [self._row(by_name[pool["compressor"]], pool) for pool in self.pools]

    def _row(self, codec: Numbers, pool: Numbers) -> dict[str, Any]:
        speed = codec["speed"] or {}
        row = {
            "input": self.name,
            "measured_pages": self.pages["measured"],
            "zero_pages": self.pages["zero"],
            "same_filled_pages": self.pages["same_filled"],
            "compressor": codec["name"],
            "ratio": codec["ratio"],
            "mean_length_bytes": codec["mean_length_bytes"],
            **{f"p{percent}_bytes": size for percent, size in codec["percentiles"].items()},
            "incompressible_pages": codec["incompressible"],
            **{f"{way}_{key}": speed[way][key] if speed else None for way, key in _SPEEDS},
            "zpool": pool["zpool"],
            "kernel": pool["kernel"],
        }
        row |= {key: pool[key] for key in _OF_POOL}
        row["file_order_density"] = pool["file_order"]["density"]
        return row | {f"{name}_bytes": pool["bytes"].get(name, 0) for name in BYTES}
