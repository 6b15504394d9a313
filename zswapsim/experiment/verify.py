# SPDX-License-Identifier: GPL-2.0-only
"""verify: replay a kernel's recording through the machine and find the first difference.

Compared at every step: the outcome of each store and load, the size asked of the pool and the
object's place, each shrink with the order and outcome of its evictions, what was written to the
swap file and by whom, what was freed, and all counters. Lengths are the recording's own, unless own
sizes are asked for: then every page is compressed anew, by the compressor of ours that is nearest
to that kernel's, and sizes and failures are compared too. Recordings of zram have no lengths, so
theirs are always our own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zswapsim.content.compressors import Compressor
from zswapsim.content.compressors.fidelity import fidelity_of
from zswapsim.engine import engines
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.kernel_recording import KernelRecording, open_recording
from zswapsim.experiment.recording_comparison import Comparison
from zswapsim.experiment.recording_script import RecordingScript
from zswapsim.experiment.zram_recording import ZramScript


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
    path: str | Path,
    pages_folder: Path | None = None,
    engine: str = "auto",
    *,
    own_sizes: bool = False,
) -> Verdict:
    """Compare one recording.

    own_sizes: compress its pages with our compressors, and compare the sizes too. TraceError if it
    cannot be read, NoEntry if it needs a part that there is not (a kernel, a zpool).
    """
    recording = open_recording(Path(path), pages_folder)
    if recording.is_of_zram:
        return _verify_zram(recording, engine)
    if not recording.has_events and any(step.words[0] not in "fs" for step in recording.steps):
        raise InvalidArgument(f"{path}: a recording without events, of operations other than f, s")
    engine = "interpreted" if engine == "auto" else engines.choose(engine, 0)
    script = RecordingScript(recording, own_sizes=own_sizes)
    equal_steps, difference = Comparison(script).first_difference(*script.run(engine))
    return _verdict(recording, engine, equal_steps, difference, script.codecs)


def _verify_zram(recording: KernelRecording, engine: str) -> Verdict:
    engine = "interpreted" if engine == "auto" else engines.choose(engine, 0)
    script = ZramScript(recording)
    return _verdict(recording, engine, *script.first_difference(engine), script.codecs)


def _verdict(
    recording: KernelRecording,
    engine: str,
    equal_steps: int,
    difference: str,
    codecs: Mapping[str, Compressor],
) -> Verdict:
    if difference:
        difference += "".join(f" ({remark})" for remark in _about_sizes(codecs))
    return Verdict(recording.name, len(recording.steps), equal_steps, engine, difference or None)


def _about_sizes(codecs: Mapping[str, Compressor]) -> Iterator[str]:
    """Say of each compressor whose sizes are not all the kernel's that these may be the reason."""
    for name, codec in codecs.items():
        fidelity = fidelity_of(codec)
        if not fidelity.is_equal:
            said = "near only" if fidelity.pages else "not known to be the kernel's"
            note = f"; {fidelity.note}" if fidelity.note else ""
            yield f"{name}'s sizes are {said} with {codec.version}{note}"
