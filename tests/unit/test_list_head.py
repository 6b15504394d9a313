# SPDX-License-Identifier: GPL-2.0-only
"""Lists for audits."""

import pytest

from zswapsim.conformance.strict import strict_zeros
from zswapsim.machine.list_head import (
    Links,
    init_list_head,
    list_add,
    list_move,
    list_nodes,
    list_prev,
    make_links,
)


def test_a_list_that_does_not_come_back_to_its_head_is_found() -> None:
    links = make_links(4, strict_zeros)
    init_list_head(links, 3)
    for node in range(3):
        list_add(links, node, 3)
    assert list_nodes(links, 3) == [2, 1, 0]
    links.link[2 * 0] = 2  # what follows node 0 is node 2 again
    with pytest.raises(AssertionError, match="list 3 does not come back to its head"):
        list_nodes(links, 3)


def test_a_node_that_is_moved_follows_the_head_and_the_others_keep_their_order() -> None:
    links = make_links(6, strict_zeros)
    for head in (4, 5):
        init_list_head(links, head)
    for node in (3, 2, 1, 0):
        list_add(links, node, 4)
    for moved, order in ((2, [2, 0, 1, 3]), (3, [3, 2, 0, 1]), (3, [3, 2, 0, 1])):
        list_move(links, moved, 4)
        assert list_nodes(links, 4) == order
        assert backwards(links, 4) == order[::-1]
    list_move(links, 0, 5)
    assert (list_nodes(links, 4), list_nodes(links, 5)) == ([3, 2, 1], [0])
    assert (backwards(links, 4), backwards(links, 5)) == ([1, 2, 3], [0])


def backwards(links: Links, head: int) -> list[int]:
    """The nodes of a list from its tail on."""
    nodes = [list_prev(links, head)]
    while nodes[-1] != head:
        nodes.append(list_prev(links, nodes[-1]))
    return nodes[:-1]
