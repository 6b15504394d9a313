# SPDX-License-Identifier: GPL-2.0-only
"""Reclaim policies: which resident page goes. One file each; the operations are generic.

A policy's state is a NamedTuple of integer arrays; it registers one implementation per operation
for its type and stands in POLICIES under its name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zswapsim.engine.simulated import Zeros, generic
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReclaimPolicy:
    """One policy. create(pages, zeros) returns the state for pages 0 .. pages - 1.

    check(state) returns the resident pages as the policy knows them, after auditing them.
    """

    name: str
    summary: str
    create: Callable[[int, Zeros], PolicyState]
    check: Callable[[PolicyState], list[int]]


POLICIES: Registry[ReclaimPolicy] = Registry(
    "reclaim policy",
    "zswapsim.policies",
    {
        "lru": "zswapsim.machine.reclaim.lru:POLICY",
        "clock": "zswapsim.machine.reclaim.clock:POLICY",
        "two-list": "zswapsim.machine.reclaim.two_list:POLICY",
    },
)
