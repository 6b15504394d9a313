# SPDX-License-Identifier: GPL-2.0-only
"""The limits that docs/traces.md states are those of the program, and a terabyte meets them."""

import re
from pathlib import Path

import pytest
import zstandard

from zswapsim.cli import report_command
from zswapsim.errors import TraceError
from zswapsim.experiment import kernel_recording
from zswapsim.experiment import settings as settings_files
from zswapsim.experiment.host import reading, wanted
from zswapsim.experiment.lesson import script
from zswapsim.experiment.sweep import files as row_files
from zswapsim.trace import checks, contents, file, numbering, trace, unpack
from zswapsim.trace import input as inputs
from zswapsim.trace.formats import FORMATS, recognise
from zswapsim.trace.images import elf_segments
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.readers import damon, damon_snapshots, damon_text, line_kernel, recording
from zswapsim.trace.readers.foreign import ForeignFormat
from zswapsim.trace.recorder import pagetrace
from zswapsim.units import FREED

SECTION = (
    (Path(__file__).parents[2] / "docs" / "traces.md")
    .read_text()
    .partition("\n## Limits\n")[2]
    .partition("\n## ")[0]
)
ROWS = dict(re.findall(r"^\| (.+?) \| (.+?) \|", SECTION, re.M))

LIMITS: dict[str, tuple[int, ...]] = {
    "pages that a `.ztrace` or recording numbers": (unpack.PAGES_FROM, unpack.PAGES_PER_BYTE),
    "contents": (FREED - 1,),
    "meta, as JSON": (checks.META_BYTES, checks.META_DEPTH),
    "directory of a `.ztrace`": (file._DIRECTORY_BYTES,),
    "accesses that other formats stand for": (
        ForeignFormat.accesses_from,
        ForeignFormat.accesses_per_byte,
    ),
    "pages that other formats name": (ForeignFormat.pages_from, ForeignFormat.pages_per_byte),
    "a packed byte, for the rows above": (inputs._USUAL_TIMES,),
    "bytes of one access": (line_kernel.MOST_BYTES,),
    "a line": (line_kernel.MOST_LINE_BYTES,),
    "devices, or hosts and disks, of a log": (line_kernel.MOST_SPACES,),
    "DAMON: accesses made up": (damon.MAX_ACCESSES,),
    "DAMON: regions of a snapshot of text": (damon_text.MAX_REGIONS,),
    "DAMON: pages of a region": (damon_snapshots.MAX_REGION_PAGES,),
    "ELF: segments": (elf_segments.MOST_SEGMENTS,),
    "unpacked bytes of a packed file, and of a member": (
        unpack.MOST_TIMES_FROM_BYTES,
        unpack.MOST_TIMES,
    ),
    "window of zstd": (1 << unpack.WINDOW_LOG,),
    "memory of xz": (inputs._LZMA_BYTES,),
    "JSON of a recording of a program": (recording._SIDECAR_BYTES,),
    "JSON of a recording of a kernel, unpacked": (
        kernel_recording.MAX_STEPS_BYTES,
        kernel_recording.MAX_STEPS_TIMES,
        kernel_recording.MOST_STEPS_BYTES,
    ),
    "page set of such a recording": (kernel_recording.MAX_PAGES_BYTES,),
    "swap slots of such a recording": (kernel_recording.MAX_SLOTS,),
    "a result, as JSON": (report_command.MAX_BYTES, report_command.MAX_DEPTH),
    "rows of a sweep": (row_files.MAX_BYTES, 64),
    "rows of a sweep, unpacked from Parquet": (
        row_files.MAX_TIMES_FROM_BYTES,
        row_files.MAX_TIMES,
    ),
    "settings": (
        settings_files.MAX_BYTES,
        settings_files.MAX_LINES,
        settings_files.MAX_COLUMNS,
    ),
    "a script of a lesson": (script.MAX_BYTES, script.MAX_LINES, script.MAX_SLOTS),
    "archive of a machine's files, unpacked": (reading.ARCHIVE_BYTES, reading.MOST_FILES),
    "one of a machine's files": (wanted.FILE_BYTES, wanted.CONFIG_BYTES),
    "a frame of the recorder's tool": tuple(pagetrace.MOST.values()),
}


@pytest.mark.parametrize("what", LIMITS)
def test_a_stated_limit_is_that_of_the_program(what: str) -> None:
    stated = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\b", ROWS[what])]
    assert stated == list(LIMITS[what])


def test_powers_and_what_is_kept_are_stated() -> None:
    assert trace.WRITE == numbering.MAX_PAGES == 1 << 31
    assert ROWS["pages of a trace"] == "2^31"
    assert f"{contents.IN_MEMORY_BYTES:,} bytes on in a temporary file" in SECTION


def test_every_row_is_looked_at() -> None:
    powers = {"accesses of a `.ztrace`", "pages of a trace", "versions"}
    assert set(ROWS) - {"what", "---"} == set(LIMITS) | powers


@pytest.fixture(scope="module")
def terabyte(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A terabyte of zeros, packed."""
    path = tmp_path_factory.mktemp("bomb") / "tb.zst"
    path.write_bytes(zstandard.compress(bytes(1 << 24)) * (1 << 16))
    return path


OF_RECORDS = ("champsim", "champsim-cloudsuite", "oracleGeneral")
"""Formats that know no wrong byte among zeros, and take a compiled loop to go through many."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long) if name in OF_RECORDS else name
        for name in FORMATS.names()
    ],
)
def test_a_terabyte_of_zeros_is_refused_early_whatever_it_is_said_to_be(
    name: str, terabyte: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "avml":
        pytest.importorskip("cramjam")
    if name not in OF_RECORDS:
        monkeypatch.setattr(ForeignFormat, "engine_for", lambda *_: "interpreted")
    monkeypatch.setattr(unpack, "MOST_TIMES_FROM_BYTES", 1 << 26)  # to be sooner there
    source = Input(terabyte, InputOptions(format=name))
    with pytest.raises(TraceError, match=r"tb\.zst:"):
        recognise(source).open(source)
    assert source.unpacked_bytes < (1 << 26) + (4 << 20)


def test_the_first_bytes_say_that_a_terabyte_of_zeros_is_no_trace(terabyte: Path) -> None:
    source = Input(terabyte)
    with pytest.raises(TraceError, match="no known trace format, by its first 4096 bytes"):
        recognise(source)
    assert source.unpacked_bytes == 4096
