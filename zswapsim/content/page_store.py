# SPDX-License-Identifier: GPL-2.0-only
"""The distinct pages of a recording, by content number, and what each compresses to.

A page is compressed once per compressor. The lengths of all pages are found in one go, in several
processes where that is faster, and kept on disk if the pages have a digest; compressed bytes are
kept in memory up to a budget, and made again on demand beyond it.
"""

import os
import time
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zswapsim.content import size_table
from zswapsim.content.compressors.batches import (
    BATCH_PAGES,
    Compressed,
    Progress,
    compress_pages,
    processes_for,
)
from zswapsim.content.compressors.fit import fit_of, lengths_key
from zswapsim.content.compressors.protocol import Compressor, prepare
from zswapsim.errors import InvalidArgument
from zswapsim.units import PAGE_SIZE

KEEP_BYTES = 1 << 30
FRESH_PAGE = bytes(PAGE_SIZE)


class PageStore:
    """Pages: page, contents. Compressed: lengths (all at once), compressed (one), kept.

    count: contents, from 0 on; content `count` is the fresh page, all zeros, that needs no
    storage. compressions: pages compressed so far; compress_ns: wall time of that;
    prepare_ns: of getting the compressor ready for many.
    """

    def __init__(
        self,
        contents: bytes | mmap,
        count: int,
        *,
        digest: str | None = None,
        keep_bytes: int = KEEP_BYTES,
        processes: int | None = None,
        compiled: bool = False,
    ) -> None:
        """Take count pages of 4096 bytes end to end; InvalidArgument if contents is not that.

        digest: names the contents on disk, None to keep nothing there; keep_bytes: budget for
        compressed bytes in memory, of all compressors; processes: None for what is fastest;
        compiled: compiled code will be loaded in any case.
        """
        if count < 0 or len(contents) != count * PAGE_SIZE:
            raise InvalidArgument(f"{len(contents)} bytes are not {count} pages of {PAGE_SIZE}")
        if processes is not None and processes < 1:
            raise InvalidArgument(f"processes={processes} is not allowed; allowed are 1 and more")
        self.count = count
        self.digest = digest
        self.compressions = 0
        self.compress_ns = 0
        self.prepare_ns = 0
        self.contents = contents
        self._processes = processes
        self._compiled = compiled
        self._keep_bytes = keep_bytes
        self._lengths: dict[str, NDArray[np.int32]] = {}
        self._kept: dict[str, list[bytes | None]] = {}
        self._batches: dict[str, Compressed] = {}
        self._singles: dict[tuple[str, int], bytes] = {}

    def page(self, content: int) -> bytes:
        """Return the 4096 bytes of a content. InvalidArgument if there is none of that number."""
        page = self.contents[content * PAGE_SIZE : (content + 1) * PAGE_SIZE]
        if len(page) == PAGE_SIZE and content >= 0:
            return page
        if content == self.count:
            return FRESH_PAGE
        raise InvalidArgument(f"no content {content}; there are {self.count}, from 0 on")

    def lengths(
        self, compressor: Compressor, progress: Progress | None = None
    ) -> NDArray[np.int32]:
        """Return the compressed length of every content; the array is read-only.

        Returns: int32, shape (count,), bytes, or -errno where the kernel's compressor fails
        because the result is too long; a length above 4096 is one that it passes on.
        progress(done_pages, total_pages) is called now and then, and at the end.
        """
        key = lengths_key(compressor)
        lengths = self._lengths.get(key)
        if lengths is None and self.digest is not None:
            lengths = size_table.load(self.digest, key, self.count)
        if lengths is not None:
            if progress:
                progress(self.count, self.count)
        else:
            lengths = self._compress_all(compressor, progress)
            if self.digest is not None:
                size_table.save(self.digest, key, lengths)
        lengths.flags.writeable = False
        self._lengths[key] = lengths
        return lengths

    def kept(self, compressor: Compressor) -> Compressed | None:
        """Return what a pass over all contents kept of them in one place, or None."""
        batch = self._batches.get(compressor.key)
        return None if batch is None or batch.area is None else batch

    def compressed(self, content: int, compressor: Compressor) -> bytes:
        """Return what a page compresses to, even where lengths has an error."""
        kept = self._kept.get(compressor.key)
        if kept is not None and 0 <= content < self.count:
            known = kept[content]
            if known is not None:
                return known
        batch = self.kept(compressor)
        if batch is not None and batch.area is not None and 0 <= content < self.count:
            place = batch.places[content] - 1
            if place >= 0:
                return batch.area[place : place + batch.lengths[content]]
        data = self._singles.get((compressor.key, content))
        if data is None:
            page = self.page(content)
            start_ns = time.perf_counter_ns()
            data = compressor.compress(page)
            self.compress_ns += time.perf_counter_ns() - start_ns
            self.compressions += 1
            if len(data) <= min(PAGE_SIZE, self._keep_bytes):
                self._keep_bytes -= len(data)
                self._singles[compressor.key, content] = data
        return data

    def _compress_all(self, compressor: Compressor, progress: Progress | None) -> NDArray[np.int32]:
        start_ns = time.perf_counter_ns()
        prepare(compressor, self.count)
        prepare_many = getattr(compressor, "prepare_many", None)
        many = prepare_many is not None and prepare_many(self.count, compiled=self._compiled)
        self.prepare_ns += time.perf_counter_ns() - start_ns
        start_ns = time.perf_counter_ns()
        lengths = self._compress_many(compressor, progress) if many else None
        if lengths is None:
            processes = self._processes or processes_for(self.contents, self.count, compressor)
            if processes == 1:
                lengths = self._compress_alone(compressor, progress)
            else:
                lengths = self._compress_together(compressor, processes, progress)
        self.compress_ns += time.perf_counter_ns() - start_ns
        self.compressions += self.count
        return lengths

    def _compress_alone(
        self, compressor: Compressor, progress: Progress | None
    ) -> NDArray[np.int32]:
        """Compress everything in this process, keeping what the library returns as it is."""
        compress, contents, keep_bytes = compressor.compress, self.contents, self._keep_bytes
        fit = fit_of(compressor)
        lengths: list[int] = []
        kept: list[bytes | None] = []
        for start in range(0, self.count * PAGE_SIZE, PAGE_SIZE):
            data = compress(contents[start : start + PAGE_SIZE])
            size = len(data)
            if size <= PAGE_SIZE and size <= keep_bytes:
                keep_bytes -= size
                kept.append(data)
            else:
                kept.append(None)
            lengths.append(fit.length(size))
            if progress and len(lengths) % BATCH_PAGES == 0:
                progress(len(lengths), self.count)
        if progress:
            progress(self.count, self.count)
        self._keep_bytes = keep_bytes
        self._kept[compressor.key] = kept
        return np.array(lengths, np.int32)

    def _compress_together(
        self, compressor: Compressor, processes: int, progress: Progress | None
    ) -> NDArray[np.int32]:
        """Compress everything in several processes."""
        batch = compress_pages(
            self.contents,
            self.count,
            compressor,
            keep_bytes=self._keep_bytes,
            processes=processes,
            progress=progress,
        )
        return self._taken(batch, compressor)

    def _compress_many(
        self, compressor: Any, progress: Progress | None
    ) -> NDArray[np.int32] | None:
        """Compress everything in threads, by the compressor's own loop; None: it cannot."""
        batch = compressor.compress_many(
            self.contents,
            self.count,
            keep_bytes=self._keep_bytes,
            threads=self._processes or len(os.sched_getaffinity(0)),
            progress=progress,
        )
        if batch is None:
            return None
        lengths = self._taken(batch, compressor)
        return fit_of(compressor).lengths(lengths)

    def _taken(self, batch: Compressed, compressor: Compressor) -> NDArray[np.int32]:
        """Keep the bytes of a batch; return its lengths."""
        lengths = np.array(batch.lengths, np.int32)
        if batch.area is not None:
            self._batches[compressor.key] = batch
            kept = np.asarray(batch.places) != 0
            self._keep_bytes -= int(lengths[kept].sum())
        return lengths
