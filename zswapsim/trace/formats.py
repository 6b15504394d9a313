# SPDX-License-Identifier: GPL-2.0-only
"""Trace formats by name, and the choice of one by what a file holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zswapsim.errors import TraceError
from zswapsim.registry import Registry, lacking

if TYPE_CHECKING:
    from zswapsim.trace.input import Input
    from zswapsim.trace.trace import Trace


class TraceFormat(Protocol):
    """A kind of file that a trace can be read from.

    name: as registered; summary: one line for lists.
    """

    name: str
    summary: str

    def recognises(self, path: Path, head: bytes) -> bool:
        """Say whether the file is of this format.

        head: its first 4096 bytes, unpacked if it is compressed, or all if fewer; path: its name,
        to be asked only where the bytes say too little.
        """
        ...

    def open(self, source: "Input") -> "Trace":
        """Make a Trace, which may read its data later. TraceError says what is wrong."""
        ...


_BUILT_IN = {
    "ztrace": "zswapsim.trace.file:FORMAT",
    "recording": "zswapsim.trace.readers.recording:FORMAT",
    "elf-core": "zswapsim.trace.images.elf_core:FORMAT",
    "lime": "zswapsim.trace.images.lime:FORMAT",
    "avml": "zswapsim.trace.images.avml:FORMAT",
    "kdump": "zswapsim.trace.images.kdump:FORMAT",
    "raw": "zswapsim.trace.images.raw:FORMAT",
    "lackey": "zswapsim.trace.readers.lackey:FORMAT",
    "drmemtrace": "zswapsim.trace.readers.drmemtrace:FORMAT",
    "blkparse": "zswapsim.trace.readers.blkparse:FORMAT",
    "msr": "zswapsim.trace.readers.msr:FORMAT",
    "address": "zswapsim.trace.readers.address:FORMAT",
    "csv": "zswapsim.trace.readers.table:FORMAT",
    "txt": "zswapsim.trace.readers.object_ids:FORMAT",
    "lcs": "zswapsim.trace.readers.lcs:FORMAT",
    "damon": "zswapsim.trace.readers.damon:FORMAT",
    "champsim": "zswapsim.trace.readers.champsim:FORMAT",
    "champsim-cloudsuite": "zswapsim.trace.readers.champsim:CLOUDSUITE_FORMAT",
    "oracleGeneral": "zswapsim.trace.readers.oracle_general:FORMAT",
}

_NAMED_COLUMNS = "csv"
"""The format that columns are named of."""


def _fault(name: str, part: Any) -> str:
    if isinstance(part, type):
        return f"it is the class {part.__name__}, not an object of it"
    absent = lacking(part, ("name", "summary", "recognises", "open"))
    return absent or ("" if part.name == name else f"its name is {part.name!r}")


FORMATS: Registry[TraceFormat] = Registry("trace format", "zswapsim.formats", _BUILT_IN, _fault)


def recognise(source: "Input") -> TraceFormat:
    """Return the format asked for, or that columns are named of, or the first that recognises it.

    NoEntry or TraceError lists the formats there are.
    """
    if source.options.format is not None:
        return FORMATS.get(source.options.format)
    if source.options.columns is not None:
        return FORMATS.get(_NAMED_COLUMNS)
    for name in _BUILT_IN:
        trace_format = FORMATS.get(name)
        if trace_format.recognises(source.path, source.head):
            return trace_format
    for name in FORMATS.names():
        if not FORMATS.is_built_in(name) and _foreign_recognises(name, source):
            return FORMATS.get(name)
    if not source.head:
        raise TraceError(f"{source.where}: the file is empty")
    raise TraceError(
        f"{source.where}: no known trace format, by its first {len(source.head)} bytes; "
        f"known are {', '.join(FORMATS.names())}; name it with --format, or the columns of a table "
        "with --columns"
    )


def _foreign_recognises(name: str, source: "Input") -> bool:
    """Ask a format of a third party, whose faults must not keep others from a file.

    These are asked last, so that they are only searched where no built-in one fits.
    """
    try:
        return bool(FORMATS.get(name).recognises(source.path, source.head))
    except Exception:
        return False
