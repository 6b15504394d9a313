# SPDX-License-Identifier: GPL-2.0-only
"""Recording a real program under valgrind: what it did and held is what the trace says."""

import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
from recorded_program import PAGES, Recorded, compile_program, filled, needs_valgrind

from zswapsim import ReplayConfig, replay
from zswapsim.errors import InvalidArgument, TraceError
from zswapsim.trace.recorder.record import (
    MIN_RESIDENT_PAGES,
    Recording,
    make_backend,
    record,
    reduction_for,
)

pytestmark = needs_valgrind
RESIDENT = 16
Capture = pytest.CaptureFixture[str]


class Recorder:
    """Records the program, each way of running it once."""

    def __init__(self, program: str) -> None:
        self.program = program
        self._done: dict[object, tuple[Recording, Recorded, list[int]]] = {}

    def __call__(
        self,
        capfd: pytest.CaptureFixture[str],
        recorder: str,
        *words: str,
        k: int | None = 1,
        limit: int | None = None,
    ) -> tuple[Recording, Recorded, list[int]]:
        """Return the recording, and the numbers that the program printed, the array's first."""
        key = (recorder, words, k, limit)
        if key not in self._done:
            capfd.readouterr()
            backend, slow = make_backend(recorder, RESIDENT, limit, None)
            assert slow is None
            recording = record(
                [self.program, *words], backend, resident_pages=RESIDENT, reduction_k=k
            )
            printed = [int(line) for line in capfd.readouterr().out.split() if line.isdigit()]
            self._done[key] = recording, Recorded(recording.trace), printed
        return self._done[key]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    return Recorder(compile_program(tmp_path_factory.mktemp("program")))


@pytest.fixture(params=["pagetrace", "lackey"])
def recorder(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def check_evictions(found: Recorded, first: int, memory: int, held: list[list[bytes]]) -> int:
    """Check what LRU of that memory evicts of the array; return how many pages.

    held: of each page, what it holds after its first access, its second, ...
    """
    lru: OrderedDict[int, None] = OrderedDict()
    accessed = [0] * PAGES
    evicted = 0
    for at, (number, _) in enumerate(found.accesses):
        if number not in lru and len(lru) == memory:
            oldest, _ = lru.popitem(last=False)
            if 0 <= oldest - first < PAGES:
                page, evicted = oldest - first, evicted + 1
                assert found.content(oldest, at) == held[page][accessed[page] - 1]
        lru[number] = lru.pop(number, None)
        if 0 <= number - first < PAGES:
            accessed[number - first] += 1
    return evicted


@pytest.mark.parametrize("k", [1, RESIDENT // 4])
def test_what_an_lru_of_that_memory_or_more_evicts_holds_what_the_program_wrote(
    recorder: str, k: int, run: Recorder, capfd: Capture
) -> None:
    """The program fills its pages three times over; more pages than the recorder's LRU has."""
    rounds = 3
    recording, found, (first,) = run(capfd, recorder, "cycle", str(rounds), k=k)
    assert found.of(first, PAGES) == [(page, True) for page in range(PAGES)] * rounds
    held = [[filled(page, round_) for round_ in range(rounds)] for page in range(PAGES)]
    for memory in (RESIDENT, RESIDENT + 5, 2 * RESIDENT):
        assert check_evictions(found, first, memory, held) >= (rounds - 1) * PAGES
    assert recording.trace.meta["complete"] is True


def test_what_a_system_call_writes_over_is_what_was_evicted_before(
    run: Recorder, tmp_path: Path, capfd: Capture
) -> None:
    """One read(2) over all pages: those that were resident are evicted while it is recorded."""
    (tmp_path / "data").write_bytes(b"".join(filled(page, 1) for page in range(PAGES)))
    _, found, (first,) = run(capfd, "pagetrace", "reread", str(tmp_path / "data"))
    assert found.of(first, PAGES) == [(page, True) for page in range(PAGES)] * 3
    held = [[filled(page, round_) for round_ in range(3)] for page in range(PAGES)]
    assert check_evictions(found, first, RESIDENT, held) >= 2 * PAGES


def test_a_replay_checks_every_page_that_comes_back(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    recording, _, _ = run(capfd, recorder, "cycle", "3", k=RESIDENT // 4)
    result = replay(recording.trace, ReplayConfig(memory=f"{2 * RESIDENT}p"))
    assert result.bytes["checked_pages"] > PAGES
    assert recording.trace.meta["reduction_k"] == reduction_for(RESIDENT)


def test_an_access_across_two_pages_is_one_to_each(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    _, found, (first,) = run(capfd, recorder, "cross")
    assert found.of(first, PAGES) == [(page, True) for page in range(PAGES)]


def test_what_a_system_call_writes_is_seen_by_our_own_tool_only(
    recorder: str, run: Recorder, tmp_path: Path, capfd: Capture
) -> None:
    data = bytes(range(256)) * 48
    (tmp_path / "data").write_bytes(data)
    _, found, (first,) = run(capfd, recorder, "read", str(tmp_path / "data"))
    if recorder == "lackey":
        assert found.of(first, PAGES) == []
        return
    assert found.of(first, PAGES) == [(page, True) for page in range(3)]
    assert b"".join(found.versions[first + page][-1][1] or b"" for page in range(3)) == data


def test_pages_given_back_are_freed_and_hold_something_new_after_that(
    run: Recorder, capfd: Capture
) -> None:
    _, found, (_, mapped, heap) = run(capfd, "pagetrace", "free")
    contents = [[held for _, held in found.versions[mapped + page]] for page in range(3)]
    assert [held[-1] for held in contents] == [None, None, None], "munmap"
    assert contents[1].count(None) == 2, "madvise, then munmap"
    assert found.versions[heap][-1][1] is None, "brk"
    assert [page for page, _ in found.of(mapped, 3)] == [0, 1, 2, 1]


def test_children_are_not_recorded_and_counted_by_our_own_tool(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    recording, found, (first,) = run(capfd, recorder, "fork")
    assert recording.facts.forks == (1 if recorder == "pagetrace" else None)
    assert found.of(first, PAGES) == [(0, True)]


def test_a_program_that_becomes_another_is_recorded_up_to_there(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    recording, found, (first,) = run(capfd, recorder, "exec", "/bin/true")
    assert "another in its place" in recording.end
    assert recording.trace.meta["complete"] is False
    assert found.of(first, PAGES) == [(0, True)]


def test_an_exec_that_fails_changes_nothing(run: Recorder, capfd: Capture) -> None:
    recording, _, _ = run(capfd, "pagetrace", "exec", "/nonexistent")
    assert recording.end == "exit status 0"
    assert recording.trace.meta["complete"] is True


def test_a_program_that_is_killed_leaves_what_was_recorded(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    """Nobody sees SIGKILL coming; our tool sends what it has before system calls, if it is much."""
    rounds = {"pagetrace": "100", "lackey": "2"}[recorder]
    recording, found, (first,) = run(capfd, recorder, "killed", rounds)
    assert recording.end == "ended by SIGKILL"
    assert recording.trace.meta["complete"] is False
    assert found.of(first, PAGES)[:PAGES] == [(page, True) for page in range(PAGES)]


@pytest.mark.parametrize(("what", "end"), [("fail", "exit status 3"), ("abort", "SIGABRT")])
def test_a_program_that_fails_is_recorded_and_how_it_ended_is_said(
    recorder: str, what: str, end: str, run: Recorder, capfd: Capture
) -> None:
    recording, _, _ = run(capfd, recorder, what)
    assert end in recording.end
    assert recording.trace.accesses > 0


def test_a_limit_ends_the_program_and_keeps_what_there_is(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    recording, _, _ = run(capfd, recorder, "cycle", "1000000", limit=50_000)
    assert "limit" in recording.end
    assert 50_000 <= recording.facts.raw_accesses < 60_000
    assert recording.trace.contents_count > 0


def test_both_see_the_same_sequence_of_the_arrays_pages(run: Recorder, capfd: Capture) -> None:
    sequences = []
    for name in ("pagetrace", "lackey"):
        _, found, (first,) = run(capfd, name, "cycle", "3")
        sequences.append(found.of(first, PAGES))
    assert sequences[0] == sequences[1] != []


def test_the_lag_is_measured(run: Recorder, capfd: Capture) -> None:
    for name, most in (("pagetrace", 0), ("lackey", 400)):
        recording, _, _ = run(capfd, name, "cycle", "3")
        assert 0 <= recording.trace.meta["recorder_lag_max"] <= most
        assert recording.trace.meta["recorder_lag_mean"] <= most


def test_contents_can_be_changed_before_they_are_kept(run: Recorder, capfd: Capture) -> None:
    backend, _ = make_backend("pagetrace", RESIDENT, None, None)
    recording = record(
        [run.program, "cycle"], backend, resident_pages=RESIDENT, change=lambda page: bytes(4096)
    )
    assert recording.trace.contents_bytes[:] == bytes(4096)


def test_what_valgrind_cannot_run_is_one_clear_line(recorder: str, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.write_text("#!/no/such/interpreter\n")
    nothing.chmod(0o755)
    backend, _ = make_backend(recorder, RESIDENT, None, None)
    with pytest.raises(TraceError, match=r"nothing: .*could not be run"):
        record([str(nothing)], backend, resident_pages=RESIDENT)


@pytest.mark.parametrize("k", [0, RESIDENT + 1])
def test_a_reduction_beyond_the_memory_is_refused(k: int) -> None:
    backend, _ = make_backend("lackey", RESIDENT, None, None)
    with pytest.raises(InvalidArgument, match=str(k)):
        record(["/bin/true"], backend, resident_pages=RESIDENT, reduction_k=k)


def test_a_stop_asks_the_program_to_end_and_keeps_what_there_is(
    recorder: str, run: Recorder, capfd: Capture
) -> None:
    """The program waits for ever; the wish comes when it is known to."""
    said = ""

    def stop() -> bool:
        nonlocal said
        said += capfd.readouterr().out
        return "ready" in said

    backend, _ = make_backend(recorder, MIN_RESIDENT_PAGES, None, stop)
    recording = record([run.program, "wait"], backend, resident_pages=MIN_RESIDENT_PAGES)
    assert recording.stopped
    assert "stopped" in recording.end
    first = int(said.split()[0])
    found = Recorded(recording.trace)
    assert found.versions[first][-1][1] == filled(0, 3)


def test_a_program_with_more_pages_than_the_tool_has_room_for_at_first(
    run: Recorder, capfd: Capture
) -> None:
    """The tool's tables begin at 16,384 pages."""
    recording, _, _ = run(capfd, "pagetrace", "many", "20000")
    assert recording.end == "exit status 0"
    assert recording.trace.footprint_pages > 20_000


def test_standard_streams_are_the_programs(recorder: str, run: Recorder) -> None:
    """In a process of its own, as a test's standard input is nobody's."""
    script = (
        "from zswapsim.trace.recorder.record import make_backend, record\n"
        f"backend, _ = make_backend({recorder!r}, 16, None, None)\n"
        f"record([{run.program!r}, 'copy'], backend, resident_pages=16)"
    )
    done = subprocess.run([sys.executable, "-c", script], input=b"in\0out", capture_output=True)
    assert done.stdout.endswith(b"\nin\0out")
    assert done.stderr == b""
