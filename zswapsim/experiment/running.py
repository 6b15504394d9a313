# SPDX-License-Identifier: GPL-2.0-only
"""Runs a workload on one machine, block after block, and collects what happened."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from time import perf_counter_ns

import numpy as np

from zswapsim.engine import engines
from zswapsim.experiment.bytes_plane import BytesPlane
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.following import Follower
from zswapsim.experiment.machines import build, versions_of
from zswapsim.experiment.outcome import collect
from zswapsim.experiment.pictures import Pictures, samples_of
from zswapsim.experiment.result import Result
from zswapsim.experiment.workload import Integers, Workload
from zswapsim.machine import journal as j
from zswapsim.machine import memory as m
from zswapsim.machine.accesses import run_accesses
from zswapsim.machine.zram.disk import run_zram_writeback
from zswapsim.machine.zram.writeback import GO_ON
from zswapsim.progress import Progress

BLOCK_ACCESSES = {"interpreted": 1 << 14, "compiled": 1 << 18}
"""Accesses between two looks at the clock and at a request to stop: below half a second."""

COMPILED_NS = 1_500_000_000
"""Loading compiled code takes less than this, compiling more."""

Plane = Callable[[m.Machine], contextlib.AbstractContextManager[BytesPlane]]
"""Makes what carries bytes for a machine, until it is closed."""


@dataclass(slots=True)
class Seconds:
    """Nanoseconds by what they were spent on."""

    compile_ns: int = 0
    machine_ns: int = 0
    began_ns: int = field(default_factory=perf_counter_ns)

    @contextlib.contextmanager
    def compile(self) -> Iterator[None]:
        """Count what runs inside as compiling, or loading what was compiled."""
        began = perf_counter_ns()
        yield
        self.compile_ns += perf_counter_ns() - began

    @contextlib.contextmanager
    def machine(self) -> Iterator[None]:
        """Count what runs inside as the machine's."""
        began = perf_counter_ns()
        try:
            yield
        finally:
            self.machine_ns += perf_counter_ns() - began


def run_workload(
    workload: Workload,
    config: ReplayConfig | None = None,
    *,
    plane: Plane | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    pictures: bool = False,
) -> Result:
    """Run a workload through one machine; its lengths must be known (Workload.compress).

    plane: carries real bytes along; without, config.carry_bytes says nothing. progress, stop,
    pictures: as for replay. InvalidArgument: a setting that does not fit the workload.
    """
    config = config or ReplayConfig()
    clock = Seconds()
    sizes = workload.sizes(config.compressor, config.kernel)
    engine = config.engine_for(workload.accesses_count)
    wanted = j.BYTES_EVENTS if plane else 0
    versions = versions_of(workload, engine, slice(0))
    machine = build(workload, config, sizes.lengths, engine, wanted, versions)
    with plane(machine) if plane else contextlib.nullcontext() as bytes_plane:
        gathered = Pictures(workload) if pictures else None
        with Follower(machine, bytes_plane, engine) as follower:
            runner = _Runner(workload, config, follower, engine, clock, gathered, progress, stop)
            runner.make_ready()
            done = runner.run()
    result = collect(
        workload,
        config,
        engine=engine,
        machine=machine,
        sizes=sizes,
        plane=bytes_plane,
        accesses_done=done,
        seconds={
            "compress": 0.0,
            "decompress": 0.0 if bytes_plane is None else bytes_plane.decompress_ns / 1e9,
            "compile": clock.compile_ns / 1e9,
            "machine": clock.machine_ns / 1e9,
            "total": (perf_counter_ns() - clock.began_ns) / 1e9,
        },
    )
    if gathered is None:
        return result
    told = gathered.pictures(machine, config, sizes.lengths[:-1])
    return replace(result, series=gathered.series, pictures=told)


@dataclass(slots=True)
class _Runner:
    """One run under way."""

    workload: Workload
    config: ReplayConfig
    follower: Follower
    engine: str
    clock: Seconds
    gathered: Pictures | None
    progress: Progress | None
    stop: Callable[[], bool] | None
    _versions_done: int = 0
    _run_accesses: Callable[..., int] = field(init=False)

    def make_ready(self) -> None:
        """Compile, or load what was compiled, by a run over nothing."""
        is_compiled = self.engine == "compiled"
        if is_compiled and self.progress is not None:
            self.progress("compile (once)", 0, 1)
        with self.clock.compile(), engines.uninterrupted():
            self._run_accesses = engines.entry(run_accesses, self.engine)
            self._run_accesses(self.follower.machine, self._given(np.zeros(0, np.uint32)), 0, 0)
            self.follower.make_ready()
        if is_compiled and self.progress is not None:
            self.progress("compile (once)", 1, 1)
        if is_compiled and self.clock.compile_ns > COMPILED_NS:
            engines.mark_warm(self.config.warm_key)

    def run(self) -> int:
        """Run all accesses; return how many were made."""
        accesses_count = self.workload.accesses_count
        block_accesses = BLOCK_ACCESSES[self.engine]
        if self.gathered is not None:
            block_accesses = min(block_accesses, samples_of(accesses_count))
        mode, every = self._zram_writeback()
        base = 0
        if self._is_stopped():  # from here on a stop leaves a result
            return base
        blocks = self.workload.blocks(block_accesses)
        if self.engine == "compiled" and len(os.sched_getaffinity(0)) > 1:
            blocks = _read_ahead(blocks)
        for block in _pieces(blocks, every):
            self._run_block(block, base)
            done = base + len(block)
            if mode is not None and done % every == 0 and done < accesses_count:
                self._write_back(mode)
            if self.gathered is not None:
                self.gathered.look(self.follower.machine, block, base)
            base = done
            if self.progress is not None:
                self.progress("replay", base, accesses_count)
            if self._is_stopped():
                break
        self.follower.wait()
        if self.gathered is not None:
            self.gathered.finish(self.follower.machine, base)
        return base

    def _run_block(self, block: Integers, base: int) -> None:
        accesses = self._given(block)
        self._give_versions(base + len(block))
        first = 0
        while first < len(block):
            with self.clock.machine():
                first = self._run_accesses(self.follower.machine, accesses, first, base)
            self.follower.follow()

    def _give_versions(self, end: int) -> None:
        """Give the machine the versions before access `end`, as all would take 24 bytes each."""
        following = int(np.searchsorted(self.workload.versions[0], np.uint64(end)))
        which = slice(self._versions_done, following)
        self.follower.give_versions(versions_of(self.workload, self.engine, which))
        self._versions_done = following

    def _given(self, block: Integers) -> Integers | list[int]:
        """Return accesses as the engine takes them: for numba all arrays have to be of one type."""
        if self.engine == "interpreted":
            numbers: list[int] = block.tolist()
            return numbers
        array = block.view(np.ndarray)
        array.flags.writeable = False
        return array

    def _zram_writeback(self) -> tuple[int | None, int]:
        """Return the mode, None if there is no writeback, and the accesses in between."""
        if self.config.zram_writeback is None:
            return None, max(1, self.workload.accesses_count)
        return self.config.zram_writeback_mode

    def _write_back(self, mode: int) -> None:
        write_back = engines.entry(run_zram_writeback, self.engine)
        outcome = GO_ON
        while outcome == GO_ON:
            with self.clock.machine():
                outcome = write_back(self.follower.machine.swap, mode)
            self.follower.follow()

    def _is_stopped(self) -> bool:
        return self.stop is not None and self.stop()


def _read_ahead(blocks: Iterator[Integers]) -> Iterator[Integers]:
    """Yield the blocks, the next of which a thread unpacks while one is replayed."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block


def _pieces(blocks: Iterator[Integers], every: int) -> Iterator[Integers]:
    """Yield the blocks, cut wherever a multiple of `every` accesses is reached."""
    base = 0
    for block in blocks:
        first = 0
        while first < len(block):
            end = min(len(block), first + every - base % every)
            yield block[first:end]
            base += end - first
            first = end
