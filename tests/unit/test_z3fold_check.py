# SPDX-License-Identifier: GPL-2.0-only
"""z3fold's audit finds what is wrong, and says it."""

import pytest
from z3fold_driver import Z3foldBench, fill_page

from zswapsim.errors import InvariantError
from zswapsim.machine.pools import z3fold_page as zp
from zswapsim.machine.pools.z3fold_lru import lru_bar

DAMAGED_FIELDS = [
    (1, zp.FIRST, 11, "overlap"),
    (1, zp.START_MIDDLE, 1, "overlap"),
    (1, zp.START_MIDDLE, 40, "overlap"),
    (1, zp.MIDDLE, 0, "on no list"),
    (1, zp.FOREIGN_HANDLES, 1, "miscounts its foreign"),
    (1, zp.FLAGS, 0, "permutation"),
    (1, zp.FLAGS, zp.LIVE + zp.CLAIMED, "claimed by nobody"),
    (1, zp.FLAGS, zp.LIVE + zp.NEEDS_COMPACTING, "work list"),
    (1, zp.FIRST_NUM, 1, "no handle"),
    (1, zp.FIRST_NUM, 4, "first_num"),
    (2, zp.FIRST, 1, "headless"),
    (2, zp.HEADLESS, 63, "headless"),
    (3, zp.FIRST, 0, "live and empty"),
    (3, zp.FIRST, 11, "wrong list"),
    (3, zp.FIRST, 63, "passes its end"),
]


@pytest.fixture
def damaged() -> Z3foldBench:
    """A sound pool: a full page, a headless one and one with an object."""
    pool = Z3foldBench("interpreted")
    fill_page(pool, 10, 20, 5)
    pool.malloc(4096)
    pool.malloc(640)
    pool.check()
    return pool


@pytest.mark.parametrize(("page", "field", "value", "message"), DAMAGED_FIELDS)
def test_check_names_a_wrong_field(
    damaged: Z3foldBench, page: int, field: int, value: int, message: str
) -> None:
    zp.zhdr_set(damaged.state, page, field, value)
    with pytest.raises(InvariantError, match=message):
        damaged.check()


@pytest.mark.parametrize(
    ("array", "index", "value", "message"),
    [
        ("slot", 2, 0, "handle is lost"),
        ("slot", 2, 9 << zp.CELL_SHIFT, "no handle"),
        ("slot", 1, (4 + 1 << zp.CELL_SHIFT) + zp.FOREIGN, "miscounts its foreign"),
        ("counts", zp.PAGES_NR, 2, "pages_nr"),
        ("counts", zp.SPARE, 1, "page is lost"),
        ("counts", zp.SPARE_HANDLES, 1, "handle is lost"),
    ],
)
def test_check_names_a_wrong_entry(
    damaged: Z3foldBench, array: str, index: int, value: int, message: str
) -> None:
    getattr(damaged.state, array)[index] = value
    with pytest.raises(InvariantError, match=message):
        damaged.check()


def test_check_wants_pages_with_foreign_objects_barred(damaged: Z3foldBench) -> None:
    lru_bar(damaged.state.lru, 3)
    with pytest.raises(InvariantError, match="page 3 is not barred as its objects are foreign"):
        damaged.check()
