# SPDX-License-Identifier: GPL-2.0-only
"""Snapshots: what the pages of a process or machine held at one time, as a Trace of 0 accesses.

Page p has one version, (0, p, content), and page_numbers[p] says where it was. Equal contents are
one, as in every trace.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.progress import Progress
from zswapsim.trace.contents import ContentsBuilder
from zswapsim.trace.counts import U32, U64, count_same_filled
from zswapsim.trace.formats import TraceFormat
from zswapsim.trace.images.image import LeftOut, MemoryImage, recognise_contents
from zswapsim.trace.images.sample import DEFAULT_PAGES, Sample, windows_of
from zswapsim.trace.input import Input
from zswapsim.trace.spool import Spool, spooled_trace
from zswapsim.trace.trace import Trace
from zswapsim.units import PAGE_SIZE, format_pages


def open_contents(
    source: Input, *, sample_pages: int = DEFAULT_PAGES, progress: Progress | None = None
) -> Trace:
    """Return a trace that has contents: a trace file as it is, or a snapshot of a memory image.

    Of an image larger than sample_pages a sample is taken, by source.options.seed; its format
    may be named in source.options. TraceError says what is wrong with the file, or that it has no
    contents.
    """
    found = recognise_contents(source)
    return contents_of(found, source, sample_pages=sample_pages, progress=progress)


def contents_of(
    found: TraceFormat, source: Input, *, sample_pages: int, progress: Progress | None
) -> Trace:
    """Return a trace that has contents of an input of a known format; see open_contents."""
    if isinstance(found, MemoryImage):
        return image_snapshot(found, source, sample_pages=sample_pages, progress=progress)
    trace = found.open(source)
    if not trace.has_contents:
        raise TraceError(f"{source.where}: has accesses, but no contents of pages")
    return trace


def image_snapshot(
    image: MemoryImage,
    source: Input,
    *,
    sample_pages: int = DEFAULT_PAGES,
    progress: Progress | None = None,
) -> Trace:
    """Read a memory image, or a sample of it, into a snapshot. TraceError if it is damaged."""
    sample = Sample(sample_pages, source.options.seed)
    left_out = LeftOut()
    present = 0
    for numbers, data in windows_of(image.pages(source, left_out), sample.window_pages):
        present += len(numbers)
        sample.add(numbers, data)
    stem = source.path.name.partition(".")[0] or "memory"
    meta = {
        "name": stem,
        "program": stem,
        "what": f"memory image {source.where}",
        "origin": image.name,
        "contents_from": f"pages of the memory image {source.path.name} ({image.name})",
        "present_pages": present,
        **{field: count for field, count in asdict(left_out).items() if count},
    }
    return sampled_snapshot(sample, meta, seed=source.options.seed, progress=progress)


def sampled_snapshot(
    sample: Sample, meta: dict[str, Any], *, seed: int, progress: Progress | None = None
) -> Trace:
    """Make the snapshot of what a sample kept. meta: as present_pages tells, of so many pages."""
    counts = _Pages()
    for done, (numbers, data) in enumerate(sample.kept()):
        if progress is not None:
            progress("comparing", done, sample.kept_windows)
        counts.add(numbers, data)
    if not counts.pages:
        raise TraceError(f"{meta['what']}: there is no page that could be read")
    meta = meta | {
        "zero_pages": counts.zero,
        "same_filled_pages": counts.same_filled,
    }
    if not sample.is_whole:
        meta |= {
            "sample": f"{format_pages(counts.pages)} of {format_pages(meta['present_pages'])}, "
            f"drawn in runs of {sample.window_pages} pages",
            "seed": seed,
        }
    return counts.snapshot(meta)


class _Pages:
    """Collects pages: add, snapshot. zero, same_filled (but not zero): pages of that kind."""

    def __init__(self) -> None:
        self.pages = self.zero = self.same_filled = 0
        self._builder = ContentsBuilder()
        self._numbers: list[U64] = []
        self._contents: list[U32] = []

    def add(self, numbers: U64, data: bytes) -> None:
        """Add a window."""
        view = memoryview(data)
        add = self._builder.add
        contents = [add(view[at : at + PAGE_SIZE]) for at in range(0, len(data), PAGE_SIZE)]
        self._numbers.append(numbers)
        self._contents.append(np.array(contents, np.uint32))
        self.pages += len(numbers)
        zero, same_filled = count_same_filled(data)
        self.zero += zero
        self.same_filled += same_filled

    def snapshot(self, meta: dict[str, Any]) -> Trace:
        """Return the trace."""
        pages = np.arange(self.pages, dtype=np.uint32)
        versions = (
            np.zeros(self.pages, np.uint64),
            pages,
            np.concatenate([np.zeros(0, np.uint32), *self._contents]),
        )
        return spooled_trace(
            Spool(),
            meta=meta,
            versions=versions,
            contents=self._builder.finish(),
            page_numbers=np.concatenate([np.zeros(0, np.uint64), *self._numbers]),
        )


__all__ = [
    "image_snapshot",
    "open_contents",
    "sampled_snapshot",
]
