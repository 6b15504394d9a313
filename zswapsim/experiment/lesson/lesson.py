# SPDX-License-Identifier: GPL-2.0-only
"""Runs a script on an interpreted machine, listens, and tells it as one plain dictionary."""

from typing import Any

from zswapsim.engine.tracepoint import listening
from zswapsim.errors import EAGAIN
from zswapsim.experiment.by_hand import Outcome
from zswapsim.experiment.lesson.hands import Hands, Told, ZramHands, ZswapHands
from zswapsim.experiment.lesson.questions import Step, answer, made, topics
from zswapsim.experiment.lesson.script import Operation, Script
from zswapsim.experiment.lesson.sentences import sentences
from zswapsim.experiment.lesson.state import State, changes
from zswapsim.machine.zram import device as d

Lesson = dict[str, Any]


def run_script(script: Script, *, ask_all: bool = False) -> Lesson:
    """Run a script; return the lesson, of which docs and the report know the form.

    ask_all: ask about every decision that is worth it, not only what the script asks.
    InvalidArgument: a question that its operation does not answer. DataMismatch: a page came back
    wrong.
    """
    hands = _hands(script)
    try:
        return _run(script, hands, ask_all=ask_all)
    finally:
        hands.close()


def _hands(script: Script) -> Hands:
    if script.memory_pages:
        from zswapsim.experiment.lesson.memory_hands import MemoryHands

        return MemoryHands(script)
    return ZramHands(script) if script.frontend == "zram" else ZswapHands(script)


def _run(script: Script, hands: Hands, *, ask_all: bool) -> Lesson:
    start = hands.state()
    before = start
    steps = []
    for number, operation in enumerate(script.operations, 1):
        told: Told = []
        with listening(lambda name, values, told=told: told.append((name, dict(values)))):  # type: ignore[misc]
            answered = hands.run(operation)
        after = hands.state()
        told = [event for event in told if event[0] not in hands.silent]
        said = sentences(told, hands.row, start["pool"]["header_bytes"], hands.policy)
        step = Step(operation.name, operation.number, told, said, before, after)
        steps.append(
            {
                "number": number,
                "line": operation.line or None,
                "command": operation.command,
                "notes": operation.notes,
                "events": [
                    {"name": name, "values": values, "text": text}
                    for (name, values), text in zip(told, said, strict=True)
                ],
                "outcome": outcome_text(operation, answered, step),
                "question": _question(script, operation, step, ask_all=ask_all),
                "state": after,
                "changed": changes(before, after),
            }
        )
        before = after
    return {
        "kind": "lesson",
        "title": script.title or script.source,
        "goals": script.goals,
        "notes": script.notes,
        "source": script.source,
        "settings": hands.settings,
        "start": start,
        "steps": steps,
    }


def _question(
    script: Script, operation: Operation, step: Step, *, ask_all: bool
) -> dict[str, Any] | None:
    asked = operation.question
    if asked is not None:
        found = answer(asked.text, step)
        if found is None:
            script.refuse(
                asked.line,
                f"{operation.command!r} decides nothing that this asks; allowed are questions for "
                f"{topics()}",
            )
        text = asked.text
    else:
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
        "made": asked is None,
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


__all__ = ["Lesson", "State", "run_script"]
