# SPDX-License-Identifier: GPL-2.0-only
"""The parts of this package keep to the laws of zswapsim, and its two allocators are one."""

from random import Random

import pytest
from zswapsim_firstfit import fifo, plain, simulated

from zswapsim import Pool, ReplayConfig, Trace, replay
from zswapsim.conformance import check_driver, check_policy
from zswapsim.machine.reclaim import POLICIES


@pytest.mark.parametrize("driver", [plain.DRIVER, simulated.DRIVER], ids=lambda one: one.type)
def test_the_allocators_keep_to_the_laws(driver) -> None:
    check_driver(driver)


def test_the_policy_keeps_to_the_laws() -> None:
    check_policy(fifo.POLICY)


def test_the_first_hole_is_taken() -> None:
    with Pool("firstfit") as pool:
        first, _, third = (pool.malloc(size) for size in (100, 1000, 100))
        pool.free(first)
        pool.free(third)
        assert pool.map(pool.malloc(128)) == 0
        assert pool.map(pool.malloc(129)) == 128 + 1024


def test_both_allocators_give_the_same_replay() -> None:
    pages = [page % 30 for page in range(0, 3000, 7)]
    random = Random(1)
    contents = b"".join(random.randbytes(n * 100) + bytes(4096 - n * 100) for n in range(30))
    trace = Trace.from_arrays(
        pages, [True] * len(pages), [0] * 30, range(30), range(30), contents, {"name": "x"}
    )
    zpools = ("firstfit", "firstfit-plain")
    results = [replay(trace, ReplayConfig(zpool=zpool, memory="12p")) for zpool in zpools]
    assert results[0].zswap == results[1].zswap
    assert results[0].zswap["written_back_pages"] > 0


def test_zswapsim_finds_the_parts() -> None:
    assert POLICIES.get("fifo") is fifo.POLICY
    assert POLICIES.origin("fifo").startswith("zswapsim-firstfit ")
