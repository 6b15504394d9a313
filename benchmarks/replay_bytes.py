# SPDX-License-Identifier: GPL-2.0-only
"""A replay with bytes against nothing but the compressor's calls that it cannot do without.

Bare: each distinct content is compressed once, and each page that comes back is decompressed once,
one after another, through the library. The replay does the same and runs the machine, places the
bytes, carries them and compares every page. The trace's contents are in memory for both; lengths
are not cached on disk.
"""

import shutil

import lz4.block

from benchmarks.measure import TRACES, cache_folder, ratio
from zswapsim.experiment import bytes_plane
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.machine.journal import LOAD, WRITEBACK
from zswapsim.trace.trace import Trace


def main() -> None:
    """Print the ratio for each bundled trace."""
    with cache_folder() as folder:
        for path in sorted(TRACES.glob("*.ztrace")):
            _measure(Trace.open(path), folder)


def _measure(trace: Trace, folder: object) -> None:
    config = ReplayConfig(engine="compiled")
    loaded = _contents_that_come_back(trace, config)
    contents, count = trace.contents_bytes, trace.contents_count

    def bare() -> None:
        compress, decompress = lz4.block.compress, lz4.block.decompress
        blocks = [
            compress(contents[at : at + 4096], mode="fast", acceleration=1, store_size=False)
            for at in range(0, count * 4096, 4096)
        ]
        for content in loaded:
            decompress(blocks[content], uncompressed_size=4096)

    def whole() -> None:
        shutil.rmtree(f"{folder}/sizes", ignore_errors=True)
        replay(trace, config)

    whole()
    ratio(
        f"replay with bytes / bare calls, {trace.name} ({count:,} compressed, "
        f"{len(loaded):,} decompressed)",
        whole,
        bare,
        "<= 1.3",
    )


def _contents_that_come_back(trace: Trace, config: ReplayConfig) -> list[int]:
    found: list[int] = []
    apply = bytes_plane.BytesPlane.apply

    def listen(plane: bytes_plane.BytesPlane, columns: list[list[int]]) -> None:
        found.extend(
            c for e, c in zip(columns[0], columns[5], strict=True) if e in (LOAD, WRITEBACK)
        )
        apply(plane, columns)

    bytes_plane.BytesPlane.apply = listen  # type: ignore[method-assign]
    try:
        replay(trace, config)
    finally:
        bytes_plane.BytesPlane.apply = apply  # type: ignore[method-assign]
    return found
