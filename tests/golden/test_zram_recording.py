# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of a real kernel's zram: compr_data_size is equal after every page written."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from zram_driver import NEW, OLD, ZramBench

from zswapsim.content.same_filled import same_filled_words
from zswapsim.machine.zram import device as z

GOLDENS = Path(__file__).parents[2].parent / "shared" / "goldens"
RECORDINGS = sorted(GOLDENS.glob("*c_zram_*.json.zst"))
FAILED, DOES_NOT_FIT = -1, 4097
"""What a table of sizes says where zswap's compressor failed, which zram's does not."""

pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason="no recordings of zram in ../shared/goldens beside the repository"
)


def unpack(path: Path) -> bytes:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def lengths_of(page_set: str, compressor: str) -> list[int]:
    """The kernel's compressed length of every content, as recorded."""
    table = unpack(GOLDENS / "sizes" / page_set.replace(".bin.", ".tsv.")).decode()
    rows = csv.DictReader(io.StringIO(table), delimiter="\t")
    return [
        DOES_NOT_FIT if int(row[compressor]) == FAILED else int(row[compressor]) for row in rows
    ]


def pool_of(recording: dict[str, Any]) -> dict[str, int]:
    version = recording["meta"]["version"].split()[2].split("-")[0].split(".")
    return OLD if (int(version[0]), int(version[1])) < (6, 6) else NEW


def stored(recording: dict[str, Any]) -> list[tuple[int, int]]:
    """The pages written, each with compr_data_size after it."""
    steps = [step for step in recording["steps"] if step[0].split()[0] == "Z"]
    assert all(step[0].split()[0] in "Zv" for step in recording["steps"])
    return [(int(step[0].split()[1]), int(step[4]["verify"])) for step in steps]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_compr_data_size_is_the_kernels_at_every_step(path: Path, engine: str) -> None:
    recording = json.loads(unpack(path))
    experiment = recording["experiment"]
    lengths = lengths_of(experiment["pages"], experiment["compressor"])
    same_filled, _ = same_filled_words(unpack(GOLDENS / "pages" / experiment["pages"]))
    steps = stored(recording)
    zram = ZramBench(engine, len(steps), pool_pages=4 * len(steps), pool=pool_of(recording))
    for slot, (content, expected) in enumerate(steps):
        outcome = zram.write(slot, lengths[content], content, int(same_filled[content]))
        assert outcome == 0
        size = int(zram.zram.counters[z.COMPR_DATA_SIZE])
        assert size == expected, f"step {slot}: content {content}, {lengths[content]} bytes"
    assert {z.SAME, z.COMPRESSED, z.HUGE} == set(zram.kinds)
    zram.check()
