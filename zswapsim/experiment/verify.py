# SPDX-License-Identifier: GPL-2.0-only
"""verify: replay a kernel's recording through the machine and find the first difference.

Compared at every step: the outcome of each store and load, the size asked of the pool and the
object's place, each shrink with the order and outcome of its evictions, what was written to the
swap file and by whom, what was freed, and all counters. Lengths are the recording's own, so a wrong
one shows only where it leads to another place, unless own sizes are asked for: then pages are
compressed anew, and the sizes are compared too.
"""

from dataclasses import dataclass
from pathlib import Path

from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.kernel_recording import open_recording
from zswapsim.experiment.recording_comparison import Comparison
from zswapsim.experiment.recording_script import RecordingScript


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of one recording.

    steps: of the recording; equal_steps: of these before the first difference; difference: None if
    all are equal, else one line that says where.
    """

    name: str
    steps: int
    equal_steps: int
    engine: str
    difference: str | None

    def __str__(self) -> str:
        if self.difference is None:
            return f"{self.name}: equal: {self.steps} steps"
        return f"{self.name}: {self.difference}"


def verify(
    path: Path, pages_folder: Path | None = None, engine: str = "auto", *, own_sizes: bool = False
) -> Verdict:
    """Compare one recording.

    own_sizes: compress its pages with our compressors, and compare the sizes too. TraceError if it
    cannot be read, NoEntry if it needs a part that there is not (a kernel, a zpool).
    """
    recording = open_recording(path, pages_folder)
    if not recording.has_events and any(step.words[0] not in "fs" for step in recording.steps):
        raise InvalidArgument(f"{path}: a recording without events, of operations other than f, s")
    engine = "interpreted" if engine == "auto" else engines.choose(engine, 0)
    script = RecordingScript(recording, own_sizes=own_sizes)
    equal_steps, difference = Comparison(script).first_difference(*script.run(engine))
    return Verdict(recording.name, len(recording.steps), equal_steps, engine, difference or None)
