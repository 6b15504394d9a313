# SPDX-License-Identifier: GPL-2.0-only
"""What a person types for several values of a setting: "lz4,zstd:1-9", "5:50:5", "30%,50%"."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from zswapsim.content.compressors.spec_list import parse_spec_list
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.config import FRONTENDS
from zswapsim.machine.pools.zpool import get_driver
from zswapsim.machine.reclaim import POLICIES
from zswapsim.profiles import profile

MOST_VALUES = 1000
"""Of one setting; more is a slip of the hand."""

MOST_DIGITS = 12

_NUMBER = re.compile(rf"(?P<number>\d{{1,{MOST_DIGITS}}})(?P<unit>\D*)")
_SWITCH = {"on": True, "off": False, "yes": True, "no": False, "true": True, "false": False}


def parse_values(name: str, given: object) -> list[Any]:
    """Return the values that a text, a value or a list of them means for a setting.

    name: of a setting in AXES. Equal values become one. InvalidArgument or NoEntry says what is
    allowed.
    """
    parse = AXES[name][0]
    parts = given if isinstance(given, list | tuple) else [given]
    values = [value for part in parts for value in parse(name, part)]
    if not values:
        raise InvalidArgument(f"{name}: no value")
    if len(values) > MOST_VALUES:
        raise InvalidArgument(f"{name}: {len(values):,} values; allowed are {MOST_VALUES:,}")
    return list(dict.fromkeys(values))


def _words(name: str, given: object) -> list[str]:
    if not isinstance(given, str | int | float) or isinstance(given, bool):
        raise InvalidArgument(f"{name}: {given!r} is no value; allowed is text, as in a,b")
    return [word.strip() for word in str(given).split(",")]


def _names(name: str, given: object) -> list[str]:
    words = _words(name, given)
    if not all(words):
        raise InvalidArgument(f"{name}: {given!r} has an empty value")
    for word in words if name in _KNOWN else ():
        try:
            _KNOWN[name](word)
        except NoEntry as error:
            raise NoEntry(f"{name}: {error}") from None
    return words


def _frontend(name: str) -> None:
    if name not in FRONTENDS:
        raise NoEntry(f"no frontend {name!r}; there are {', '.join(FRONTENDS)}")


_KNOWN: dict[str, Callable[[str], object]] = {
    "frontend": _frontend,
    "zpool": get_driver,
    "kernel": profile,
    "reclaim": POLICIES.get,
}
"""Settings whose values are names, and what raises NoEntry for those that there are not."""


def _compressors(name: str, given: object) -> list[str]:
    return parse_spec_list(",".join(_names(name, given)))


def _sizes(name: str, given: object) -> list[str]:
    """Return sizes; a range needs one unit, as 10%:90%:20% or 16M:64M:16M."""
    return [size for word in _words(name, given) for size in _range(name, word)]


def _numbers(name: str, given: object) -> list[int]:
    words = [number for word in _words(name, given) for number in _range(name, word)]
    for word in words:
        if not word.isascii() or not word.isdecimal() or len(word) > MOST_DIGITS:
            raise InvalidArgument(
                f"{name}: {word[:40]!r} is no number; allowed are 5, 5,10,20 and 5:50:5 "
                "(first:last:step)"
            )
    return [int(word) for word in words]


def _range(name: str, word: str) -> Sequence[str]:
    """Return what first:last:step means, last included, or the word itself."""
    if ":" not in word:
        return [word]
    parts = [_NUMBER.fullmatch(part.strip()) for part in word.split(":")]
    found = [part for part in parts if part is not None]
    units = {part["unit"] for part in found}
    if len(parts) not in (2, 3) or len(found) != len(parts) or len(units) != 1:
        raise InvalidArgument(f"{name}: {word!r} is no range; allowed is first:last:step")
    first, last, step = (*(int(part["number"]) for part in found), 1)[:3]
    if first > last or step < 1:
        raise InvalidArgument(f"{name}: {word!r} is no range; first comes first, and step is not 0")
    if (last - first) // step >= MOST_VALUES:
        raise InvalidArgument(f"{name}: {word!r} are more than {MOST_VALUES:,} values")
    return [f"{number}{units.copy().pop()}" for number in range(first, last + 1, step)]


def _switches(name: str, given: object) -> list[bool]:
    if isinstance(given, bool):
        return [given]
    words = [word.lower() for word in _words(name, given)]
    for word in words:
        if word not in _SWITCH:
            raise InvalidArgument(f"{name}: {word!r} is no switch; allowed are on, off and on,off")
    return [_SWITCH[word] for word in words]


AXES: dict[str, tuple[Callable[[str, object], list[Any]], type]] = {
    "frontend": (_names, str),
    "memory": (_sizes, str),
    "compressor": (_compressors, str),
    "zpool": (_names, str),
    "max_pool_percent": (_numbers, int),
    "accept_threshold_percent": (_numbers, int),
    "same_filled_pages_enabled": (_switches, bool),
    "exclusive_loads": (_switches, bool),
    "shrinker_enabled": (_switches, bool),
    "kernel": (_names, str),
    "reclaim": (_names, str),
    "page_cluster": (_numbers, int),
    "swap_size": (_sizes, str),
    "zram_limit": (_sizes, str),
    "zram_writeback": (_names, str),
}
"""Settings that a sweep varies, in the order of columns: how a text is read, and as what."""
