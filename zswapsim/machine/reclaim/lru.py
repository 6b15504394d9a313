# SPDX-License-Identifier: GPL-2.0-only
"""lru: the page that was not accessed for the longest time goes. The exact rule, as in books."""

from typing import NamedTuple

from zswapsim.engine.simulated import Zeros, simulated
from zswapsim.machine import reclaim
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    last_node,
    list_add,
    list_del,
    list_empty,
    list_move,
    list_next,
    list_nodes,
    list_prev,
    make_links,
)


class Lru(NamedTuple):
    """links: one node a page, newest first; the last node is the list's head."""

    links: Links


def make_lru(pages: int, zeros: Zeros) -> Lru:
    """Return an empty list for pages 0 .. pages - 1."""
    lru = Lru(make_links(pages + 1, zeros))
    init_list_head(lru.links, pages)
    return lru


@simulated
def lru_add(policy: Lru, page: int) -> None:
    """Put a new page at the newest end."""
    list_add(policy.links, page, last_node(policy.links))


@simulated
def lru_access(policy: Lru, page: int) -> None:
    """Move a page to the newest end."""
    head = last_node(policy.links)
    if list_next(policy.links, head) != page:
        list_move(policy.links, page, head)


@simulated
def lru_remove(policy: Lru, page: int) -> None:
    """Take a page off the list."""
    list_del(policy.links, page)


@simulated
def lru_victim(policy: Lru) -> int:
    """Take the oldest page."""
    head = last_node(policy.links)
    if list_empty(policy.links, head):
        return -1
    page = list_prev(policy.links, head)
    list_del(policy.links, page)
    return page


def check_lru(policy: Lru) -> list[int]:
    """Return the resident pages, newest first."""
    return list_nodes(policy.links, last_node(policy.links))


reclaim.reclaim_add.register(Lru, lru_add)
reclaim.reclaim_access.register(Lru, lru_access)
reclaim.reclaim_remove.register(Lru, lru_remove)
reclaim.reclaim_victim.register(Lru, lru_victim)
reclaim.reclaim_putback.register(Lru, lru_add)

POLICY = reclaim.ReclaimPolicy(
    name="lru",
    summary="exact least recently used",
    create=make_lru,
    check=check_lru,
)
