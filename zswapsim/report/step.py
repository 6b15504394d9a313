# SPDX-License-Identifier: GPL-2.0-only
"""A lesson at the terminal: each step with what was decided and why, the pool, and questions.

Takes the plain dictionary of a lesson. No line is longer than the columns there are, but for a
single word. Without answers it shows what is to be done and what is asked.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from zswapsim.printable import printable
from zswapsim.report.drawing import folded
from zswapsim.report.pool_bars import legend, page_bar

Lesson = Mapping[str, Any]
Step = Mapping[str, Any]

WIDEST = 100
"""Columns that text takes at most."""

NARROW = 70
"""Columns below which a page's lists are on a line of their own."""

MOST_PAGES = 8
"""Pages of a pool drawn at each step; of more, those that changed."""

GIVEN = ("store", "zram_write")
"""Events that are no answer but what a question rests on: how well a page compresses."""

HIDDEN = "?"
BAR_COLUMNS = 48


def print_lesson(lesson: Lesson, console: Console, *, answers: bool) -> None:
    """Print a lesson; the console decides on colour and width. answers: tell them, and all else."""
    for line in lesson_lines(
        lesson, console.width, answers=answers, ascii_only=console.options.ascii_only
    ):
        console.print(line, soft_wrap=True)


def lesson_lines(
    lesson: Lesson, width: int, *, answers: bool, ascii_only: bool = False
) -> Iterator[Text]:
    """Yield the lines to print."""
    width = min(width, WIDEST)
    page = _Paper(width, ascii_only, int(lesson["start"]["pool"]["header_bytes"]))
    yield from page.head(lesson)
    if answers:
        yield from page.dim(legend(ascii_only=ascii_only))
    before = lesson["start"]
    for step in lesson["steps"]:
        yield Text()
        yield from page.step(step, before) if answers else page.asked(step)
        before = step["state"]
    yield Text()
    asked = sum(step["question"] is not None for step in lesson["steps"])
    if not answers:
        yield from page.dim(
            f"{_questions(asked)}; -c computes the answers, and tells what happens."
        )
    elif asked:
        yield from page.dim(f"{_questions(asked)}, all answered by the machine.")


class _Paper:
    """What is written on: width, and which letters there are."""

    def __init__(self, width: int, ascii_only: bool, header_bytes: int) -> None:
        self.width = width
        self.ascii_only = ascii_only
        self.header_bytes = header_bytes

    def lines(self, text: str, indent: str = "", style: str = "") -> Iterator[Text]:
        """Yield text folded; indent: before all lines but the first."""
        for line in folded(text, self.width, indent):
            yield Text(line, style=style)

    def dim(self, text: str) -> Iterator[Text]:
        """Yield a remark."""
        return self.lines(text, style="dim")

    def head(self, lesson: Lesson) -> Iterator[Text]:
        """Yield title, settings, goals."""
        yield from self.lines(lesson["title"], style="bold")
        told = ", ".join(
            f"{name} {_value(value)}" for name, value in lesson["settings"].items() if value != ""
        )
        yield from self.lines(told, "  ", style="dim")
        for goal in lesson["goals"]:
            yield from self.lines(f"* {goal}", "  ")
        for note in lesson["notes"]:
            yield from self.lines(note)

    def title(self, step: Step, outcome: str) -> Iterator[Text]:
        """Yield the command, and what became of it."""
        start = f"{step['number']:>3}  {printable(step['command'])}"
        column = min(40, self.width // 2)
        if len(start) < column and column + len(outcome) <= self.width:
            line = Text(start.ljust(column), style="bold cyan")
            line.append(outcome, style="bold")
            yield line
            return
        yield from self.lines(start, "     ", style="bold cyan")
        yield from self.lines(f"     {outcome}", "     ", style="bold")

    def asked(self, step: Step) -> Iterator[Text]:
        """Yield a step without its answers."""
        yield from self.title(step, HIDDEN)
        given = [event for event in step["events"] if event["name"] in GIVEN]
        if not step["command"].startswith("access"):
            for event in given:
                yield from self.lines(f"     - {event['text']}", "       ")
        question = step["question"]
        if question is not None:
            yield from self.lines(
                f"     Question: {_asked(question)} {HIDDEN}", "       ", style="yellow"
            )

    def step(self, step: Step, before: Mapping[str, Any]) -> Iterator[Text]:
        """Yield a step with all that happened."""
        yield from self.title(step, printable(step["outcome"]))
        for event in step["events"]:
            yield from self.lines(f"     - {event['text']}", "       ")
        yield from self.pool(step, before)
        yield from self.counters(step, before)
        for note in step["notes"]:
            yield from self.lines(f"     Note: {note}", "       ", style="magenta")
        question = step["question"]
        if question is not None:
            yield from self.lines(f"     Question: {_asked(question)}", "       ", style="yellow")
            yield from self.lines(
                f"     Answer: {question['answer']}. {question['why']}", "       ", style="green"
            )

    def pool(self, step: Step, before: Mapping[str, Any]) -> Iterator[Text]:
        """Yield the pages of the pool, those that changed if they are many."""
        if not any(path.startswith("pool.") for path in step["changed"]):
            return
        pool, old = step["state"]["pool"], before["pool"]
        yield from self.lines(f"     {_pool_line(pool, old)}", "       ")
        pages = pool["pages"]
        touched = {path.split(".")[2] for path in step["changed"] if path.startswith("pool.pages.")}
        if len(pages) > MOST_PAGES:
            pages = [page for page in pages if str(page["page"]) in touched]
        here = {one["slot"] for page in old["pages"] for one in page["objects"]}
        lists = _lists_of(pool)
        for page in pages:
            yield from self.page(page, here, lists.get(page["page"], ""))
        hidden = pool["total_pages"] - sum(page.get("pages", 1) for page in pages)
        if hidden > 0:
            yield from self.lines(f"     and {hidden:,} more pages that stay as they are")

    def page(self, page: Mapping[str, Any], here: set[Any], lists: str) -> Iterator[Text]:
        """Yield one page: its number, its bar, where it is listed."""
        name = f"     {'zspage' if page.get('size_class') else 'page'} {page['page']:>3} "
        room = min(BAR_COLUMNS, self.width - len(name) - 2)
        new = [one["slot"] for one in page["objects"] if one["slot"] not in here]
        bar = page_bar(
            page, max(8, room), header_bytes=self.header_bytes, new=new, ascii_only=self.ascii_only
        )
        line = Text(name).append("[").append(bar.styled()).append("]")
        if self.width >= NARROW and len(line.plain) + 1 + len(lists) <= self.width:
            yield line.append(f" {lists}", style="dim")
            return
        yield line
        if lists:
            yield from self.lines(f"       {lists}", "       ", style="dim")

    def counters(self, step: Step, before: Mapping[str, Any]) -> Iterator[Text]:
        """Yield the counters that changed."""
        now, then = step["state"]["counters"], before["counters"]
        changed = [
            f"{name} {then.get(name, 0):,} -> {value:,}"
            for name, value in now.items()
            if value != then.get(name, 0)
        ]
        if changed:
            yield from self.lines(f"     {', '.join(changed)}", "       ", style="dim")


def _pool_line(pool: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    """Return how large a pool is, what it may be, and whether it is full."""
    count = pool["total_pages"]
    said = f"{pool['driver']}: {count:,} {'page' if count == 1 else 'pages'}"
    if pool["limit_pages"] is not None:
        said += f" of {pool['limit_pages']:,} allowed"
    if pool["counted_pages"] != count:
        said += f", which zswap counts as {pool['counted_pages']:,}"
    if pool["full"]:
        said += ", full"
    if pool["waiting"]:
        said += f", waits for its accept threshold of {pool['accept_pages']:,}"
    if count != old["total_pages"]:
        said += f" (before {old['total_pages']:,})"
    return said


def _lists_of(pool: Mapping[str, Any]) -> dict[int, str]:
    """Return by page the lists it is on, other than the LRU, and its place in that."""
    found: dict[int, list[str]] = {}
    for one in pool["lists"]:
        for at, page in enumerate(one["pages"]):
            if page is None:
                continue
            name = one["name"]
            if name.startswith("lru"):
                ends = [(0, "newest"), (len(one["pages"]) - 1, "oldest")]
                name = next((word for place, word in ends if place == at), "")
            if name:
                found.setdefault(page, []).append(name)
    return {page: ", ".join(names) for page, names in found.items()}


def _asked(question: Mapping[str, Any]) -> str:
    choices = f" ({', '.join(question['choices'])})" if question["choices"] else ""
    return f"{question['text']}{choices}"


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count} questions"


def _value(value: Any) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
