# SPDX-License-Identifier: GPL-2.0-only
"""Runs a script on an interpreted machine, listens, and tells it as one plain dictionary."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any, NoReturn

from zswapsim.engine.tracepoint import listening
from zswapsim.errors import EAGAIN
from zswapsim.experiment.by_hand import Outcome
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.lesson.hands import Hands, Told, ZramHands, ZswapHands
from zswapsim.experiment.lesson.machine_hands import MemoryHands, TraceHands
from zswapsim.experiment.lesson.questions import Step, answer, made, topics
from zswapsim.experiment.lesson.script import Operation, Script
from zswapsim.experiment.lesson.sentences import sentences
from zswapsim.experiment.lesson.state import changes, leave_out
from zswapsim.machine.zram import device as d
from zswapsim.printable import printable
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace

Lesson = dict[str, Any]

DEFAULT_STEPS = 40


def run_script(script: Script, *, ask_all: bool = False) -> Lesson:
    """Run a script; return the lesson, see the package for its form.

    ask_all: ask about every decision that is worth it, not only what the script asks.
    InvalidArgument: a question that its operation does not answer. DataMismatch: a page came back
    wrong.
    """
    with closing(hands_of(script)) as hands:
        refuse = None if script.is_changed else script.refuse
        told = tell(hands, ask_all=ask_all, refuse=refuse)
    head = {
        "title": script.title or script.source,
        "goals": script.goals,
        "notes": script.notes,
        "source": script.source,
    }
    return {"kind": "lesson", **head, "settings": hands.settings, **told}


def run_trace(
    trace: Trace,
    config: ReplayConfig,
    *,
    first: int = 0,
    steps: int = DEFAULT_STEPS,
    ask_all: bool = False,
    progress: Progress | None = None,
) -> Lesson:
    """Run a trace from its beginning; tell of so many steps from access `first` on.

    A step is an access that is more than a hit of a resident page. progress: told how far the work
    is. InvalidArgument: settings that do not fit the trace.
    """
    with closing(TraceHands(trace, config, first, progress)) as hands:
        told = tell(hands, ask_all=ask_all, most=steps)
    name = printable(trace.name)
    head: Lesson = {"title": name, "goals": [], "notes": [], "source": name}
    return {"kind": "lesson", **head, "settings": hands.settings, **told}


def hands_of(script: Script) -> Hands:
    """Return what runs a script, to be closed."""
    if script.memory_pages:
        return MemoryHands(script)
    return ZramHands(script) if script.frontend == "zram" else ZswapHands(script)


def tell(
    hands: Hands,
    *,
    ask_all: bool,
    refuse: Callable[[int, str], NoReturn] | None = None,
    most: int | None = None,
) -> dict[str, Any]:
    """Run the operations; return "start" and "steps". most: steps; refuse: says what is wrong.

    Without it, a question that its operation does not answer is left out.
    """
    start = before = hands.state()
    steps: list[dict[str, Any]] = []
    for operation in hands.operations() if most != 0 else ():
        if hands.moved:
            before, hands.moved = hands.state(), False
        told: Told = []
        with listening(partial(_note, told)):
            answered = hands.run(operation)
        if most is not None and not told:
            hands.moved = True
            continue
        after = hands.state()
        events = [event for event in told if event[0] not in hands.silent]
        pool = before["pool"]
        said = sentences(events, hands.row, pool["header_bytes"], hands.policy, pool["total_pages"])
        step = Step(operation.name, operation.number, events, said, before, after)
        steps.append(_step(len(steps) + 1, operation, step, answered))
        steps[-1]["question"] = _question(operation, step, ask_all, refuse)
        before = after
        if len(steps) == most:
            break
    leave_out([start, *(step["state"] for step in steps)], steps)
    return {"start": start, "steps": steps}


def _note(told: Told, name: str, values: dict[str, Any]) -> None:
    told.append((name, dict(values)))


def _step(
    number: int, operation: Operation, step: Step, answered: Outcome | int | None
) -> dict[str, Any]:
    return {
        "number": number,
        "line": operation.line or None,
        "command": operation.command,
        "notes": operation.notes,
        "events": [
            {"name": name, "values": values, "text": text}
            for (name, values), text in zip(step.told, step.sentences, strict=True)
        ],
        "outcome": outcome_text(operation, answered, step),
        "question": None,
        "state": step.after,
        "changed": changes(step.before, step.after),
    }


def _question(
    operation: Operation,
    step: Step,
    ask_all: bool,
    refuse: Callable[[int, str], NoReturn] | None,
) -> dict[str, Any] | None:
    asked = operation.question
    found = None if asked is None else answer(asked.text, step)
    if asked is not None and found is None and refuse is not None:
        refuse(
            asked.line,
            f"{operation.command!r} decides nothing that this asks; allowed are questions for "
            f"{topics()}",
        )
    text = "" if asked is None else asked.text
    if found is None:
        worth = made(step) if ask_all else None
        if worth is None:
            return None
        text, found = worth
    return {
        "text": text,
        "kind": found.kind,
        "choices": list(found.choices),
        "answer": found.answer,
        "why": found.why,
        "made": asked is None or text != asked.text,
    }


def outcome_text(operation: Operation, answered: Outcome | int | None, step: Step) -> str:
    """Return in a few words what became of a step."""
    if operation.name == "store":
        return _stored_text(answered, step)
    if operation.name == "load":
        return _loaded_text(step)
    if operation.name == "access":
        return _access_text(step)
    if operation.name == "invalidate":
        return "the slot is free"
    if operation.name == "limit":
        return f"the limit is {step.after['pool']['limit_pages']}"
    if operation.name == "busy":
        return "the slot's page is in the swap cache"
    if operation.name == "idle":
        return "the slot's page is no longer in the swap cache"
    if operation.name == "compact":
        return f"{answered} pages came free"
    return _shrunk_text(answered)


def _stored_text(answered: Outcome | int | None, step: Step) -> str:
    assert isinstance(answered, Outcome)
    if step.event("swap_zero"):
        return "noted as a page of zeros by the swap core"
    if not answered:
        where = "nothing is written" if step.event("zram_write") else "written to the swap file"
        refused = step.event("store_end", "zram_write_end")
        why = refused[1].partition(": ")[2].rstrip(".") if refused else answered.reason
        return f"refused: {why.partition('. ')[0]}; {where}"
    if answered.length_bytes:
        return f"stored, {answered.length_bytes:,} bytes"
    return "stored, as one word"


def _loaded_text(step: Step) -> str:
    if step.event("swap_read"):
        return "read from the swap file"
    if step.event("swap_zero"):
        return "filled with zeros by the swap core"
    read = step.event("zram_read")
    if read:
        return "zeros: the slot holds nothing" if read[0]["kind"] == d.EMPTY else "read from zram"
    return "loaded from zswap" if step.event("load") else "the slot holds nothing"


def _access_text(step: Step) -> str:
    fault = step.event("fault")
    if fault is None:
        return "the page is in memory"
    return f"a major fault, {_loaded_text(step)}" if fault[0]["swapped"] else "a minor fault"


def _shrunk_text(answered: Outcome | int | None) -> str:
    if answered == 0:
        return "done"
    if answered == -EAGAIN:
        return "no success: no page came free, or the entry has a second chance"
    return "no success"
