# SPDX-License-Identifier: GPL-2.0-only
"""Measures pages with several compressors and pools: one result for each input, and a total."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zswapsim.content.compressors import Compressor, compressor
from zswapsim.content.page_store import PageStore
from zswapsim.content.same_filled import SAME_FILLED, ZERO_FILLED
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.ratio.fills import pool_numbers, row_of_pool
from zswapsim.experiment.ratio.lengths import Lengths, length_numbers
from zswapsim.experiment.ratio.pages import DEFAULT_SAMPLE_PAGES, PageSet, pages_of_trace
from zswapsim.experiment.ratio.result import RatioResult
from zswapsim.experiment.ratio.speeds import (
    HOW,
    ROUNDS,
    TIMED_PAGES,
    Speed,
    affordable_pages,
    measure_speeds,
)
from zswapsim.machine.pools import zpool
from zswapsim.profiles import DEFAULT_KERNEL, NEVER, ZERO_IN_CORE, Profile, profile
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace

DEFAULT_COMPRESSORS = ("lz4", "lzo-rle", "zstd")
DEFAULT_ZPOOLS = ("zbud", "z3fold", "zsmalloc")
TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioConfig:
    """What to measure.

    compressors: specs, as "zstd:5"; zpools: each as that kernel has it, or the nearest that had it;
    kernel: whose parameters the compressors take, and which pages it keeps out of the pool;
    sample_pages: of a trace, at most; seed: of what is drawn; timed: whether speeds are measured,
    without which the result is always the same; pool_percent: share of memory for ram_ratio.
    """

    compressors: Sequence[str] = DEFAULT_COMPRESSORS
    zpools: Sequence[str] = DEFAULT_ZPOOLS
    kernel: str = DEFAULT_KERNEL
    sample_pages: int = DEFAULT_SAMPLE_PAGES
    seed: int = 0
    timed: bool = True
    pool_percent: int = 20


@dataclass(frozen=True, slots=True)
class _Codec:
    label: str
    made: Compressor


@dataclass(frozen=True, slots=True)
class _Measured:
    """What was found of one input. lengths: of each compressor, of the pages that need room.

    timed: pages for the speeds, in an order that was drawn.
    """

    name: str
    what: str
    pages: dict[str, Any]
    lengths: list[Lengths]
    timed: list[bytes]


def measure_ratio(
    pages: PageSet | Trace, config: RatioConfig | None = None, progress: Progress | None = None
) -> RatioResult:
    """Measure one input; InvalidArgument and NoEntry say what is wrong with the configuration."""
    return measure_ratios([pages], config, progress)[0]


def measure_ratios(
    inputs: Sequence[PageSet | Trace],
    config: RatioConfig | None = None,
    progress: Progress | None = None,
) -> list[RatioResult]:
    """Measure several inputs; return a result for each and, of two and more, for all together."""
    asked = config or RatioConfig()
    row = profile(asked.kernel)
    codecs = _codecs(asked)
    for type_ in asked.zpools:
        zpool.get_driver(type_)
    measured = [
        _measure(_page_set(given, asked), codecs, row, asked.seed, progress) for given in inputs
    ]
    if len(measured) > 1:
        measured.append(_total(measured))
    tell = _counting(progress, len(measured) * len(codecs) * len(asked.zpools))
    results = []
    for one in measured:
        timing, speeds = _speeds(one, codecs, asked, progress)
        result = RatioResult(
            name=one.name,
            what=one.what,
            pages=one.pages,
            config={"kernel": row.kernel, "seed": asked.seed, "pool_percent": asked.pool_percent},
            compressors=_compressors(one, codecs, speeds),
            pools=_pools(one, codecs, row, asked, tell),
            timing=timing,
        )
        results.append(result)
    return results


def label_of(codec: Compressor) -> str:
    """Return a compressor's name, with its settings where they are not the kernel's."""
    first = next(iter(codec.options), "")
    told = [
        f"{value}" if key == first else f"{key}={value}"
        for key, value in codec.settings.items()
        if value != codec.options[key].default
    ]
    return f"{codec.name}:{','.join(told)}" if told else codec.name


def _codecs(config: RatioConfig) -> list[_Codec]:
    """Return the compressors, each once. InvalidArgument if there is none."""
    if not config.compressors:
        raise InvalidArgument("no compressor to measure")
    made = [compressor(spec, config.kernel) for spec in config.compressors]
    return list({label_of(one): _Codec(label_of(one), one) for one in made}.values())


def _page_set(given: PageSet | Trace, config: RatioConfig) -> PageSet:
    if isinstance(given, PageSet):
        return given
    return pages_of_trace(given, sample_pages=config.sample_pages, seed=config.seed)


def _measure(
    pages: PageSet, codecs: list[_Codec], row: Profile, seed: int, progress: Progress | None
) -> _Measured:
    """Compress the distinct pages; the lengths are of all that need room, in file order."""
    kinds = pages.kinds[pages.content]
    content = pages.content[_need_room(kinds, row)]
    store = PageStore(pages.contents, pages.distinct, keep_bytes=0)
    lengths = []
    for codec in codecs:
        follow = None if progress is None else partial(progress, f"{pages.name}: {codec.label}")
        lengths.append(store.lengths(codec.made, follow)[content])
    drawn = np.random.RandomState(seed).permutation(len(content))[:TIMED_PAGES]
    counts = {
        "measured": len(pages),
        "of": max(pages.of, len(pages)),
        "unit": pages.unit,
        "distinct": pages.distinct,
        "zero": int(np.count_nonzero(kinds == ZERO_FILLED)),
        "same_filled": int(np.count_nonzero(kinds == SAME_FILLED)),
        "need_room": len(content),
        "padded_bytes": pages.padded_bytes,
    }
    timed = [pages.page(number) for number in content[drawn].tolist()]
    return _Measured(pages.name, pages.what, counts, lengths, timed)


def _need_room(kinds: NDArray[np.uint8], row: Profile) -> NDArray[np.bool_]:
    """Say which pages the kernel compresses, the others being kept as a word or not at all."""
    if row.same_filled == NEVER:
        return np.ones(len(kinds), np.bool_)
    return np.not_equal(kinds, ZERO_FILLED) if row.same_filled == ZERO_IN_CORE else kinds == 0


def _total(measured: list[_Measured]) -> _Measured:
    """Return all inputs as one, the pages of each after those of the one before."""
    pages: dict[str, Any] = {
        key: sum(one.pages[key] for one in measured)
        for key, value in measured[0].pages.items()
        if isinstance(value, int)
    }
    units = {one.pages["unit"] for one in measured}
    pages["unit"] = units.pop() if len(units) == 1 else "pages"
    of = max(1, pages["need_room"])
    timed = [
        page
        for one in measured
        for page in one.timed[: -(-TIMED_PAGES * one.pages["need_room"] // of)]
    ]
    columns = zip(*(one.lengths for one in measured), strict=True)
    lengths = [np.concatenate(column) for column in columns]
    return _Measured(TOTAL, f"{len(measured)} inputs", pages, lengths, timed[:TIMED_PAGES])


def _speeds(
    measured: _Measured, codecs: list[_Codec], config: RatioConfig, progress: Progress | None
) -> tuple[dict[str, Any] | None, Sequence[Speed | None]]:
    """Return how speeds were measured, and those of each compressor; None if they were not."""
    if not config.timed or not measured.timed:
        return None, [None] * len(codecs)
    made = [codec.made for codec in codecs]
    pages = affordable_pages(made, measured.timed)
    speeds = measure_speeds(made, pages, progress=progress)
    return {"pages": len(pages), "rounds": ROUNDS, "how": HOW}, speeds


def _compressors(
    measured: _Measured, codecs: list[_Codec], speeds: Sequence[Speed | None]
) -> list[dict[str, Any]]:
    """Return what is told of each compressor."""
    return [
        {
            "name": codec.label,
            "version": codec.made.version,
            **length_numbers(lengths),
            "speed": speed,
        }
        for codec, lengths, speed in zip(codecs, measured.lengths, speeds, strict=True)
    ]


def _pools(
    measured: _Measured,
    codecs: list[_Codec],
    row: Profile,
    config: RatioConfig,
    tell: Callable[[], None],
) -> list[dict[str, Any]]:
    """Return what each pool makes of the lengths of each compressor."""
    free = measured.pages["measured"] - measured.pages["need_room"]
    amount = 2 * len(codecs) * measured.pages["need_room"]
    told = []
    for codec, lengths in zip(codecs, measured.lengths, strict=True):
        for type_ in config.zpools:
            numbers = pool_numbers(
                type_,
                row_of_pool(type_, row),
                lengths,
                free,
                seed=config.seed,
                pool_percent=config.pool_percent,
                amount=amount,
            )
            told.append({"compressor": codec.label, **numbers})
            tell()
    return told


def _counting(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return what tells of one pool more that was filled."""
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("fill pools", done, total)

    return tell
