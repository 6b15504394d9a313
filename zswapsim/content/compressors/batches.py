# SPDX-License-Identifier: GPL-2.0-only
"""Compress many pages once each, spread over processes where that is faster.

Forked children read the pages where they lie and write lengths and compressed bytes into shared
memory, so nothing but the numbers of batches goes through a pipe. Everybody, the parent included,
takes the next batch when done with one. A child that dies, hangs or cannot be started costs time
only: the parent does what is missing, and meets the error if there is one.

Layout of the shared memory for P pages:

lengths   int32   (P,)   compressed length in bytes, or -errno, see fit.py; 0 not done
places    int64   (P,)   1 + byte offset of the compressed bytes in area; 0 not kept, as all above a
                         page are not: each page has room for itself
done      int64   (N,)   pages done by each of N processes
area      bytes          a batch is packed from where its first page lies in contents, so memory
                         is used for compressed bytes only, though addresses are for all
"""

import contextlib
import mmap
import os
import signal
import struct
import time
import warnings
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from zswapsim.content.compressors.fit import fit_of
from zswapsim.content.compressors.protocol import Compressor
from zswapsim.units import PAGE_SIZE

Progress: TypeAlias = Callable[[int, int], object]

# Measured on 2 idle CPUs with 13,798 recorded pages and lz4: 150 ms alone, 92 in two processes. A
# second process costs 10 to 20 ms (fork, and the first touch of memory that is shared: a process
# alone keeps the library's own bytes), so it pays from about 0.1 s of work on. Threads, with
# batches for zstandard's multi_compress_to_buffer, gained nothing: 19 us a page, and 21 with two.
SECONDS_PER_PROCESS = 0.05
PROBE_PAGES = 16
# Small enough for two processes to end together, large enough for the pipe to cost nothing.
BATCH_PAGES = 128
# 4096 bytes of numbers always fit into an empty pipe, so filling it cannot block.
MOST_BATCHES = 1024
# A child without a batch done for so long is taken as hung.
PATIENCE_S = 20.0
_NUMBER = struct.Struct("=I")
# Linux's value: the mmap module has the name only from some Python on.
_MAP_NORESERVE: int = getattr(mmap, "MAP_NORESERVE", 0x4000)


class Compressed(NamedTuple):
    """lengths, places, area: see the module; area is None if nothing is kept."""

    lengths: memoryview
    places: memoryview
    area: mmap.mmap | None


def compress_pages(
    contents: bytes | mmap.mmap,
    count: int,
    compressor: Compressor,
    *,
    keep_bytes: int,
    processes: int,
    progress: Progress | None = None,
) -> Compressed:
    """Compress contents 0 .. count - 1 and keep up to keep_bytes of the results.

    progress(done, total) is called in this process, now and then and at the end.
    """
    processes = max(1, min(processes, -(-count // BATCH_PAGES)))
    work = _Work(contents, count, compressor, keep_bytes, processes)
    with memoryview(contents) as pages:
        if processes > 1:
            _spread(work, pages, progress)
        # All of it if alone, else what a child did not finish.
        for batch in work.missing():
            work.compress(batch, pages, 0)
            if progress:
                progress(work.pages_done(), count)
    if progress:
        progress(count, count)
    return work.result


def processes_for(contents: bytes | mmap.mmap, count: int, compressor: Compressor) -> int:
    """Return how many processes are fastest, by the time that some of the pages take."""
    processors = len(os.sched_getaffinity(0))
    if processors == 1 or count < PROBE_PAGES * PROBE_PAGES:
        return 1
    began = time.perf_counter()
    for content in range(0, count, -(-count // PROBE_PAGES)):
        compressor.compress(contents[content * PAGE_SIZE : (content + 1) * PAGE_SIZE])
    work_s = (time.perf_counter() - began) * count / PROBE_PAGES
    return max(1, min(processors, int(work_s / SECONDS_PER_PROCESS)))


class _Work:
    """The shared memory and how one batch is done."""

    def __init__(
        self,
        contents: bytes | mmap.mmap,
        count: int,
        compressor: Compressor,
        keep_bytes: int,
        processes: int,
    ) -> None:
        self.count = count
        self.compressor = compressor
        self.fit = fit_of(compressor)
        self.processes = processes
        self.batch_pages = max(BATCH_PAGES, -(-count // MOST_BATCHES))
        self.batches = -(-count // self.batch_pages)
        self.result = Compressed(
            _shared(4 * count).cast("i"), _shared(8 * count).cast("q"), _area(count, keep_bytes)
        )
        self.done = _shared(8 * processes).cast("q")
        # Each process has its share, as a common account would need a lock.
        self.keep_bytes = keep_bytes // processes if self.result.area else 0

    def compress(self, batch: int, pages: memoryview, process: int) -> None:
        """Compress one batch, as process number process."""
        compress = self.compressor.compress
        lengths, places, area = self.result
        first = batch * self.batch_pages
        last = min(first + self.batch_pages, self.count)
        place = first * PAGE_SIZE
        sizes, wheres, packed = array("i"), array("q"), []
        for start in range(place, last * PAGE_SIZE, PAGE_SIZE):
            data = compress(pages[start : start + PAGE_SIZE])
            size = len(data)
            where = 0
            if size <= PAGE_SIZE and size <= self.keep_bytes:
                packed.append(data)
                where = 1 + place
                place += size
                self.keep_bytes -= size
            sizes.append(self.fit.length(size))
            wheres.append(where)
        if area is not None:
            area[first * PAGE_SIZE : place] = b"".join(packed)
            places[first:last] = memoryview(wheres)
        # Last, as it says that the batch is done.
        lengths[first:last] = memoryview(sizes)
        self.done[process] += last - first

    def missing(self) -> Iterator[int]:
        """Yield the batches with a page not done."""
        for batch in range(self.batches):
            first = batch * self.batch_pages
            if 0 in self.result.lengths[first : first + self.batch_pages]:
                yield batch

    def pages_done(self) -> int:
        """Pages done by all; one that was done twice counts twice, up to the total."""
        return min(sum(self.done), self.count)


def _spread(work: _Work, pages: memoryview, progress: Progress | None) -> None:
    numbers, filler = os.pipe()
    children: list[int] = []
    try:
        try:
            os.write(filler, b"".join(map(_NUMBER.pack, range(work.batches))))
        finally:
            os.close(filler)
        for process in range(1, work.processes):
            try:
                children.append(_start(work, pages, numbers, process))
            except OSError:
                break  # no more processes allowed: go on with those there are
        for batch in _taken(numbers):
            work.compress(batch, pages, 0)
            if progress:
                progress(work.pages_done(), work.count)
        _wait(work, children, progress)
    finally:
        os.close(numbers)
        for child in children:
            _kill(child)


def _start(work: _Work, pages: memoryview, numbers: int, process: int) -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of threads. The child only compresses, and is not trusted to end.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        # Handlers of the parent are not for the child: it dies, and the parent notices.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for batch in _taken(numbers):
            work.compress(batch, pages, process)
    finally:
        # Not sys.exit: nothing of the parent may be flushed or cleaned up here.
        os._exit(0)


def _taken(numbers: int) -> Iterator[int]:
    """Take batches from the pipe, of which each number is read by one process only."""
    while word := os.read(numbers, _NUMBER.size):
        yield _NUMBER.unpack(word)[0]


def _wait(work: _Work, children: list[int], progress: Progress | None) -> None:
    """Wait until all children have ended, or none has done a batch for PATIENCE_S."""
    last, since, told = -1, time.monotonic(), time.monotonic()
    while children:
        now, pages_done = time.monotonic(), sum(work.done)
        if pages_done != last:
            last, since = pages_done, now
        if now - since > PATIENCE_S:
            return
        if progress and now - told > 0.05:
            told = now
            progress(work.pages_done(), work.count)
        children[:] = [child for child in children if not _has_ended(child)]
        if children:
            time.sleep(0.0005)


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:  # somebody else collects this process's children
        return True


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        if not _has_ended(child):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _shared(size_bytes: int) -> memoryview:
    # A mapping cannot be empty, but a view of it can.
    return memoryview(mmap.mmap(-1, max(size_bytes, 1)))[:size_bytes]


def _area(count: int, keep_bytes: int) -> mmap.mmap | None:
    if not count or keep_bytes <= 0:
        return None
    return reserved(count * PAGE_SIZE, mmap.MAP_SHARED)  # where there is none, nothing is kept


def reserved(size_bytes: int, sharing: int) -> mmap.mmap | None:
    """Return addresses that take memory once they are written to; None: they are limited here.

    sharing: MAP_SHARED, which forked children write to as well, or MAP_PRIVATE.
    """
    try:
        return mmap.mmap(-1, size_bytes, flags=sharing | mmap.MAP_ANONYMOUS | _MAP_NORESERVE)
    except OSError:
        return None
