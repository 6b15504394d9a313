# SPDX-License-Identifier: GPL-2.0-only
"""Compressed lengths of a real kernel: encoders of our own have every one of them, on any engine.

The tables say -1 where the kernel's compressor failed, having no room for more than 4096 bytes.
"""

import json
import random
from pathlib import Path

import pytest
import zstandard

from zswapsim.content.compressors import compressor
from zswapsim.content.compressors.own_encoder import COLD_PAGES
from zswapsim.content.compressors.protocol import prepare
from zswapsim.content.page_store import PageStore
from zswapsim.errors import EINVAL
from zswapsim.units import PAGE_SIZE

GOLDENS = Path(__file__).parents[2].parent / "shared" / "goldens"
SETS = sorted(path.name.partition(".")[0] for path in GOLDENS.glob("sizes/*.tsv.zst"))
OWN = {"lz4": "lz4-kernel", "lzo-rle": "lzo-rle"}
"""Our compressor for a column of the tables."""
RECORDINGS = [path for name in OWN for path in sorted(GOLDENS.glob(f"*c_sizes_*_{name}.json.zst"))]
# So many pages are compressed interpreted as well: 2 ms each.
SAMPLE = 100

pytestmark = pytest.mark.skipif(
    not SETS, reason="no recordings of kernels in ../shared/goldens beside the repository"
)


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


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name.partition(".")[0])
def test_every_length_asked_of_a_pool_is_the_kernels(path: Path) -> None:
    """Also of Linux 6.12, which the tables are not of."""
    column, expected, contents = stored(path)
    made = compressor(OWN[column])
    prepare(made, COLD_PAGES)
    assert PageStore(contents, len(expected)).lengths(made).tolist() == expected


@pytest.mark.parametrize("column", OWN)
@pytest.mark.parametrize("name", SETS)
def test_every_length_is_the_kernels(name: str, column: str, engine: str) -> None:
    expected, contents = recorded(name, column)
    made = compressor(OWN[column])
    if engine == "compiled":
        prepare(made, COLD_PAGES)
    else:
        rows = random.Random(1).sample(range(len(expected)), SAMPLE)
        expected = [expected[row] for row in rows]
        contents = b"".join(contents[row * PAGE_SIZE : (row + 1) * PAGE_SIZE] for row in rows)
    lengths = PageStore(contents, len(expected), processes=1).lengths(made)
    assert made.encoder.engine == engine
    assert lengths.tolist() == expected
