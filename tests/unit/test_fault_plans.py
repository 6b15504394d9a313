# SPDX-License-Identifier: GPL-2.0-only
"""Fault plans: what a text means, and when a plan strikes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import ReplayConfig
from zswapsim.conformance.strict import strict_zeros
from zswapsim.errors import InvalidArgument, NoEntry, ZswapSimError
from zswapsim.experiment.faults import KINDS, faults_of, parse_fault, slowness, told
from zswapsim.machine import faults as f
from zswapsim.machine.swap_slots import (
    BAD,
    BAD_NR,
    FREE,
    check_swap_slots,
    get_swap_page,
    make_swap_slots,
)


def strikes(text: str, times: int, slot: int = 1, key: int | None = None) -> list[bool]:
    """Ask one plan so many times, about things numbered upwards unless there is one key."""
    faults = faults_of([text], 100, strict_zeros)
    (kind,) = (number for number in range(f.KINDS) if faults.plans_of[number])
    return [f.should_fail(faults, kind, slot, at if key is None else key) for at in range(times)]


@given(
    space=st.integers(0, 9),
    interval=st.integers(1, 9),
    times=st.integers(0, 9),
    asked=st.integers(0, 99),
)
def test_space_goes_first_then_each_interval_until_the_times_are_used_up(
    space: int, interval: int, times: int, asked: int
) -> None:
    text = f"alloc-fail:space={space},interval={interval},times={times}"
    expected = [at - space > 0 and (at - space) % interval == 0 for at in range(1, asked + 1)]
    at = [number for number, struck in enumerate(expected) if struck]
    for number in at[times:]:
        expected[number] = False
    assert strikes(text, asked) == expected
    assert strikes(f"alloc-fail:after={space},every={interval},times={times}", asked) == expected


@pytest.mark.parametrize("kind", ["read-error", "compress-error", "bad-slots"])
@pytest.mark.parametrize("percent", [1, 10, 50, 90])
def test_a_probability_is_that_share_of_many_times(kind: str, percent: int) -> None:
    share = sum(strikes(f"{kind}:{percent}%,seed=5", 20_000)) / 20_000
    assert share == pytest.approx(percent / 100, rel=0.1)


def test_a_seed_draws_the_same_again_and_another_one_something_else() -> None:
    for kind in ("write-error", "compress-error", "bad-slots"):
        first = strikes(f"{kind}:30%,seed=1", 200)
        assert strikes(f"{kind}:30%,seed=1", 200) == first
        assert strikes(f"{kind}:30%,seed=2", 200) != first


def test_neither_0_nor_100_percent_is_left_to_chance() -> None:
    assert not any(strikes("read-error:0%", 1000))
    assert all(strikes("read-error:100%", 1000))
    assert all(strikes("read-error", 1000))


def test_a_content_that_the_compressor_fails_for_fails_each_time() -> None:
    fates = [set(strikes("compress-error:50%,seed=9", 20, key=key)) for key in range(50)]
    assert {len(fate) for fate in fates} == {1}
    assert {True, False} == set.union(*fates)


def test_a_plan_of_some_slots_is_not_asked_about_others() -> None:
    faults = faults_of(["write-error:slot=5-7"], 100, strict_zeros)
    struck = [slot for slot in range(1, 20) if f.should_fail(faults, f.WRITE_ERROR, slot, 0)]
    assert struck == [5, 6, 7]
    (plan,) = told(["write-error:slot=5-7"], faults)["plans"]
    assert (plan["asked"], plan["struck"]) == (3, 3)


def test_the_counts_of_a_plan_do_not_depend_on_another_one() -> None:
    texts = ["read-error:every=2", "read-error:every=3"]
    faults = faults_of(texts, 100, strict_zeros)
    struck = [f.should_fail(faults, f.READ_ERROR, 1, 0) for _ in range(6)]
    assert struck == [False, True, True, True, False, True]
    assert [plan["struck"] for plan in told(texts, faults)["plans"]] == [3, 2]
    assert told(texts, faults)["read_error_struck"] == 5


def test_the_largest_keys_and_seeds_stay_within_64_bits() -> None:
    """No product of the generator reaches 2 ** 62, as compiled integers wrap silently."""
    for state in (1, f.PRIME - 1):
        assert state * f.MULTIPLIER < 1 << 62
        assert (f.PRIME - 1) ** 2 + state < 1 << 62
        for key in (0, 1, f.PRIME, 0xFFFFFFFF):
            assert 1 <= f.draw_of_key(state, key) < f.PRIME


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("bad-slots:5-20", set(range(5, 21))),
        ("bad-slots:99", {99}),
        ("bad-slots:1-1000", set(range(1, 300))),
        ("swap-full:size=10", set(range(11, 300))),
        ("swap-full:size=0", set(range(1, 300))),
        ("swap-full:fewer=10", set(range(290, 300))),
        ("swap-full:fewer=1000", set(range(1, 300))),
    ],
)
def test_bad_slots_are_never_handed_out_and_all_others_are(text: str, bad: set[int]) -> None:
    slots = make_swap_slots(300, strict_zeros, faults_of([text], 300, strict_zeros))
    assert {slot for slot in range(300) if slots.used[slot] == BAD} == bad
    assert slots.counts[BAD_NR] == len(bad)
    taken = []
    while (slot := get_swap_page(slots)) > 0:
        taken.append(slot)
        check_swap_slots(slots)
    assert set(taken) == set(range(1, 300)) - bad
    assert len(taken) == len(set(taken))
    assert FREE not in [slots.used[slot] for slot in range(300)]


def test_slow_plans_multiply_and_are_no_plan_of_the_machine() -> None:
    assert slowness(["slow:x4", "read-error:1%", "slow:x1.5"]) == 6
    assert len(faults_of(["slow:x4"], 10, strict_zeros).plans) == 0
    assert slowness([]) == 1


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_example_of_each_kind_is_a_plan(kind: object) -> None:
    plan = parse_fault(f"{kind.name}:{kind.example}")  # type: ignore[attr-defined]
    assert plan.kind is kind
    assert plan.options


def test_a_bare_number_is_a_slot() -> None:
    assert parse_fault("read-error:17").options == {"slot": (17, 17)}
    assert parse_fault("read-error:5-9").options == {"slot": (5, 9)}


def test_plus_stands_for_a_comma_and_blanks_part_plans() -> None:
    assert (
        parse_fault("read-error:1%+seed=3").options == parse_fault("read-error:1%,seed=3").options
    )
    config = ReplayConfig(faults="read-error:1% slow:x4")
    assert config.faults == ("read-error:1%", "slow:x4")
    assert config.to_dict()["faults"] == ["read-error:1%", "slow:x4"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no fault ''; there are read-error"),
        ("read-eror:1%", "no fault 'read-eror'"),
        ("read-error:", "an option is empty"),
        ("read-error:1%,", "an option is empty"),
        ("read-error:-1%", "is no option of it"),
        ("read-error:101%", "is no number from 0 to 100"),
        ("read-error:1%,2%", "probability is said twice"),
        ("read-error:every=0", "is no whole number from 1 on"),
        ("read-error:every=x", "is no whole number from 1 on"),
        ("read-error:seed=-1", "is no whole number from 0 on"),
        ("read-error:seed=" + "9" * 16, "is no whole number from 0 on"),
        ("read-error:slot=0", "is no whole number from 1 on"),
        ("read-error:slot=9-3", "the first slot comes first"),
        ("read-error:x4", "is no option of it"),
        ("read-error:size=3", "is no option of it"),
        ("slow", "says nothing"),
        ("slow:4", "is no option of it"),
        ("slow:x1e9", "is no option of it"),
        ("slow:x9999999", "is no number from 0 to 1,000,000"),
        ("bad-slots:seed=4", "says nothing"),
        ("bad-slots:every=4", "is no option of it"),
        ("swap-full:size=3,fewer=4", "exclude each other"),
        ("alloc-fail:\x1b[31m", "\\x1b"),
        ("read-error:" + "1" * 300, "longer than"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ZswapSimError) as refused:
        parse_fault(text)
    assert said in str(refused.value)
    assert str(refused.value).isprintable()
    assert isinstance(refused.value, InvalidArgument | NoEntry)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"frontend": "none", "faults": ["alloc-fail"]}, "goes with the frontend zswap and zram"),
        ({"frontend": "zram", "faults": ["entry-fail"]}, "goes with the frontend zswap, not"),
        ({"frontend": "zram", "faults": ["write-error"]}, "no device"),
        ({"frontend": "zram", "faults": ["slow:x4"]}, "no device"),
        ({"faults": ["slow:x4"] * 101}, "101 faults"),
    ],
)
def test_a_frontend_refuses_what_it_does_not_have(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        ReplayConfig(**settings)  # type: ignore[arg-type]
