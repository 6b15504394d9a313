# SPDX-License-Identifier: GPL-2.0-only
"""--seed: the same seed gives the same output, another one another wherever something is drawn."""

import hashlib
import json
from pathlib import Path

import click
import pytest

from zswapsim.cli import main
from zswapsim.cli.group import cli
from zswapsim.trace.synthetic import random_contents, zipf

Capture = pytest.CaptureFixture[str]

DRAWN = {
    "trace gen: accesses and contents": "trace gen zipf -o OUT --accesses 500 --pages 50",
    "trace gen: writes": "trace gen scan -o OUT --accesses 500 --pages 50 --contents none",
    "trace convert: contents": "trace convert trace.ztrace -o OUT --contents mix",
    "trace convert: writes": "trace convert ids.txt -o OUT --format txt --write-percent 50",
    "trace merge: writes": "trace merge ids.txt ids.txt -o OUT --format txt --write-percent 50",
    "trace cut: writes": "trace cut ids.txt -o OUT --from 100 --format txt --write-percent 50",
    "trace head: writes": "trace head ids.txt --format txt --write-percent 50",
    "trace info: writes": "trace info ids.txt --json --format txt --write-percent 50",
    "capture: a sample": "capture memory.raw -o OUT --sample 256K",
    "ratio: a sample": "ratio memory.raw --sample 256K --no-time --json",
    "ratio: the order of a pool": "ratio memory.raw --no-time --json",
    "replay: contents": "replay trace.ztrace --contents mix --json",
    "replay: accesses": "replay snapshot.ztrace --accesses zipf --memory 20% --json",
    "replay: writes": "replay ids.txt --format txt --write-percent 50 --memory 20% --json",
    "sweep: contents": "sweep trace.ztrace --contents mix --memory 30%,50% --jobs 1 "
    "--engine interpreted --json",
}
NOT_DRAWN = {
    "trace convert: as it is": "trace convert trace.ztrace -o OUT",
    "trace head: as it is": "trace head trace.ztrace",
    "replay: as it is": "replay trace.ztrace --json",
}
VARYING = ("seconds", "seed", "config", "machine_seconds", "cell")
"""What tells of the time, or the seed itself."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("seed")
    contents = random_contents(300, seed=4)
    zipf(2000, 300, 0.8, seed=3, contents=contents).save(there / "trace.ztrace")
    (there / "memory.raw").write_bytes(bytes(contents) + bytes(4096 * 100))
    (there / "ids.txt").write_text("".join(f"{3 * at % 77}\n" for at in range(1000)))
    assert main(["capture", str(there / "memory.raw"), "-o", str(there / "snapshot.ztrace")]) == 0
    return there


def without_times(fact: object) -> object:
    if isinstance(fact, dict):
        return {key: without_times(each) for key, each in fact.items() if key not in VARYING}
    return [without_times(each) for each in fact] if isinstance(fact, list) else fact


def outcome(line: str, seed: int, capsys: Capture) -> object:
    """What a command prints, or the file that it writes."""
    output = Path("out.ztrace")
    output.unlink(missing_ok=True)
    words = [str(output) if word == "OUT" else word for word in line.split()]
    capsys.readouterr()
    assert main([*words, "--seed", str(seed)]) == 0
    if output.exists():
        return hashlib.sha256(output.read_bytes()).hexdigest()
    text = capsys.readouterr().out
    if "--json" not in words:
        return text
    return without_times([json.loads(part) for part in split_json(text)])


def split_json(text: str) -> list[str]:
    """One document, or one a line."""
    return text.splitlines() if text.splitlines()[0].endswith("}") else [text]


@pytest.mark.parametrize("line", DRAWN.values(), ids=DRAWN.keys())
def test_the_seed_decides_what_is_drawn(
    line: str, folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    first = outcome(line, 1, capsys)
    assert outcome(line, 1, capsys) == first
    assert outcome(line, 2, capsys) != first


@pytest.mark.parametrize("line", NOT_DRAWN.values(), ids=NOT_DRAWN.keys())
def test_the_seed_changes_nothing_where_nothing_is_drawn(
    line: str, folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert outcome(line, 1, capsys) == outcome(line, 2, capsys)


def test_every_command_that_draws_has_a_seed() -> None:
    """A recording takes what the program does; how --scrub makes contents up is a secret."""
    none = {"record", "list", "verify", "completion", "host", "report"}
    context = click.Context(cli)
    for name in set(cli.list_commands(context)) - none:
        command = cli.get_command(context, name)
        of_group = isinstance(command, click.Group)
        below = (
            [command.get_command(context, each) for each in command.list_commands(context)]
            if (of_group)
            else [command]
        )
        for each in below:
            assert each is not None
            assert "seed" in {param.name for param in each.params}, (name, each.name)
