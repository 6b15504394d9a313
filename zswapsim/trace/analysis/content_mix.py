# SPDX-License-Identifier: GPL-2.0-only
"""What kinds of contents the pages of a trace hold, from a sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zswapsim.trace.analysis.kinds import KINDS, kinds_of
from zswapsim.trace.trace import Trace
from zswapsim.units import FREED, PAGE_SIZE

SAMPLE = 20_000
_SEED = 0
_AT_A_TIME = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentMix:
    """How many of the sampled contents are of each kind. of: how many there are to sample.

    counts: by name of kind, see kinds.py, in that order; they add up to sampled.
    """

    sampled: int
    of: int
    counts: dict[str, int]


def content_mix(trace: Trace, sample: int = SAMPLE) -> ContentMix:
    """Look at what pages held, version by version: a content that many pages had counts as often.

    At most `sample` versions are looked at, drawn without replacement, the same ones each time.
    A trace whose contents belong to no page has each of them looked at once.
    """
    content = trace.versions[2]
    held = content[content != FREED]
    if not len(held):
        held = np.arange(trace.contents_count, dtype=np.uint32)
    of = len(held)
    if of > sample:
        held = held[_draw(of, sample)]
    used, times = np.unique(held, return_counts=True)
    counts = np.zeros(len(KINDS), np.int64)
    for start in range(0, len(used), _AT_A_TIME):
        kinds = kinds_of(contents_of(trace, used[start : start + _AT_A_TIME].tolist()))
        np.add.at(counts, kinds, times[start : start + _AT_A_TIME])
    return ContentMix(
        sampled=len(held), of=of, counts=dict(zip(KINDS, counts.tolist(), strict=True))
    )


def contents_of(
    trace: Trace, numbers: Sequence[int]
) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """Return some contents by their numbers: uint8 (n, PAGE_SIZE)."""
    whole = trace.contents_bytes
    pages = b"".join(whole[number * PAGE_SIZE : (number + 1) * PAGE_SIZE] for number in numbers)
    return np.frombuffer(pages, np.uint8).reshape(len(numbers), PAGE_SIZE)


def _draw(of: int, count: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return count different numbers below of, one from each of count equal stretches."""
    random = np.random.RandomState(_SEED)
    starts = np.arange(count) * of // count
    ends = (np.arange(count) + 1) * of // count
    return starts + (random.random_sample(count) * (ends - starts)).astype(np.int64)
