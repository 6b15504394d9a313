# SPDX-License-Identifier: GPL-2.0-only
"""Whether the tests of the machine notice that it was changed: python -m tests.mutation.

A sample of mutants, each in a process of its own that runs the interpreted tests of its file that
call the changed function, the quickest first, until one fails. One that none notices has survived.
Exit status 1 if a survivor is not in survivors.txt, where each has its reason.
"""

import argparse
import json
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation.mutants import ROOT, Mutant, mutants, put_in, watched
from tests.mutation.targets import TARGETS

LEAST_SECONDS = 1.0
"""Of CPU that a test of a mutant may take, and five times what it takes where that is more."""

MOST_TEST_SECONDS = 1.0
"""Of CPU; tests that take more are not asked, as what they tell the others tell sooner."""


class TooSlow(BaseException):
    """A test took more than that."""


def _too_slow(number: int, frame: object) -> None:
    raise TooSlow


MOST_BYTES = 2 << 30
KNOWN = Path(__file__).with_name("survivors.txt")


class Baseline(NamedTuple):
    """A test that passes: what it takes, in seconds of CPU, and (file, function) that it calls."""

    item: pytest.Item
    seconds: float
    called: frozenset[tuple[str, str]]


class Loop:
    """Runs a session's tests once for each mutant, in a fork, and writes what became of it."""

    def __init__(self, chosen: list[Mutant], out: Path) -> None:
        self.chosen = chosen
        self.out = out

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        files = sorted({mutant.file for mutant in self.chosen})
        tests = self._baseline(session, files)
        seconds = round(sum(test.seconds for test in tests), 1)
        self._write({"files": files, "tests": len(tests), "seconds": seconds})
        for mutant in self.chosen:
            begun = time.monotonic()
            callers = [test for test in tests if (mutant.file, mutant.function) in test.called]
            status = self._in_fork(mutant, callers)
            became = {0: "survived", signal.SIGPROF: "time"}.get(status, "killed")
            spent = round(time.monotonic() - begun, 1)
            row = {"mutant": mutant.name, "became": became, "seconds": spent, "asked": len(callers)}
            self._write(row)
        return True

    def _baseline(self, session: pytest.Session, files: list[str]) -> list[Baseline]:
        """Return the tests that pass without numba, the quickest first."""
        tests = []
        before = signal.signal(signal.SIGPROF, _too_slow)
        with watched(files) as called:
            for item in session.items:
                called.clear()
                begun = time.process_time()
                signal.setitimer(signal.ITIMER_PROF, MOST_TEST_SECONDS)
                try:
                    reports = runtestprotocol(item, log=False, nextitem=None)
                except TooSlow:  # between the steps of a test, where nothing catches it
                    session._setupstate.teardown_exact(None)
                    continue
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
                if all(report.passed for report in reports):
                    tests.append(Baseline(item, time.process_time() - begun, frozenset(called)))
        signal.signal(signal.SIGPROF, before)
        return sorted(tests, key=lambda test: test.seconds)

    def _in_fork(self, mutant: Mutant, tests: list[Baseline]) -> int:
        """Return 0 if all tests pass, 1, or the signal that ended it."""
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
            put_in(mutant)
            for test in tests:
                signal.setitimer(signal.ITIMER_PROF, max(LEAST_SECONDS, 5 * test.seconds))
                reports = runtestprotocol(test.item, log=False, nextitem=None)
                if not all(report.passed for report in reports):
                    os._exit(1)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status) and -1

    def _write(self, row: dict[str, Any]) -> None:
        with self.out.open("a") as file:
            print(json.dumps(row), file=file)


def run_group(chosen: list[Mutant], out: Path) -> None:
    """Try mutants of the same tests, in a process of their own that has no numba."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.modules["numba"] = None  # type: ignore[assignment]
        tests = [str(ROOT / name) for name in TARGETS[chosen[0].file]]
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT)]
        code = pytest.main([*options, *tests], plugins=[Loop(chosen, out)])
        os._exit(0 if code in (0, 5) else 1)
    assert os.waitpid(child, 0)[1] == 0, f"the tests of {chosen[0].file} do not run"


def sample(seed: int, number: int) -> list[Mutant]:
    """Return mutants of all files: three of each, and the rest of any."""
    chance = random.Random(seed)
    everything = {file: mutants(file) for file in TARGETS}
    chosen = {m for some in everything.values() for m in chance.sample(some, min(3, len(some)))}
    rest = [m for some in everything.values() for m in some if m not in chosen]
    print(f"seed {seed}: {number} of {len(chosen) + len(rest)} mutants of {len(TARGETS)} files")
    return sorted(chosen | set(chance.sample(rest, max(0, number - len(chosen)))))


def known() -> dict[str, str]:
    """Return the reasons of survivors, by file, function and what was changed."""
    lines = KNOWN.read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return {f"{name} {what}": why for name, what, why in rows}


def without_line(name: str) -> str:
    """Return a mutant's name as survivors.txt has it, which an edit elsewhere does not change."""
    file, _, rest = name.partition(":")
    return f"{file} {rest.partition(' ')[2]}"


def rows_of(out: Path) -> list[dict[str, Any]]:
    """Return the rows of a run's file."""
    return [json.loads(line) for line in out.read_text().splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=160)
    parser.add_argument("--only", help="mutants whose name has this in it")
    parser.add_argument("--again", type=Path, help="the survivors of an earlier run's file")
    parser.add_argument("--go-on", action="store_true", help="leave out what --out has already")
    parser.add_argument("--out", type=Path, default=Path("mutants.jsonl"))
    options = parser.parse_args()
    os.environ["ZSWAPSIM_HYPOTHESIS"] = "still"
    chosen = sample(options.seed, options.number)
    if options.again:
        earlier = [row for row in rows_of(options.again) if row.get("became") == "survived"]
        names = {without_line(row["mutant"]) for row in earlier}
        chosen = [m for file in TARGETS for m in mutants(file) if without_line(m.name) in names]
    if options.only:
        chosen = [m for file in TARGETS for m in mutants(file) if options.only in m.name]
    if options.go_on and options.out.exists():
        done = {row.get("mutant") for row in rows_of(options.out)}
        chosen = [mutant for mutant in chosen if mutant.name not in done]
    else:
        options.out.unlink(missing_ok=True)
    for tests in dict.fromkeys(TARGETS[mutant.file] for mutant in chosen):
        run_group([m for m in chosen if TARGETS[m.file] == tests], options.out)
    return report(options.out)


def report(out: Path) -> int:
    """Print what became of the mutants; return 1 if a survivor has no reason."""
    rows = rows_of(out)
    became = [row["became"] for row in rows if "became" in row]
    reasons = known()
    survivors = [row["mutant"] for row in rows if row.get("became") == "survived"]
    unexplained = [name for name in survivors if without_line(name) not in reasons]
    for name in survivors:
        print(f"survived: {name}: {reasons.get(without_line(name), 'NO REASON')}")
    print(
        f"{len(became)} mutants: {became.count('killed')} killed, {became.count('time')} ran out "
        f"of time, {len(survivors)} survived, {len(unexplained)} of these without a reason"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
