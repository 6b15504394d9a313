# SPDX-License-Identifier: GPL-2.0-only
"""Runs a workload with one combination of settings after the other, towards the least waiting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zswapsim.content.compressors import compressor
from zswapsim.content.page_store import PageStore
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.costs import Costs, cost_of
from zswapsim.experiment.recommend.running import Stop, run_configs
from zswapsim.experiment.recommend.space import Cell, Space, unique
from zswapsim.experiment.workload import Workload
from zswapsim.progress import Progress

EQUAL_PERCENT = 1.0
"""Waiting that differs by less is the same: the model is not better than that."""

MOST_ROUNDS = 4
CELLS_EXPECTED = 15
"""Cells of a kind of machine, to say whether compiling it pays."""


@dataclass(frozen=True, slots=True)
class Run:
    """A cell that was run. failure: why it cannot be used, None if it can.

    result: as Result.to_dict; cost: as cost_of.
    """

    cell: Cell
    result: Mapping[str, Any]
    cost: Mapping[str, Any]
    failure: str | None

    @property
    def stall(self) -> float:
        """The seconds that the program waits."""
        return float(self.cost["stall_seconds"])

    @property
    def cpu(self) -> float:
        """The seconds of CPU that swapping takes."""
        return float(self.cost["cpu_seconds"])

    @property
    def writes(self) -> int:
        """The pages written to the device."""
        return int(self.cost["device_writes"])


@dataclass(slots=True)
class Search:
    """The search over a space. memory: of ReplayConfig; max_cpu_seconds: None for any.

    runs: what was run so far, by cell, in order. Search: search. Read: best, best_of, front.
    """

    workload: Workload
    pages: PageStore
    space: Space
    memory: str
    costs: Costs
    reclaim: str = "lru"
    engine: str = "auto"
    progress: Progress | None = None
    stop: Stop | None = None
    max_cpu_seconds: float | None = None
    jobs: int | None = None
    runs: dict[Cell, Run] = field(default_factory=dict)

    def search(self) -> None:
        """Run the coarse grid, then what is near the best of each frontend, until that stays."""
        self._run_all(self.space.coarse())
        for _ in range(MOST_ROUNDS):
            known = len(self.runs)
            near: list[Cell] = []
            for frontend in self.space.frontends:
                base = self.best_of(frontend) or self.cheapest_of(frontend)
                if base is not None:
                    near += self.space.neighbours(base.cell)
            self._run_all(near)
            if len(self.runs) == known:
                return

    def usable(self) -> list[Run]:
        """Return the runs without failures and within the CPU time that is allowed."""
        most = self.max_cpu_seconds
        return [
            run
            for run in self.runs.values()
            if run.failure is None and (most is None or run.cpu <= most)
        ]

    @property
    def best(self) -> Run | None:
        """The recommended run, None if none is usable."""
        return pick(self.usable(), self.space)

    def best_of(self, frontend: str) -> Run | None:
        """Return the best usable run of a frontend."""
        return pick([run for run in self.usable() if run.cell.frontend == frontend], self.space)

    def cheapest_of(self, frontend: str) -> Run | None:
        """Return the run of a frontend with the least CPU time, however much is allowed."""
        runs = [run for run in self.runs.values() if run.cell.frontend == frontend]
        works = [run for run in runs if run.failure is None]
        return min(works, key=lambda run: (run.cpu, run.cell.name), default=None)

    def front(self) -> list[Run]:
        """Return the usable runs that no other beats in waiting, CPU and writes at once."""
        return pareto(self.usable())

    def run_cell(self, cell: Cell) -> Run:
        """Return the run of a cell, from before or now."""
        self._run_all([cell])
        return self.runs[cell]

    def _run_all(self, cells: Sequence[Cell]) -> None:
        """Run the cells that were not yet. KeyboardInterrupt: it was asked to stop."""
        new = [cell for cell in unique(cells) if cell not in self.runs]
        kernel = self.space.row.kernel
        for spec in dict.fromkeys(cell.compressor for cell in new):
            self.workload.compress(self.pages, compressor(spec, kernel), self.progress)
        configs = [self._config(cell) for cell in new]
        results = run_configs(
            self.workload, configs, jobs=self.jobs, progress=self.progress, stop=self.stop
        )
        for cell, told in zip(new, results, strict=True):
            self.runs[cell] = Run(cell, told, cost_of(told, self.costs), failure_of(told))

    def _config(self, cell: Cell) -> ReplayConfig:
        config = ReplayConfig(
            kernel=self.space.row.kernel,
            memory=self.memory,
            reclaim=self.reclaim,
            carry_bytes=False,
            engine=self.engine,
            **cell.settings(),
        )
        accesses = self.workload.accesses_count * CELLS_EXPECTED
        return replace(config, engine=config.engine_for(accesses))


def failure_of(result: Mapping[str, Any]) -> str | None:
    """Return why a result's settings cannot be used, None if they can."""
    memory = result["memory"]
    reasons = {
        "swap_full": "swap was full",
        "write_errors": "zram was full",
        "over_limit": "pages and pool did not fit into memory together",
    }
    return next((why for name, why in reasons.items() if memory[name]), None)


def pick(runs: Sequence[Run], space: Space) -> Run | None:
    """Return the run to recommend: least waiting, and where that is equal fewest changes.

    Equal is what differs by less than EQUAL_PERCENT from the least; among those with the same
    number of changes from the kernel's settings, the least waiting, CPU and writes decide.
    """
    if not runs:
        return None
    most = min(run.stall for run in runs) * (1 + EQUAL_PERCENT / 100)
    return min(
        (run for run in runs if run.stall <= most),
        key=lambda run: (space.changes(run.cell), run.stall, run.cpu, run.writes, run.cell.name),
    )


def pareto(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that no other beats, by waiting; of those equal in all, the first."""
    front: list[Run] = []
    for run in sorted(runs, key=lambda run: (run.stall, run.cpu, run.writes)):
        if not any(other.cpu <= run.cpu and other.writes <= run.writes for other in front):
            front.append(run)
    return front
