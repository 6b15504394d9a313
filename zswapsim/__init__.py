# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim: replay a workload's memory traffic through a simulated Linux compressed swap cache.

Whole runs: Trace, complete, ReplayConfig, replay, Result. By hand: Zswap, Zram, Outcome, SwapFile,
compressor. Against a kernel: verify. Parts: zpool (register a driver), Pool. Errors: ZswapSimError.
"""

TYPE_CHECKING = False  # typing.TYPE_CHECKING would take longer to import than the rest
if TYPE_CHECKING:
    from typing import Any

    from zswapsim.content.compressors import compressor
    from zswapsim.content.swap_file import SwapFile
    from zswapsim.errors import ZswapSimError
    from zswapsim.experiment.by_hand import Outcome, Zswap
    from zswapsim.experiment.config import ReplayConfig
    from zswapsim.experiment.replay import replay
    from zswapsim.experiment.result import Result
    from zswapsim.experiment.verify import verify
    from zswapsim.experiment.zram_by_hand import Zram
    from zswapsim.machine.pools import zpool
    from zswapsim.machine.pools.pool import Pool
    from zswapsim.trace.derive.join import complete
    from zswapsim.trace.trace import Trace

_HOME = {
    "Outcome": "zswapsim.experiment.by_hand",
    "Pool": "zswapsim.machine.pools.pool",
    "ReplayConfig": "zswapsim.experiment.config",
    "Result": "zswapsim.experiment.result",
    "SwapFile": "zswapsim.content.swap_file",
    "Trace": "zswapsim.trace.trace",
    "Zram": "zswapsim.experiment.zram_by_hand",
    "Zswap": "zswapsim.experiment.by_hand",
    "ZswapSimError": "zswapsim.errors",
    "complete": "zswapsim.trace.derive.join",
    "compressor": "zswapsim.content.compressors",
    "replay": "zswapsim.experiment.replay",
    "verify": "zswapsim.experiment.verify",
    "zpool": "zswapsim.machine",
}

__all__ = [
    "Outcome",
    "Pool",
    "ReplayConfig",
    "Result",
    "SwapFile",
    "Trace",
    "Zram",
    "Zswap",
    "ZswapSimError",
    "complete",
    "compressor",
    "replay",
    "verify",
    "zpool",
]


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'zswapsim' has no attribute {name!r}")
    from importlib import import_module

    home = import_module(_HOME[name] if name != "zpool" else "zswapsim.machine.pools.zpool")
    value = home if name == "zpool" else getattr(home, name)
    globals()[name] = value
    return value
