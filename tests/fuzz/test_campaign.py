# SPDX-License-Identifier: GPL-2.0-only
"""The fuzz campaign: a few inputs of each kind here, thousands with `pytest -m long tests/fuzz`.

What it found is a test of its own, beside the tests of the part that it was found in.
"""

import os
import time
from pathlib import Path
from random import Random

import fuzz_campaign as campaign
import pytest
from fuzz_targets import TARGETS, Target

from zswapsim.errors import InvalidArgument, InvariantError
from zswapsim.trace.formats import FORMATS

SEED = int(os.environ.get("ZSWAPSIM_FUZZ_SEED", "1"))
FEW = 3
LONG_SECONDS = 20
SLOW_TO_BEGIN = {"result", "rows:jsonl", "rows:csv", "rows:parquet", "verify"}
"""Kinds that begin with the results of real runs, or many recordings, which takes seconds."""


def test_every_registered_format_is_in_the_campaign() -> None:
    assert {f"trace:{name}" for name in FORMATS.names()} <= set(TARGETS)


@pytest.mark.parametrize("kind", sorted(set(TARGETS) - SLOW_TO_BEGIN))
def test_a_few_damaged_files_are_read_or_refused(kind: str) -> None:
    if kind in ("trace:avml", "commands"):
        pytest.importorskip("cramjam")
    for number in range(FEW):
        assert campaign.problem_of(kind, SEED, number, campaign.Tally()) is None, number


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(TARGETS))
def test_thousands_of_damaged_files_are_read_or_refused(kind: str, tmp_path: Path) -> None:
    tally = campaign.run_kind(kind, SEED, 1 << 40, LONG_SECONDS)
    assert tally.inputs
    assert not tally.faults, [campaign.save(tmp_path, fault) for fault in tally.faults[:20]]


def test_an_input_is_its_name() -> None:
    for number in range(5):
        first, again = (campaign.input_of("settings", 7, number) for _ in range(2))
        assert first[0] == again[0]
        assert first[1].random() == again[1].random()


def _spin(folder: Path, data: bytes, random: Random) -> None:
    while True:
        pass


def _sleep(folder: Path, data: bytes, random: Random) -> None:
    time.sleep(1000)


def _take(folder: Path, data: bytes, random: Random) -> None:
    assert len(b"x" * (200 << 20)) > len(data)  # zeros would be no memory until written to


def _take_all(folder: Path, data: bytes, random: Random) -> None:
    assert bytes(3 << 30)


def _leave(folder: Path, data: bytes, random: Random) -> None:
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(delete=False):
        pass


def _die(folder: Path, data: bytes, random: Random) -> None:
    os.abort()


def _fail(folder: Path, data: bytes, random: Random) -> None:
    raise KeyError(data)


def _name_nothing(folder: Path, data: bytes, random: Random) -> None:
    raise InvalidArgument("it is wrong")


def _steer(folder: Path, data: bytes, random: Random) -> None:
    raise InvalidArgument("given: \x1b[2J")


def _break(folder: Path, data: bytes, random: Random) -> None:
    raise InvariantError("given: a list has two heads")


@pytest.mark.parametrize(
    ("read", "place"),
    [
        (_spin, "SIGPROF"),
        (_sleep, "SIGALRM"),
        (_take, "memory"),
        (_take_all, "MemoryError"),
        (_leave, "left"),
        (_die, "SIGABRT"),
        (_fail, "KeyError"),
        (_name_nothing, "does not name"),
        (_steer, "no printable line"),
        (_break, "a check failed"),
    ],
)
def test_what_must_not_be_is_a_fault(
    read: object, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each input, also of the one after one that killed its reader."""
    monkeypatch.setitem(TARGETS, "x", Target(lambda: [b"abc"], read))  # type: ignore[arg-type]
    monkeypatch.setattr(campaign, "CPU_SECONDS", 0.1 if read is _spin else 60)
    monkeypatch.setattr(campaign, "WALL_SECONDS", 0.2 if read is _sleep else 60)
    monkeypatch.setattr(campaign, "PEAK_BYTES", 100 << 20)
    tally = campaign.run_kind("x", SEED, 2, 60)
    assert [name for name, _, _ in tally.faults] == [f"x:{SEED}:0", f"x:{SEED}:1"]
    assert all(told.startswith(place) for _, _, told in tally.faults), tally.faults


def test_a_failing_input_is_kept_with_what_was_wrong(tmp_path: Path) -> None:
    path = campaign.save(tmp_path / "kept", ("settings:1:4", "what \udc80", "place"))
    assert path.read_bytes() == campaign.input_of("settings", 1, 4)[0]
    assert path.with_name(f"{path.name}.txt").read_text() == "what \\udc80"
