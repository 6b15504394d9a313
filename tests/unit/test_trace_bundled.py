# SPDX-License-Identifier: GPL-2.0-only
"""The traces that come with the program are whole, and traces/README.md tells the truth."""

import re
from pathlib import Path

import pytest

from zswapsim.trace.trace import Trace

TRACES = Path(__file__).parents[2] / "traces"
NAMES = sorted(path.stem for path in TRACES.glob("*.ztrace"))


def test_there_are_bundled_traces_of_at_most_8_megabytes() -> None:
    assert NAMES == ["cc1", "python", "sqlite"]
    assert sum(path.stat().st_size for path in TRACES.glob("*.ztrace")) <= 8_000_000


@pytest.mark.parametrize("name", NAMES)
def test_bundled_trace_reads_whole_and_matches_the_readme(name: str) -> None:
    trace = Trace.open(TRACES / f"{name}.ztrace")
    assert sum(len(block) for block in trace.blocks()) == trace.accesses
    assert len(trace.versions[0]) == trace.counts.versions
    assert len(trace.contents_bytes) == trace.contents_count * 4096
    lines = (TRACES / "README.md").read_text().splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{name}.ztrace` |")]
    for text in (trace.meta["program"], trace.meta["what"]):
        assert text in row
    numbers = re.findall(r"\| ([\d,]+) (?=\|)", row)
    assert [int(number.replace(",", "")) for number in numbers] == [
        trace.accesses,
        trace.footprint_pages,
        trace.writes,
        trace.contents_count,
    ]
    cut = f"first {trace.accesses:,} of {trace.meta.get('cut_from_accesses', 0):,}"
    assert (cut in row) == ("cut_from_accesses" in trace.meta)
