# SPDX-License-Identifier: GPL-2.0-only
"""Files of others are safe to open: a trace or one line, in bounded memory, and nothing is left.

Every registered format is tried, by its real samples (format_samples.py): a new one has to bring
one. Time is bounded by what an input may stand for, which is small here.
"""

import bz2
import gzip
import io
import json
import lzma
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import zstandard
from format_samples import ASKED_FOR, Sample, samples_of
from hypothesis import given, settings
from hypothesis import strategies as st

from zswapsim.cli import main
from zswapsim.conformance.damage import HEAD_BYTES, JUNK, LARGE, NUMBERS, Step, damaged
from zswapsim.errors import TraceError, ZswapSimError
from zswapsim.printable import printable
from zswapsim.trace.checks import META_COUNTS, META_TEXTS
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.images.image import MemoryImage
from zswapsim.trace.input import InputOptions
from zswapsim.trace.readers.damon import DamonFormat
from zswapsim.trace.readers.foreign import ForeignFormat
from zswapsim.trace.trace import Trace

PEAK_BYTES = 64 << 20
NAMES = FORMATS.names()
PACKINGS: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    bz2.compress,
    zstandard.compress,
    lambda data: lzma.compress(data, preset=0),
]


@st.composite
def damages(draw: st.DrawFn, length: int) -> list[Step]:
    """What to do to a file of that length, one thing after the other: kind, place, data, times."""
    at = st.one_of(st.integers(0, min(HEAD_BYTES, length)), st.integers(0, length))
    numbers = st.builds(
        lambda number, size: number.to_bytes(8, "little")[:size],
        st.sampled_from(LARGE),
        st.sampled_from([2, 4, 8]),
    )
    data = st.one_of(
        st.binary(min_size=1, max_size=8), numbers, st.sampled_from(NUMBERS), st.sampled_from(JUNK)
    )
    kinds = ["overwrite", "overwrite", "number", "number", "flip", "insert", "cut", "truncate"]
    kind = st.sampled_from([*kinds, "repeat", "fill"])
    times = st.sampled_from([1, 1, 2, 50, 5000])
    return draw(st.lists(st.tuples(kind, at, data, times), min_size=1, max_size=4))


def outcome(sample: Sample, **options: Any) -> str:
    """Open a file and read all of it; return the message, or "" where it could be read."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as temporary:
        path = Path(folder, "given")
        path.write_bytes(sample.data)
        for name, data in sample.beside:
            Path(folder, name).write_bytes(data)
        small = {"accesses_from": 30_000, "accesses_per_byte": 1, "pages_from": 30_000}
        with (
            patch.multiple(ForeignFormat, **small),
            patch.multiple(DamonFormat, **small),
            patch.object(tempfile, "tempdir", temporary),
        ):
            tracemalloc.start()
            try:
                message = reading_of(path, **options)
                peak_bytes = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert list(Path(temporary).iterdir()) == []
        assert {file.name for file in Path(folder).iterdir()} == {"given", *dict(sample.beside)}
    assert peak_bytes < PEAK_BYTES
    assert message.isprintable()
    assert len(message) < 1000
    return message


def reading_of(path: Path, **options: Any) -> str:
    try:
        trace = Trace.open(path, InputOptions(**options))
        assert sum(len(block) for block in trace.blocks()) == trace.accesses
        at, page, content = trace.versions
        assert len(at) == len(page) == len(content) == trace.counts.versions
        assert len(trace.contents_bytes) == 4096 * trace.contents_count
    except TraceError as error:
        assert str(path.name) in str(error)
        return str(error)
    except ZswapSimError as error:
        return str(error)
    except OSError as error:  # of a file that has to be beside this one
        assert b'"zswapsim-recording/' in path.read_bytes()
        return printable(str(error))
    read_as = FORMATS.get(options["format"]) if options.get("format") else None
    if isinstance(read_as, MemoryImage):
        assert trace.pages > trace.accesses == 0
    if isinstance(read_as, MemoryImage | ForeignFormat):
        assert trace.page_numbers is not None
        assert len(np.unique(trace.page_numbers)) == trace.pages
    assert json.dumps(trace.info())
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_samples_that_are_read_as_it(name: str) -> None:
    if name == "avml":
        pytest.importorskip("cramjam")
    for sample in samples_of(name):
        for asked in (name, None) if name not in ASKED_FOR else (name,):
            message = outcome(sample, format=asked, skip_bad=2)  # its end is cut off
            assert sample.is_refused == bool(message)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=20)
def test_a_damaged_file_is_a_trace_or_one_line(name: str, data: st.DataObject) -> None:
    if name == "avml":
        pytest.importorskip("cramjam")
    sample = data.draw(st.sampled_from(samples_of(name)))
    steps = data.draw(damages(len(sample.data)))
    wrong = damaged(sample.data, steps)
    pack = data.draw(st.sampled_from([None, None, *PACKINGS]))
    if pack is not None:
        wrong = damaged(pack(wrong), data.draw(st.one_of(st.just([]), damages(200))))
    asked = data.draw(st.sampled_from([None, name, *NAMES] if name not in ASKED_FOR else NAMES))
    skip_bad = data.draw(st.sampled_from([0, 1, 1_000_000]))
    columns = data.draw(
        st.sampled_from([None, None, None, "space,op,address,size", ",object", "\x1b"])
    )
    outcome(sample._replace(data=wrong), format=asked, skip_bad=skip_bad, columns=columns)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 9000), st.integers(0, 9000),
       st.booleans())  # fmt: skip
def test_two_files_spliced_are_a_trace_or_one_line(
    one: str, other: str, end: int, start: int, asked: bool
) -> None:
    pytest.importorskip("cramjam")
    sample = samples_of(one)[0]
    spliced = sample.data[:end] + samples_of(other)[-1].data[start:]
    outcome(sample._replace(data=spliced), format=one if asked else None)


@given(st.data())
def test_a_trace_file_of_damaged_members_is_a_trace_or_one_line(data: st.DataObject) -> None:
    """The archive is whole and its checksums are right, so that damage gets further."""
    with zipfile.ZipFile(io.BytesIO(samples_of("ztrace")[0].data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(list(members)))
    packed = name.endswith(".zst")
    whole = zstandard.decompress(members[name]) if packed else members[name]
    wrong = damaged(whole, data.draw(damages(len(whole))))
    members[name] = zstandard.compress(wrong) if packed else wrong
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    outcome(Sample(out.getvalue()), format=data.draw(st.sampled_from([None, "ztrace"])))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([1 << 63, -(1 << 63), 10**300]),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.sampled_from(["\x1b[31m\n\r", "\ud800", "[red]x[/red]", "x" * 3000]),
)
VALUES = st.recursive(
    SCALARS,
    lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=3), of, max_size=3),
)
MORE_KEYS = ("seed", "pages", "reuse", "working_set", "content_mix", "written_pages", "sample", "x")
COMMANDS = [
    ["trace", "info"],
    ["trace", "info", "--json"],
    ["trace", "info", "--quick"],
    ["trace", "curve"],
    ["trace", "curve", "--sample-pages=64", "--json"],
    ["trace", "head"],
    ["trace", "convert", "--level=1", "-o", "out"],
    ["trace", "convert", "--level=1", "--reduce=2", "-o", "out"],
    ["trace", "cut", "--from=2", "-o", "out"],
    ["trace", "merge", "-o", "out", "given"],
    ["replay", "--engine=interpreted", "--memory=3p"],
    ["replay", "--engine=interpreted", "--no-bytes", "--accesses=loop", "--json"],
    ["capture", "-o", "out"],
    ["ratio", "--no-time", "--compressor=lz4", "--zpool=zbud"],
    ["ratio", "--no-time", "--compressor=lz4", "--zpool=zbud", "--json"],
]


@given(
    st.dictionaries(st.sampled_from([*META_TEXTS, *META_COUNTS, *MORE_KEYS]), VALUES, max_size=3),
    st.sampled_from(COMMANDS),
)
@settings(max_examples=200)
def test_meta_of_any_kind_ends_every_command_well(meta: dict[str, Any], words: list[str]) -> None:
    def with_meta(data: bytes) -> bytes:
        document = json.loads(data)
        document["meta"] |= meta
        return json.dumps(document).encode()

    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(samples_of("ztrace")[0].data)) as archive,
        zipfile.ZipFile(out, "w") as changed,
    ):
        for name in archive.namelist():
            content = archive.read(name)
            changed.writestr(name, with_meta(content) if name == "meta.json" else content)
    check_command(out.getvalue(), words)


@given(st.sampled_from(NAMES), st.sampled_from(COMMANDS), st.data())
def test_a_damaged_file_ends_every_command_well(
    name: str, words: list[str], data: st.DataObject
) -> None:
    pytest.importorskip("cramjam")
    sample = samples_of(name)[0].data
    check_command(damaged(sample, data.draw(damages(len(sample)))), words)


def check_command(data: bytes, words: list[str]) -> None:
    """Run a command on a file, alone in its folder; it writes its output or says one line."""
    out, err = io.StringIO(), io.StringIO()
    with (
        TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as monkeypatch,
        patch.multiple(ForeignFormat, accesses_from=20_000, accesses_per_byte=1),
        patch.multiple(DamonFormat, accesses_from=20_000, accesses_per_byte=1),
    ):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        Path("given").write_bytes(data)
        code = main([*words, "given"])
        written = {path.name for path in Path().iterdir()}
    assert written == ({"given", "out"} if code == 0 and "out" in words else {"given"})
    assert code in (0, 1, 2)
    assert all(
        line.isprintable() for line in [*out.getvalue().split("\n"), *err.getvalue().split("\n")]
    )
    assert code == 0 or err.getvalue().splitlines()[-1].startswith("error: ")
