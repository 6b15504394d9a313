# SPDX-License-Identifier: GPL-2.0-only
"""check_format: samples of a trace format, whole, packed and damaged."""

import gzip
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np
import zstandard

from zswapsim.conformance.damage import Step, damaged, drawn
from zswapsim.conformance.law import (
    Broken,
    Conformance,
    Laws,
    broken,
    raising_breaks,
    require,
    shortest,
)
from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.trace.formats import FORMATS, TraceFormat, recognise
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.trace import Trace

KIND = "trace format"
LAWS: Laws = {
    "complete": "it has name, summary, recognises and open",
    "recognised": "each sample is recognised, by its bytes or name, and taken by no other format",
    "modest": "what is none of its files is not recognised: nothing, zeros, noise, prose",
    "read": "each sample becomes a trace with accesses or contents, whose counts are right",
    "twice": "a trace streams twice, in blocks of any length, the same accesses",
    "again": "the same file becomes the same trace",
    "saved": "a trace that is saved as a .ztrace has the same accesses",
    "packed": "a file packed by gzip or zstd is read as the file itself",
    "empty": "an empty file is a TraceError",
    "damaged": "a damaged file is a trace, or a TraceError of one printable line",
    "tidy": "no temporary file is left, and nothing beside the input",
}
PROSE = (
    b"A pool of compressed pages is kept in memory.\nIts pages come and go; so do these lines.\n"
)
PACKINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}
SMALL_BLOCK = 7


def check_format(
    trace_format: TraceFormat | str,
    samples: Sequence[bytes | Path],
    *,
    beside: Mapping[str, bytes] | None = None,
    asked_for: bool = False,
    packed: bool = True,
    skip_bad: int = 0,
    damages: int = 150,
    seed: int = 1,
) -> Conformance:
    """Try the laws of a trace format, or of the one of that name. LawBroken: one does not hold.

    samples: files of that format, or what they hold; small ones do. beside: names and bytes of
    files that have to be in the same folder; asked_for: it recognises nothing, as with --format
    only; packed: whether its files may be packed; skip_bad: lines of the samples that may be wrong,
    as with --skip-bad; damages: damaged copies of each sample; seed: of damage. InvalidArgument: no
    sample.
    """
    part = FORMATS.get(trace_format) if isinstance(trace_format, str) else trace_format
    name = str(getattr(part, "name", part))
    if not samples:
        raise InvalidArgument(
            f"{KIND} {name!r}: a check needs a sample, a small file of that format"
        )
    with FORMATS.shadowed(name, part), tempfile.TemporaryDirectory() as folder:
        options = InputOptions(format=name, skip_bad=skip_bad)
        bench = _Bench(part, options, Path(folder), dict(beside or {}), asked_for, packed)
        try:
            bench.check_complete()
            for at, given in enumerate(samples):
                data = given.read_bytes() if isinstance(given, Path) else given
                file_name = given.name if isinstance(given, Path) else f"sample{at}"
                bench.check_sample(file_name, data)
                bench.check_damage(file_name, data, Random(seed), damages)
            bench.check_others()
        except Broken as fault:
            fault.detail = fault.detail.replace(f"{folder}/given/", "")
            broken(KIND, name, LAWS, fault)
    left_out = {"recognised", "modest"} if asked_for else set()
    left_out |= set() if packed else {"packed"}
    laws = tuple(text for law, text in LAWS.items() if law not in left_out)
    notes = ("recognition: it is asked for by name",) if asked_for else ()
    return Conformance(KIND, name, laws, (), notes)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Files of one format in a folder of their own."""

    part: Any
    options: InputOptions
    folder: Path
    beside: dict[str, bytes]
    asked_for: bool
    packed: bool

    def check_complete(self) -> None:
        for attribute in ("name", "summary"):
            value = getattr(self.part, attribute, None)
            is_right = isinstance(value, str) and value
            require(is_right, "complete", f"its {attribute} is {value!r}")
        for method in ("recognises", "open"):
            is_there = callable(getattr(self.part, method, None))
            require(is_there, "complete", f"it has no {method}")

    def check_sample(self, file_name: str, data: bytes) -> None:
        """Check a whole file."""
        with self._file(file_name, data) as path:
            if not self.asked_for:
                self._check_recognised(path)
            with raising_breaks("read", f"reading {file_name}"):
                trace = self._open(path)
                accesses = _accesses(trace)
            self._check_trace(file_name, trace, accesses)
            with raising_breaks("again", f"reading {file_name} once more"):
                other = _accesses(self._open(path))
            require(np.array_equal(accesses, other), "again", f"{file_name} is another trace now")
        for packing, pack in PACKINGS.items() if self.packed else ():
            with self._file(file_name, pack(data)) as path:
                with raising_breaks("packed", f"reading {file_name}, packed by {packing}"):
                    other = _accesses(self._open(path))
                told = f"{file_name}, packed by {packing}, is another trace"
                require(np.array_equal(accesses, other), "packed", told)

    def check_damage(self, file_name: str, data: bytes, random: Random, count: int) -> None:
        """Check damaged copies of a file."""
        for _ in range(count):
            steps = drawn(random, len(data))
            fault = self._damage_fault(file_name, data, steps)
            if fault is not None:

                def breaks(some: Sequence[Step], law: str = fault.law) -> bool:
                    other = self._damage_fault(file_name, data, some)
                    return other is not None and other.law == law

                raise self._damage_fault(file_name, data, shortest(steps, breaks)) or fault

    def check_others(self) -> None:
        """Check what is not of this format."""
        with self._file("empty", b"") as path:
            try:
                self._open(path)
            except TraceError:
                pass
            except Exception as error:
                raise Broken("empty", f"it raises {type(error).__name__}: {error}") from error
            else:
                raise Broken("empty", "it is read as a trace")
        if self.asked_for:
            return
        noise = Random(5).randbytes(4096)
        others = {"nothing": b"", "zeros": bytes(4096), "noise": noise, "prose": PROSE * 40}
        for what, head in others.items():
            with raising_breaks("modest", f"recognises, asked about {what},"):
                is_ours = self.part.recognises(Path("unnamed"), head[:4096])
            require(not is_ours, "modest", f"{what} is recognised")

    def _check_recognised(self, path: Path) -> None:
        with raising_breaks("recognised", f"recognises, asked about {path.name},"):
            is_ours = self.part.recognises(path, Input(path).head)
        require(is_ours, "recognised", f"{path.name} is not")
        taken_by = recognise(Input(path)).name
        require(
            taken_by == self.options.format, "recognised", f"{path.name} is taken by {taken_by}"
        )

    def _check_trace(self, file_name: str, trace: Trace, accesses: Any) -> None:
        told = f"{file_name}: {trace.accesses} accesses are told of, {len(accesses)} are there"
        require(len(accesses) == trace.accesses, "read", told)
        require(len(accesses) or trace.contents_count, "read", f"{file_name} has nothing in it")
        pages = int((accesses & 0x7FFFFFFF).max()) + 1 if len(accesses) else 0
        require(pages <= trace.pages, "read", f"{file_name}: page {pages} of {trace.pages}")
        for size in (SMALL_BLOCK, 1 << 20):
            other = np.concatenate([np.zeros(0, np.uint32), *trace.blocks(size)])
            same = np.array_equal(accesses, other)
            require(same, "twice", f"{file_name} has others in blocks of {size}")
        saved = self.folder / "saved.ztrace"
        with raising_breaks("saved", f"saving {file_name}"):
            trace.save(saved)
            other = _accesses(Trace.open(saved))
        saved.unlink()
        require(np.array_equal(accesses, other), "saved", f"{file_name} has others once saved")

    def _damage_fault(self, file_name: str, data: bytes, steps: Sequence[Step]) -> Broken | None:
        """Read a damaged file; return the law that is broken, if one is."""
        told = f"{file_name}, damaged by {steps},"
        try:
            with self._file(file_name, damaged(data, steps)) as path:
                try:
                    _accesses(self._open(path))
                except TraceError as error:
                    is_a_line = str(error).isprintable() and str(error)
                    require(is_a_line, "damaged", f"{told} raises {str(error)!r}")
                except Exception as error:
                    raised = f"{type(error).__name__}: {' '.join(str(error).split())}"
                    return Broken("damaged", f"{told} raises {raised}")
        except Broken as fault:
            return fault
        return None

    def _open(self, path: Path) -> Trace:
        return Trace.open(path, self.options)

    @contextmanager
    def _file(self, file_name: str, data: bytes) -> Iterator[Path]:
        """Write a file and what is beside it; afterwards look that nothing else is there."""
        place, temporary = self.folder / "given", self.folder / "temporary"
        for made in (place, temporary):
            made.mkdir()
        for name, other in {**self.beside, file_name: data}.items():
            (place / name).write_bytes(other)
        try:
            with patch.object(tempfile, "tempdir", str(temporary)):
                yield place / file_name
            left = [path.name for path in temporary.iterdir()]
            require(not left, "tidy", f"{file_name} leaves {', '.join(left)}")
            extra = {path.name for path in place.iterdir()} - {*self.beside, file_name}
            require(not extra, "tidy", f"{file_name} leaves {', '.join(sorted(extra))} beside it")
        finally:
            for made in (place, temporary):
                for path in made.iterdir():
                    path.unlink()
                made.rmdir()


def _accesses(trace: Trace) -> Any:
    """Return all accesses, encoded: page | 1 << 31 for a write."""
    accesses = np.concatenate([np.zeros(0, np.uint32), *trace.blocks()])
    at, page, content = trace.versions
    if not len(at) == len(page) == len(content):
        raise ValueError("its versions are not of one length")
    return accesses
