# SPDX-License-Identifier: GPL-2.0-only
"""Encoders of our own, compiled, against the library for the same format, page by page.

The pages are those of the bundled traces, and of the recordings of kernels where these are there.
"""

from collections.abc import Iterator
from pathlib import Path

import zstandard

from benchmarks.measure import TRACES, ratio
from zswapsim.content.compressors import Compressor, compressor
from zswapsim.content.compressors.own_encoder import COLD_PAGES
from zswapsim.content.compressors.protocol import prepare
from zswapsim.trace.trace import Trace

PAIRS = (("lz4-kernel", "lz4"),)
RECORDED = TRACES.parent.parent / "shared" / "goldens" / "pages"


def main() -> None:
    """Print the ratio of each pair for each set of pages."""
    for name, pages in _page_sets():
        for ours, theirs in PAIRS:
            made, library = compressor(ours), compressor(theirs)
            prepare(made, COLD_PAGES)
            ratio(
                f"{ours} / {theirs}, {name} ({len(pages):,} pages)",
                lambda: _compress(made, pages),  # noqa: B023
                lambda: _compress(library, pages),  # noqa: B023
                "<= 2",
                rounds=9,
            )


def _compress(compressor: Compressor, pages: list[bytes]) -> None:
    for page in pages:
        compressor.compress(page)


def _page_sets() -> Iterator[tuple[str, list[bytes]]]:
    for path in sorted(TRACES.glob("*.ztrace")):
        trace = Trace.open(path)
        yield trace.name, _cut(bytes(trace.contents_bytes))
    for path in sorted(Path(RECORDED).glob("*.bin.zst")):
        with path.open("rb") as file:
            yield path.name, _cut(zstandard.ZstdDecompressor().stream_reader(file).read())


def _cut(contents: bytes) -> list[bytes]:
    return [contents[at : at + 4096] for at in range(0, len(contents), 4096)]
