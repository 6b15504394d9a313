# SPDX-License-Identifier: GPL-2.0-only
"""What a replay is told, checked before anything is run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zswapsim import profiles
from zswapsim.content.compressors import compressor
from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.faults import check_faults, texts_of
from zswapsim.machine import reclaim
from zswapsim.machine.pools.zpool import ZpoolDriver, get_driver, runs_compiled
from zswapsim.machine.readahead import MAX_PAGE_CLUSTER
from zswapsim.machine.zram.writeback import MODES
from zswapsim.units import MAX_PAGES, MAX_PERCENT, parse_pages

MAX_DIGITS = 19
FRONTENDS = ("zswap", "zram", "none")
ONLY_OF = {
    "zram": ("zram_limit", "zram_writeback"),
    "zswap": ("shrinker_enabled", "exclusive_loads", "accept_threshold_percent"),
}
"""Settings that only one frontend has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayConfig:
    """Settings of one replay; the defaults are those of the command line.

    memory: total RAM of the machine, for resident pages and pool together; a percentage is of the
    trace's footprint. zpool: None is the kernel's default. max_pool_percent: of that memory.
    exclusive_loads: a load takes the page out of zswap (6.6, 6.8; later kernels always do so).
    shrinker_enabled: reclaim asks zswap for writeback (from 6.8 on). frontend: zswap, zram (a
    compressed disk in memory takes the swap file's place) or none (plain swap). zram_limit: of
    zram's memory, a percentage is of the memory; None for no limit. zram_writeback: MODE:ACCESSES,
    every so many accesses pages go to a backing device as large as swap; mode idle, huge or
    huge_idle, where idle is what was not used since the last time. page_cluster: a page that swap
    brings in brings up to 2 ** page_cluster pages of its neighbourhood along; 0 is no read-ahead, 3
    is the kernel's default. swap_size: None is room for every page. swap_file: path of a swap file
    to keep, None a temporary one. carry_bytes: compress, move and check real bytes. faults: what is
    to fail, as "read-error:1%", one text or several; see experiment/faults.py.
    """

    frontend: str = "zswap"
    memory: str = "50%"
    compressor: str = "lz4"
    zpool: str | None = None
    max_pool_percent: int = 20
    accept_threshold_percent: int | None = None
    same_filled_pages_enabled: bool = True
    kernel: str = profiles.DEFAULT_KERNEL
    exclusive_loads: bool = False
    shrinker_enabled: bool = False
    zram_limit: str | None = None
    zram_writeback: str | None = None
    reclaim: str = "lru"
    page_cluster: int = 0
    swap_size: str | None = None
    swap_file: str | None = None
    carry_bytes: bool = True
    engine: str = "auto"
    faults: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be: InvalidArgument or NoEntry names setting, value and choices."""
        row = profiles.profile(self.kernel)
        if self.frontend not in FRONTENDS:
            raise InvalidArgument(f"frontend {self.frontend!r}: allowed are {', '.join(FRONTENDS)}")
        profiles.check_zpool(row, self.driver.type)
        compressor(self.compressor, self.kernel)
        engines.choose(self.engine, 0)
        self.engine_for(0)
        parse_pages(self.memory, MAX_PAGES)
        if self.zram_limit is not None:
            parse_pages(self.zram_limit, MAX_PAGES)
        if self.swap_size is not None:
            parse_pages(self.swap_size, MAX_PAGES)
        if not 0 <= self.page_cluster <= MAX_PAGE_CLUSTER:
            raise InvalidArgument(
                f"page_cluster {self.page_cluster}: allowed is 0 to {MAX_PAGE_CLUSTER}"
            )
        _is_percent("max_pool_percent", self.max_pool_percent)
        if self.accept_threshold_percent is not None:
            _is_percent("accept_threshold_percent", self.accept_threshold_percent)
        self._check_frontend()
        object.__setattr__(self, "faults", texts_of(self.faults))
        has_device = self.frontend != "zram" or self.zram_writeback is not None
        check_faults(self.faults, self.frontend, has_device=has_device)
        self._check_kernel(row)

    def _check_frontend(self) -> None:
        """Refuse settings of another frontend."""
        if self.frontend == "zram" and self.zpool not in (None, "zsmalloc"):
            raise InvalidArgument(f"zpool {self.zpool!r}: zram has zsmalloc")
        if self.zram_writeback is not None:
            self.zram_writeback_mode  # noqa: B018
        for frontend, names in ONLY_OF.items():
            for name in names:
                if getattr(self, name) and self.frontend != frontend:
                    raise InvalidArgument(f"{name} goes with the frontend {frontend}")
        if self.frontend == "zram" and self.swap_file is not None:
            raise InvalidArgument("swap_file: zram has none, it takes its place")
        if self.frontend == "zram" and self.page_cluster:
            raise InvalidArgument("page_cluster: pages from zram are never read ahead")

    def _check_kernel(self, row: profiles.Profile) -> None:
        """Refuse what the kernel has not."""
        if self.exclusive_loads and row.exclusive_loads == profiles.NEVER:
            raise InvalidArgument(f"kernel {self.kernel} has no exclusive_loads; 6.6 and 6.8 have")
        if self.shrinker_enabled and not row.shrinker:
            raise InvalidArgument(f"kernel {self.kernel} has no shrinker; 6.8 and later have")
        if self.accept_threshold_percent is not None and not row.hysteresis:
            raise InvalidArgument(
                f"kernel {self.kernel} has no accept_threshold_percent; 5.10 and later have"
            )
        if not self.same_filled_pages_enabled and row.same_filled != profiles.ANY_WORD:
            raise InvalidArgument(
                f"kernel {self.kernel} has no same_filled_pages_enabled; 5.4 to 6.8 have"
            )

    @property
    def zram_writeback_mode(self) -> tuple[int, int]:
        """The mode of zram's writeback, as the machine's number, and the accesses in between."""
        mode, _, every = (self.zram_writeback or "").partition(":")
        is_number = every.isascii() and every.isdecimal() and len(every) < MAX_DIGITS
        if mode not in MODES or not is_number or not int(every):
            raise InvalidArgument(
                f"zram_writeback {self.zram_writeback!r}: allowed is MODE:ACCESSES, as idle:1000, "
                f"with a mode of {', '.join(MODES)}"
            )
        return MODES[mode], int(every)

    @property
    def warm_key(self) -> str:
        """The name of the machine that is compiled for these settings."""
        return f"run_accesses.{self.frontend}.{self.driver.type}.{self.reclaim}.warm"

    def engine_for(self, accesses: int) -> str:
        """Return the engine for so many accesses. InvalidArgument: it cannot be the compiled one.

        A driver or policy that is a plain class is interpreted.
        """
        if not runs_compiled(self.driver, profiles.profile(self.kernel)):
            return engines.interpreted_only(self.engine, f"zpool {self.driver.type!r}")
        if not reclaim.runs_compiled(reclaim.POLICIES.get(self.reclaim)):
            return engines.interpreted_only(self.engine, f"reclaim policy {self.reclaim!r}")
        return engines.choose(self.engine, accesses, self.warm_key)

    @property
    def driver(self) -> ZpoolDriver:
        """The zpool driver that is asked for, or the kernel's default."""
        default = "zsmalloc" if self.frontend == "zram" else None
        return get_driver(self.zpool or default or profiles.profile(self.kernel).default_zpool)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        return {**asdict(self), "faults": list(self.faults)}


def _is_percent(name: str, value: int) -> None:
    if not 0 <= value <= MAX_PERCENT:
        raise InvalidArgument(f"{name} {value}: allowed is 0 to {MAX_PERCENT}")
