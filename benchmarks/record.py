# SPDX-License-Identifier: GPL-2.0-only
"""Recording a program, with both back ends, against the program alone and against valgrind's own.

The workloads are small and take turns in one run, standard output thrown away. `none` is Valgrind
without a tool, `lackey to /dev/null` its tool without a reader: what no recorder on top of them can
beat. The trace is not saved. Lags are in accesses, at most.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import seconds
from zswapsim.trace.derive.reduce import Reducer
from zswapsim.trace.recorder.record import RESIDENT_PAGES, Recording, make_backend, record

ROUNDS = 5
SLOW_ROUNDS = 1
"""With lackey, which takes long."""
LINES = (500, 50_000)
ITEMS = 20_000


def main() -> None:
    """Print the times, as multiples of the program's own."""
    Reducer(1, "compiled")  # the first compilation is not the recording's
    with tempfile.TemporaryDirectory() as folder:
        generator = random.Random(1)
        for lines in LINES:
            numbers = Path(folder) / f"{lines}"
            numbers.write_text("".join(f"{generator.random()}\n" for _ in range(lines)))
            program = [str(shutil.which("sort")), str(numbers)]
            _measure(f"sort, {lines:,} lines", program, lackey=lines == LINES[0])
        source = f"import json; print(len(json.dumps([{{'a': i}} for i in range({ITEMS})])))"
        _measure("python", [os.path.realpath(sys.executable), "-ISc", source], lackey=False)


def _measure(name: str, program: list[str], *, lackey: bool) -> None:
    recordings: dict[str, Recording] = {}

    def recorder(kind: str) -> Callable[[], object]:
        def run() -> None:
            backend, _ = make_backend(kind, RESIDENT_PAGES, None, None)
            recordings[kind] = record(program, backend, resident_pages=RESIDENT_PAGES)

        return run

    valgrind = [str(shutil.which("valgrind")), "-q"]
    with_lackey = [*valgrind, "--tool=lackey", "--trace-mem=yes", "--log-file=/dev/null"]
    sides: dict[str, Callable[[], object]] = {
        "alone": lambda: _run(program),
        "valgrind none": lambda: _run([*valgrind, "--tool=none", *program]),
        "record, pagetrace": recorder("pagetrace"),
    }
    slow: dict[str, Callable[[], object]] = {
        "lackey to /dev/null": lambda: _run([*with_lackey, *program]),
        "record, lackey": recorder("lackey"),
    }
    sides |= slow if lackey else {}
    times: dict[str, list[float]] = {side: [] for side in sides}
    with _output_nowhere():
        for turn in range(ROUNDS):
            for side, run in sides.items():
                if side not in slow or turn < SLOW_ROUNDS:
                    times[side].append(seconds(run))
    alone = statistics.median(times["alone"])
    print(f"{name}: alone {alone:.3f} s")
    for side in list(sides)[1:]:
        ratios = sorted(above / alone for above in times[side])
        print(
            f"  {side} / alone: {statistics.median(ratios):.0f} ({ratios[0]:.0f} to "
            f"{ratios[-1]:.0f} in {len(ratios)} rounds; {statistics.median(times[side]):.2f} s)"
        )
    for kind, recording in recordings.items():
        meta, facts = recording.trace.meta, recording.facts
        print(
            f"  {kind}: {facts.raw_accesses:,} loads and stores, {recording.page_accesses:,} "
            f"changes of page, {recording.trace.accesses:,} kept, "
            f"{recording.trace.contents_count:,} contents; lag {meta['recorder_lag_mean']} on "
            f"average, {facts.lag_accesses_max} at worst",
            flush=True,
        )


def _run(program: list[str]) -> None:
    subprocess.run(program, stdout=subprocess.DEVNULL, check=True)


class _output_nowhere:  # noqa: N801
    """Standard output, also that of programs, thrown away within the block."""

    def __enter__(self) -> None:
        sys.stdout.flush()
        self._kept = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def __exit__(self, *error: object) -> None:
        os.dup2(self._kept, 1)
        os.close(self._kept)
