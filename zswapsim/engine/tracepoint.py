# SPDX-License-Identifier: GPL-2.0-only
"""Tracepoints, as the kernel's: calls that tell listeners what is decided, and change nothing.

Compiled they are nothing at all. Interpreted they call whoever listens, with the values by name;
while nobody does they cost a call. Listeners must not change what they are given: states are the
machine's own.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec

P = ParamSpec("P")

Listener = Callable[[str, dict[str, Any]], None]
"""listener(name of the tracepoint without trace_, its values by name)."""

TRACEPOINTS: list[Callable[..., None]] = []
_listeners: list[Listener] = []


def tracepoint(prototype: Callable[P, None]) -> Callable[P, None]:
    """Make a tracepoint of a function of which name, parameters and docstring count."""
    name = prototype.__name__.removeprefix("trace_")
    parameters = tuple(inspect.signature(prototype).parameters)

    def call(*values: P.args, **_: P.kwargs) -> None:
        if _listeners:
            told = dict(zip(parameters, values, strict=True))
            for listener in tuple(_listeners):
                listener(name, told)

    functools.update_wrapper(call, prototype)
    TRACEPOINTS.append(call)
    return call


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let a function be told of all interpreted machines of this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
