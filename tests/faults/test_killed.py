# SPDX-License-Identifier: GPL-2.0-only
"""Processes ended at random moments: what they wrote is whole or not there, and nothing else is."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faulty_places import ROOT, names
from writing_commands import COMMANDS, Inputs, make_inputs

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.experiment.sweep.files import is_there, read_rows
from zswapsim.experiment.sweep.rows import COLUMNS

PROGRAM = "import sys; from zswapsim.cli import main; print(flush=True); sys.exit(main())"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
SEED = int(os.environ.get("ZSWAPSIM_KILL_SEED", time.time_ns() % 1_000_000))
LONGEST_SECONDS = 0.7
"""Until most commands are done, from when they know what to do with a signal."""

RECORD = ("x.ztrace", ["record", "-o", "{}", "--", "sort", "/etc/passwd"])
Cells = dict[str, dict[str, object]]


class Campaign:
    """Commands over small inputs, in processes that share a cache, and what they have to write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.inputs: Inputs = make_inputs(folder)
        self.wanted: dict[str, Path] = {}

    def words(self, command: str, out: Path) -> tuple[list[str], Path]:
        if command == "record":
            name, words = RECORD
            return [word.format(out / name) for word in words], out / name
        name, of = COMMANDS[command]
        jobs = ["--jobs", "2"] if command == "sweep jsonl" else []
        words = of(self.inputs)
        return [*words[:-1], *jobs, words[-1], str(out / name)], out / name

    def right(self, command: str) -> Path:
        """Return what a run of the command writes that nobody disturbs."""
        if command not in self.wanted:
            out = self.folder / f"right {command}"
            out.mkdir()
            words, path = self.words(command, out)
            assert main(words) == 0
            self.wanted[command] = path
        return self.wanted[command]

    def round(self, command: str, number: signal.Signals, delay: float) -> None:
        """End a command after so many seconds, look around, and let it run to its end."""
        right = self.right(command)
        place = self.folder / f"round {len(names(self.folder))}"
        temporary, out = place / "tmp", place / "out"
        temporary.mkdir(parents=True)
        out.mkdir()
        words, path = self.words(command, out)
        running = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(temporary), "ZSWAPSIM_CACHE_DIR": str(self.cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(delay)
        running.send_signal(number)
        _, said = running.communicate(timeout=120)
        assert running.returncode in (0, -number, 130), said
        assert "Traceback" not in said
        assert "Exception ignored" not in said
        self.look(command, number, path, right)
        _wait_until_empty(temporary)
        assert not [name for name in names(self.cache) if name.endswith((".partial", ".tmp"))]
        resumes = command.startswith("sweep ") and path.suffix in ROWS and is_there(path)
        again = ["--resume"] if resumes else []
        if command == "replay --swap-file":
            path.unlink(missing_ok=True)
        assert main([*words, *again]) == 0
        assert names(out) == [path.name]
        self.look(command, None, path, right)

    def look(self, command: str, number: signal.Signals | None, path: Path, right: Path) -> None:
        """See that a file is whole, or else, after a signal, that there is none."""
        left = names(path.parent)
        if command.startswith("sweep ") and path.suffix in ROWS:
            rows, wanted = cells(path), cells(right)
            assert rows.items() <= wanted.items()
            assert number is not None or rows == wanted
            assert set(left) <= {path.name, f"{path.name}.rows"}
            return
        if left == [] and number is not None:
            return
        assert left == [path.name]
        data = path.read_bytes()
        if command == "record":
            assert sum(len(block) for block in Trace.open(path).blocks()) > 0
        elif command == "replay --swap-file":
            # A killed process cannot take away what was to stay.
            assert number is not None or data == right.read_bytes()
        elif path.suffix == ".html":
            assert data.rstrip().endswith(b"</html>")
        elif command != "replay --series" or number is None:
            assert data == right.read_bytes()
        else:  # a replay that was stopped tells of what it did
            assert {line.count(b",") for line in data.splitlines()} == {
                right.read_bytes().splitlines()[0].count(b",")
            }


ROWS = (".jsonl", ".parquet", ".csv")


def cells(path: Path) -> Cells:
    """Rows by cell, without what takes another time at each run."""
    if not is_there(path):
        return {}
    rows = read_rows(path, COLUMNS)
    assert len({row["cell"] for row in rows}) == len(rows)
    return {row["cell"]: row | {"machine_seconds": 0} for row in rows}


def _wait_until_empty(folder: Path) -> None:
    """Helpers of a killed process clear up after it, and may need a moment."""
    for _ in range(100):
        if not names(folder):
            return
        time.sleep(0.1)
    raise AssertionError(f"left in TMPDIR: {names(folder)}")


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    made = Campaign(tmp_path)
    monkeypatch.setenv("ZSWAPSIM_CACHE_DIR", str(made.cache))
    return made


def run_rounds(campaign: Campaign, commands: list[str], rounds: int) -> None:
    """Run rounds of random signals at random moments; the seed tells which."""
    print(f"ZSWAPSIM_KILL_SEED={SEED}")
    chance = random.Random(SEED)
    for at in range(rounds):
        command = commands[at % len(commands)]
        number, delay = chance.choice(SIGNALS), chance.uniform(0, LONGEST_SECONDS)
        print(f"round {at}: {command}, {number.name} after {delay:.3f} s", flush=True)
        campaign.round(command, number, delay)


def test_what_is_killed_leaves_a_whole_file_or_none(campaign: Campaign) -> None:
    run_rounds(campaign, ["sweep csv", "trace convert", "replay --html"], 6)


@pytest.mark.long
def test_what_is_killed_a_hundred_times_leaves_a_whole_file_or_none(campaign: Campaign) -> None:
    recorded = ["record"] if shutil.which("valgrind") and shutil.which("gcc") else []
    run_rounds(campaign, [*COMMANDS, *recorded], 100)


@pytest.mark.long
@pytest.mark.parametrize("number", SIGNALS)
def test_a_compilation_that_is_killed_leaves_a_cache_that_can_be_used(
    number: signal.Signals, campaign: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["replay", str(campaign.inputs.trace), "--json", "--engine"]
    assert main([*words, "interpreted"]) == 0
    right = json.loads(capsys.readouterr().out)
    for delay in (1, 4, 16, 19, 21, 23):
        running = subprocess.Popen(
            [sys.executable, "-m", "zswapsim", *words, "compiled"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(delay)
        running.send_signal(number)
        assert "Traceback" not in running.communicate(timeout=300)[1]
    assert not [name for name in names(campaign.cache) if "partial" in name or "tmp" in name]
    assert main([*words, "compiled"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [told[part] for part in ("zswap", "vmstat")] == [
        right[part] for part in ("zswap", "vmstat")
    ]
