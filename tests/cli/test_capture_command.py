# SPDX-License-Identifier: GPL-2.0-only
"""zswapsim capture: what it writes, what it says, and what it refuses."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_files import SAMPLES, elf_core, lime, page, pages, read
from live_process import WRITTEN, Child, child, written_page

from zswapsim import Trace
from zswapsim.cli import main
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.units import PAGE_SIZE

Capture = pytest.CaptureFixture[str]
WARNING = "It contains that memory as it was, passwords and keys included."


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Child]:
    path = tmp_path / "mapped"
    path.write_bytes(bytes(12 * PAGE_SIZE))
    with child(str(path)) as one:
        yield one


def run(*words: object) -> int:
    return main(["capture", *map(str, words)])


def taken(path: Path) -> dict[int, bytes]:
    trace = Trace.open(path)
    numbers = trace.page_numbers
    assert numbers is not None
    data = trace.contents_bytes
    return {
        number: data[content * PAGE_SIZE : (content + 1) * PAGE_SIZE]
        for number, content in zip(numbers.tolist(), trace.versions[2].tolist(), strict=True)
    }


@pytest.mark.parametrize("option", [[], ["--stop"]])
def test_a_process_is_captured(
    option: list[str], known: Child, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "known.ztrace"
    assert run(known.pid, "-o", path, *option) == 0
    found = taken(path)
    assert all(found[known.anonymous + index] == written_page(index) for index in WRITTEN)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0].startswith(f"{path}: {len(found):,} pages (")
    assert f"of live memory of process {known.pid} (known memory), " in lines[0]
    assert any("are mapped, but were never touched" in line for line in lines)
    assert any("zero, " in line for line in lines)
    assert lines[-1].startswith(WARNING)
    assert captured.err.count(WARNING) == 1
    assert "sample" not in captured.err


def test_what_holds_somebodys_memory_is_for_its_owner_alone(known: Child, tmp_path: Path) -> None:
    path = tmp_path / "known.ztrace"
    path.touch(0o644)
    before = os.umask(0o022)
    try:
        assert run(known.pid, "-o", path) == 0
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_image_is_captured_and_what_it_lacks_is_said(tmp_path: Path, capsys: Capture) -> None:
    core = tmp_path / "core.1"
    core.write_bytes(
        elf_core(
            [(0x1000, pages(1, 3), 8 * PAGE_SIZE), (0x2000, page(2), PAGE_SIZE)], physical=True
        )
    )
    path = tmp_path / "core.ztrace"
    assert run(core, "-o", path) == 0
    assert taken(path) == {number: page(number) for number in (1, 2, 3)}
    said = capsys.readouterr().err
    assert f"{path}: 3 pages (12.0 KiB) of memory image {core}, 3 different contents, " in said
    assert "  5 pages (20.0 KiB) are named by the file, but are not in it\n" in said
    assert "  1 pages (4.0 KiB) are in the file twice, and were taken once\n" in said
    assert WARNING in said


def test_a_sample_is_said_and_can_be_drawn_again(tmp_path: Path, capsys: Capture) -> None:
    image = tmp_path / "memory"
    image.write_bytes(pages(0, 1000))
    found = []
    for seed in (1, 1, 2):
        path = tmp_path / f"{len(found)}.ztrace"
        assert run(image, "-o", path, "--sample", "512K", "--seed", seed) == 0
        found.append(path.read_bytes())
        said = capsys.readouterr().err
        assert "  a sample: 128 pages (512.0 KiB) of 1,000 pages (3.9 MiB), drawn in" in said
        assert "--sample takes more" in said
    assert found[0] == found[1] != found[2]


def test_the_format_asked_for_is_used(tmp_path: Path, capsys: Capture) -> None:
    image = tmp_path / "memory"
    image.write_bytes(lime([(0x1000, bytes(PAGE_SIZE - 32))]))
    path = tmp_path / "x.ztrace"
    assert run(image, "-o", path, "--format", "raw") == 0
    assert Trace.open(path).meta["origin"] == "raw"
    capsys.readouterr()
    assert run(image, "-o", path, "--format", "zip") == 2
    assert "no trace format 'zip'; there are ztrace" in capsys.readouterr().err


def test_an_image_can_come_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "x.ztrace"
    words = [sys.executable, "-m", "zswapsim", "capture", "-", "-o", str(path)]
    data = (SAMPLES / "many-segments.core.xz").read_bytes()
    done = subprocess.run(words, input=data, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"of memory image standard input" in done.stderr
    assert taken(path) == read(SAMPLES / "many-segments.core.xz")[1]


def test_a_cgroup_is_captured_and_who_could_not_be_read_is_named(
    known: Child, tmp_path: Path, capsys: Capture
) -> None:
    group = tmp_path / "app.service"
    group.mkdir()
    (group / "cgroup.procs").write_text(f"{known.pid}\n999999999\n")
    path = tmp_path / "x.ztrace"
    assert run("--cgroup", group, "-o", path) == 0
    said = capsys.readouterr().err
    assert f"of live memory of 1 processes of the cgroup {group}, " in said
    assert "  not read: there is no process 999999999\n" in said
    assert Trace.open(path).meta["program"] == "known memory"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give either a process ID or file as TARGET, or --cgroup."),
        (["1", "--cgroup", "x"], "Give either a process ID or file as TARGET, or --cgroup."),
        (["a.core", "--stop"], "--swapped and --stop are for live processes."),
        (["a.core", "--swapped"], "--swapped and --stop are for live processes."),
        (["1", "--format", "raw"], "--format is for memory images."),
        (["a.core", "--sample", "lots"], "'lots' is no size"),
        (["a.core", "--sample", "5%"], "a percentage is not allowed here"),
        (["a.core", "--seed", "-1"], "-1"),
    ],
)
def test_wrong_usage_exits_2(words: list[str], said: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x.ztrace"
    assert run(*words, "-o", path) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["999999999"], "error: there is no process 999999999\n"),
        (["none.core"], "error: none.core: No such file or directory\n"),
        (["--cgroup", "no/such.slice"], "error: there is no cgroup 'no/such.slice': no cgroup.pro"),
    ],
)
def test_what_is_not_there_exits_1_and_leaves_no_file(
    words: list[str], said: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "x.ztrace"
    assert run(*words, "-o", path) == 1
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_image_leaves_what_was_there(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x.ztrace"
    path.write_bytes(b"before")
    image = tmp_path / "memory"
    image.write_bytes(lime([(0, page(1))])[:-1])
    assert run(image, "-o", path) == 1
    assert "byte 4,127: the range at 0x0: expected 1 bytes more" in capsys.readouterr().err
    assert path.read_bytes() == b"before"
    assert run(image, "-o", image) == 2
    assert "is to be read or written already" in capsys.readouterr().err


def test_a_trace_is_refused(tmp_path: Path, capsys: Capture) -> None:
    trace = tmp_path / "a.ztrace"
    zipf(100, 10, seed=3, contents=random_contents(10, seed=4)).save(trace)
    assert run(trace, "-o", tmp_path / "x.ztrace") == 1
    assert "is a trace (ztrace), no memory image" in capsys.readouterr().err


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.ztrace"
    words = [sys.executable, "-m", "zswapsim", "capture", "-", "-o", str(path)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    # 16 MiB are more than the pipe holds, so that it is reading when this has been written.
    process.stdin.write(bytes(16 << 20))
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.strip() == b"stopped"
    assert list(tmp_path.iterdir()) == []


SLOW = """
import sys, time
from zswapsim.cli import main
from zswapsim.trace.images.process import Process
def slowly(self, numbers):
    print("reading", flush=True)
    time.sleep(60)
Process._read_pages = slowly
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_process_goes_on_when_the_capture_is_ended(
    number: int, known: Child, tmp_path: Path
) -> None:
    path = tmp_path / "x.ztrace"
    words = ["capture", str(known.pid), "-o", str(path), "--stop"]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        assert known.state() == "T"
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 130
    assert said.strip() == b"stopped"
    assert known.state() != "T"
    assert not path.exists()


def test_a_full_disk_is_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    core = str(SAMPLES / "kernel.core.xz")
    words = [sys.executable, "-m", "zswapsim", "capture", core, "-o", "/dev/full"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch("error: No space left on device: .*\n", done.stderr)


# The same memory by other means


@pytest.mark.skipif(shutil.which("gcore") is None, reason="no gcore here, of the package gdb")
def test_a_core_by_gcore_has_every_page_of_the_capture(known: Child, tmp_path: Path) -> None:
    path = tmp_path / "x.ztrace"
    assert run(known.pid, "-o", path, "--stop") == 0
    words = ["gcore", "-o", str(tmp_path / "core"), str(known.pid)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"gcore cannot read a process here: {done.stderr.strip()[-200:]}")
    kind, cored, _ = read(tmp_path / f"core.{known.pid}")
    assert kind == "elf-core"
    live = taken(path)
    assert live.keys() <= cored.keys()
    # It ran on in between, waiting for input: all but its stack's pages are as they were.
    assert sum(live[number] != cored[number] for number in live) < 10
    assert all(cored[known.anonymous + index] == written_page(index) for index in WRITTEN)


def test_the_kernels_own_core_dump_is_read(tmp_path: Path) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern:
        pytest.skip(f"core files go elsewhere here: core_pattern is {pattern!r}")
    script = (
        "import mmap, os, resource\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)\n"
        "m = mmap.mmap(-1, 8 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
        "for i in range(8):\n"
        "    m[i * 4096 : (i + 1) * 4096] = bytes([i]) + b'known to the test' * 240 + b'.' * 15\n"
        "os.abort()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True)
    cores = list(tmp_path.iterdir())
    if done.returncode != -signal.SIGABRT or not cores:
        pytest.skip(f"no core file was left here: {done.stderr.decode()[-200:]}")
    kind, found, left_out = read(cores[0])
    assert kind == "elf-core"
    wanted = {bytes([i]) + b"known to the test" * 240 + b"." * 15 for i in range(8)}
    assert wanted <= set(found.values())
    assert left_out.held_twice_pages == left_out.partial_bytes == 0
