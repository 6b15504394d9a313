# SPDX-License-Identifier: GPL-2.0-only
"""A TOML file of settings: flat ones for every command, a table for one, the kernel's spellings.

    max_pool_percent = 30          for every command that has it
    [sweep]
    compressor = ["lz4", "zstd"]   for one command
    [zswap]                        what modprobe and sysfs call zswap.max_pool_percent, and so on
    [vm]
    page-cluster = 3

Read by tomllib, which tells values and no lines; these come from reading statement by statement.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from zswapsim.errors import InvalidArgument
from zswapsim.printable import printable

MAX_BYTES = 1 << 16
MAX_LINES = 1000
MAX_COLUMNS = 4096
"""Of one value, and of a line: what tomllib does with them grows with their square."""
MAX_SHOWN = 60

KERNEL_NAMES = {
    "zswap": {
        "enabled": "frontend",
        **{
            name: name
            for name in (
                "compressor",
                "zpool",
                "max_pool_percent",
                "accept_threshold_percent",
                "same_filled_pages_enabled",
                "exclusive_loads",
                "shrinker_enabled",
            )
        },
    },
    "zram": {"comp_algorithm": "compressor", "mem_limit": "zram_limit", "disksize": "swap_size"},
    "vm": {"page_cluster": "page_cluster"},
}
"""By table: what the kernel calls it, and the setting of a replay that it is."""


class FloatAsWritten(float):
    """A number with a point, and how it was written: kernel = 5.10 is not 5.1."""

    def __new__(cls, text: str) -> "FloatAsWritten":
        """Make one of the text."""
        made = super().__new__(cls, text)
        made._text = text
        return made

    _text: str

    def __repr__(self) -> str:
        return self._text

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of a file: its name there, with the table's, and the line where it is."""

    name: str
    value: Any
    line: int


@dataclass(slots=True)
class SettingsFile:
    """What a file says. shared: by setting; own: by command and setting; tables: their lines."""

    path: str
    shared: dict[str, Setting] = field(default_factory=dict)
    own: dict[str, dict[str, Setting]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)

    def where(self, setting: Setting | int) -> str:
        """Say the file and the line of a setting."""
        return f"{self.path}:{setting if isinstance(setting, int) else setting.line}"

    def refuse(self, setting: Setting | int, problem: str) -> InvalidArgument:
        """Return the error that a setting is wrong, with file, line and name."""
        name = "" if isinstance(setting, int) else f"{setting.name}: "
        return InvalidArgument(printable(f"{self.where(setting)}: {name}{problem}"))


def load_settings(path: Path | str) -> dict[str, Any]:
    """Return a file's settings by their names, those of a command as a dict under its name.

    The kernel's spellings are turned into ours, and dashes into underscores; whether there are
    such settings is not checked. str() of a number with a point is as it was written, so that a
    kernel 5.10 is not 5.1. InvalidArgument: the file is not TOML, or says a thing twice.
    """
    file = read_settings(path)
    plain: dict[str, Any] = {name: said.value for name, said in file.shared.items()}
    for table in file.tables:
        plain[table] = {name: said.value for name, said in file.own.get(table, {}).items()}
    return plain


def read_settings(path: Path | str) -> SettingsFile:
    """Return a file's settings and where each is. InvalidArgument names file and line."""
    file = SettingsFile(str(path))
    text = _text_of(Path(path))
    try:
        _check(text, file.path)
        for line, names, value in _statements(file, text):
            if value is None:
                if names[0] not in KERNEL_NAMES:
                    file.tables.setdefault(names[0], line)
            else:
                _add(file, Setting(".".join(names), value, line), names)
    except RecursionError:
        raise InvalidArgument(printable(f"{path}: not TOML: too deep")) from None
    _add_frontend(file)
    return file


def no_such(name: str, there_are: Iterable[str], what: str = "setting", *, prefix: str = "") -> str:
    """Return the message for a name that there is not, with the nearest one that there is.

    prefix: before both, as that of a table.
    """
    near = difflib.get_close_matches(name.replace("-", "_"), list(there_are), 1, 0.6)
    guess = f"; did you mean {prefix}{near[0]}?" if near else ""
    return f"no {what} {prefix + name[:MAX_SHOWN]!r}{guess}"


def _text_of(path: Path) -> str:
    with path.open("rb") as opened:
        held = opened.read(MAX_BYTES + 1)
    if len(held) > MAX_BYTES:
        raise InvalidArgument(printable(f"{path}: larger than a file of settings can be"))
    try:
        return held.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = held[: error.start].count(b"\n") + 1
        raise InvalidArgument(printable(f"{path}:{line}: not TOML: no UTF-8 text")) from None


def _check(text: str, path: str) -> None:
    """Refuse what is no TOML, and say where that begins."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_COLUMNS:
            raise InvalidArgument(printable(f"{path}:{number}: longer than {MAX_COLUMNS} columns"))
    try:
        tomllib.loads(text)
    except ValueError as error:
        said = str(error)
        found = re.search(r" \(at line (\d+), column (\d+)\)$", said)
        place = f"{found[1]}:{found[2]}" if found else str(text.rstrip().count("\n") + 1)
        said = re.sub(r" \(at (line \d+, column \d+|end of document)\)$", "", said)
        raise InvalidArgument(printable(f"{path}:{place}: not TOML: {said}")) from None


def _statements(file: SettingsFile, text: str) -> Iterator[tuple[int, tuple[str, ...], Any]]:
    """Yield line, dotted name and value of all that valid TOML says; a table's value is None."""
    table: tuple[str, ...] = ()
    begun, lines = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        begun = begun if lines else number
        lines.append(line)
        if len(lines) > MAX_LINES:
            raise file.refuse(begun, f"a value of more than {MAX_LINES} lines")
        try:
            said = tomllib.loads("\n".join(lines), parse_float=FloatAsWritten)
        except ValueError:
            continue  # its value goes on in the next line
        lines = []
        if number > begun or not line.lstrip().startswith("["):
            yield from ((begun, (*table, *names), value) for names, value in _flat(said))
            continue
        ((table, value),) = _flat(said)
        if isinstance(value, list):
            raise file.refuse(begun, "[[...]] is for lists of tables; allowed is [TABLE]")
        yield begun, table, None


def _flat(said: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield dotted names and values; an empty table is a value."""
    for name, value in said.items():
        if isinstance(value, dict) and value:
            for names, inner in _flat(value):
                yield (name, *names), inner
        else:
            yield (name,), value


def _add(file: SettingsFile, setting: Setting, names: tuple[str, ...]) -> None:
    """Put a setting where it belongs."""
    table, name = names[0], "_".join(names[-1:]).replace("-", "_")
    if len(names) == 1:
        _say_once(file, file.shared, name, setting)
    elif table in KERNEL_NAMES:
        spelled = KERNEL_NAMES[table]
        if len(names) > 2 or name not in spelled:
            problem = no_such(".".join(names[1:]), spelled, prefix=f"{table}.")
            raise InvalidArgument(printable(f"{file.where(setting)}: {problem}"))
        if (table, name) == ("zswap", "enabled"):
            setting = Setting(setting.name, _frontend(file, setting), setting.line)
        _say_once(file, file.shared, spelled[name], setting)
    elif len(names) == 2:
        file.tables.setdefault(table, setting.line)
        _say_once(file, file.own.setdefault(table, {}), name, setting)
    else:
        raise file.refuse(setting, "no setting is so deep; allowed are NAME and [COMMAND] NAME")


def _say_once(
    file: SettingsFile, settings: dict[str, Setting], name: str, setting: Setting
) -> None:
    if name in settings:
        first = settings[name]
        raise file.refuse(setting, f"is said already, as {first.name} in line {first.line}")
    settings[name] = setting


def _frontend(file: SettingsFile, setting: Setting) -> str:
    try:
        return "zswap" if as_bool(setting.value) else "none"
    except ValueError:
        raise file.refuse(setting, f"allowed are true and false, not {shown(setting.value)}") from (
            None
        )


def _add_frontend(file: SettingsFile) -> None:
    """Let a file that tells of zram only mean zram, unless it says what the frontend is."""
    told = [setting for setting in file.shared.values() if setting.name.startswith("zram.")]
    zswap = any(setting.name.startswith("zswap.") for setting in file.shared.values())
    if told and not zswap and "frontend" not in file.shared:
        file.shared["frontend"] = Setting(told[0].name, "zram", told[0].line)


def as_bool(value: Any) -> bool:
    """Return a boolean as TOML or sysfs has it: true, 1, "Y". ValueError if it is none."""
    known = {"y": True, "1": True, "true": True, "n": False, "0": False, "false": False}
    if isinstance(value, bool | int | str) and str(value).lower() in known:
        return known[str(value).lower()]
    raise ValueError(value)


def shown(value: Any) -> str:
    """Return a value of a file as a message shows it, not too long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    text = str(value) if isinstance(value, date | time) else text
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
