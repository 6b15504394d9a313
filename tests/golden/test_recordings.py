# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of real kernels: the machine is equal to them, and every difference is found."""

import contextlib
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from golden_recordings import GOLDENS, PAGES, Recording, read, verdict_of, write

from zswapsim.cli import main
from zswapsim.errors import TraceError, ZswapSimError
from zswapsim.experiment.verify import verify

EQUAL = sorted(GOLDENS.glob("*.json.zst"))
FIDELITY = (Path(__file__).parents[2] / "docs" / "fidelity.md").read_text()
PLAIN, PRESSED = "a_zbud_lz4_churn", "b_zbud_lz4_mixed_acc110"
Edit = Callable[[Recording], None]

pytestmark = pytest.mark.skipif(
    not EQUAL, reason="no recordings of kernels in ../shared/goldens beside the repository"
)


@pytest.fixture(scope="module")
def plain() -> Recording:
    return read(PLAIN)


@pytest.fixture(scope="module")
def pressed() -> Recording:
    return read(PRESSED)


ONLY_HERE = ("f_knobs", "c_zram_lz4")
"""Their kinds of machine are compiled for no other test: four pools, and events of zram.

Compiled, several pools are looked at by SwapBench, and c_zram_lz4 by test_zram_recording.py.
"""


def with_both_engines(path: Path) -> list[Any]:
    """Return a path with each engine, and in the long run only what would be compiled for it."""
    name = path.name.partition(".")[0]
    late = [pytest.mark.long] if name in ONLY_HERE else []
    return [
        pytest.param(path, "interpreted", id=f"interpreted-{name}"),
        pytest.param(path, "compiled", id=f"compiled-{name}", marks=late),
    ]


@pytest.mark.parametrize(
    ("path", "engine"), [pair for path in EQUAL for pair in with_both_engines(path)]
)
def test_the_machine_is_equal_to_the_kernel_at_every_step(path: Path, engine: str) -> None:
    verdict = verify(path, engine=engine)
    assert verdict.difference is None
    assert verdict.engine == engine
    assert verdict.steps == verdict.equal_steps >= 8
    name = path.name.partition(".")[0]
    assert str(verdict) == f"{name}: equal: {verdict.steps} steps"
    assert f"| {name} | {verdict.steps:,} | {verdict.equal_steps:,} |" in FIDELITY


def test_all_kinds_of_events_occur_in_the_recordings(plain: Recording, pressed: Recording) -> None:
    steps = [*plain["steps"], *pressed["steps"]]
    kinds = {event[0] for step in steps for event in step[3]}
    assert kinds == {"S", "L", "I", "K", "k", "E", "e", "W", "F"}


def test_an_untouched_copy_is_equal(pressed: Recording, tmp_path: Path) -> None:
    assert verdict_of(pressed, tmp_path) is None


@pytest.mark.parametrize("name", ["a_zsmalloc_lz4_fifo_w", "a_zbud_lz4_fifo_w"])
def test_sizes_are_those_of_the_pool_that_is_current(name: str, tmp_path: Path) -> None:
    """zbud's objects have a header and zsmalloc's have none, whichever was named last."""
    raw = read(name)
    own, other = ("zsmalloc", "zbud") if "zsmalloc" in name else ("zbud", "zsmalloc")
    there_and_back = [[f"k zpool={zpool}", "-", [], []] for zpool in (other, own)]
    assert verdict_of({**raw, "steps": [*there_and_back, *raw["steps"]]}, tmp_path) is None
    first = {**raw, "experiment": {**raw["experiment"], "zpool": other}}
    assert verdict_of({**first, "steps": [there_and_back[1], *raw["steps"]]}, tmp_path) is None


def cut(raw: Recording, step: int) -> Recording:
    """A copy of the recording up to and with the step; what is not changed is shared."""
    steps = [*raw["steps"][:step], copy.deepcopy(raw["steps"][step])]
    return {**raw, "steps": steps}


def find(raw: Recording, first: int, holds: Callable[[list[Any]], bool]) -> int:
    """Number of the first step from `first` on whose events are as wanted."""
    return next(
        number for number, step in enumerate(raw["steps"]) if number >= first and holds(step[3])
    )


@pytest.mark.parametrize("column", range(19))
def test_a_counter_that_differs_is_reported(
    pressed: Recording, tmp_path: Path, column: int
) -> None:
    name = pressed["columns"][column]
    if name == "absent":
        pytest.skip("this kernel has no such counter")
    number = 900
    raw = cut(pressed, number)
    value = 0
    for step in raw["steps"]:
        value = dict(step[2]).get(column, value)
    raw["steps"][number][2] = [
        *(change for change in raw["steps"][number][2] if change[0] != column),
        [column, value + 4096],
    ]
    op = raw["steps"][number][0]
    assert verdict_of(raw, tmp_path) == (
        f"step {number} ({op}): {name}: expected {value + 4096}, got {value}"
    )


def test_a_store_with_another_outcome_is_reported(
    plain: Recording, tmp_path: Path, engine: str
) -> None:
    number = find(plain, 300, lambda events: [e[0] for e in events] == ["S"] and not events[0][2])
    raw = cut(plain, number)
    event = raw["steps"][number][3][0]
    slot, size = event[1], event[3]
    event[2] = -12
    difference = verdict_of(raw, tmp_path, engine)
    assert difference is not None
    assert difference.startswith(
        f"step {number} ({raw['steps'][number][0]}): expected store {slot} -12 {size}"
    )
    assert f", got store {slot} 0 {size}" in difference


def test_a_load_with_another_outcome_is_reported(plain: Recording, tmp_path: Path) -> None:
    number = find(plain, 300, lambda events: [e[0] for e in events] == ["L"] and not events[0][2])
    raw = cut(plain, number)
    slot = raw["steps"][number][3][0][1]
    raw["steps"][number][3][0][2] = -1
    assert verdict_of(raw, tmp_path) == (
        f"step {number} ({raw['steps'][number][0]}): expected load {slot} -1, got load {slot} 0"
    )


@pytest.mark.parametrize("part", ["page", "side", "offset"])
@pytest.mark.parametrize("kind", ["S", "F"])
def test_an_object_at_another_place_is_reported(
    plain: Recording, tmp_path: Path, kind: str, part: str
) -> None:
    def placed(event: list[Any]) -> bool:
        # LAST: the page of a FIRST is new, and may have any name.
        return event[0] == kind and isinstance(event[-1], list) and event[-1][1] == "L"

    number = find(plain, 600, lambda events: any(placed(event) for event in events))
    raw = cut(plain, number)
    event = next(event for event in raw["steps"][number][3] if placed(event))
    right = list(event[-1])
    event[-1] = {
        "page": [right[0] + 1_000_000, *right[1:]],
        "side": [right[0], "F", right[2]],
        "offset": [*right[:2], right[2] + 64],
    }[part]
    difference = verdict_of(raw, tmp_path)
    assert difference is not None
    expected, _, got = difference.partition(", got ")
    assert expected.startswith(f"step {number} ({raw['steps'][number][0]}): expected ")
    assert expected.endswith(str(event[-1]))
    assert got.endswith(str(right))


def test_a_new_page_under_another_name_is_equal_until_another_object_shares_it(
    plain: Recording, tmp_path: Path
) -> None:
    joined = find(
        plain,
        0,
        lambda events: any(
            e[0] == "S" and e[4:][0][1] == "L" for e in events if len(e) > 4 and e[4]
        ),
    )
    page = next(e[4][0] for e in plain["steps"][joined][3] if e[0] == "S")
    made = find(
        plain,
        0,
        lambda events: any(e[0] == "S" and e[4:] and e[4] and e[4][0] == page for e in events),
    )
    raw = copy.deepcopy(cut(plain, joined))
    raw["steps"][made][3][0][4][0] = 999
    assert verdict_of({**raw, "steps": raw["steps"][:joined]}, tmp_path) is None
    difference = verdict_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(f"step {joined} (")


def test_two_evictions_in_another_order_are_reported(
    pressed: Recording, tmp_path: Path, engine: str
) -> None:
    group = ["E", "W", "F", "e"]
    number = find(
        pressed,
        0,
        lambda events: (
            "".join(e[0] for e in events).find("".join(group * 2)) >= 0
            and next(e for e in events if e[0] == "e")[1] == 0
        ),
    )
    raw = cut(pressed, number)
    events = raw["steps"][number][3]
    at = "".join(e[0] for e in events).find("".join(group * 2))
    first, second = events[at][1], events[at + 4][1]
    events[at : at + 8] = [*events[at + 4 : at + 8], *events[at : at + 4]]
    assert verdict_of(raw, tmp_path, engine) == (
        f"step {number} ({raw['steps'][number][0]}): expected eviction of slot {second}, "
        f"got eviction of slot {first}"
    )


def test_an_eviction_that_went_well_where_it_failed_is_reported(
    pressed: Recording, tmp_path: Path
) -> None:
    failed = [
        number
        for number, step in enumerate(pressed["steps"])
        if any(e[0] == "e" and e[1] == -17 for e in step[3])
    ]
    assert failed
    raw = cut(pressed, failed[0])
    event = next(e for e in raw["steps"][-1][3] if e[0] == "e" and e[1] == -17)
    event[1] = 0
    difference = verdict_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(f"step {failed[0]} (")
    assert "expected end of eviction 0, got write to swap of slot" in difference


@pytest.mark.parametrize("kind", ["F", "W", "E", "e", "K", "k"])
def test_an_event_that_is_missing_is_reported(
    pressed: Recording, tmp_path: Path, kind: str
) -> None:
    number = find(pressed, 0, lambda events: any(e[0] == kind for e in events))
    raw = cut(pressed, number)
    events = raw["steps"][number][3]
    at = next(at for at, e in enumerate(events) if e[0] == kind)
    gone = events.pop(at)
    difference = verdict_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith(f"step {number} ({raw['steps'][number][0]}): ")
    assert "got" in difference or difference.endswith("not expected"), (gone, difference)


def test_an_event_too_many_is_reported(plain: Recording, tmp_path: Path) -> None:
    number = find(plain, 300, lambda events: [e[0] for e in events] == ["L"])
    raw = cut(plain, number)
    raw["steps"][number][3].append(["W", 9, 0])
    assert verdict_of(raw, tmp_path) == (
        f"step {number} ({raw['steps'][number][0]}): write to swap of slot 9 0 expected, missing"
    )


def test_only_the_first_difference_is_reported(plain: Recording, tmp_path: Path) -> None:
    raw = cut(plain, 500)
    raw["steps"] = copy.deepcopy(raw["steps"])
    for number in (100, 200):
        raw["steps"][number][2].append([5, 77])
    difference = verdict_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith("step 100 (")


def test_a_machine_of_another_size_differs(pressed: Recording, tmp_path: Path) -> None:
    raw = {**pressed, "meta": {**pressed["meta"], "totalram_pages": 40_000}}
    difference = verdict_of(raw, tmp_path)
    assert difference is not None
    assert difference.startswith("step ")


# What cannot be read


def missing(*keys: str) -> Edit:
    def edit(raw: Recording) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        del raw[keys[-1]]

    return edit


def setting(value: object, *keys: Any) -> Edit:
    def edit(raw: Any) -> None:
        for key in keys[:-1]:
            raw = raw[key]
        raw[keys[-1]] = value

    return edit


DAMAGE: dict[str, Edit] = {
    "no format": missing("format"),
    "other format": setting("zswap-oracle-2", "format"),
    "no name": missing("name"),
    "no experiment": missing("experiment"),
    "no page set": missing("experiment", "pages"),
    "page set elsewhere": setting("../pages/mixed.bin.zst", "experiment", "pages"),
    "page set that is not there": setting("none.bin.zst", "experiment", "pages"),
    "no sha256": missing("pages_sha256"),
    "other sha256": setting("0" * 64, "pages_sha256"),
    "no meta": missing("meta"),
    "no version": setting("", "meta", "version"),
    "no totalram_pages": missing("meta", "totalram_pages"),
    "totalram_pages in words": setting("many", "meta", "totalram_pages"),
    "no columns": missing("columns"),
    "no steps": missing("steps"),
    "steps in words": setting("many", "steps"),
    "short step": setting(["s 0", "S0:1"], "steps", 40),
    "op of no words": setting("", "steps", 40, 0),
    "op that is no text": setting(7, "steps", 40, 0),
    "op without its page": setting("f", "steps", 40, 0),
    "op with a page in words": setting("f one 1", "steps", 40, 0),
    "changed is no list": setting(7, "steps", 40, 2),
    "changed in a column that is not there": setting([[99, 1]], "steps", 40, 2),
    "changed in words": setting([["a", "b"]], "steps", 40, 2),
    "events are no list": setting(7, "steps", 40, 3),
    "empty event": setting([[]], "steps", 41, 3),
    "event without a slot": setting([["L"]], "steps", 41, 3),
    "event with a slot in words": setting([["L", "one", 0]], "steps", 41, 3),
    "event with a negative slot": setting([["L", -5, 0]], "steps", 41, 3),
    "event with a slot beyond all measure": setting([["L", 1 << 62, 0]], "steps", 41, 3),
    "store without size": setting([["S", 21, 0]], "steps", 41, 3),
    "store of a size in words": setting([["S", 21, 0, "much", [20, "F", 64]]], "steps", 41, 3),
    "knob without value": setting("k max_pool_percent", "steps", 40, 0),
    "knob with a value in words": setting("k max_pool_percent=many", "steps", 40, 0),
    "unknown knob": setting("k colour=red", "steps", 40, 0),
    "store of a page never filled": setting("s 3333", "steps", 41, 0),
    "content that the page set has not": setting("f 20 999999", "steps", 40, 0),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_recording_is_one_clear_error(
    plain: Recording, tmp_path: Path, damage: str
) -> None:
    raw = copy.deepcopy(cut(plain, 60))
    assert raw["steps"][41][0] == "s 20"
    DAMAGE[damage](raw)
    path = write(tmp_path / "bad.json.zst", raw)
    with pytest.raises(ZswapSimError) as caught:
        verify(path, PAGES)
    assert isinstance(caught.value, TraceError)
    message = str(caught.value)
    assert message.startswith((str(path), str(PAGES)))
    assert len(message) < 400
    assert "\n" not in message


@pytest.mark.parametrize("size", [0, 1, 100, 5000, -1])
def test_a_truncated_recording_is_one_clear_error(tmp_path: Path, size: int) -> None:
    data = (GOLDENS / f"{PLAIN}.json.zst").read_bytes()
    path = tmp_path / "short.json.zst"
    path.write_bytes(data[:size])
    with pytest.raises(TraceError, match=r"^\S*short\.json\.zst: not a "):
        verify(path, PAGES)


@pytest.mark.parametrize("data", [b"{}", b"PK\3\4" + bytes(100), bytes(4096), b"\x28\xb5\x2f\xfd"])
def test_a_foreign_file_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(data)
    with pytest.raises(TraceError, match=r"foreign: not a "):
        verify(path)


def test_a_flipped_byte_anywhere_never_ends_in_another_error(tmp_path: Path) -> None:
    data = (GOLDENS / "d_mem256.json.zst").read_bytes()
    path = tmp_path / "flipped.json.zst"
    clean = 0
    for at in range(0, len(data), 23):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        with contextlib.suppress(ZswapSimError):
            clean += verify(path, PAGES).difference is None
    assert clean < len(data) // 23


def test_a_page_set_of_another_recording_is_refused(plain: Recording, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    path = write(tmp_path / "copy.json.zst", cut(plain, 5))
    with pytest.raises(TraceError, match=r"no such page set; name its folder with --pages"):
        verify(path)
    wrong = tmp_path / "pages" / plain["experiment"]["pages"]
    wrong.write_bytes((PAGES / "synth.bin.zst").read_bytes())
    with pytest.raises(TraceError, match=r"not the page set of copy\.json\.zst \(its sha256"):
        verify(path)
    wrong.write_bytes((PAGES / wrong.name).read_bytes()[:-100])
    with pytest.raises(TraceError, match=r"mixed\.bin\.zst: "):
        verify(path)
    wrong.write_bytes((PAGES / wrong.name).read_bytes())
    assert verify(path).difference is None


def test_a_recording_that_unpacks_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zswapsim.experiment import kernel_recording

    monkeypatch.setattr(kernel_recording, "MAX_PAGES_BYTES", 1 << 16)
    with pytest.raises(TraceError, match="unpacks to more than 65536 bytes"):
        verify(GOLDENS / f"{PLAIN}.json.zst")


# The command


def test_equal_recordings_exit_0_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(path) for path in sorted(GOLDENS.glob("d_mem*"))]
    assert main(["verify", *files]) == 0
    assert capsys.readouterr().out == "d_mem1024: equal: 8 steps\nd_mem256: equal: 8 steps\n"


def test_a_difference_exits_1_and_the_rest_is_still_compared(
    plain: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = cut(plain, 50)
    raw["steps"][50][2].append([5, 77])
    bad = write(tmp_path / "bad.json.zst", raw)
    good = write(tmp_path / "good.json.zst", {**cut(plain, 40), "name": "good"})
    assert main(["verify", "--pages", str(PAGES), str(bad), str(good)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out == [
        f"{PLAIN}: step 50 ({raw['steps'][50][0]}): reject_reclaim_fail: expected 77, got 0",
        "good: equal: 41 steps",
    ]


def test_an_unreadable_recording_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.json.zst"
    path.write_bytes(b"no")
    assert main(["verify", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}: not a zstd file, or damaged: ")
    assert error.count("\n") == 1


def test_a_missing_file_or_wrong_option_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["verify"], ["verify", "nothing"], ["verify", "--engine", "x", str(EQUAL[0])]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("Usage: zswapsim verify")


@pytest.mark.parametrize("name", ["k612_a_zbud_lz4_fifo_w"])
def test_what_this_program_does_not_have_exits_2_and_names_the_file(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = GOLDENS / f"{name}.json.zst"
    if not path.exists():
        pytest.skip(f"{name} is not there")
    try:
        code = main(["verify", str(path)])
    finally:
        error = capsys.readouterr().err
    if code == 0:
        pytest.skip("this program has it now")
    assert code == 2
    assert "there are" in error
    assert name in error


def test_one_recording_that_cannot_be_compared_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json.zst"
    bad.write_bytes(b"no")
    good = next(iter(sorted(GOLDENS.glob("d_mem*"))))
    assert main(["verify", str(bad), str(good)]) == 1
    assert "equal: 8 steps" in capsys.readouterr().out
