# SPDX-License-Identifier: GPL-2.0-only
"""Which compressor, which pool, and what would 1 GiB hold? Measured on given pages, no replay.

Read in this order: pages (what is looked at), lengths, speeds, fills (of pools), measure, result.
"""

from zswapsim.experiment.ratio.measure import RatioConfig, measure_ratio, measure_ratios
from zswapsim.experiment.ratio.pages import PageSet, pages_of_bytes, pages_of_trace
from zswapsim.experiment.ratio.result import RatioResult

__all__ = [
    "PageSet",
    "RatioConfig",
    "RatioResult",
    "measure_ratio",
    "measure_ratios",
    "pages_of_bytes",
    "pages_of_trace",
]
