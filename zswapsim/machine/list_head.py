# SPDX-License-Identifier: GPL-2.0-only
"""Circular doubly linked lists over index links, as include/linux/list.h.

A node is an index; a list is a node that serves as its head. next and prev are arrays of node
numbers. A node that is on no list points at itself, so list_del of it changes nothing.
"""

from typing import NamedTuple

from zswapsim.machine.simulated import Ints, Zeros, simulated


class Links(NamedTuple):
    """Links of a set of nodes. next, prev: int64, shape (nodes,), node numbers."""

    next: Ints
    prev: Ints


def make_links(nodes: int, zeros: Zeros) -> Links:
    """Return unlinked storage; each node that is used needs init_list_head first."""
    return Links(zeros(nodes), zeros(nodes))


@simulated
def init_list_head(links: Links, node: int) -> None:
    """Make a node an empty list, or a node on no list."""
    links.next[node] = node
    links.prev[node] = node


@simulated
def list_add(links: Links, node: int, head: int) -> None:
    """Insert an unlinked node right after the head."""
    after = links.next[head]
    links.next[head] = node
    links.prev[node] = head
    links.next[node] = after
    links.prev[after] = node


@simulated
def list_add_tail(links: Links, node: int, head: int) -> None:
    """Insert an unlinked node right before the head, at the list's end."""
    list_add(links, node, links.prev[head])


@simulated
def list_del(links: Links, node: int) -> None:
    """Unlink a node and leave it on no list."""
    before = links.prev[node]
    after = links.next[node]
    links.next[before] = after
    links.prev[after] = before
    links.next[node] = node
    links.prev[node] = node


@simulated
def list_move(links: Links, node: int, head: int) -> None:
    """Move a node to right after the head."""
    list_del(links, node)
    list_add(links, node, head)


@simulated
def list_empty(links: Links, head: int) -> bool:
    """Say whether nothing is on the list."""
    return links.next[head] == head


def list_nodes(links: Links, head: int) -> list[int]:
    """Return a list's nodes from the head on; for audits and tests."""
    nodes = []
    node = int(links.next[head])
    while node != head:
        nodes.append(node)
        node = int(links.next[node])
        if len(nodes) > len(links.next):
            raise AssertionError(f"list {head} does not come back to its head")
    return nodes
