# SPDX-License-Identifier: GPL-2.0-only
"""The stream of our own Valgrind tool, without Valgrind: every frame in any pieces, or an error."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from zswapsim.errors import TraceError
from zswapsim.trace.recorder import build
from zswapsim.trace.recorder.frames import CUT, ENDED, EXECS, LIMIT, Facts, Frame
from zswapsim.trace.recorder.pagetrace import HEADER, MAGIC, MOST, VERSION, parse
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED

PAGE = bytes(range(256)) * 16


def frame(
    sent: Sequence[int],
    numbered: Sequence[tuple[int, int]] = (),
    holds: Sequence[tuple[int, int, int]] = (),
    held: Sequence[bytes] = (),
    **header: int,
) -> bytes:
    """A frame as the tool sends it: accesses, (page number, kind), (at, page, what), contents."""
    counts = (len(sent), len(numbered), len(holds), len(held))
    head = np.zeros(1, HEADER)
    head["magic"] = MAGIC
    for name, count in zip(("accesses", "pages", "versions", "contents"), counts, strict=True):
        head[name] = count
    for name, value in header.items():
        head[name] = value
    return b"".join(
        [
            head.tobytes(),
            np.array(sent, "<u4").tobytes(),
            np.array([number << 4 | kind for number, kind in numbered], "<u8").tobytes(),
            np.array(list(holds), VERSION).tobytes(),
            *held,
        ]
    )


STREAM = [
    frame([]),
    frame(
        [0, 1 | WRITE, 0], [(0x4001, 0), (0x1FFE, 2)], [(1, 0, 0), (3, 1, FREED)], [PAGE], raw=90
    ),
    frame([2], [(7, 3)], [(3, 0, 1), (4, 2, 0)], [PAGE[::-1], bytes(4096)], raw=99, forks=2),
    frame([], state=1, raw=100, forks=3),
]


def reader(data: bytes, piece: int) -> Callable[[int], bytes]:
    """A stream that comes in pieces."""
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    return lambda most: pieces.pop(0) if pieces else b""


def parsed(data: bytes, piece: int = 1 << 20) -> tuple[list[Frame], Facts]:
    facts = Facts()
    return list(parse(reader(data, piece), facts)), facts


@pytest.mark.parametrize("piece", [1, 13, 4096, 1 << 20])
def test_frames_are_what_was_sent_in_any_pieces(piece: int) -> None:
    frames, facts = parsed(b"".join(STREAM), piece)
    assert [found.accesses.tolist() for found in frames] == [[], [0, 1 | WRITE, 0], [2], []]
    assert frames[1].page_numbers.tolist() == [0x4001, 0x1FFE]
    assert list(frames[1].kinds) == [0, 2]
    assert [list(column) for column in zip(*frames[1][3:6], strict=True)] == [
        [1, 0, 0],
        [3, 1, FREED],
    ]
    assert [bytes(page) for page in frames[2].contents] == [PAGE[::-1], bytes(4096)]
    assert (facts.raw_accesses, facts.forks, facts.state) == (100, 3, ENDED)


@pytest.mark.parametrize(
    ("states", "state"), [([0], CUT), ([2], EXECS), ([2, 0], CUT), ([3], LIMIT), ([2, 1], ENDED)]
)
def test_the_last_frame_says_how_it_ended(states: list[int], state: str) -> None:
    assert parsed(b"".join(frame([], state=given) for given in states))[1].state == state


def test_a_stream_that_is_cut_keeps_its_whole_frames() -> None:
    data = b"".join(STREAM)
    ends = np.cumsum([len(part) for part in STREAM]).tolist()
    for stop in range(0, len(data), 97):
        frames, _ = parsed(data[:stop])
        assert len(frames) == sum(end <= stop for end in ends)


@pytest.mark.parametrize(
    "damaged",
    [
        b"==12== Memcheck, a memory error detector\n" + bytes(60),
        frame([], magic=MAGIC + 1),
        frame([], accesses=MOST["accesses"] + 1),
        frame([], contents=1 << 30),
        frame([0]),
        frame([1], [(5, 0)]),
        frame([0], [(5, 9)]),
        frame([0], [(5, 0)], [(0, 1, FREED)]),
        frame([0], [(5, 0)], [(0, 0, 0)]),
        frame([0], [(5, 0)], [(0, 0, 1)], [PAGE]),
        frame([0], [(5, 0)], [(2, 0, FREED)]),
        frame([0], [(5, 0)], [(1, 0, FREED), (0, 0, FREED)]),
    ],
    ids=range(12),
)
def test_a_damaged_stream_is_one_line_that_says_where(damaged: bytes) -> None:
    first = frame([], state=0)
    with pytest.raises(TraceError, match=f"damaged.* byte {len(first)}") as raised:
        parsed(first + damaged)
    assert "\n" not in str(raised.value)


def test_the_limits_are_those_of_the_tools_source() -> None:
    source = build.HEADER.read_text()
    for name, most in MOST.items():
        (power,) = re.findall(rf"#define MOST_{name.upper()} \(1u << (\d+)\)", source)
        assert most == 1 << int(power)
    assert f"#define MAGIC 0x{MAGIC:X}u" in source
    for path in (build.SOURCE, build.HEADER):
        lines = path.read_text().splitlines()
        assert lines[0] == "/* SPDX-License-Identifier: GPL-2.0-only */"
        assert len(lines) <= 500
