# SPDX-License-Identifier: GPL-2.0-only
"""Assertions about results: what parses, what holds, and what is said of what does not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import ReplayConfig, replay
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.assertions import (
    OPERATORS,
    RESULT_NAMES,
    SAME,
    failures,
    names_of_rows,
    parse_assertion,
)
from zswapsim.experiment.ratio.result import ROW_NUMBERS
from zswapsim.trace.synthetic import random_contents, zipf

FACTS: dict[str, Any] = {
    "zswap": {"written_back_pages": 868, "pool_total_size": 942080, "reject_alloc_fail": 0},
    "zram": {},
    "vmstat": {"zswpin": 570, "pswpin": 303, "pgmajfault": 873, "pswpout": 0},
    "memory": {"pgmajfault": 873, "peak_pool_pages": 230},
    "compression": {"ratio": 2.13, "mean_length_bytes": None},
    "bytes": {"carried": True, "checked_pages": 1741},
    "seconds": {"total": 0.25, "machine": 0.1},
}


@pytest.mark.parametrize("frontend", ["zswap", "zram", "none"])
def test_the_names_are_the_numbers_of_a_result(frontend: str) -> None:
    trace = zipf(500, 50, seed=3, contents=random_contents(50, seed=4))
    told = replay(trace, ReplayConfig(frontend=frontend)).to_dict()
    numbers = {
        section: {
            name
            for name, value in told[section].items()
            if not isinstance(value, bool | str | list)  # the mean of nothing is None
        }
        for section in RESULT_NAMES
    }
    declared = {section: set(names) for section, names in RESULT_NAMES.items()}
    if frontend != "zram":
        assert numbers.pop("zram") == set()
        declared.pop("zram")
    assert numbers == declared
    sections = {name for name, value in told.items() if isinstance(value, dict)}
    assert sections - set(RESULT_NAMES) == {"config", "trace", "series", "pictures"} & sections


def test_a_name_in_two_sections_needs_none_where_both_are_the_same() -> None:
    names = [name for section in RESULT_NAMES.values() for name in section]
    twice = {name for name in names if names.count(name) > 1}
    assert twice == set(SAME)
    trace = zipf(500, 50, seed=3, contents=random_contents(50, seed=4))
    told = replay(trace, ReplayConfig(memory="40%")).to_dict()
    assert all(told["vmstat"][name] == told["memory"][name] > 0 for name in SAME)


@pytest.mark.parametrize(
    "text",
    [
        "written_back_pages<1000",
        "written_back_pages == 868",
        "868==written_back_pages",
        " zswap.written_back_pages >= 868 ",
        "vmstat.pswpin != 0",
        "pswpin < 1e3",
        "pswpin<1_000",
        "pswpin>-1",
        "zswpin/pgmajfault>=0.6",
        "zswpin / pgmajfault > 65%",
        "zswpin/2 < 286",
        "zswpin > pswpin",
        "pswpin/pgmajfault < zswpin/pgmajfault",
        "pool_total_size==920K",
        "pool_total_size<0.9M",
        "pool_total_size <= 1MiB",
        "peak_pool_pages==920K",
        "total<=250ms",
        "seconds.total < 0.01 min",
        "total>249000us",
        "ratio==2.13",
        "checked_pages>0",
        "memory.pgmajfault==vmstat.pgmajfault",
    ],
)
def test_what_is_so_holds(text: str) -> None:
    assertion = parse_assertion(text)
    assert assertion.failure(FACTS) is None
    assert str(assertion) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("written_back_pages<10", "written_back_pages<10: written_back_pages is 868"),
        ("pgmajfault>1000", "pgmajfault>1000: pgmajfault is 873"),
        ("zswpin/pgmajfault>=99%", "zswpin/pgmajfault is 0.652921, 570 of 873"),
        ("zswpin<pswpin", "zswpin is 570; pswpin is 303"),
        ("pool_total_size<64K", "pool_total_size is 942,080"),
        ("ratio>3", "ratio is 2.13"),
        ("zswpin/pswpout>1", "pswpout is 0"),
        ("mean_length_bytes<2000", "there is no mean_length_bytes"),
        ("mem_used_max<1G", "there is no mem_used_max"),
    ],
)
def test_what_is_not_so_is_told_with_what_is(text: str, said: str) -> None:
    told = parse_assertion(text).failure(FACTS)
    assert told is not None
    assert told.startswith(f"{text}: ")
    assert told.endswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("writen_back_pages<1", "no counter 'writen_back_pages'; did you mean written_back_pages?"),
        ("zswap.pswpin<1", "no counter 'zswap.pswpin'; did you mean vmstat.pswpin?"),
        ("x.y.z<1", "no counter 'x.y.z'"),
        ("pswpin", "allowed is one comparison"),
        ("", "allowed is one comparison"),
        ("1<pswpin<2", "allowed is one comparison"),
        ("pswpin=<1", "allowed is one comparison"),
        ("pswpin=1", "equal is written =="),
        ("pswpin<", "allowed on a side is"),
        ("pswpin/zswpin/2<1", "allowed on a side is"),
        ("/pswpin<1", "allowed on a side is"),
        ("1<2", "has no name of a counter"),
        ("pswpin<a b", "neither the name of a counter nor a number"),
        ("pswpin<1.2.3", "neither the name of a counter nor a number"),
        ("pswpin<nan", "no counter 'nan'"),
        ("pswpin<inf", "no counter 'inf'"),
        ("pswpin<1_", "neither the name of a counter nor a number"),
        ("pswpin<0x10", "neither the name of a counter nor a number"),
        ("pswpin<1e9999", "1e9999 is too large"),
        ("pswpin<" + "9" * 190, "is too large"),
        ("pswpin<10%", "% does not fit"),
        ("pswpin<64M", "M does not fit"),
        ("pool_total_size<2s", "s does not fit"),
        ("pool_total_size/pool_pages<64M", "M does not fit"),
        ("pswpin<os.system('x')", "neither the name of a counter nor a number"),
        ("pswpin<" + "1" * 300, "longer than 200 characters"),
    ],
)
def test_what_is_no_assertion_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        parse_assertion(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_name_that_is_ambiguous_has_to_say_where() -> None:
    names = {"a": ("x", "y"), "b": ("y",)}
    with pytest.raises(InvalidArgument, match=r"'y' may be a\.y or b\.y; say which"):
        parse_assertion("y<1", names)
    assert parse_assertion("b.y<1", names).failure({"a": {"y": 5}, "b": {"y": 0}}) is None
    assert parse_assertion("a.y<1", names).failure({"a": {"y": 5}, "b": {"y": 0}}) is not None


@given(
    operator=st.sampled_from(sorted(OPERATORS)),
    value=st.integers(0, 10**12),
    bound=st.one_of(st.integers(0, 10**12), st.floats(0, 1e12, allow_nan=False)),
    mirrored=st.booleans(),
)
def test_an_operator_is_what_python_has(
    operator: str, value: int, bound: float, mirrored: bool
) -> None:
    sides = (repr(bound), "pswpin") if mirrored else ("pswpin", repr(bound))
    assertion = parse_assertion(f"{sides[0]} {operator} {sides[1]}")
    left, right = (bound, value) if mirrored else (value, bound)
    holds = assertion.failure({"vmstat": {"pswpin": value}}) is None
    assert holds == OPERATORS[operator](left, right)


@given(st.one_of(st.text(max_size=40), st.text("pswinzg_.<>=!/0123456789eE%KMs +-", max_size=25)))
def test_any_text_is_an_assertion_or_one_error(text: str) -> None:
    try:
        assertion = parse_assertion(text)
    except InvalidArgument as error:
        assert str(error).isprintable()
    else:
        assert assertion.names


def test_rows_are_labelled_and_all_are_told() -> None:
    names = {"": ROW_NUMBERS}
    assertions = [parse_assertion("ratio>2", names), parse_assertion("stored<=10", names)]
    rows = [("a", {"ratio": 1, "stored": 11}), ("", {"ratio": 3, "stored": 12})]
    assert failures(assertions, rows) == [
        "a: ratio>2: ratio is 1",
        "a: stored<=10: stored is 11",
        "stored<=10: stored is 12",
    ]
    assert failures([], rows) == []


def test_a_flat_row_has_the_sections_of_a_result_too() -> None:
    names = names_of_rows(["trace", "pswpin", "stall_seconds"])
    assert names[""] == ["trace", "stall_seconds"]
    row = {"pswpin": 3, "stall_seconds": 0.5}
    assert parse_assertion("vmstat.pswpin==3", names).failure(row) is None
    assert parse_assertion("stall_seconds<=500ms", names).failure(row) is None
    with pytest.raises(InvalidArgument):
        parse_assertion("zswpin==3", names)
