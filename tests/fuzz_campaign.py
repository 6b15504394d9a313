# SPDX-License-Identifier: GPL-2.0-only
"""The fuzz campaign over all files of others: python -m fuzz_campaign, with tests/ in PYTHONPATH.

Each kind of file is read in a forked child whose memory is limited (RLIMIT_AS), and which a signal
ends when an input takes too much CPU time, or too long. An input is named KIND:SEED:NUMBER, and is
drawn from that name alone. What is held of each: it is read, or refused by an error of the package
in one printable line that names the file; within PEAK_BYTES; and no file is left.
"""

import argparse
import faulthandler
import mmap
import multiprocessing
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fuzz_targets import GIVEN, TARGETS, Refused

from zswapsim.errors import InvariantError, LawBroken, ZswapSimError

ADDRESS_SPACE_BYTES = 2 << 30
"""What a child may map beyond what it has at its beginning."""
PEAK_BYTES = 640 << 20
"""What an input may add to the memory in use."""
CPU_SECONDS = 5.0
WALL_SECONDS = 60.0
MESSAGE_CHARACTERS = 1000


@dataclass
class Tally:
    """What became of the inputs of one kind. faults: (input, what, its kind) of each."""

    read: int = 0
    refused: int = 0
    peak_bytes: int = 0
    faults: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.read + self.refused + len(self.faults)


def input_of(kind: str, seed: int, number: int) -> tuple[bytes, Random]:
    """Return an input, and what draws how it is read."""
    random = Random(f"{kind}:{seed}:{number}")
    target = TARGETS[kind]
    return target.mutate(random, target.corpus()), random


def problem_of(kind: str, seed: int, number: int, tally: Tally) -> tuple[str, str] | None:
    """Read one input; return what is wrong about that, and which fault it is, or None."""
    data, random = input_of(kind, seed, number)
    with tempfile.TemporaryDirectory() as parent:
        folder, temporary = Path(parent, "in"), Path(parent, "temporary")
        folder.mkdir()
        temporary.mkdir()
        tempfile.tempdir = str(temporary)
        try:
            before = _begin_peak()
            try:
                TARGETS[kind].read(folder, data, random)
                tally.read += 1
            except (ZswapSimError, Refused) as error:
                tally.refused += 1
                if problem := _problem_of_message(error):
                    tally.refused -= 1
                    return problem, f"{problem[:20]} {_place_of(error)}"
            except BaseException as error:
                return "".join(traceback.format_exception(error)), _place_of(error)
            peak = _peak_bytes() - before
            tally.peak_bytes = max(tally.peak_bytes, peak)
            left = [path.name for path in temporary.iterdir()]
        finally:
            tempfile.tempdir = None
    if peak > PEAK_BYTES:
        return f"peak of {peak:,} bytes", "memory"
    return (f"left {left}", "left") if left else None


def _problem_of_message(error: Exception) -> str | None:
    message = str(error)
    if isinstance(error, InvariantError | LawBroken):
        return f"a check failed: {message}"
    if len(message) > MESSAGE_CHARACTERS:
        return f"a message of {len(message):,} characters: {message[:200]!r}"
    if not message.isprintable():
        return f"no printable line: {message!r}"
    return None if GIVEN in message else f"does not name the file: {message}"


def _place_of(error: BaseException) -> str:
    """Return where in the package, or below it, an error came from, to tell faults apart."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "zswapsim/" in frame.filename] or list(frames)
    last = ours[-1]
    return f"{type(error).__name__} {Path(last.filename).name}:{last.lineno}"


def _begin_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return _status_bytes("VmRSS")


def _peak_bytes() -> int:
    return _status_bytes("VmHWM")


def _status_bytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


class _Shared:
    """What the child tells even if it is killed: the number of the input that it is at."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    def put(self, number: int) -> None:
        struct.pack_into("q", self._memory, 0, number)

    def get(self) -> int:
        return int(struct.unpack_from("q", self._memory)[0])


def _child(
    kind: str, seed: int, numbers: range, until: float, shared: _Shared, pipe: Any, log: int
) -> None:
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", ResourceWarning)
    limit = _status_bytes("VmSize") + ADDRESS_SPACE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(log)
    faulthandler.register(signal.SIGPROF, log, chain=True)
    faulthandler.register(signal.SIGALRM, log, chain=True)
    tally = Tally()
    for number in numbers:
        if time.monotonic() > until:
            break
        shared.put(number)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        problem = problem_of(kind, seed, number, tally)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if problem is not None:
            pipe.send((f"{kind}:{seed}:{number}", *problem))
        pipe.send((tally.read, tally.refused, tally.peak_bytes))
    pipe.close()


def run_kind(kind: str, seed: int, inputs: int, seconds: float) -> Tally:
    """Read so many damaged files of a kind, or for so long."""
    assert TARGETS[kind].corpus()
    context: Any = multiprocessing.get_context("fork")
    until = time.monotonic() + seconds
    total, first = Tally(), 0
    while first < inputs and time.monotonic() < until:
        shared = _Shared()
        ours, theirs = context.Pipe(duplex=False)
        with tempfile.TemporaryFile() as log:
            numbers = range(first, inputs)
            given = kind, seed, numbers, until, shared, theirs, log.fileno()
            child = context.Process(target=_child, args=given)
            child.start()
            theirs.close()
            last = (0, 0, 0)
            while True:
                try:
                    told = ours.recv()
                except EOFError:
                    break
                if isinstance(told[0], str):
                    total.faults.append(told)
                else:
                    last = told
            child.join()
            total.read += last[0]
            total.refused += last[1]
            total.peak_bytes = max(total.peak_bytes, last[2])
            if child.exitcode == 0:
                break
            log.seek(0)
            said = log.read(4000).decode(errors="replace")
        first = shared.get() + 1
        code = child.exitcode
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        where = re.search(r'zswapsim/(\S+)", line (\d+)', said)
        place = f"{where[1]}:{where[2]}" if where else "?"
        total.faults.append((f"{kind}:{seed}:{first - 1}", f"{name}\n{said}", f"{name} {place}"))
    return total


def save(folder: Path, fault: tuple[str, str, str]) -> Path:
    """Keep an input and what was wrong with it."""
    name, what, _ = fault
    kind, seed, number = name.rsplit(":", 2)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name.replace(":", "-")
    path.write_bytes(input_of(kind, int(seed), int(number))[0])
    path.with_name(f"{path.name}.txt").write_text(what, errors="backslashreplace")
    return path


def _again(name: str) -> int:
    """Read one input here, with its traceback."""
    kind, seed, number = name.rsplit(":", 2)
    problem = problem_of(kind, int(seed), int(number), Tally())
    print(problem[0] if problem else "well read, or refused")
    return int(problem is not None)


def campaign(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Run the campaign; the exit code is 1 if there is a fault."""
    parser = argparse.ArgumentParser(prog="fuzz_campaign", description=__doc__)
    parser.add_argument("kinds", nargs="*", help="of files; all unless said")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=1 << 40, help="of each kind, at most")
    parser.add_argument("--seconds", type=float, default=900, help="for all kinds together")
    parser.add_argument("--save", type=Path, help="folder for the inputs that fail")
    parser.add_argument("--again", metavar="KIND:SEED:NUMBER", help="read this input only")
    asked = parser.parse_args(arguments)
    if asked.again:
        return _again(asked.again)
    kinds = asked.kinds or list(TARGETS)
    say(f"seed {asked.seed}; {len(kinds)} kinds; {asked.seconds / len(kinds):.0f} s each")
    failed = False
    for kind in kinds:
        tally = run_kind(kind, asked.seed, asked.inputs, asked.seconds / len(kinds))
        say(
            f"{kind:28}{tally.inputs:8,} inputs {tally.read:8,} read {tally.refused:8,} refused "
            f"{tally.peak_bytes >> 20:5} MiB {len(tally.faults):4} faults"
        )
        firsts = {place: (name, what, place) for name, what, place in reversed(tally.faults)}
        counts = Counter(place for _, _, place in tally.faults)
        for place, fault in firsts.items():
            last = fault[1].strip().splitlines()[-1] if "Traceback" in fault[1] else fault[1]
            say(f"    {counts[place]} x {fault[0]}: {place}: {last[:160]!r}")
            if asked.save:
                save(asked.save, fault)
        failed = failed or bool(tally.faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(campaign())
