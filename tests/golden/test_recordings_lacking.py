# SPDX-License-Identifier: GPL-2.0-only
"""Recordings that lack a part, or ask for what a kernel had not: one clear line each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from golden_recordings import GOLDENS, Recording, read, verdict_of

from zswapsim.errors import NoEntry, TraceError, ZswapSimError

Edit = Callable[[Recording], None]

pytestmark = pytest.mark.skipif(
    not GOLDENS.exists(),
    reason="no recordings of kernels in ../shared/goldens",
)


@pytest.fixture(scope="module")
def plain() -> Recording:
    return read("a_zbud_lz4_churn")


def _without_pool(raw: Recording) -> None:
    """A definition that leaves zpool and compressor to the kernel's defaults."""
    raw["experiment"] = {"name": "x", "pages": raw["experiment"]["pages"]}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda raw: raw.update(steps=[]), "steps are no list, or none"),
        (
            lambda raw: raw["steps"].insert(0, ["k max_pool_percent=" + "9" * 5000, "-", [], []]),
            "k",
        ),
        (lambda raw: raw["experiment"].update(probes=0), "of operations other than f, s"),
    ],
)
def test_a_recording_that_lacks_a_part_is_one_clear_error(
    plain: Recording, tmp_path: Path, edit: Edit, message: str
) -> None:
    raw = {**plain, "steps": list(plain["steps"]), "experiment": dict(plain["experiment"])}
    edit(raw)
    with pytest.raises(ZswapSimError, match=message):
        verdict_of(raw, tmp_path)


@pytest.mark.parametrize("where", ["S0:x", "S0:-1", "S0:99999999999", "P"])
def test_a_page_without_a_slot_is_one_clear_error(
    plain: Recording, tmp_path: Path, where: str
) -> None:
    steps = [["f 0 0", "P", [], []], ["s 0", where, [], []]]
    raw = {**plain, "steps": steps, "experiment": {**plain["experiment"], "probes": 0}}
    with pytest.raises(TraceError, match="names no slot"):
        verdict_of(raw, tmp_path)


def test_a_definition_without_a_pool_has_the_kernels_own(plain: Recording, tmp_path: Path) -> None:
    """zbud in 6.1; of lengths that are recorded, the compressor decides nothing."""
    raw = {**plain, "steps": plain["steps"][:600]}
    _without_pool(raw)
    raw["experiment"]["max_pool_percent"] = plain["experiment"]["max_pool_percent"]
    assert verdict_of(raw, tmp_path) is None


def test_a_pool_that_the_kernel_had_not_is_refused(plain: Recording, tmp_path: Path) -> None:
    meta = {**plain["meta"], "version": plain["meta"]["version"].replace("6.1.", "6.18.", 1)}
    with pytest.raises(NoEntry, match="only zsmalloc"):
        verdict_of({**plain, "meta": meta}, tmp_path)


def _set_ram(raw: Recording) -> None:
    raw["meta"]["totalram_pages"] = 10**30


def _set_negative_ram(raw: Recording) -> None:
    raw["meta"]["totalram_pages"] = -1


def _set_percent(raw: Recording) -> None:
    raw["experiment"]["max_pool_percent"] = "9" * 5000


def _set_name(raw: Recording) -> None:
    raw["experiment"]["zpool"] = ["zbud"] * 1000


def _first_store(raw: Recording) -> list[Any]:
    stores = (event for step in raw["steps"] for event in step[3] if event[0] == "S")
    return next(stores)


def _set_length(raw: Recording) -> None:
    _first_store(raw)[3] = 1 << 63


def _set_slot(raw: Recording) -> None:
    _first_store(raw)[1] = (1 << 24) - 1


def _set_errno(raw: Recording) -> None:
    next(step for step in raw["steps"] if step[3])[3][1:1] = [["E", 5], ["e", -(10**30)]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_set_ram, "totalram_pages is 10"),
        (_set_negative_ram, "totalram_pages is -1; allowed are 0"),
        (_set_percent, "step -1: max_pool_percent=9{40} is too long"),
        (_set_name, r"step -1: zpool=\['zbud', .{31} is too long$"),
        (_set_length, r"step 1: \['S', .* is no event"),
        (_set_slot, r"step 1: \['S', 16777215, .* is no event"),
        (_set_errno, r"step 1: \['e', -1(0+)\] is no event"),
    ],
)
def test_a_number_that_no_machine_has_is_one_clear_error(
    change: Edit, problem: str, tmp_path: Path
) -> None:
    """Compiled, it would not fit; a slot has a place in the machine, so it is memory."""
    raw = read("a_zbud_lz4_fifo_w")
    raw["steps"] = raw["steps"][:60]
    change(raw)
    with pytest.raises(TraceError, match=problem):
        verdict_of(raw, tmp_path)
