# SPDX-License-Identifier: GPL-2.0-only
"""Compressed lengths of real kernels, from tables and recordings, with the pages they are of.

The tables say -1 where the kernel's compressor failed, having no room for more than 4096 bytes.
"""

import json
from pathlib import Path

import zstandard

from zswapsim.errors import EINVAL
from zswapsim.units import PAGE_SIZE

GOLDENS = Path(__file__).parents[1].parent / "shared" / "goldens"
SETS = sorted(path.name.partition(".")[0] for path in GOLDENS.glob("sizes/*.tsv.zst"))


def unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def recorded(name: str, column: str) -> tuple[list[int], bytes]:
    """The lengths of a set of pages, as a page store has them, and the pages in their order."""
    table = unpacked(GOLDENS / f"sizes/{name}.tsv.zst").decode().splitlines()
    at = table[0].split("\t").index(column)
    rows = [[int(word) for word in line.split("\t")] for line in table[1:]]
    pages = unpacked(GOLDENS / f"pages/{name}.bin.zst")
    contents = b"".join(pages[row[0] * PAGE_SIZE : (row[0] + 1) * PAGE_SIZE] for row in rows)
    return [-EINVAL if row[at] == -1 else row[at] for row in rows], contents


def stored(path: Path) -> tuple[str, list[int], bytes]:
    """Compressor, lengths and pages of a recording: of what a pool without headers was asked.

    A store without a size is one that failed; same-filled pages may not be among them.
    """
    raw = json.loads(unpacked(path))
    assert raw["experiment"]["zpool"] == "zsmalloc"
    pages = unpacked(GOLDENS / "pages" / raw["experiment"]["pages"])
    content, lengths, contents = {}, [], []
    for op, _, _, events in raw["steps"]:
        word, *numbers = op.split()
        if word == "f":
            content[numbers[0]] = int(numbers[1])
        for event in events:
            if event[0] == "S":
                at = content[numbers[0]] * PAGE_SIZE
                lengths.append(event[3] or -EINVAL)
                contents.append(pages[at : at + PAGE_SIZE])
    return raw["experiment"]["compressor"], lengths, b"".join(contents)
