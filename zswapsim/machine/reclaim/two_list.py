# SPDX-License-Identifier: GPL-2.0-only
"""two-list: an active and an inactive list with a second chance, as the kernel keeps its pages.

New pages start on the inactive list, as since Linux 5.9. At its tail a page without reference goes;
one that was referenced is marked and rotates; one that was marked already becomes active. Where the
inactive list is low, the oldest active pages come over to it. Models Linux 6.1 mm/vmscan.c
(specification 8.1).

Deviations: one page is wanted at a time, so neither priorities nor scan targets are needed, and the
inactive list is looked at before each page of its tail; every page has one page table; no refault
detection; the access of the fault itself is not a reference, as in `clock`.
"""

from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated
from zswapsim.errors import InvariantError
from zswapsim.machine import reclaim
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_del,
    list_empty,
    list_move,
    list_nodes,
    list_prev,
    make_links,
)

SWAP_CLUSTER_MAX = 32
"""Active pages that are deactivated at a time."""

GIB_SHIFT = 18
"""A GiB is 1 << 18 pages."""

INACTIVE, ACTIVE = range(2)


class TwoList(NamedTuple):
    """links: one node a page, newest first; heads are node `pages` + INACTIVE or ACTIVE.

    referenced, marked, active: int8, shape (pages,): the page table's reference bit; whether a
    look at the inactive tail found that bit set last time; which list the page is on. pages_nr:
    int64, shape (2,), pages on each list.
    """

    links: Links
    referenced: Ints
    marked: Ints
    active: Ints
    pages_nr: Ints


def make_two_list(pages: int, zeros: Zeros) -> TwoList:
    """Return empty lists for pages 0 .. pages - 1."""
    policy = TwoList(
        links=make_links(pages + 2, zeros),
        referenced=zeros(pages, "int8"),
        marked=zeros(pages, "int8"),
        active=zeros(pages, "int8"),
        pages_nr=zeros(2),
    )
    for head in (pages + INACTIVE, pages + ACTIVE):
        init_list_head(policy.links, head)
    return policy


@simulated
def list_of(policy: TwoList, which: int) -> int:
    """Return the head of the list INACTIVE or ACTIVE."""
    return len(policy.active) + which


@simulated
def move_to(policy: TwoList, page: int, which: int) -> None:
    """Move a page to the head of the list INACTIVE or ACTIVE."""
    policy.pages_nr[policy.active[page]] -= 1
    policy.active[page] = which
    policy.pages_nr[which] += 1
    list_move(policy.links, page, list_of(policy, which))


@simulated
def inactive_is_low(inactive: int, active: int) -> bool:
    """Say whether the inactive list is to get active pages; both lengths in pages.

    The larger memory is, the smaller a share may be inactive: a half below 1 GiB, a quarter at
    1 GiB, an eleventh at 10 GiB.
    """
    gib = (inactive + active) >> GIB_SHIFT
    ratio = 1
    while (ratio + 1) * (ratio + 1) <= 10 * gib:
        ratio += 1
    return inactive * ratio < active


@simulated
def shrink_active_list(policy: TwoList) -> None:
    """Deactivate the oldest active pages, up to a batch; their references count no longer.

    A page keeps its mark, so one more reference takes it back.
    """
    head = list_of(policy, ACTIVE)
    for _ in range(min(SWAP_CLUSTER_MAX, policy.pages_nr[ACTIVE])):
        page = list_prev(policy.links, head)
        policy.referenced[page] = 0
        move_to(policy, page, INACTIVE)


@simulated
def two_list_add(policy: TwoList, page: int) -> None:
    """Put a new page at the head of the inactive list, neither referenced nor marked."""
    policy.referenced[page] = 0
    policy.marked[page] = 0
    policy.active[page] = INACTIVE
    policy.pages_nr[INACTIVE] += 1
    list_add(policy.links, page, list_of(policy, INACTIVE))


@simulated
def two_list_access(policy: TwoList, page: int) -> None:
    """Set the page's reference bit."""
    policy.referenced[page] = 1


@simulated
def two_list_remove(policy: TwoList, page: int) -> None:
    """Take a page off its list."""
    policy.pages_nr[policy.active[page]] -= 1
    list_del(policy.links, page)


@simulated
def two_list_victim(policy: TwoList) -> int:
    """Take the first page of the inactive tail that was not referenced.

    There is one: a turn of the loop that takes none clears a reference bit, and nothing here sets
    one. An empty inactive list is low as long as an active page is left.
    """
    tail_of = list_of(policy, INACTIVE)
    while True:
        if inactive_is_low(policy.pages_nr[INACTIVE], policy.pages_nr[ACTIVE]):
            shrink_active_list(policy)
        if list_empty(policy.links, tail_of):
            return -1
        page = list_prev(policy.links, tail_of)
        if policy.referenced[page] == 0:
            two_list_remove(policy, page)
            return page
        policy.referenced[page] = 0
        move_to(policy, page, policy.marked[page])  # ACTIVE if it was marked before
        policy.marked[page] = 1


def check_two_list(policy: TwoList) -> list[int]:
    """Return the resident pages, active ones first, each list newest first."""
    found = [list_nodes(policy.links, list_of(policy, which)) for which in (INACTIVE, ACTIVE)]
    for which, pages in enumerate(found):
        if policy.pages_nr[which] != len(pages):
            raise InvariantError(f"two-list: list {which} has a wrong number of pages")
        if any(policy.active[page] != which for page in pages):
            raise InvariantError(f"two-list: a page of list {which} says it is on the other")
    return found[ACTIVE] + found[INACTIVE]


reclaim.reclaim_add.register(TwoList, two_list_add)
reclaim.reclaim_access.register(TwoList, two_list_access)
reclaim.reclaim_remove.register(TwoList, two_list_remove)
reclaim.reclaim_victim.register(TwoList, two_list_victim)
reclaim.reclaim_putback.register(TwoList, two_list_add)

POLICY = reclaim.ReclaimPolicy(
    name="two-list",
    summary="active and inactive list with a second chance, as the kernel",
    create=make_two_list,
    check=check_two_list,
)
