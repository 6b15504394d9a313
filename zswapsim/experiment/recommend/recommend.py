# SPDX-License-Identifier: GPL-2.0-only
"""From a trace, a size of memory and a device to the settings that make a program wait least."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.config import FRONTENDS
from zswapsim.experiment.costs import Costs, cost_of
from zswapsim.experiment.measured_costs import settled
from zswapsim.experiment.recommend.copies import LARGE_PAGES, copies_for, side_by_side
from zswapsim.experiment.recommend.paste import snippets
from zswapsim.experiment.recommend.reasons import reasons, waits
from zswapsim.experiment.recommend.running import Stop
from zswapsim.experiment.recommend.search import (
    EQUAL_PERCENT,
    Run,
    Search,
    pick,
)
from zswapsim.experiment.recommend.space import Cell, make_space
from zswapsim.experiment.workload import Workload, page_store
from zswapsim.profiles import CURRENT_KERNEL
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace
from zswapsim.units import MAX_PAGES, format_pages, parse_pages

SCALES = (0.5, 2.0)
"""How wrong the times of device and CPU may be: half, twice."""

FEW_FAULTS = 200
COUNTERS = ("pgmajfault", "zswpin", "zswpout", "pswpin", "pswpout")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendConfig:
    """What is asked. memory: as ReplayConfig's. max_cpu_percent: CPU time for swapping, as a

    percentage of the time that plain swap waits; None for any. frontends, compressors, zpools: to
    search among, None for all that the kernel has. copies: of the trace side by side, None for so
    many that zsmalloc's rounding is small. measure: the compressors' costs, all of them and not
    only of those that have none. jobs: processes, None for as many as are worth it.
    """

    memory: str = "50%"
    kernel: str = CURRENT_KERNEL
    costs: Costs = field(default_factory=Costs)
    measure: bool = False
    max_cpu_percent: float | None = None
    frontends: Sequence[str] = FRONTENDS
    compressors: Sequence[str] | None = None
    zpools: Sequence[str] | None = None
    copies: int | None = None
    reclaim: str = "lru"
    engine: str = "auto"
    jobs: int | None = None


def recommend(
    trace: Trace,
    config: RecommendConfig | None = None,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> dict[str, Any]:
    """Return {"kind": "recommend", ...}: the settings, and all that they rest on, as JSON holds it.

    best: of cells, None where none can be used; plain: plain swap as the kernel has it; front: the
    cells that none beats in waiting, CPU and writes at once; frontends: the best of each; reasons;
    warnings; paste: snippets; cells: all that were run.
    InvalidArgument: nothing is swapped with so much memory, or a setting that cannot be.
    """
    config = config or RecommendConfig()
    most = config.max_cpu_percent
    if most is not None and not 0 <= most < math.inf:  # not a number is neither
        raise InvalidArgument(f"max_cpu_percent {most}: allowed are 0 and more")
    share_pages = _limit_pages(trace, config.memory)
    copies = config.copies or copies_for(trace.footprint_pages, trace.accesses)
    space = make_space(config.kernel, config.frontends, config.compressors, config.zpools)
    pages = page_store(trace, keep_bytes=0)
    kernel_of = dict.fromkeys([*space.compressors, *space.zram_compressors], config.kernel)
    costs = settled(config.costs, kernel_of, trace, progress, measure=config.measure)
    search = Search(
        side_by_side(Workload.of(trace), copies),
        pages,
        space,
        f"{share_pages * copies}p",
        costs,
        config.reclaim,
        config.engine,
        progress,
        stop,
        jobs=config.jobs,
    )
    plain = search.run_cell(Cell(frontend="none", page_cluster=0))
    if "none" not in space.frontends:
        del search.runs[plain.cell]
    if config.max_cpu_percent is not None:
        search.max_cpu_seconds = config.max_cpu_percent / 100 * plain.stall
    search.search()
    return _told(trace, config, search, plain, copies)


def _limit_pages(trace: Trace, memory: str) -> int:
    """Return the memory in pages. InvalidArgument: the whole trace fits into it."""
    parse_pages(memory, MAX_PAGES)
    limit_pages = parse_pages(memory, trace.footprint_pages)
    if limit_pages >= trace.footprint_pages:
        raise InvalidArgument(
            f"memory {memory!r} holds all of the trace's {format_pages(trace.footprint_pages)}, so "
            "nothing is swapped. A trace stands for a larger program of its kind: say which share "
            "of that fits into memory, as --memory 50%"
        )
    return limit_pages


def _told(
    trace: Trace, config: RecommendConfig, search: Search, plain: Run, copies: int
) -> dict[str, Any]:
    best = search.best
    limit_pages = int(plain.result["memory"]["limit_pages"])
    specs = sorted({run.cell.compressor for run in search.runs.values()})
    return {
        "kind": "recommend",
        "trace": trace.info(),
        "asked": {
            "kernel": config.kernel,
            "memory": config.memory,
            "limit_pages": limit_pages,
            "copies": copies,
            "device": search.costs.device.name,
            "max_cpu_percent": config.max_cpu_percent,
            "max_cpu_seconds": search.max_cpu_seconds,
            "reclaim": config.reclaim,
        },
        "costs": search.costs.to_dict(specs),
        "best": None if best is None else run_dict(best, plain),
        "plain": run_dict(plain, plain),
        "answer": answer(search, best, plain),
        "front": [run_dict(run, plain) for run in search.front()],
        "frontends": [
            run_dict(run, plain)
            for frontend in search.space.frontends
            if (run := search.best_of(frontend)) is not None
        ],
        "reasons": [] if best is None else reasons(search, best),
        "sensitivity": [] if best is None else sensitivity(search, best),
        "warnings": warnings(trace, search, best, plain, copies),
        "paste": [] if best is None else _paste(search, best),
        "cells": [run_dict(run, plain) for run in search.runs.values()],
    }


def run_dict(run: Run, plain: Run) -> dict[str, Any]:
    """Return a cell as JSON has it: name, settings, cost, some counters, against plain swap."""
    vmstat = run.result["vmstat"]
    return {
        "name": run.cell.name,
        "settings": run.cell.settings(),
        "failure": run.failure,
        "cost": dict(run.cost),
        "of_plain_percent": round(100 * run.stall / plain.stall, 2) if plain.stall else None,
        "counters": {name: vmstat[name] for name in COUNTERS},
        "peak_pool_pages": run.result["memory"]["peak_pool_pages"],
    }


def answer(search: Search, best: Run | None, plain: Run) -> str:
    """Return the recommendation in a sentence."""
    if best is None:
        least = min(search.runs.values(), key=lambda run: (run.failure is not None, run.cpu))
        return (
            f"nothing that was tried stays within the CPU time that is allowed; the least has "
            f"{least.cell.phrase}, {least.cpu:.3g} s"
            if least.failure is None
            else f"nothing that was tried works: {least.failure}"
        )
    others = [
        run
        for frontend in search.space.frontends
        if frontend != best.cell.frontend and (run := search.best_of(frontend)) is not None
    ]
    said = f"{best.cell.phrase}: the program waits {best.stall:.3g} s"
    if best.cell.frontend != "none" and plain.stall:
        said += f", {100 * best.stall / plain.stall:.0f} % of the {plain.stall:.3g} s of plain swap"
    if others:
        next_ = min(others, key=lambda run: run.stall)
        how = waits(100 * next_.stall / best.stall - 100 if best.stall else None)
        said += f"; next is {next_.cell.phrase}, {how}"
    return said


def sensitivity(search: Search, best: Run) -> list[dict[str, Any]]:
    """Return what would be recommended if device or CPU were slower or faster than is assumed."""
    told = []
    for what in ("device", "cpu"):
        for scale in SCALES:
            costs = search.costs.scaled(**{what: scale})
            runs = [
                Run(run.cell, run.result, cost_of(run.result, costs), run.failure)
                for run in search.usable()
            ]
            other = pick(runs, search.space)
            same = next(run for run in runs if run.cell == best.cell)
            assert other is not None
            loss = 100 * same.stall / other.stall - 100 if other.stall else 0.0
            told.append(
                {
                    "what": what,
                    "times": scale,
                    "best": other.cell.name,
                    "frontend": other.cell.frontend,
                    "loss_percent": round(loss, 2),
                }
            )
    return told


def warnings(trace: Trace, search: Search, best: Run | None, plain: Run, copies: int) -> list[str]:
    """Return what makes the recommendation worth less than it looks."""
    said = []
    exact = int(trace.meta.get("recorder_resident_pages", 0))
    if best is not None:
        memory = best.result["memory"]
        kept = max(0, memory["limit_pages"] - memory["peak_pool_pages"]) // copies
        if kept < exact:
            said.append(
                f"below what was recorded: with fewer than {exact:,} pages resident faults are "
                f"fewer than the program's; here down to {kept:,} were"
            )
        others = [run.stall for run in search.usable() if run.cell != best.cell]
        if others and max(others) <= best.stall * (1 + 5 * EQUAL_PERCENT / 100):
            said.append("all settings that were tried are within 5 %: it hardly matters here")
        if best.cell.frontend != "zram" and search.costs.device.name != "disk":
            said.append(
                "read-ahead is simulated by swap slots, as for rotating disks; on others the "
                "kernel goes by addresses, so take page-cluster with care"
            )
        used = {run.cell.zpool for run in search.runs.values() if run.cell.frontend != "none"}
        if search.workload.footprint_pages < LARGE_PAGES // 2 and "zsmalloc" in used:
            said.append(
                "a small pool is unkind to zsmalloc, so to zram: a partly filled group of pages "
                "for each of its sizes is much of it, and nothing on a machine of gigabytes; more "
                "copies side by side, or a larger trace, tell better"
            )
        if best.cell.zpool == "z3fold" and best.cell.frontend == "zswap":
            said.append("z3fold is gone from Linux 6.15 on; --zpool zsmalloc,zbud leaves it out")
    faults = plain.result["vmstat"]["pgmajfault"]
    if faults < FEW_FAULTS:
        said.append(f"only {faults:,} faults of plain swap: too few to tell settings apart")
    for word in ("accesses", "contents"):
        if trace.meta.get(f"{word}_from"):
            said.append(f"{word}: {trace.meta[f'{word}_from']}")
    return said


def _paste(search: Search, best: Run) -> list[dict[str, str]]:
    limit_pages = best.result["memory"]["limit_pages"]
    outside = search.workload.footprint_pages - limit_pages
    outside += best.result["memory"]["peak_pool_pages"]
    return snippets(best.cell, search.space.row, max(outside, 1) / limit_pages)
