# SPDX-License-Identifier: GPL-2.0-only
"""What runs accesses on a machine with memory: those of a script, or a stretch of a trace."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.by_hand import Outcome
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.lesson.hands import Pages, config_of, settings_of
from zswapsim.experiment.lesson.script import Content, Operation, Script
from zswapsim.experiment.lesson.state import State, machine_state
from zswapsim.experiment.machines import build, memory_pages
from zswapsim.experiment.replay import plane_of
from zswapsim.experiment.workload import Workload, page_store
from zswapsim.machine import journal as j
from zswapsim.machine import memory as m
from zswapsim.machine.accesses import PAGE_MASK, run_accesses
from zswapsim.machine.audit import check_swap
from zswapsim.machine.reclaim import POLICIES
from zswapsim.machine.zram import device as d
from zswapsim.machine.zram.audit import zram_check
from zswapsim.machine.zswap import state as z
from zswapsim.profiles import profile
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace

BLOCK_ACCESSES = 1 << 14
WRITE_SHIFT = 31
POOL_PERCENT = 20
"""Of memory, unless a script says what the limit is; as in a replay."""

BEFORE_ZRAM = ("store", "store_end", "load", "invalidate", "swap_write", "swap_read")
"""What zswap and the swap path say while zram does the work: zswap is disabled then."""


class MachineHands:
    """A machine at the start of a trace, interpreted, with its bytes."""

    def __init__(
        self, trace: Trace, config: ReplayConfig, progress: Progress | None = None
    ) -> None:
        """progress: told of the stage "compress". InvalidArgument: settings that do not fit."""
        memory_pages(config, trace.footprint_pages)
        self.row = profile(config.kernel)
        self.policy = config.reclaim
        self.silent: tuple[str, ...] = BEFORE_ZRAM if config.frontend == "zram" else ()
        self.moved = False
        self._config = config
        workload = Workload.of(trace)
        codec = compressor(config.compressor, config.kernel)
        pages = page_store(trace)
        workload.compress(pages, codec, progress)
        lengths = workload.sizes(config.compressor, config.kernel).lengths
        self.machine = build(workload, config, lengths, "interpreted", j.BYTES_EVENTS)
        self._trace = trace
        self._base = 0
        self._stack = ExitStack()
        self._plane = self._stack.enter_context(plane_of(config, pages, codec)(self.machine))

    def access(self, accesses: list[int]) -> None:
        """Make the accesses that come next, encoded as run_accesses takes them."""
        first = 0
        while first < len(accesses):
            first = run_accesses(self.machine, accesses, first, self._base)
            self._plane.follow(self.machine.swap.journal)
        self._base += len(accesses)

    def may_tell(self, access: int) -> bool:
        """Say whether the next access may be more than a hit of a resident page."""
        memory, versions = self.machine.memory, self.machine.versions
        page = access & PAGE_MASK
        following = int(memory.stat[m.NEXT_VERSION])
        if following < len(versions.at) and versions.at[following] <= self._base:
            return True
        writes_to_slot = access >> WRITE_SHIFT and memory.slot[page]
        return memory.state[page] != m.RESIDENT or bool(writes_to_slot)

    def set_limit(self, pages: int) -> None:
        """Set the limit of the pool, or of zram's, which 0 takes away."""
        swap = self.machine.swap
        if self._config.frontend == "zram":
            swap.disk.parameters[d.LIMIT_PAGES] = pages
            return
        swap.zswap.parameters[z.TOTALRAM_PAGES] = pages
        swap.zswap.parameters[z.MAX_POOL_PERCENT] = 100

    def state(self) -> State:
        policy = POLICIES.get(self.policy)
        return machine_state(self.machine, self.row, self._config.driver.type, policy)

    def check(self) -> None:
        swap = self.machine.swap
        m.check_memory(self.machine, POLICIES.get(self.policy).check(self.machine.policy))
        if self._config.frontend == "zram":
            zram_check(swap.disk, swap.pools.pool)
        else:
            check_swap(swap, [self._config.driver])

    def close(self) -> None:
        self._stack.close()


class MemoryHands(MachineHands):
    """The accesses of a script with memory."""

    def __init__(self, script: Script) -> None:
        config = config_of(script)
        super().__init__(_trace_of(script, config), config)
        limit = int(script.settings.get("limit", script.memory_pages * POOL_PERCENT // 100))
        if config.frontend == "zswap" or "limit" in script.settings:
            self.set_limit(limit)
        told = {"memory": script.memory_pages, "reclaim": config.reclaim, "limit": limit}
        self.settings = settings_of(script, config, told)
        self._operations = script.operations

    def operations(self) -> Iterator[Operation]:
        return iter(self._operations)

    def run(self, operation: Operation) -> Outcome | int | None:
        if operation.name == "limit":
            self.set_limit(operation.number)
        else:
            self.access([operation.number | operation.write << WRITE_SHIFT])
        return 0


def _trace_of(script: Script, config: ReplayConfig) -> Trace:
    """Return the accesses of a script as a trace, with what its pages hold."""
    pages = Pages(config.compressor, config.kernel, int(script.settings.get("seed", 0)))
    accesses = [operation for operation in script.operations if operation.name == "access"]
    if not accesses:
        script.refuse(script.lines["memory"], "memory goes with access; allowed is one or more")
    held: dict[int, bytes] = {}
    versions: list[tuple[int, int, bytes]] = []
    for operation in accesses:
        number = operation.number
        if number not in held:
            held[number] = pages.page(number, Content("mixed"))
            versions.append((0, number, held[number]))
    for at, operation in enumerate(accesses):
        if operation.content is not None:
            page = pages.page(operation.number, operation.content)
            versions.append((at, operation.number, page))
    return Trace.from_arrays(
        np.array([operation.number for operation in accesses]),
        np.array([operation.write for operation in accesses]),
        [at for at, _, _ in versions],
        [page for _, page, _ in versions],
        range(len(versions)),
        b"".join(held for _, _, held in versions),
        {"name": "script"},
    )


class TraceHands(MachineHands):
    """A stretch of a trace: all before it is run without a word, and so are the hits in it."""

    def __init__(
        self,
        trace: Trace,
        config: ReplayConfig,
        first: int,
        progress: Progress | None = None,
    ) -> None:
        """first: number of the access to begin with. InvalidArgument: the trace is shorter."""
        if not 0 <= first < max(1, trace.accesses):
            raise InvalidArgument(
                f"from {first}: the trace has {trace.accesses} accesses; allowed is 0 to "
                f"{max(0, trace.accesses - 1)}"
            )
        super().__init__(trace, config, progress)
        stat = self.machine.memory.stat
        limit = int(stat[m.LIMIT_PAGES])
        told: dict[str, Any] = {
            "frontend": config.frontend,
            "kernel": config.kernel,
            "zpool": config.driver.type,
            "compressor": config.compressor,
            "memory": limit,
            "reclaim": config.reclaim,
            "from": first,
        }
        if config.frontend == "zswap":
            told["limit"] = limit * config.max_pool_percent // 100
        self.settings = told
        self._rest = self._begin(first, progress)

    def _begin(self, first: int, progress: Progress | None) -> Iterator[list[int]]:
        """Run up to the first access; return the blocks after it."""
        blocks = (block.tolist() for block in self._trace.blocks(BLOCK_ACCESSES))
        for block in blocks:
            here = min(len(block), first - self._base)
            base = self._base
            self.access(block[:here])
            if progress is not None:
                progress("replay", self._base, first)
            if base + here == first and here < len(block):
                return self._after(block[here:], blocks)
        return iter(())

    @staticmethod
    def _after(block: list[int], blocks: Iterator[list[int]]) -> Iterator[list[int]]:
        yield block
        yield from blocks

    def operations(self) -> Iterator[Operation]:
        for block in self._rest:
            for access in block:
                if self.may_tell(access):
                    page, write = access & PAGE_MASK, bool(access >> WRITE_SHIFT)
                    command = f"access {page} write" if write else f"access {page}"
                    yield Operation(0, command, "access", page, write=write)
                else:
                    self.access([access])
                    self.moved = True

    def run(self, operation: Operation) -> Outcome | int | None:
        self.access([operation.number | operation.write << WRITE_SHIFT])
        return 0
