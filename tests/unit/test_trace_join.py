# SPDX-License-Identifier: GPL-2.0-only
"""Accesses and contents of different origins join to a trace that says where both came from."""

from pathlib import Path

import numpy as np
import pytest

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.errors import InvalidArgument
from zswapsim.trace.derive.join import (
    complete,
    contents_source,
    with_contents_of,
    with_made_up_accesses,
    with_made_up_contents,
)
from zswapsim.units import FREED, PAGE_SIZE


def page(fill: int) -> bytes:
    return bytes([fill]) * PAGE_SIZE


def snapshot(numbers: list[int], fills: list[int]) -> Trace:
    count = len(fills)
    contents = b"".join(map(page, fills))
    versions = [0] * count, range(count), range(count)
    return Trace.from_arrays([], [], *versions, contents, {"name": "snap"}, numbers)


def contents_of(trace: Trace) -> list[int]:
    """The first byte of each page's content, by page."""
    at, of, content = trace.versions
    assert at.tolist() == [0] * trace.pages
    assert of.tolist() == list(range(trace.pages))
    return [trace.contents_bytes[number * PAGE_SIZE] for number in content.tolist()]


def test_pages_with_the_snapshots_numbers_have_its_contents() -> None:
    trace = Trace.from_arrays([0, 1, 2], [True] * 3, page_numbers=[70, 50, 60])
    joined = with_contents_of(trace, snapshot([50, 60, 70, 80], [5, 6, 7, 8]))
    assert contents_of(joined) == [7, 5, 6]
    assert joined.meta["contents_from"] == "snap: 4 pages, 3 by their page numbers"
    assert [block.tolist() for block in joined.blocks()] == [b.tolist() for b in trace.blocks()]


def test_other_pages_draw_each_page_of_the_snapshot_equally_often() -> None:
    trace = Trace.from_arrays(range(8), [False] * 8, page_numbers=[50, *range(1000, 1007)])
    joined = with_contents_of(trace, snapshot([50, 60, 70], [5, 6, 7]), seed=3)
    drawn = contents_of(joined)
    assert drawn[0] == 5
    assert sorted(drawn[1:4]) == [5, 6, 7]
    assert sorted(drawn[4:7]) == [5, 6, 7]
    assert "1 by their page numbers, drawn for 7 pages with seed 3" in joined.meta["contents_from"]
    assert contents_of(with_contents_of(trace, snapshot([50, 60, 70], [5, 6, 7]), seed=3)) == drawn


def test_share_of_equal_pages_is_that_of_the_snapshot() -> None:
    zeros = snapshot([1, 2, 3, 4], [0, 0, 0, 9])
    joined = with_contents_of(Trace.from_arrays(range(400), [False] * 400), zeros)
    assert contents_of(joined).count(0) == 300


def test_first_content_of_a_recorded_page_counts() -> None:
    recorded = Trace.from_arrays(
        [0], [True], [0, 1, 1], [0, 0, 1], [0, 1, FREED], page(3) + page(4)
    )
    joined = with_contents_of(Trace.from_arrays([0], [False]), recorded)
    assert contents_of(joined) == [3]


def test_made_up_contents_are_the_mix_asked_for_and_said() -> None:
    trace = Trace.from_arrays(range(100), [False] * 100)
    joined = with_made_up_contents(trace, "mix:zero=25,random=75", seed=1)
    assert (
        sum(
            1
            for number in joined.versions[2]
            if not any(
                joined.contents_bytes[int(number) * PAGE_SIZE : (int(number) + 1) * PAGE_SIZE]
            )
        )
        == 25
    )
    assert joined.meta["contents_from"] == "made up: zero=25,random=75, seed 1"


def test_made_up_accesses_touch_the_snapshots_pages_and_are_said() -> None:
    made = with_made_up_accesses(snapshot([7, 8, 9], [1, 2, 3]), "loop", accesses=7, seed=2)
    assert np.concatenate([*made.blocks(2)]).tolist() == [
        access for block in made.blocks(100) for access in block.tolist()
    ]
    assert made.accesses == 7
    assert made.footprint_pages == 3
    assert made.meta["accesses_from"] == "made up: loop, 7 accesses, 30 % writes, seed 2"
    assert contents_of(made) == [1, 2, 3]


RECORDED = {
    "recorder_resident_pages": 256,
    "reduction_k": 32,
    "raw_accesses": 9,
    "exact_for": "LRU",
    "lru_faults": {"256": 1},
}


def test_made_up_accesses_are_not_said_to_be_what_a_program_did() -> None:
    recorded = Trace.from_arrays([0], [True], [0], [0], [0], page(1), {"name": "a"} | RECORDED)
    made = with_made_up_accesses(recorded, "loop")
    assert sorted(made.meta) == ["accesses_from", "name"]
    assert "below what was recorded" not in str(replay(made, ReplayConfig(memory="4p")).trace)


def test_contents_from_elsewhere_are_not_said_to_be_exact() -> None:
    recorded = Trace.from_arrays([0], [True], [0], [0], [0], page(1), RECORDED)
    joined = with_contents_of(recorded, snapshot([7], [2]))
    assert "exact_for" not in joined.meta
    assert joined.meta["reduction_k"] == 32, "its accesses are what they were"


def test_under_made_up_accesses_a_page_keeps_its_first_content_though_it_was_freed() -> None:
    at, of, content = [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, FREED, FREED]
    recorded = Trace.from_arrays([0, 1], [True] * 2, at, of, content, page(3) + page(4))
    made = with_made_up_accesses(recorded, "loop")
    assert contents_of(made) == [3, 4]
    assert made.counts.freed == 0


def test_a_seed_that_cannot_be_is_named_whatever_is_drawn() -> None:
    trace = Trace.from_arrays([0], [True])
    for contents in ("mix", snapshot([7], [1])):
        with pytest.raises(InvalidArgument, match="seed is -1; allowed are 0"):
            complete(trace, contents=contents, seed=-1)


def test_the_sample_of_a_large_image_is_drawn_by_the_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zswapsim.trace.images.snapshot.open_contents", lambda source: source)
    (tmp_path / "image").write_bytes(page(1))
    source = contents_source(str(tmp_path / "image"), seed=5)
    assert source.options.seed == 5  # type: ignore[union-attr]


def test_what_a_trace_has_is_left_alone() -> None:
    whole = with_made_up_accesses(snapshot([7, 8], [1, 2]))
    assert complete(whole) is whole


@pytest.mark.parametrize(
    "trace", [snapshot([7, 8, 9], [1, 2, 3]), Trace.from_arrays([0, 1, 2], [True] * 3)]
)
def test_whatever_there_is_can_be_replayed(trace: Trace) -> None:
    result = replay(complete(trace), ReplayConfig(memory="2p"))
    assert result.complete
    assert result.memory["limit_pages"] == 2
    assert "made up" in str(result.trace)


def test_nothing_to_go_by_is_said() -> None:
    empty = Trace.from_arrays([], [], meta={"name": "void"})
    with pytest.raises(InvalidArgument, match="'void' has no pages to access"):
        complete(empty)
    with pytest.raises(InvalidArgument, match="'void' has no page contents to take"):
        complete(Trace.from_arrays([0], [True]), contents=empty)
    with pytest.raises(InvalidArgument, match="'mixed': allowed is a file, or mix"):
        with_made_up_contents(Trace.from_arrays([0], [True]), "mixed")


def test_contents_are_a_mix_or_a_file(tmp_path: Path) -> None:
    assert contents_source("mix:zero=100") == "mix:zero=100"
    snapshot([1], [1]).save(tmp_path / "a.ztrace")
    opened = contents_source(str(tmp_path / "a.ztrace"))
    assert isinstance(opened, Trace)
