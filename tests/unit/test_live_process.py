# SPDX-License-Identifier: GPL-2.0-only
"""Capturing what runs: a child of known memory, page by page, and all that can go wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live_process import (
    BECOME,
    FILLED,
    MAPPED,
    ONLY_READ,
    UNTOUCHED,
    WRITTEN,
    Child,
    child,
    written_page,
)

from zswapsim import Trace
from zswapsim.errors import TraceError
from zswapsim.trace.images import pagemap, process
from zswapsim.trace.images.live import LiveOptions, cgroup_snapshot, process_snapshot
from zswapsim.trace.images.pagemap import PageCounts, find_pages
from zswapsim.trace.images.process import Process, ProcessEnded
from zswapsim.trace.images.sample import Sample
from zswapsim.units import PAGE_SIZE

NOBODY = 65534

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/pagemap").exists(), reason="no /proc/PID/pagemap here"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def mapped_file(tmp_path: Path) -> str:
    path = tmp_path / "mapped"
    path.write_bytes(b"".join(bytes([65 + index]) * PAGE_SIZE for index in range(12)))
    return str(path)


@pytest.fixture
def known(mapped_file: str) -> Iterator[Child]:
    with child(mapped_file) as one:
        yield one


def taken(trace: Trace) -> dict[int, bytes]:
    """Page number -> content."""
    _, _, content = trace.versions
    numbers = trace.page_numbers
    assert numbers is not None
    assert len(np.unique(numbers)) == len(numbers)
    data = trace.contents_bytes
    return {
        number: data[one * PAGE_SIZE : (one + 1) * PAGE_SIZE]
        for number, one in zip(numbers.tolist(), content.tolist(), strict=True)
    }


def check(known: Child, pages: dict[int, bytes]) -> None:
    """Compare all pages of the child's mappings with what it did."""
    start = known.anonymous
    for index in WRITTEN:
        assert pages[start + index] == written_page(index)
    assert pages[start + FILLED[0]] == bytes(PAGE_SIZE), "written, with a zero in the end"
    assert pages[start + FILLED[1]] == b"F" * PAGE_SIZE
    absent = [*UNTOUCHED, *range(FILLED[-1] + 1, MAPPED)]
    assert not any(start + index in pages for index in absent)
    # Of shared memory swap gets something too, but not for this process alone.
    assert not any(known.shared + index in pages for index in range(10))
    assert pages[known.private + 3] == (b"written" + b"D" * PAGE_SIZE)[:PAGE_SIZE]
    assert not any(known.private + index in pages for index in range(12) if index != 3)


@pytest.mark.parametrize("stop", [False, True])
def test_a_process_is_captured_page_by_page(known: Child, stop: bool) -> None:
    trace = process_snapshot(known.pid, LiveOptions(stop=stop))
    check(known, taken(trace))
    meta = trace.meta
    assert meta["name"] == meta["program"] == "known memory"
    assert meta["what"] == f"live memory of process {known.pid} (known memory)"
    assert meta["contents_from"].endswith(("running", "stopped")[stop] + " while it was read")
    assert meta["present_pages"] == meta["resident_pages"] == trace.pages
    assert meta["untouched_pages"] >= len(UNTOUCHED) + MAPPED - FILLED[-1] - 1
    assert meta["file_pages"] >= 9
    assert meta["swapped_pages"] == meta["unreadable_pages"] == 0
    assert known.state() != "T"


def kernel_tells_zero_pages(known: Child) -> bool:
    """Whether this kernel has PAGEMAP_SCAN."""
    with open(f"/proc/{known.pid}/pagemap", "rb") as file:  # noqa: PTH123
        first = known.anonymous
        return bool(pagemap._zero_pages(file.fileno(), first, first + MAPPED).any())


def test_pages_only_read_are_the_shared_zero_page(known: Child) -> None:
    if not kernel_tells_zero_pages(known):
        pytest.skip("this kernel does not tell the shared zero page: no PAGEMAP_SCAN")
    trace = process_snapshot(known.pid)
    pages = taken(trace)
    assert not any(known.anonymous + index in pages for index in ONLY_READ)
    assert trace.meta["shared_zero_pages"] >= len(ONLY_READ)


def test_without_pagemap_scan_they_are_pages_of_zeros(
    known: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagemap, "_PAGEMAP_SCAN", 0xC0606611)  # a number of no ioctl
    trace = process_snapshot(known.pid)
    pages = taken(trace)
    assert all(pages[known.anonymous + index] == bytes(PAGE_SIZE) for index in ONLY_READ)
    assert trace.meta["shared_zero_pages"] == 0
    check(known, pages)


def test_what_is_swapped_out_is_left_there_unless_asked_for(known: Child) -> None:
    known.page_out()
    with Process(known.pid) as one:
        swapped = one.count().swapped
    if swapped < 100:
        pytest.skip("this kernel swapped nothing out: it has no swap space, or no room there")
    trace = process_snapshot(known.pid)
    pages = taken(trace)
    assert trace.meta["swapped_pages"] == swapped
    assert sum(known.anonymous + index not in pages for index in WRITTEN) >= swapped - 100
    with Process(known.pid) as one:
        assert one.count().swapped == swapped, "looking does not bring them in"
    whole = process_snapshot(known.pid, LiveOptions(swapped=True))
    check(known, taken(whole))
    assert whole.meta["swapped_pages"] == swapped
    assert whole.meta["present_pages"] == whole.pages


def test_a_sample_of_a_process_is_the_same_for_the_same_seed(known: Child) -> None:
    options = LiveOptions(sample_pages=128, seed=3, stop=True)
    whole = taken(process_snapshot(known.pid))
    one, again = (process_snapshot(known.pid, options) for _ in range(2))
    assert taken(one) == taken(again)
    assert 64 <= one.pages <= 128
    assert taken(one).items() <= whole.items()
    assert one.meta["present_pages"] == len(whole)
    assert "drawn in runs of 64 pages" in one.meta["sample"]


def test_progress_ends_with_all_pages(known: Child) -> None:
    told: list[tuple[str, int, int]] = []
    trace = process_snapshot(known.pid, progress=lambda *words: told.append(words))
    reading = [words for words in told if words[0] == "reading"]
    assert reading[-1][1:] == (trace.pages, trace.pages)


# Which pages: pagemap entries as the kernel's documentation has them


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (0, "untouched"),
        (1 << 63, "present"),
        (1 << 63 | 1 << 56 | 1 << 55 | 12345, "present"),
        (1 << 63 | 1 << 61, "file"),
        (1 << 62 | 7, "swapped"),
        (1 << 62 | 1 << 61, "swapped"),
        (1 << 62 | 1 << 58, "untouched"),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_pagemap_entry_says_where_a_page_is(
    entry: int, kind: str, swapped: bool, tmp_path: Path
) -> None:
    path = tmp_path / "pagemap"
    path.write_bytes(np.array([1 << 63, entry, 0], "<u8").tobytes())
    counts = PageCounts()
    with path.open("rb") as file:
        numbers = find_pages(file.fileno(), 0, 3, counts, swapped=swapped)
        assert find_pages(file.fileno(), 1, 4, PageCounts(), swapped=swapped) is None, "it ended"
    assert numbers is not None
    expected = PageCounts(present=1, untouched=1)
    expected.add(PageCounts(**{kind: 1}))
    assert counts == expected
    wanted = kind == "present" or (kind == "swapped" and swapped)
    assert numbers.tolist() == [0, 1][: 1 + wanted]


def test_which_mappings_swap_could_get() -> None:
    from zswapsim.trace.images.mappings import Mapping, swappable

    smaps = b"""\
00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus-daemon
Size:                328 kB
VmFlags: rd ex mr mw me
00e03000-00e24000 rw-p 00000000 00:00 0           [heap]
VmFlags: rd wr mr mw me ac
00f00000-00f01000 rw-s 00000000 00:01 4           /dev/zero (deleted)
VmFlags: rd wr sh
00f02000-00f03000 rw-p 00000000 00:01 4           /dev/zero
VmFlags: rd wr
01000000-01010000 rw-p 00000000 00:06 9           /dev/nvidia0
VmFlags: rd wr
02000000-02010000 rw-p 00000000 00:00 0\x20
VmFlags: rd wr mr mw me pf io
03000000-03200000 rw-p 00000000 00:0f 7           /anon_hugepage (deleted)
VmFlags: rd wr mr mw me ht
7fff00000000-7fff00021000 rw-p 00000000 00:00 0   [stack]
VmFlags: rd wr mr mw me gd ac
7fff00100000-7fff00104000 r--p 00000000 00:00 0   [vvar]
VmFlags: rd mr
7fff00104000-7fff00106000 r-xp 00000000 00:00 0   [vdso]
VmFlags: rd ex
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
VmFlags: ex
"""
    assert list(swappable(smaps.splitlines(keepends=True))) == [
        Mapping(0x400, 0x452),
        Mapping(0xE03, 0xE24),
        Mapping(0xF02, 0xF03),
        Mapping(0x7FFF00000, 0x7FFF00021),
    ]


# What cannot be read


def refusal(pid: int) -> str:
    with pytest.raises(TraceError) as caught:
        process_snapshot(pid)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_such_process_kernel_threads_and_oneself() -> None:
    assert refusal(999_999_999) == "there is no process 999999999"
    assert refusal(0) == "there is no process 0"
    assert refusal(os.getpid()).endswith("is this program itself")
    if Path("/proc/2/comm").exists() and Path("/proc/2/comm").read_text() == "kthreadd\n":
        text = "process 2 (kthreadd) is a kernel thread, which has no memory of its own"
        assert refusal(2) == text


def test_a_zombie_has_no_memory(known: Child) -> None:
    known.process.kill()
    os.waitid(os.P_PID, known.pid, os.WEXITED | os.WNOWAIT)
    assert refusal(known.pid).endswith("is a zombie: it has ended, and has no memory any more")


def test_a_process_that_ends_meanwhile_is_refused(known: Child) -> None:
    def end(passed: int) -> None:
        known.process.kill()
        os.waitid(os.P_PID, known.pid, os.WEXITED | os.WNOWAIT)

    sample = Sample()
    with Process(known.pid) as one:
        with pytest.raises(ProcessEnded, match=r"\(known memory\) ended, or began another program"):
            one.read(sample, PageCounts(), progress=end)
        assert sample.windows == 1
        with pytest.raises(ProcessEnded):
            one.count()


def test_a_page_that_cannot_be_read_is_counted_and_passed(known: Child) -> None:
    first = known.anonymous
    wanted = np.array([0, first, first + 1, 1, 2, first + 2], np.uint64)
    with Process(known.pid) as one:
        numbers, data = one._read_pages(wanted)
    assert numbers.tolist() == [first, first + 1, first + 2]
    assert data == b"".join(map(written_page, range(3)))


IN_ANOTHER = """
import sys
from zswapsim.errors import TraceError
from zswapsim.trace.images.live import process_snapshot
become(int(sys.argv[1]))
try:
    print(process_snapshot(int(sys.argv[2])).pages)
except TraceError as error:
    print(error)
"""


def as_user(user: int, pid: int) -> str:
    """Capture a process as another user, and return what is said."""
    words = [sys.executable, "-c", BECOME + IN_ANOTHER, str(user), str(pid)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stderr == ""
    return done.stdout.strip()


@as_root
def test_own_processes_need_no_root(mapped_file: str) -> None:
    with child(mapped_file, user=NOBODY) as one:
        said = as_user(NOBODY, one.pid)
        if "ptrace_scope" in said:
            pytest.skip(said)
        assert int(said) > len(WRITTEN)


@as_root
def test_processes_of_others_need_root(known: Child) -> None:
    said = as_user(NOBODY, known.pid)
    assert said.endswith("belongs to user root; only that user or root can read it")


def test_a_protected_process_says_so_and_yama_by_its_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scope = tmp_path / "ptrace_scope"
    monkeypatch.setattr(process, "_YAMA", scope)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "set-user-ID, or not dumpable" in process._refusal(1000)
    for setting, allowed in (("1", "ancestors and root"), ("2", "root at most"), ("3", "root")):
        scope.write_text(setting + "\n")
        assert f"kernel.yama.ptrace_scope is {setting}" in process._refusal(1000)
        assert allowed in process._refusal(1000)
    scope.write_text("0\n")
    assert "set-user-ID, or not dumpable" in process._refusal(1000)
    assert "belongs to user 4000000000" in process._refusal(4_000_000_000)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "CAP_SYS_PTRACE" in process._refusal(0)


# Stopping


def test_a_stopped_process_goes_on_also_after_an_exception(known: Child) -> None:
    for error in (KeyboardInterrupt, ValueError):
        with pytest.raises(error), Process(known.pid) as one, one.stopped():
            assert known.state() == "T"
            raise error
        await_state(known, "S")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_would_end_this_program_lets_it_go_on(known: Child, number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), Process(known.pid) as one, one.stopped():
        os.kill(os.getpid(), number)
        time.sleep(1)
    await_state(known, "S")
    assert signal.getsignal(number) == before


def test_a_process_that_was_stopped_before_stays_so(known: Child) -> None:
    os.kill(known.pid, signal.SIGSTOP)
    await_state(known, "T")
    check(known, taken(process_snapshot(known.pid, LiveOptions(stop=True))))
    assert known.state() == "T"


def await_state(known: Child, state: str) -> None:
    deadline = time.monotonic() + 10
    while known.state() != state:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Cgroups


def test_all_processes_of_a_cgroup_and_below(mapped_file: str, tmp_path: Path) -> None:
    group = tmp_path / "group"
    (group / "below").mkdir(parents=True)
    with child(mapped_file) as one, child(mapped_file) as other:
        (group / "cgroup.procs").write_text(f"{other.pid}\n0\n")
        (group / "below" / "cgroup.procs").write_text(f"999999999\n{one.pid}\n{os.getpid()}\n")
        trace, problems = cgroup_snapshot(str(group))
        pages = taken(trace)
        for ordinal, known in enumerate(sorted((one, other), key=lambda child: child.pid)):
            own = {n & ((1 << 52) - 1): page for n, page in pages.items() if n >> 52 == ordinal}
            check(known, own)
        assert {number >> 52 for number in pages} == {0, 1}
    assert trace.meta["name"] == "group"
    assert trace.meta["program"] == "known memory"
    assert (trace.meta["processes"], trace.meta["unreadable_processes"]) == (2, 2)
    assert sorted(problems) == [
        f"{group}: processes of another PID namespace",
        f"process {os.getpid()} is this program itself",
        "there is no process 999999999",
    ]


def test_what_was_read_of_a_process_that_ended_is_kept_in_a_cgroup(
    mapped_file: str, tmp_path: Path
) -> None:
    with child(mapped_file) as one, child(mapped_file) as other:
        (tmp_path / "cgroup.procs").write_text(f"{one.pid}\n{other.pid}\n")
        first = min(one, other, key=lambda child: child.pid)

        def end(stage: str, done: int, total: int) -> None:
            if first.process.poll() is None:
                first.process.kill()
                first.process.wait()

        trace, problems = cgroup_snapshot(str(tmp_path), progress=end)
        numbers = trace.page_numbers
    assert numbers is not None
    assert 1 <= np.count_nonzero(numbers >> np.uint64(52) == 0) <= 64
    assert np.count_nonzero(numbers >> np.uint64(52) == 1) > 300
    assert len(problems) == 1
    assert "ended" in problems[0]
    assert problems[0].endswith("what was read before is kept")


def test_a_cgroup_is_found_below_the_mount_or_by_its_path(tmp_path: Path) -> None:
    from zswapsim.trace.images.cgroup import cgroup_folder

    group = tmp_path / "mount" / "system.slice" / "a.service"
    group.mkdir(parents=True)
    (group / "cgroup.procs").touch()
    hybrid = tmp_path / "mount" / "unified" / "b.slice"
    hybrid.mkdir(parents=True)
    (hybrid / "cgroup.procs").touch()
    root = tmp_path / "mount"
    for path in ("system.slice/a.service", "/system.slice/a.service", str(group)):
        assert cgroup_folder(path, root) == group
    assert cgroup_folder("b.slice", root) == hybrid
    with pytest.raises(TraceError, match=r"there is no cgroup 'c\.slice': no cgroup\.procs in"):
        cgroup_folder("c.slice", root)


def test_a_cgroup_without_a_process_that_can_be_read_is_refused(tmp_path: Path) -> None:
    procs = tmp_path / "cgroup.procs"
    procs.touch()
    with pytest.raises(TraceError, match="no process could be read: there is none"):
        cgroup_snapshot(str(tmp_path))
    procs.write_text("999999999\n")
    with pytest.raises(TraceError, match="no process could be read: there is no process 99999"):
        cgroup_snapshot(str(tmp_path))
