# SPDX-License-Identifier: GPL-2.0-only
"""What pages compress to, as numbers: ratio, mean, percentiles and a histogram of the lengths."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zswapsim.units import PAGE_SIZE

PERCENTILES = (10, 50, 90, 99)
STEP_BYTES = 64
STEPS = PAGE_SIZE // STEP_BYTES

Lengths: TypeAlias = NDArray[np.int32]
"""Bytes of each page, or -errno; above PAGE_SIZE where the kernel passes such a length on."""


def length_numbers(lengths: Lengths) -> dict[str, Any]:
    """Return what is told of the compressed lengths of some pages.

    A page that does not fit into a page stays one, so it counts PAGE_SIZE in ratio, mean and
    percentiles. histogram[i] are pages of 64 * i + 1 to 64 * (i + 1) bytes; with incompressible
    they add up to pages. Percentile p is the smallest length that p % of the pages do not exceed.
    """
    too_long = (lengths < 0) | (lengths > PAGE_SIZE)
    kept = np.where(too_long, PAGE_SIZE, lengths).astype(np.int64)
    steps = (lengths[~too_long].astype(np.int64) - 1) // STEP_BYTES
    pages, total = len(lengths), int(kept.sum())
    ordered = np.sort(kept)
    return {
        "pages": pages,
        "compressed_bytes": total,
        "ratio": pages * PAGE_SIZE / total if total else None,
        "mean_length_bytes": total / pages if pages else None,
        "percentiles": {
            str(percent): int(ordered[max(0, -(-percent * pages // 100) - 1)]) if pages else None
            for percent in PERCENTILES
        },
        "histogram": np.bincount(np.maximum(steps, 0), minlength=STEPS).tolist(),
        "incompressible": int(np.count_nonzero(too_long)),
    }
