# SPDX-License-Identifier: GPL-2.0-only
"""Whatever holds bytes, as a snapshot: trace, process, memory image, or any file cut into pages."""

from collections.abc import Iterator
from pathlib import Path

from zswapsim.errors import TraceError
from zswapsim.progress import Progress
from zswapsim.trace.formats import FORMATS, TraceFormat, recognise
from zswapsim.trace.images.image import RAW, RUN_BYTES, LeftOut, MemoryImage, Run
from zswapsim.trace.images.live import LiveOptions, process_snapshot
from zswapsim.trace.images.sample import DEFAULT_PAGES
from zswapsim.trace.images.snapshot import contents_of
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.readers.foreign import ForeignFormat
from zswapsim.trace.trace import Trace
from zswapsim.units import PAGE_SHIFT, PAGE_SIZE


class PlainFile(MemoryImage):
    """Reads any file as pages, the last one filled up with zeros."""

    name = RAW
    summary = f"any bytes, cut into pages of {PAGE_SIZE}"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Never: it is what is left when nothing else is."""
        return False

    def pages(self, source: Input, left_out: LeftOut) -> Iterator[Run]:
        """Yield its pages, numbered from 0, and count the zeros that were put at its end."""
        number = 0
        rest = b""
        for chunk in source.chunks(RUN_BYTES):
            block = rest + chunk
            whole_bytes = len(block) & -PAGE_SIZE
            rest = block[whole_bytes:]
            if whole_bytes:
                yield number, block[:whole_bytes]
                number += whole_bytes >> PAGE_SHIFT
        if rest:
            left_out.padded_bytes = PAGE_SIZE - len(rest)
            yield number, rest + bytes(left_out.padded_bytes)


def open_memory(
    text: str,
    *,
    format_: str | None = None,
    sample_pages: int = DEFAULT_PAGES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trace:
    """Return what a process ID or the name of a file stands for, as a trace with contents.

    A trace is given whole; of what is larger than sample_pages a sample is read. format_: as
    formats.FORMATS has it, "raw" for the bytes of the file whatever they are. TraceError says what
    is wrong, OSError that the file cannot be read.
    """
    if text.isdecimal():
        options = LiveOptions(sample_pages=sample_pages, seed=seed)
        return process_snapshot(int(text), options, progress=progress)

    def reading(done: int, total: int) -> None:
        if progress is not None:
            progress("read", done, max(done, total))

    source = Input(text, InputOptions(format=format_, seed=seed), progress=reading)
    found = _kind(source)
    trace = contents_of(found, source, sample_pages=sample_pages, progress=progress)
    if isinstance(found, PlainFile):
        trace.meta["what"] = f"bytes of {source.where}" + (", unpacked" if source.packing else "")
    return trace


def _kind(source: Input) -> TraceFormat:
    """Return the format of an input, a plain file if it is of no other one."""
    if not source.head:
        raise TraceError(f"{source.where}: the file is empty")
    if source.options.format == RAW:
        return PlainFile()
    if source.options.format is None:
        try:
            found = recognise(source)
        except TraceError:
            return PlainFile()
    else:
        found = FORMATS.get(source.options.format)
    if isinstance(found, ForeignFormat):
        raise TraceError(
            f"{source.where}: a log of accesses ({found.name}), which does not tell what pages "
            f"hold; --format {RAW} takes the bytes of the file itself"
        )
    return found


__all__ = ["PlainFile", "open_memory"]
