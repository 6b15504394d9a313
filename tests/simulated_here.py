# SPDX-License-Identifier: GPL-2.0-only
"""Simulated functions of tests, by which the folder of compiled code is not to be named.

It is named by the sources of all simulated functions that there are. Were those of tests always
among them, a command that a test starts would find none of the code that the tests have compiled,
and compile each kind of machine once more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from zswapsim.conformance import tape
from zswapsim.engine.simulated import SIMULATED

F = TypeVar("F", bound=Callable[..., Any])
_here: list[Callable[..., Any]] = []


def simulated_here(function: F) -> F:
    """Mark a function of tests as one of the machine, while it is known."""
    _here.append(function)
    return function


@contextmanager
def known() -> Iterator[None]:
    """Have the functions of tests among the simulated ones, for what is compiled with them."""
    before = len(SIMULATED)
    SIMULATED.extend(_here)
    try:
        yield
    finally:
        del SIMULATED[before:]


def entry(function: Callable[..., Any], engine: str) -> Callable[..., Any]:
    """Return an entry loop that calls functions of tests, compiled once."""
    with known():
        return tape.entry(function, engine)
