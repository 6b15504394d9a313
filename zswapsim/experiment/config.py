# SPDX-License-Identifier: GPL-2.0-only
"""What a replay is told, checked before anything is run."""

from dataclasses import asdict, dataclass
from typing import Any

from zswapsim import profiles
from zswapsim.content.compressors import compressor
from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument
from zswapsim.machine.reclaim import POLICIES
from zswapsim.machine.zpool import ZpoolDriver, get_driver
from zswapsim.units import MAX_PAGES, MAX_PERCENT, parse_pages


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayConfig:
    """Settings of one replay; the defaults are those of the command line.

    memory: total RAM of the machine, for resident pages and pool together; a percentage is of the
    trace's footprint. zpool: None is the kernel's default. max_pool_percent: of that memory.
    exclusive_loads: a load takes the page out of zswap (6.6, 6.8; later kernels always do so).
    shrinker: reclaim asks zswap for writeback (from 6.8 on). swap_size: None is room for every
    page. swap_file: path of a swap file to keep, None a temporary one. carry_bytes: compress, move
    and check real bytes.
    """

    memory: str = "50%"
    compressor: str = "lz4"
    zpool: str | None = None
    max_pool_percent: int = 20
    accept_threshold_percent: int | None = None
    same_filled: bool = True
    kernel: str = profiles.DEFAULT_KERNEL
    exclusive_loads: bool = False
    shrinker: bool = False
    reclaim: str = "lru"
    swap_size: str | None = None
    swap_file: str | None = None
    carry_bytes: bool = True
    engine: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be: InvalidArgument or NoEntry names setting, value and choices."""
        row = profiles.profile(self.kernel)
        profiles.check_zpool(row, self.driver.type)
        if self.exclusive_loads and row.exclusive_loads == profiles.NEVER:
            raise InvalidArgument(f"kernel {self.kernel} has no exclusive_loads; 6.6 and 6.8 have")
        if self.shrinker and not row.shrinker:
            raise InvalidArgument(f"kernel {self.kernel} has no shrinker; 6.8 and later have")
        compressor(self.compressor, self.kernel)
        POLICIES.get(self.reclaim)
        engines.choose(self.engine, 0)
        parse_pages(self.memory, MAX_PAGES)
        if self.swap_size is not None:
            parse_pages(self.swap_size, MAX_PAGES)
        _is_percent("max_pool_percent", self.max_pool_percent)
        if self.accept_threshold_percent is not None:
            _is_percent("accept_threshold_percent", self.accept_threshold_percent)

    @property
    def driver(self) -> ZpoolDriver:
        """The zpool driver that is asked for, or the kernel's default."""
        return get_driver(self.zpool or profiles.profile(self.kernel).default_zpool)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON can hold them."""
        return asdict(self)


def _is_percent(name: str, value: int) -> None:
    if not 0 <= value <= MAX_PERCENT:
        raise InvalidArgument(f"{name} {value}: allowed is 0 to {MAX_PERCENT}")
