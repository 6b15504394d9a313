# SPDX-License-Identifier: GPL-2.0-only
"""What a replay is told, checked before anything is run."""

from dataclasses import asdict, dataclass
from typing import Any

from zswapsim import profiles
from zswapsim.content.compressors import compressor
from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.machine import zpool
from zswapsim.machine.readahead import MAX_PAGE_CLUSTER
from zswapsim.machine.reclaim import POLICIES
from zswapsim.units import MAX_PAGES, MAX_PERCENT, parse_pages


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayConfig:
    """Settings of one replay; the defaults are those of the command line.

    memory: total RAM of the machine, for resident pages and pool together; a percentage is of the
    trace's footprint. max_pool_percent: of that memory. page_cluster: a page that swap brings in
    brings up to 2 ** page_cluster pages of its neighbourhood along; 0 is no read-ahead, 3 is the
    kernel's default. swap_size: None is room for every page.
    swap_file: path of a swap file to keep, None a temporary one. carry_bytes: compress,
    move and check real bytes.
    """

    memory: str = "50%"
    compressor: str = "lz4"
    zpool: str = "zbud"
    max_pool_percent: int = 20
    accept_threshold_percent: int | None = None
    same_filled: bool = True
    kernel: str = profiles.DEFAULT_KERNEL
    reclaim: str = "lru"
    page_cluster: int = 0
    swap_size: str | None = None
    swap_file: str | None = None
    carry_bytes: bool = True
    engine: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be: InvalidArgument or NoEntry names setting, value and choices."""
        row = profiles.profile(self.kernel)
        driver = zpool.get_driver(self.zpool)
        if driver.type not in row.zpools and zpool.origin(driver.type) == "built in":
            raise NoEntry(f"kernel {self.kernel} has no zpool {self.zpool!r}")
        compressor(self.compressor)
        POLICIES.get(self.reclaim)
        engines.choose(self.engine, 0)
        parse_pages(self.memory, MAX_PAGES)
        if self.swap_size is not None:
            parse_pages(self.swap_size, MAX_PAGES)
        if not 0 <= self.page_cluster <= MAX_PAGE_CLUSTER:
            raise InvalidArgument(
                f"page_cluster {self.page_cluster}: allowed is 0 to {MAX_PAGE_CLUSTER}"
            )
        _is_percent("max_pool_percent", self.max_pool_percent)
        if self.accept_threshold_percent is not None:
            _is_percent("accept_threshold_percent", self.accept_threshold_percent)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        return asdict(self)


def _is_percent(name: str, value: int) -> None:
    if not 0 <= value <= MAX_PERCENT:
        raise InvalidArgument(f"{name} {value}: allowed is 0 to {MAX_PERCENT}")
