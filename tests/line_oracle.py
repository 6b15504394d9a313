# SPDX-License-Identifier: GPL-2.0-only
"""Lines read the naive way, by regular expressions and big integers; and both ways side by side."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from zswapsim.trace.input import InputOptions
from zswapsim.trace.readers import line_kernel as kernel
from zswapsim.trace.readers.foreign import Reading
from zswapsim.trace.readers.lines import Shape, TextFormat

BLANKS = " \t\r\v\f"
GIB = 1 << 30

Access = tuple[int | str, int]


@dataclass
class Read:
    """accesses: page, or an object's name, and 1 for written; bad: numbers and texts of lines."""

    accesses: list[Access] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    passed: Counter[int] = field(default_factory=Counter)


class Bad(Exception):
    """The line is wrong."""


class PassOver(Exception):
    """The line is not for us; args: the outcome."""


def read(shape: Shape, text: bytes) -> Read:
    """Read a text as its shape says. Object names come back as text."""
    done = Read()
    spaces: dict[tuple[str, ...], int] = {}
    lines = text.decode("latin-1").split("\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        if number <= shape.skip_lines:
            continue
        stripped = line.lstrip(_blanks(shape))
        indent = len(line) - len(stripped)
        if not stripped or indent >= shape.indent:
            continue
        if stripped.startswith(tuple(comment[:7] for comment in shape.comments)):
            continue
        try:
            done.accesses += _line(shape, stripped, spaces)
        except PassOver as passed:
            done.passed[passed.args[0]] += 1
        except Bad:
            done.bad.append((number, line.rstrip("\r")))
    return done


def _tokens(shape: Shape, line: str) -> list[tuple[str, str]]:
    """Return fields and the character behind each."""
    blank, delimiters = f"[{_blanks(shape)}]", f"[{re.escape(shape.delimiters)}]"
    if shape.padded:
        separator = f"({delimiters})" if shape.delimiters else "(\n)"
    elif shape.delimiters:
        separator = f"({blank}*{delimiters}{blank}*|{blank}+)"
    else:
        separator = f"({blank}+)"
    parts = [*re.split(separator, line), "\n"]
    pairs = [(parts[at], parts[at + 1][0]) for at in range(0, len(parts), 2)]
    if not shape.padded:
        return pairs
    return [(field.strip(_blanks(shape)), behind) for field, behind in pairs]


def _blanks(shape: Shape) -> str:
    return "".join(blank for blank in BLANKS if blank not in shape.delimiters)


def _line(shape: Shape, line: str, spaces: dict[tuple[str, ...], int]) -> list[Access]:
    tokens = [*_tokens(shape, line), *[("", "\n")] * len(shape.fields)]
    address = size = 0
    write = 0
    nbytes = shape.size_unit_bytes and 1
    place: str | None = None
    space: list[str] = []
    for role, (token, behind) in zip(shape.fields, tokens, strict=False):
        if role == "operation":
            write = _operation(shape, token)
        elif role == "address":
            if shape.after and behind != shape.after:
                raise Bad
            if shape.absent and token.startswith(shape.absent):
                raise PassOver(kernel.OTHER)
            address = _number(token, shape.base)
        elif role == "size":
            size = _number(token, 0) * shape.size_unit_bytes
            nbytes = size
            if size > GIB:
                raise Bad
        elif role == "object":
            place = token
            if not token:
                raise Bad
        elif role and not token:
            raise Bad
        elif role == "space":
            space.append(token)
        elif role == "counter" and not "0" <= token[0] <= "9":
            raise Bad
        elif role[:1] == "=" and token != role[1:]:
            raise PassOver(kernel.UNWANTED)
        elif role[:1] == "!" and token != role[1:]:
            raise Bad
    if place is not None:
        is_number = re.fullmatch(r"0|[1-9][0-9]{0,17}", place)
        return [(int(place) if is_number else place, write)]
    start = address * shape.unit_bytes
    end = start + nbytes
    if start >= 1 << 64 or -(-end // 4096) > 1 << 52:
        raise Bad
    number = spaces.setdefault(tuple(space), len(spaces)) if space else 0
    pages = range(start // 4096, -(-end // 4096) if nbytes else start // 4096)
    return [(page + (number << 52), write) for page in pages]


def _operation(shape: Shape, token: str) -> int:
    meaning = 0
    if not token:
        raise Bad
    if shape.letters is not None:
        meaning = max(shape.letters.get(letter, kernel.NO_OPERATION) for letter in token)
        meaning = meaning or kernel.OTHER
    else:
        folded = "".join(c.lower() if "A" <= c <= "Z" else c for c in token)
        token = folded if shape.folded else token
        for word, means in (shape.words or {}).items():
            if token.startswith(word[:-1]) if word.endswith("*") else token == word:
                meaning = means
                break
        else:
            raise Bad
    if meaning == kernel.NO_OPERATION:
        raise Bad
    if meaning > kernel.WRITE:
        raise PassOver(meaning)
    return int(meaning == kernel.WRITE)


def _number(token: str, base: int) -> int:
    if base != 10 and re.fullmatch("0[xX][0-9a-fA-F]+", token):
        return int(token, 16)
    if not re.fullmatch("[0-9a-fA-F]+" if base == 16 else "[0-9]+", token):
        raise Bad
    return int(token, base or 10)


class Pieces:
    """An input that comes in pieces, cut where one likes."""

    def __init__(self, text: bytes, cuts: list[int], skip_bad: int = 1 << 30) -> None:
        self.path = Path("pieces")
        self.where = "pieces"
        self.options = InputOptions(skip_bad=skip_bad)
        self.head = text[:4096]
        places = [0, *sorted({cut % (len(text) + 1) for cut in cuts}), len(text)]
        self._pieces = [text[a:b] for a, b in pairwise(places) if a < b]

    def chunks(self, chunk_bytes: int = 0) -> Iterator[bytes]:
        yield from self._pieces


class Lines(TextFormat):
    """A format with a shape given."""

    name = "lines"
    summary = ""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def recognises(self, path: Path, head: bytes) -> bool:
        return False

    def shape(self, reading: Reading) -> Shape:
        return self._shape


def reader_reads(shape: Shape, text: bytes, cuts: list[int], engine: str) -> Read:
    """Read a text with the reader. Objects that are no numbers come back as negative numbers."""
    done = Read()
    reading = _Noted(Pieces(text, cuts), engine, done)
    for keys, writes, count in Lines(shape).batches(reading):
        done.accesses += [(int(keys[at]), int(writes[at])) for at in range(count)]
    return done


class _Noted(Reading):
    """Notes bad lines instead of counting them."""

    def __init__(self, source: Pieces, engine: str, done: Read) -> None:
        super().__init__(source, engine)  # type: ignore[arg-type]
        self._done = done

    def bad_line(self, number: int, text: bytes, expected: str) -> None:
        assert expected
        self._done.bad.append((number, text.decode("latin-1")))
