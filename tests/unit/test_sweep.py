# SPDX-License-Identifier: GPL-2.0-only
"""Sweeps: a cell is a replay, contents are compressed once, what fails is a row."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.content.page_store import PageStore
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.costs import DEVICES, Costs, cost_of
from zswapsim.experiment.sweep.axes import AXES, parse_values
from zswapsim.experiment.sweep.files import open_rows, read_rows
from zswapsim.experiment.sweep.grid import DEFAULTS, Settings, expand, key_of
from zswapsim.experiment.sweep.rows import COLUMNS
from zswapsim.experiment.sweep.sweep import Sweep
from zswapsim.trace.synthetic import random_contents, zipf

AXES_OF_A_GRID: dict[str, list[Any]] = {
    "frontend": ["zswap", "zram", "none"],
    "memory": ["30%", "60%"],
    "compressor": ["lz4", "zstd"],
    "max_pool_percent": [10, 30],
    "kernel": ["5.4", "6.12"],
    "page_cluster": [0, 3],
}


@pytest.fixture(scope="module")
def trace() -> Trace:
    return zipf(6_000, 200, 0.8, seed=3, contents=random_contents(300, seed=4))


def rows_of(trace: Trace, grid: list[Settings], **more: Any) -> list[dict[str, Any]]:
    more.setdefault("engine", "interpreted")
    return list(Sweep.of(trace, grid, Costs(), **more).rows(jobs=1))


def test_a_cell_has_the_numbers_of_a_replay(trace: Trace) -> None:
    grid = expand(AXES_OF_A_GRID)
    rows = {row["cell"]: row for row in rows_of(trace, grid)}
    cells = Sweep.of(trace, grid, Costs(), engine="interpreted").cells
    assert len(rows) == len(cells) == len(grid) == 2 * 2 * (2 * 2 * 2 + 2 + 2)
    for cell in cells:
        config = ReplayConfig(**cell.settings, carry_bytes=False, engine="interpreted")
        told = replay(trace, config).to_dict()
        row = rows[cell.key]
        assert row["error"] is None
        for group in ("zswap", "zram", "vmstat", "memory"):
            assert {name: row[name] for name in told[group] if name in row} == {
                name: value for name, value in told[group].items() if name in row
            }
        assert all(value is None or type(value) is COLUMNS[name] for name, value in row.items())
        cost = cost_of(told, Costs())
        assert row["stall_seconds"] == cost["stall_seconds"]
        assert {name: row[name] for name in cell.settings if name != "zpool"} == {
            name: value for name, value in cell.settings.items() if name != "zpool"
        }


def test_the_engines_give_the_same_rows(trace: Trace) -> None:
    grid = expand({"memory": ["30%"], "max_pool_percent": [5, 40]})
    both = [rows_of(trace, grid, engine=engine) for engine in ("interpreted", "compiled")]
    for rows in both:
        for row in rows:
            del row["machine_seconds"]
    assert both[0] == both[1]


def test_processes_give_the_same_rows(trace: Trace) -> None:
    grid = expand({"memory": ["30%", "50%", "70%"], "max_pool_percent": [5, 40]})
    sweep = Sweep.of(trace, grid, Costs(), engine="interpreted")
    rows = [sorted(sweep.rows(jobs=jobs), key=lambda row: row["cell"]) for jobs in (1, 2)]
    for row in [*rows[0], *rows[1]]:
        del row["machine_seconds"]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 6


def test_contents_are_compressed_once_a_compressor(
    trace: Trace, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(tmp_path))
    passes: list[str] = []
    compress_all = PageStore._compress_all

    def counting(store: PageStore, codec: Any, progress: Any) -> Any:
        passes.append(codec.name)
        return compress_all(store, codec, progress)

    monkeypatch.setattr(PageStore, "_compress_all", counting)
    grid = expand({"compressor": ["lz4", "zstd"], "memory": ["30%", "60%"], "kernel": ["5.4"]})
    rows_of(trace, grid)
    assert sorted(passes) == ["lz4", "zstd"]


def test_what_fails_is_a_row_with_its_error(trace: Trace) -> None:
    grid = expand({"zpool": ["zbud", "zsmalloc"], "kernel": ["6.18"], "compressor": ["lz4"]})
    rows = rows_of(trace, grid)
    failed, ran = sorted(rows, key=lambda row: not row["error"])
    assert failed["error"].startswith("kernel 6.18 has no zpool 'zbud'")
    assert failed["pgmajfault"] is None
    assert ran["error"] is None
    assert ran["pgmajfault"] > 0
    assert list(failed) == list(ran) == list(COLUMNS)


def test_an_unexpected_failure_ends_its_cell_only(
    trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zswapsim.experiment.sweep.sweep as module

    run_workload = module.run_workload

    def failing(workload: Any, config: ReplayConfig) -> Any:
        if config.max_pool_percent == 10:
            raise ZeroDivisionError("in\ntwo lines")
        return run_workload(workload, config)

    monkeypatch.setattr(module, "run_workload", failing)
    rows = rows_of(trace, expand({"max_pool_percent": [10, 20]}))
    assert [row["error"] for row in rows] == ["ZeroDivisionError: in two lines", None]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\nb\x1b[31m", r"a\nb\x1b[31m"), ("caf\udce9", r"caf\udce9"), ("", "unnamed")],
)
@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_a_trace_of_any_name_has_rows_that_can_be_read_again(
    trace: Trace, tmp_path: Path, name: str, shown: str, ending: str
) -> None:
    named = trace.cut(trace.accesses)
    named.meta["name"] = name
    impossible = {**DEFAULTS, "kernel": "6.18", "zpool": "zbud"}
    rows = rows_of(named, [DEFAULTS, impossible])
    assert [row["trace"] for row in rows] == [shown, shown]
    path = tmp_path / f"rows{ending}"
    file = open_rows(path, COLUMNS)
    for row in rows:
        file.append(row)
    file.close()
    assert read_rows(path, COLUMNS) == rows


def test_cells_that_are_done_are_left_out(trace: Trace) -> None:
    grid = expand({"max_pool_percent": [10, 20, 30]})
    rows = rows_of(trace, grid)
    done = {rows[0]["cell"], rows[2]["cell"]}
    assert [row["cell"] for row in rows_of(trace, grid, done=done)] == [rows[1]["cell"]]


def test_a_cells_key_tells_all_that_its_row_depends_on(trace: Trace) -> None:
    grid = expand({"max_pool_percent": [10, 20]})
    keys = {row["cell"] for row in rows_of(trace, grid)}
    other = Trace.from_arrays(
        page=np.arange(5), write=np.ones(5, bool), contents=random_contents(3, seed=1),
        version_at=[0], version_page=[0], version_content=[0], meta={"name": trace.name},
    )  # fmt: skip
    assert keys.isdisjoint(row["cell"] for row in rows_of(other, grid))
    disk = Sweep.of(trace, grid, Costs(device=DEVICES["disk"]), engine="interpreted")
    assert keys.isdisjoint(cell.key for cell in disk.cells)
    assert keys == {row["cell"] for row in rows_of(trace, expand({"max_pool_percent": [20, 10]}))}


def test_what_means_nothing_to_a_frontend_makes_no_cells() -> None:
    grid = expand(AXES_OF_A_GRID | {"kernel": ["6.12"], "memory": ["50%"]})
    plain = [settings for settings in grid if settings["frontend"] == "none"]
    assert len(plain) == 2  # with read-ahead and without
    assert {settings["compressor"] for settings in plain} == {DEFAULTS["compressor"]}
    zram = [settings for settings in grid if settings["frontend"] == "zram"]
    assert len(zram) == 2  # one a compressor
    assert len({key_of({}, settings) for settings in grid}) == len(grid)


def test_a_grid_has_every_combination_in_order() -> None:
    grid = expand({"max_pool_percent": [1, 2], "memory": ["10%", "20%"]})
    assert [(cell["memory"], cell["max_pool_percent"]) for cell in grid] == [
        ("10%", 1), ("10%", 2), ("20%", 1), ("20%", 2),
    ]  # fmt: skip
    with pytest.raises(InvalidArgument, match="10,000,000 cells"):
        expand({"max_pool_percent": list(range(1000)), "memory": [f"{n}%" for n in range(10000)]})


@pytest.mark.parametrize(
    ("name", "given", "values"),
    [
        ("max_pool_percent", "5:50:5", list(range(5, 51, 5))),
        ("max_pool_percent", "20", [20]),
        ("max_pool_percent", 20, [20]),
        ("max_pool_percent", [5, "10:20:10"], [5, 10, 20]),
        ("max_pool_percent", "20,20,5", [20, 5]),
        ("max_pool_percent", "1:3", [1, 2, 3]),
        ("memory", "30%,50%,70%", ["30%", "50%", "70%"]),
        ("memory", "10%:30%:10%,1G", ["10%", "20%", "30%", "1G"]),
        ("memory", "16M:64M:16M", ["16M", "32M", "48M", "64M"]),
        ("compressor", "lz4,zstd:1-3", ["lz4", "zstd:1", "zstd:2", "zstd:3"]),
        ("compressor", ["lz4", "zstd:1,3"], ["lz4", "zstd:1", "zstd:3"]),
        ("shrinker_enabled", "on,off", [True, False]),
        ("shrinker_enabled", [True, False], [True, False]),
        ("zpool", "zbud, zsmalloc", ["zbud", "zsmalloc"]),
        ("kernel", ["6.1"], ["6.1"]),
        ("zram_writeback", "idle:1000,huge:5", ["idle:1000", "huge:5"]),
    ],
)
def test_values_are_lists_and_ranges(name: str, given: object, values: list[Any]) -> None:
    assert parse_values(name, given) == values


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("max_pool_percent", "5:x:5", "'5:x:5' is no range; allowed is first:last:step"),
        ("max_pool_percent", "50:5:5", "first comes first"),
        ("max_pool_percent", "5:50:0", "step is not 0"),
        ("max_pool_percent", "0:100000", "more than 1,000 values"),
        ("max_pool_percent", "many", "'many' is no number; allowed are 5, 5,10,20 and 5:50:5"),
        ("max_pool_percent", "", "'' is no number"),
        ("max_pool_percent", "9" * 5000, "is no number"),
        ("page_cluster", int("9" * 4000), "is no number"),
        ("max_pool_percent", True, "True is no value"),
        ("max_pool_percent", [], "no value"),
        ("memory", "10%:50M:1%", "is no range"),
        ("memory", ["1%:999%:1%", "1p:99p:1p"], "1,098 values; allowed are 1,000"),
        ("shrinker_enabled", "maybe", "'maybe' is no switch; allowed are on, off and on,off"),
        ("zpool", "zbud,,zsmalloc", "has an empty value"),
        ("zpool", {"a": 1}, "is no value"),
    ],
)
def test_what_is_no_list_is_refused(name: str, given: object, message: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{name}: ") as refused:
        parse_values(name, given)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["frontend", "zpool", "kernel", "reclaim"])
def test_a_name_that_there_is_not_is_refused_before_any_cell_is_run(name: str) -> None:
    with pytest.raises(NoEntry, match=rf"^{name}: no .* 'nonsense'; there are .*"):
        parse_values(name, [DEFAULTS[name] or "zbud", "nonsense"])


@pytest.mark.parametrize(
    ("axes", "problem"),
    [
        ({"zram_limit": ["10%"]}, "zram_limit goes with the frontend zram"),
        ({"zram_writeback": ["idle:9"], "frontend": ["none", "zswap"]}, "zram_writeback goes with"),
        ({"shrinker_enabled": [False, True], "frontend": ["zram"]}, "the frontend zswap"),
    ],
)
def test_a_setting_that_no_frontend_of_the_grid_has_is_refused(
    axes: dict[str, list[Any]], problem: str
) -> None:
    with pytest.raises(InvalidArgument, match=problem):
        expand(axes)
    both = expand({**axes, "frontend": ["zswap", "zram"]})
    assert {settings["frontend"] for settings in both} == {"zswap", "zram"}


def test_every_setting_that_changes_a_counter_can_be_varied() -> None:
    others = {"swap_file", "carry_bytes", "engine", "faults"}
    assert set(AXES) == set(ReplayConfig.__dataclass_fields__) - others
