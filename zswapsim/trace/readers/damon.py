# SPDX-License-Identifier: GPL-2.0-only
"""Reads what DAMON recorded: how often regions of memory were seen accessed, at intervals.

DAMON samples; it knows neither single accesses nor their order. They are made up: within each
snapshot every page of a region that n samples found accessed is accessed n times, in n rounds.
Round r goes through all regions with r accesses or more, and through each one's pages in an order
that is drawn anew, so that every page comes once a round. Memory does not grow with the regions.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zswapsim.errors import TraceError
from zswapsim.trace.counts import U64
from zswapsim.trace.readers.damon_json import read_json, unpacked_head
from zswapsim.trace.readers.damon_snapshots import Regions, Snapshots
from zswapsim.trace.readers.damon_text import read_events, read_raw_form
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.records import BATCH_RECORDS, DrawnWrites, RecordFormat, Writes
from zswapsim.trace.synthetic.accesses import WRITE_PERCENT
from zswapsim.trace.synthetic.random import random_state
from zswapsim.units import NUMBER_BITS

MAX_ACCESSES = 1 << 32
"""More would fill 16 GiB of disk, and take minutes."""

ACCESS_BYTES = 24
"""Making one up costs as much as reading so many bytes of requests."""

_INDEX = np.arange(BATCH_RECORDS)


class DamonFormat(RecordFormat):
    """Reads damo's files: JSON, compressed JSON, the raw form, and the kernel's trace events."""

    name = "damon"
    summary = "DAMON: damo's record files and raw form, or damon_aggregated events"
    accesses_from, accesses_per_byte = 1 << 25, 4096
    pages_from = 1 << 24

    def recognises(self, path: Path, head: bytes) -> bool:
        """By the words of each kind."""
        return _kind(head) != ""

    def engine_for(self, reading: Reading) -> str:
        """Read the snapshots, as their accesses are the work and not the bytes of the file."""
        source = reading.source
        snapshots = Snapshots(source.where)
        kind = _kind(source.head)
        if kind == "json" or kind == "zlib":
            read_json(reading, snapshots, packed=kind == "zlib")
        elif kind == "events":
            read_events(reading, snapshots)
        else:
            read_raw_form(reading, snapshots)
        if snapshots.accesses > MAX_ACCESSES:
            raise TraceError(
                f"{source.where}: {snapshots.accesses:,} accesses in {len(snapshots):,} snapshots; "
                f"allowed are up to {MAX_ACCESSES:,}: a shorter recording is needed"
            )
        self.check_worth(source, snapshots.accesses, 0)
        reading.kept = snapshots
        return self.engine_for_bytes(ACCESS_BYTES * snapshots.accesses)

    def pieces(self, reading: Reading) -> Iterator[tuple[U64, Writes | None]]:
        """Yield accesses made up of all snapshots, in order of time."""
        source = reading.source
        snapshots: Snapshots = reading.kept
        drawn = DrawnWrites(source.options, WRITE_PERCENT)
        done = 0
        for names in _joined(_page_names(snapshots, source.options.seed)):
            yield names, drawn.draw(len(names))
            done += len(names)
            source.report(done, snapshots.accesses)
        reading.notes += _notes(snapshots, source.options.seed, drawn)


def _kind(head: bytes) -> str:
    """Return what the head looks like: json, zlib, events, raw, or nothing of DAMON's."""
    for kind, text in (("json", head), ("zlib", unpacked_head(head))):
        is_json = text.lstrip()[:1] in (b"[", b"{")
        if is_json and b'"target_id"' in text and (b'"snap' in text or b'"kdamond_idx"' in text):
            return kind
    if b"damon_aggregated: target_id=" in head:
        return "events"
    if head.lstrip().startswith((b"base_time_absolute:", b"start_time:", b"monitoring_start:")):
        return "raw" if b"\ntarget_id:" in head and b"\nnr_regions:" in head else ""
    return ""


def _notes(snapshots: Snapshots, seed: int, drawn: DrawnWrites) -> list[str]:
    count = f"{len(snapshots):,} snapshot" + "s" * (len(snapshots) != 1)
    notes = [
        f"made up of {count}: each page of a region is accessed as often as "
        f"DAMON saw the region accessed, in an order drawn with seed {seed}",
        f"DAMON does not tell writes: {drawn.note}",
    ]
    if len(snapshots.targets) > 1:
        listed = ", ".join(snapshots.targets[:8])
        more = "" if len(snapshots.targets) <= 8 else " and more"
        notes.append(
            f"{len(snapshots.targets)} targets, {listed}{more}: page numbers of target k, counted "
            f"from 0, are k << {NUMBER_BITS} | address >> 12"
        )
    return notes


def _page_names(snapshots: Snapshots, seed: int) -> Iterator[U64]:
    random = random_state(seed, 2)
    for target, regions in snapshots.in_order():
        above = np.uint64(target << NUMBER_BITS)
        for pages in _rounds(regions, random):
            yield pages.astype(np.uint64) | above


def _rounds(regions: Regions, random: np.random.RandomState) -> Iterator[Regions]:
    """Yield page numbers, one round after the other; see the module.

    The order is affine, step * i + offset modulo the region's pages, with a step that has no
    divisor in common with them.
    """
    for done in range(int(regions[:, 2].max(initial=0))):
        for first, pages, _ in regions[regions[:, 2] > done].tolist():
            step, offset = 1, 0
            if pages > 1:
                step, offset = random.randint(1, pages, 2, np.int64).tolist()
                while math.gcd(step, pages) > 1:
                    step += 1
            for start in range(0, pages, BATCH_RECORDS):
                index = _INDEX[: pages - start]
                yield first + (index * step + (start * step + offset) % pages) % pages


def _joined(pieces: Iterator[U64]) -> Iterator[U64]:
    """Join small pieces to larger ones."""
    held: list[U64] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count >= BATCH_RECORDS:
            yield np.concatenate(held)
            held, count = [], 0
    if held:
        yield np.concatenate(held)


FORMAT = DamonFormat()
