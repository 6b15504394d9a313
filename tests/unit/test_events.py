# SPDX-License-Identifier: GPL-2.0-only
"""The swap path driven event by event, on both engines, with large and small journals."""

from random import Random

import pytest
from machine_driver import (
    SwapBench,
    audit_swap,
    make_swap,
    run_all_events,
)

from zswapsim.conformance.strict import flatten, plain
from zswapsim.errors import EEXIST, EINVAL, ENOMEM
from zswapsim.machine import events
from zswapsim.machine import journal as j
from zswapsim.machine.swap import VMSTAT
from zswapsim.machine.zswap import state as z


def test_invalidate_area_of_more_entries_than_the_journal_holds(engine: str) -> None:
    zswap = SwapBench(engine, totalram_pages=10_000, journal_capacity=j.HEADROOM + 10)
    zswap.fill(400)
    zswap.invalidate_area()
    assert zswap.counters == {}
    assert [record.event for record in zswap.records].count("FREE") == 400
    zswap.check()


def test_snapshots_copy_all_counters(engine: str) -> None:
    swap = make_swap(engine, totalram_pages=100)
    operations = [events.OP_SNAPSHOT, events.OP_STORE, events.OP_SNAPSHOT]
    columns = [operations, [0, 7, 1], [0, 3, 0], [0, 100, 0], [0, 0, 0]]
    outcomes, _ = run_all_events(swap, columns, 2, engine)
    width = z.COUNTERS + len(VMSTAT)
    rows = plain(outcomes.counters)
    assert rows[:width] == [0] * width
    assert rows[width : 2 * width] == plain(swap.zswap.counters) + plain(swap.stat)
    assert rows[width + z.STORED_PAGES] == 1
    assert plain(outcomes.journal_at) == [0, 1, 1]


def random_events(seed: int, number: int) -> list[list[int]]:
    """Return columns of events that meet most of what zswap can do."""
    random = Random(seed)
    columns: list[list[int]] = [[], [], [], [], []]
    for _ in range(number):
        kind = random.choices(range(7), [60, 12, 14, 1, 2, 3, 8])[0]
        slot, content, length, same = random.randrange(1, 90), random.randrange(1000), 0, 0
        operation = (
            events.OP_STORE,
            events.OP_LOAD,
            events.OP_INVALIDATE,
            events.OP_INVALIDATE_AREA,
            events.OP_SET_POOL,
            events.OP_SNAPSHOT,
            events.OP_SET_BUSY,
        )[kind]
        if operation == events.OP_STORE:
            length = random.choice([-EINVAL, 4096, *(random.randrange(1, 3961) for _ in range(12))])
            same = int(random.random() < 0.1)
        elif operation == events.OP_SET_POOL:
            slot = random.randrange(2)
        elif operation == events.OP_SNAPSHOT:
            slot = random.randrange(4)
        elif operation == events.OP_SET_BUSY:
            content = random.choice([0, -EEXIST, -ENOMEM])
        for column, value in zip(columns, (operation, slot, content, length, same), strict=True):
            column.append(value)
    return columns


@pytest.mark.parametrize("seed", range(2))
def test_both_engines_agree_also_where_the_journal_is_small(kernel: str, seed: int) -> None:
    """Outcomes, and how many records there were after each event, are the same, too."""
    columns = random_events(seed, 1500)
    for column, value in zip(columns, (events.OP_LOOK, 0, 0, 0, 0), strict=True):
        column.append(value)  # after the shrink work of the last store
    results = []
    for engine, capacity in (("interpreted", 1 << 14), ("interpreted", 400), ("compiled", 400)):
        swap = make_swap(engine, 100, capacity, kernel=kernel, totalram_pages=100)
        outcomes, records = run_all_events(swap, columns, 4, engine)
        audit_swap(swap)
        results.append(
            (
                [flatten(part) for part in outcomes[:3]],
                records,
                flatten(swap._replace(journal=swap.journal.counts)),
            )
        )
    assert results[0] == results[1]
    assert results[1] == results[2]
    assert results[0][2] != flatten(make_swap("interpreted", 100, totalram_pages=100))


def test_an_unwanted_event_is_not_written(engine: str) -> None:
    swap = make_swap(engine, totalram_pages=100)
    swap.journal.counts[j.WANTED] = 1 << j.STORE
    columns = [[events.OP_STORE, events.OP_LOAD], [1, 1], [0, 0], [100, 0], [0, 0]]
    _, records = run_all_events(swap, columns, 1, engine)
    assert [record.event for record in records] == ["STORE"]


def test_without_wanted_events_a_journal_needs_no_room(engine: str) -> None:
    swap = make_swap(engine, totalram_pages=100)
    swap.journal.counts[j.WANTED] = 0
    columns = random_events(9, 300)
    _, records = run_all_events(swap, columns, 4, engine)
    assert records == []
