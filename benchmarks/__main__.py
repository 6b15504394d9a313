# SPDX-License-Identifier: GPL-2.0-only
"""python -m benchmarks [NAME...]: run benchmarks, all short ones unless named."""

import sys
from importlib import import_module

NAMES = (
    "startup",
    "replay_bytes",
    "resident_hits",
    "swapping",
    "cold_start",
    "compressors",
    "drivers",
    "analysis",
    "curve",
    "readers",
    "conversion",
    "sweep",
)

LONG_NAMES = ("long_replay", "long_analysis", "long_conversion", "record", "soak")

for name in sys.argv[1:] or NAMES:
    if name not in NAMES + LONG_NAMES:
        sys.exit(f"no benchmark {name!r}; there are {', '.join(NAMES + LONG_NAMES)}")
    import_module(f"benchmarks.{name}").main()
