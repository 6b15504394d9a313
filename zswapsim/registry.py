# SPDX-License-Identifier: GPL-2.0-only
"""Parts by name: the built-in ones first, then those that other packages bring as entry points.

Entry points are looked up when a name is not built in, or when all names are listed, so that a
start with built-in parts never pays for the search. What is wrong with one of them is said when its
part is asked for, and by plugins(); nobody else hears of it.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from zswapsim.errors import AlreadyExists, NoEntry
from zswapsim.printable import printable

T = TypeVar("T")


class Plugin(NamedTuple):
    """A part that is not built in. target: "module:attribute"; problem: "" where it loads."""

    kind: str
    name: str
    origin: str
    target: str
    problem: str


class Registry(Generic[T]):
    """Names of one kind of part, each loaded when it is first asked for.

    kind: singular noun for messages ("compressor"); group: entry-point group of third parties;
    built_in: name -> "module:attribute"; fault(name, part) says why a third party's part is none of
    this kind, "" if it is one.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        built_in: dict[str, str],
        fault: Callable[[str, Any], str] = lambda name, part: "",
    ) -> None:
        self.kind = kind
        self.group = group
        self._targets = dict(built_in)
        self._built_in = frozenset(built_in)
        self._origin = dict.fromkeys(built_in, "built in")
        self._loaded: dict[str, T] = {}
        self._passed_over: list[Plugin] = []
        self._fault = fault
        self._searched = False
        self._lock = threading.RLock()

    def register(self, name: str, part: T, *, origin: str = "registered at run time") -> None:
        """Add a part under a new name. AlreadyExists names both origins if the name is taken."""
        self._search_entry_points()
        if name in self._origin:
            raise AlreadyExists(
                f"{self.kind} {name!r} from {origin} is already there, from {self._origin[name]}"
            )
        self._origin[name] = origin
        self._loaded[name] = part

    @contextmanager
    def shadowed(self, name: str, part: T) -> Iterator[None]:
        """Let a name stand for a part, whatever else it stands for, as long as the block runs."""
        self._search_entry_points()
        origin, loaded = self._origin.get(name), self._loaded.get(name)
        self._origin[name] = origin or "registered at run time"
        self._loaded[name] = part
        try:
            yield
        finally:
            del self._loaded[name]
            if loaded is not None:
                self._loaded[name] = loaded
            if origin is None:
                del self._origin[name]

    def get(self, name: str) -> T:
        """Return the part of that name.

        NoEntry lists the names there are, or says why a third party's part does not load. An
        ImportError of a built-in part is passed on.
        """
        if name not in self._origin:
            self._search_entry_points()
        if name not in self._origin:
            raise NoEntry(f"no {self.kind} {name!r}; there are {', '.join(self.names())}")
        if name not in self._loaded:
            if name in self._built_in:
                self._loaded[name] = _load(self._targets[name])
            else:
                self._loaded[name] = self._load_foreign(name)
        return self._loaded[name]

    def names(self) -> list[str]:
        """All names, the built-in ones first."""
        self._search_entry_points()
        return list(self._origin)

    def is_built_in(self, name: str) -> bool:
        """Say whether a part comes with this package."""
        return name in self._built_in

    def origin(self, name: str) -> str:
        """Say where a part comes from: package and version of a third party's."""
        return self._origin[name]

    def plugins(self) -> list[Plugin]:
        """Return the entry points of third parties, also those passed over; all are loaded."""
        self._search_entry_points()
        found = []
        for name, target in self._targets.items():
            if name in self._built_in:
                continue
            problem = ""
            try:
                self.get(name)
            except NoEntry as error:
                problem = str(error).partition(" does not load: ")[2]
            found.append(Plugin(self.kind, name, self._origin[name], target, problem))
        return found + self._passed_over

    def digest(self, name: str) -> str:
        """Return what tells one edition of a third party's part from the next, "" of a built-in.

        It is made of version and source file, where there is one.
        """
        if name in self._built_in:
            return ""
        self._search_entry_points()
        if name not in self._targets:
            return ""
        self.get(name)
        source = import_module(self._targets[name].partition(":")[0]).__file__
        told = hashlib.sha256(self._origin[name].encode())
        if source is not None and Path(source).is_file():
            told.update(Path(source).read_bytes())
        return told.hexdigest()[:16]

    def _load_foreign(self, name: str) -> Any:
        try:
            part = _load(self._targets[name])
        except Exception as error:
            raise NoEntry(self._broken(name, f"{type(error).__name__}: {error}")) from error
        fault = self._fault(name, part)
        if fault:
            raise NoEntry(self._broken(name, fault))
        return part

    def _broken(self, name: str, why: str) -> str:
        text = f"{self.kind} {name!r} from {self._origin[name]} does not load: {why}"
        return printable(" ".join(text.split()))

    def _search_entry_points(self) -> None:
        if self._searched:
            return
        with self._lock:
            if not self._searched:
                self._read_entry_points()
                self._searched = True  # at the end: other threads must not see half of them

    def _read_entry_points(self) -> None:
        from importlib.metadata import entry_points

        try:
            points = list(entry_points(group=self.group))
        except Exception as error:  # the text of some package's entry points is no such text
            why = f"entry points cannot be read: {type(error).__name__}: {error}"
            self._passed_over.append(Plugin(self.kind, "?", "?", "?", printable(why)))
            return
        for point in points:
            source = _source(point)
            if point.name in self._origin:
                why = f"the name is taken, by the one from {self._origin[point.name]}"
                if self._origin[point.name] == "built in":
                    why = "the name is taken, by a built-in part"
                self._passed_over.append(Plugin(self.kind, point.name, source, point.value, why))
                continue
            self._origin[point.name] = source
            self._targets[point.name] = point.value


def lacking(part: Any, names: tuple[str, ...]) -> str:
    """Say which of these attributes a part has not, "" if it has all."""
    absent = [name for name in names if not hasattr(part, name)]
    return f"it has no {', '.join(absent)}" if absent else ""


def _source(point: EntryPoint) -> str:
    if point.dist is None:
        return "an entry point"
    return f"{point.dist.name} {point.dist.version}"


def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    part = import_module(module)
    for name in attribute.split("."):
        part = getattr(part, name)
    return part
