# SPDX-License-Identifier: GPL-2.0-only
"""Reclaim policies: which resident page goes. One file each; the operations are generic.

A policy's state is a NamedTuple of integer arrays; it registers one implementation per operation
for its type and stands in POLICIES under its name. Or it is an object of a plain class with the
operations as methods (add, access, remove, victim, putback), which runs interpreted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from zswapsim.engine.simulated import Zeros, generic, missing, zeros_interpreted
from zswapsim.errors import InvalidArgument
from zswapsim.registry import Registry

PolicyState = Any


@generic
def reclaim_add(policy: PolicyState, page: int) -> None:
    """Take note of a page that has just become resident."""
    raise NotImplementedError


@generic
def reclaim_access(policy: PolicyState, page: int) -> None:
    """Take note of an access to a resident page."""
    raise NotImplementedError


@generic
def reclaim_remove(policy: PolicyState, page: int) -> None:
    """Forget a page that the program gave back."""
    raise NotImplementedError


@generic
def reclaim_victim(policy: PolicyState) -> int:
    """Take the page that is to go off the policy's lists and return it, or -1 if there is none."""
    raise NotImplementedError


@generic
def reclaim_putback(policy: PolicyState, page: int) -> None:
    """Take back a victim that could not be swapped out; others come first now."""
    raise NotImplementedError


OPERATIONS = (reclaim_add, reclaim_access, reclaim_remove, reclaim_victim, reclaim_putback)
"""What a policy has to have, all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReclaimPolicy:
    """One policy. create(pages, zeros) returns the state for pages 0 .. pages - 1.

    check(state) returns the resident pages as the policy knows them, after auditing them.
    """

    name: str
    summary: str
    create: Callable[[int, Zeros], PolicyState]
    check: Callable[[PolicyState], list[int]]


def _fault(name: str, part: Any) -> str:
    if not isinstance(part, ReclaimPolicy):
        return f"it is a {type(part).__name__}, not a ReclaimPolicy"
    return "" if part.name == name else f"its name is {part.name!r}"


POLICIES: Registry[ReclaimPolicy] = Registry(
    "reclaim policy",
    "zswapsim.policies",
    {
        "lru": "zswapsim.machine.reclaim.lru:POLICY",
        "clock": "zswapsim.machine.reclaim.clock:POLICY",
        "two-list": "zswapsim.machine.reclaim.two_list:POLICY",
    },
    _fault,
)


@cache
def runs_compiled(policy: ReclaimPolicy) -> bool:
    """Say whether compiled code can run a policy: its state is no object of a plain class.

    InvalidArgument: it has no state, or that lacks an operation.
    """
    try:
        state = policy.create(1, zeros_interpreted)
    except Exception as error:
        raise InvalidArgument(
            f"reclaim policy {policy.name!r} cannot be made: {type(error).__name__}: {error}"
        ) from error
    lacking = missing(state, OPERATIONS)
    if lacking:
        raise InvalidArgument(f"reclaim policy {policy.name!r} has no {', '.join(lacking)}")
    return type(state) in reclaim_add.table
