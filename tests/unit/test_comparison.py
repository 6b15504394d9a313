# SPDX-License-Identifier: GPL-2.0-only
"""Configurations as people write them, side by side; where an answer turns over."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.comparison import (
    DEFAULT_CONFIGS,
    Named,
    compare,
    flat_rows,
    parse_config,
    parse_configs,
    ranking,
)
from zswapsim.experiment.costs import DEVICES, Costs, CpuCosts, cost_of
from zswapsim.experiment.sensitivity import KNOBS, sensitivity
from zswapsim.trace.synthetic import random_contents, zipf

SHARED = {"memory": "40%", "kernel": "6.12", "compressor": "zstd", "engine": "interpreted"}


@pytest.fixture(scope="module")
def trace() -> Trace:
    return zipf(8000, 300, 0.8, seed=3, contents=random_contents(300, seed=4))


@pytest.fixture(scope="module")
def told(trace: Trace) -> dict[str, Any]:
    return compare(trace, parse_configs(DEFAULT_CONFIGS, SHARED), with_sensitivity=True)


def test_a_configuration_has_a_name_a_frontend_and_settings_of_the_kernel() -> None:
    text = "small: zswap, compressor=zstd:5 ,zpool=zbud,max-pool-percent=10,shrinker_enabled=on"
    assert parse_config(text, {"kernel": "6.12", "compressor": "lz4"}) == Named(
        "small",
        ReplayConfig(
            frontend="zswap",
            compressor="zstd:5",
            zpool="zbud",
            max_pool_percent=10,
            shrinker_enabled=True,
            kernel="6.12",
        ),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zram", "zram"),
        ("none", "plain swap"),
        (" my zram : zram", "my zram"),
        ("zram, 2 = two: zram,zram_limit=2p", "zram, 2 = two"),
        ("zswap,compressor=zstd:5", "zswap,compressor=zstd:5"),
        ("zram,zram_writeback=idle:1000", "zram,zram_writeback=idle:1000"),
    ],
)
def test_without_a_name_the_text_is_the_name(text: str, name: str) -> None:
    assert parse_config(text).name == name


def test_own_settings_come_before_shared_ones_and_zram_reads_nothing_ahead() -> None:
    shared = {"memory": "30%", "page_cluster": 3, "swap_size": None}
    assert parse_config("zswap,memory=64p", shared).config.memory == "64p"
    assert parse_config("zswap", shared).config.page_cluster == 3
    assert parse_config("zram", shared).config == ReplayConfig(frontend="zram", memory="30%")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the name is empty"),
        ("a:", "no frontend ''"),
        ("zswp", "no frontend 'zswp'; there are zswap, zram, none"),
        (": zram", "the name is empty"),
        ("zswap,", "'' is no setting"),
        ("zswap,zbud", "'zbud' is no setting; allowed is SETTING=VALUE"),
        ("zswap,zpool=", "'zpool=' is no setting"),
        ("zswap,pool=zbud", "no setting 'pool'; there are memory, compressor"),
        ("zswap,frontend=zram", "no setting 'frontend'"),
        ("zswap,swap_file=x", "no setting 'swap_file'"),
        ("zswap,memory=1,memory=2", "memory is set twice"),
        ("zswap,max_pool_percent=ten", "max_pool_percent 'ten': allowed is a whole number"),
        ("zswap,max_pool_percent=" + "9" * 99, "allowed is a whole number"),
        ("zswap,max_pool_percent=99999", "allowed is 0 to 10000"),
        ("zswap,shrinker_enabled=2", "shrinker_enabled '2': allowed are on and off"),
        ("zswap,kernel=6.1,shrinker_enabled=on", "kernel 6.1 has no shrinker"),
        ("zram,zpool=zbud", "zram has zsmalloc"),
        ("zswap,compressor=gzip", "no compressor 'gzip'"),
    ],
)
def test_a_wrong_configuration_is_named_in_one_line(text: str, problem: str) -> None:
    with pytest.raises((InvalidArgument, NoEntry)) as error:
        parse_config(text)
    assert problem in str(error.value)
    assert repr(text) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["zram"], "1 configurations; allowed are 2 to"),
        (["zram"] * 25, "25 configurations; allowed are 2 to 24"),
        (["a: zram", "a: zswap"], "two configurations are called 'a'"),
    ],
)
def test_a_comparison_is_of_several_with_different_names(texts: list[str], problem: str) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        parse_configs(texts)


def test_results_are_those_of_replays(trace: Trace, told: dict[str, Any]) -> None:
    assert [one["name"] for one in told["results"]] == ["plain swap", "zswap", "zram"]
    for one, text in zip(told["results"], DEFAULT_CONFIGS, strict=True):
        alone = replay(trace, parse_config(text, {**SHARED, "carry_bytes": False}).config).to_dict()
        for section in ("zswap", "zram", "vmstat", "memory", "compression"):
            assert one["result"][section] == alone[section]
        assert one["cost"] == cost_of(alone, Costs())
    assert told["best"] == ranking(told["results"])[0]
    assert told["costs"]["device"]["name"] == "nvme"
    assert list(told["costs"]["cpu"]) == ["zstd"]


def test_each_compressor_has_its_own_costs(trace: Trace) -> None:
    configs = parse_configs(["zswap,compressor=lz4", "zswap,compressor=zstd:11"], SHARED)
    given = Costs(cpu={"lz4": CpuCosts(1, 1, "given")})
    told = compare(trace, configs, given, measure=True)
    assert told["costs"]["cpu"]["lz4"]["origin"] == "given"
    assert told["costs"]["cpu"]["zstd:11"]["origin"].startswith("measured here")


def test_too_little_memory_is_said_before_any_work(trace: Trace) -> None:
    configs = parse_configs(["none", "zram,memory=1p"], SHARED)
    with pytest.raises(InvalidArgument, match="allowed is 2 or more"):
        compare(trace, configs, progress=lambda *_: pytest.fail("it worked"))


def test_what_does_not_fit_into_memory_is_never_best() -> None:
    results = [
        {
            "name": name,
            "result": {"memory": {"over_limit": over}},
            "cost": {"stall_seconds": seconds, "device_writes": writes},
        }
        for name, over, seconds, writes in [
            ("over", 7, 0.1, 0),
            ("writes more", 0, 0.5, 9),
            ("slow", 0, 0.9, 0),
            ("writes less", 0, 0.5, 3),
        ]
    ]
    assert ranking(results) == ["writes less", "writes more", "slow", "over"]


def test_rows_have_all_columns(told: dict[str, Any]) -> None:
    rows = flat_rows(told)
    assert len({tuple(row) for row in rows}) == 1
    plain, zswap, zram = rows
    assert (plain["bd_reads"], zram["bd_reads"]) == (None, 0)
    assert zswap["stall_seconds"] == told["results"][1]["cost"]["stall_seconds"]
    assert zswap["compressor"] == "zstd"
    assert zswap["stored_pages"] == told["results"][1]["result"]["zswap"]["stored_pages"]
    assert not any(isinstance(value, dict | list) for row in rows for value in row.values())


# How the answer turns over


def made_up(seed: int, device: str = "nvme") -> list[dict[str, Any]]:
    """Results whose counters are drawn; every other one is over its limit in one of four draws."""
    random = Random(seed)
    costs = Costs(device=DEVICES[device])
    results = []
    for number in range(random.randint(2, 5)):
        draw = [random.choice([0, random.randrange(10_000)]) for _ in range(9)]
        told = {
            "config": {"frontend": random.choice(["zswap", "zram", "none"]), "compressor": "lz4"},
            "vmstat": {"pgmajfault": draw[0], "pswpin": draw[1], "pswpout": draw[2]},
            "zram": {"bd_reads": draw[3], "bd_writes": draw[4]},
            "memory": {
                "swap_ra_hit": 0,
                "swap_ra_reads": draw[1] // 2,
                "mean_saved_pages": 0,
                "peak_saved_pages": 0,
                "over_limit": random.choice([0, 0, 0, 1]),
            },
            "compression": {
                "compressions": draw[5],
                "decompressions": draw[6] + draw[7],
                "writeback_decompressions": draw[7],
            },
        }
        results.append({"name": f"config {number}", "result": told, "cost": cost_of(told, costs)})
    return results


def naive(results: list[dict[str, Any]], costs: Costs) -> list[tuple[bool, float]]:
    """Whether it does not fit, and the stall, of each result."""
    return [
        (
            one["result"]["memory"]["over_limit"] > 0,
            cost_of(one["result"], costs)["stall_seconds"],
        )
        for one in results
    ]


@given(seed=st.integers(0, 1 << 32), device=st.sampled_from(sorted(DEVICES)))
def test_each_knob_tells_the_stalls_and_the_rankings_that_replays_have(
    seed: int, device: str
) -> None:
    results = made_up(seed, device)
    costs = Costs(device=DEVICES[device])
    for knob, turned in zip(KNOBS, sensitivity(results, costs), strict=True):
        assert [row["setting"] for row in turned["rows"]] == list(knob.settings)
        for row in turned["rows"]:
            values = naive(results, knob.turned(costs, row["setting"]))
            stalls = [row["stall_seconds"][one["name"]] for one in results]
            assert stalls == pytest.approx([seconds for _, seconds in values])
            ranks = [values[int(name.removeprefix("config "))] for name in row["ranking"]]
            for (late, seconds), (later, more) in pairwise(ranks):
                assert (late, seconds) <= (later, more) or seconds == pytest.approx(more)
        there = [seconds for _, seconds in naive(results, knob.turned(costs, turned["now"]))]
        assert there == pytest.approx([one["cost"]["stall_seconds"] for one in results])


@given(seed=st.integers(0, 1 << 32))
def test_between_two_flips_the_ranking_is_the_same_and_at_them_it_is_not(seed: int) -> None:
    results = made_up(seed)
    for knob, turned in zip(KNOBS, sensitivity(results, Costs()), strict=True):
        low, high = knob.settings[0], knob.settings[-1]
        edges = [low, *(flip["at"] for flip in turned["flips"]), high]
        assert edges == sorted(edges)
        for flip in turned["flips"]:
            assert flip["before"] != flip["after"]
            assert flip["best"] == (flip["before"][0] != flip["after"][0])
            values = naive(results, knob.turned(Costs(), flip["at"]))
            moved = [
                int(name.removeprefix("config "))
                for name, other in zip(flip["before"], flip["after"], strict=True)
                if name != other
            ]
            # Those that change places wait equally long there, with one of the others at least.
            for number in moved:
                same = [s for _, s in values if s == pytest.approx(values[number][1], abs=1e-9)]
                assert len(same) > 1
        for (left, right), told in zip(
            pairwise(edges),
            [*(flip["before"] for flip in turned["flips"]), None],
            strict=True,
        ):
            ranks = {
                tuple(number for number, _ in sorted(enumerate(values), key=lambda v: v[1]))
                for part in (0.2, 0.4, 0.6, 0.8)
                for values in [naive(results, knob.turned(Costs(), left + part * (right - left)))]
                if len({round(seconds, 9) for _, seconds in values}) == len(values)
            }
            assert len(ranks) <= 1
            if told is not None and ranks:
                assert [f"config {number}" for number in ranks.pop()] == told
