# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim recommend: what it prints, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zswapsim import Trace, complete
from zswapsim.cli import main

Capture = pytest.CaptureFixture[str]
FEW = ["--copies", "1", "--compressor", "lz4", "--zpool", "zbud", "--frontend", "zswap,none"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace of 100 pages of text, used at random."""
    random = np.random.default_rng(1)
    page = random.integers(0, 100, 600).tolist()
    made = Trace.from_arrays(page=page, write=(random.random(600) < 0.5).tolist())
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    complete(made, contents="mix:text=100", seed=1).save(path)
    return path


def run(*words: object) -> int:
    return main(["recommend", *map(str, words)])


def as_json(capsys: Capture, *words: object) -> dict[str, Any]:
    assert run(*words, "--json") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.parametrize("columns", [40, 80])
def test_people_get_an_answer_reasons_and_what_to_paste(
    columns: int, path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(path, *FEW, "--device", "disk") == 0
    printed = capsys.readouterr()
    flat = " ".join(printed.out.split())
    assert flat.startswith("zswap with lz4 in zbud, max_pool_percent=")
    for said in (
        "the program waits",
        "Linux 6.12, disk;",
        "Why, each setting with the others as they are",
        "echo zbud > /sys/module/zswap/parameters/zpool",
        "zswap.zpool=zbud zswap.compressor=lz4",
        "/etc/tmpfiles.d/zswap.conf",
        "/etc/sysctl.d/90-swap.conf",
    ):
        assert said in flat
    assert printed.err == ""
    assert "\x1b" not in printed.out


def test_json_has_all_that_the_answer_rests_on(path: Path, capsys: Capture) -> None:
    told = as_json(capsys, path, *FEW, "--kernel", "5.4", "--device", "read=1ms,write=2ms")
    assert told["kind"] == "recommend"
    assert told["asked"]["kernel"] == "5.4"
    device = told["costs"]["device"]
    assert (device["name"], device["read_us"], device["write_us"]) == ("own device", 1000, 2000)
    names = [cell["name"] for cell in told["cells"]]
    assert len(names) == len(set(names))
    assert told["best"]["name"] in names
    assert {cell["settings"]["frontend"] for cell in told["cells"]} == {"zswap", "none"}
    assert all("accept_threshold_percent" not in cell["settings"] for cell in told["cells"])


def test_what_is_made_up_is_said(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "log.txt"
    path.write_text("".join(f"{'RW'[at % 2]} {at * 7919 % 90 << 12:#x}\n" for at in range(900)))
    told = as_json(capsys, path, *FEW)
    assert any(said.startswith("contents: made up") for said in told["warnings"])


def test_what_is_wrong_is_one_line(path: Path, capsys: Capture) -> None:
    for words, said in (
        (["--memory", "2G"], "so nothing is swapped"),
        (["--memory", "lots"], "is no size"),
        (["--device", "tape"], "no device 'tape'; there are nvme"),
        (["--kernel", "2.6"], "no kernel profile"),
        (["--kernel", "6.18", "--zpool", "zbud"], "has no zpool 'zbud'"),
        (["--kernel", "6.6", "--compressor", "zstd:1"], "takes no level"),
        (["--compressor", "lz5"], "no compressor 'lz5'"),
        (["--frontend", "zcache"], "there are zswap"),
        (["--max-cpu", "-1"], "-1"),
        (["--copies", "0"], "0"),
        (["--reclaim", "magic"], "magic"),
    ):
        assert run(path, *words) == 2, words
        error = capsys.readouterr().err
        assert said in error
        assert len([line for line in error.splitlines() if line.lower().startswith("error")]) == 1
    assert run("nowhere.ztrace") == 2


def test_where_nothing_is_allowed_the_exit_code_says_so(path: Path, capsys: Capture) -> None:
    assert run(path, *FEW, "--max-cpu", "0") == 1
    assert capsys.readouterr().out.startswith("nothing that was tried stays within")


def test_a_stop_ends_it(path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from zswapsim.cli.options import StopFlag

    monkeypatch.setattr(StopFlag, "__call__", lambda flag: True)
    assert run(path, *FEW) == 130
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split() == ["stopped"]
