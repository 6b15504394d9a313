# SPDX-License-Identifier: GPL-2.0-only
"""Small results of every kind, to make reports of; names that would do harm where not escaped."""

import copy
import random
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from zswapsim import ReplayConfig, replay
from zswapsim.experiment.comparison import compare, parse_configs
from zswapsim.experiment.costs import Costs
from zswapsim.experiment.host import host_facts, read_host
from zswapsim.experiment.ratio import RatioConfig, measure_ratios, pages_of_bytes
from zswapsim.experiment.recommend import RecommendConfig, recommend
from zswapsim.experiment.sweep.rows import error_row, row_of
from zswapsim.trace.analysis.curve import curve_facts
from zswapsim.trace.synthetic import random_contents, zipf

HOSTILE = "</script><script>alert(1)</script><!--<b>&amp;%{x}\u2028\u202e\x1b[31m\udc80\"'"
"""A name that ends scripts, starts comments, and is markup, a template, a control or no text."""

HOST = Path(__file__).parent / "samples" / "host" / "both.tar.gz"

FRONTENDS: dict[str, dict[str, Any]] = {
    "zbud": {"kernel": "5.4"},
    "z3fold": {"kernel": "6.1", "zpool": "z3fold"},
    "zsmalloc": {"kernel": "6.12", "page_cluster": 3},
    "zram": {"frontend": "zram", "zram_writeback": "huge:1000"},
    "none": {"frontend": "none"},
}


@cache
def _replayed(name: str) -> dict[str, Any]:
    trace = zipf(6000, 200, 0.8, contents=random_contents(60))
    config = ReplayConfig(**{"memory": "40%", "engine": "interpreted", **FRONTENDS[name]})
    return replay(trace, config, pictures=True).to_dict()


def replay_result(name: str = "zbud") -> dict[str, Any]:
    """Return a result of replay."""
    return copy.deepcopy(_replayed(name))


def _memory(seed: int) -> bytes:
    drawn = random.Random(seed)
    pages = [drawn.randbytes(drawn.randrange(4096)) + b"zswap " * 700 for _ in range(60)]
    return b"".join(page[:4096] for page in pages)


@cache
def _measured() -> dict[str, Any]:
    config = RatioConfig(timed=True, compressors=["lz4", "zstd"])
    some = [pages_of_bytes(_memory(seed), name=f"memory {seed}") for seed in range(2)]
    told = [result.to_dict() for result in measure_ratios(some, config)]
    return {"inputs": told[:-1], "total": told[-1]}


def ratio_result() -> dict[str, Any]:
    """Return what ratio prints of two inputs."""
    return copy.deepcopy(_measured())


@cache
def _rows() -> list[dict[str, Any]]:
    trace = zipf(3000, 200, 0.8, contents=random_contents(60))
    rows = []
    for zpool in ("zbud", "zsmalloc"):
        for percent in (5, 20, 40):
            for memory in ("30%", "60%"):
                config = ReplayConfig(
                    zpool=zpool,
                    max_pool_percent=percent,
                    memory=memory,
                    engine="interpreted",
                    carry_bytes=False,
                )
                result = replay(trace, config)
                key = f"{zpool}-{percent}-{memory}"
                rows.append(row_of(key, config.to_dict(), result, Costs()))
    settings = ReplayConfig(zpool="zbud").to_dict() | {"zpool": "<b>zbad"}
    rows.append(error_row("bad", trace.info(), settings, "no zpool '<b>zbad'"))
    return rows


def sweep_result() -> dict[str, Any]:
    """Return the rows of a sweep."""
    return {"kind": "sweep", "rows": copy.deepcopy(_rows())}


@cache
def _compared() -> dict[str, Any]:
    trace = zipf(6000, 200, 0.8, contents=random_contents(60))
    named = parse_configs(
        ["plain swap: none", "zbud: zswap,zpool=zbud,kernel=5.4", "zram: zram,kernel=6.1"],
        {"memory": "40%", "compressor": "lz4"},
    )
    return compare(trace, named, with_sensitivity=True, pictures=True)


def compare_result() -> dict[str, Any]:
    """Return what compare prints."""
    return copy.deepcopy(_compared())


@cache
def _recommended() -> dict[str, Any]:
    trace = zipf(6000, 200, 0.8, contents=random_contents(60))
    config = RecommendConfig(
        memory="40%", compressors=["lz4"], kernel="6.1", copies=1, engine="interpreted"
    )
    return recommend(trace, config)


def recommend_result() -> dict[str, Any]:
    """Return what recommend prints."""
    return copy.deepcopy(_recommended())


@cache
def _looked_at() -> dict[str, Any]:
    return host_facts(read_host(HOST))


def host_result() -> dict[str, Any]:
    """Return what host prints of a machine that uses zswap."""
    return copy.deepcopy(_looked_at())


@cache
def _drawn() -> dict[str, Any]:
    return curve_facts(zipf(9000, 500, 0.8), rate=0.3, engine="interpreted")


def curve_result() -> dict[str, Any]:
    """Return what trace curve prints of a sample."""
    return copy.deepcopy(_drawn())


RESULTS: dict[str, Callable[[], dict[str, Any]]] = {
    **{name: partial(replay_result, name) for name in FRONTENDS},
    "ratio": ratio_result,
    "sweep": sweep_result,
    "compare": compare_result,
    "recommend": recommend_result,
    "host": host_result,
    "curve": curve_result,
}
"""Who makes a result of each kind, by a name: what tests are told by, and most need but one of."""


def every_result() -> dict[str, dict[str, Any]]:
    """Return results of every kind, by a name."""
    return {name: make() for name, make in RESULTS.items()}


def hostile(data: Any) -> Any:
    """Return a result in which every text that a file may name is HOSTILE."""
    if isinstance(data, dict):
        return {
            key: HOSTILE if key in NAMES and isinstance(value, str) else hostile(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [hostile(value) for value in data]
    return data


NAMES = {
    *("name", "program", "what", "accesses_from", "contents_from", "library", "how"),
    *("compressor", "zpool", "unit", "error", "device", "reclaim", "best", "says", "where"),
    *("text", "answer", "about", "helps", "from"),
}
