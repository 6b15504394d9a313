# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim trace info, head, cut, gen and merge."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.trace.derive.merge import merge_traces
from zswapsim.trace.synthetic import random_contents, synthetic_trace, zipf
from zswapsim.units import FREED, PAGE_SIZE

Capture = pytest.CaptureFixture[str]
UMASK = os.umask(0)
os.umask(UMASK)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(3000, 100, seed=3, contents=random_contents(100, seed=4)).save(path)
    return path


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """Four accesses to two pages at known addresses, the second of which is freed in between."""
    path = tmp_path / "numbered.ztrace"
    Trace.from_arrays(
        [0, 1, 1, 0],
        np.array([True, False, False, True]),
        [0, 0, 2, 2, 2, 2],
        [0, 1, 1, 2, 3, 5],
        [0, 1, FREED, FREED, FREED, FREED],
        bytes(PAGE_SIZE) + (b"some text, " * 400)[:PAGE_SIZE],
        page_numbers=[0x400, 0x7FFE12345, 2, 3, 4, 5],
    ).save(path)
    return path


def out_of(*words: str | Path, capsys: Capture, code: int = 0) -> str:
    assert main(["trace", *map(str, words)]) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def accesses_of(path: Path) -> list[int]:
    return [access for block in Trace.open(path).blocks() for access in block.tolist()]


# info


def test_info_draws_what_it_knows(
    small: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    narrow = out_of("info", small, capsys=capsys)
    assert max(map(len, narrow.splitlines())) <= 40
    monkeypatch.setenv("COLUMNS", "80")
    text = out_of("info", small, capsys=capsys)
    assert max(map(len, text.splitlines())) <= 80
    for said in ("3,000, 29.", "100 %  100 pages", "60 windows of 50", "What pages hold"):
        assert said in text
    assert "\x1b" not in text
    assert "Faults" not in out_of("info", "--quick", small, capsys=capsys)


def test_info_as_json_has_all_numbers(small: Path, capsys: Capture) -> None:
    trace = Trace.open(small)
    facts = json.loads(out_of("info", "--json", small, capsys=capsys))
    assert trace.info().items() <= facts.items()
    assert [point["percent"] for point in facts["reuse"]["curve"]] == list(range(1, 101))
    assert facts["reuse"]["curve"][-1] == {"percent": 100, "memory_pages": 100, "faults": 100}
    assert facts["reuse"]["repeated_accesses"] == 2900
    assert len(facts["working_set"]["touched"]) == 60
    assert sum(facts["working_set"]["writes"]) == trace.writes
    assert sum(facts["content_mix"]["counts"].values()) == facts["content_mix"]["sampled"]
    quick = json.loads(out_of("info", "--json", "--quick", small, capsys=capsys))
    assert set(facts) - set(quick) == {"reuse", "working_set", "written_pages"}


@pytest.mark.parametrize("accesses", [0, 1])
def test_info_of_almost_nothing(accesses: int, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "tiny.ztrace"
    zipf(accesses, 3).save(path)
    assert "accesses" in out_of("info", path, capsys=capsys)
    assert json.loads(out_of("info", path, "--json", capsys=capsys))["accesses"] == accesses


def test_info_in_a_terminal_without_unicode_draws_in_ascii(small: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", "trace", "info", str(small)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=60,
    )
    assert done.returncode == 0
    assert b"####" in done.stdout.decode("ascii").encode()


# head


def test_head_prints_a_line_an_access(numbered: Path, capsys: Capture) -> None:
    assert out_of("head", numbered, capsys=capsys).splitlines() == [
        "access page        address   content",
        "     0    0       0x400000 W       0 zero",
        "     1    1 0x7ffe12345000 R       1 text",
        "       freed 1-3, 5",
        "     2    1 0x7ffe12345000 R       - fresh",
        "     3    0       0x400000 W       0 zero",
    ]


def test_head_as_json_has_the_same(numbered: Path, capsys: Capture) -> None:
    rows = json.loads(out_of("head", numbered, "-n", "3", "--json", capsys=capsys))
    assert rows[1] == {
        "number": 1, "page": 1, "page_number": 0x7FFE12345, "write": False,
        "content": 1, "kind": "text", "freed": [],
    }  # fmt: skip
    assert rows[2] == {
        "number": 2, "page": 1, "page_number": 0x7FFE12345, "write": False,
        "content": None, "kind": "fresh", "freed": [1, 2, 3, 5],
    }  # fmt: skip
    assert len(rows) == 3


def test_head_of_a_trace_without_contents_has_no_contents(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "plain.ztrace"
    Trace.from_arrays([3, 5], [True, False]).save(path)
    assert out_of("head", path, capsys=capsys).splitlines() == [
        "access page", "     0    3 W", "     1    5 R",
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "lines"), [(0, 1), (1, 2), (20, 21), (5000, 3001)])
def test_head_prints_as_many_as_there_are(
    small: Path, count: int, lines: int, capsys: Capture
) -> None:
    assert len(out_of("head", small, "-n", str(count), capsys=capsys).splitlines()) == lines


def test_head_of_a_snapshot_says_that_there_is_nothing(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "snapshot.ztrace"
    Trace.from_arrays([], [], [0], [0], [0], bytes(PAGE_SIZE)).save(path)
    assert out_of("head", path, capsys=capsys) == "0 accesses: there is no first one\n"
    assert json.loads(out_of("head", path, "--json", capsys=capsys)) == []


# cut


@pytest.mark.parametrize(
    ("words", "start", "stop"),
    [
        (["--from", "1000", "--to", "1500"], 1000, 1500),
        (["--from", "2990"], 2990, 3000),
        (["--to", "7"], 0, 7),
        ([], 0, 3000),
        (["--from", "5", "--to", "5"], 5, 5),
    ],
)
def test_cut_writes_a_stretch(
    small: Path, tmp_path: Path, words: list[str], start: int, stop: int, capsys: Capture
) -> None:
    path = tmp_path / "cut.ztrace"
    assert main(["trace", "cut", str(small), "-o", str(path), *words]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{stop - start:,} accesses" in captured.err
    assert accesses_of(path) == accesses_of(small)[start:stop]
    assert Trace.open(path).meta.get("cut_start", 0) == start


def test_cut_keeps_page_numbers(numbered: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.ztrace"
    assert main(["trace", "cut", str(numbered), "-o", str(path), "--from", "2", "--to", "3"]) == 0
    cut = Trace.open(path)
    assert cut.page_numbers is not None
    assert cut.page_numbers.tolist()[:2] == [0x400, 0x7FFE12345]


# gen


def test_gen_makes_what_the_options_say(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "made.ztrace"
    words = ["phases", "--accesses", "5000", "--size", "1M", "--set-size", "10%", "--seed", "3"]
    words += ["--phase-length", "100", "--write-percent", "10", "--contents", "zero=50,random=50"]
    assert main(["trace", "gen", *words, "-o", str(path)]) == 0
    assert "5,000 accesses" in capsys.readouterr().err
    expected = synthetic_trace(
        "phases:25p:100", 5000, 256, seed=3, write_percent=10, mix={"zero": 50, "random": 50}
    )
    assert accesses_of(path) == [a for block in expected.blocks() for a in block.tolist()]
    assert Trace.open(path).contents_digest == expected.contents_digest


def test_gen_without_contents_and_with_an_alpha(tmp_path: Path) -> None:
    path = tmp_path / "made.ztrace"
    words = ["zipf", "--accesses", "100", "--pages", "9", "--alpha", "0.5", "--contents", "none"]
    assert main(["trace", "gen", *words, "-o", str(path)]) == 0
    assert not Trace.open(path).has_contents
    expected = synthetic_trace("zipf:0.5", 100, 9)
    assert accesses_of(path) == [a for block in expected.blocks() for a in block.tolist()]


@pytest.mark.parametrize("kind", ["zipf", "scan", "loop", "phases"])
def test_what_gen_made_replays(kind: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "made.ztrace"
    assert main(["trace", "gen", kind, "--accesses", "900", "--pages", "40", "-o", str(path)]) == 0
    assert main(["replay", str(path), "--json", "--engine", "interpreted"]) == 0
    assert json.loads(capsys.readouterr().out)["complete"]


# merge


def test_merge_writes_one_trace(
    small: Path, numbered: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "merged.ztrace"
    words = [str(small), str(numbered), str(small), "-o", str(path), "--slice", "50"]
    assert main(["trace", "merge", *words]) == 0
    assert "6,004 accesses" in capsys.readouterr().err
    expected = merge_traces([Trace.open(name) for name in (small, numbered, small)], 50)
    assert accesses_of(path) == [a for block in expected.blocks() for a in block.tolist()]
    assert Trace.open(path).contents_digest == expected.contents_digest
    head = out_of("head", path, "-n", "2000", capsys=capsys)
    assert " 1:0x400000 W " in head
    assert " 2:0x" in head


# what is refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cut", "{small}", "-o", "{out}", "--from", "3001"], "start is 3001; allowed are 0..3000"),
        (["cut", "{small}", "-o", "{out}", "--to", "3001"], "stop is 3001; allowed are 0..3000"),
        (["cut", "{small}", "-o", "{out}", "--from", "9", "--to", "5"], "start is 9"),
        (["cut", "{small}", "-o", "{out}", "--from", "-1"], "-1"),
        (["cut", "{small}"], "--output"),
        (["cut", "{small}", "-o", "{small}"], "is to be read or written already"),
        (["cut", "{small}", "-o", "{out}/none/x"], "there is no folder"),
        (["gen", "walk", "-o", "{out}"], "no accesses 'walk'; there are zipf, scan, loop, phases"),
        (["gen", "zipf"], "--output"),
        (["gen", "-o", "{out}"], "KIND"),
        (["gen", "zipf", "-o", "{out}", "--size", "none"], "'none' is no size"),
        (["gen", "zipf", "-o", "{out}", "--size", "1M", "--pages", "5"], "say the same"),
        (["gen", "zipf", "-o", "{out}", "--pages", "0"], "0"),
        (["gen", "zipf", "-o", "{out}", "--alpha", "-2"], "alpha is -2.0; allowed are 0..10"),
        (["gen", "scan", "-o", "{out}", "--alpha", "1"], "--alpha is for zipf only"),
        (["gen", "loop", "-o", "{out}", "--set-size", "1M"], "--set-size is for phases only"),
        (["gen", "phases", "-o", "{out}", "--pages", "9", "--set-size", "10p"], "has 10 pages"),
        (["gen", "zipf", "-o", "{out}", "--contents", "txt=100"], "'txt' is unknown"),
        (["gen", "zipf", "-o", "{out}", "--contents", "text=99"], "a sum of 100"),
        (["gen", "zipf", "-o", "{out}", "--write-percent", "101"], "101"),
        (["gen", "zipf", "-o", "{out}", "--seed", "-1"], "-1"),
        (["merge", "-o", "{out}"], "FILE"),
        (["merge", "{small}", "none", "-o", "{out}"], "none"),
        (["merge", "{small}", "{small}", "-o", "{small}"], "is to be read or written already"),
        (["merge", "{small}", "-o", "{out}", "--slice", "0"], "0"),
        (["merge", "-", "-", "-o", "{out}"], "once only"),
        (["head", "{small}", "-n", "-1"], "-1"),
    ],
)
def test_wrong_usage_exits_2_with_one_clear_line_and_writes_nothing(
    words: list[str], said: str, small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.ztrace"
    before = small.read_bytes()
    assert main(["trace", *(word.format(small=small, out=out) for word in words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.splitlines()[-1].casefold().startswith("error: ")
    assert not list(tmp_path.iterdir())
    assert small.read_bytes() == before


@pytest.mark.parametrize("command", ["cut", "merge", "head", "info"])
def test_a_damaged_trace_is_one_clear_line_and_leaves_nothing(
    command: str, small: Path, tmp_path: Path, capsys: Capture
) -> None:
    data = bytearray(small.read_bytes())
    data[data.index(b"\x28\xb5\x2f\xfd") + 500] ^= 0xFF
    damaged = tmp_path / "damaged.ztrace"
    damaged.write_bytes(data)
    words = ["-o", str(tmp_path / "out.ztrace")] if command in ("cut", "merge") else []
    assert main(["trace", command, str(damaged), *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {damaged}: accesses.zst")
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [damaged]


def writes_into(folder: Path, process: int) -> bool:
    """Say whether a process has a file without a name, or one that is not complete, in a folder."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            name = str(link.readlink())
            if name.startswith(f"{folder}/") and ("#" in name or name.endswith(".partial")):
                return True
    return False


@pytest.mark.parametrize("command", ["gen", "cut", "merge"])
def test_ctrl_c_leaves_nothing(command: str, tmp_path: Path) -> None:
    """The run is long; it is stopped as soon as it has opened the file, which has no name yet."""
    source, out = tmp_path / "source.ztrace", tmp_path / "out.ztrace"
    words = ["gen", "zipf", "--accesses", "8_000_000", "--pages", "100", "--contents", "none"]
    if command != "gen":
        synthetic_trace("zipf", 5_000_000, 5000).save(source, level=1)
        words = [command, str(source)]
        words += ["--from", "1"] if command == "cut" else [str(source), "--slice", "1"]
    before = set(tmp_path.iterdir())
    line = [sys.executable, "-m", "zswapsim", "trace", *words, "-o", str(out)]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 120
            while not writes_into(tmp_path, process.pid) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert error.strip() == "stopped"
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "words", [["cut", "{}"], ["convert", "{}"], ["merge", "{}", "{}"], ["convert", "-", "-c", "{}"]]
)
def test_what_is_made_of_a_private_file_is_private(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A capture is readable by its owner alone, as it holds whatever was in memory."""
    capture, output = tmp_path / "capture.ztrace", tmp_path / "made.ztrace"
    Trace.from_arrays([], [], [0], [0], [0], b"secret! " * 512).save(capture)
    words = [{"-c": "--contents"}.get(word, word.format(capture)) for word in words]
    for mode, wanted in ((0o600, 0o600), (0o644, 0o666 & ~UMASK)):
        capture.chmod(mode)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"R 0x1000\n" * 9)))
        assert main(["trace", *words, "-o", str(output)]) == 0
        assert output.stat().st_mode & 0o777 == wanted


def test_a_snapshot_that_is_written_has_its_pages(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "snapshot.ztrace"
    Trace.from_arrays([], [], [0, 0], [0, 1], [0, 0], bytes(4096)).save(path)
    assert main(["trace", "cut", str(path), "-o", str(tmp_path / "same.ztrace")]) == 0
    assert "0 accesses, 2 pages, 1 contents" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_leaves_no_part_of_a_file(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(
        "zswapsim.trace.writer._accesses", lambda *_: signal.raise_signal(number) or iter(())
    )
    path = tmp_path / "made.ztrace"
    assert main(["trace", "gen", "loop", "--accesses", "9", "-o", str(path)]) == 130
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err.strip() == "stopped"


def test_an_output_is_neither_the_input_nor_standard_output(
    tmp_path: Path, capsys: Capture
) -> None:
    log = tmp_path / "course.txt"
    log.write_text("0041f7a0 R\n13f5e2c0 W\n")
    assert main(["trace", "convert", str(log), "-o", str(log)]) == 2
    assert "is to be read or written already" in capsys.readouterr().err
    assert log.read_text().startswith("0041f7a0 R")
    assert main(["trace", "convert", str(log), "-o", "-"]) == 2
    assert "it cannot be written to standard output" in capsys.readouterr().err


def test_a_snapshot_with_other_contents_stays_a_snapshot(tmp_path: Path) -> None:
    page = bytes(4096)
    snapshot = tmp_path / "snapshot.ztrace"
    Trace.from_arrays([], [], [0, 0], [0, 1], [0, 0], page).save(snapshot)
    other = tmp_path / "other.ztrace"
    assert main(["trace", "convert", str(snapshot), "--contents", "mix", "-o", str(other)]) == 0
    assert (Trace.open(other).accesses, Trace.open(other).contents_count) == (0, 2)


def test_merging_says_whose_pages_hold_nothing(tmp_path: Path, capsys: Capture) -> None:
    bare, held = tmp_path / "bare.ztrace", tmp_path / "held.ztrace"
    Trace.from_arrays([0], [True]).save(bare)
    Trace.from_arrays([0], [True], [0], [0], [0], bytes(4096)).save(held)
    assert main(["trace", "merge", str(bare), str(held), "-o", str(tmp_path / "m.ztrace")]) == 0
    assert "bare.ztrace: has no contents; its pages will be pages of zeros" in (
        capsys.readouterr().err
    )


def test_a_closed_standard_input_is_an_empty_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.stdin = None; from zswapsim.cli import main; "
            "sys.exit(main(['replay', '-']))",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "error: standard input: the file is empty\n"
