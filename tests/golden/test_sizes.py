# SPDX-License-Identifier: GPL-2.0-only
"""Compressed lengths of a real kernel: encoders of our own have them all, on any engine."""

import random
from pathlib import Path

import pytest
from recorded_sizes import GOLDENS, SETS, recorded, stored

from zswapsim.content.compressors import compressor
from zswapsim.content.compressors.own_encoder import COLD_PAGES
from zswapsim.content.compressors.protocol import prepare
from zswapsim.content.page_store import PageStore
from zswapsim.units import PAGE_SIZE

OWN = {"lz4": "lz4-kernel", "lzo-rle": "lzo-rle"}
"""Our compressor for a column of the tables."""
RECORDINGS = [path for name in OWN for path in sorted(GOLDENS.glob(f"*c_sizes_*_{name}.json.zst"))]
# So many pages are compressed interpreted as well: 2 ms each.
SAMPLE = 100

pytestmark = pytest.mark.skipif(
    not SETS, reason="no recordings of kernels in ../shared/goldens beside the repository"
)


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
