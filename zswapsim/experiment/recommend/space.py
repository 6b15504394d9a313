# SPDX-License-Identifier: GPL-2.0-only
"""The settings that a kernel lets one choose among, and what is a step away from what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.config import FRONTENDS
from zswapsim.experiment.host.nearest import release_number
from zswapsim.profiles import ON_REQUEST, Profile, check_zpool, profile

PERCENTS = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 90)
COARSE_PERCENTS = (10, 20, 35, 50)
THRESHOLDS = (50, 75, 90, 100)
PAGE_CLUSTERS = (0, 1, 2, 3)
USUAL_THRESHOLD = 90
KERNEL_PAGE_CLUSTER = 3
"""What vm.page-cluster is unless it was set."""

SINCE = {"lzo-rle": "5.1", "zstd": "4.18"}
"""Compressor -> the release from which on zswap can have it; others always."""
LEVELS_SINCE = "6.12"
"""From here on zram takes a compressor's level (algorithm_params); zswap never does."""
ZRAM_LEVELS = ("zstd:1", "zstd:6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination of settings, named as ReplayConfig names them.

    What says nothing with its frontend has the default, so that equal cells are equal.
    """

    frontend: str
    compressor: str = "lz4"
    zpool: str = "zsmalloc"
    max_pool_percent: int = 20
    accept_threshold_percent: int | None = None
    shrinker_enabled: bool = False
    exclusive_loads: bool = False
    page_cluster: int = 0

    def settings(self) -> dict[str, Any]:
        """Return the settings that its frontend has, in the order people read them."""
        told: dict[str, Any] = {"frontend": self.frontend}
        if self.frontend != "none":
            told["compressor"] = self.compressor
        if self.frontend == "zswap":
            told |= {"zpool": self.zpool, "max_pool_percent": self.max_pool_percent}
            if self.accept_threshold_percent is not None:
                told["accept_threshold_percent"] = self.accept_threshold_percent
            for name in ("shrinker_enabled", "exclusive_loads"):
                if getattr(self, name):
                    told[name] = True
        if self.frontend != "zram":
            told["page_cluster"] = self.page_cluster
        return told

    @property
    def name(self) -> str:
        """Its settings in a few words."""
        cluster = f" page-cluster {self.page_cluster}"
        if self.frontend == "none":
            return f"plain swap{cluster}"
        if self.frontend == "zram":
            return f"zram {self.compressor}"
        said = f"zswap {self.compressor} {self.zpool} {self.max_pool_percent} %"
        if self.accept_threshold_percent not in (None, USUAL_THRESHOLD):
            said += f" accept {self.accept_threshold_percent}"
        said += " shrinker" * self.shrinker_enabled + " exclusive" * self.exclusive_loads
        return said + cluster

    @property
    def phrase(self) -> str:
        """Its settings as part of a sentence."""
        cluster = f"vm.page-cluster={self.page_cluster}"
        if self.frontend == "none":
            return f"plain swap with {cluster}"
        if self.frontend == "zram":
            return f"zram with {self.compressor}"
        words = [f"zswap with {self.compressor} in {self.zpool}"]
        words.append(f"max_pool_percent={self.max_pool_percent}")
        if self.accept_threshold_percent not in (None, USUAL_THRESHOLD):
            words.append(f"accept_threshold_percent={self.accept_threshold_percent}")
        words += ["its shrinker on"] * self.shrinker_enabled
        words += ["exclusive loads"] * self.exclusive_loads
        return ", ".join([*words, cluster])


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched: frontends, compressors (of zswap) and zpools of one kernel."""

    row: Profile
    frontends: Sequence[str]
    compressors: Sequence[str]
    zpools: Sequence[str]
    zram_compressors: Sequence[str]

    def coarse(self) -> list[Cell]:
        """Return where the search starts: all kinds, at few sizes of the pool."""
        cells = []
        if "none" in self.frontends:
            cells += [self._cell("none", page_cluster=n) for n in (0, KERNEL_PAGE_CLUSTER)]
        if "zram" in self.frontends:
            cells += [self._cell("zram", compressor=spec) for spec in self.zram_compressors]
        if "zswap" in self.frontends:
            first = self.row.default_zpool if self.row.default_zpool in self.zpools else None
            for zpool in self.zpools:
                # Zpools differ by how many pages they hold, whatever the compressor: few suffice.
                all_ = zpool == (first or self.zpools[0])
                cells += [
                    self._cell("zswap", compressor=spec, zpool=zpool, max_pool_percent=percent)
                    for spec in (self.compressors if all_ else self.compressors[:1])
                    for percent in COARSE_PERCENTS
                ]
        return cells

    def neighbours(self, cell: Cell) -> list[Cell]:
        """Return the cells that differ from one in a single setting, in near values of it."""
        return [
            replace(cell, **{name: value})
            for name, values in self.values_near(cell).items()
            for value in values
            if value != getattr(cell, name)
        ]

    def values_near(self, cell: Cell) -> dict[str, list[Any]]:
        """Return for each setting that a cell's frontend has the values to compare it with."""
        if cell.frontend == "zram":
            return {"compressor": list(self.zram_compressors)}
        near: dict[str, list[Any]] = {}
        if cell.frontend == "zswap":
            near |= {
                "compressor": list(self.compressors),
                "zpool": list(self.zpools),
                "max_pool_percent": _near(PERCENTS, cell.max_pool_percent),
            }
            if self.row.hysteresis:
                near["accept_threshold_percent"] = list(THRESHOLDS)
            if self.row.shrinker:
                near["shrinker_enabled"] = [False, True]
            if self.row.exclusive_loads == ON_REQUEST:
                near["exclusive_loads"] = [False, True]
        return near | {"page_cluster": list(PAGE_CLUSTERS)}

    def changes(self, cell: Cell) -> int:
        """Return how many settings differ from the kernel's own, plain swap being its default."""
        defaults = {
            "frontend": "none",
            "zpool": self.row.default_zpool,
            "max_pool_percent": self.row.max_pool_percent,
            "accept_threshold_percent": self.row.accept_threshold_percent,
            "page_cluster": KERNEL_PAGE_CLUSTER,
            "shrinker_enabled": False,
            "exclusive_loads": False,
        }
        told = cell.settings()
        return sum(told[name] != value for name, value in defaults.items() if name in told)

    def _cell(self, frontend: str, **settings: Any) -> Cell:
        threshold = None
        if frontend == "zswap" and self.row.hysteresis:
            threshold = self.row.accept_threshold_percent
        return Cell(frontend=frontend, accept_threshold_percent=threshold, **settings)


def make_space(
    kernel: str,
    frontends: Sequence[str] = FRONTENDS,
    compressors: Sequence[str] | None = None,
    zpools: Sequence[str] | None = None,
) -> Space:
    """Return what is searched for a kernel; None for all that it has and that can be simulated.

    InvalidArgument or NoEntry: a name that is none, that the kernel has not, or a compressor's
    setting that it does not take.
    """
    row = profile(kernel)
    for name in frontends:
        if name not in FRONTENDS:
            raise InvalidArgument(f"frontend {name!r}: allowed are {', '.join(FRONTENDS)}")
    for name in zpools or ():
        check_zpool(row, name)
    own = [name for name in ("lz4", "lzo-rle", "lzo", "zstd") if _has(kernel, name)]
    if "lzo-rle" in own:
        own.remove("lzo")
    for spec in compressors or ():
        _check_compressor(kernel, spec)
    of_zswap = [spec for spec in compressors or own if ":" not in spec]
    of_zram = list(compressors or own)
    if compressors is None and _takes_levels(kernel):
        of_zram += ZRAM_LEVELS
    cannot = set()
    if not of_zswap:
        cannot.add("zswap")
    if "zsmalloc" not in row.zpools:
        cannot.add("zram")
    kept = [name for name in FRONTENDS if name in frontends and name not in cannot]
    if not kept:
        why = {
            "zswap": "zswap takes no levels of compressors; zram does, from 6.12 on",
            "zram": f"zram of kernel {kernel} is not simulated, as it has no zsmalloc here",
        }
        raise InvalidArgument(why[next(iter(cannot), "zswap")])
    return Space(row, kept, of_zswap, list(zpools or row.zpools), of_zram)


def _check_compressor(kernel: str, spec: str) -> None:
    made = compressor(spec, kernel)
    if not _has(kernel, made.name):
        raise NoEntry(f"kernel {kernel} has no compressor {made.name!r}")
    if ":" in spec and not _takes_levels(kernel):
        raise InvalidArgument(
            f"compressor {spec!r}: kernel {kernel} takes no level, zram does from {LEVELS_SINCE} on"
        )


def _has(kernel: str, name: str) -> bool:
    return release_number(kernel) >= release_number(SINCE.get(name, "3.0"))


def _takes_levels(kernel: str) -> bool:
    return release_number(kernel) >= release_number(LEVELS_SINCE)


def _near(values: Sequence[int], here: int) -> list[int]:
    """Return the two values below and above, and the one here."""
    below = [value for value in values if value < here][-2:]
    above = [value for value in values if value > here][:2]
    return [*below, here, *above]


def unique(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield each of the cells once, in their order."""
    yield from dict.fromkeys(cells)
