# SPDX-License-Identifier: GPL-2.0-only
"""Before many runs of one workload: how long they take, and compiling what they need once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zswapsim.engine import engines
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.sweep.parallel import run_all
from zswapsim.experiment.workload import Workload
from zswapsim.progress import Progress

# Measured: an access takes 10 to 20 ns compiled and 1 to 2 us interpreted.
ACCESS_SECONDS = {"compiled": 20e-9, "interpreted": 1.5e-6}


def seconds_of(workload: Workload, configs: Sequence[ReplayConfig]) -> float:
    """Return about how long runs take, one after the other. configs: with the engine chosen."""
    return workload.accesses_count * sum(ACCESS_SECONDS[config.engine] for config in configs)


def compile_ahead(
    workload: Workload, configs: Sequence[ReplayConfig], jobs: int | None, tell: Progress
) -> None:
    """Compile each kind of machine once, several at a time, before all would wait for it.

    configs: with the engine chosen; tell: told of the stage "compile (once)".
    """
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
