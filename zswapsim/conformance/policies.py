# SPDX-License-Identifier: GPL-2.0-only
"""check_policy: a reclaim policy through sequences of operations, in both engines and a replay."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from zswapsim.conformance.law import (
    Broken,
    Conformance,
    Laws,
    broken,
    check_steps,
    raising_breaks,
    require,
)
from zswapsim.conformance.replays import check_replay
from zswapsim.conformance.strict import flatten, plain, strict_zeros, zeros_of
from zswapsim.conformance.tape import entry
from zswapsim.engine import engines
from zswapsim.engine.simulated import Ints, missing
from zswapsim.machine import build, reclaim
from zswapsim.machine.reclaim import POLICIES, ReclaimPolicy

KIND = "reclaim policy"
LAWS: Laws = {
    "complete": "every operation is there, and create and check fit the policy",
    "raises": "an operation raises nothing, and victim returns a whole number",
    "strict": "arrays are indexed from 0 on, inside their length, and hold 64-bit integers",
    "resident": "a victim is a resident page",
    "none": "victim returns -1 where no page is resident, and only there",
    "check": "check tells each resident page once, and no other",
    "putback": "a victim that is put back is resident again",
    "drain": "victim after victim, every resident page comes up once",
    "again": "the same operations on a new state give the same victims",
    "compiled": "compiled gives the same victims as interpreted, and the same state",
    "machine": "in a whole replay every page comes back as it was stored",
}
PAGES = 12
STEPS = 200
ADD, ACCESS, REMOVE, VICTIM, PUTBACK = range(5)
NAMES = ("add", "access", "remove", "victim", "putback")


class Step(NamedTuple):
    """One operation on a page; victim has none, and putback takes the last victim."""

    operation: int
    page: int = 0


def run_policy_tape(policy: Any, operations: Ints, pages: Ints, results: Ints) -> int:
    """Run operations on one policy; return their number. results: victims."""
    for i in range(len(operations)):
        page = pages[i]
        if operations[i] == ADD:
            reclaim.reclaim_add(policy, page)
        elif operations[i] == ACCESS:
            reclaim.reclaim_access(policy, page)
        elif operations[i] == REMOVE:
            reclaim.reclaim_remove(policy, page)
        elif operations[i] == VICTIM:
            results[i] = reclaim.reclaim_victim(policy)
        else:
            reclaim.reclaim_putback(policy, page)
    return len(operations)


def check_policy(
    policy: ReclaimPolicy | str, *, runs: int = 20, seed: int = 1, machine: bool = True
) -> Conformance:
    """Try the laws of a reclaim policy, or of the one of that name. LawBroken: one does not hold.

    runs: sequences; seed: of the first; machine: whether to make whole replays too.
    """
    policy = POLICIES.get(policy) if isinstance(policy, str) else policy
    try:
        is_simulated = _check_complete(policy)
        for at in range(runs):
            pages = (1, 2, PAGES)[at % 3]
            steps = list(_steps(Random(seed * 1000 + at), pages))
            _check_steps(policy, pages, steps, compiled=is_simulated)
        if machine:
            _check_machine(policy)
    except Broken as fault:
        broken(KIND, policy.name, LAWS, fault)
    laws = [
        text
        for name, text in LAWS.items()
        if (is_simulated or name not in ("strict", "compiled")) and (machine or name != "machine")
    ]
    ways = ("interpreted", "compiled") if is_simulated else ("interpreted",)
    return Conformance(KIND, policy.name, tuple(laws), ways)


class PolicyRun:
    """Runs steps on one state and checks the laws after each. lines: the steps as people read them.

    calls: what was asked of the policy, and results: the victims, 0 for what returns nothing.
    """

    def __init__(self, policy: ReclaimPolicy, pages: int) -> None:
        self.policy = policy
        with raising_breaks("complete", "create"):
            self.state = policy.create(pages, strict_zeros)
        self.resident: set[int] = set()
        self.lines: list[str] = []
        self.calls: list[Step] = []
        self.results: list[int] = []
        self._last_victim = -1

    def run(self, steps: Sequence[Step]) -> None:
        """Run all steps that mean something, then take all pages. Broken: a law does not hold."""
        for step in steps:
            operation, page = step
            if operation == PUTBACK:
                page = self._last_victim
            if operation == VICTIM:
                self._victim()
            elif self._makes_sense(operation, page):
                self.lines.append(f"{NAMES[operation]}({page})")
                self._ask(operation, page)
                self._note(operation, page)
            self._verify()
        while self.resident:
            self._victim()
            self._verify()
        self._victim()

    def _makes_sense(self, operation: int, page: int) -> bool:
        if operation == ADD:
            return page not in self.resident
        if operation == PUTBACK:
            return page >= 0 and page not in self.resident
        return page in self.resident

    def _note(self, operation: int, page: int) -> None:
        self._last_victim = -1
        if operation in (ADD, PUTBACK):
            self.resident.add(page)
        elif operation == REMOVE:
            self.resident.remove(page)

    def _victim(self) -> int:
        page = self._ask(VICTIM, 0)
        self.lines.append(f"victim()  -> {page}")
        others = sorted(self.resident)
        if not others:
            require(page == -1, "none", f"no page is resident, and victim returns {page}")
            return page
        require(page != -1, "none", f"victim returns -1 with {others} resident")
        require(page in self.resident, "resident", f"page {page} is not one of {others}")
        self.resident.remove(page)
        self._last_victim = page
        return page

    def _ask(self, operation: int, page: int) -> int:
        call: Any = reclaim.OPERATIONS[operation]
        try:
            with raising_breaks("raises", f"{NAMES[operation]}({page})"):
                result = call(self.state) if operation == VICTIM else call(self.state, page)
        except Broken as fault:
            is_simulated = type(self.state) in reclaim.reclaim_add.table
            if is_simulated and isinstance(fault.__cause__, IndexError | OverflowError):
                raise Broken("strict", fault.detail) from fault.__cause__
            raise
        if operation != VICTIM:
            result = 0
        require(hasattr(result, "__index__"), "raises", f"victim() returns {result!r}")
        self.calls.append(Step(operation, page))
        self.results.append(int(result))
        return int(result)

    def _verify(self) -> None:
        with raising_breaks("check", "check"):
            told = [int(page) for page in self.policy.check(self.state)]
        same = sorted(told) == sorted(self.resident)
        law = "putback" if self.lines and self.lines[-1].startswith("putback") else "check"
        require(same, law, f"resident are {sorted(self.resident)}, check tells {told}")


def _check_complete(policy: ReclaimPolicy) -> bool:
    """Check that a policy has all it needs; return whether it is in the machine's style."""
    with raising_breaks("complete", "create"):
        state = policy.create(PAGES, strict_zeros)
    lacking = missing(state, reclaim.OPERATIONS)
    require(not lacking, "complete", f"a {type(state).__name__} has no {', '.join(lacking)}")
    if type(state) not in reclaim.reclaim_add.table:
        return False
    with raising_breaks("compiled", "compiling"), engines.uninterrupted():
        _play(policy, PAGES, [], "compiled")
    return True


def _steps(random: Random, pages: int) -> Iterator[Step]:
    weights = (30, 40, 5, 15, 10)
    for _ in range(STEPS):
        operation = random.choices(range(5), weights)[0]
        yield Step(operation, random.randrange(pages))
        if operation == VICTIM and random.random() < 0.4:
            yield Step(PUTBACK)
            yield Step(VICTIM)


def _check_steps(
    policy: ReclaimPolicy, pages: int, steps: Sequence[Step], *, compiled: bool
) -> None:
    """Run steps, and where a law is broken, find fewer that break it. LawBroken tells them."""

    def attempt(some: Sequence[Step]) -> tuple[Broken | None, list[str]]:
        run = None
        try:
            run = PolicyRun(policy, pages)
            run.run(some)
            _check_again(run, pages, compiled=compiled)
        except Broken as fault:
            return fault, [] if run is None else run.lines
        return None, []

    found = check_steps(steps, attempt)
    if found is None:
        return
    fault, lines = found
    broken(KIND, policy.name, LAWS, fault, [f"create({pages} pages)", *lines])


def _check_again(run: PolicyRun, pages: int, *, compiled: bool) -> None:
    for law, engine in (("again", "interpreted"), ("compiled", "compiled")):
        if engine == "compiled" and not compiled:
            continue
        with raising_breaks(law, "the same operations once more"):
            results, state = _play(run.policy, pages, run.calls, engine)
        for step, ours, theirs in zip(run.calls, run.results, results, strict=True):
            told = f"{NAMES[step.operation]} gave {ours}, {law} it gives {theirs}"
            require(ours == theirs, law, told)
        if engine == "compiled":
            same = flatten(state) == flatten(run.state)
            require(same, law, "all victims are the same, and the states differ")


def _play(
    policy: ReclaimPolicy, pages: int, steps: Sequence[Step], engine: str
) -> tuple[list[int], Any]:
    """Run steps without looking; return victims and state."""
    zeros = zeros_of(engine)
    state, results = policy.create(pages, zeros), zeros(len(steps))
    columns = [build.ints([step[k] for step in steps], engine) for k in range(2)]
    entry(run_policy_tape, engine)(state, *columns, results)
    return plain(results), state


def _check_machine(policy: ReclaimPolicy) -> None:
    with POLICIES.shadowed(policy.name, policy):
        check_replay("machine", reclaim=policy.name)
        check_replay("machine", reclaim=policy.name, frontend="none")
        check_replay("machine", reclaim=policy.name, page_cluster=3)
