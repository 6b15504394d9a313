# SPDX-License-Identifier: GPL-2.0-only
"""Disks that are full, and that take nothing: a line says so, and nothing is left."""

import re
import tempfile
from pathlib import Path

import pytest
from faulty_places import disk, fill, make_read_only, names, run_unprivileged
from writing_commands import COMMANDS, Inputs, make_inputs

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.experiment.sweep.files import read_rows
from zswapsim.experiment.sweep.rows import COLUMNS
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]
LONG = ("recommend", "sweep --html", "compare --html")
each = pytest.mark.parametrize(
    "command",
    [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in COMMANDS],
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


def words_of(command: str, inputs: Inputs, folder: Path) -> tuple[list[str], Path]:
    """The words of a command that writes into a folder, and what it writes."""
    name, words = COMMANDS[command]
    return [*words(inputs), str(folder / name)], folder / name


@each
def test_on_a_full_disk_a_line_names_the_output_and_nothing_is_left(
    command: str, inputs: Inputs, tmp_path: Path, capsys: Capture
) -> None:
    with disk(tmp_path / "disk", "64k") as folder:
        filler = fill(folder)
        words, path = words_of(command, inputs, folder)
        assert main(words) == 1
        said = capsys.readouterr().err.splitlines()
        assert said[-1].removesuffix(".rows") == f"error: No space left on device: {path}"
        assert [line for line in said[:-1] if not line.startswith("warning: ")] == []
        assert names(folder) == [filler.name]


@pytest.mark.parametrize("command", ["report", "trace convert", "host --save", "ratio --csv"])
def test_what_is_there_stays_when_the_disk_is_full(
    command: str, inputs: Inputs, tmp_path: Path, capsys: Capture
) -> None:
    with disk(tmp_path / "disk", "64k") as folder:
        words, path = words_of(command, inputs, folder)
        path.write_bytes(b"of before")
        filler = fill(folder)
        assert main(words) == 1
        assert path.read_bytes() == b"of before"
        assert names(folder) == sorted([filler.name, path.name])


@each
def test_a_folder_that_takes_nothing_is_said_before_the_work(
    command: str, inputs: Inputs, tmp_path: Path, capsys: Capture
) -> None:
    with disk(tmp_path / "disk", "64k") as folder:
        make_read_only(folder)
        words, path = words_of(command, inputs, folder)
        assert main(words) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert re.search(rf"{re.escape(str(path))}: cannot be written\n$", said.err)
        assert names(folder) == []


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_sweep_goes_on_when_there_is_room_again(
    ending: str, inputs: Inputs, tmp_path: Path, capsys: Capture
) -> None:
    words, whole = words_of(f"sweep {ending}", inputs, tmp_path)
    assert main(words) == 0
    with disk(tmp_path / "disk", "128k") as folder:
        words, path = words_of(f"sweep {ending}", inputs, folder)
        filler = fill(folder, 4096)
        capsys.readouterr()
        assert main(words) == 1
        said = capsys.readouterr().err.splitlines()
        written = path.with_name(f"{path.name}.rows") if ending == "parquet" else path
        kept = written.read_bytes()
        assert kept.endswith(b"\n"), "no row is torn"
        rows = read_rows(path, COLUMNS)
        assert said[-2] == f"{len(rows)} cells are in {path}; --resume goes on with it"
        assert said[-1] == f"error: No space left on device: {path}"
        assert 0 < len(rows) < len(read_rows(whole, COLUMNS))
        filler.unlink()
        assert main([*words, "--resume"]) == 0
        assert cells(path) == cells(whole)
        assert names(folder) == [path.name]


def cells(path: Path) -> list[dict[str, object]]:
    """Rows in order of the cells, without what takes another time at each run."""
    rows = [row | {"machine_seconds": 0} for row in read_rows(path, COLUMNS)]
    return sorted(rows, key=lambda row: str(row["cell"]))


@pytest.mark.parametrize("command", ["replay", "convert", "packed"])
def test_a_full_folder_for_temporary_files_is_said(
    command: str,
    inputs: Inputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    import gzip

    monkeypatch.setattr("zswapsim.content.swap_file.NAMELESS_PENDING_PAGES", 256)
    packed = tmp_path / "small.ztrace.gz"
    packed.write_bytes(gzip.compress(inputs.trace.read_bytes()))
    many = tmp_path / "many.ztrace"  # more pages than wait to be written to the swap file
    zipf(3000, 600, 0.5, seed=3, contents=random_contents(600, seed=4)).save(many)
    text = tmp_path / "accesses.csv"
    rows = "".join(
        f"{n},{'W' if n % 3 else 'R'},{4096 * (n * 7919 % 9999)}\n" for n in range(30_000)
    )
    text.write_text("time,op,address\n" + rows)
    words = {
        "replay": ["replay", many, "--engine", "interpreted", "--memory", "20p"],
        "convert": ["trace", "convert", text, "-o", tmp_path / "x.ztrace"],
        "packed": ["trace", "info", packed],
    }[command]
    with disk(tmp_path / "disk", "64k") as folder:
        filler = fill(folder)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        assert main([str(word) for word in words]) == 1
        said = capsys.readouterr().err
        assert re.fullmatch(
            rf"error: No space left on device: .*{re.escape(str(folder))}.*\n", said
        )
        assert names(folder) == [filler.name]
    assert not (tmp_path / "x.ztrace").exists()


@pytest.mark.parametrize("state", ["full", "read only", "not a folder"])
def test_caches_that_cannot_be_written_change_no_number(
    state: str,
    inputs: Inputs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    words = ["replay", str(inputs.trace), "--engine", "interpreted", "--json"]
    assert main(words) == 0
    right = _numbers(capsys.readouterr().out)
    with disk(tmp_path / "disk", "64k") as folder:
        place = folder / "cache"
        if state == "full":
            fill(folder)
        elif state == "read only":
            make_read_only(folder)
        else:
            place.write_text("no folder")
        monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(place))
        assert main(words) == 0
        said = capsys.readouterr()
        assert _numbers(said.out) == right
        assert said.err == ""
        assert list(folder.rglob("*.partial")) == []


def _numbers(text: str) -> dict[str, object]:
    import json

    told = json.loads(text)
    return {name: told[name] for name in ("zswap", "vmstat")}


@pytest.mark.parametrize("command", ["replay", "trace info", "lesson"])
def test_a_trace_that_may_not_be_read_is_a_line(
    command: str, inputs: Inputs, tmp_path: Path
) -> None:
    path = tmp_path / "mine.ztrace"
    path.write_bytes(inputs.trace.read_bytes())
    path.chmod(0)
    more = ["-o", tmp_path / "none.html"] if command == "lesson" else []
    done = run_unprivileged(*command.split(), path, *more)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert re.fullmatch(
        r"(Usage: .*\n.*\n\n)?[Ee]rror: [^\n]*(readable|denied)[^\n]*\n", done.stderr
    )


def test_a_trace_is_not_lost_when_its_copy_cannot_be_made(inputs: Inputs, tmp_path: Path) -> None:
    before = inputs.trace.read_bytes()
    with disk(tmp_path / "disk", "64k") as folder:
        fill(folder)
        for words in (["cut", "--to", "5"], ["convert"]):
            name, file, *rest = words[0], str(inputs.trace), *words[1:]
            assert main(["trace", name, file, *rest, "-o", str(folder / "x.ztrace")]) == 1
    assert inputs.trace.read_bytes() == before
    assert Trace.open(inputs.trace).accesses == 3000
