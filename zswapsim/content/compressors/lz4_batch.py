# SPDX-License-Identifier: GPL-2.0-only
"""LZ4 over many pages: liblz4's own functions in a compiled loop, without the interpreter's lock.

The functions are those of the library inside python-lz4, called as lz4.block.compress calls them,
so the results are the same bytes: a stream that is reset, then one block. A page needs no Python
object of its own, and as many threads as there are processors work at once.
"""

import mmap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from zswapsim.content.compressors.batches import Compressed, Progress, reserved
from zswapsim.content.compressors.lz4 import liblz4_address
from zswapsim.engine import engines
from zswapsim.engine.native import call_native
from zswapsim.engine.simulated import Ints
from zswapsim.units import PAGE_SIZE

BOUND = 4128
"""Bytes that a page may become: LZ4_COMPRESSBOUND(4096), rounded up."""

CHUNK_PAGES = 1024
"""About 8 ms of work: between two looks at who has asked to stop."""

# Measured: the loop saves 1 to 1.5 us a page; loading numba and it takes 0.5 s, compiling it 1 s.
WARM_PAGES = 400_000
COLD_PAGES = 1_500_000
WARM_KEY = "lz4_compress_pages.warm"

RESET, COMPRESS, STREAM, ACCELERATION, CONTENTS, AREA, KEEP_BYTES = range(7)


def lz4_compress_pages(run: Ints, lengths: Ints, places: Ints, first: int, end: int) -> int:
    """Compress contents first .. end - 1; return the bytes kept.

    run: addresses of LZ4_resetStream, LZ4_compress_fast_continue, a stream, the contents and the
    area; the acceleration; bytes to keep. lengths: of each content; places: 1 + where it is in the
    area, 0 if it was not kept. The area has BOUND bytes for each content, a chunk's are packed.
    """
    base = first * BOUND
    kept = 0
    for content in range(first, end):
        call_native(run[RESET], run[STREAM], 0, 0, 0, 0, 0)
        page = run[CONTENTS] + content * PAGE_SIZE
        where = base + kept
        length = call_native(
            run[COMPRESS],
            run[STREAM],
            page,
            run[AREA] + where,
            PAGE_SIZE,
            BOUND,
            run[ACCELERATION],
        )
        lengths[content] = length
        places[content] = 0
        if length <= PAGE_SIZE and kept + length <= run[KEEP_BYTES]:
            places[content] = 1 + where
            kept += length
    return kept


@cache
def liblz4() -> tuple[int, int, int] | None:
    """Return the addresses of the two functions and the bytes of a stream; None: not to be had."""
    reset = liblz4_address("LZ4_resetStream")
    compress = liblz4_address("LZ4_compress_fast_continue")
    state_bytes = liblz4_address("LZ4_sizeofState")
    if reset is None or compress is None or state_bytes is None:
        return None
    return reset, compress, call_native(state_bytes, 0, 0, 0, 0, 0, 0)


def compress_pages(
    contents: bytes | mmap.mmap,
    count: int,
    acceleration: int,
    *,
    keep_bytes: int,
    threads: int,
    engine: str = "compiled",
    progress: Progress | None = None,
) -> Compressed | None:
    """Compress contents 0 .. count - 1 as batches.compress_pages does; None: not possible here.

    threads: how many work at once, with the compiled engine. Lengths are as they come, not as a
    kernel takes them.
    """
    if liblz4() is None:
        return None
    area = reserved(max(1, count) * BOUND, mmap.MAP_PRIVATE)
    if area is None:
        return None
    lengths, places = np.zeros(count, np.int32), np.zeros(count, np.int64)
    run = _Run(contents, count, acceleration, keep_bytes, area, lengths, places, engine)
    chunks = [(at, min(at + CHUNK_PAGES, count)) for at in range(0, count, CHUNK_PAGES)]
    done = 0
    for pages in _each(run, chunks, threads if engine == "compiled" else 1):
        done += pages
        if progress:
            progress(done, count)
    return Compressed(lengths.data, places.data, area if keep_bytes > 0 else None)


@cache
def load(engine: str = "compiled") -> None:
    """Get the loop compiled, or loaded, by a run over nothing; once in a process."""
    if liblz4() is not None:
        none = np.zeros(0, np.int32), np.zeros(0, np.int64)
        with engines.uninterrupted(), mmap.mmap(-1, BOUND) as area:
            _Run(b"", 0, 1, 0, area, *none, engine)((0, 0))
        engines.mark_warm(WARM_KEY)


class _Run:
    """Compresses chunks; one at a time in each thread."""

    def __init__(
        self,
        contents: bytes | mmap.mmap,
        count: int,
        acceleration: int,
        keep_bytes: int,
        area: mmap.mmap,
        lengths: Any,
        places: Any,
        engine: str,
    ) -> None:
        reset, compress, self._stream_bytes = liblz4() or (0, 0, 0)
        self._engine = engine
        self._run: Any = engines.entry(lz4_compress_pages, engine)
        # Held, as compiled code knows addresses only.
        self._contents = np.frombuffer(contents, np.uint8)
        self._area = np.frombuffer(area, np.uint8)
        self._outputs = (
            (engines.int_array(lengths, "int32"), engines.int_array(places, "int64"))
            if engine == "compiled"
            else (lengths, places)
        )
        # Each chunk has its share, as a common account would need a lock.
        share = keep_bytes // max(1, -(-count // CHUNK_PAGES))
        if keep_bytes >= count * PAGE_SIZE:
            share = keep_bytes
        self._addresses = (
            reset,
            compress,
            0,
            acceleration,
            self._contents.ctypes.data,
            self._area.ctypes.data,
            share,
        )

    def __call__(self, chunk: tuple[int, int]) -> int:
        """Compress one chunk; return its pages."""
        stream = np.zeros(self._stream_bytes // 8 + 1, np.int64)
        numbers = list(self._addresses)
        numbers[STREAM] = stream.ctypes.data
        run = engines.int_array(numbers) if self._engine == "compiled" else numbers
        self._run(run, *self._outputs, *chunk)
        return chunk[1] - chunk[0]


def _each(
    run: Callable[[tuple[int, int]], int], chunks: list[tuple[int, int]], threads: int
) -> Iterator[int]:
    if threads <= 1 or len(chunks) <= 1:
        yield from map(run, chunks)
        return
    pool = ThreadPoolExecutor(min(threads, len(chunks)))
    try:
        yield from pool.map(run, chunks)
    finally:
        pool.shutdown(cancel_futures=True)


def is_worth_it(pages: int) -> bool:
    """Say whether so many pages are worth loading, or compiling, the loop for."""
    chosen = engines.choose("auto", pages, WARM_KEY, warm=WARM_PAGES, cold=COLD_PAGES)
    return chosen == "compiled"
