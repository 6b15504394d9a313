# SPDX-License-Identifier: GPL-2.0-only
"""Parts by name: the built-in ones first, then those that other packages bring as entry points.

Entry points are looked up when a name is not built in, or when all names are listed, so that a
start with built-in parts never pays for the search.
"""

from importlib import import_module
from typing import Any, Generic, TypeVar

from zswapsim.errors import AlreadyExists, NoEntry

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one kind of part, each loaded when it is first asked for.

    kind: singular noun for messages ("compressor"); group: entry-point group of third parties;
    built_in: name -> "module:attribute".
    """

    def __init__(self, kind: str, group: str, built_in: dict[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._targets = dict(built_in)
        self._origin = dict.fromkeys(built_in, "built in")
        self._loaded: dict[str, T] = {}
        self._searched = False

    def register(self, name: str, part: T, *, origin: str = "registered at run time") -> None:
        """Add a part under a new name. AlreadyExists names both origins if the name is taken."""
        self._search_entry_points()
        if name in self._origin:
            raise AlreadyExists(
                f"{self.kind} {name!r} from {origin} is already there, from {self._origin[name]}"
            )
        self._origin[name] = origin
        self._loaded[name] = part

    def get(self, name: str) -> T:
        """Return the part of that name; NoEntry lists the names there are."""
        if name not in self._origin:
            self._search_entry_points()
        if name not in self._origin:
            raise NoEntry(f"no {self.kind} {name!r}; there are {', '.join(self.names())}")
        if name not in self._loaded:
            self._loaded[name] = _load(self._targets[name])
        return self._loaded[name]

    def names(self) -> list[str]:
        """All names, the built-in ones first."""
        self._search_entry_points()
        return list(self._origin)

    def origin(self, name: str) -> str:
        """Say where a part comes from."""
        return self._origin[name]

    def _search_entry_points(self) -> None:
        if self._searched:
            return
        self._searched = True
        from importlib.metadata import entry_points

        for point in entry_points(group=self.group):
            source = point.dist.name if point.dist else "an entry point"
            if point.name in self._origin:
                raise AlreadyExists(
                    f"{self.kind} {point.name!r} from {source} is already there, "
                    f"from {self._origin[point.name]}"
                )
            self._origin[point.name] = source
            self._targets[point.name] = point.value


def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)
