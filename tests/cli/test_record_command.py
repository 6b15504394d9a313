# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim record: the program's streams, the file, what is said, Ctrl-C, and without root."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded_program import Recorded, compile_program, filled, needs_valgrind

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.trace.recorder.record import MAX_RESIDENT_PAGES

pytestmark = needs_valgrind
ROOT = Path(__file__).parents[2]
RECORD = [sys.executable, "-m", "zswapsim", "record"]
NOBODY = 65534
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compile_program(tmp_path_factory.mktemp("program"))


def run(*words: str, **how: object) -> "subprocess.CompletedProcess[str]":
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        [*RECORD, *words], capture_output=True, text=True, timeout=120, cwd=ROOT, **how
    )
    return done


def test_sort_sorts_and_the_file_replays(tmp_path: Path) -> None:
    path = tmp_path / "sort.ztrace"
    text = "".join(f"{number * 7919 % 1009}\n" for number in range(1009))
    (tmp_path / "numbers").write_text(text)
    with (tmp_path / "numbers").open() as numbers:
        done = run("-o", str(path), "--memory", "64K", "--measure-slowdown", "sort", stdin=numbers)
    assert done.returncode == 0
    assert path.stat().st_mode & 0o077 == 0, "it holds the program's memory"
    assert done.stdout == "".join(sorted(text.splitlines(keepends=True)))
    for said in ("recorded sort", "exit status 0", "pages", "kept (k = 4)", "times the time alone"):
        assert said in done.stderr
    assert "warning: the file holds the program's memory" in done.stderr
    trace = Trace.open(path)
    assert trace.meta["program"] == "sort"
    assert trace.meta["recorder_resident_pages"] == 16
    assert trace.meta["slow_down"] > 1
    assert trace.meta["slow_down_is"] == "measured"
    assert trace.meta["exact_for"].startswith("LRU that keeps 16 pages")
    assert main(["replay", str(path), "--memory", "40p"]) == 0


def test_scrubbed_nothing_of_the_program_is_left_but_the_lengths(
    program: str, tmp_path: Path, capfd: Capture
) -> None:
    path = tmp_path / "scrubbed.ztrace"
    words = ["record", "-o", str(path), "--memory", "8p", "--scrub", program, "cycle", "2"]
    assert main(words) == 0
    assert "warning" not in capfd.readouterr().err
    trace = Trace.open(path)
    assert trace.meta["program"] == Path(program).name
    assert "made up" in trace.meta["contents_from"]
    contents = trace.contents_bytes[:]
    assert all(filled(page, 1)[:16] not in contents for page in range(48))
    assert b"cycle" not in path.read_bytes()


@pytest.mark.parametrize("recorder", ["pagetrace", "lackey"])
def test_ctrl_c_ends_the_program_and_keeps_what_was_recorded(
    recorder: str, program: str, tmp_path: Path
) -> None:
    path = tmp_path / "stopped.ztrace"
    words = [*RECORD, "-o", str(path), "--recorder", recorder, program, "wait"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        first = int(done.stdout.readline())
        assert done.stdout.readline() == "ready\n"
        done.send_signal(signal.SIGINT)
        said = done.stderr.read()
        assert done.wait() == 0
    assert "stopped, and the program ended there" in said
    found = Recorded(Trace.open(path))
    assert found.versions[first][-1][1] == filled(0, 3)


def test_a_second_ctrl_c_drops_the_recording_and_leaves_no_program(
    program: str, tmp_path: Path
) -> None:
    """The program ignores the wish to end, so there is time for a second one."""
    path = tmp_path / "dropped.ztrace"
    script = f"trap '' INT TERM; echo $$; while :; do {shutil.which('sleep')} 0.1; done"
    words = [*RECORD, "-o", str(path), "--", "/bin/sh", "-c", script]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        pid = int(done.stdout.readline())
        done.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            done.wait(1)
        done.send_signal(signal.SIGINT)
        done.stdout.close()
        assert done.stderr.read().strip() == "stopped"
        assert done.wait() == 130
    assert not path.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_ends_the_recorder_ends_the_program_too(number: signal.Signals, tmp_path: Path) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{number.name} is ignored here, as under nohup, and so it stays")
    path = tmp_path / "ended.ztrace"
    words = [*RECORD, "-o", str(path), "--", "/bin/sh", "-c", "echo $$; exec 1>&-; read never"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        pid = int(done.stdout.readline())
        done.send_signal(number)
        assert done.stderr.read().strip() == "stopped"
        assert done.wait() == 130
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: there is no such program"),
        ([str(ROOT / "README.md")], "cannot be run"),
        (["--memory", "7p", "true"], "allowed are 8"),
        (["--memory", f"{MAX_RESIDENT_PAGES + 1}p", "true"], "allowed are 8"),
        (["--memory", "9%", "true"], "percentage"),
        (["--memory", "8p", "--reduce", "9", "true"], "allowed are 1..8"),
        (["--reduce", "0", "true"], "0"),
        (["--limit", "0", "true"], "0"),
        (["--recorder", "pin", "true"], "pin"),
        (["--nothing", "true"], "--nothing"),
        ([], "PROGRAM"),
    ],
)
def test_what_cannot_be_is_one_line_and_no_file(
    words: list[str], said: str, tmp_path: Path, capfd: Capture
) -> None:
    path = tmp_path / "x.ztrace"
    assert main(["record", "-o", str(path), *words]) == 2
    captured = capfd.readouterr()
    assert said in captured.err.splitlines()[-1]
    assert captured.out == ""
    assert not path.exists()


def test_the_slow_down_is_not_measured_of_a_pipe(tmp_path: Path) -> None:
    done = run("-o", str(tmp_path / "x.ztrace"), "--measure-slowdown", "cat", input="once")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: the slow-down is measured by running")


def test_options_behind_the_program_are_its_own(tmp_path: Path) -> None:
    done = run("-o", str(tmp_path / "x.ztrace"), "/bin/echo", "--memory", "-o", "--help")
    assert done.stdout == "--memory -o --help\n"
    assert done.returncode == 0


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder of an unprivileged user's; pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp())
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("recorder", ["pagetrace", "lackey"])
def test_nobody_can_record(recorder: str, nobodys_folder: Path) -> None:
    """As root, the test becomes nobody; else it runs as whoever runs it."""
    command = [*RECORD, "-o", str(nobodys_folder / "x.ztrace"), "--recorder", recorder]
    command += ["--limit", "20000", "/bin/echo", "said"]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to become nobody: apt install util-linux")
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if subprocess.run([*drop, sys.executable, "-c", "import zswapsim"], cwd=ROOT).returncode:
            pytest.skip("nobody may not read this folder")
        command = [*drop, *command]
    environment = {**os.environ, "ZSWAPSIM_CACHE_DIR": str(nobodys_folder / "cache")}
    environment["HOME"] = str(nobodys_folder)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    trace = Trace.open(nobodys_folder / "x.ztrace")
    assert trace.meta["recorder"].endswith(recorder)
    assert trace.contents_count > 0
