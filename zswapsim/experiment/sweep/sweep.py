# SPDX-License-Identifier: GPL-2.0-only
"""Runs the cells of a grid over one trace, whose contents are compressed once a compressor."""

import contextlib
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from zswapsim.content.compressors import COMPRESSORS, compressor
from zswapsim.errors import ZswapSimError
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.costs import Costs
from zswapsim.experiment.measured_costs import settled
from zswapsim.experiment.running import run_workload
from zswapsim.experiment.sweep.ahead import compile_ahead, seconds_of
from zswapsim.experiment.sweep.grid import Cell, Settings, key_of
from zswapsim.experiment.sweep.parallel import run_all
from zswapsim.experiment.sweep.rows import Row, error_row, row_of
from zswapsim.experiment.workload import Workload, page_store
from zswapsim.machine.pools import zpool
from zswapsim.machine.reclaim import POLICIES
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace

FEWEST_SECONDS = 2.0
"""Work from which on processes are worth their start, which takes 1.5 s."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The cells that are to be run over a workload. engine: as ReplayConfig's."""

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
        pages = page_store(trace, keep_bytes=0)
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

        jobs, dask: as for run_all; progress: told of the stages "compile (once)" and "cells".
        """
        tell = progress or (lambda stage, done, total: None)
        configs = self._configs()
        possible = [config for config in configs if config is not None]
        if dask is None:
            compile_ahead(self.workload, possible, jobs, tell)
        if jobs is None and seconds_of(self.workload, possible) < FEWEST_SECONDS:
            jobs = 1
        shared = (self.workload, self.costs)
        work = [
            (cell, self.engine if config is None else config.engine)
            for cell, config in zip(self.cells, configs, strict=True)
        ]
        tell("cells", 0, len(work))
        for done, row in enumerate(run_all(run_cell, shared, work, jobs=jobs, dask=dask), 1):
            tell("cells", done, len(work))
            yield row

    def _configs(self) -> list[ReplayConfig | None]:
        """Return each cell's, None where it is impossible; the engine goes by the work of a kind.

        A kind are the cells that run on one compiled machine.
        """
        configs = [self._config(cell) for cell in self.cells]
        counts = Counter(config.warm_key for config in configs if config is not None)
        engine_of: dict[str, str] = {}
        for config in configs:
            if config is not None and config.warm_key not in engine_of:
                accesses = counts[config.warm_key] * self.workload.accesses_count
                engine_of[config.warm_key] = config.engine_for(accesses)
        return [config and replace(config, engine=engine_of[config.warm_key]) for config in configs]

    def _config(self, cell: Cell) -> ReplayConfig | None:
        try:
            return ReplayConfig(**cell.settings, engine=self.engine)
        except ZswapSimError:
            return None


def run_cell(shared: tuple[Workload, Costs], work: tuple[Cell, str]) -> Row:
    """Return a cell's row; what goes wrong is a row, too."""
    workload, costs = shared
    cell, engine = work
    try:
        result = run_workload(workload, ReplayConfig(**cell.settings, engine=engine))
        return row_of(cell.key, cell.settings, result, costs)
    except ZswapSimError as error:
        return error_row(cell.key, workload.info, cell.settings, str(error))
    except (MemoryError, OSError):  # nothing that the cell can do for; it is run again by --resume
        raise
    except Exception as error:  # one cell must not end the others
        return error_row(cell.key, workload.info, cell.settings, f"{type(error).__name__}: {error}")


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
