# SPDX-License-Identifier: GPL-2.0-only
"""--fault, from the command line and from a file of settings; `zswapsim list faults`."""

import json
from pathlib import Path

import pytest

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.experiment.faults import KINDS
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    trace: Trace = zipf(2000, 200, 0.8, seed=3, contents=random_contents(100, seed=4))
    trace.save(tmp_path / "small.ztrace")
    return tmp_path / "small.ztrace"


def test_the_list_has_every_kind(capsys: Capture) -> None:
    assert main(["list", "faults"]) == 0
    said = capsys.readouterr().out
    assert [name for name in KINDS if name not in said] == []


def test_a_file_of_settings_and_the_command_line_mean_the_same(
    path: Path, tmp_path: Path, capsys: Capture
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[replay]\nfault = ["read-error:20%,seed=3", "bad-slots:5-20"]\n')
    told = []
    for words in (
        ["--config", str(settings)],
        ["--fault", "read-error:20%,seed=3", "--fault", "bad-slots:5-20"],
    ):
        assert main(["replay", str(path), "--memory", "40%", "--json", *words]) == 0
        told.append(json.loads(capsys.readouterr().out)["faults"])
    assert told[0] == told[1]
    assert told[0]["lost_pages"] > 0
    assert told[0]["bad_slots_struck"] == 16


def test_an_assertion_about_a_fault_gives_exit_code_4(path: Path, capsys: Capture) -> None:
    words = ["replay", str(path), "--memory", "40%", "--fault", "read-error:20%"]
    assert main([*words, "--assert", "lost_pages==0"]) == 4
    assert "lost_pages is" in capsys.readouterr().err


def test_a_file_with_a_wrong_plan_is_refused_with_its_line(
    path: Path, tmp_path: Path, capsys: Capture
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[replay]\nmemory = "40%"\nfault = ["read-error:1%", "read-eror"]\n')
    assert main(["replay", str(path), "--config", str(settings)]) == 2
    said = capsys.readouterr().err
    assert f"{settings}:3" in said
    assert "no fault 'read-eror'; there are read-error" in said
    assert "Traceback" not in said
