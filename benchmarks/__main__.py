# SPDX-License-Identifier: GPL-2.0-only
"""python -m benchmarks [NAME...]: run benchmarks and print their ratios."""

import sys
from importlib import import_module

NAMES = ("startup", "replay_bytes", "resident_hits", "cold_start", "compressors", "drivers")

for name in sys.argv[1:] or NAMES:
    if name not in NAMES:
        sys.exit(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
    import_module(f"benchmarks.{name}").main()
