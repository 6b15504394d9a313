# SPDX-License-Identifier: GPL-2.0-only
"""recommend: what it picks is the best of what it ran, and what it prints can be pasted."""

import configparser
import itertools
import json
import re
import shlex
import subprocess
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import ReplayConfig, Trace, complete, replay
from zswapsim.errors import InvalidArgument, NoEntry, ZswapSimError
from zswapsim.experiment.costs import DEVICES, Costs, Device, cost_of
from zswapsim.experiment.recommend import RecommendConfig, recommend
from zswapsim.experiment.recommend import copies as copies_module
from zswapsim.experiment.recommend.copies import copies_for, side_by_side
from zswapsim.experiment.recommend.paste import snippets
from zswapsim.experiment.recommend.reasons import waits
from zswapsim.experiment.recommend.search import EQUAL_PERCENT
from zswapsim.experiment.recommend.space import Cell, make_space
from zswapsim.experiment.workload import Workload
from zswapsim.profiles import PROFILES, profile
from zswapsim.report.recommend import recommendation_lines
from zswapsim.units import FREED

Told = dict[str, Any]
PAGES = 120


@cache
def trace() -> Trace:
    """A working set that moves on, of pages of text, pointers and random bytes."""
    random = np.random.default_rng(7)
    phases = [start + random.integers(0, 90, 180) for start in (0, 20, 30, 10)]
    page = np.concatenate(phases).tolist()
    write = (random.random(len(page)) < 0.4).tolist()
    made = Trace.from_arrays(page=page, write=write)
    return complete(made, contents="mix:text=50,pointers=35,random=15", seed=3)


@cache
def told_for(**settings: Any) -> Told:
    given = {"copies": 1, "memory": "50%", "compressors": ("lz4", "zstd"), **settings}
    device = given.pop("device", "ssd")
    return recommend(trace(), RecommendConfig(costs=Costs(device=DEVICES[device]), **given))


CASES: list[Told] = [
    {},
    {"device": "disk"},
    {"device": "nvme", "kernel": "5.4"},
    {"kernel": "6.6", "memory": "70%"},
    {"kernel": "6.18", "max_cpu_percent": 10.0},
    {"kernel": "3.11", "compressors": None},
]


@pytest.fixture(params=range(len(CASES)))
def told(request: pytest.FixtureRequest) -> Told:
    return told_for(**CASES[request.param])


def usable(told: Told) -> list[Told]:
    most = told["asked"]["max_cpu_seconds"]
    return [
        cell
        for cell in told["cells"]
        if cell["failure"] is None and (most is None or cell["cost"]["cpu_seconds"] <= most)
    ]


def vector(cell: Told) -> tuple[float, float, int]:
    cost = cell["cost"]
    return cost["stall_seconds"], cost["cpu_seconds"], cost["device_writes"]


def changes(cell: Told, kernel: str) -> int:
    """Settings that are not the kernel's, counted in the plainest way."""
    row = PROFILES[kernel]
    usual = {"frontend": "none", "zpool": row.default_zpool, "max_pool_percent": 20,
             "accept_threshold_percent": 90, "page_cluster": 3}  # fmt: skip
    on = ("shrinker_enabled", "exclusive_loads")
    settings = cell["settings"]
    differ = sum(settings[name] != value for name, value in usual.items() if name in settings)
    return differ + sum(settings.get(name, False) for name in on)


def test_what_it_picks_waits_least_and_where_that_is_equal_changes_least(told: Told) -> None:
    cells = usable(told)
    least = min(vector(cell)[0] for cell in cells)
    equal = [cell for cell in cells if vector(cell)[0] <= least * (1 + EQUAL_PERCENT / 100)]
    kernel = told["asked"]["kernel"]
    best = min(equal, key=lambda cell: (changes(cell, kernel), *vector(cell), cell["name"]))
    assert told["best"] == best


def test_every_cell_has_the_numbers_of_a_replay(told: Told) -> None:
    asked = told["asked"]
    for cell in told["cells"][:: max(1, len(told["cells"]) // 6)]:
        config = ReplayConfig(
            **cell["settings"],
            kernel=asked["kernel"],
            memory=f"{asked['limit_pages']}p",
            carry_bytes=False,
        )
        result = replay(trace(), config).to_dict()
        costs = Costs(device=DEVICES[asked["device"]])
        assert cell["cost"] == cost_of(result, costs)
        failures = sum(result["memory"][name] for name in ("swap_full", "over_limit"))
        assert (cell["failure"] is not None) == bool(failures + result["memory"]["write_errors"])


def test_nothing_beats_the_front_and_the_front_beats_all_else(told: Told) -> None:
    def beats(one: Told, other: Told) -> bool:
        return all(a <= b for a, b in zip(vector(one), vector(other), strict=True))

    cells, front = usable(told), told["front"]
    names = {cell["name"] for cell in front}
    for cell in front:
        rivals = [rival for rival in cells if vector(rival) != vector(cell)]
        assert not any(beats(rival, cell) for rival in rivals)
    for cell in cells:
        assert cell["name"] in names or any(beats(one, cell) for one in front)
    assert [vector(cell) for cell in front] == sorted(vector(cell) for cell in front)


def test_no_near_value_of_a_single_setting_is_better(told: Told) -> None:
    best = told["best"]["settings"]
    by_settings = {json.dumps(cell["settings"]): cell for cell in usable(told)}
    for reason in told["reasons"]:
        if reason["setting"] == "frontend":
            continue
        assert reason["value"] == best.get(reason["setting"], False)
        for other in reason["others"]:
            assert (
                other["failure"]
                or other["stall_percent"] > -EQUAL_PERCENT
                or (told["asked"]["max_cpu_percent"] is not None)
            )
    assert len(by_settings) == len(usable(told))


def test_the_reasons_are_the_measured_differences(told: Told) -> None:
    stall = {cell["name"]: vector(cell)[0] for cell in told["cells"]}
    (frontend,) = (one for one in told["reasons"] if one["setting"] == "frontend")
    for other in frontend["others"]:
        more = 100 * stall[other["name"]] / stall[told["best"]["name"]] - 100
        assert other["stall_percent"] == round(more, 2)
        assert waits(other["stall_percent"]) in frontend["says"]


def test_twice_the_same_question_gives_twice_the_same_answer() -> None:
    again = recommend(
        trace(),
        RecommendConfig(costs=Costs(device=DEVICES["ssd"]), copies=1, compressors=["lz4", "zstd"]),
    )
    assert json.dumps(again) == json.dumps(told_for())


@pytest.mark.long
def test_both_engines_give_the_same_answer(engine: str) -> None:
    settings: Told = {"frontends": ("zswap",), "zpools": ("zsmalloc",), "compressors": ("lz4",)}
    one = told_for(**settings, engine=engine)
    assert one["cells"] == told_for(**settings)["cells"]
    assert {cell["settings"]["frontend"] for cell in one["cells"]} == {"zswap"}


def test_many_processes_give_the_same_answer_as_one() -> None:
    settings: Told = {"frontends": ("zswap",), "zpools": ("zbud",), "compressors": ("lz4",)}
    assert told_for(**settings, jobs=2) == told_for(**settings, jobs=1)


def test_what_other_costs_would_change_is_what_a_new_search_says() -> None:
    told = told_for()
    by_name = {cell["name"]: cell for cell in told["cells"]}
    for one in told["sensitivity"]:
        assert one["best"] in by_name
        assert one["loss_percent"] >= -EQUAL_PERCENT
        if one["best"] == told["best"]["name"]:
            assert one["loss_percent"] == 0


def test_cpu_time_is_bounded_by_what_plain_swap_waits() -> None:
    free, bound = told_for(), told_for(max_cpu_percent=2.0)
    most = 0.02 * free["plain"]["cost"]["stall_seconds"]
    assert bound["asked"]["max_cpu_seconds"] == pytest.approx(most)
    assert free["best"]["cost"]["cpu_seconds"] > most >= bound["best"]["cost"]["cpu_seconds"]
    assert bound["best"]["cost"]["stall_seconds"] >= free["best"]["cost"]["stall_seconds"]


def test_where_nothing_is_allowed_nothing_is_recommended() -> None:
    told = told_for(max_cpu_percent=0.0)
    assert told["best"] is None
    assert told["front"] == told["paste"] == told["reasons"] == []
    assert told["answer"].startswith("nothing that was tried stays within the CPU time")
    lines = recommendation_lines(told, 80)
    assert lines[0].startswith("nothing that was tried")


@pytest.mark.parametrize("percent", [float("nan"), float("inf"), -1.0])
def test_a_bound_of_cpu_time_is_a_number(percent: float) -> None:
    with pytest.raises(
        InvalidArgument, match=r"^max_cpu_percent (nan|inf|-1.0): allowed are 0 and"
    ):
        recommend(trace(), RecommendConfig(max_cpu_percent=percent))


@pytest.mark.parametrize("frontends", [("zswap", "zram", "none"), ("zswap",)])
def test_where_nothing_costs_anything_the_kernels_own_settings_stay(
    frontends: tuple[str, ...],
) -> None:
    free = Costs(device=Device("free", 0, 0), trap_us=0).with_own({"lz4": 0.0}, {"lz4": 0.0})
    asked = RecommendConfig(costs=free, copies=1, compressors=("lz4",), frontends=frontends)
    told = recommend(trace(), asked)
    assert told["best"]["cost"]["stall_seconds"] == 0
    assert told["best"]["settings"]["frontend"] == frontends[-1]
    assert "the program waits 0 s" in told["answer"]
    assert {one["loss_percent"] for one in told["sensitivity"]} == {0}


@pytest.mark.parametrize("memory", ["2G", "100%", "300%", f"{PAGES}p"])
def test_memory_that_holds_everything_is_refused_with_what_to_say(memory: str) -> None:
    with pytest.raises(InvalidArgument, match=r"so nothing is swapped.*--memory 50%"):
        recommend(trace(), RecommendConfig(memory=memory))


@pytest.mark.parametrize(
    ("kernel", "settings", "error"),
    [
        ("6.6", {"compressors": ["zstd:1"]}, "takes no level"),
        ("3.11", {"compressors": ["zstd"]}, "no compressor 'zstd'"),
        ("6.18", {"zpools": ["zbud"]}, "no zpool"),
        ("6.12", {"frontends": ["zcache"]}, "allowed are zswap"),
        ("6.12", {"compressors": ["nothing"]}, "no compressor 'nothing'"),
        ("6.12", {"frontends": ["zswap"], "compressors": ["zstd:1"]}, "zram does"),
        ("9.9", {}, "no kernel profile"),
    ],
)
def test_what_a_kernel_has_not_is_refused(kernel: str, settings: Told, error: str) -> None:
    with pytest.raises((InvalidArgument, NoEntry), match=re.escape(error)):
        make_space(kernel, **settings)


@pytest.mark.parametrize("kernel", PROFILES)
def test_all_that_is_searched_can_be_set(kernel: str) -> None:
    space = make_space(kernel)
    cells = space.coarse()
    assert len(cells) == len(set(cells))
    for cell in itertools.chain(cells, *map(space.neighbours, cells)):
        config = ReplayConfig(kernel=kernel, **cell.settings())
        if cell.frontend == "zswap":
            assert config.driver.type == cell.zpool
            assert ":" not in cell.compressor  # zswap takes no levels
        assert space.changes(cell) == changes({"settings": cell.settings()}, kernel)


def test_levels_are_zrams_from_6_12_on() -> None:
    assert "zstd:1" in make_space("6.12").zram_compressors
    assert not any(":" in spec for spec in make_space("6.8").zram_compressors)


PARAMETERS = {"enabled", "compressor", "zpool", "max_pool_percent", "accept_threshold_percent",
              "shrinker_enabled", "exclusive_loads"}  # fmt: skip


@pytest.mark.parametrize("kernel", PROFILES)
@pytest.mark.parametrize("frontend", ["zswap", "zram", "none"])
def test_snippets_are_what_their_readers_read(kernel: str, frontend: str) -> None:
    space = make_space(kernel)
    cells = [cell for cell in space.coarse() if cell.frontend == frontend]
    for cell in {*cells, *itertools.chain(*map(space.neighbours, cells))}:
        for snippet in snippets(cell, profile(kernel), 1.3):
            where, text = snippet["where"], snippet["text"]
            if where == "kernel command line":
                words = dict(word.removeprefix("zswap.").split("=") for word in shlex.split(text))
                assert set(words) <= PARAMETERS
                assert words["enabled"] == ("Y" if frontend == "zswap" else "0")
                assert ("zpool" in words) == (frontend == "zswap" and len(space.row.zpools) > 1)
            elif where.endswith("zram-generator.conf"):
                parser = configparser.ConfigParser()
                parser.read_string(text)
                assert parser["zram0"]["compression-algorithm"].startswith(cell.compressor[:3])
                assert parser["zram0"]["zram-size"] == "ram * 1.5"
            elif "tmpfiles.d" in where:
                lines = [line.split() for line in text.splitlines()]
                assert {len(line) for line in lines} == {7}
                assert {line[1].rpartition("/")[2] for line in lines} <= PARAMETERS
                assert lines[-1][1].endswith("/enabled")
            elif "sysctl.d" in where:
                assert re.fullmatch(r"vm\.page-cluster = [0-3]\n", text)
            else:
                assert "as root" in where
                subprocess.run(["bash", "-n", "-c", text], check=True)


def test_a_size_of_zram_is_what_does_not_fit_into_memory() -> None:
    cell = Cell(frontend="zram", compressor="zstd:1")
    (generator, by_hand, *_) = snippets(cell, profile("6.12"), 1.0)
    assert "zram-size = ram\n" in generator["text"]
    assert "compression-algorithm = zstd(level=1)\n" in generator["text"]
    assert 'echo "algo=zstd level=1" > /sys/block/zram0/algorithm_params\n' in by_hand["text"]
    assert by_hand["text"].index("algorithm_params") < by_hand["text"].index("disksize")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_lines_fit_but_for_what_is_pasted(told: Told, width: int) -> None:
    lines = recommendation_lines(told, width)
    pasted = {f"    {line}" for part in told["paste"] for line in part["text"].splitlines()}
    assert max(len(line) for line in lines if line not in pasted) <= width
    flat = "".join(lines).replace(" ", "")  # a word may be parted at its hyphen
    for warning in told["warnings"]:
        assert warning.replace(" ", "") in flat
    assert f"{len(told['cells'])}settingstried" in flat
    assert f"*{told['best']['name']}".replace(" ", "") in flat


def test_what_is_not_worth_much_is_warned_of() -> None:
    warnings = told_for()["warnings"]
    assert any("a small pool is unkind to zsmalloc" in said for said in warnings)
    assert any(said.startswith("contents: made up") for said in warnings)
    few = recommend(
        trace(), RecommendConfig(memory="95%", copies=1, compressors=["lz4"], zpools=["zbud"])
    )
    assert few["plain"]["counters"]["pgmajfault"] < 200
    assert any("too few to tell settings apart" in said for said in few["warnings"])


# Copies side by side.


def naive_turns(accesses: list[int], copies: int, turn: int, pages: int) -> list[int]:
    """Each makes a turn's accesses, one after the other, until all are made."""
    made = []
    for start in range(0, len(accesses), turn):
        for copy in range(copies):
            made += [access + copy * pages for access in accesses[start : start + turn]]
    return made


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4), st.integers(0, 2)), max_size=12),
    st.integers(1, 5),
    st.integers(1, 9),
)
def test_copies_are_each_the_whole_workload_and_take_turns(
    made: list[tuple[int, bool]], held: list[tuple[int, int, int]], copies: int, turn: int
) -> None:
    page, write = [one[0] for one in made] + [4], [one[1] for one in made] + [False]
    versions = sorted((min(at, len(page) - 1), of, what) for at, of, what in [(0, 0, 0), *held])
    contents = b"".join(bytes([kind]) * 4096 for kind in (1, 2, 3))
    at, of, what = (list(column) for column in zip(*versions, strict=True))
    one = Workload.of(Trace.from_arrays(page, write, at, of, what, contents))
    pages = one.pages
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies_module, "TURN_ACCESSES", turn)
        one.gather()
        all_ = side_by_side(one, copies)
    assert all_.accesses_count == len(page) * copies
    assert all_.footprint_pages == one.footprint_pages * copies
    encoded = np.asarray(one.accesses).tolist()
    assert np.concatenate(list(all_.blocks(7))).tolist() == naive_turns(
        encoded, copies, turn, pages
    )
    # Each copy sees each version before the same access of its own as the single one does.
    placed = naive_turns(list(range(len(encoded))), copies, turn, len(encoded))
    for copy in range(copies):
        wanted = [
            (placed.index(int(a) + copy * len(encoded)), int(p) + copy * pages, int(c))
            for a, p, c in zip(*one.versions, strict=True)
        ]
        there = [
            (int(a), int(p), int(c))
            for a, p, c in zip(*all_.versions, strict=True)
            if copy * pages <= p < (copy + 1) * pages
        ]
        assert there == wanted
    assert all_.versions[0].tolist() == sorted(all_.versions[0].tolist())
    assert all_.first_held.tolist() == one.first_held.tolist() * copies
    assert FREED not in all_.versions[2]


def test_one_copy_is_the_workload_itself() -> None:
    workload = Workload.of(trace())
    assert side_by_side(workload, 1) is workload


def test_too_many_copies_are_refused() -> None:
    workload = Workload.of(trace())
    with pytest.raises(ZswapSimError, match="copies"):
        side_by_side(workload, 1 << 30)


def test_small_traces_are_copied_until_they_are_large_or_long() -> None:
    assert copies_for(1 << 20, 1000) == 1
    assert copies_for(1 << 13, 1000) == 2
    assert copies_for(100, 1000) == 16
    assert copies_for(100, 1 << 23) == 2
    assert copies_for(100, 1 << 30) == 1
    assert copies_for(0, 0) == 16


def test_copies_of_plain_swap_wait_as_much_each() -> None:
    settings: Told = {"frontends": ("none",), "memory": "60%"}
    one, four = told_for(**settings), told_for(**settings, copies=4)
    assert four["asked"]["limit_pages"] == 4 * one["asked"]["limit_pages"]
    assert four["asked"]["copies"] == 4
    faults = [told["plain"]["counters"]["pgmajfault"] for told in (one, four)]
    assert faults[1] == pytest.approx(4 * faults[0], rel=0.15)
