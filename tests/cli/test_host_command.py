# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim host: this machine, a copy of another one, and what is refused."""

import json
import tarfile
from pathlib import Path

import pytest
from host_copies import BOOKWORM_6_1, write_folder

from zswapsim import Trace, complete
from zswapsim.cli import main

Capture = pytest.CaptureFixture[str]


def run(*words: object) -> int:
    return main(["host", *map(str, words)])


def test_this_machine_is_told_whatever_it_has(capsys: Capture) -> None:
    assert run() == 0
    assert "this machine" in capsys.readouterr().out
    assert run("--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "host"
    assert facts["from"] == "this machine"


def test_what_is_saved_is_told_elsewhere_as_here(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    folder = write_folder(tmp_path / "copy", BOOKWORM_6_1)
    saved = tmp_path / "saved.tar"
    assert run(folder, "--save", saved) == 0
    here = capsys.readouterr()
    assert here.err == f"{saved}: {len(BOOKWORM_6_1)} files\n"
    assert run(saved) == 0
    there = capsys.readouterr().out
    assert there.replace(str(saved), str(folder)) == here.out
    with tarfile.open(saved) as archive:
        assert set(archive.getnames()) == set(BOOKWORM_6_1)


def test_an_empty_folder_is_told_and_no_error(tmp_path: Path, capsys: Capture) -> None:
    assert run(tmp_path) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Neither zswap nor zram is seen in use")
    assert "/proc/swaps: it is not there" in printed


@pytest.mark.parametrize("columns", [40, 80])
def test_lines_fit_the_terminal(
    columns: int, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(write_folder(tmp_path, BOOKWORM_6_1)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= columns or line.startswith("    ") for line in lines)


def test_a_trace_is_run_with_the_machines_settings_beside_others(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = write_folder(tmp_path / "copy", BOOKWORM_6_1)
    page = [at * 37 % 60 for at in range(400)]
    made = Trace.from_arrays(page=page, write=[True] * 400)
    complete(made, contents="mix:text=100").save(tmp_path / "x.ztrace")
    assert run(folder, "--trace", tmp_path / "x.ztrace", "--device", "ssd", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    compared = facts["comparison"]
    names = [one["name"] for one in compared["results"]]
    assert names == ["this machine", "plain swap", "zswap zstd", "larger pool", "zram"]
    mine = compared["results"][0]["result"]["config"]
    assert {name: mine[name] for name in facts["settings"]} == facts["settings"]
    assert mine["memory"] == "50%"
    assert run(folder, "--trace", tmp_path / "x.ztrace", "--memory", "80%") == 0
    printed = capsys.readouterr().out
    assert "waits least" in printed
    assert "this machine: zswap of Linux 6.1, zbud with lz4" in printed


def test_what_cannot_be_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    wrong = tmp_path / "x.tar"
    wrong.write_bytes(b"no tar" * 500)
    assert run(wrong) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "no tar archive" in said
    assert len(said.splitlines()) == 1
    assert run(tmp_path / "nowhere") == 2
    assert run("--save", tmp_path / "no" / "folder.tar") == 2
    assert run(wrong, "--save", wrong) == 2
    assert "is to be read" in capsys.readouterr().err
