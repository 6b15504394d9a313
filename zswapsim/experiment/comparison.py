# SPDX-License-Identifier: GPL-2.0-only
"""Several configurations over one trace: what a person writes for one, and what each of them does.

    NAME: FRONTEND,SETTING=VALUE,...     as  small pool: zswap,compressor=zstd,max_pool_percent=10

Without a name the text is the name; of `none` it is plain swap. Settings are ReplayConfig's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument, NoEntry, ZswapSimError
from zswapsim.experiment.assertions import RESULT_NAMES
from zswapsim.experiment.config import FRONTENDS, ReplayConfig
from zswapsim.experiment.costs import Costs, cost_of
from zswapsim.experiment.faults import NAMES as FAULT_NAMES
from zswapsim.experiment.faults import fitting
from zswapsim.experiment.machines import memory_pages
from zswapsim.experiment.measured_costs import settled
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.sensitivity import sensitivity
from zswapsim.experiment.workload import Workload, page_store
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace

DEFAULT_CONFIGS = ("plain swap: none", "zswap: zswap", "zram: zram")

MOST = 24
NOT_HERE = {"frontend", "carry_bytes", "swap_file", "engine"}
SETTINGS = {field.name: field for field in fields(ReplayConfig) if field.name not in NOT_HERE}
NOT_ZRAM = ("page_cluster",)
_SWITCH = {"on": True, "off": False, "yes": True, "no": False, "y": True, "n": False}
_SWITCH |= {"true": True, "false": False, "1": True, "0": False}
LEAST = 2
_COMPRESSION = ("ratio", "compressions", "decompressions", "writeback_decompressions")
_UNTOLD = ("carry_bytes", "swap_file", "engine")
UNNAMED = {"none": "plain swap"}

ROW_NAMES = (
    *("cpu_seconds", "device_seconds", "stall_seconds", "device_reads", "device_writes"),
    *("saved_pages", "peak_saved_pages"),
    *(f"stall_{part}_seconds" for part in ("trap", "decompress", "read", "reclaim")),
    *(name for section in ("zswap", "zram", "vmstat", "memory") for name in RESULT_NAMES[section]),
    *_COMPRESSION,
    *FAULT_NAMES,
)
"""The numbers of flat_rows, before there are any."""


@dataclass(frozen=True, slots=True)
class Named:
    """A configuration and what a person calls it."""

    name: str
    config: ReplayConfig


def parse_configs(texts: Sequence[str], shared: Mapping[str, Any] | None = None) -> list[Named]:
    """Return the configurations that texts mean. InvalidArgument or NoEntry names text and fault.

    shared: settings of all that do not have them themselves; zram passes over read-ahead, and each
    frontend over faults that it does not have.
    """
    if not LEAST <= len(texts) <= MOST:
        raise InvalidArgument(f"{len(texts)} configurations; allowed are {LEAST} to {MOST}")
    configs = [parse_config(text, shared) for text in texts]
    names = [one.name for one in configs]
    for name in names:
        if names.count(name) > 1:
            raise InvalidArgument(f"two configurations are called {name!r}; give them names, NAME:")
    return configs


def parse_config(text: str, shared: Mapping[str, Any] | None = None) -> Named:
    """Return the configuration that a text means, as parse_configs."""
    head, colon, rest = text.partition(":")
    begins_one = rest.partition(",")[0].strip() in FRONTENDS
    has_name = bool(colon) and (begins_one or not any(mark in head for mark in "=,"))
    name, told = (head, rest) if has_name else (UNNAMED.get(text.strip(), text), text)
    name = name.strip()
    frontend, *words = (word.strip() for word in told.split(","))
    if not name:
        raise InvalidArgument(f"{text!r}: the name is empty")
    if frontend not in FRONTENDS:
        raise NoEntry(f"{text!r}: no frontend {frontend!r}; there are {', '.join(FRONTENDS)}")
    given = {key: value for key, value in (shared or {}).items() if value is not None}
    if frontend == "zram":
        given = {key: value for key, value in given.items() if key not in NOT_ZRAM}
    own: dict[str, Any] = {}
    for word in words:
        key, value = _setting(text, word)
        if key in own:
            raise InvalidArgument(f"{text!r}: {key} is set twice")
        own[key] = value
    if "faults" in given:
        has_device = frontend != "zram" or "zram_writeback" in own
        given["faults"] = fitting(given["faults"], frontend, has_device=has_device)
    try:
        return Named(name, ReplayConfig(**{**given, **own, "frontend": frontend}))
    except ZswapSimError as error:
        raise InvalidArgument(f"{text!r}: {error}") from None


def _setting(text: str, word: str) -> tuple[str, Any]:
    """Return name and value of a setting."""
    key, equals, value = (part.strip() for part in word.partition("="))
    key = key.replace("-", "_")
    key = "faults" if key == "fault" else key  # as the option is called
    if not equals or not value:
        raise InvalidArgument(f"{text!r}: {word!r} is no setting; allowed is SETTING=VALUE")
    if key not in SETTINGS:
        raise NoEntry(f"{text!r}: no setting {key!r}; there are {', '.join(SETTINGS)}")
    kind = SETTINGS[key].type
    if kind in (bool, "bool"):
        if value.lower() not in _SWITCH:
            raise InvalidArgument(f"{text!r}: {key} {value!r}: allowed are on and off")
        return key, _SWITCH[value.lower()]
    if "int" in str(kind):
        if not (value.isascii() and value.isdecimal() and len(value) < len(str(1 << 60))):
            raise InvalidArgument(f"{text!r}: {key} {value!r}: allowed is a whole number")
        return key, int(value)
    return key, value


def compare(
    trace: Trace,
    configs: Sequence[Named],
    costs: Costs | None = None,
    *,
    measure: bool = False,
    with_sensitivity: bool = False,
    pictures: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run a trace, which has contents, under each configuration; return what `--json` prints.

    measure: the costs of all compressors, not only of those that have none. pictures: as replay.
    """
    for named in configs:
        memory_pages(named.config, trace.footprint_pages)
    kernels = {one.config.compressor: one.config.kernel for one in reversed(configs)}
    kernel_of = {spec: kernels[spec] for spec in _compressors(configs)}
    costs = settled(costs or Costs(), kernel_of, trace, progress, measure=measure)
    workload = Workload.of(trace)
    pages = page_store(trace, keep_bytes=0)
    results: list[dict[str, Any]] = []
    for named in configs:
        workload.compress(pages, compressor(named.config.compressor, named.config.kernel), progress)
        result = run_workload(workload, named.config, progress=progress, pictures=pictures)
        told = result.to_dict()
        results.append({"name": named.name, "result": told, "cost": cost_of(told, costs)})
    return {
        "kind": "compare",
        "trace": trace.info(),
        "costs": costs.to_dict(_compressors(configs)),
        "results": results,
        "sensitivity": sensitivity(results, costs) if with_sensitivity else None,
        "best": ranking(results)[0],
    }


def ranking(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return names, that which waits least first; what did not fit into memory comes last."""
    ranked = sorted(
        results,
        key=lambda one: (
            one["result"]["memory"]["over_limit"] > 0,
            one["cost"]["stall_seconds"],
            one["cost"]["device_writes"],
        ),
    )
    return [one["name"] for one in ranked]


def flat_rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each result of a comparison: name, settings, counters, costs.

    All rows have all columns; what a configuration has not is None.
    """
    rows = [_flat(one) for one in told["results"]]
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _flat(compared: Mapping[str, Any]) -> dict[str, Any]:
    result, cost = compared["result"], compared["cost"]
    parts = {f"stall_{name}_seconds": seconds for name, seconds in cost["stall"].items()}
    return {
        "name": compared["name"],
        "trace": result["trace"]["name"],
        **{name: value for name, value in result["config"].items() if name not in _UNTOLD},
        **{name: value for name, value in cost.items() if name != "stall"},
        **parts,
        **result["memory"],
        **result["vmstat"],
        **result["zswap"],
        **result["zram"],
        **{name: result["compression"][name] for name in _COMPRESSION},
        **{name: result["faults"][name] for name in FAULT_NAMES},
        "faults": " ".join(result["config"]["faults"]),
    }


def _compressors(configs: Sequence[Named]) -> list[str]:
    """Return the compressors that are used at all, each once."""
    used = [one.config.compressor for one in configs if one.config.frontend != "none"]
    return list(dict.fromkeys(used))
