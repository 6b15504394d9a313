# SPDX-License-Identifier: GPL-2.0-only
"""A comparison as people read it: the answer, each number in its place, in any width."""

import copy
import io
from typing import Any

import pytest
from rich.console import Console

from zswapsim.experiment.comparison import DEFAULT_CONFIGS, compare, parse_configs
from zswapsim.report.compare import answer, comparison_lines, duration, print_comparison
from zswapsim.report.sensitivity import sensitivity_lines
from zswapsim.trace.synthetic import random_contents, zipf

SHARED = {"memory": "40%", "kernel": "6.12", "compressor": "lz4", "engine": "interpreted"}
TIMES = "\N{MULTIPLICATION SIGN}"
WIDTHS = [40, 45, 60, 80, 100, 200]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    trace = zipf(6000, 200, 0.8, contents=random_contents(200))
    return compare(trace, parse_configs(DEFAULT_CONFIGS, SHARED), with_sensitivity=True)


@pytest.fixture(scope="module")
def many() -> dict[str, Any]:
    trace = zipf(3000, 200, 0.8, contents=random_contents(200))
    texts = [f"zswap,compressor=lz4,max_pool_percent={percent}" for percent in (5, 10, 20, 30, 40)]
    texts += ["with read-ahead: none,page_cluster=3", "zram,zram_writeback=idle:500"]
    return compare(trace, parse_configs(texts, SHARED), with_sensitivity=True)


def changed(told: dict[str, Any], **stalls: tuple[float, int, int]) -> dict[str, Any]:
    """With other stalls, device writes and faults over the limit, by name; the first is best."""
    told = copy.deepcopy(told)
    for one in told["results"]:
        seconds, writes, over = stalls[one["name"].partition(" ")[0]]
        one["cost"] |= {"stall_seconds": seconds, "device_writes": writes}
        one["result"]["memory"]["over_limit"] = over
    told["best"] = next(
        one["name"] for one in told["results"] if one["name"].startswith(next(iter(stalls)))
    )
    return told


def test_the_answer_says_who_waits_least_and_what_it_writes(told: dict[str, Any]) -> None:
    said = answer(changed(told, zswap=(0.8, 1200, 0), zram=(1.4, 0, 0), plain=(9.71, 4301, 0)))
    assert said == (
        "zswap waits least: 800.0 ms, against 1.40 s of zram and 9.71 s of plain swap; it writes "
        "1,200 pages to the device, zram none and plain swap 4,301."
    )


def test_the_answer_says_what_does_not_fit_and_what_is_near(told: dict[str, Any]) -> None:
    said = answer(changed(told, zswap=(2.0, 1, 0), zram=(0.1, 0, 7), plain=(2.05, 0, 0)))
    assert "against 100.0 ms of zram and 2.05 s of plain swap (plain swap hardly more)" in said
    assert "it writes 1 page to the device" in said
    assert said.endswith(" zram does not fit into this memory.")
    said = answer(changed(told, zswap=(2.0, 0, 3), zram=(3, 0, 7), plain=(4, 0, 9)))
    assert "it writes nothing to the device" in said
    assert said.endswith(" Memory was too small for all of them.")


def test_nothing_swapped_is_an_answer(told: dict[str, Any]) -> None:
    said = answer(changed(told, zswap=(0, 0, 0), zram=(0, 0, 0), plain=(0, 0, 0)))
    assert said.startswith("Nothing was ever looked for in swap")


def test_of_many_the_answer_names_some(many: dict[str, Any]) -> None:
    said = answer(many)
    assert "of 3 others" in said
    assert said.count("max_pool_percent") <= 2 * 4


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_longer_than_the_columns_there_are(
    told: dict[str, Any], many: dict[str, Any], width: int
) -> None:
    for one in (told, many):
        for ascii_only in (False, True):
            lines = comparison_lines(one, width, ascii_only=ascii_only)
            assert max(map(len, lines)) <= width
            assert not ascii_only or "\n".join(lines).isascii()


def test_each_number_is_in_its_place(told: dict[str, Any]) -> None:
    lines = comparison_lines(told, 100)
    for at, one in enumerate(told["results"]):
        cells = {
            label: [part for part in line.removeprefix(f" {label}").split("  ") if part.strip()]
            for label in (
                "pages read from the device",
                "pages written to it",
                "faults (pgmajfault)",
                "memory saved, on average",
                "the program waits (stall)",
                "the CPU is busy",
            )
            for line in lines
            if line.startswith(f" {label} ")
        }
        numbers = {label: parts[at].strip() for label, parts in cells.items()}
        cost, vmstat = one["cost"], one["result"]["vmstat"]
        assert numbers["pages read from the device"] == f"{cost['device_reads']:,}"
        assert numbers["pages written to it"] == f"{cost['device_writes']:,}"
        assert numbers["faults (pgmajfault)"] == f"{vmstat['pgmajfault']:,}"
        assert numbers["the program waits (stall)"] == f"{cost['stall_seconds'] * 1e3:,.1f}"
        assert numbers["the CPU is busy"] == f"{cost['cpu_seconds'] * 1e3:,.1f}"
        saved = "-" if one["name"] == "plain swap" else f"{cost['saved_pages'] * 4:.1f} KiB"
        assert numbers["memory saved, on average"] == saved


def test_what_does_not_fit_side_by_side_is_told_one_after_the_other(many: dict[str, Any]) -> None:
    wide, narrow = comparison_lines(many, 300), comparison_lines(many, 80)
    assert sum("the program waits (stall)" in line for line in wide) == 1
    assert sum("the program waits (stall)" in line for line in narrow) == len(many["results"])


def test_memory_is_said_once_or_of_each(told: dict[str, Any], many: dict[str, Any]) -> None:
    text = "\n".join(comparison_lines(told, 200))
    assert text.count("memory of 80 pages") == 1
    other = copy.deepcopy(told)
    other["results"][0]["result"]["memory"]["limit_pages"] = 70
    text = "\n".join(comparison_lines(other, 200))
    assert (text.count("memory of 80 pages"), text.count("memory of 70 pages")) == (2, 1)
    text = "\n".join(comparison_lines(many, 200))
    assert "with read-ahead: Linux 6.12, read-ahead of up to 8 pages" in text
    assert "without a limit, writeback idle:500" in text


def test_warnings_are_those_of_a_replay(told: dict[str, Any]) -> None:
    other = copy.deepcopy(told)
    other["results"][2]["result"]["memory"] |= {"write_errors": 12, "over_limit": 3, "swap_full": 0}
    other["results"][0]["result"]["memory"]["swap_full"] = 5
    text = "\n".join(comparison_lines(other, 200))
    assert " plain swap: SWAP FULL: 5 times" in text
    assert " zram: ZRAM FULL: 12 times" in text
    assert " zram: OVER THE LIMIT at 3 faults" in text


def test_what_the_times_rest_on_is_beside_them(told: dict[str, Any]) -> None:
    other = copy.deepcopy(told) | {"sensitivity": None}
    other["costs"]["reclaim_stall_percent"] = 40
    text = "\n".join(comparison_lines(other, 200))
    assert (
        " device nvme: 80 µs for a page that is waited for, 5 µs for each of many written" in text
    )
    assert " lz4: 7.4 µs to compress a page, 2.1 µs to decompress it (preset)" in text
    assert "the program waits for 40 % of reclaim" in text
    assert "--sensitivity tells how the answer changes" in text
    assert "--sensitivity" not in "\n".join(comparison_lines(told, 200))


def test_a_name_of_others_does_not_steer_the_terminal(told: dict[str, Any]) -> None:
    other = copy.deepcopy(told)
    other["results"][1]["name"] = other["best"] = "\x1b[2Jevil"
    for knob in other["sensitivity"]:
        for row in knob["rows"]:
            row["stall_seconds"] = {"\x1b[2Jevil": 0.5, "b": 1.0}
            row["ranking"] = ["\x1b[2Jevil", "b"]
        knob["flips"] = []
    out = io.StringIO()
    print_comparison(other, Console(file=out, width=100, highlight=False))
    assert "\x1b" not in out.getvalue()
    assert r"\x1b[2Jevil waits least" in out.getvalue()


def knob(flips: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [
        {"setting": setting, "stall_seconds": {"a": 1.0, "b": 2.0}, "ranking": ["a", "b"]}
        for setting in (0.25, 1, 4)
    ]
    return {"knob": "CPU", "unit": "times", "now": 1, "unfit": [], "rows": rows, "flips": flips}


def flip(at: float, before: str, after: str) -> dict[str, Any]:
    return {
        "at": at,
        "before": list(before),
        "after": list(after),
        "best": before[0] != after[0],
    }


@pytest.mark.parametrize(
    ("flips", "said"),
    [
        ([], "least with a throughout"),
        (
            [flip(1.5, "abc", "acb")],
            f"least with a throughout; behind it, places change at {TIMES}1.5",
        ),
        ([flip(2, "ab", "ba")], f"least with a up to {TIMES}2, then b"),
        (
            [flip(0.5, "abc", "bac"), flip(1, "bac", "bca"), flip(3, "bca", "cba")],
            f"least with a up to {TIMES}0.5, b up to {TIMES}3, then c; behind it, places change "
            f"at {TIMES}1",
        ),
    ],
)
def test_where_the_answer_turns_over_is_a_sentence(flips: list[dict[str, Any]], said: str) -> None:
    lines = sensitivity_lines([knob(flips)], 100)
    assert lines[-1] == f" CPU {TIMES}0.25 to {TIMES}4: {said}"
    assert f" CPU {TIMES}1     1.000 *  2.000" in lines


def test_what_does_not_fit_is_not_marked_as_least() -> None:
    lines = sensitivity_lines([knob([]) | {"unfit": ["c"]}], 100)
    assert "(*: least of those that fit into memory)" in lines[0]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.0319, "31.9 ms"), (2.736, "2.74 s"), (99.99, "99.99 s"), (12345, "12,345 s")],
)
def test_durations_read_well(seconds: float, said: str) -> None:
    assert duration(seconds) == said
