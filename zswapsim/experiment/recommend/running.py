# SPDX-License-Identifier: GPL-2.0-only
"""Runs a workload with many configurations, in as many processes as are worth their start."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.sweep.ahead import compile_ahead, seconds_of
from zswapsim.experiment.sweep.parallel import run_all
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
    if jobs is None and seconds_of(workload, configs) < FEWEST_SECONDS:
        jobs = 1
    compile_ahead(workload, configs, jobs, tell)
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
