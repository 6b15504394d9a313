# SPDX-License-Identifier: GPL-2.0-only
"""Which kind of result some data is, and who makes a chapter of it.

A new kind is one file with a function from a result to chapters, and one line in KINDS.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from zswapsim.errors import InvalidArgument
from zswapsim.report.html.document import Chapter

KINDS = {
    "replay": "zswapsim.report.html.replay:replay_chapters",
    "ratio": "zswapsim.report.html.ratio:ratio_chapters",
    "sweep": "zswapsim.report.html.sweep:sweep_chapters",
    "compare": "zswapsim.report.html.compare:compare_chapters",
    "recommend": "zswapsim.report.html.recommend:recommend_chapters",
    "host": "zswapsim.report.html.host:host_chapters",
    "curve": "zswapsim.report.html.curve:curve_chapters",
}
"""Kind -> module:function that makes chapters of a result."""

WITHOUT_NAME = {
    "replay": {"config", "memory", "trace", "vmstat", "zswap"},
    "ratio": {"inputs", "total"},
}
"""Kinds whose results do not say what they are, by what they have to have."""

DAMAGES = (
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration),
    RecursionError,
)
"""What reading a result runs into that is not what it says."""

ALLOWED = (
    "allowed are results as JSON (replay --json, ratio --json, compare --json and others) and the "
    "rows of a sweep as JSON lines, CSV or Parquet"
)


def kind_of(data: Any) -> str | None:
    """Return what a result is of, or None."""
    if not isinstance(data, Mapping):
        return None
    for kind in KINDS:
        if data.get("kind") == kind:
            return kind
    for kind, keys in WITHOUT_NAME.items():
        if keys <= set(data):
            return kind
    return None


def chapters(data: Any, source: str = "") -> list[Chapter]:
    """Return the chapters of a result. InvalidArgument names its file and says what is wrong."""
    where = f"{source}: " if source else ""
    kind = kind_of(data)
    if kind is None:
        raise InvalidArgument(f"{where}no result of zswapsim; {ALLOWED}")
    module, _, name = KINDS[kind].partition(":")
    make: Callable[[Mapping[str, Any]], list[Chapter]] = getattr(import_module(module), name)
    try:
        return [replace(told, source=source) for told in make(data)]
    except KeyError as error:
        raise InvalidArgument(f"{where}damaged: a {kind} result has to have {error}") from None
    except DAMAGES as error:
        what = type(error).__name__
        raise InvalidArgument(f"{where}damaged: no {kind} result ({what}: {error})") from None
