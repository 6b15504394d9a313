# SPDX-License-Identifier: GPL-2.0-only
"""The figures of earlier runs, kept beside this file, and what has become worse since."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Figure

KEPT = Path(__file__).with_name("figures.json")
PAGE = Path(__file__).parent.parent / "docs" / "speed.md"
MARKS = ("<!-- figures -->", "<!-- end of figures -->")
WORSE = 1.15
"""How many times worse a ratio may be: less is how much a busy machine makes of it."""


def kept() -> list[Figure]:
    """Return the figures that were kept, in their order."""
    if not KEPT.exists():
        return []
    return [
        Figure(**{**row, "ratios": tuple(row["ratios"])}) for row in json.loads(KEPT.read_text())
    ]


def save(figures: Sequence[Figure]) -> None:
    """Keep figures; those of the same text take the place of earlier ones."""
    by_text = {figure.text: figure for figure in [*kept(), *figures]}
    rows = [
        {**asdict(figure), "ratios": [round(ratio, 4) for ratio in figure.ratios]}
        for figure in by_text.values()
    ]
    KEPT.write_text(json.dumps(rows, indent=1) + "\n")


def is_worse(now: Figure, before: Figure) -> bool:
    """Say whether a ratio is worse than it was by more than WORSE, in its best round too.

    One slow round of few, on a machine that does other things, is no regression.
    """
    if now.reach.startswith(">="):
        return max(now.ratios) * WORSE < before.median
    return min(now.ratios) > before.median * WORSE


def check(figures: Sequence[Figure]) -> int:
    """Compare figures with those kept; print what is worse and return 1, or 0 if nothing is."""
    before = {figure.text: figure for figure in kept()}
    worse = [
        f"worse: {figure.text}: {figure.median:.2f}, it was {before[figure.text].median:.2f}"
        for figure in figures
        if figure.text in before and is_worse(figure, before[figure.text])
    ]
    print("\n".join(worse) or f"{len(figures)} figures, none is worse by more than 15 %")
    return 1 if worse else 0


def table(figures: Sequence[Figure]) -> str:
    """Return figures as a table in Markdown: what, reach, median, range, detail."""
    lines = ["| what | reach | measured | rounds | |", "|---|---|---|---|---|"]
    for figure in figures:
        reach = figure.reach.replace("<=", "≤").replace(">=", "≥").replace("none", "")
        missed = "" if figure.is_reached else " **missed**"
        spread = f"{min(figure.ratios):.2f} to {max(figure.ratios):.2f} in {len(figure.ratios)}"
        cells = (figure.text, reach, f"{figure.median:.2f}{missed}", spread, figure.detail)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_page() -> None:
    """Put the kept figures into the page of results, between its two marks."""
    text = PAGE.read_text()
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table(kept())}\n{MARKS[1]}{after}")
