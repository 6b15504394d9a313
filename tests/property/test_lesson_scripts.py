# SPDX-License-Identifier: GPL-2.0-only
"""Random scripts never crash, and what a lesson tells of a state is the machine's."""

import json
from contextlib import closing
from itertools import pairwise
from typing import Any

from hypothesis import given
from lesson_scripts import by_hand_scripts, lesson, memory_scripts

from zswapsim.experiment.lesson.hands import ZswapHands
from zswapsim.experiment.lesson.lesson import hands_of
from zswapsim.experiment.lesson.machine_hands import MemoryHands
from zswapsim.experiment.lesson.script import parse_script
from zswapsim.experiment.lesson.state import changes
from zswapsim.machine.pools.occupancy import occupancy_of
from zswapsim.machine.pools.space import space_of
from zswapsim.units import PAGE_SIZE

HEADERS = {"zbud": 64, "z3fold": 128}
"""Bytes of a page that no object gets, where that is not an object's own page."""


def check_bytes(pool: dict[str, Any]) -> None:
    """Bytes of a page are conserved: header, objects and what is free are all of it."""
    pages = sum(page.get("pages", 1) for page in pool["pages"])
    assert pages == pool["total_pages"]
    for page in pool["pages"]:
        spans = sorted((one["offset_bytes"], one["size_bytes"]) for one in page["objects"])
        for (first, size), (second, _) in pairwise(spans):
            assert first + size <= second, "objects overlap"
        assert spans, "an empty page is given back"
        assert spans[-1][0] + spans[-1][1] <= page["capacity_bytes"]
        held = sum(size for _, size in spans)
        if pool["driver"] in HEADERS:
            headless = page["objects"][0]["place"] == "HEADLESS"
            header = 0 if headless else HEADERS[pool["driver"]]
            assert header + held + page["free_bytes"] == PAGE_SIZE
        for one in page["objects"]:
            assert one["length_bytes"] + pool["header_bytes"] <= one["size_bytes"]


def check_state(state: dict[str, Any]) -> None:
    """Objects are the entries that have one, each once, and the counters are their sums."""
    pool, entries, counters = state["pool"], state["entries"], state["counters"]
    check_bytes(pool)
    placed = {one["slot"]: one["length_bytes"] for page in pool["pages"] for one in page["objects"]}
    held = {e["slot"]: e["length_bytes"] for e in entries if e["kind"] in ("compressed", "raw")}
    assert placed == held
    assert sum(len(page["objects"]) for page in pool["pages"]) == len(held)
    listed = {page for one in pool["lists"] for page in one["pages"]}
    assert listed <= {page["page"] for page in pool["pages"]}
    if "stored_pages" in counters:
        assert counters["stored_pages"] == len(entries)
    else:
        assert counters["orig_data_size"] == len(entries) * PAGE_SIZE
        assert counters["compr_data_size"] == sum(held.values())
        assert counters["mem_used_total"] == pool["total_pages"] * PAGE_SIZE
    if state["entry_lru"] is not None:
        assert sorted(state["entry_lru"]) == sorted(held)


def check_lesson(text: str) -> dict[str, Any]:
    told = lesson(text)
    json.dumps(told)
    before = told["start"]
    check_state(before)
    for step in told["steps"]:
        after = step["state"]
        check_state(after)
        assert step["changed"] == changes(before, after)
        assert bool(step["changed"]) == (before != after)
        assert all(event["text"].endswith(".") for event in step["events"])
        assert step["outcome"]
        check_answer(step, before)
        before = after
    assert told == lesson(text), "a lesson is the same each time"
    return told


def check_answer(step: dict[str, Any], before: dict[str, Any]) -> None:
    """An answer is what the states before and after say, not only the events."""
    question = step["question"]
    if question is None:
        return
    after = step["state"]
    if question["text"].startswith(("Which page of the pool takes", "Which zspage")):
        slot = int(step["command"].split()[1])
        (page,) = (
            page["page"]
            for page in after["pool"]["pages"]
            if slot in [one["slot"] for one in page["objects"]]
        )
        assert question["answer"] == str(page)
    by_hand = not step["command"].startswith("access")
    if "written back first" in question["text"] and by_hand:
        slot = int(question["answer"])
        assert slot in [entry["slot"] for entry in before["entries"]]
        assert slot in after["swap_file"] or step["command"].startswith(f"store {slot} ")
    if "give a page back" in question["text"]:
        gone = {page["page"] for page in before["pool"]["pages"]}
        gone -= {page["page"] for page in after["pool"]["pages"]}
        assert question["answer"] == ("yes" if gone else "no")
    if "stored or refused" in question["text"]:
        stored = step["outcome"].startswith(("stored", "noted"))
        assert question["answer"] == ("stored" if stored else "refused")


@given(by_hand_scripts())
def test_a_random_script_is_told_and_its_states_reconcile(text: str) -> None:
    check_lesson(text)


@given(memory_scripts())
def test_a_random_program_is_told_and_its_states_reconcile(text: str) -> None:
    told = check_lesson(text)
    for step in told["steps"]:
        memory = step["state"]["memory"]
        assert len(set(memory["resident"])) == len(memory["resident"])
        faults = [event for event in step["events"] if event["name"] == "fault"]
        assert len(faults) <= 1
        if step["command"].startswith("access"):
            assert int(step["command"].split()[1]) in memory["resident"]


@given(by_hand_scripts())
def test_the_state_that_is_told_is_that_of_a_checked_machine(text: str) -> None:
    script = parse_script(text)
    with closing(hands_of(script)) as hands:
        for operation in hands.operations():
            hands.run(operation)
            hands.check()
            state = hands.state()
            if isinstance(hands, ZswapHands):
                pool = hands.zswap.swap.pools.pool
                stats = hands.zswap.stats
                assert state["counters"] == stats
                assert state["pool"]["total_pages"] == hands.zswap.pools[0].pages
            else:
                pool = hands.zram.device[1]  # type: ignore[attr-defined]
            check_against_pool(pool, state["pool"])


@given(memory_scripts())
def test_the_memory_that_is_told_is_that_of_a_checked_machine(text: str) -> None:
    script = parse_script(text)
    with closing(hands_of(script)) as hands:
        assert isinstance(hands, MemoryHands)
        for operation in hands.operations():
            hands.run(operation)
            hands.check()
            check_against_pool(hands.machine.swap.pools.pool, hands.state()["pool"])


def check_against_pool(pool: Any, told: dict[str, Any]) -> None:
    """Layout, space and occupancy tell of the same pool, each in its way."""
    space = space_of(pool)
    assert space is not None
    objects = [one for page in told["pages"] for one in page["objects"]]
    assert sum(one["size_bytes"] for one in objects) == space.objects
    occupancy = occupancy_of(pool)
    if "pages_by_buddies" in occupancy:
        by_buddies = [0] * len(occupancy["pages_by_buddies"])
        for page in told["pages"]:
            if page["objects"][0]["place"] != "HEADLESS":
                by_buddies[len(page["objects"])] += 1
        assert by_buddies == occupancy["pages_by_buddies"]
    else:
        assert len(told["pages"]) == sum(occupancy["zspages"])
        assert len(objects) == sum(occupancy["obj_used"])
