# SPDX-License-Identifier: GPL-2.0-only
"""Questions about a step, whose answers the machine computes.

What a question asks for is told by its words, the first of TOPICS that it names. Questions that
nobody wrote are made for decisions that are worth it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from zswapsim.experiment.lesson.state import State
from zswapsim.machine.pools.layout import BUDDIES

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """What happened in a step. told, sentences: its events; before, after: the states."""

    name: str
    number: int
    told: list[tuple[str, Values]]
    sentences: list[str]
    before: State
    after: State

    def event(self, *names: str, **values: int) -> tuple[Values, str] | None:
        """Return the first event of such a name with these values, and its sentence."""
        for (name, told), sentence in zip(self.told, self.sentences, strict=True):
            if name in names and all(told[key] == value for key, value in values.items()):
                return told, sentence
        return None


class Answer(NamedTuple):
    """kind: page, slot, number or choice; choices: of a choice; why: the machine's sentence."""

    kind: str
    answer: str
    why: str
    choices: tuple[str, ...] = ()


class Topic(NamedTuple):
    """words: a pattern of what a question says; about: what it asks, for a message."""

    words: str
    about: str
    answer: Callable[[Step], Answer | None]


STORED = ("stored", "refused")
ALLOCATED = ("zbud_alloc", "z3fold_alloc", "zs_malloc")
FREED = ("zbud_free", "zs_free", "zbud_reclaim_end", "z3fold_reclaim_end")
YES_NO = ("yes", "no")


def _page(step: Step) -> Answer | None:
    if found := step.event(*ALLOCATED):
        values, why = found
        search = step.event("zbud_search", "z3fold_search")
        if search and search[0]["page"] == values.get("page"):
            why = search[1]
        return Answer("page", str(values.get("page", values.get("zspage"))), why)
    if found := step.event("zbud_reclaim", "z3fold_reclaim"):
        return Answer("page", str(found[0]["page"]), found[1])
    return None


def _reclaimed(step: Step) -> Answer | None:
    found = step.event("zbud_reclaim", "z3fold_reclaim")
    return Answer("page", str(found[0]["page"]), found[1]) if found else None


def _buddy(step: Step) -> Answer | None:
    if found := step.event("zbud_alloc"):
        return Answer(
            "choice", "LAST" if found[0]["last"] else "FIRST", found[1], ("FIRST", "LAST")
        )
    if found := step.event("z3fold_alloc"):
        return Answer("choice", BUDDIES[found[0]["bud"]], found[1], BUDDIES)
    return None


def _chunks(step: Step) -> Answer | None:
    found = step.event("zbud_alloc", "z3fold_alloc")
    if found is None:
        return None
    search = step.event("zbud_search", "z3fold_search")
    return Answer("number", str(found[0]["chunks"]), (search or found)[1])


def _class(step: Step) -> Answer | None:
    found = step.event("zs_malloc")
    return Answer("number", str(found[0]["size_class"]), found[1]) if found else None


def _stored(step: Step) -> Answer | None:
    if found := step.event("swap_zero", stored=1):
        return Answer("choice", "stored", found[1], STORED)
    if found := step.event("store_end", "zram_write_end"):
        refused = found[0]["outcome"] != 0
        return Answer("choice", STORED[refused], found[1], STORED)
    return None


def _written_back(step: Step) -> Answer | None:
    found = step.event("writeback", outcome=0)
    return Answer("slot", str(found[0]["slot"]), found[1]) if found else None


def _count_written_back(step: Step) -> Answer | None:
    if "written_back_pages" not in step.after["counters"]:
        return None
    slots = [
        str(values["slot"])
        for name, values in step.told
        if name == "writeback" and not values["outcome"]
    ]
    which = f"Written back: {', '.join(slots)}." if slots else "Nothing is written back."
    return Answer("number", str(len(slots)), which)


def _pool_pages(step: Step) -> Answer | None:
    before, after = step.before["pool"]["total_pages"], step.after["pool"]["total_pages"]
    why = f"The pool had {before} before this and has {after} after it."
    return Answer("number", str(after), why)


def _entries(step: Step) -> Answer | None:
    before, after = len(step.before["entries"]), len(step.after["entries"])
    return Answer(
        "number", str(after), f"There were {before} before this and are {after} after it."
    )


SOURCES = ("zswap", "the swap file", "the swap core", "zram", "nowhere")


def _source(step: Step) -> Answer | None:
    looks = (
        ("swap file", step.event("swap_read")),
        ("swap core", step.event("swap_zero", stored=0)),
    )
    for name, found in looks:
        if found:
            return Answer("choice", f"the {name}", found[1], SOURCES)
    if found := step.event("load"):
        return Answer("choice", "zswap", found[1], SOURCES)
    if found := step.event("zram_read"):
        return Answer("choice", "zram", found[1], SOURCES)
    if step.name == "load" or step.event("fault", swapped=0):
        return Answer("choice", "nowhere", "The slot holds nothing.", SOURCES)
    return None


def _comes_free(step: Step) -> Answer | None:
    before, after = step.before["pool"]["pages"], step.after["pool"]["pages"]
    gone = sorted({page["page"] for page in before} - {page["page"] for page in after})
    found = step.event(*FREED)
    if not gone and found is None and not step.event("z3fold_free"):
        return None
    numbers = ", ".join(map(str, gone))
    why = f"Given back: {numbers}." if gone else (found[1] if found else "No page is empty.")
    return Answer("choice", YES_NO[not gone], why, YES_NO)


def _moved(step: Step) -> Answer | None:
    found = step.event("z3fold_move")
    if found:
        return Answer("page", str(found[0]["to_page"]), found[1])
    found = step.event("zs_move")
    return Answer("page", str(found[0]["to_zspage"]), found[1]) if found else None


def _victim(step: Step) -> Answer | None:
    found = step.event("victim")
    return Answer("page", str(found[0]["page"]), found[1]) if found else None


def _length(step: Step) -> Answer | None:
    found = step.event("store", "zram_write")
    return Answer("number", str(found[0]["length"]), found[1]) if found else None


TOPICS = (
    Topic(
        r"which page .*(swapped out|reclaim takes|does reclaim)|victim",
        "the victim of reclaim",
        _victim,
    ),
    Topic(
        r"how many (objects|entries|pages) .*(written|go) back|how many .*writ",
        "how many are written back",
        _count_written_back,
    ),
    Topic(r"how many .*(entries|entry)", "the number of entries", _entries),
    Topic(r"how many chunks", "the chunks of the object", _chunks),
    Topic(
        r"how many pages|pool pages|pages .*pool (have|has|take)",
        "the pages of the pool after it",
        _pool_pages,
    ),
    Topic(
        r"which slot|which entry|whose page|written back",
        "the slot that is written back first",
        _written_back,
    ),
    Topic(r"size class|which class", "the size class of the object", _class),
    Topic(
        r"first or last|first, middle|which buddy|which place",
        "the buddy that the object becomes",
        _buddy,
    ),
    Topic(r"moves? to|moved|compact", "the page that an object moves to", _moved),
    Topic(
        r"comes? free|give\w* back|released|freed",
        "whether a page of the pool comes free",
        _comes_free,
    ),
    Topic(
        r"which page .*(emptied|oldest|give|evict|reclaim)|oldest page",
        "the page that the pool empties",
        _reclaimed,
    ),
    Topic(
        r"where .*(from|served)|come from|zswap or the swap file|served",
        "where the page comes from",
        _source,
    ),
    Topic(r"how many bytes|compressed (length|size)", "the compressed length", _length),
    Topic(
        r"stored|refuse|accept|does zswap take|does it fit|taken", "whether it is stored", _stored
    ),
    Topic(r"which z?s?page|what page|where", "the page that takes the object", _page),
)
"""Looked at in this order: the first that a question names, and the step can answer, is meant."""


def answer(text: str, step: Step) -> Answer | None:
    """Return the answer of a question about a step, None if the step decides nothing of it."""
    counters = step.after["counters"]
    for name in re.findall(r"[a-z][a-z_]+", text):
        if name in counters:
            before = step.before["counters"].get(name, 0)
            after = counters[name]
            why = f"{name} was {before} before this and is {after} after it."
            return Answer("number", str(after), why)
    for topic in TOPICS:
        if re.search(topic.words, text, re.I) and (found := topic.answer(step)):
            return found
    return None


def topics() -> str:
    """Return what can be asked for, as a message lists it."""
    return ", ".join((*(topic.about for topic in TOPICS), "a counter by its name"))


def made(step: Step) -> tuple[str, Answer] | None:
    """Return a question that a step is worth, and its answer."""
    what = f"the page of slot {step.number}"
    written = _written_back(step)
    if step.event("limit_hit") and written:
        return "The pool is full. Which slot is written back first?", written
    full = step.event("limit_hit", "hysteresis", "zram_limit")
    if full and step.name == "store" and (found := _stored(step)):
        return f"Is {what} stored or refused?", found
    if step.name == "shrink" and written:
        return "Which slot is written back first?", written
    if step.name == "store" and step.event(*ALLOCATED):
        found = _page(step)
        thing = "zspage" if step.event("zs_malloc") else "page"
        return (f"Which {thing} of the pool takes the object?", found) if found else None
    if step.name == "store" and (found := _stored(step)):
        return f"Is {what} stored or refused?", found
    if step.name == "load" and (found := _source(step)):
        return "Where does the page come from?", found
    if step.name == "access" and (found := _victim(step)):
        return "Which page does reclaim take?", found
    if step.event("fault", swapped=1) and (found := _source(step)):
        return "Where does the page come from?", found
    if step.name in ("invalidate", "compact") and (found := _comes_free(step)):
        return "Does the pool give a page back?", found
    return None
