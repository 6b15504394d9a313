# SPDX-License-Identifier: GPL-2.0-only
"""The language of lessons: settings, then operations, one command a line.

    title Pairs and density
    goal  Say why zbud holds at most two pages in one.
    kernel 5.4
    zpool zbud
    limit 2
    store 3 random          # a comment
    store 4 size=1379
    ask Which page takes this object?
    store 5 like 4
    note FIRST was taken, so it went to LAST.

A wrong line is one InvalidArgument, `FILE:LINE: what; allowed is ...`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from zswapsim.errors import InvalidArgument, ZswapSimError
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.lesson.contents import KINDS
from zswapsim.machine.reclaim import POLICIES
from zswapsim.printable import printable
from zswapsim.profiles import profile
from zswapsim.units import PAGE_SIZE

MAX_LINES = 1000
MAX_BYTES = 1 << 18
MAX_SLOTS = 4096
DEFAULT_SLOTS = 256
MAX_LIMIT_PAGES = 1 << 20
MAX_SEED = (1 << 32) - 1
MAX_PERCENT = 100
MAX_SHOWN = 40

CONTENTS = f"{', '.join(KINDS)}, size=BYTES or like SLOT"


class Content(NamedTuple):
    """What a page holds. kind: one of KINDS, "size" or "like"; value: its bytes, or the slot."""

    kind: str
    value: int = 0


class Question(NamedTuple):
    """A question of the script, about the operation that follows."""

    line: int
    text: str


@dataclass(slots=True)
class Operation:
    """One step. name: of the command; number: its slot, page or pages; notes: said after it."""

    line: int
    command: str
    name: str
    number: int = 0
    content: Content | None = None
    write: bool = False
    question: Question | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    """A script that was read. source: its name; settings: by name, as ReplayConfig spells them,
    and limit, slots, seed; lines: of these, in which they stand; notes: before the first step;
    is_changed: it has other settings than it says, so a question may ask for what is not done.
    """

    source: str
    title: str = ""
    goals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    is_changed: bool = False

    @property
    def memory_pages(self) -> int:
        """Pages of the program's memory, 0 where the script itself stores and loads."""
        return int(self.settings.get("memory", 0))

    @property
    def frontend(self) -> str:
        """zswap or zram."""
        return str(self.settings.get("frontend", "zswap"))

    def instead(self, settings: Mapping[str, Any]) -> "Script":
        """Return the script with other settings. InvalidArgument: they do not go with the rest."""
        changed = replace(self, settings={**self.settings, **settings}, is_changed=bool(settings))
        if "reclaim" in settings and not self.memory_pages:
            raise InvalidArgument(f"reclaim goes with memory PAGES, which {self.source} has not")
        check_settings(changed, settings)
        return changed

    def refuse(self, line: int, problem: str) -> NoReturn:
        """Raise what is wrong in a line."""
        raise InvalidArgument(f"{self.source}:{line}: {printable(problem)}")


def read_script(path: Path) -> Script:
    """Read a script. InvalidArgument says what is wrong in which line; OSError: no such file."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return parse_script(data, str(path))


def parse_script(text: str | bytes, source: str = "script") -> Script:
    """Parse a script; see read_script. source: what messages call it."""
    script = Script(printable(source))
    if isinstance(text, bytes):
        text = _decoded(script, text)
    if len(text) > MAX_BYTES:
        script.refuse(1, f"the script is too long; allowed are {MAX_BYTES:,} bytes")
    lines = text.split("\n")
    if any(lines[MAX_LINES:]):
        script.refuse(MAX_LINES + 1, f"this is line {MAX_LINES + 1}; allowed are {MAX_LINES}")
    parser = _Parser(script)
    for at, line in enumerate(lines, 1):
        parser.take(at, line.rstrip("\r"))
    parser.finish(len(lines))
    return script


def _decoded(script: Script, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].count(b"\n")
        script.refuse(line, "this is no UTF-8; allowed is a script as text")


def shown(text: str) -> str:
    """Return a word of a script as a message shows it, not too long."""
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")


def check_settings(script: Script, new: Mapping[str, Any] | None = None) -> None:
    """Refuse settings that do not go together, each in its line. new: those of no line."""
    settings, lines = script.settings, script.lines
    base: dict[str, Any] = {key: settings[key] for key in ("kernel", "frontend") if key in settings}
    for key in REPLAYED:
        if key not in settings:
            continue
        try:
            ReplayConfig(**{**base, key: settings[key]})
        except ZswapSimError as error:
            line = next((lines[name] for name in lines if SETTINGS[name].key == key), 1)
            if new and (key in new or "kernel" in new):
                raise
            script.refuse(line, str(error))
    if "reclaim" in lines and "memory" not in lines:
        script.refuse(lines["reclaim"], "reclaim goes with memory PAGES")


class _Parser:
    """What is under way: the script so far, and the question that waits for an operation."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.line = 0
        self.question: Question | None = None
        self.stored: set[int] = set()

    def take(self, line: int, text: str) -> None:
        """Take one line."""
        self.line = line
        text = re.sub(r"(^|\s)#.*", "", text).strip()
        if not text:
            return
        name, *more = text.split(maxsplit=1)
        rest = more[0] if more else ""
        if name in TEXTS:
            self._take_text(name, rest)
        elif name in SETTINGS and not (name == "limit" and self.script.operations):
            self._take_setting(name, rest.split())
        elif name in OPERATIONS:
            self._take_operation(name, rest.split())
        else:
            known = ", ".join(dict.fromkeys((*TEXTS, *SETTINGS, *OPERATIONS)))
            self.refuse(f"there is no command {shown(name)}; allowed are {known}")

    def finish(self, line: int) -> None:
        """End the script."""
        if self.question is not None:
            self.script.refuse(
                self.question.line, "no operation follows; allowed is a question before one"
            )
        if not self.script.operations:
            self.line = line
            self.refuse("there is no operation; allowed are " + ", ".join(OPERATIONS))

    def refuse(self, problem: str) -> NoReturn:
        self.script.refuse(self.line, problem)

    def _take_text(self, name: str, text: str) -> None:
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            text = text[1:-1]
        text = printable(text)
        if not text:
            self.refuse(f"{name} says nothing; allowed is {name} TEXT")
        script = self.script
        if name == "title":
            if script.title:
                self.refuse("the title is said already; allowed is one")
            script.title = text
        elif name == "goal":
            script.goals.append(text)
        elif name == "note":
            last = script.operations[-1].notes if script.operations else script.notes
            last.append(text)
        elif self.question is not None:
            self.refuse(
                f"line {self.question.line} asks already; allowed is one question an operation"
            )
        else:
            self.question = Question(self.line, text)

    def _take_setting(self, name: str, words: list[str]) -> None:
        script = self.script
        if script.operations:
            first = script.operations[0].line
            self.refuse(
                f"{name} comes after the first operation, line {first}; allowed is before it"
            )
        if name in script.lines:
            self.refuse(f"{name} is said already, in line {script.lines[name]}; allowed is once")
        if len(words) != 1:
            self.refuse(f"{name} takes one value; allowed is {name} {SETTINGS[name].usage}")
        key = SETTINGS[name].key
        script.settings[key] = SETTINGS[name].read(self, words[0])
        script.lines[name] = self.line

    def _take_operation(self, name: str, words: list[str]) -> None:
        command = OPERATIONS[name]
        script = self.script
        if not script.operations:
            check_settings(script)
        if not command.allowed(script):
            self.refuse(f"{name} goes with {command.needs}")
        operation = Operation(self.line, " ".join((name, *words)), name)
        command.read(self, operation, words)
        operation.question, self.question = self.question, None
        script.operations.append(operation)

    # Words

    def number(self, what: str, word: str, low: int, high: int) -> int:
        """Return a whole number."""
        if not (word.isascii() and word.isdecimal() and len(word) < 12) or not (
            low <= int(word) <= high
        ):
            self.refuse(f"{what} {shown(word)}; allowed is a whole number, {low} to {high}")
        return int(word)

    def slot(self, word: str) -> int:
        """Return the number of a slot."""
        highest = int(self.script.settings.get("slots", DEFAULT_SLOTS))
        return self.number("slot", word, 1, highest)

    def page(self, word: str) -> int:
        """Return the number of a page of the program."""
        return self.number("page", word, 0, MAX_SLOTS - 1)

    def content(self, words: list[str]) -> Content:
        """Return what a page is to hold."""
        word = words[0]
        if len(words) == 2 and word == "like":
            return Content("like", self._other(words[1]))
        if len(words) != 1 or not (word in KINDS or word.startswith("size=")):
            self.refuse(f"content {shown(' '.join(words))}; allowed is {CONTENTS}")
        if word in KINDS:
            return Content(word)
        return Content("size", self.number("size", word.removeprefix("size="), 1, PAGE_SIZE))

    def _other(self, word: str) -> int:
        """Return the slot, or page, whose bytes are wanted once more."""
        if self.script.memory_pages:
            return self.page(word)
        other = self.slot(word)
        if other not in self.stored:
            self.refuse(f"like {other}: slot {other} was not stored; allowed is one that was")
        return other


class Setting(NamedTuple):
    """A setting: the key that it has, what may stand there, and what makes a value of a word."""

    key: str
    usage: str
    read: Callable[[_Parser, str], Any]


class Command(NamedTuple):
    """An operation: what may follow it, where it is allowed, and what reads it."""

    usage: str
    needs: str
    allowed: Callable[[Script], bool]
    read: Callable[[_Parser, Operation, list[str]], None]


def _known(check: Callable[[str], object]) -> Callable[[_Parser, str], str]:
    """Return what reads a word that `check` accepts, which otherwise says what is allowed."""

    def read(parser: _Parser, word: str) -> str:
        try:
            check(word)
        except ZswapSimError as error:
            parser.refuse(str(error))
        return word

    return read


def _switch(parser: _Parser, word: str) -> bool:
    if word not in ("on", "off"):
        parser.refuse(f"{shown(word)}; allowed are on and off")
    return word == "on"


def _whole(what: str, low: int, high: int) -> Callable[[_Parser, str], int]:
    return lambda parser, word: parser.number(what, word, low, high)


def _any(word: str) -> None:
    """Accept a word, which is looked at with the other settings."""


TEXTS = ("title", "goal", "note", "ask")
SETTINGS = {
    "kernel": Setting("kernel", "VERSION", _known(profile)),
    "frontend": Setting("frontend", "zswap|zram", _known(_any)),
    "zpool": Setting("zpool", "NAME", _known(_any)),
    "compressor": Setting("compressor", "NAME[:SETTING]", _known(_any)),
    "limit": Setting("limit", "PAGES", _whole("limit", 0, MAX_LIMIT_PAGES)),
    "accept": Setting("accept_threshold_percent", "PERCENT", _whole("accept", 0, MAX_PERCENT)),
    "same-filled": Setting("same_filled_pages_enabled", "on|off", _switch),
    "exclusive-loads": Setting("exclusive_loads", "on|off", _switch),
    "seed": Setting("seed", "NUMBER", _whole("seed", 0, MAX_SEED)),
    "slots": Setting("slots", "NUMBER", _whole("slots", 1, MAX_SLOTS)),
    "memory": Setting("memory", "PAGES", _whole("memory", 2, MAX_SLOTS)),
    "reclaim": Setting("reclaim", "NAME", _known(POLICIES.get)),
}
"""In the order in which a message lists them."""

REPLAYED = (
    "kernel",
    "frontend",
    "zpool",
    "compressor",
    "accept_threshold_percent",
    "same_filled_pages_enabled",
    "exclusive_loads",
)
"""Settings that a replay has, too, and checks."""


def _read_store(parser: _Parser, operation: Operation, words: list[str]) -> None:
    if len(words) < 2:
        parser.refuse(f"store says too little; allowed is {_usage('store')}")
    operation.number = parser.slot(words[0])
    operation.content = parser.content(words[1:])
    parser.stored.add(operation.number)


def _read_slot(parser: _Parser, operation: Operation, words: list[str]) -> None:
    if len(words) != 1:
        parser.refuse(f"{operation.name} takes one slot; allowed is {_usage(operation.name)}")
    operation.number = parser.slot(words[0])


def _read_limit(parser: _Parser, operation: Operation, words: list[str]) -> None:
    if len(words) != 1:
        parser.refuse(f"limit takes one value; allowed is {_usage('limit')}")
    operation.number = parser.number("limit", words[0], 0, MAX_LIMIT_PAGES)


def _read_nothing(parser: _Parser, operation: Operation, words: list[str]) -> None:
    if words:
        parser.refuse(f"{operation.name} takes nothing; allowed is {operation.name}")


def _read_access(parser: _Parser, operation: Operation, words: list[str]) -> None:
    if not words or (len(words) > 1 and words[1] != "write"):
        parser.refuse(f"access {shown(' '.join(words))}; allowed is {_usage('access')}")
    operation.number = parser.page(words[0])
    operation.write = len(words) > 1
    if len(words) > 2:
        operation.content = parser.content(words[2:])


def _usage(name: str) -> str:
    return f"{name} {OPERATIONS[name].usage}"


def _by_hand(script: Script) -> bool:
    return not script.memory_pages


def _by_hand_zswap(script: Script) -> bool:
    return not script.memory_pages and script.frontend == "zswap"


def _by_hand_zram(script: Script) -> bool:
    return not script.memory_pages and script.frontend == "zram"


_NO_MEMORY = "a script without memory, where the program's accesses do it"
_ZSWAP = "zswap in a script without memory"

OPERATIONS = {
    "store": Command("SLOT CONTENT", _NO_MEMORY, _by_hand, _read_store),
    "load": Command("SLOT", _NO_MEMORY, _by_hand, _read_slot),
    "invalidate": Command("SLOT", _NO_MEMORY, _by_hand, _read_slot),
    "limit": Command("PAGES", "every script", lambda script: True, _read_limit),
    "shrink": Command("", _ZSWAP, _by_hand_zswap, _read_nothing),
    "busy": Command("SLOT", _ZSWAP, _by_hand_zswap, _read_slot),
    "idle": Command("SLOT", _ZSWAP, _by_hand_zswap, _read_slot),
    "compact": Command(
        "", "frontend zram in a script without memory", _by_hand_zram, _read_nothing
    ),
    "access": Command(
        "PAGE [write [CONTENT]]",
        "memory PAGES before the first operation",
        lambda script: bool(script.memory_pages),
        _read_access,
    ),
}
