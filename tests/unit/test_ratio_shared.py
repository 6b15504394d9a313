# SPDX-License-Identifier: GPL-2.0-only
"""Recorded memory against the numbers that were published with it, where that is at hand."""

from pathlib import Path

import pytest
import zstandard

from zswapsim.experiment.ratio import PageSet, RatioConfig, measure_ratio, pages_of_bytes

DATA = Path(__file__).parents[3] / "shared" / "data"
TRACES = ["cc1", "python", "sqlite"]
SNAPSHOTS = ["snap-cc1plus", "snap-json", "snap-pandas", "snap-sqlite", "snap-xz"]

pytestmark = pytest.mark.skipif(
    not (DATA / "README.md").exists(), reason="the recorded memory is not there"
)


def published(name: str) -> list[float]:
    """Percent zero, percent same-filled, LZ4 ratio, zstd ratio, best density, in file order."""
    for line in (DATA / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == name:
            chosen = [cells[at] for at in (4, 5, 6, 7, 9, 10)]
            return [float(cell.removesuffix("%")) for cell in chosen]
    raise AssertionError(f"{name} is not in the table")


def pages_of(name: str) -> PageSet:
    """All different contents of a trace in their order, or the pages of a snapshot."""
    packed = (DATA / f"{name}.pages.zst").read_bytes()
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    return pages_of_bytes(unpacker.stream_reader(packed).read(), name)


@pytest.mark.parametrize("name", [*TRACES, *SNAPSHOTS])
def test_ratios_and_density_are_those_published(name: str) -> None:
    zero, same, lz4_ratio, zstd_ratio, best, in_file = published(name)
    config = RatioConfig(compressors=["lz4", "zstd"], zpools=["zbud"], kernel="6.12", timed=False)
    result = measure_ratio(pages_of(name), config)
    pages = result.pages
    assert 100 * pages["zero"] / pages["measured"] == pytest.approx(zero, abs=0.051)
    assert 100 * pages["same_filled"] / pages["measured"] == pytest.approx(same, abs=0.051)
    lz4, zstd = result.compressors
    assert lz4["ratio"] == pytest.approx(lz4_ratio, rel=0.01)
    # Those are the library's own level 3, ours has the kernel's parameters.
    assert zstd["ratio"] == pytest.approx(zstd_ratio, rel=0.02)
    density = result.pools[0]
    assert density["density"] <= best + 0.005
    # Those numbers know no largest object and no order but that of the page numbers.
    assert density["file_order"]["density"] == pytest.approx(in_file, abs=0.05)
