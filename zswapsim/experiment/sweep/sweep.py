# SPDX-License-Identifier: GPL-2.0-only
"""Runs the cells of a grid over one trace, whose contents are compressed once a compressor."""

import contextlib
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from zswapsim.content.compressors import COMPRESSORS, compressor
from zswapsim.content.page_store import PageStore
from zswapsim.engine import engines
from zswapsim.errors import ZswapSimError
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.costs import Costs
from zswapsim.experiment.measured_costs import settled
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.sweep.grid import Cell, Settings, key_of
from zswapsim.experiment.sweep.parallel import run_all
from zswapsim.experiment.sweep.rows import Row, error_row, row_of
from zswapsim.experiment.workload import Workload
from zswapsim.machine.pools import zpool
from zswapsim.machine.reclaim import POLICIES
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace

# Measured: worker processes take 1.5 s to start; an access takes 10 to 20 ns compiled and 1 to 2 us
# interpreted.
FEWEST_SECONDS = 2.0
ACCESS_SECONDS = {"compiled": 20e-9, "interpreted": 1.5e-6}


@dataclass(frozen=True, slots=True)
class Sweep:
    """The cells that are to be run over a workload. digest: of the workload."""

    workload: Workload
    cells: Sequence[Cell]
    costs: Costs
    engine: str = "auto"

    @classmethod
    def of(
        cls,
        trace: Trace,
        all_settings: Iterable[Settings],
        costs: Costs,
        *,
        measure: bool = False,
        done: Collection[str] = (),
        engine: str = "auto",
        progress: Progress | None = None,
    ) -> "Sweep":
        """Read a trace's accesses, and compress its contents once with each compressor.

        all_settings: of each cell, as expand returns them; costs, measure: as settled takes them,
        where a cell's key says what was asked for, not what was measured; done: keys of cells to
        leave out; progress: told of the stages "compress NAME". A compressor that does not exist
        is an error of its cells only.
        """
        workload = Workload.of(trace)
        asked = {"measure": measure, **asdict(costs)}
        identity = {"workload": workload.gather(), "name": trace.name, "costs": asked}
        keyed = (
            Cell(key_of(identity | _editions(settings), settings), settings)
            for settings in all_settings
        )
        cells = [cell for cell in keyed if cell.key not in done]
        pages = PageStore(
            trace.contents_bytes, trace.contents_count, digest=trace.contents_digest, keep_bytes=0
        )
        kernel_of: dict[str, str] = {}
        wanted = {(cell.settings["compressor"], cell.settings["kernel"]): cell for cell in cells}
        for (spec, kernel), cell in wanted.items():
            try:
                codec = compressor(spec, kernel)
            except ZswapSimError:
                continue
            workload.compress(pages, codec, progress and partial(_renamed, progress, spec))
            if cell.settings["frontend"] != "none":
                kernel_of[spec] = kernel
        costs = settled(costs, kernel_of, trace, progress, measure=measure)
        return cls(workload, cells, costs, engine)

    def rows(
        self, *, jobs: int | None = None, dask: str | None = None, progress: Progress | None = None
    ) -> Generator[Row]:
        """Run all cells; yield the row of each as soon as it is there.

        jobs, dask: as for run_all; progress: told of the stages "compile" and "cells".
        """
        told = progress or (lambda stage, done, total: None)
        engine_of = self._engines()
        if dask is None:
            self._compile(engine_of, jobs, told)
        work = [(cell, engine_of.get(self._machine(cell), self.engine)) for cell in self.cells]
        jobs = 1 if jobs is None and self._is_short(engine_of) else jobs
        shared = (self.workload, self.costs)
        told("cells", 0, len(work))
        for done, row in enumerate(run_all(run_cell, shared, work, jobs=jobs, dask=dask), 1):
            told("cells", done, len(work))
            yield row

    def _engines(self) -> dict[str, str]:
        """Return the engine for each kind of machine, by the work of all its cells."""
        counts = Counter(self._machine(cell) for cell in self.cells)
        first = {self._machine(cell): cell for cell in reversed(self.cells)}
        return {
            key: self._config(first[key]).engine_for(count * self.workload.accesses_count)
            for key, count in counts.items()
            if key
        }

    def _config(self, cell: Cell) -> ReplayConfig:
        return ReplayConfig(**cell.settings, engine=self.engine)

    def _machine(self, cell: Cell) -> str:
        """Name the machine that a cell needs, or "" if its settings are impossible."""
        try:
            return self._config(cell).warm_key
        except ZswapSimError:
            return ""

    def _compile(self, engine_of: dict[str, str], jobs: int | None, told: Progress) -> None:
        """Compile each kind of machine once, before many processes would all do it."""
        first = {self._machine(cell): cell for cell in reversed(self.cells)}
        cold = [
            first[key]
            for key, engine in engine_of.items()
            if engine == "compiled" and not engines.is_warm(key)
        ]
        if not cold:
            return
        told("compile (once)", 0, len(cold))
        empty = replace(self.workload, accesses=np.zeros(0, np.uint32), accesses_count=0)
        for done, _ in enumerate(run_all(_compile_machine, empty, cold, jobs=jobs), 1):
            told("compile (once)", done, len(cold))

    def _is_short(self, engine_of: dict[str, str]) -> bool:
        """Say whether it takes longer to start processes than to do without."""
        engines_of_cells = (engine_of.get(self._machine(cell)) for cell in self.cells)
        seconds = sum(ACCESS_SECONDS[engine] for engine in engines_of_cells if engine)
        return seconds * self.workload.accesses_count < FEWEST_SECONDS


def run_cell(shared: tuple[Workload, Costs], work: tuple[Cell, str]) -> Row:
    """Return a cell's row; what goes wrong is a row, too."""
    workload, costs = shared
    cell, engine = work
    try:
        result = run_workload(workload, ReplayConfig(**cell.settings, engine=engine))
        return row_of(cell.key, cell.settings, result, costs)
    except ZswapSimError as error:
        return error_row(cell.key, workload.info, cell.settings, str(error))
    except Exception as error:  # one cell must not end the others
        return error_row(cell.key, workload.info, cell.settings, f"{type(error).__name__}: {error}")


def _compile_machine(empty: Workload, cell: Cell) -> None:
    run_workload(empty, ReplayConfig(**cell.settings, engine="compiled"))


def _editions(settings: Settings) -> dict[str, Any]:
    """Tell which editions of other packages' parts a cell depends on; nothing if it has none."""
    digests = []
    with contextlib.suppress(ZswapSimError):  # a part that is not there is the cell's own error
        digests.append(COMPRESSORS.digest(settings["compressor"].partition(":")[0].strip()))
        digests.append(zpool.digest(settings["zpool"] or ""))
        digests.append(POLICIES.digest(settings["reclaim"]))
    return {"parts": digests} if any(digests) else {}


def _renamed(progress: Progress, spec: str, stage: str, done: int, total: int) -> None:
    progress(f"{stage} {spec}", done, total)
