# SPDX-License-Identifier: GPL-2.0-only
"""Made-up traces and page contents, the same for the same seed on every machine.

For tests, benchmarks and first looks: their compression ratios and locality are nobody's workload.
Read accesses, contents, trace, zipf.
"""

from zswapsim.trace.synthetic.accesses import synthetic_accesses
from zswapsim.trace.synthetic.contents import (
    DEFAULT_MIX,
    mix_contents,
    mix_pages,
    parse_mix,
    random_contents,
)
from zswapsim.trace.synthetic.trace import synthetic_trace
from zswapsim.trace.synthetic.zipf import zipf

__all__ = [
    "DEFAULT_MIX",
    "mix_contents",
    "mix_pages",
    "parse_mix",
    "random_contents",
    "synthetic_accesses",
    "synthetic_trace",
    "zipf",
]
