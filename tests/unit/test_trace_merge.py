# SPDX-License-Identifier: GPL-2.0-only
"""merge_traces: what it refuses, what it says, and that it notices damage."""

from pathlib import Path

import numpy as np
import pytest

from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.trace.counts import Counts
from zswapsim.trace.derive.merge import merge_traces
from zswapsim.trace.synthetic import random_contents, synthetic_trace, zipf
from zswapsim.trace.trace import Parts, Trace


def scan(accesses: int, name: str) -> Trace:
    trace = Trace.from_arrays(np.arange(accesses), np.zeros(accesses, bool))
    trace.meta["name"] = name
    return trace


def test_all_begin_and_end_together_in_proportion_to_their_lengths() -> None:
    merged = merge_traces([scan(6, "long"), scan(3, "short")], slice_accesses=2)
    assert next(merged.blocks()).tolist() == [0, 1, 6, 2, 3, 7, 4, 5, 8]


def test_a_trace_that_is_much_shorter_comes_now_and_then() -> None:
    merged = merge_traces([scan(100, "long"), scan(2, "short")], slice_accesses=10)
    accesses = next(merged.blocks()).tolist()
    assert [place for place, page in enumerate(accesses) if page >= 100] == [50, 101]


def test_slices_longer_than_the_traces_put_one_after_the_other() -> None:
    merged = merge_traces([scan(3, "a"), scan(2, "b")])
    assert next(merged.blocks()).tolist() == [0, 1, 2, 3, 4]


def test_long_traces_are_merged_block_by_block() -> None:
    traces = [synthetic_trace("loop", count, 50) for count in (1_500_000, 700_001, 3)]
    merged = merge_traces(traces, 77)
    blocks = list(merged.blocks(1000))
    accesses = np.concatenate(blocks)
    assert {len(block) for block in blocks[:-1]} == {1000}
    assert len(accesses) == merged.accesses == 2_200_004
    page = accesses & 0x7FFFFFFF
    for number, trace in enumerate(traces):
        own = accesses[(page >= 50 * number) & (page < 50 * number + 50)] - np.uint32(50 * number)
        assert (own == np.concatenate(list(trace.blocks()))).all()


def test_equal_contents_are_kept_once() -> None:
    trace = zipf(50, 5, contents=random_contents(20, seed=1))
    merged = merge_traces([trace, trace])
    assert merged.contents_bytes == trace.contents_bytes
    assert merged.counts.versions == 2 * trace.counts.versions


def test_snapshots_merge_to_a_snapshot() -> None:
    pages = random_contents(4, seed=1, zero=0, same_filled=0, text=50)
    one = Trace.from_arrays([], [], [0] * 4, range(4), range(4), pages, page_numbers=range(4))
    merged = merge_traces([one, one])
    assert (merged.accesses, merged.pages, merged.contents_count) == (0, 8, 4)
    assert list(merged.blocks()) == []
    assert merged.versions[1].tolist() == list(range(8))
    assert merged.page_numbers is not None
    assert merged.page_numbers.tolist()[4:] == [(1 << 52) + number for number in range(4)]


def test_numbers_that_leave_no_room_lose_their_upper_bits() -> None:
    one = Trace.from_arrays([0], [False], page_numbers=[(7 << 52) + 3])
    numbers = merge_traces([one, one]).page_numbers
    assert numbers is not None
    assert numbers.tolist() == [3, (1 << 52) + 3]


def test_meta_says_what_was_merged() -> None:
    one, other = scan(3, "one"), scan(3, "other")
    one.meta["accesses_from"] = "made up"
    meta = merge_traces([one, other]).meta
    assert meta["name"] == "one+other"
    assert meta["what"] == "2 traces in turns of 1000 accesses of the longest"
    assert meta["accesses_from"] == "one: made up"
    assert len(merge_traces([one] * 100).name) == 200


def test_wrong_arguments_are_refused() -> None:
    for traces in ([], [scan(1, "a")] * 4097):
        with pytest.raises(InvalidArgument, match=rf"^{len(traces)} traces to merge;"):
            merge_traces(traces)
    with pytest.raises(InvalidArgument, match="slice_accesses is 0"):
        merge_traces([scan(3, "a")], 0)
    counts = scan(1, "a").counts
    huge = {field: getattr(counts, field) for field in Counts.__slots__} | {
        "pages": 1 << 30, "accesses": 1 << 40,
    }  # fmt: skip
    large = Trace(Counts(**huge), {}, Parts(lambda _: iter(()), scan(0, "x").versions, b""))
    with pytest.raises(InvalidArgument, match="3221225472 pages together"):
        merge_traces([large] * 3)
    with pytest.raises(InvalidArgument, match="slices of 1 accesses are too short"):
        merge_traces([large], 1)


def test_damage_at_the_end_of_a_file_is_noticed(tmp_path: Path) -> None:
    path, merged = tmp_path / "a.ztrace", tmp_path / "merged.ztrace"
    zipf(3000, 100, seed=1).save(path)
    data = bytearray(path.read_bytes())
    place = data.index(b"\x28\xb5\x2f\xfd") + 3000
    data[place] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(TraceError, match=r"a\.ztrace: accesses\.zst"):
        merge_traces([Trace.open(path), scan(5, "b")]).save(merged)
    assert list(tmp_path.iterdir()) == [path]


def test_processes_of_merged_captures_stay_apart() -> None:
    def capture(*numbers: int) -> Trace:
        return Trace.from_arrays(range(len(numbers)), [False] * len(numbers), page_numbers=numbers)

    first, second, third = 0, 1 << 52, 2 << 52
    both = merge_traces([capture(7, second | 7, second | 8), capture(third | 7, 9)])
    assert both.page_numbers is not None
    assert both.page_numbers.tolist() == [
        first | 7,
        second | 7,
        second | 8,
        (3 << 52) | 7,
        (2 << 52) | 9,
    ]


def test_names_of_objects_lose_what_is_above_when_there_are_too_many() -> None:
    names = [number << 52 | 5 for number in range(4095)]
    objects = Trace.from_arrays(range(4095), [False] * 4095, page_numbers=names)
    both = merge_traces([objects, objects])
    assert both.page_numbers is not None
    assert set(both.page_numbers[:4095].tolist()) == {5}
    assert set(both.page_numbers[4095:].tolist()) == {1 << 52 | 5}
