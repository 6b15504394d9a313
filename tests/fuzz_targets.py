# SPDX-License-Identifier: GPL-2.0-only
"""What the fuzz campaign opens: every kind of file of others, and how each is read.

A read gets a folder of its own with nothing in it, and the damaged bytes. It returns when they were
read; else it raises, and the campaign says whether that is one of the package's own errors.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import fuzz_corpora as corpora
import fuzz_mutators as mutators
import numpy as np
import zstandard
from format_samples import ASKED_FOR, samples_of
from golden_recordings import GOLDENS, PAGES

from zswapsim.cli import main
from zswapsim.content import size_table
from zswapsim.engine.code_cache import _SealedFiles
from zswapsim.errors import NoEntry, TraceError
from zswapsim.experiment.host import host_facts, read_host
from zswapsim.experiment.lesson.lesson import run_script
from zswapsim.experiment.lesson.script import read_script
from zswapsim.experiment.settings import read_settings
from zswapsim.experiment.sweep.rows import rows_of_file
from zswapsim.experiment.verify import verify
from zswapsim.printable import printable
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.recorder.frames import Facts
from zswapsim.trace.recorder.pagetrace import parse
from zswapsim.trace.trace import Trace

Read = Callable[[Path, bytes, Random], None]
Mutate = Callable[[Random, Sequence[bytes]], bytes]

GIVEN = "given"
"""How every file is called, with the ending that it needs."""


class Target(NamedTuple):
    """A kind of file: whole ones, what reads a damaged one, and what damages it."""

    corpus: Callable[[], Sequence[bytes]]
    read: Read
    mutate: Mutate = mutators.mutated


class Refused(Exception):
    """A command ended with one line that says why."""


def _given(folder: Path, data: bytes, suffix: str = "") -> Path:
    path = folder / f"{GIVEN}{suffix}"
    path.write_bytes(data)
    return path


def read_all(trace: Trace) -> None:
    """Read all that a trace has, and hold that its parts agree."""
    assert sum(len(block) for block in trace.blocks()) == trace.accesses
    at, page, content = trace.versions
    assert len(at) == len(page) == len(content) == trace.counts.versions
    assert len(trace.contents_bytes) == 4096 * trace.contents_count
    assert trace.page_numbers is None or len(trace.page_numbers) == trace.pages
    assert json.dumps(trace.info())


def read_trace(name: str, folder: Path, data: bytes, random: Random) -> None:
    """Read a trace as the format that it is of, as what it looks like, or as any."""
    asked = random.choice((name, name, None, random.choice(FORMATS.names())))
    if name in ASKED_FOR:
        asked = asked or name
    options = InputOptions(format=asked, skip_bad=random.choice((0, 0, 1, 1_000_000)))
    read_all(Trace.open(_given(folder, data), options))


def read_recording(folder: Path, data: bytes, random: Random) -> None:
    """Read a recording of a program, damaged in one of its files, whose checksum is then right."""
    (sample,) = samples_of("recording")
    beside = dict(sample.beside)
    if random.random() < 0.5:
        name = random.choice(list(beside))
        wrong = mutators.mutated(random, [zstandard.decompress(beside[name])])
        beside[name] = zstandard.compress(wrong)
        told = json.loads(sample.data)
        told["files"][name] |= {
            "bytes": len(wrong),
            "stored_bytes": len(beside[name]),
            "sha256": hashlib.sha256(wrong).hexdigest(),
        }
        data = json.dumps(told).encode()
    for name, content in beside.items():
        (folder / name).write_bytes(content)
    try:
        read_all(Trace.open(_given(folder, data), InputOptions(format="recording")))
    except OSError as error:
        # Its JSON may name a file that is not there, which is said as for any other file.
        raise Refused(f"{GIVEN}: {error}") from error


def run_command(words: Sequence[str]) -> None:
    """Run a command; hold that what it prints is printable, and one line at its end if it fails."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    said = err.getvalue().splitlines()
    assert code in (0, 1, 2), code
    assert all(line.isprintable() for line in [*out.getvalue().split("\n"), *said])
    if code == 2 and not said[-1].startswith("error: "):
        assert said[-1].startswith("Error: "), said[-1]
        raise Refused(said[-1])
    if code and (said or words[0] != "verify"):  # where 1 says, too, that there is a difference
        assert said[-1].startswith("error: "), said[-1]
        assert said[-1] != "error: not enough memory"
        raise Refused(said[-1])


COMMANDS = (
    ("trace", "info", "--json"),
    ("trace", "info", "--quick"),
    ("trace", "head"),
    ("trace", "curve", "--sample-pages=64", "--json"),
    ("trace", "convert", "--level=1", "-o", "{out}"),
    ("replay", "--engine=interpreted", "--no-bytes", "--accesses=loop", "--memory=30p", "--json"),
    ("replay", "--engine=interpreted", "--memory=3p", "--html", "{out}"),
    ("capture", "-o", "{out}"),
    ("ratio", "--no-time", "--compressor=lz4", "--zpool=zbud", "--json"),
)


def read_by_command(folder: Path, data: bytes, random: Random) -> None:
    """Give a trace or an image to a command."""
    path, out = _given(folder, data), folder / "out"
    words = [word.replace("{out}", str(out)) for word in random.choice(COMMANDS)]
    try:
        run_command([*words, str(path)])
    finally:
        out.unlink(missing_ok=True)


def mutated_of_any(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Damage a file of any format, but a recording, which has others beside it."""
    names = [name for name in FORMATS.names() if name != "recording"]
    of = corpora.traces(random.choice(names))
    return (mutators.mutated_ztrace if of[0][:2] == b"PK" else mutators.mutated)(random, of)


def read_config(folder: Path, data: bytes, random: Random) -> None:
    """Read a file of settings, by itself or for a command."""
    path = _given(folder, data, ".toml")
    if random.random() < 0.5:
        read_settings(path)
        return
    command = random.choice((["replay"], ["sweep"], ["compare"], ["ratio"]))
    run_command([*command, "--config", str(path), "--dump-config"])


def read_result(folder: Path, data: bytes, random: Random) -> None:
    """Make a report of a result."""
    path, out = _given(folder, data, ".json"), folder / "out.html"
    try:
        run_command(["report", str(path), "-o", str(out)])
    finally:
        out.unlink(missing_ok=True)


def read_sweep(suffix: str, folder: Path, data: bytes, random: Random) -> None:
    """Read the rows of a sweep, make a report of them, or go on with them."""
    path, out = _given(folder, data, suffix), folder / "out.html"
    kind = random.random()
    if kind < 0.6:
        rows_of_file(path)
        return
    words = ["report", str(path), "-o", str(out)]
    if kind > 0.8:
        trace = folder / "small.ztrace"
        trace.write_bytes(corpora.traces("ztrace")[0])
        words = ["sweep", "--engine=interpreted", "--jobs=1", "--resume", "-o", str(path)]
        words += ["--memory=3p", str(trace)]
    try:
        run_command(words)
    finally:
        out.unlink(missing_ok=True)
        (folder / "small.ztrace").unlink(missing_ok=True)


def read_lesson(folder: Path, data: bytes, random: Random) -> None:
    """Run a script."""
    assert run_script(read_script(_given(folder, data, ".zswap")))["kind"] == "lesson"


def read_archive(folder: Path, data: bytes, random: Random) -> None:
    """Explain the copy of a machine that is an archive."""
    path = _given(folder, data, ".tar")
    if random.random() < 0.5:
        run_command(["host", str(path)])
    else:
        assert json.dumps(host_facts(read_host(path)))


def read_host_folder(folder: Path, data: bytes, random: Random) -> None:
    """Explain the copy of a machine that is a folder; links and pipes in it are not followed."""
    files = json.loads(data) if data[:1] == b"{" else {}
    root = folder / GIVEN
    for name in files:
        wrong = files[name]
        text = (
            wrong.encode(errors="surrogatepass") if isinstance(wrong, str) else str(wrong).encode()
        )
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = random.random()
        if kind < 0.02:
            path.symlink_to(random.choice(("/dev/zero", "/etc/passwd", path.name, "..")))
        elif kind < 0.03:
            os.mkfifo(path)
        else:
            path.write_bytes(mutators.mutated(random, [text]) if kind < 0.2 else text)
    root.mkdir(exist_ok=True)
    assert json.dumps(host_facts(read_host(root)))


def mutated_files(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return files by path, whose texts are damaged later, each by itself."""
    return random.choice(corpus)


def read_sizes(folder: Path, data: bytes, random: Random) -> None:
    """Read a file of lengths that was damaged: it is as good as none."""
    os.environ["ZSWAPSIM_CACHE_DIR"] = str(folder / GIVEN)
    try:
        lengths = np.arange(50, dtype=np.int32)
        size_table.save("d" * 64, "lz4", lengths)
        path = size_table.file_path("d" * 64, "lz4")
        assert path is not None
        wrong = mutators.mutated(random, [path.read_bytes()])
        if random.random() < 0.5:  # of what it seals
            wrong = wrong[:16] + hashlib.sha256(wrong[48:]).digest() + wrong[48:]
        path.write_bytes(wrong)
        found = size_table.load("d" * 64, "lz4", 50)
        assert found is None or found.shape == (50,)
    finally:
        del os.environ["ZSWAPSIM_CACHE_DIR"]


def read_code(folder: Path, data: bytes, random: Random) -> None:
    """Read a file of compiled code that was damaged: it is as good as none."""
    files = _SealedFiles(folder, GIVEN)
    files.save(("key", 1), ("code", b"x" * 900))
    path = files._path(("key", 1))
    path.write_bytes(mutators.mutated(random, [path.read_bytes()]))
    assert files.load(("key", 1)) in (None, ("code", b"x" * 900))
    path.unlink()


def read_kernel_recording(folder: Path, data: bytes, random: Random) -> None:
    """Compare a damaged recording of a kernel with the machine."""
    path = _given(folder, data, ".json.zst")
    try:
        _compare(path, random)
    except (TraceError, Refused) as error:
        if str(PAGES) in str(error) and str(path) not in str(error):  # a page set that is not there
            raise Refused(f"{GIVEN}: {error}") from error
        raise


def _compare(path: Path, random: Random) -> None:
    if random.random() < 0.2:
        run_command(["verify", f"--pages={PAGES}", "--engine=interpreted", str(path)])
        return
    own_sizes = random.random() < 0.1
    try:
        assert str(verify(path, PAGES, "interpreted", own_sizes=own_sizes))
    except NoEntry as error:  # names a part that there is not, as the command says with the file
        raise Refused(f"{GIVEN}: {printable(str(error))}") from error


def read_frames(folder: Path, data: bytes, random: Random) -> None:
    """Read the stream of the recorder's tool, which has no file, in pieces of any size."""
    piece = random.choice((1 << 20, 4096, 61))
    pieces = iter([data[at : at + piece] for at in range(0, len(data), piece)])
    try:
        for frame in parse(lambda most: next(pieces, b""), Facts()):
            assert len(frame.at) == len(frame.page) == len(frame.what)
    except TraceError as error:
        raise Refused(f"{GIVEN}: {error}") from error


def read_packed(folder: Path, data: bytes, random: Random) -> None:
    """Unpack all of a compressed input, or read it as a trace."""
    path = _given(folder, data)
    if random.random() < 0.5:
        for _ in Input(path).chunks():
            pass
    else:
        read_all(Trace.open(path, InputOptions(skip_bad=random.choice((0, 1_000_000)))))


def _of_trace(name: str) -> Target:
    corpus = partial(corpora.traces, name)
    if name == "ztrace":
        return Target(corpus, partial(read_trace, name), mutators.mutated_ztrace)
    if name == "recording":
        return Target(corpus, read_recording, mutators.mutated_json)
    return Target(corpus, partial(read_trace, name))


TARGETS: dict[str, Target] = {
    **{f"trace:{name}": _of_trace(name) for name in FORMATS.names()},
    "packed": Target(corpora.packed, read_packed),
    "commands": Target(lambda: [b"any"], read_by_command, mutated_of_any),
    "settings": Target(corpora.settings, read_config),
    "result": Target(corpora.results, read_result, mutators.mutated_json),
    "rows:jsonl": Target(
        partial(corpora.rows, ".jsonl"), partial(read_sweep, ".jsonl"), mutators.mutated_json_lines
    ),
    "rows:csv": Target(partial(corpora.rows, ".csv"), partial(read_sweep, ".csv")),
    "rows:parquet": Target(partial(corpora.rows, ".parquet"), partial(read_sweep, ".parquet")),
    "lesson": Target(corpora.scripts, read_lesson, mutators.mutated_script),
    "host:archive": Target(corpora.archives, read_archive, mutators.mutated_tar),
    "host:folder": Target(corpora.host_files, read_host_folder, mutated_files),
    "sizes": Target(lambda: [b""], read_sizes),
    "code": Target(lambda: [b""], read_code),
    "pagetrace": Target(corpora.streams, read_frames, mutators.frame_counts),
}
"""By name. A registered format is here by itself; recordings of kernels, where there are some."""

if GOLDENS.is_dir():
    TARGETS["verify"] = Target(
        corpora.recordings, read_kernel_recording, mutators.mutated_recording
    )
