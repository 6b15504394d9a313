# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim: help, list, trace, and how a command line that is wrong is told."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zswapsim import Trace
from zswapsim.cli import COMMANDS, main
from zswapsim.trace.synthetic import random_contents, zipf

ZSWAPSIM = [sys.executable, "-m", "zswapsim"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    zipf(3000, 100, seed=3, contents=random_contents(100, seed=4)).save(path)
    return path


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `zswapsim` is the program."""
    line = f'zswapsim() {{ "{sys.executable}" -m zswapsim "$@"; }}; {line}'
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "words",
    [
        [],
        *([name] for name in COMMANDS),
        *(["trace", name] for name in ("info", "curve", "head", "cut", "gen", "merge", "convert")),
    ],
)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(words: list[str], option: str, capsys: Capture) -> None:
    assert main([*words, option]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(" ".join(["Usage: zswapsim", *words]))
    assert captured.err == ""
    assert len(captured.out) > 100
    assert max(len(line) for line in captured.out.splitlines()) <= 80


def test_the_quick_help_is_the_help_that_click_knows(capsys: Capture) -> None:
    from zswapsim.cli.group import cli

    assert main(["--help"]) == 0
    assert set(COMMANDS) <= set(capsys.readouterr().out.split())
    assert set(cli.commands or COMMANDS) == set(COMMANDS)


def test_no_command_shows_help_and_exits_2(capsys: Capture) -> None:
    assert main([]) == 2
    captured = capsys.readouterr()
    assert "Usage: zswapsim" in captured.out + captured.err


def test_wrong_usage_without_a_result_prints_nothing_to_stdout() -> None:
    done = subprocess.run(ZSWAPSIM, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: zswapsim" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replya"], "replya"),
        (["--colour"], "--colour"),
        (["replay"], "TRACE"),
        (["replay", "x.ztrace"], "x.ztrace"),
        (["list", "gadgets"], "gadgets"),
        (["trace", "frob"], "frob"),
        (["trace", "info"], "FILE"),
        (["trace", "info", "none"], "none"),
        (["verify", "none"], "none"),
    ],
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(
    words: list[str], said: str, capsys: Capture
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Usage: zswapsim" in captured.err


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        (
            "compressors",
            [
                "lz4hc",
                "zstd",
                "deflate",
                "lz4-kernel",
                "lzo-rle",
                "lzo ",
                "acceleration",
                "built in",
            ],
        ),
        ("zpools", ["zbud", "built in"]),
        ("policies", ["lru", "clock", "two-list", "built in"]),
        ("formats", ["ztrace", "recording", "built in"]),
        ("profiles", ["5.4 unless", "6.18", "full_action", "hysteresis"]),
    ],
)
def test_list_names_every_part(parts: str, names: list[str], capsys: Capture) -> None:
    assert main(["list", parts]) == 0
    out = capsys.readouterr().out
    for name in names:
        assert name in out


@pytest.mark.parametrize(
    ("parts", "defaults"),
    [
        ("compressors", {"lz4": "the default here"}),
        ("policies", {"lru": "the default here"}),
        (
            "zpools",
            {
                "zbud": "the default of 3.11 5.4 5.10 6.1 6.6",
                "zsmalloc": "the default of 6.8 6.12 6.18",
            },
        ),
        ("formats", {}),
    ],
)
def test_list_marks_what_is_taken_if_nothing_is_said(parts: str, defaults: dict[str, str]) -> None:
    lines = shell(f"COLUMNS=400 zswapsim list {parts}").stdout.splitlines()[1:]
    marked = {line.split()[0]: line for line in lines if "; the default" in line}
    assert marked.keys() == defaults.keys()
    assert all(f"; {text} " in marked[name] for name, text in defaults.items())


def test_list_keeps_lines_whole_when_piped() -> None:
    for parts, wanted in (("policies", "built in"), ("profiles", "refuse, queue a shrink")):
        done = shell(f"zswapsim list {parts}")
        assert done.returncode == 0
        assert wanted in done.stdout
        assert "\x1b" not in done.stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_list_of_compressors_says_how_near_their_lengths_are(columns: int) -> None:
    done = shell(f"COLUMNS={columns} zswapsim list compressors")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    rows: dict[str, str] = {}
    name = ""
    for line in lines:
        name = line[:10].strip() or name
        rows[name] = f"{rows.get(name, '')} {line}"
    assert "equal: 4,460 pages" in rows["lz4-kernel"]
    assert "near: " in rows["lz4"]
    assert "not compared" in rows["deflate"]
    for word in ("acceleration", "decompress", "python-lz4", "zstandard", "revision"):
        assert word in done.stdout, "no word is cut"


def test_a_library_that_is_missing_is_one_line_in_the_list_and_an_error_when_asked_for(
    small: Path,
) -> None:
    script = (
        "import sys; sys.modules['lz4'] = None; from zswapsim.cli import main; sys.exit(main())"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *words]
        environment = {**os.environ, "COLUMNS": "200"}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    listed = run("list", "compressors")
    assert listed.returncode == 0
    assert "unavailable: pip install lz4" in listed.stdout
    assert "zstandard" in listed.stdout
    asked = run("replay", str(small), "--compressor", "lz4hc")
    assert asked.returncode == 2
    assert asked.stdout == ""
    assert asked.stderr.splitlines()[-1].endswith(
        "compressor 'lz4hc' is unavailable: pip install lz4"
    )
    assert "Traceback" not in asked.stderr
    assert run("replay", str(small), "--compressor", "zstd").returncode == 0


def test_version_is_printed(capsys: Capture) -> None:
    for option in ("-V", "--version"):
        assert main([option]) == 0
        assert capsys.readouterr().out.startswith("zswapsim, version ")


# trace


def test_trace_convert_cuts_and_keeps_the_rest(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "cut.ztrace"
    assert main(["trace", "convert", str(small), "-o", str(path), "--head", "1000"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "1,000 accesses" in captured.err
    cut = Trace.open(path)
    assert cut.accesses == 1000
    assert next(cut.blocks(1000)).tolist() == next(Trace.open(small).blocks(1000)).tolist()
    whole = tmp_path / "whole.ztrace"
    assert main(["trace", "convert", str(small), "-o", str(whole)]) == 0
    assert whole.read_bytes() == small.read_bytes()


def test_trace_convert_onto_its_own_input_gives_the_same_trace(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.ztrace"
    path.write_bytes(small.read_bytes())
    assert main(["trace", "convert", str(path), "-o", str(path)]) == 0
    assert path.read_bytes() == small.read_bytes()


@pytest.mark.parametrize("head", ["0", "-1", "x"])
def test_trace_convert_refuses_a_head_that_cannot_be(
    small: Path, tmp_path: Path, head: str, capsys: Capture
) -> None:
    path = tmp_path / "x.ztrace"
    assert main(["trace", "convert", str(small), "-o", str(path), "--head", head]) == 2
    assert head in capsys.readouterr().err
    assert not path.exists()


def test_trace_convert_into_no_folder_is_refused(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "none" / "x.ztrace"
    assert main(["trace", "convert", str(small), "-o", str(path)]) == 2
    assert "--output" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["info", "convert"])
def test_trace_of_a_foreign_file_exits_1(command: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(b"hello")
    words = ["-o", str(tmp_path / "x.ztrace")] if command == "convert" else []
    assert main(["trace", command, str(path), *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}: no known trace format")
    assert error.count("\n") == 1


# Streams


@pytest.mark.parametrize("words", ["--help", "list policies", "replay --help", "trace info {}"])
def test_a_reader_that_goes_early_sees_no_traceback(words: str, small: Path) -> None:
    done = shell(f"zswapsim {words.format(small)} | true; sleep 0.2")
    assert done.stderr == ""


@pytest.mark.parametrize("words", ["--help", "list policies", "trace info {}", "replay {}"])
def test_a_full_disk_is_one_clear_line_and_exits_1(words: str, small: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell(f"zswapsim {words.format(small)} > /dev/full")
    assert done.returncode == 1
    assert re.fullmatch("error: No space left on device: where the output goes, .*\\n", done.stderr)


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
@pytest.mark.parametrize("words", ["--help", "list policies", "trace info {}", "replay {}"])
def test_a_closed_stream_ends_in_no_traceback(words: str, closed: str, small: Path) -> None:
    done = shell(f"zswapsim {words.format(small)} {closed}")
    assert "Traceback" not in done.stderr
    assert done.returncode in ((0, 1) if closed == ">&-" else (0,))


def test_an_output_that_is_the_input_is_refused_and_nothing_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "small.ztrace"
    zipf(2000, 50, seed=1, contents=random_contents(64, seed=2)).save(trace)
    before = trace.read_bytes()
    link = tmp_path / "link.csv"
    link.symlink_to(trace)
    for words in (
        ["trace", "convert", trace, "-o", trace, "--head", "5"],
        ["replay", trace, "--series", trace],
        ["replay", trace, "--series", link],
        ["replay", trace, "--series", tmp_path / "x", "--swap-file", tmp_path / "x"],
    ):
        assert main([str(word) for word in words]) == 2
        assert "is to be read or written already" in capsys.readouterr().err
    assert trace.read_bytes() == before


def test_piped_tables_have_no_blanks_at_their_lines_ends(small: Path) -> None:
    done = shell(f"zswapsim replay {small}; zswapsim list formats")
    assert done.returncode == 0
    assert "pgmajfault\n" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]
