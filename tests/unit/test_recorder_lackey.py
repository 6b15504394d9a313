# SPDX-License-Identifier: GPL-2.0-only
"""Lackey's lines, without Valgrind: accesses, contents at eviction, lag, and what is no line."""

from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.errors import TraceError
from zswapsim.trace.recorder.frames import Facts, Frame
from zswapsim.trace.recorder.lackey import FIRST_SWEEP, Lines
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED


class FakeMemory:
    """Pages that hold their number and how often they were asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.files: set[int] = set()
        self.gone: set[int] = set()
        self.has_ended = False
        self.queued = 0

    def page(self, number: int) -> bytes | None:
        if self.has_ended:
            return b""
        self.asked.append(number)
        if number in self.gone:
            return None
        return (number << 20 | len(self.asked)).to_bytes(8, "little") * 512

    def is_file(self, number: int) -> bool:
        return number in self.files

    def queued_bytes(self) -> int:
        return self.queued


class Bench:
    """Lines over a fake memory."""

    def __init__(self, resident_pages: int = 3) -> None:
        self.memory, self.facts = FakeMemory(), Facts()
        self.lines = Lines(resident_pages, self.memory, self.facts)

    def run(self, text: str, piece: int = 1 << 20) -> Frame:
        data = text.encode()
        for at in range(0, len(data), piece):
            self.lines.take(data[at : at + piece])
        self.lines.finish(contents=False)
        return self.lines.take_frame()


def accesses(frame: Frame) -> list[tuple[int, bool]]:
    numbers = frame.page_numbers.tolist()
    return [(numbers[access % WRITE], access >= WRITE) for access in frame.accesses.tolist()]


START = "==9== Lackey, an example Valgrind tool\n==9== Command: odd\nname\n==9== \nI  04001090,3\n"


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_each_line_is_an_access_and_runs_on_one_page_are_one(piece: int) -> None:
    text = START + " L 04001ff0,8\nI  04001093,5\n S 04001000,4\n M 1ffe000a0,8\n L 04001000,1\n"
    bench = Bench()
    frame = bench.run(text, piece)
    assert accesses(frame) == [(0x4001, True), (0x1FFE00, True), (0x4001, False)]
    assert bench.facts.raw_accesses == 4
    assert b"Lackey" in bench.lines.preamble
    assert not bench.lines.has_ended


def test_an_access_across_pages_is_one_to_each() -> None:
    frame = Bench().run(START + " S 04001ffc,8\n L 04003fff,1\n L 04004fff,2\n")
    assert accesses(frame) == [
        (0x4001, True),
        (0x4002, True),
        (0x4003, False),
        (0x4004, False),
        (0x4005, False),
    ]


def test_pages_of_files_do_not_count_before_they_are_written_to() -> None:
    bench = Bench()
    bench.memory.files = {0x4001}
    frame = bench.run(
        START + " L 04001000,8\n L 04002000,8\n S 04001000,8\n L 04003000,1\n L 04001000,8\n"
    )
    assert accesses(frame) == [
        (0x4002, False),
        (0x4001, True),
        (0x4003, False),
        (0x4001, False),
    ]
    assert [int(kind) for kind in frame.kinds] == [0, 3, 0]


def test_contents_are_taken_when_a_page_leaves_the_lru_before_the_access_that_needs_room() -> None:
    text = START + "".join(f" S {page:05x}000,8\n" for page in (1, 2, 3, 1, 4, 5))
    bench = Bench()
    frame = bench.run(text)
    assert bench.memory.asked == [2, 3]
    assert frame.at.tolist() == [4, 5]
    assert [accesses(frame)[page][0] for page in frame.page.tolist()] == [2, 3]
    assert bench.facts.evictions == 2


def test_a_page_that_is_gone_was_given_back_but_not_if_the_program_has_ended() -> None:
    text = START + "".join(f" S {page:05x}000,8\n" for page in (1, 2, 3, 4, 5))
    gone, ended = Bench(), Bench()
    gone.memory.gone = {1, 2, 3, 4, 5}
    ended.memory.has_ended = True
    assert gone.run(text).what.tolist() == [FREED, FREED]
    assert ended.run(text).what.tolist() == []


def test_the_lag_is_what_is_read_and_queued_and_pages_that_come_back_within_are_counted() -> None:
    pages = (1, 2, 3, 4, 1, 5, 6, 7, 8, 9)
    bench = Bench()
    bench.memory.queued = 14
    bench.run(START + "".join(f" S {page:05x}000,8\n" for page in pages))
    assert bench.facts.lag_accesses_max == 6 + 1 - 1
    assert bench.facts.inexact_evictions == 1
    assert bench.facts.evictions == len(pages) - 3


def test_sweeps_come_early_and_ever_less_often() -> None:
    text = START + "".join(f" S {page % 2:05x}000,8\n" for page in range(5 * FIRST_SWEEP))
    frame = Bench().run(text)
    assert sorted(set(frame.at.tolist())) == [FIRST_SWEEP, 2 * FIRST_SWEEP, 4 * FIRST_SWEEP]


def test_lackeys_last_word_is_that_the_program_has_ended() -> None:
    bench = Bench()
    bench.run(START + " L 04001000,8\n==9== \n==9== Exit code:       0\n")
    assert bench.lines.has_ended


@pytest.mark.parametrize("line", [" L zz,8", "L 04001000,8", " L 04001000", "\x01\x02", " X 1,2"])
def test_what_is_no_line_of_lackeys_is_one_error_that_shows_it(line: str) -> None:
    with pytest.raises(TraceError, match="no access") as raised:
        Bench().run(START + " L 04001000,8\n" + line + "\n L 04001000,8\n")
    assert repr(line.encode())[2:-1] in str(raised.value)
    assert "\n" not in str(raised.value)


LOADS = st.tuples(st.sampled_from("LSM"), st.integers(0, 10 << 12), st.sampled_from([1, 4, 8, 32]))


@given(st.lists(LOADS, max_size=60), st.integers(2, 5), st.integers(1, 50))
def test_any_lines_are_the_accesses_and_evictions_of_a_naive_reading(
    loads: list[tuple[str, int, int]], resident: int, piece: int
) -> None:
    runs: list[tuple[int, bool]] = []
    for kind, address, size in loads:
        for page in sorted({address >> 12, (address + size - 1) >> 12}):
            write = kind != "L"
            if runs and runs[-1][0] == page:
                runs[-1] = (page, runs[-1][1] or write)
            else:
                runs.append((page, write))
    evicted, lru = [], OrderedDict[int, None]()
    for at, (page, _) in enumerate(runs):
        lru[page] = lru.pop(page, None)
        if len(lru) > resident:
            evicted.append((at, lru.popitem(last=False)[0]))
    bench = Bench(resident)
    text = "".join(f" {kind} {address:08x},{size}\n" for kind, address, size in loads)
    frame = bench.run(START + text, piece)
    assert accesses(frame) == runs
    numbers = frame.page_numbers.tolist()
    assert [(at, numbers[page]) for at, page in zip(frame.at, frame.page, strict=True)] == evicted
