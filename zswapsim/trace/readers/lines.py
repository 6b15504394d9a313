# SPDX-License-Identifier: GPL-2.0-only
"""Text formats: a Shape says what the lines of one are, and line_kernel reads them.

A format is one small file: a class on TextFormat with a name, a summary, how to recognise it, and
its Shape, fixed or found from the first lines. The trace does not depend on how the input is cut
into chunks. Formats of requests, which name no single instruction's address, do not collapse.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zswapsim.engine import engines
from zswapsim.errors import TraceError
from zswapsim.trace.input import HEAD_BYTES
from zswapsim.trace.readers import line_kernel as kernel
from zswapsim.trace.readers.foreign import Batch, ForeignFormat, Reading
from zswapsim.trace.readers.line_kernel import FETCH, OTHER, READ, WRITE, LinePattern
from zswapsim.trace.readers.records import DrawnWrites
from zswapsim.units import NUMBER_BITS

CHUNK_BYTES = 1 << 18
"""Unpacked bytes read at a time: what comes of them stays in the processor's cache."""

_ROOM = kernel.MOST_PAGES + (1 << 17)
_BOM = b"\xef\xbb\xbf"
_ROLES = {
    "": kernel.IGNORED,
    "counter": kernel.COUNTER,
    "operation": kernel.OPERATION,
    "address": kernel.ADDRESS,
    "object": kernel.OBJECT,
    "size": kernel.SIZE,
    "space": kernel.SPACE,
}
_TEXT_ROLES = {"=": kernel.WANTED, "!": kernel.FIXED}

ANY_WORDS: Mapping[str, int] = dict.fromkeys(
    ("r", "l", "0", "read", "rd", "load", "ld", "get", "gets", "head"), READ
) | (
    dict.fromkeys(("w", "s", "1", "write", "wr", "store", "st", "m", "modify", "rmw"), WRITE)
    | dict.fromkeys(("set", "put", "add", "update", "replace", "append", "prepend", "cas"), WRITE)
    | dict.fromkeys(("incr", "decr"), WRITE)
    | dict.fromkeys(("2", "i", "if", "x", "fetch", "ifetch", "exec", "readi"), FETCH)
    | {"readd": READ, "3": OTHER, "4": OTHER}
    | dict.fromkeys(("d", "delete", "del", "discard", "trim"), OTHER)
    | {"false": READ, "true": WRITE}
)
"""Operations of tables and of plain address traces, capital or small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the lines of a format are.

    fields: roles from the first column on, see _ROLES; "=TEXT" is a field that has to be TEXT, or
    else the line is passed over, "!TEXT" one that has to be TEXT, or else the line is bad. Roles:
    counter starts with a digit; space keeps disks apart.
    expected: the words for a right line in messages.
    delimiters: characters that end a field besides blanks; padded: blanks end no field; quote: what
    may enclose a field.
    words: what operations mean, a star at the end standing for anything; letters: the same for
    single letters of which the greatest counts, in place of words; folded: capital or small.
    base: of addresses, 0 for 16 after 0x and else 10; after: the character behind an address;
    absent: one that starts what stands in its place where there is none.
    comments: starts of lines to pass over; indent: lines with so many blanks before them are passed
    over; skip_lines: at the start.
    unit_bytes, size_unit_bytes: of address and size, powers of two.
    """

    fields: tuple[str, ...]
    expected: str
    delimiters: str = ""
    padded: bool = False
    quote: str = ""
    words: Mapping[str, int] | None = None
    letters: Mapping[str, int] | None = None
    folded: bool = False
    base: int = kernel.AUTOMATIC
    after: str = ""
    absent: str = ""
    comments: tuple[str, ...] = ()
    indent: int = 1 << 30
    skip_lines: int = 0
    unit_bytes: int = 1
    size_unit_bytes: int = 1


class TextFormat(ForeignFormat):
    """Base of formats of text. unwanted, fetches, others: what lines to pass over are called."""

    unwanted = "lines of another kind"
    fetches = "instruction fetches, which are not data"
    others = "lines that touch no memory"
    hint = ""

    @abstractmethod
    def shape(self, reading: Reading) -> Shape:
        """Return what its lines are; a choice made for it belongs in reading.notes."""

    @property
    def warm_key(self) -> str:
        """One for all: they share their code."""
        return "read.text.warm"

    def compile(self) -> None:
        """Compile the loops."""
        super().compile()
        shape = Shape(fields=("address",), expected="")
        LineReader(shape, "compiled").read(b"0\n")

    def batches(self, reading: Reading) -> Iterator[Batch]:
        """See ForeignFormat."""
        shape = self.shape(reading)
        lines = LineReader(shape, reading.engine)
        drawn = None if "operation" in shape.fields else DrawnWrites(reading.source.options)
        if drawn is not None:
            reading.notes.append(f"it has no operations: {drawn.note}")
        for chunk in _whole_lines(reading, shape.skip_lines, lines):
            status = lines.read(chunk)
            while True:
                if drawn is not None:
                    lines.put_writes(drawn.draw(lines.count))
                yield Batch(lines.keys, lines.writes, lines.count)
                if status == kernel.DONE:
                    break
                if status == kernel.TOO_LONG:
                    raise _too_long(reading, lines.lines + 1)
                if status == kernel.BAD:
                    number, text, reason = lines.pass_over()
                    reading.bad_line(number, text, self._expected(shape, reason))
                status = lines.go_on()
        reading.notes += self._passed_over(lines)

    def _expected(self, shape: Shape, reason: int) -> str:
        limits = {
            kernel.NO_SIZE: f"a size of at most 1 GiB in {shape.expected}",
            kernel.TOO_FAR: "an address below 2**64, to its last byte",
            kernel.TOO_MANY_SPACES: f"no more than {kernel.MOST_SPACES:,} devices",
        }
        return limits.get(reason) or shape.expected + self.hint

    def _passed_over(self, lines: "LineReader") -> Iterator[str]:
        names = {kernel.UNWANTED: self.unwanted, FETCH: self.fetches, OTHER: self.others}
        for outcome, what in names.items():
            if lines.passed(outcome):
                yield f"passed over {lines.passed(outcome):,} {what}"
        if lines.spaces > 1:
            yield f"{lines.spaces:,} devices kept apart, numbered from bit {NUMBER_BITS} on"


class LineReader:
    """Runs the loop over chunks of whole lines.

    keys, writes, count: what the last call made; lines: read and passed over so far.
    """

    def __init__(self, shape: Shape, engine: str) -> None:
        """engine: interpreted or compiled."""
        self._engine = engine
        zeros = engines.zeros(engine)
        self._pattern = make_pattern(shape, engine)
        self._read = engines.entry(kernel.read_lines, engine)
        self._spaces = zeros(kernel.MOST_SPACES + 1)
        self._state = zeros(kernel.STATE_LENGTH)
        self._text = b""
        self._data: Any = b""
        self.keys = zeros(_ROOM)
        self.writes = zeros(_ROOM)
        self.lines = 0

    @property
    def count(self) -> int:
        """Accesses of the last call."""
        return int(self._state[kernel.COUNT])

    @property
    def spaces(self) -> int:
        """Devices so far."""
        return int(self._spaces[0])

    def passed(self, outcome: int) -> int:
        """Lines of an outcome so far."""
        return int(self._state[outcome])

    def read(self, text: bytes) -> int:
        """Read whole lines; see line_kernel.read_lines for what comes back."""
        self._text = text
        self._data = engines.bytes_of(text, self._engine)
        self._state[kernel.AT] = 0
        return self.go_on()

    def go_on(self) -> int:
        """Read the rest of them."""
        status = self._read(
            self._pattern,
            self._data,
            len(self._text),
            self._spaces,
            self._state,
            self.keys,
            self.writes,
        )
        self.lines += int(self._state[kernel.LINES])
        return status

    def put_writes(self, written: npt.NDArray[np.bool_] | None) -> None:
        """Say which accesses of the last call write, None for none of them."""
        if written is not None:
            column: Any = self.writes
            one_by_one = self._engine == "interpreted"
            column[: len(written)] = written.astype(int).tolist() if one_by_one else written

    def pass_over(self) -> tuple[int, bytes, int]:
        """Leave the bad line at hand out; return its number, its text and what is wrong."""
        start = int(self._state[kernel.AT])
        end = self._text.index(b"\n", start)
        self._state[kernel.AT] = end + 1
        self.lines += 1
        return self.lines, self._text[start:end].rstrip(b"\r"), int(self._state[kernel.REASON])


def whole_lines(head: bytes) -> list[str]:
    """Return the lines that begin and end in a head, without their ends."""
    text = head.removeprefix(_BOM).decode("latin-1")
    lines = text.split("\n")
    if len(head) >= HEAD_BYTES or not lines[-1]:
        lines.pop()
    return [line.rstrip("\r") for line in lines]


def mostly(pattern: re.Pattern[str], lines: list[str]) -> bool:
    """Say whether the first line and more than half of all match a pattern."""
    matches = [pattern.fullmatch(line) is not None for line in lines]
    return 2 * sum(matches) > len(matches) and matches[0]


def _whole_lines(reading: Reading, skip_lines: int, lines: LineReader) -> Iterator[bytes]:
    """Yield the input cut at line ends, without its first lines."""
    rest = b""
    first = True
    for chunk in reading.source.chunks(CHUNK_BYTES):
        if first:
            chunk = chunk.removeprefix(_BOM)
            first = False
        cut = chunk.rfind(b"\n") + 1
        text, rest = (rest + chunk[:cut], chunk[cut:]) if cut else (b"", rest + chunk)
        while text and skip_lines:
            text = text[text.index(b"\n") + 1 :]
            skip_lines -= 1
            lines.lines += 1
        if text:
            yield text
        if len(rest) > kernel.MOST_LINE_BYTES:
            raise _too_long(reading, lines.lines + 1)
    if rest and not skip_lines:
        yield rest + b"\n"


def _too_long(reading: Reading, number: int) -> TraceError:
    return TraceError(
        f"{reading.source.where}:{number}: a line of more than {kernel.MOST_LINE_BYTES:,} bytes; "
        "this is no text of lines"
    )


def make_pattern(shape: Shape, engine: str) -> LinePattern:
    """Return the arrays that say what a shape says."""
    kind, digit = _characters(shape)
    letter = [kernel.NO_OPERATION] * 256
    for character, meaning in (shape.letters or {}).items():
        letter[ord(character)] = meaning
    words = shape.words or {}
    comments = [comment.encode()[:7] for comment in shape.comments]
    settings = [0] * kernel.SETTINGS_LENGTH
    settings[kernel.BASE] = shape.base
    settings[kernel.AFTER] = ord(shape.after or "\0")
    settings[kernel.ABSENT] = ord(shape.absent or "\0")
    settings[kernel.INDENT] = shape.indent
    settings[kernel.UNIT_SHIFT] = shape.unit_bytes.bit_length() - 1
    settings[kernel.SIZE_SHIFT] = shape.size_unit_bytes.bit_length() - 1
    settings[kernel.BY_LETTER] = int(shape.letters is not None)
    settings[kernel.FOLDED] = int(shape.folded)
    settings[kernel.QUOTE] = ord(shape.quote or "\0")
    starts = [int(any(comment[0] == byte for comment in comments)) for byte in range(256)]
    columns = (
        kind + digit + letter + starts,
        [_TEXT_ROLES.get(role[:1]) or _ROLES[role] for role in shape.fields],
        [_packed(role[1:])[0] if role[:1] in _TEXT_ROLES else 0 for role in shape.fields],
        [part for word, meaning in words.items() for part in (*_packed(word), meaning)],
        [int.from_bytes(comment, "little") for comment in comments]
        + [(1 << 8 * len(comment)) - 1 for comment in comments],
        settings,
    )
    if engine == "compiled":
        return LinePattern(*(engines.int_array(np.array(column, np.int64)) for column in columns))
    return LinePattern(*columns)


def _characters(shape: Shape) -> tuple[list[int], list[int]]:
    """Return the kinds of characters and their values as digits."""
    kind = [kernel.TOKEN] * 256
    for blank in b" \t\r\v\f":
        kind[blank] = kernel.PADDING if shape.padded else kernel.BLANK
    for delimiter in shape.delimiters.encode():
        kind[delimiter] = kernel.DELIMITER
    kind[ord("\n")] = kernel.END
    digit = [kernel.NO_DIGIT] * 256
    for value, character in enumerate("0123456789abcdef"):
        digit[ord(character)] = digit[ord(character.upper())] = value
    return kind, digit


def _packed(word: str) -> tuple[int, int]:
    """Return the seven characters of a word as line_kernel.packed does, and the bits that count."""
    start = word.removesuffix("*").encode()
    assert len(start) <= 7, f"{word} is longer than what is compared"
    number = int.from_bytes(start, "little")
    return number, (1 << 8 * len(start)) - 1 if word.endswith("*") else (1 << 57) - 1
