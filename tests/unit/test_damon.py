# SPDX-License-Identifier: GPL-2.0-only
"""DAMON's snapshots, in every layout that damo writes, become accesses."""

import gzip
import json
import re
import zlib
from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from binary_samples import SAMPLES, accesses_of, opened, sample

from zswapsim.errors import TraceError
from zswapsim.trace import unpack
from zswapsim.trace.formats import FORMATS
from zswapsim.trace.input import Input, InputOptions
from zswapsim.trace.readers import damon, damon_json, damon_snapshots, records
from zswapsim.trace.trace import Trace

EVENTS = "damon-perf-script.txt.gz"
SAME = ("damon-raw.txt.gz", "damon-raw-number.txt.gz", "damon.json.gz", "damon.data", EVENTS)
FORMS = ("damon-first-form.txt", "damon-second-form.txt")

Snapshot = list[tuple[int, int, int]]


def snapshots_of(events: str) -> list[tuple[str, Snapshot]]:
    """Return (target, [(start, end, accesses)]) of trace events, by time."""
    rows = [
        (float(time), target, int(start), int(end), int(samples))
        for time, target, start, end, samples in re.findall(
            r"([\d.]+): damon:damon_aggregated: target_id=(\d+) nr_regions=\d+ "
            r"(\d+)-(\d+): (\d+) \d+",
            events,
        )
    ]
    grouped = groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[:2])
    return [(target, [row[2:] for row in regions]) for (_, target), regions in grouped]


@pytest.mark.parametrize("name", [*SAME, *FORMS])
def test_a_sample_is_recognised_as_damon_alone(name: str) -> None:
    source = Input(SAMPLES / name)
    taken = [
        known
        for known in FORMATS.names()
        if FORMATS.get(known).recognises(source.path, source.head)
    ]
    assert taken == ["damon"]


def test_every_layout_of_a_recording_gives_the_same_trace() -> None:
    traces = [accesses_of(Trace.open(SAMPLES / name)) for name in SAME]
    assert len(traces[0]) == 24_322
    assert all(trace == traces[0] for trace in traces)


def test_every_page_is_accessed_once_a_round_and_rounds_follow_each_other() -> None:
    made = [name for name, _ in accesses_of(Trace.open(SAMPLES / EVENTS))]
    targets: list[str] = []
    at = 0
    for target, regions in snapshots_of(sample(EVENTS).decode()):
        if target not in targets:
            targets.append(target)
        above = targets.index(target) << 52
        for done in range(max(samples for *_, samples in regions)):
            for start, end, samples in regions:
                if samples > done:
                    pages = range(start >> 12, end >> 12)
                    piece = made[at : at + len(pages)]
                    assert sorted(piece) == [above | page for page in pages]
                    at += len(pages)
    assert at == len(made)
    assert len(targets) == 2


def test_forms_of_old_versions_are_read() -> None:
    first, second = (
        [name for name, _ in accesses_of(Trace.open(SAMPLES / name))] for name in FORMS
    )
    page, stack, other = 0x563EBAA00, 0x7FFF66B0A, 1 << 52 | 0x563EBAA00
    assert Counter(second) == {page: 5, page + 1: 2, page + 2: 2}
    assert Counter(first) == Counter(second) + Counter({stack: 1, other: 1, other + 1: 1})
    assert first[-3:] == [page] * 3


def test_the_seed_draws_orders_and_writes_and_the_notes_say_so() -> None:
    def made(**options: object) -> Trace:
        return Trace.open(SAMPLES / EVENTS, InputOptions(**options))  # type: ignore[arg-type]

    one, same, other = made(seed=1), made(seed=1), made(seed=2)
    assert accesses_of(one) == accesses_of(same) != accesses_of(other)
    names = [Counter(name for name, _ in accesses_of(trace)) for trace in (one, other)]
    assert names[0] == names[1]
    assert abs(one.writes - 0.3 * one.accesses) < 300
    assert made(write_percent=0).writes == 0
    assert made(write_percent=100).writes == one.accesses
    said = one.meta["accesses_from"]
    for text in ("made up of 24 snapshots", "drawn with seed 1", "30 % of them", "2 targets"):
        assert text in said


def region(pages: int, samples: int, start: int = 1 << 20) -> dict[str, object]:
    return {
        "start": f"{start << 12:,}",
        "end": f"{start + pages << 12:,}",
        "nr_accesses": {"samples": samples, "percent": None},
        "age": {"usec": None, "aggr_intervals": "3"},
    }


def document(*snapshots: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {
            "kdamond_idx": 0,
            "target_id": 5,
            "snapshots": [
                {"start_time": f"{at}", "end_time": f"{at + 1}", "regions": regions}
                for at, regions in enumerate(snapshots)
            ],
        }
    ]


@pytest.mark.parametrize("pages", [1, 2, 3, 64, 65536, 65537, 200_000])
def test_the_order_of_a_region_has_every_page_once(pages: int) -> None:
    regions = np.array([(7, pages, 2)], np.int64)
    random = np.random.RandomState(0)
    made = np.concatenate(list(damon._rounds(regions, random)))
    assert len(made) == 2 * pages
    for half in (made[:pages], made[pages:]):
        assert np.array_equal(np.sort(half), np.arange(7, 7 + pages))


def test_a_region_of_hundreds_of_gigabytes_is_not_held_in_memory() -> None:
    pages = damon_snapshots.MAX_REGION_PAGES
    regions = np.array([(0, pages, 1)], np.int64)
    made = damon._rounds(regions, np.random.RandomState(3))
    some = np.concatenate([next(made) for _ in range(3)])
    assert len(np.unique(some)) == 3 * 65536
    assert some.min() >= 0
    assert some.max() < pages


def test_more_accesses_than_a_disk_holds_are_refused(tmp_path: Path) -> None:
    huge = json.dumps(document([region(1 << 30, 3), region(1 << 31, 1)])).encode()
    with pytest.raises(TraceError, match=r"5,368,709,120 accesses in 1 snapshots; allowed are up"):
        opened(huge, tmp_path)


def test_a_small_file_cannot_stand_for_more_than_its_worth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred bytes of text can name a terabyte."""
    monkeypatch.setattr(damon.DamonFormat, "pages_from", 1 << 14)
    for pages, samples, what in ((1 << 24, 3, "accesses"), (1 << 16, 1, "pages")):
        huge = json.dumps(document([region(pages, samples)])).encode()
        with pytest.raises(TraceError, match=rf"bytes stand for [\d,]+ {what} and more; allowed"):
            opened(huge, tmp_path)


def test_more_regions_than_a_snapshot_is_held_with_are_refused(tmp_path: Path) -> None:
    many = (1 << 20) + 1
    raw = f"base_time_absolute: 1 s\nmonitoring_start: 0 ns\ntarget_id: 1\nnr_regions: {many}\n"
    event = f"k 1 [0] 1.0: damon_aggregated: target_id=1 nr_regions={many} 4096-8192: 0 3\n"
    for text, line in ((raw, 4), (event, 1)):
        with pytest.raises(TraceError, match=rf":{line}: 1,048,577 regions in a snapshot; allowed"):
            opened(text.encode(), tmp_path)


def test_the_earlier_snapshot_of_any_target_comes_first(tmp_path: Path) -> None:
    records = document([region(1, 1)], [region(1, 1)]) + document([region(1, 2, 5)])
    records[1]["target_id"] = "other"
    other = 1 << 52 | 5
    names = [name for name, _ in accesses_of(opened(json.dumps(records).encode(), tmp_path))]
    assert names == [1 << 20, other, other, 1 << 20]
    by_key = json.dumps(records, sort_keys=True, indent=4).encode()
    assert [name for name, _ in accesses_of(opened(by_key, tmp_path))] == names


def test_bare_numbers_and_the_filler_of_damo_are_understood(tmp_path: Path) -> None:
    bare = region(2, 0) | {"nr_accesses": 4, "start": 4096, "end": 12288}
    filler = region(0, -1, 0)
    trace = opened(json.dumps(document([bare], [filler])).encode(), tmp_path)
    assert Counter(name for name, _ in accesses_of(trace)) == {1: 4, 2: 4}


def test_memory_holds_one_snapshot_of_a_json_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damon_json, "_CHUNK_CHARACTERS", 100)
    data = json.dumps(document(*[[region(1, 1, at)] for at in range(50)]), indent=4).encode()
    assert [name for name, _ in accesses_of(opened(data, tmp_path))] == list(range(50))
    monkeypatch.setattr(damon_json, "SNAPSHOT_CHARACTERS", 1000)
    large = json.dumps(document([region(1, 1, at) for at in range(300)])).encode() + b" " * 10000
    chunks = iter([large[at : at + 500] for at in range(0, len(large), 500)])
    text = damon_json._Text(chunks)
    assert text.find(damon_json._KEY) is not None
    assert text.find(damon_json._KEY) is not None
    with pytest.raises(ValueError, match="not whole within 1,000 characters"):
        text.decode(json.JSONDecoder())


def changed_region(**change: object) -> bytes:
    return json.dumps(document([region(1, 1)], [region(1, 1) | change])).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"start": "x"},
        {"end": 0},
        {"end": None},
        {"start": -4096},
        {"end": f"{1 << 60:,}"},
        {"nr_accesses": -2},
        {"nr_accesses": 1 << 40},
        {"nr_accesses": {"samples": None}},
        {"nr_accesses": 1.5},
    ],
)
def test_a_wrong_region_of_a_json_file_is_named(change: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(
        TraceError, match=r"snapshot 2: a region has start .*; expected a region of"
    ):
        opened(changed_region(**change), tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'[{"target_id": 1, "snapshots": [7]}]', "snapshot 1: '7'; expected an object with"),
        (
            b'[{"target_id": 1, "snapshots": [{"start_time": "x", "regions": []}]}]',
            "snapshot 1: start_time is 'x'; expected a time",
        ),
        (
            b'[{"target_id": 1, "snapshots": [{"start_time": 1, "regions": [[]]}]}]',
            r"snapshot 1: regions is \[\[\]\]; expected a list of regions",
        ),
        (b'[{"target_id": 1, "snapshots": [{"start_time": 1, "reg', "truncated: it ends in snap"),
        (b'[{"target_id": 1, "snapshots": [' + b"[" * 100_000, "snapshot 1: .*recursion"),
        (b'[{"target_id": 1, "snapshots": [{"start_time": !}]}]', "snapshot 1: Expecting value"),
        (b'[{"target_id": 1, "snapshots": []}]', "no access in it, read as damon"),
    ],
)
def test_a_damaged_json_file_is_named(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=message):
        opened(data, tmp_path)


def test_a_json_file_that_is_cut_off_may_be_read_to_there(tmp_path: Path) -> None:
    whole = sample("damon.json.gz")
    cut = whole[: len(whole) // 3]
    with pytest.raises(TraceError, match=r"truncated: it ends in snapshot \d+"):
        opened(cut, tmp_path)
    trace = opened(cut, tmp_path, skip_bad=1)
    assert 0 < trace.accesses < 24_322
    assert trace.meta["bad_lines"] == 1


def test_damaged_and_cut_zlib_data_are_named(tmp_path: Path) -> None:
    data = sample("damon.data")
    with pytest.raises(TraceError, match="truncated: the zlib data ends in the middle"):
        opened(data[:-100], tmp_path)
    with pytest.raises(TraceError, match="damaged zlib data"):
        opened(data[:1000] + bytes(500) + data[1500:], tmp_path)


def test_zlib_data_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "MOST_TIMES_FROM_BYTES", 1 << 20)
    text = b'[{"target_id": 1, "snapshots": [' + b" " * (1 << 24)
    twice = gzip.compress(zlib.compress(text, 9))
    with pytest.raises(TraceError, match=r"bytes unpack to [\d,]+; allowed is up to"):
        opened(twice, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"nr_regions: 5", b"nr_regions: x", r":8: 'nr_regions: x'; expected a line of damo's raw"),
        (b"          19     8", b"", r":10: '563ebaa00000-563ebaa02000 .*'; expected a line"),
        (b"563ebaa02000 (", b"563ebaa00000 (", r":10: .*; expected a region of up to 2\*\*40"),
        (b"  0 ns", b"  0 qs", r":4: 'monitoring_start: .*0 qs'; expected a time"),
        (b"target_id:", b"target_ix:", r":7: 'target_ix: 18446.*'; expected a line of damo's raw"),
    ],
)
def test_a_wrong_line_is_named(old: bytes, new: bytes, message: str, tmp_path: Path) -> None:
    data = sample("damon-raw.txt.gz")
    assert old in data
    with pytest.raises(TraceError, match=message):
        opened(data.replace(old, new, 1), tmp_path)


def test_wrong_lines_may_be_passed_over(tmp_path: Path) -> None:
    data = sample("damon-raw.txt.gz").replace(b"          19     8", b"", 1)
    trace = opened(data, tmp_path, skip_bad=1)
    assert trace.accesses == 24_322 - 2 * 19
    assert trace.meta["bad_lines"] == 1


def test_a_cut_off_snapshot_is_named_and_may_be_kept() -> None:
    with pytest.raises(
        TraceError, match=r"damon-cut.txt:20: truncated: 3 regions of this snapshot"
    ):
        Trace.open(SAMPLES / "damon-cut.txt")
    assert Trace.open(SAMPLES / "damon-cut.txt", InputOptions(skip_bad=1)).accesses > 0


def test_a_damaged_json_sample_is_named() -> None:
    with pytest.raises(
        TraceError, match=r"damon-wrong-region.json: snapshot 2: a region has start"
    ):
        Trace.open(SAMPLES / "damon-wrong-region.json")


def test_lost_and_wrong_events_are_named(tmp_path: Path) -> None:
    lines = sample(EVENTS).splitlines(keepends=True)
    with pytest.raises(TraceError, match=r":1: .*; expected damon_aggregated: target_id=N"):
        opened(lines[0].replace(b"regions=5", b"regions=") + b"".join(lines[1:]), tmp_path)
    with pytest.raises(TraceError, match=r":\d+: .*; expected 1 regions more of the target"):
        first_of_other = next(n for n, line in enumerate(lines) if b"334208" in line)
        opened(b"".join(lines[: first_of_other - 1] + lines[first_of_other:]), tmp_path)
    with pytest.raises(TraceError, match=r"truncated: 1 regions of this snapshot are missing"):
        opened(b"".join(lines[:-1]), tmp_path)


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    data = sample("damon-raw.txt.gz") + b"5" * (3 << 20)
    with pytest.raises(TraceError, match="a line is longer than 65,536 bytes"):
        opened(data, tmp_path)


def test_too_many_targets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damon_snapshots, "MAX_TARGETS", 1)
    with pytest.raises(TraceError, match="more than 1 targets"):
        opened(sample("damon.json.gz"), tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8 m 59.809 s", 539_809_000_000),
        ("23 h 1 m 17.196 s", 82_877_196_000_000),
        ("-1 ms", -1_000_000),
        ("1,234", 1234),
        ("0 ns", 0),
        ("5 parsecs", None),
        ("5 m 3", None),
        ("", None),
        ("nan", None),
    ],
)
def test_times_are_those_that_damo_writes(text: str, expected: float | None) -> None:
    found = damon_snapshots.nanoseconds(text)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_progress_is_told_of_the_making_up_too() -> None:
    told: list[tuple[int, int]] = []
    path = SAMPLES / EVENTS
    Trace.open(path, progress=lambda done, total: told.append((done, total)))
    size = path.stat().st_size
    assert len(told) >= 2
    assert told[-1] == (size, size)


@pytest.mark.parametrize("bytes_from", [1 << 40, 0], ids=["interpreted", "compiled"])
def test_pages_of_the_last_targets_keep_their_names(
    bytes_from: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "WARM_BYTES", bytes_from)
    monkeypatch.setattr(records, "COLD_BYTES", bytes_from)
    targets = [document([region(1, 1, 5)])[0] | {"target_id": at} for at in range(4096)]
    made = [name for name, _ in accesses_of(opened(json.dumps(targets).encode(), tmp_path))]
    assert made == [at << 52 | 5 for at in range(4096)]
