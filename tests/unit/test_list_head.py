# SPDX-License-Identifier: GPL-2.0-only
"""Lists for audits."""

import pytest

from zswapsim.conformance.strict import strict_zeros
from zswapsim.machine.list_head import init_list_head, list_add, list_nodes, make_links


def test_a_list_that_does_not_come_back_to_its_head_is_found() -> None:
    links = make_links(4, strict_zeros)
    init_list_head(links, 3)
    for node in range(3):
        list_add(links, node, 3)
    assert list_nodes(links, 3) == [2, 1, 0]
    links.link[2 * 0] = 2  # what follows node 0 is node 2 again
    with pytest.raises(AssertionError, match="list 3 does not come back to its head"):
        list_nodes(links, 3)
