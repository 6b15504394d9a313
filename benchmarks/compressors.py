# SPDX-License-Identifier: GPL-2.0-only
"""Encoders of our own, compiled, against the library's lz4, page by page; decoders of our own too.

The pages are those of the bundled traces, and of the recordings of kernels where these are there.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import zstandard

from benchmarks.measure import TRACES, ratio
from zswapsim.content.compressors import compressor
from zswapsim.content.compressors.own_encoder import COLD_PAGES
from zswapsim.content.compressors.protocol import prepare
from zswapsim.trace.trace import Trace

ENCODERS = ("lz4-kernel", "lzo-rle")
DECODERS = ("lzo-rle",)
LIBRARY = "lz4"
RECORDED = TRACES.parent.parent / "shared" / "goldens" / "pages"


def main() -> None:
    """Print the ratios of each part for each set of pages."""
    library = compressor(LIBRARY)
    for name, pages in _page_sets():
        for ours in ENCODERS:
            made = compressor(ours)
            prepare(made, COLD_PAGES)
            what = f"{ours} / {LIBRARY}, {name} ({len(pages):,} pages)"
            sides = [partial(_each, one.compress, pages) for one in (made, library)]
            ratio(what, *sides, "<= 2", rounds=9)
            if ours in DECODERS:
                sides = [
                    partial(_each, one.decompress, [one.compress(page) for page in pages])
                    for one in (made, library)
                ]
                ratio(f"decompress: {what}", *sides, "<= 5", rounds=9)


def _each(call: Callable[[bytes], bytes], datas: list[bytes]) -> None:
    for data in datas:
        call(data)


def _page_sets() -> Iterator[tuple[str, list[bytes]]]:
    for path in sorted(TRACES.glob("*.ztrace")):
        trace = Trace.open(path)
        yield trace.name, _cut(bytes(trace.contents_bytes))
    for path in sorted(Path(RECORDED).glob("*.bin.zst")):
        with path.open("rb") as file:
            yield path.name, _cut(zstandard.ZstdDecompressor().stream_reader(file).read())


def _cut(contents: bytes) -> list[bytes]:
    return [contents[at : at + 4096] for at in range(0, len(contents), 4096)]
