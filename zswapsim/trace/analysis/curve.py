# SPDX-License-Identifier: GPL-2.0-only
"""The miss-ratio curve of a trace as plain data: faults of exact LRU by memory, and their error."""

from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.progress import Progress
from zswapsim.trace.analysis.reuse import ReuseDistances, reuse_distances
from zswapsim.trace.analysis.shards import ABSOLUTE, TRUST, SampledDistances, sampled_distances
from zswapsim.trace.trace import Trace
from zswapsim.units import parse_pages

PARTS = (50, 90, 99)
"""Percents of the repeated accesses, of which is said in how much memory they hit."""


def curve_facts(
    trace: Trace,
    *,
    memory: Sequence[str] | None = None,
    rate: float | None = None,
    sample_pages: int | None = None,
    seed: int = 0,
    engine: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the curve of a trace, JSON-able; points has a row a size.

    memory: sizes such as 64M, 300p or 10% of the footprint, each hundredth unless given. rate,
    sample_pages, seed: see sampled_distances; exact without. InvalidArgument as that and
    parse_pages say.
    """
    sizes = _sizes(trace.footprint_pages, memory)
    found: ReuseDistances | SampledDistances
    if rate is None and sample_pages is None:
        found = reuse_distances(trace, engine=engine, progress=progress)
        faults = np.array([found.faults(size) for size in sizes], np.int64)
        errors = np.zeros(len(sizes))
    else:
        found = sampled_distances(
            trace, rate=rate, pages=sample_pages, seed=seed, engine=engine, progress=progress
        )
        faults, errors = found.faults(sizes), found.errors(sizes)
    return {
        "kind": "curve",
        "trace": {
            "name": trace.name,
            "accesses": trace.accesses,
            "footprint_pages": trace.footprint_pages,
            "freed": trace.counts.freed,
        },
        "sample": _sample(found, errors, seed),
        "points": _points(sizes, faults, errors, trace),
        "quantiles": {str(part): found.quantile(part / 100) for part in PARTS},
    }


def _sizes(footprint: int, memory: Sequence[str] | None) -> list[int]:
    """Return memory sizes in pages, each once, the least first."""
    if memory is not None:
        return sorted({parse_pages(text, footprint) for text in memory})
    return sorted({max(1, footprint * percent // 100) for percent in range(1, 101) if footprint})


def _points(
    sizes: Sequence[int],
    faults: npt.NDArray[np.int64],
    errors: npt.NDArray[np.float64],
    trace: Trace,
) -> list[dict[str, Any]]:
    accesses, footprint = max(1, trace.accesses), max(1, trace.footprint_pages)
    return [
        {
            "percent": round(100 * size / footprint, 2),
            "memory_pages": size,
            "faults": count,
            "miss_ratio": round(count / accesses, 9),
            "plus_minus": None if isnan(error) else round(TRUST * error / accesses, 9),
        }
        for size, count, error in zip(sizes, faults.tolist(), errors.tolist(), strict=True)
    ]


def _sample(
    found: ReuseDistances | SampledDistances, errors: npt.NDArray[np.float64], seed: int
) -> dict[str, Any] | None:
    """Return what was measured, and how far off the miss ratio is on average; None for all.

    clear_pages: with less memory, a point has no plus_minus, and the average is without it.
    """
    if isinstance(found, ReuseDistances):
        return None
    known = errors[~np.isnan(errors)]
    mean = ABSOLUTE * float(known.mean()) / max(1, found.accesses) if len(known) else None
    return {
        "pages": found.sampled_pages,
        "accesses": found.sampled_accesses,
        "rate": round(found.rate, 9),
        "seed": seed,
        "clear_pages": found.clear_pages,
        "mean_absolute_error": None if mean is None else round(mean, 9),
    }
