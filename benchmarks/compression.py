# SPDX-License-Identifier: GPL-2.0-only
"""The compression pass of a snapshot's pages against the same C function in a tight loop in C.

The loop is a few lines of C, compiled here: it resets liblz4's stream and compresses page after
page into one buffer. The pass is what a command does: it finds the distinct pages, compresses them,
keeps the bytes and returns the lengths. Both on one core, and on two. libzstd's functions cannot be
called from outside python-zstandard; its pass is compared with that library's calls.
"""

import ctypes
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import zstandard

from benchmarks.measure import TRACES, ratio
from benchmarks.replay_bytes import one_core
from zswapsim.content.compressors import compressor, lz4_batch
from zswapsim.content.page_store import KEEP_BYTES, PageStore
from zswapsim.trace.contents import Numbers
from zswapsim.trace.trace import Trace

ROUNDS = 9
LOOP = """
#include <stddef.h>
typedef void reset_fn(void *);
typedef int compress_fn(void *, const char *, char *, int, int, int);
long compress_all(reset_fn *reset, compress_fn *compress, void *stream, const char *pages,
                  long count, char *out)
{
    long total = 0;
    for (long i = 0; i < count; i++) {
        reset(stream);
        total += compress(stream, pages + i * 4096, out + total, 4096, 4128, 1);
    }
    return total;
}
"""


def main() -> None:
    """Print the ratios over the contents of all bundled traces."""
    contents = b"".join(
        bytes(Trace.open(path).contents_bytes) for path in sorted(TRACES.glob("*.ztrace"))
    )
    with TemporaryDirectory() as folder:
        loop = _Loop(Path(folder), contents)
        with one_core():
            told = "lengths by liblz4 / a loop in C"
            ratio(f"{told}, one core", lambda: _pass(contents, "lz4", 0), loop, "<= 1.15", ROUNDS)
            told = "lengths and fresh memory full of bytes by liblz4 / a loop in C"
            ratio(f"{told}, one core", lambda: _pass(contents, "lz4"), loop, "<= 1.15", ROUNDS)
            told = "telling equal pages by their hashes / a loop in C over liblz4, one core"
            ratio(told, lambda: _tell(contents), loop, "<= 0.15", ROUNDS)
            zstd = "lengths and bytes by zstd / that library's calls, one core"
            ratio(zstd, lambda: _pass(contents, "zstd"), lambda: _zstd(contents), "<= 1.15", 3)
        told = "lengths by liblz4 / a loop in C in each of two threads, two cores"
        ratio(told, lambda: _pass(contents, "lz4", 0), loop.twice, "<= 1.15", ROUNDS)


def _pass(contents: bytes, spec: str, keep_bytes: int = KEEP_BYTES) -> None:
    count = len(contents) // 4096
    PageStore(contents, count, keep_bytes=keep_bytes, compiled=True).lengths(compressor(spec))


def _tell(contents: bytes) -> None:
    numbers, view = Numbers(), memoryview(contents)
    for at in range(0, len(view), 4096):
        numbers.number(view[at : at + 4096])


def _zstd(contents: bytes) -> None:
    compress = zstandard.ZstdCompressor(level=3, write_content_size=False).compress
    for at in range(0, len(contents), 4096):
        compress(contents[at : at + 4096])


class _Loop:
    """The loop in C over all pages; twice: over halves, in two threads."""

    def __init__(self, folder: Path, contents: bytes) -> None:
        source, library = folder / "loop.c", folder / "loop.so"
        source.write_text(LOOP)
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        self._run = ctypes.CDLL(str(library)).compress_all
        self._run.restype = ctypes.c_long
        self._pages = np.frombuffer(contents, np.uint8)
        self._count = len(contents) // 4096
        self._out = np.empty(self._count * 4128 + 8192, np.uint8)

    def __call__(self) -> None:
        self._part(0, self._count)

    def twice(self) -> None:
        half = self._count // 2
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._part, (0, half), (half, self._count)))

    def _part(self, first: int, end: int) -> None:
        reset, compress, stream_bytes = lz4_batch.liblz4() or (0, 0, 0)
        stream = np.zeros(stream_bytes // 8 + 1, np.int64)
        addresses: list[Any] = [
            ctypes.c_void_p(address)
            for address in (
                reset,
                compress,
                stream.ctypes.data,
                self._pages.ctypes.data + first * 4096,
            )
        ]
        out = ctypes.c_void_p(self._out.ctypes.data + first * 4128)
        self._run(*addresses, ctypes.c_long(end - first), out)
