# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim completion: what real shells make of TAB, typed at a terminal."""

import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zswapsim.cli import COMMANDS, main
from zswapsim.cli.completion import SHELLS, glued

ROOT = Path(__file__).parents[2]
COMPLETION = "_ZSWAPSIM_COMPLETE"
Capture = pytest.CaptureFixture[str]

START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {
    "bash": 'eval "$(zswapsim completion bash)"',
    "zsh": 'bindkey -e; autoload -U compinit; compinit -u -D; eval "$(zswapsim completion zsh)"',
    "fish": "zswapsim completion fish | source",
}
TYPED = [
    ("repl", "replay"),
    ("trace inf", "trace info"),
    ("list pol", "list policies"),
    ("replay --max-pool-p", "replay --max-pool-percent"),
    ("replay --kernel 3", "replay --kernel 3.11"),
    ("replay --kernel=3", "replay --kernel=3.11"),
    ("replay --compressor lz4h", "replay --compressor lz4hc"),
    ("replay --memory=50% --zpool zs", "replay --memory=50% --zpool zsmalloc"),
    ("replay --reclaim two", "replay --reclaim two-list"),
    ("replay --frontend zr", "replay --frontend zram"),
    ("replay --format drm", "replay --format drmemtrace"),
    ("replay --assert written", "replay --assert written_back_pages"),
    ("ratio --zpool zbud,z3", "ratio --zpool zbud,z3fold"),
    ("ratio --zpool=zbud,z3", "ratio --zpool=zbud,z3fold"),
    ("ratio --compressor lz4:acceleration=2,lz4h", "ratio --compressor lz4:acceleration=2,lz4hc"),
    ("replay folder/tr", "replay folder/trace.ztrace"),
    ("replay --config con", "replay --config config.toml"),
    ("replay --config=con", "replay --config=config.toml"),
    ("replay --contents=mi", "replay --contents=mix"),
    ("replay --contents du", "replay --contents dump.core"),
    ("ratio --no-time folder/tr", "ratio --no-time folder/trace.ztrace"),
    ("sweep --frontend zswap,zr", "sweep --frontend zswap,zram"),
    ("compare --device nv", "compare --device nvme"),
    ("recommend --frontend zr", "recommend --frontend zram"),
    ("capture du", "capture dump.core"),
    ("record -o x folder/tr", "record -o x folder/trace.ztrace"),
    ("trace gen zi", "trace gen zipf"),
    ("sweep --kernel 6.1,5.1", "sweep --kernel 6.1,5.10"),
    ("replay --contents mi", "replay --contents mix"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files to complete, and bin/ with the program."""
    there = tmp_path_factory.mktemp("completion")
    (there / "bin").mkdir()
    (there / "folder").mkdir()
    for name in ("folder/trace.ztrace", "config.toml", "dump.core"):
        (there / name).touch()
    program = there / "bin" / "zswapsim"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m zswapsim "$@"\n')
    program.chmod(0o755)
    return there


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, shell: str, folder: Path) -> None:
        self._folder = folder
        self._here, there = pty.openpty()
        self._shell = subprocess.Popen(
            START[shell],
            stdin=there,
            stdout=there,
            stderr=there,
            cwd=folder,
            env=environment(folder),
            start_new_session=True,
        )
        os.close(there)
        self.run(PREPARE[shell])

    def close(self) -> None:
        """End the shell."""
        self._shell.kill()
        self._shell.wait()
        os.close(self._here)

    def run(self, typed: str) -> list[str]:
        """Type a command, put what it prints into a file, and return the lines when it is done."""
        os.write(self._here, f"{typed} >answer.part; mv answer.part answer\n".encode())
        seen = b""
        answer = self._folder / "answer"
        while not answer.exists():
            # Never long between two looks: the file may appear after the last of the output.
            if select.select([self._here], [], [], 0.05)[0]:
                seen += os.read(self._here, 4096)
            assert self._shell.poll() is None, seen.decode(errors="replace")
        lines = answer.read_text().splitlines()
        answer.unlink()
        return lines

    def complete(self, words: str) -> str:
        """Type words and TAB, and return the words that there are then."""
        start, end = "\x01", "\x05"
        typed = f"zswapsim {words}\t{start}printf '%s\\n' {end}"
        return " ".join(self.run(typed)[1:])


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
    }


@pytest.fixture(scope="module", params=["bash", "zsh"])
def terminal(request: pytest.FixtureRequest, folder: Path) -> Iterator[Terminal]:
    shell: str = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    opened = Terminal(shell, folder)
    yield opened
    opened.close()


@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_tab_completes_in_bash_and_zsh(terminal: Terminal, typed: str, completed: str) -> None:
    assert terminal.complete(typed) == completed


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_fish_is_told_what_completes(folder: Path, typed: str, completed: str) -> None:
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"{PREPARE['fish']}; complete -C 'zswapsim {typed}'"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert (offered, done.stderr) == ([completed.split()[-1]], "")


def told(words: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bash is told for words, the last of which is at the cursor."""
    monkeypatch.setenv(COMPLETION, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["zswapsim", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert main([]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out.splitlines()


def test_all_commands_are_offered(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = told([""], capsys, monkeypatch)
    assert offered == [f"plain,{name}" for name in COMMANDS]


def test_names_are_those_that_there_are(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from zswapsim.content.compressors import COMPRESSORS
    from zswapsim.profiles import PROFILES

    for option, names in (("--kernel", PROFILES), ("--compressor", COMPRESSORS.names())):
        offered = told(["replay", option, ""], capsys, monkeypatch)
        assert offered == [f"plain,{name}" for name in names]


def test_a_list_goes_on_with_what_is_not_in_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = told(["ratio", "--zpool", "z3fold,"], capsys, monkeypatch)
    assert offered == ["plain,z3fold,zbud", "plain,z3fold,zsmalloc"]


def test_completion_goes_before_help_and_needs_no_file(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(["--he"], capsys, monkeypatch) == ["plain,--help"]
    offered = told(["replay", "--config", "nowhere.toml", "--comp"], capsys, monkeypatch)
    assert offered == ["plain,--compressor"]


@pytest.mark.parametrize("asked", ["bash", "bash_frob", "csh_complete", "", "bash_complete"])
def test_a_wrong_question_is_answered_with_silence(
    asked: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMPLETION, asked)
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert main(["replay"]) == 1
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_what_the_variable_asks_for(
    shell: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{COMPLETION}={shell}_complete" in script
    monkeypatch.setenv(COMPLETION, f"{shell}_source")
    assert main([]) == 0
    assert capsys.readouterr().out == script


def test_words_that_bash_parted_are_one_again() -> None:
    assert glued(["a", "--b", "=", "c:d", ":", "e", "f"]) == ["a", "--b=c:d:e", "f"]
    assert glued(["--b", "="]) == ["--b="]
    assert glued(["=", "a"]) == ["=a"]
    assert glued([""]) == [""]


def test_completing_a_command_does_not_load_the_simulator(folder: Path) -> None:
    code = (
        "import sys; from zswapsim.cli import main; main([]); "
        "print(*sorted(set(sys.modules) & {'numpy', 'numba', 'rich'}))"
    )
    asked = {COMPLETION: "bash_complete", "COMP_WORDS": "zswapsim replay --ker", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment(folder), **asked, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "plain,--kernel\n\n"
