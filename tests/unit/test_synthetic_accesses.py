# SPDX-License-Identifier: GPL-2.0-only
"""Made-up accesses and mixtures of contents: reproducible, in any blocks, as was asked for."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zswapsim.errors import InvalidArgument
from zswapsim.trace.synthetic import (
    DEFAULT_MIX,
    mix_contents,
    mix_pages,
    parse_mix,
    random_contents,
    synthetic_accesses,
    synthetic_trace,
)
from zswapsim.trace.synthetic.accesses import AccessKind, parse_accesses
from zswapsim.trace.synthetic.random import popularity
from zswapsim.trace.trace import WRITE, Trace
from zswapsim.units import PAGE_SIZE

SPECS = ["zipf", "zipf:0.6", "scan", "loop", "phases", "phases:7p", "phases:7p:100"]


def made(spec: str, accesses: int = 1000, pages: int = 30, **more: Any) -> npt.NDArray[np.uint32]:
    blocks = list(synthetic_accesses(spec, accesses, pages, **more))
    assert all(block.dtype == np.uint32 for block in blocks)
    return np.concatenate([np.empty(0, np.uint32), *blocks])


def pages_of(spec: str, accesses: int = 1000, pages: int = 30, **more: Any) -> list[int]:
    numbers: list[int] = (made(spec, accesses, pages, **more) & ~np.uint32(WRITE)).tolist()
    return numbers


@pytest.mark.parametrize("spec", SPECS)
def test_accesses_do_not_depend_on_the_length_of_blocks(spec: str) -> None:
    whole = made(spec)
    assert len(whole) == 1000
    for block_accesses in (1, 7, 64, 999, 5000):
        assert (made(spec, block_accesses=block_accesses) == whole).all()


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize(("accesses", "pages"), [(0, 7), (1, 1), (5, 7), (100, 7), (7, 7)])
def test_accesses_are_as_many_as_asked_and_stay_below_the_pages(
    spec: str, accesses: int, pages: int
) -> None:
    numbers = pages_of(spec, accesses, pages=pages) if "7p" not in spec or pages >= 7 else []
    assert all(0 <= page < pages for page in numbers)
    assert len(numbers) in (accesses, 0)


def test_same_seed_same_accesses_other_seed_other_accesses() -> None:
    for spec in ("zipf", "phases"):
        assert (made(spec, seed=1) == made(spec, seed=1)).all()
        assert pages_of(spec, seed=1) != pages_of(spec, seed=2)
    assert (made("loop", seed=1) != made("loop", seed=2)).any(), "the writes are others"


def test_numbers_stay_the_same_in_all_versions() -> None:
    data = b"".join(made(spec, seed=3).astype("<u4").tobytes() for spec in SPECS)
    assert hashlib.sha256(data).hexdigest()[:16] == "00a60c91e328907e"


def test_writes_are_as_many_as_asked() -> None:
    for percent in (0, 25, 100):
        writes = np.count_nonzero(made("zipf", 20_000, write_percent=percent) & np.uint32(WRITE))
        assert writes / 200 == pytest.approx(percent, abs=1.5)


def test_zipf_popularity_follows_the_rank() -> None:
    counts = np.sort(np.bincount(pages_of("zipf:1", 20_000, 100), minlength=100))[::-1]
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.3)
    assert np.ptp(np.bincount(pages_of("zipf:0", 20_000, 100))) < 120


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.5, 10.0])
def test_popularity_is_the_running_sum_of_powers(alpha: float) -> None:
    expected = np.cumsum(np.arange(1, 5001, dtype=np.float64) ** -alpha)
    assert popularity(5000, alpha) == pytest.approx(expected, rel=1e-12)


def test_a_scan_goes_once_through_all_pages_in_runs_as_equal_as_can_be() -> None:
    numbers = pages_of("scan", 1000, 30)
    assert numbers == sorted(numbers)
    runs = np.bincount(numbers, minlength=30)
    assert set(runs.tolist()) == {33, 34}
    assert pages_of("scan", 5, 30) == [0, 1, 2, 3, 4]


def test_a_loop_goes_through_all_pages_over_and_over() -> None:
    assert pages_of("loop", 8, 3) == [0, 1, 2, 0, 1, 2, 0, 1]


def test_a_phase_has_a_set_of_its_own() -> None:
    numbers = pages_of("phases:5p:200", 2000, 1000)
    sets = [set(numbers[start : start + 200]) for start in range(0, 2000, 200)]
    assert {len(pages) for pages in sets} == {5}
    assert len(set.union(*sets)) > 40
    defaults = pages_of("phases", 16_000, 80)
    assert {len(set(defaults[start : start + 1000])) for start in range(0, 16_000, 1000)} == {10}


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("zipf", AccessKind(kind="zipf", alpha=1)),
        ("zipf:0.5", AccessKind(kind="zipf", alpha=0.5)),
        ("scan", AccessKind(kind="scan")),
        ("loop", AccessKind(kind="loop")),
        ("phases", AccessKind(kind="phases")),
        ("phases:1M", AccessKind(kind="phases", set_pages=256)),
        ("phases:9p:50", AccessKind(kind="phases", set_pages=9, length=50)),
    ],
)
def test_spec_is_understood_and_said_again(spec: str, kind: AccessKind) -> None:
    assert parse_accesses(spec) == kind
    assert parse_accesses(str(kind)) == kind


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parse_accesses("zapf"), "no accesses 'zapf'; there are zipf, scan, loop, phases"),
        (lambda: parse_accesses(""), "no accesses ''"),
        (lambda: parse_accesses("zipf:x"), r"'zipf:x': no number; allowed is zipf\[:ALPHA\]"),
        (lambda: parse_accesses("zipf:nan"), "alpha is nan; allowed are 0..10"),
        (lambda: parse_accesses("zipf:11"), "alpha is 11"),
        (lambda: parse_accesses("zipf:1:2"), "say too much"),
        (lambda: parse_accesses("scan:1"), "say too much"),
        (lambda: parse_accesses("phases:x"), "'x' is no size"),
        (lambda: parse_accesses("phases:5p:-1"), "length is -1"),
        (lambda: parse_accesses(f"phases:5p:{1 << 63}"), "length is 9223372036854775808; allowed"),
        (lambda: parse_accesses("phases:5p:x"), "no number"),
        (lambda: AccessKind(kind="walk"), "no accesses 'walk'"),
        (lambda: synthetic_accesses("zipf", -1, 5), "accesses is -1"),
        (lambda: synthetic_accesses("zipf", 1, 0), "pages is 0"),
        (lambda: synthetic_accesses("zipf", 1, 1 + (1 << 31)), "pages is 2147483649"),
        (lambda: synthetic_accesses("zipf", 1, 1, write_percent=101), "write_percent is 101"),
        (lambda: synthetic_accesses("zipf", 1, 1, seed=-1), "seed is -1"),
        (lambda: synthetic_accesses("phases:5p", 1, 4), "a phase has 5 pages; allowed are 1..4"),
        (lambda: parse_mix("text=50"), "text 50.* a sum of 100"),
        (lambda: parse_mix("text=150,zero=-50"), "zero -50.* a sum of 100"),
        (lambda: parse_mix("text=nan"), "text nan.* a sum of 100"),
        (lambda: parse_mix("txt=100"), "'txt' is unknown; allowed are zero, same, text"),
        (lambda: parse_mix("text=50,text=50"), "'text' is named twice"),
        (lambda: parse_mix("text=much"), "'much' is no number"),
        (lambda: parse_mix(""), "'' is unknown"),
        (lambda: mix_pages(-1, parse_mix(DEFAULT_MIX)), "count is -1"),
    ],
)
def test_wrong_argument(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        call()


def test_mix_is_read_with_what_is_not_named_as_nothing() -> None:
    assert parse_mix("text = 60, zero=40") == {
        "zero": 40, "same": 0, "text": 60, "pointers": 0, "random": 0,
    }  # fmt: skip
    assert sum(parse_mix(DEFAULT_MIX).values()) == 100


def test_pages_of_a_mix_are_the_contents_of_these_percents() -> None:
    mix = parse_mix(DEFAULT_MIX)
    assert (mix_contents(40, mix, 5) == random_contents(40, 5)).all()
    assert b"".join(mix_pages(40, mix, 5)) == random_contents(40, 5).tobytes()
    pages = mix_contents(10, parse_mix("zero=30,same=70"), 1)
    assert pages.shape == (10, PAGE_SIZE)
    assert sum(not page.any() for page in pages) == 3


# whole traces


@pytest.mark.parametrize("spec", SPECS)
def test_a_trace_has_the_accesses_and_counts_them(spec: str) -> None:
    trace = synthetic_trace(spec, 1000, 30, seed=4, write_percent=20)
    expected = made(spec, seed=4, write_percent=20)
    for block_accesses in (64, 1000, 5000):
        blocks = list(trace.blocks(block_accesses))
        assert (np.concatenate(blocks) == expected).all()
        assert {len(block) for block in blocks[:-1]} <= {block_accesses}
    assert trace.accesses == 1000
    assert trace.writes == np.count_nonzero(expected & np.uint32(WRITE))
    assert trace.footprint_pages == len(set((expected & ~np.uint32(WRITE)).tolist()))
    assert not trace.has_contents
    assert trace.meta["accesses_from"].startswith(f"made up: {spec.split(':')[0]}")


def test_pages_of_a_trace_hold_the_mix_from_the_start() -> None:
    trace = synthetic_trace("loop", 10, 5000, mix={"zero": 50, "random": 50}, seed=2)
    at, page, content = trace.versions
    assert not at.any()
    assert page.tolist() == list(range(5000))
    assert trace.counts.zero_contents == 1
    assert trace.contents_count == 1 + 2048
    zero = trace.contents_bytes[:].index(bytes(PAGE_SIZE)) // PAGE_SIZE
    assert np.count_nonzero(content == zero) == pytest.approx(2500, abs=100)
    assert "zero 50 %, random 50 %" in trace.meta["contents_from"]


def test_the_same_trace_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        synthetic_trace("phases", 5000, 100, mix=parse_mix(DEFAULT_MIX)).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert Trace.open(tmp_path / "a").accesses == 5000


def test_progress_of_a_trace_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    synthetic_trace("loop", 5, 2, progress=lambda *step: told.append(step))
    assert told == [("make", 5, 5)]
