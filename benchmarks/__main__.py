# SPDX-License-Identifier: GPL-2.0-only
"""python -m benchmarks [--save | --check] [NAME...]: run benchmarks, all short ones unless named.

--save keeps the figures in benchmarks/figures.json and docs/speed.md, whose picture `python -m
docs.pictures` draws anew; --check fails, with 1, if one is more than 15 %
worse than there.
"""

import sys
from importlib import import_module

from benchmarks import figures
from benchmarks.measure import FIGURES

NAMES = (
    "startup",
    "replay_bytes",
    "resident_hits",
    "swapping",
    "compression",
    "cold_start",
    "compressors",
    "drivers",
    "analysis",
    "curve",
    "readers",
    "conversion",
    "sweep",
)

LONG_NAMES = (
    "growth",
    "long_sweep",
    "long_replay",
    "long_analysis",
    "long_conversion",
    "record",
    "soak",
)


def main(words: list[str]) -> int:
    """Run what is named; return the exit code."""
    named = [word for word in words if not word.startswith("--")]
    for word in words:
        if word not in (*NAMES, *LONG_NAMES, "--save", "--check"):
            print(f"no benchmark {word!r}; there are {', '.join(NAMES + LONG_NAMES)}")
            return 2
    for name in named or NAMES:
        import_module(f"benchmarks.{name}").main()
    if "--save" in words:
        figures.save(FIGURES)
        figures.write_page()
    return figures.check(FIGURES) if "--check" in words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
