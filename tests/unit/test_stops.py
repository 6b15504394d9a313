# SPDX-License-Identifier: GPL-2.0-only
"""A run that the journal stops within a fault goes on with that fault, and with nothing else."""

from random import Random

import pytest
from kernels import for_kernels
from machine_driver import MachineBench, alike

from zswapsim.engine.tracepoint import listening
from zswapsim.machine import faults as f
from zswapsim.machine import memory as m
from zswapsim.machine.journal import HEADROOM, has_headroom


def failing(kernel: str, engine: str, capacity: int, page_cluster: int) -> MachineBench:
    """Memory short of 40 pages, with a shrinker of whose writebacks every one fails."""
    bench = alike(
        engine,
        1900,
        pages=100,
        limit_pages=60,
        slots=128,
        journal_capacity=capacity,
        page_cluster=page_cluster,
        kernel=kernel,
        pool_type="zsmalloc" if kernel == "6.18" else "zbud",
        totalram_pages=10_000,
        shrinker_enabled=True,
        faults=[f.Row(f.WRITE_ERROR)],
    )
    bench.run([*range(100), *range(4)])
    bench.check()
    return bench


@pytest.mark.parametrize("page_cluster", [0, 3])
@for_kernels("6.12")
def test_a_pass_of_the_shrinker_is_ended_however_many_of_its_writebacks_fail(
    kernel: str, page_cluster: int
) -> None:
    """The fault's own page may be among those that come back, which makes it no other fault."""
    whole = failing(kernel, "interpreted", 1 << 16, page_cluster)
    pieces = failing(kernel, "interpreted", HEADROOM + 3, page_cluster)
    failed = sum(record.event == "WRITE_FAILED" for record in whole.records)
    assert failed > m.SWAP_CLUSTER_MAX
    assert pieces.stops > failed
    assert pieces.records == whole.records
    assert pieces.state() == whole.state()


@for_kernels("6.6", "6.12")
def test_reclaim_and_faults_begin_with_room_for_a_step_in_the_journal(kernel: str) -> None:
    """A refused store queues shrink work; what that leaves of the journal may be too little."""
    bench = alike(
        "interpreted",
        3900,
        pages=60,
        limit_pages=24,
        slots=64,
        journal_capacity=HEADROOM + 2,
        kernel=kernel,
        totalram_pages=40,
    )
    journal = bench.machine.swap.journal
    room = []

    def look(name: str, values: dict[str, int]) -> None:
        if name in ("victim", "fault"):
            room.append(has_headroom(journal))

    with listening(look):
        bench.run([*range(60), *range(30)])
    assert len(room) > 100
    assert all(room)
    assert bench.counters["written_back_pages"] > 0


@for_kernels("5.4")
def test_a_page_that_comes_back_while_room_is_made_for_it_is_not_read_ahead(kernel: str) -> None:
    """It is in memory then, and would be there twice: 15 % of all writes fail."""
    random, page, accesses = Random(1), 0, []
    for _ in range(150):
        page = (page + 1) % 40 if random.random() < 0.9 else random.randrange(40)
        accesses.append(page)
    bench = alike(
        "interpreted",
        1900,
        pages=40,
        limit_pages=16,
        slots=300,
        page_cluster=3,
        kernel=kernel,
        totalram_pages=25,
        faults=[f.Row(f.WRITE_ERROR, threshold=f.PRIME * 15 // 100, seed=1)],
    )
    for number, access in enumerate(accesses):
        bench.run([access], base=number)
        bench.check()
    assert bench.stat["swap_ra"] > 20
