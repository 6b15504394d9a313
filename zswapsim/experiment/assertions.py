# SPDX-License-Identifier: GPL-2.0-only
"""Assertions about a result: written_back_pages<1000, zswpin/pgmajfault>=40%, vmstat.pswpin==0.

    assertion = side operator side          operator: < <= == != >= >
    side      = term [/ term]
    term      = name | number

A name is a counter's, with its section where there are several of that name. A number may have
a unit that fits: % for a share of two, K to T for bytes or pages, us to s for seconds. An assertion
is parsed before the run, so that a wrong one costs no run; nothing of it is ever evaluated as code.
"""

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.faults import NAMES as FAULT_NAMES
from zswapsim.experiment.settings import no_such
from zswapsim.machine.memory import MEMORY
from zswapsim.machine.swap import VMSTAT
from zswapsim.machine.zram.device import BD_STAT, MM_STAT
from zswapsim.machine.zswap.state import DEBUGFS
from zswapsim.units import PAGE_SIZE

Names = Mapping[str, Sequence[str]]
"""Names that there are, by section; the section "" is of a flat row."""

RESULT_NAMES: Names = {
    "zswap": ("pool_total_size", *DEBUGFS),
    "zram": (*MM_STAT, *BD_STAT),
    "vmstat": (*VMSTAT, "pgmajfault"),
    "memory": (
        *("limit_pages", "max_pool_pages", "pool_pages"),
        *MEMORY,
        *("mean_saved_pages", "swap_slots", "swap_slots_used"),
    ),
    "compression": (
        *("ratio", "mean_length_bytes", "incompressible_contents", "compressions"),
        *("decompressions", "writeback_decompressions"),
        *("compress_errors", "hysteresis_rejects", "contents"),
    ),
    "bytes": ("checked_pages",),
    "faults": FAULT_NAMES,
    "seconds": ("compress", "decompress", "compile", "machine", "total"),
}
"""Of a replay's Result: all of its numbers that say what happened."""

SAME = ("pgmajfault",)
"""In vmstat and in memory, and the same there, so that it needs no section."""


def names_of_rows(columns: Iterable[str]) -> Names:
    """Return the names of flat rows: those of a result with their sections, and the others."""
    names = set(columns)
    known = {
        section: [name for name in there_are if name in names]
        for section, there_are in RESULT_NAMES.items()
    }
    sectioned = {name for there_are in known.values() for name in there_are}
    return {**known, "": [name for name in columns if name not in sectioned]}


OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
MAX_CHARACTERS = 200
MAX_NUMBER = 1e30
_COMPARISON = re.compile(r"<=|>=|==|!=|<|>|=")
_NAME = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_NUMBER = re.compile(
    r"([-+]?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?) ?(%|[A-Za-z]*)", re.ASCII
)
_SIZES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60}


@dataclass(frozen=True, slots=True)
class Name:
    """A number of a result."""

    section: str
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def unit(self) -> str:
        """What it counts, as far as its name tells: bytes, pages, seconds or nothing of these."""
        if self.name.endswith(("_size", "_bytes")) or self.name.startswith("mem_"):
            return "bytes"
        if self.name.endswith("_pages"):
            return "pages"
        return "seconds" if self.section == "seconds" or self.name.endswith("_seconds") else ""

    def value(self, facts: Mapping[str, Any]) -> Any:
        """Return its value in a result or in a flat row; None if it has none."""
        section = facts.get(self.section)
        return (section if isinstance(section, Mapping) else facts).get(self.name)


@dataclass(frozen=True, slots=True)
class Side:
    """A name or number, or the quotient of two."""

    terms: tuple[Name | float, ...]

    def __str__(self) -> str:
        return "/".join(map(str, self.terms))

    def value(self, facts: Mapping[str, Any]) -> float:
        """Return its value. LookupError and ZeroDivisionError say which name has none, or is 0."""
        values: list[Any] = self._values(facts)
        for term, value in zip(self.terms, values, strict=True):
            if not isinstance(value, int | float):
                raise LookupError(f"there is no {term}")
        if values[1:] == [0]:
            raise ZeroDivisionError(f"{self.terms[1]} is 0")
        return float(values[0] / values[1]) if values[1:] else values[0]

    def _values(self, facts: Mapping[str, Any]) -> list[Any]:
        return [term.value(facts) if isinstance(term, Name) else term for term in self.terms]

    def told(self, facts: Mapping[str, Any]) -> str:
        """Say what it is, and of what."""
        text = f"{self} is {_number(self.value(facts))}"
        if len(self.terms) == 1:
            return text
        return f"{text}, {' of '.join(map(_number, self._values(facts)))}"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A parsed assertion; its text is as it was given."""

    text: str
    left: Side
    operator: str
    right: Side

    def __str__(self) -> str:
        return self.text

    def failure(self, facts: Mapping[str, Any]) -> str | None:
        """Return None if it holds for a result or a row, or what it says and what is so."""
        sides = [side for side in (self.left, self.right) if any(map(_is_name, side.terms))]
        try:
            if OPERATORS[self.operator](self.left.value(facts), self.right.value(facts)):
                return None
            is_so = "; ".join(side.told(facts) for side in sides)
        except (LookupError, ZeroDivisionError) as error:
            is_so = str(error.args[0])
        return f"{self.text}: {is_so}"

    @property
    def names(self) -> list[Name]:
        """The names in it."""
        terms = (*self.left.terms, *self.right.terms)
        return [term for term in terms if isinstance(term, Name)]


def parse_assertion(text: str, names: Names = RESULT_NAMES) -> Assertion:
    """Return what a text asserts. InvalidArgument says what is wrong with it, or not known."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidArgument(f"{text[:40]!r}...: longer than {MAX_CHARACTERS} characters")
    parts = _COMPARISON.split(text)
    if len(parts) != 2:
        raise InvalidArgument(
            f"{text!r}: allowed is one comparison, as 'written_back_pages<1000' (in quotes, or "
            "the shell takes < and > for itself)"
        )
    (found,) = _COMPARISON.findall(text)
    if found == "=":
        raise InvalidArgument(f"{text!r}: equal is written ==")
    raw = [_split(text, part) for part in parts]
    units = [_unit(side, names) for side in raw]
    if not any(map(_NAME.match, raw[0] + raw[1])):
        raise InvalidArgument(f"{text!r}: has no name of a counter in it")
    left, right = (_side(text, side, names, units) for side in raw)
    return Assertion(text, left, found, right)


def failures(
    assertions: Sequence[Assertion], told: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[str]:
    """Return a line for each assertion that does not hold, by result or row.

    told: label and numbers of each; the label, if any, is put before the line.
    """
    found = [(label, one.failure(facts)) for label, facts in told for one in assertions]
    return [f"{label}: {failed}" if label else failed for label, failed in found if failed]


def _split(text: str, side: str) -> list[str]:
    terms = [term.strip() for term in side.split("/")]
    if len(terms) > 2 or "" in terms:
        raise InvalidArgument(f"{text!r}: allowed on a side is NAME, NUMBER or NAME/NAME")
    return terms


def _find(name: str, names: Names) -> Name:
    """Return the number of that name. InvalidArgument: there is none, or more than one."""
    section, _, last = name.rpartition(".")
    had = [key for key, there_are in names.items() if last in there_are]
    if section:
        if section in had:
            return Name(section, last)
        known = [f"{key}.{each}" for key, there_are in names.items() for each in there_are if key]
    elif len(had) == 1 or (had and last in SAME):
        return Name(had[0], last)
    elif had:
        places = " or ".join(f"{key}.{last}" for key in had)
        raise InvalidArgument(f"{name!r} may be {places}; say which")
    else:
        known = [each for there_are in names.values() for each in there_are]
    raise InvalidArgument(no_such(name, known, "counter"))


def _unit(terms: Sequence[str], names: Names) -> str:
    """Return what a side counts: the unit of its name, or "share" where it is of two."""
    found = [_find(term, names) for term in terms if _NAME.fullmatch(term)]
    if len(found) == 2:
        return "share"
    return found[0].unit if found and len(terms) == 1 else ""


def _side(text: str, terms: Sequence[str], names: Names, units: Sequence[str]) -> Side:
    return Side(
        tuple(
            _find(term, names) if _NAME.fullmatch(term) else _parse_number(text, term, units)
            for term in terms
        )
    )


def _parse_number(text: str, term: str, units: Sequence[str]) -> float:
    """Return a number in what the names of the assertion count. units: of both sides."""
    match = _NUMBER.fullmatch(term)
    if match is None:
        raise InvalidArgument(f"{text!r}: {term!r} is neither the name of a counter nor a number")
    digits, suffix = match[1].replace("_", ""), match[2]
    number: float = int(digits) if re.fullmatch(r"[-+]?\d+", digits, re.ASCII) else float(digits)
    if not -MAX_NUMBER <= number <= MAX_NUMBER:
        raise InvalidArgument(f"{text!r}: {term} is too large")
    if not suffix:
        return number
    size = re.fullmatch(r"([kmgt])(i?b)?", suffix, re.I)
    if suffix == "%" and "share" in units:
        return number / 100
    if size and ("bytes" in units or "pages" in units):
        number *= _SIZES[size[1].lower()]
        return number if "bytes" in units else number / PAGE_SIZE
    if suffix in _SECONDS and "seconds" in units:
        return number * _SECONDS[suffix]
    raise InvalidArgument(
        f"{text!r}: {suffix} does not fit; allowed are % for NAME/NAME, K M G T for bytes and "
        "pages, us ms s min for seconds"
    )


def _is_name(term: object) -> bool:
    return isinstance(term, Name)


def _number(value: Any) -> str:
    """Return a number as a message shows it."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
