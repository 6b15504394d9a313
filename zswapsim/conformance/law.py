# SPDX-License-Identifier: GPL-2.0-only
"""What all checks have in common: laws, how one is broken, and the shortest way to break it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from zswapsim.errors import LawBroken

T = TypeVar("T")
Laws = dict[str, str]
"""Short name -> what has to hold."""

MOST_CHARACTERS = 400
MOST_TRIES = 3000
"""Shorter sequences that are tried before the one at hand is good enough."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """A part that keeps to the laws. ways: in which it was run; notes: what was left out, and why.

    laws: all that were tried.
    """

    kind: str
    name: str
    laws: tuple[str, ...]
    ways: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        how = f" ({' and '.join(self.ways)})" if self.ways else ""
        lines = [f"{self.kind} {self.name!r}: all {len(self.laws)} laws hold{how}"]
        lines += [f"  {law}" for law in self.laws]
        return "\n".join(lines + [f"  not tried: {note}" for note in self.notes])


class Broken(Exception):
    """A law does not hold, somewhere inside a run. law: its short name."""

    def __init__(self, law: str, detail: str) -> None:
        super().__init__(detail)
        self.law = law
        self.detail = detail


def require(holds: object, law: str, detail: str) -> None:
    """Break a law unless something holds."""
    if not holds:
        raise Broken(law, detail)


@contextmanager
def raising_breaks(law: str, what: str) -> Iterator[None]:
    """Turn whatever a part raises into a broken law."""
    try:
        yield
    except Broken:
        raise
    except Exception as error:
        told = " ".join(str(error).split())
        # numba says the same again for each caller; what is wrong stands last.
        told = told.rpartition("raised a specific error: ")[2][:MOST_CHARACTERS]
        raise Broken(law, f"{what} raises {type(error).__name__}: {told}") from error


def broken(kind: str, name: str, laws: Laws, fault: Broken, lines: Sequence[str] = ()) -> NoReturn:
    """Raise the LawBroken of a fault. lines: the operations that show it."""
    text = [f"{kind} {name!r} breaks a law: {laws[fault.law]}", f"  {fault.detail}"]
    if lines:
        text += ["  the shortest sequence that was found to show it:", *(f"    {x}" for x in lines)]
    raise LawBroken("\n".join(text)) from fault


def shortest(steps: Sequence[T], breaks: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of the steps that breaks the same, of which none can be left out.

    breaks(steps) runs them from the start and says whether they break it. Steps that mean nothing
    without others have to be passed over by it.
    """
    left, tries = list(steps), 0
    size = max(1, len(left) // 2)
    while True:
        start, shortened = 0, False
        while start < len(left) and tries < MOST_TRIES:
            fewer = left[:start] + left[start + size :]
            tries += 1
            if breaks(fewer):
                left, shortened = fewer, True
            else:
                start += size
        if tries >= MOST_TRIES or (size == 1 and not shortened):
            return left
        size = max(1, size // 2) if not shortened or size > 1 else 1


def check_steps(
    steps: Sequence[T],
    attempt: Callable[[Sequence[T]], tuple[Broken | None, list[str]]],
    simpler: Callable[[list[T], Callable[[Sequence[T]], bool]], list[T]] | None = None,
) -> tuple[Broken, list[str]] | None:
    """Run steps; where a law is broken, return its fault and lines with fewer steps, else None.

    attempt(steps) runs them from the start: the fault, if there is one, and the lines that tell
    what was done. simpler(steps, breaks): makes the steps that are left easier to read.
    """
    fault, _ = attempt(steps)
    if fault is None:
        return None
    law = fault.law

    def breaks(some: Sequence[T]) -> bool:
        other, _ = attempt(some)
        return other is not None and other.law == law

    few = shortest(steps, breaks)
    fault, lines = attempt(few if simpler is None else simpler(few, breaks))
    assert fault is not None
    return fault, lines


def label(number: int) -> str:
    """Return a name for an object: a, b, ... z, a1, b1, ..."""
    letter = chr(ord("a") + number % 26)
    return letter + (str(number // 26) if number >= 26 else "")
