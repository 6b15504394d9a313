# SPDX-License-Identifier: GPL-2.0-only
"""Runs a workload with many configurations, in as many processes as are worth their start."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from zswapsim.engine import engines
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.sweep.parallel import run_all
from zswapsim.experiment.sweep.sweep import ACCESS_SECONDS
from zswapsim.experiment.workload import Workload
from zswapsim.progress import Progress

FEWEST_SECONDS = 15.0
"""Work in one go from which on processes are worth their start: each loads compiled code, too."""

Stop = Callable[[], bool]
Told = dict[str, Any]


def run_configs(
    workload: Workload,
    configs: Sequence[ReplayConfig],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> list[Told]:
    """Return a result, as Result.to_dict, for each configuration, whose engine is chosen.

    jobs: processes, None for one a core where that is quicker than one in all; progress: told of
    the stages "compile (once)" and "settings". KeyboardInterrupt: it was asked to stop.
    """
    tell = progress or (lambda stage, done, total: None)
    seconds = workload.accesses_count * sum(ACCESS_SECONDS[config.engine] for config in configs)
    if jobs is None and seconds < FEWEST_SECONDS:
        jobs = 1
    _compile(workload, configs, jobs, tell)
    results: list[Told] = [{}] * len(configs)
    tell("settings", 0, len(configs))
    for done, (at, result) in enumerate(_results(workload, configs, jobs, stop), 1):
        results[at] = result
        tell("settings", done, len(configs))
        if not result["complete"] or (stop is not None and stop()):
            raise KeyboardInterrupt
    return results


def _results(
    workload: Workload, configs: Sequence[ReplayConfig], jobs: int | None, stop: Stop | None
) -> Iterator[tuple[int, Told]]:
    """Yield the results as they get done, each with the place of its configuration."""
    if jobs == 1 or len(configs) < 2:
        for at, config in enumerate(configs):
            yield at, run_workload(workload, config, stop=stop).to_dict()
        return
    with closing(run_all(_run, workload, list(enumerate(configs)), jobs=jobs)) as results:
        yield from results


def _run(workload: Workload, numbered: tuple[int, ReplayConfig]) -> tuple[int, Told]:
    at, config = numbered
    return at, run_workload(workload, config).to_dict()


def _compile(
    workload: Workload, configs: Sequence[ReplayConfig], jobs: int | None, tell: Progress
) -> None:
    """Compile each kind of machine once, several at a time, before all would wait for it."""
    kinds = {config.warm_key: config for config in configs if config.engine == "compiled"}
    cold = [config for key, config in kinds.items() if not engines.is_warm(key)]
    if not cold:
        return
    tell("compile (once)", 0, len(cold))
    empty = replace(workload, accesses=np.zeros(0, np.uint32), accesses_count=0)
    for done, _ in enumerate(run_all(_run_nothing, empty, cold, jobs=jobs), 1):
        tell("compile (once)", done, len(cold))


def _run_nothing(empty: Workload, config: ReplayConfig) -> None:
    run_workload(empty, config)
