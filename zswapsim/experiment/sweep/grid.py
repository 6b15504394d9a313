# SPDX-License-Identifier: GPL-2.0-only
"""From the values of each setting to the cells of a grid, each named by what it depends on."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.config import ONLY_OF, ReplayConfig
from zswapsim.experiment.sweep.axes import AXES

MOST_CELLS = 1_000_000

Settings = dict[str, Any]

_SHARED = ("frontend", "memory", "kernel", "reclaim", "swap_size")
USED_BY = {
    "zswap": (
        *_SHARED,
        "compressor",
        "zpool",
        "max_pool_percent",
        "accept_threshold_percent",
        "same_filled_pages_enabled",
        "exclusive_loads",
        "shrinker_enabled",
        "page_cluster",
    ),
    "zram": (*_SHARED, "compressor", "zram_limit", "zram_writeback"),
    "none": (*_SHARED, "page_cluster"),
}
"""Settings that mean something to each frontend."""

DEFAULTS: Settings = {
    one.name: one.default
    for one in fields(ReplayConfig)
    if one.name in AXES and one.default is not MISSING
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a sweep. settings: of ReplayConfig; key: names all that its row depends on."""

    key: str
    settings: Settings


def expand(axes: Mapping[str, Sequence[Any]]) -> list[Settings]:
    """Return every combination of the values, the last setting varying fastest, each once.

    What means nothing to a frontend takes its default, so plain swap is run once and not once a
    compressor. Whether a combination is possible is not asked. InvalidArgument if they are more
    than MOST_CELLS, or a setting is given that none of the frontends has.
    """
    frontends = axes.get("frontend", (DEFAULTS["frontend"],))
    for frontend, own in ONLY_OF.items():
        for name in own:
            if any(axes.get(name, ())) and frontend not in frontends:
                raise InvalidArgument(f"{name} goes with the frontend {frontend}")
    count = 1
    for values in axes.values():
        count *= len(values)
    if count > MOST_CELLS:
        raise InvalidArgument(f"{count:,} cells; allowed are {MOST_CELLS:,}")
    names = [name for name in AXES if name in axes]
    combinations = itertools.product(*(axes[name] for name in names))
    all_settings = (DEFAULTS | dict(zip(names, values, strict=True)) for values in combinations)
    return list(_each_once(_meaningful(settings) for settings in all_settings))


def _meaningful(settings: Settings) -> Settings:
    used = USED_BY.get(settings["frontend"], tuple(AXES))
    return {name: settings[name] if name in used else DEFAULTS[name] for name in AXES}


def _each_once(all_settings: Iterable[Settings]) -> Iterable[Settings]:
    seen = set()
    for settings in all_settings:
        values = tuple(settings.values())
        if values not in seen:
            seen.add(values)
            yield settings


def key_of(identity: Mapping[str, Any], settings: Settings) -> str:
    """Return a cell's key: 16 hexadecimal digits of a hash over identity and settings.

    identity: JSON-able, what else a row depends on, such as the workload's digest.
    """
    text = json.dumps([identity, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
