# SPDX-License-Identifier: GPL-2.0-only
"""Lessons: each tracepoint has its sentence, answers are the machine's, the form the sample's."""

import json
from pathlib import Path
from typing import Any

import pytest
from by_hand_pages import NOISE, raw
from lesson_scripts import BY_HAND, lesson

import zswapsim.machine.tracepoints as points
from zswapsim import ReplayConfig, SwapFile, Trace, Zram, Zswap, replay
from zswapsim.engine.tracepoint import TRACEPOINTS, tracepoint
from zswapsim.errors import EAGAIN, EINVAL, InvalidArgument
from zswapsim.experiment.lesson.lesson import run_script, run_trace
from zswapsim.experiment.lesson.script import parse_script, read_script
from zswapsim.experiment.lesson.sentences import SENTENCES, sentences
from zswapsim.experiment.lesson.state import changes
from zswapsim.machine.tracepoints import trace_zbud_search
from zswapsim.profiles import profile
from zswapsim.trace.synthetic import random_contents, zipf

SAMPLE = Path(__file__).parents[1] / "samples" / "lesson"
NAMES = {name.removeprefix("trace_") for name in vars(points) if name.startswith("trace_")}

PAIRS = "\n".join(f"store {slot} size=1900" for slot in range(1, 11))
ZBUD = "kernel 5.4\nzpool zbud\nlimit 2\nslots 20\n"
COMPACTION = "frontend zram\n" + "\n".join(
    [
        *(f"store {slot} size=900" for slot in range(1, 31)),
        *(f"invalidate {slot}" for slot in range(1, 31, 2)),
        "compact",
    ]
)
MOVES = """
kernel 6.1
zpool z3fold
limit 9
store 1 size=1900
store 2 size=700
store 3 size=1500
store 4 size=3800
invalidate 1
invalidate 3
store 5 size=4000
store 6 size=1000
store 7 size=1000
invalidate 7
shrink
shrink
"""
ALL = (
    f"{ZBUD}store 12 zero\n{PAIRS}\nload 1\nload 10\nload 19\ninvalidate 10\nstore 9 text\nshrink",
    f"kernel 6.12\nlimit 1\n{PAIRS}\nstore 12 zero\nload 12\nload 9\nload 1",
    f"kernel 6.1\nlimit 1\n{PAIRS}\nload 9\ninvalidate 9",
    MOVES,
    COMPACTION,
    f"frontend zram\nlimit 1\n{PAIRS}\nload 1\nload 8\nstore 1 random\nstore 1 same",
    "memory 3\nslots 3\nlimit 0\n" + "\n".join(f"access {page} write" for page in range(9)),
)


def events(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [event for step in told["steps"] for event in step["events"]]


def test_every_tracepoint_has_a_sentence_and_scripts_reach_it() -> None:
    """All but a block of a backing device, which no script has."""
    assert set(SENTENCES) == NAMES
    reached = {event["name"] for text in ALL for event in events(lesson(text))}
    assert NAMES - reached <= {"zram_writeback"}


@pytest.mark.parametrize("text", ALL, ids=range(len(ALL)))
def test_a_sentence_is_whole_and_names_the_numbers_that_were_decided(text: str) -> None:
    for event in events(lesson(text)):
        said = event["text"]
        assert said[0].isupper() or said.startswith(("zswap", "zram", "zbud", "z3fold"))
        assert said.endswith(".")
        assert "  " not in said
        assert "{" not in said
        for key in ("page", "slot", "zspage"):
            if key in event["values"] and event["values"][key] > 0:
                assert str(event["values"][key]) in said, event


def test_zbud_says_which_list_the_page_was_on_and_why() -> None:
    told = lesson(f"{ZBUD}store 1 size=1900\nstore 2 size=1500")
    texts = {event["name"]: event["text"] for event in told["steps"][1]["events"]}
    assert texts["zbud_search"] == (
        "The object takes 24 chunks of 64 bytes, so the lists unbuddied[24] and up were searched; "
        "page 0, which was put on unbuddied[33] last, is the smallest gap that fits."
    )
    assert "FIRST of page 0 is taken, so the object becomes LAST" in texts["zbud_alloc"]


def test_a_tracepoint_of_a_plug_in_says_what_its_docstring_says() -> None:
    @tracepoint
    def trace_plugged(page: int) -> None:
        """A page was plugged."""

    try:
        told = [("plugged", {"page": 3}), ("unheard", {})]
        assert sentences(told, profile("5.4"), 0, "") == [
            "A page was plugged. (page 3)",
            "unheard ()",
        ]
    finally:
        TRACEPOINTS.remove(trace_plugged)
    assert trace_zbud_search in TRACEPOINTS


ANSWERS = (
    ("Which page takes it?", "store 2 size=1500", "page", "0"),
    ("FIRST or LAST?", "store 2 size=1500", "choice", "LAST"),
    ("How many chunks does it take?", "store 2 size=1500", "number", "24"),
    ("How many bytes are left of it?", "store 2 size=1500", "number", "1500"),
    ("Is it stored or refused?", "store 2 size=1500", "choice", "stored"),
    ("Is it stored or refused?", "store 2 random", "choice", "refused"),
    ("How many pages has the pool then?", "store 2 size=3000", "number", "2"),
    ("How many entries are there?", "store 2 zero", "number", "2"),
    ("What is same_filled_pages then?", "store 2 zero", "number", "1"),
    ("What does zswpin say?", "load 1", "number", "1"),
    ("Where does the page come from?", "load 1", "choice", "zswap"),
    ("Where does the page come from?", "load 9", "choice", "nowhere"),
    ("Does a page come free?", "invalidate 1", "choice", "yes"),
    ("Which slot is written back first?", "shrink", "slot", "1"),
    ("How many objects are written back?", "shrink", "number", "1"),
    ("Which page is emptied?", "shrink", "page", "0"),
)


@pytest.mark.parametrize(("ask", "operation", "kind", "expected"), ANSWERS)
def test_a_question_is_answered_by_the_machine(
    ask: str, operation: str, kind: str, expected: str
) -> None:
    told = lesson(f"{ZBUD}store 1 size=1900\nask {ask}\n{operation}")
    question = told["steps"][1]["question"]
    assert (question["text"], question["kind"], question["made"]) == (ask, kind, False)
    assert question["answer"] == expected
    assert question["why"].endswith(".")
    assert not question["choices"] or expected in question["choices"]


def test_questions_about_other_pools_and_memory() -> None:
    class_ = lesson("kernel 6.12\nask Which size class?\nstore 1 size=1500")
    assert class_["steps"][0]["question"]["answer"] == "1536"
    victim = lesson("memory 2\naccess 1\naccess 2\nask Which page does reclaim take?\naccess 3")
    assert victim["steps"][2]["question"]["answer"] == "1"
    buddy = lesson("zpool z3fold\nask Which buddy?\nstore 1 size=4000")
    assert buddy["steps"][0]["question"]["answer"] == "HEADLESS"
    moved = lesson(COMPACTION.replace("compact", "ask Where is it moved?\ncompact"))
    assert moved["steps"][-1]["question"]["kind"] == "page"


def test_a_question_that_its_operation_does_not_answer_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidArgument, match=r"x\.zswap:2: 'load 1' decides nothing that this"):
        lesson("store 1 zero\nask Which page takes it?\nload 1")


def test_with_other_settings_such_a_question_is_left_out() -> None:
    script = parse_script("kernel 5.4\nask How many chunks?\nstore 1 text", "x.zswap")
    told = run_script(script.instead({"kernel": "6.12", "zpool": "zsmalloc"}))
    assert told["steps"][0]["question"] is None
    assert run_script(script)["steps"][0]["question"]["kind"] == "number"


def test_questions_are_made_only_when_that_is_asked_for() -> None:
    text = f"{ZBUD}{PAIRS}"
    made = [step["question"] for step in lesson(text)["steps"]]
    assert all(question["made"] for question in made)
    assert not any(step["question"] for step in lesson(text, ask_all=False)["steps"])


def test_the_sample_is_what_its_script_gives() -> None:
    told = run_script(read_script(SAMPLE / "pairs.zswap"))
    sample = json.loads((SAMPLE / "pairs.json").read_text())
    assert sample.pop("source").endswith(told.pop("source").rpartition("/")[2])
    assert json.loads(json.dumps(told)) == sample


def test_the_counters_of_a_script_are_those_of_the_same_calls() -> None:
    told = lesson(f"{ZBUD}store 1 zero\nstore 2 same\nload 1\ninvalidate 2")
    with Zswap("lz4", "zbud", 2, kernel="5.4") as zswap:
        zswap.store(1, bytes(4096))
        zswap.store(2, b"eight by" * 512)
        zswap.load(1)
        zswap.invalidate(2)
        assert told["steps"][-1]["state"]["counters"] == zswap.stats


def trace() -> Trace:
    contents = random_contents(80, seed=4, zero=5, same_filled=5, text=40, pointers=40, random=10)
    return zipf(3_000, 60, 0.8, seed=3, contents=contents)


@pytest.mark.parametrize("frontend", ["zswap", "zram"])
def test_a_stretch_of_a_trace_is_what_a_replay_does(frontend: str) -> None:
    """The counters after the last access are those of a replay of all up to there."""
    whole = trace()
    config = ReplayConfig(frontend=frontend, memory="40%", engine="interpreted")
    told = run_trace(whole, config, first=2_000, steps=10_000)
    result = replay(whole, config)
    counters = told["steps"][-1]["state"]["counters"]
    for name, value in {**result.vmstat, **result.zram}.items():
        assert counters.get(name, value) == value, name
    assert counters["pgfault"] == result.memory["pgfault"]
    assert told["start"]["counters"]["pgfault"] < counters["pgfault"]
    for step in told["steps"]:
        assert step["events"] or frontend == "zram"


def test_steps_of_a_trace_follow_each_other_and_hits_are_passed_over() -> None:
    told = run_trace(trace(), ReplayConfig(memory="40%"), first=1_500, steps=20, ask_all=True)
    assert len(told["steps"]) == 20
    before = told["start"]["counters"]
    for step in told["steps"]:
        after = step["state"]["counters"]
        assert any(event["name"] in ("fault", "invalidate") for event in step["events"])
        assert all(after[name] >= before[name] for name in ("pgfault", "pswpin", "zswpin"))
        before = after


@pytest.mark.parametrize("first", [3_000, 99_999])
def test_a_trace_that_is_too_short_is_refused(first: int) -> None:
    with pytest.raises(InvalidArgument, match=r"the trace has 3000 accesses; allowed is 0 to 2999"):
        run_trace(trace(), ReplayConfig(), first=first)


def test_large_states_leave_out_what_no_step_touches() -> None:
    stores = "\n".join(f"store {slot} size=1900" for slot in range(1, 301))
    told = lesson(f"slots 300\n{stores}")
    assert "left_out" not in told["start"] or told["start"]["left_out"]["entries"] == 0
    contents = random_contents(900, seed=4, zero=0, same_filled=0, text=50, pointers=50, random=0)
    large = zipf(30_000, 900, 0.5, seed=3, contents=contents)
    config = ReplayConfig(memory="60%", max_pool_percent=50, kernel="6.12")
    told = run_trace(large, config, first=20_000, steps=5)
    touched: set[str] = set()
    shown: set[str] = set()
    for step in told["steps"]:
        state = step["state"]
        left = state["left_out"]
        assert left["entries"] + len(state["entries"]) == state["counters"]["stored_pages"]
        here = [page["page"] for page in state["pool"]["pages"]]
        assert {page for one in state["pool"]["lists"] for page in one["pages"]} <= set(here)
        assert set(state["entry_lru"]) == {
            entry["slot"] for entry in state["entries"] if entry["kind"] == "compressed"
        }
        touched |= {path.split(".")[1] for path in step["changed"] if path.startswith("entries.")}
        shown |= {str(entry["slot"]) for entry in state["entries"]}
    assert shown
    assert shown <= touched


def test_changes_are_called_by_page_slot_and_name() -> None:
    before = {"a": {"b": 1, "c": [1, 2]}, "pages": [{"page": 3, "x": 1}, {"page": 5, "x": 1}]}
    after = {"a": {"b": 2, "c": [1]}, "pages": [{"page": 5, "x": 2}, {"page": 7, "x": 1}]}
    assert changes(before, before) == []
    assert changes(before, after) == ["a.b", "a.c", "pages.3", "pages.5.x", "pages.7"]
    assert changes({"n": None}, {"n": [1]}) == ["n"]


@pytest.mark.parametrize(("kernel", "zpool"), BY_HAND)
def test_shrink_makes_room_as_the_kernel_does(kernel: str, zpool: str) -> None:
    with Zswap("lz4", zpool, 9, SwapFile(8), kernel) as zswap:
        empty = zswap.shrink()
        assert empty != 0
        zswap.store(1, b"much the same " * 292 + bytes(8))
        outcomes = [zswap.shrink() for _ in range(2)]
        zswap.check()
        shrinks = not (zpool == "zsmalloc" and kernel in ("5.4", "6.1"))
        assert (0 in outcomes) == shrinks
        assert outcomes[0] in (0, -EAGAIN, -EINVAL)
        assert zswap.stats["written_back_pages"] == int(shrinks)
        assert zswap.load(1) is not None


def test_the_limit_of_zram_can_be_set_later() -> None:
    with Zram(slots=4, mem_limit_pages=1) as zram:
        assert zram.write(0, NOISE)
        assert not zram.write(1, raw(1))
        zram.set_mem_limit_pages(2)
        assert zram.write(1, raw(1))
        zram.set_mem_limit_pages(0)
        assert zram.mm_stat["mem_limit"] == 0
        with pytest.raises(InvalidArgument, match="mem_limit_pages -1"):
            zram.set_mem_limit_pages(-1)


@pytest.mark.parametrize(("kernel", "late"), [("5.4", True), ("6.1", True), ("6.12", False)])
def test_a_lesson_says_where_zswap_counts_a_page_that_came_free(kernel: str, late: bool) -> None:
    """Up to 6.6 the size is a cached one, which after a reclaim refuses a store; 6.12 has none."""
    told = lesson(
        f"kernel {kernel}\nzpool zbud\nlimit 1\nstore 1 size=3000\nstore 2 size=3000\n"
        "store 3 size=3000\nstore 4 size=3000"
    )
    pools = [step["state"]["pool"] for step in told["steps"]]
    assert any(pool["counted_pages"] > pool["total_pages"] for pool in pools) == late
    texts = [event["text"] for event in told["steps"][3]["events"]]
    assert any("zswap's own count" in text for text in texts) == late
