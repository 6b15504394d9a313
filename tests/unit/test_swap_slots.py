# SPDX-License-Identifier: GPL-2.0-only
"""Swap slots: next-fit, never slot 0, full clusters skipped, full at the end."""

from random import Random

import pytest

from zswapsim.engine.simulated import zeros_interpreted
from zswapsim.errors import ENOSPC, InvariantError
from zswapsim.machine.swap_slots import (
    CLUSTER,
    USED_NR,
    SwapSlots,
    check_swap_slots,
    get_swap_page,
    make_swap_slots,
    swap_entry_free,
)


def make(slots: int) -> SwapSlots:
    return make_swap_slots(slots, zeros_interpreted)


def test_slot_0_is_the_header_and_1_comes_first() -> None:
    slots = make(10)
    assert [get_swap_page(slots) for _ in range(9)] == list(range(1, 10))
    check_swap_slots(slots)


def test_a_full_swap_file_is_no_space() -> None:
    slots = make(3)
    assert [get_swap_page(slots) for _ in range(4)] == [1, 2, -ENOSPC, -ENOSPC]
    swap_entry_free(slots, 1)
    assert get_swap_page(slots) == 1
    assert get_swap_page(slots) == -ENOSPC
    check_swap_slots(slots)


def test_a_swap_file_of_the_header_alone_is_full() -> None:
    assert get_swap_page(make(1)) == -ENOSPC


def test_the_search_begins_behind_the_last_slot() -> None:
    slots = make(10)
    for _ in range(5):
        get_swap_page(slots)
    swap_entry_free(slots, 2)
    assert [get_swap_page(slots) for _ in range(5)] == [6, 7, 8, 9, 2]


@pytest.mark.parametrize("total", [CLUSTER - 1, CLUSTER, CLUSTER + 1, CLUSTER + 2, 3 * CLUSTER + 7])
def test_full_clusters_are_skipped_and_the_search_wraps(total: int) -> None:
    slots = make(total)
    assert [get_swap_page(slots) for _ in range(total - 1)] == list(range(1, total))
    assert get_swap_page(slots) == -ENOSPC
    for slot in (1, total // 2, total - 1):
        swap_entry_free(slots, slot)
        assert get_swap_page(slots) == slot
    check_swap_slots(slots)


def test_as_a_plain_search_from_the_last_position() -> None:
    random, total = Random(7), 2 * CLUSTER + 31
    slots, used, last = make(total), {0}, 0
    for _ in range(6000):
        if random.random() < 0.45 and len(used) > 1:
            slot = random.choice(sorted(used - {0}))
            used.remove(slot)
            swap_entry_free(slots, slot)
            continue
        order = [(last + 1 + k) % total for k in range(total)]
        expected = next((slot for slot in order if slot not in used), -ENOSPC)
        assert get_swap_page(slots) == expected
        if expected > 0:
            used.add(expected)
            last = expected
    check_swap_slots(slots)
    assert slots.counts[USED_NR] == len(used) - 1


def test_check_names_what_is_wrong() -> None:
    slots = make(300)
    get_swap_page(slots)
    slots.used[299] = 1
    with pytest.raises(InvariantError, match="number in use"):
        check_swap_slots(slots)
    slots.counts[USED_NR] += 1
    with pytest.raises(InvariantError, match="cluster 1 has a wrong count"):
        check_swap_slots(slots)
