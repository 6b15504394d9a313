# SPDX-License-Identifier: GPL-2.0-only
"""clock: first in, first out, with one reference bit that earns a second round."""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.machine import reclaim
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    last_node,
    list_add,
    list_del,
    list_empty,
    list_move,
    list_nodes,
    list_prev,
    make_links,
)


class Clock(NamedTuple):
    """links: one node a page, newest first, head last; referenced: int8, shape (pages,)."""

    links: Links
    referenced: Ints


def make_clock(pages: int, zeros: Zeros) -> Clock:
    """Return an empty clock for pages 0 .. pages - 1."""
    clock = Clock(make_links(pages + 1, zeros), zeros(pages, "int8"))
    init_list_head(clock.links, pages)
    return clock


@simulated
def clock_add(policy: Clock, page: int) -> None:
    """Put a new page behind the hand, not referenced yet."""
    policy.referenced[page] = 0
    list_add(policy.links, page, last_node(policy.links))


@simulated
def clock_access(policy: Clock, page: int) -> None:
    """Set the page's reference bit."""
    policy.referenced[page] = 1


@simulated
def clock_remove(policy: Clock, page: int) -> None:
    """Take a page off the clock."""
    list_del(policy.links, page)


@simulated
def clock_victim(policy: Clock) -> int:
    """Take the first page without reference, clearing the bits of those passed over."""
    head = last_node(policy.links)
    if list_empty(policy.links, head):
        return -1
    page = list_prev(policy.links, head)
    while policy.referenced[page] == 1:
        policy.referenced[page] = 0
        list_move(policy.links, page, head)
        page = list_prev(policy.links, head)
    list_del(policy.links, page)
    return page


def check_clock(policy: Clock) -> list[int]:
    """Return the resident pages, newest first."""
    return list_nodes(policy.links, len(policy.referenced))


reclaim.reclaim_add.register(Clock, clock_add)
reclaim.reclaim_access.register(Clock, clock_access)
reclaim.reclaim_remove.register(Clock, clock_remove)
reclaim.reclaim_victim.register(Clock, clock_victim)
reclaim.reclaim_putback.register(Clock, clock_add)

POLICY = reclaim.ReclaimPolicy(
    name="clock",
    summary="first in, first out, with a second chance for referenced pages",
    create=make_clock,
    check=check_clock,
)
