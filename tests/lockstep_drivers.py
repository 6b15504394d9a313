# SPDX-License-Identifier: GPL-2.0-only
"""Random operations on a pool of every kernel, both engines in lock-step, a naive map beside it.

The map is a dictionary of what is allocated. After each interpreted operation no two objects may
share a byte, and pages are enough for all bytes and no more than the pool may have.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from zswapsim.conformance import tape
from zswapsim.conformance.strict import flatten, plain, zeros_of
from zswapsim.errors import EAGAIN, EINVAL, ENOMEM, ENOSPC, EPERM
from zswapsim.machine import build
from zswapsim.machine.pools import zpool
from zswapsim.profiles import PROFILES
from zswapsim.units import PAGE_SIZE

OBJECTS = 40
SIZES = (24, 57, 100, 700, 1000, 1900, 2000, 3000, 3256, 3904, 3960, 4032, 4096)
ASKED = 4096


class DriverKind(NamedTuple):
    """A driver with the rules of one kernel."""

    kernel: str
    pool: str

    def __str__(self) -> str:
        return f"{self.kernel} {self.pool} alone"


DRIVER_KINDS = tuple(
    DriverKind(kernel, pool) for kernel, row in PROFILES.items() for pool in row.zpools
)


class PoolRun:
    """One pool, what is allocated in it by handle, and its bytes by address, in order."""

    def __init__(self, kind: DriverKind, seed: int, engines: Sequence[str]) -> None:
        self.driver = zpool.get_driver(kind.pool)
        options = self.driver.options(PROFILES[kind.kernel])
        self.most_pages = 16
        settings = {"max_pages": self.most_pages, **options}
        self.states = [self.driver.create(zeros=zeros_of(engine), **settings) for engine in engines]
        self.owners = [_owner(engine) for engine in engines]
        self.random = Random(f"{seed} {kind}")
        self.growth = self.random.choice([0.5, 0.6, 0.75])  # the last fill a pool to its limit
        self.live: dict[int, tuple[int, int]] = {}  # handle -> address, size
        self.spans: list[tuple[int, int]] = []  # address, size
        self.steps: list[tuple[int, int, int]] = []
        self.results: list[int] = []

    def ask(self, operation: int, argument: int = 0, word: int = 0) -> int:
        """Do an operation interpreted, and remember it."""
        result = tape.do_operation(self.states[0], self.owners[0], operation, argument, word)
        self.steps.append((operation, argument, word))
        self.results.append(result)
        return result

    def step(self) -> None:
        """Do one random operation, and check the laws."""
        chance = self.random.random()
        if chance < self.growth:
            self._malloc()
        elif chance < 0.9 and self.live:
            handle = self.random.choice(list(self.live))
            self._forget(handle)
            assert self.ask(tape.FREE, handle) == 0
            self._follow_move()
        elif chance < 0.96 and self.driver.evictable:
            self._shrink()
        else:
            self._free_nothing()
        pages = self.ask(tape.TOTAL_PAGES)
        held = sum(size for _, size in self.spans)
        assert held <= pages * PAGE_SIZE and pages <= self.most_pages
        assert (pages == 0) == (not self.live)

    def _malloc(self) -> None:
        size = self.random.choice([*SIZES, self.random.randrange(1, 4200)])
        if len(self.live) >= OBJECTS:
            return
        handle = self.ask(tape.MALLOC, size)
        if handle <= 0:
            assert handle in {-ENOMEM, -ENOSPC} or (
                size > PAGE_SIZE and handle in {-EINVAL, -EPERM}
            )
            return
        assert handle not in self.live
        self._remember(handle, self.ask(tape.MAP, handle), size)
        if self.driver.evictable:
            assert self.ask(tape.WRITE_OWNER, handle, size) == 0

    def _remember(self, handle: int, address: int, size: int) -> None:
        self.live[handle] = (address, size)
        at = bisect_left(self.spans, (address, size))
        for begin, length in self.spans[max(0, at - 1) : at + 1]:
            assert address + size <= begin or begin + length <= address, "objects overlap"
        insort(self.spans, (address, size))

    def _forget(self, handle: int) -> int:
        address, size = self.live.pop(handle)
        self.spans.remove((address, size))
        return size

    def _follow_move(self) -> None:
        length, source, target = (self.ask(tape.MOVED, part) for part in range(3))
        if length:
            assert self.driver.moves
            [handle] = [h for h, (address, _) in self.live.items() if address == source]
            size = self._forget(handle)
            assert size <= length
            self._remember(handle, target, size)

    def _shrink(self) -> None:
        owner = self.owners[0]
        owner.counts[tape.CALLS] = 0
        outcome = self.ask(tape.SHRINK, self.random.randrange(3), tape.PLAN + tape.FREES)
        assert outcome in {0, -EINVAL, -EAGAIN}
        for handle in plain(owner.asked)[: owner.counts[tape.CALLS]]:
            self._forget(handle)

    def _free_nothing(self) -> None:
        handle = self.random.choice([0, 1, 1 << 40, self.random.randrange(1 << 20)])
        if handle not in self.live:
            pages = self.ask(tape.TOTAL_PAGES)
            assert self.ask(tape.FREE, handle) == -EINVAL
            assert self.ask(tape.TOTAL_PAGES) == pages

    def end_block(self) -> None:
        """Let the compiled pool do what was done, and compare; look at all objects."""
        for handle, (address, size) in self.live.items():
            assert self.ask(tape.MAP, handle) == address
            if self.driver.evictable:
                assert self.ask(tape.READ_OWNER, handle) == size
        for state, owner in zip(self.states[1:], self.owners[1:], strict=True):
            columns = [build.ints([step[k] for step in self.steps], "compiled") for k in range(3)]
            results = zeros_of("compiled")(len(self.steps))
            owner.counts[tape.CALLS] = 0
            tape.entry(tape.run_tape, "compiled")(state, owner, *columns, results)
            assert plain(results) == self.results
            assert flatten(self.states[0]) == flatten(state)
        self.driver.check(self.states[0])
        self.steps.clear()
        self.results.clear()


def _owner(engine: str) -> Any:
    zeros = zeros_of(engine)
    return tape.Script(zeros(1), zeros(ASKED), zeros(1), zeros(3))


def driver_lockstep(
    kind: DriverKind,
    seed: int,
    operations: int,
    block: int,
    engines: Sequence[str] = ("interpreted", "compiled"),
) -> int:
    """Run random operations, interpreted and then compiled; return how many the pool was asked."""
    run = PoolRun(kind, seed, engines)
    asked = 0
    for size in sizes(operations, block):
        for _ in range(size):
            run.step()
        asked += len(run.steps)
        run.end_block()
    return asked


def sizes(whole: int, most: int) -> Iterator[int]:
    """Yield parts of a whole, none larger than most."""
    for at in range(0, whole, most):
        yield min(most, whole - at)
