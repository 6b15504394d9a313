# SPDX-License-Identifier: GPL-2.0-only
"""--config, the environment and --dump-config: who goes first, what is refused, the way back."""

import json
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from zswapsim.cli import COMMANDS, main
from zswapsim.cli.group import cli
from zswapsim.cli.settings import SettingsCommand, settable, setting_names
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(3000, 200, 0.8, seed=3, contents=random_contents(200, seed=4)).save(path)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "s.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def dumped(capsys: Capture) -> Any:
    def dump(*words: object) -> dict[str, Any]:
        assert main([*map(str, words), "--dump-config"]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        return tomllib.loads(captured.out)

    return dump


def replayed(capsys: Capture, *words: object) -> dict[str, Any]:
    assert main(["replay", *map(str, words), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    del told["seconds"]
    return told


def refused(capsys: Capture, *words: object) -> str:
    """The one line on stderr of a command that exits with 2, and prints nothing else."""
    assert main([*map(str, words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


# Who goes first


def test_flag_environment_file_default_in_this_order(
    config: Any, dumped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config("max_pool_percent = 30\n[replay]\npage_cluster = 3\n")
    assert dumped("replay")["max_pool_percent"] == 20
    assert dumped("replay", "--config", path)["max_pool_percent"] == 30
    monkeypatch.setenv("ZSWAPSIM_MAX_POOL_PERCENT", "40")
    assert dumped("replay", "--config", path)["max_pool_percent"] == 40
    monkeypatch.setenv("ZSWAPSIM_REPLAY_MAX_POOL_PERCENT", "50")
    assert dumped("replay", "--config", path)["max_pool_percent"] == 50
    flags = ("--config", path, "--max-pool-percent", 60)
    assert dumped("replay", *flags)["max_pool_percent"] == 60
    assert dumped("replay", "--config", path)["page_cluster"] == 3


def test_a_commands_own_table_goes_before_flat_settings(config: Any, dumped: Any) -> None:
    path = config("kernel = 6.6\n[replay]\nkernel = 5.4\n[ratio]\n")
    assert dumped("replay", "--config", path)["kernel"] == "5.4"
    assert dumped("ratio", "--config", path)["ratio"]["kernel"] == "6.6"


def test_the_file_may_be_named_in_the_environment(
    config: Any, dumped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSWAPSIM_CONFIG", str(config("memory = '64M'")))
    assert dumped("replay")["memory"] == "64M"


def test_what_is_for_other_commands_only_is_passed_over(config: Any, dumped: Any) -> None:
    path = config("pool_percent = 9\n[ratio]\nwhatever = 1\n[trace]\n")
    assert dumped("replay", "--config", path) == dumped("replay")


def test_a_setting_goes_by_the_options_name_and_the_kernels(config: Any, dumped: Any) -> None:
    for name in ("shrinker", "shrinker_enabled", "zswap.shrinker_enabled"):
        assert dumped("replay", "--config", config(f"{name} = true"))["shrinker_enabled"] is True
    for name in ("same_filled", "same-filled", "same_filled_pages_enabled"):
        path = config(f"{name} = false")
        assert dumped("replay", "--config", path)["same_filled_pages_enabled"] is False


def test_sysfs_and_toml_say_yes_and_no(
    config: Any, dumped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for said in ("true", "1", "'Y'"):
        path = config(f"zswap.exclusive_loads = {said}")
        assert dumped("replay", "--config", path)["exclusive_loads"] is True
    monkeypatch.setenv("ZSWAPSIM_EXCLUSIVE_LOADS", "0")
    assert dumped("replay", "--config", path)["exclusive_loads"] is False


def test_a_list_is_for_options_that_take_several_values(config: Any, dumped: Any) -> None:
    path = config("[ratio]\ncompressor = ['lz4', 'zstd:3']\ninputs = ['a', 'b']\n")
    ratio = dumped("ratio", "--config", path)["ratio"]
    assert (ratio["compressor"], ratio["inputs"]) == ("lz4,zstd:3", ["a", "b"])
    path = config("memory = ['30%', '50%']\nkernel = 5.10\nmax_pool_percent = '10:20:5'\n")
    sweep = dumped("sweep", "--config", path)["sweep"]
    assert sweep["memory"] == ["30%", "50%"]
    assert sweep["kernel"] == ["5.10"]
    assert sweep["max_pool_percent"] == [10, 15, 20]


# What is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\nmax_pool_precent = 1",
            ":2: no setting 'max_pool_precent'; did you mean max_pool_percent?",
        ),
        (
            "[replay]\nmemroy = '1M'",
            ":2: no setting 'replay.memroy'; did you mean replay.memory?",
        ),
        ("config = 'x'", ":1: no setting 'config'"),
        ("help = true", ":1: no setting 'help'"),
        ("[replya]", ":1: [replya]: no command 'replya'; did you mean replay?"),
        ("max_pool_percent = '20'", "'20'; allowed is a whole number, 0 to 10000"),
        ("max_pool_percent = true", "true; allowed is a whole number, 0 to 10000"),
        ("max_pool_percent = 2.5", "2.5; allowed is a whole number, 0 to 10000"),
        ("max_pool_percent = 2024-01-02", "2024-01-02; allowed is a whole number, 0 to 10000"),
        ("max_pool_percent = 10001", "10001 is not in the range 0<=x<=10000"),
        ("max_pool_percent = [10, 20]", "[10, 20] is a list; allowed is one value"),
        ("skip_bad = 'x'", "'x'; allowed is a whole number, 0 or more"),
        ("write_percent = 'x'", "'x'; allowed is a number, 0 to 100"),
        ("write_percent = 101", "101.0 is not in the range 0<=x<=100"),
        ("frontend = true", 'true; allowed is text, as "zswap"'),
        ("frontend = 'zswpa'", "'zswpa' is not one of 'zswap', 'zram', 'none'"),
        ("shrinker = 'maybe'", "'maybe'; allowed are true and false"),
        ("shrinker = 1.0", "1.0; allowed are true and false"),
        ("compressor = 'lz5'", "no compressor 'lz5'; there are lz4, "),
        ("kernel = 5.11", "no kernel profile '5.11'; there are "),
        ("memory = 'lots'", "'lots' is no size; allowed are "),
        ("vm.page-cluster = 9", "9 is not in the range 0<=x<="),
        ("assert = ['pswpin<1', 'foo<1']", "no counter 'foo'"),
        ("swap_file = '/nowhere/x'", "there is no folder '/nowhere'"),
        ("shrinker = true\nshrinker_enabled = true", "is said already, as shrinker in line 1"),
        ('"\\u001b[2J" = 1', ":1: no setting '\\x1b[2J'"),
    ],
)
def test_a_wrong_file_is_one_line_with_the_place(
    text: str, said: str, config: Any, capsys: Capture, small: Path
) -> None:
    path = config(text)
    line = refused(capsys, "replay", small, "--config", path)
    assert line.startswith(f"error: {path}:")
    assert said in line
    assert line.isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_pool_percent = 'a'", "max_pool_percent: 'a' is no number"),
        ("memory = [2020-01-01]", "memory: datetime.date(2020, 1, 1) is no value"),
        ("shrinker = 'perhaps'", "'perhaps' is no switch"),
        ("compressor = ['lz4', 'lz5']", "no compressor 'lz5'"),
    ],
)
def test_a_wrong_grid_is_one_line_with_the_place(
    text: str, said: str, config: Any, capsys: Capture, small: Path
) -> None:
    path = config(text)
    line = refused(capsys, "sweep", small, "--config", path)
    assert line.startswith(f"error: {path}:1: ")
    assert said in line


def test_a_wrong_variable_is_named(
    capsys: Capture, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSWAPSIM_PAGE_CLUSTER", "x")
    line = refused(capsys, "replay", small)
    assert line == ("error: ZSWAPSIM_PAGE_CLUSTER in the environment: 'x' is not a whole number")


def test_a_file_that_is_not_there_is_one_line(capsys: Capture, tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert main(["replay", "--config", str(missing), "--dump-config"]) == 1
    assert capsys.readouterr().err == f"error: {missing}: No such file or directory\n"


def test_a_wrong_flag_is_still_told_as_usage(capsys: Capture, config: Any, small: Path) -> None:
    words = ["replay", str(small), "--config", str(config("memory = '1M'")), "--memory", "lots"]
    assert main(words) == 2
    assert "Invalid value for '--memory'" in capsys.readouterr().err


# The way back


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--frontend", "zram", "--zram-limit", "10%", "--zram-writeback", "idle:500"],
        ["--kernel", "6.8", "--shrinker", "--exclusive-loads", "--page-cluster", "2"],
        [
            "--kernel",
            "6.1",
            "--no-same-filled",
            "--no-bytes",
            "--accept-threshold-percent",
            "1",
            "--seed",
            "7",
        ],
        ["--contents", "mix:zero=50,text=50", "--assert", "pswpin >= 0", "--assert", "ratio>0"],
    ],
)
def test_a_dump_gives_the_same_run(
    words: list[str], small: Path, capsys: Capture, tmp_path: Path
) -> None:
    assert main(["replay", str(small), *words, "--dump-config"]) == 0
    text = capsys.readouterr().out
    path = tmp_path / "dumped.toml"
    path.write_text(text)
    assert replayed(capsys, "--config", path) == replayed(capsys, small, *words)
    assert main(["replay", "--config", str(path), "--dump-config"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == tomllib.loads(text)


def test_a_dump_says_where_values_are_from(
    capsys: Capture, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config("\nkernel = 6.6")
    monkeypatch.setenv("ZSWAPSIM_MEMORY", "30%")
    assert main(["replay", "--dump-config", "--config", str(path), "--page-cluster", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    origins = {line.split(" = ")[0]: line.rpartition("  # ")[2] for line in lines if " = " in line}
    assert origins["kernel"] == f"{path}:2"
    assert origins["memory"] == "ZSWAPSIM_MEMORY in the environment"
    assert origins["page_cluster"] == "command line"
    assert origins["reclaim"] == "default"
    assert "# swap_size: room for every page" in lines


def test_a_dump_runs_nothing_and_needs_no_trace(
    small: Path, tmp_path: Path, dumped: Any, capsys: Capture
) -> None:
    series = tmp_path / "s.csv"
    told = dumped("replay", small, "--series", series)
    assert told["replay"]["trace"] == str(small)
    assert told["replay"]["series"] == str(series)
    assert not series.exists()
    assert "trace" not in dumped("replay")["replay"]
    assert main(["replay", str(small.with_name("none.ztrace")), "--dump-config"]) == 2
    assert main(["replay"]) == 2
    assert "Missing argument 'TRACE'" in capsys.readouterr().err
    assert main(["replay", "--memory", "lots", "--dump-config"]) == 2


def commands() -> list[tuple[str, SettingsCommand]]:
    context = click.Context(cli)
    found = [(name, cli.get_command(context, name)) for name in COMMANDS]
    return [(name, command) for name, command in found if isinstance(command, SettingsCommand)]


def test_the_commands_that_run_things_take_settings() -> None:
    told = {name for name, _ in commands()}
    assert {"replay", "ratio", "sweep", "compare", "recommend", "host"} <= told


@pytest.mark.parametrize(
    "line",
    [
        "compare TRACE zram,compressor=lzo-rle zswap --device ssd:read=90us --compress-us lz4=3.2",
        "recommend TRACE --frontend zram,none --compressor lz4,zstd:1 --max-cpu 7.5",
        "ratio TRACE TRACE --compressor lz4,zstd:1-3 --no-time",
        "sweep TRACE --memory 10%:30%:10% --shrinker on,off --kernel 6.8,6.12 --jobs 2",
        "host --memory 40% --trace TRACE",
    ],
)
def test_a_dump_of_any_command_is_read_back(
    line: str, small: Path, dumped: Any, capsys: Capture, tmp_path: Path
) -> None:
    name, *words = (str(small) if word == "TRACE" else word for word in line.split())
    path = tmp_path / "dumped.toml"
    first = dumped(name, *words)
    assert main([name, *words, "--dump-config"]) == 0
    path.write_text(capsys.readouterr().out)
    assert dumped(name, "--config", path) == first
    assert first != dumped(name)


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_setting_of_a_command_has_a_name_of_its_own(
    name: str, command: SettingsCommand, dumped: Any
) -> None:
    names = [each for param in settable(command) for each in setting_names(param)]
    assert len(names) == len(set(names))
    told = dumped(name)
    assert list(told)[-1] == name
    assert set(told[name]) <= set(names)
