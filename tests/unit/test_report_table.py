# SPDX-License-Identifier: GPL-2.0-only
"""The table: every number in its line, and nothing divided by zero."""

import copy
import io
from typing import Any

import pytest
from rich.console import Console

from zswapsim import ReplayConfig, replay
from zswapsim.report.table import print_result
from zswapsim.trace.synthetic import random_contents, zipf


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    trace = zipf(6000, 200, 0.8, contents=random_contents(200))
    return replay(trace, ReplayConfig(memory="40%", engine="interpreted")).to_dict()


def printed(result: dict[str, Any], width: int = 100, *, terminal: bool = False) -> str:
    out = io.StringIO()
    print_result(result, Console(file=out, width=width, highlight=False, force_terminal=terminal))
    return out.getvalue()


def line(text: str, start: str) -> str:
    found = [line.strip() for line in text.splitlines() if line.strip().startswith(start)]
    assert len(found) == 1, (start, text)
    return found[0].removeprefix(start).strip()


def changed(result: dict[str, Any], **sections: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(result)
    for section, values in sections.items():
        result[section].update(values)
    return result


def test_each_counter_is_in_its_line(result: dict[str, Any]) -> None:
    vmstat = {"zswpin": 30, "zswpout": 2222, "pswpin": 10, "pswpout": 1510, "pgmajfault": 40}
    zswap = {
        "stored_pages": 60,
        "same_filled_pages": 20,
        "pool_total_size": 25 * 4096,
        "pool_limit_hit": 777,
        "written_back_pages": 1000,
        "reject_reclaim_fail": 5,
        "reject_compress_poor": 300,
        "reject_alloc_fail": 0,
    }
    compression = {"compress_errors": 150, "hysteresis_rejects": 50, "ratio": 2.5}
    text = printed(changed(result, vmstat=vmstat, zswap=zswap, compression=compression), 200)
    assert line(text, "accesses that found the page swapped out").split() == ["40", "pgmajfault"]
    assert line(text, "served by zswap") == "30  zswpin, 75.0 %"
    assert line(text, "read from the swap file") == "10  pswpin, 25.0 %"
    assert line(text, "pages stored").split() == ["2,222", "zswpout"]
    assert line(text, "pages refused, to the swap file").startswith(
        "510  10 found no room, 300 too large"
    )
    assert "150 incompressible" in text
    assert "50 waiting for the accept threshold" in text
    assert line(text, "pool found full").split() == ["777", "pool_limit_hit"]
    assert line(text, "pages written back to make room").split()[0] == "1,000"
    assert line(text, "failed attempts to make room").split()[0] == "5"
    assert line(text, "stored at the end") == "60  1.60 to a pool page"
    assert line(text, "of these same-filled").split()[0] == "20"
    assert line(text, "pool at the end").startswith("100.0 KiB")
    assert line(text, "reads from the swap file").split() == [
        "10",
        "of",
        "40",
        "that",
        "came",
        "in",
    ]
    assert line(text, "writes to the swap file").split() == [
        "1,510",
        "of",
        "2,732",
        "that",
        "went",
        "out",
    ]
    assert line(text, "gain at the end").startswith("140.0 KiB")


def test_read_ahead_has_a_line_where_it_is_on(result: dict[str, Any]) -> None:
    assert "read ahead" not in printed(result)
    values = {
        "vmstat": {"pgmajfault": 100, "zswpin": 240, "pswpin": 60},
        "memory": {"swap_ra": 200, "swap_ra_hit": 150},
    }
    text = printed(changed(result, config={"page_cluster": 3}, **values), 200)
    assert line(text, "and pages read ahead") == (
        "200  swap_ra; 150 of these used, swap_ra_hit, 75.0 %"
    )
    assert line(text, "served by zswap") == "240  zswpin, 80.0 %"
    assert line(text, "read from the swap file") == "60  pswpin, 20.0 %"
    assert line(text, "reads from the swap file").split() == [
        "60",
        "of",
        "300",
        "that",
        "came",
        "in",
    ]
    none = {"swap_ra": 0, "swap_ra_hit": 0}
    text = printed(changed(result, config={"page_cluster": 3}, memory=none))
    assert line(text, "and pages read ahead").startswith("0  swap_ra; 0 of these used")


def test_a_result_from_before_read_ahead_prints(result: dict[str, Any]) -> None:
    old = copy.deepcopy(result)
    del old["config"]["page_cluster"], old["memory"]["swap_ra"], old["memory"]["swap_ra_hit"]
    assert printed(old) == printed(result)


def test_a_run_in_which_nothing_happened_prints(result: dict[str, Any]) -> None:
    none = {
        section: dict.fromkeys(result[section], 0)
        for section in ("zswap", "vmstat", "compression", "seconds")
    }
    none["compression"] |= {"ratio": None, "mean_length_bytes": None}
    text = printed(changed(result, **none))
    assert line(text, "served by zswap").split() == ["0", "zswpin"]
    assert "to a pool page" not in text
    assert "nan" not in text
    assert "None" not in text


def test_swap_full_and_a_stop_are_said_above_the_numbers(result: dict[str, Any]) -> None:
    assert "SWAP FULL" not in printed(result)
    assert "stopped" not in printed(result)
    full = changed(result, memory={"swap_full": 1234, "over_limit": 99})
    text = printed(full)
    assert text.index("SWAP FULL: 1,234 times") < text.index("What happened")
    full["complete"] = False
    full["trace"]["accesses_replayed"] = 4321
    text = printed(full)
    assert text.index("stopped after 4,321 of 6,000 accesses") < text.index("What happened")


def test_without_bytes_it_says_so(result: dict[str, Any]) -> None:
    assert "all equal to what was stored" in " ".join(printed(result).split())
    text = printed(changed(result, bytes={"carried": False, "checked_pages": 0}))
    assert "no bytes carried" in text
    assert "all equal" not in text


def test_colour_is_for_terminals_only(result: dict[str, Any]) -> None:
    assert "\x1b[" not in printed(result)
    assert "\x1b[" in printed(result, terminal=True)


def test_markup_in_a_name_is_text(result: dict[str, Any]) -> None:
    text = printed(changed(result, trace={"name": "[red]cc1[/red]", "program": "[b]x"}))
    assert "[red]cc1[/red] ([b]x)" in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_nothing_is_cut_off_in_a_narrow_terminal(result: dict[str, Any], width: int) -> None:
    values = {"pool_limit_hit": 123_456_789, "written_back_pages": 987_654_321}
    text = printed(changed(result, zswap=values), width)
    for value in values.values():
        assert f"{value:,}" in text
    assert "…" not in text


def test_where_accesses_and_contents_come_from_is_said(result: dict[str, Any]) -> None:
    assert "accesses:" not in printed(result)
    text = printed(
        changed(
            result, trace={"accesses_from": "a.log, read as lackey", "contents_from": "made up"}
        )
    )
    assert line(text, "accesses:") == "a.log, read as lackey"
    assert line(text, "contents:") == "made up"


def test_memory_below_what_a_recording_is_exact_for_is_said(result: dict[str, Any]) -> None:
    recorded = {"recorder_resident_pages": 64}
    enough = {"limit_pages": 80, "peak_pool_pages": 16}
    assert "below what was" not in printed(changed(result, trace=recorded, memory=enough))
    less = {"limit_pages": 80, "peak_pool_pages": 17}
    text = printed(changed(result, trace=recorded, memory=less), width=200)
    assert line(text, "below what was recorded:").endswith(
        "with 64 pages resident or more, here down to 63 were"
    )
    assert "faults and contents are the program's" in text
    recorded["contents_from"] = "elsewhere"
    text = printed(changed(result, trace=recorded, memory=less), width=200)
    assert "below what was recorded: faults are the program's" in text
