# SPDX-License-Identifier: GPL-2.0-only
"""Why each setting is recommended: what its other values did, all else being equal."""

from dataclasses import replace
from typing import Any

from zswapsim.experiment.recommend.search import EQUAL_PERCENT, Run, Search

Reason = dict[str, Any]


def reasons(search: Search, best: Run) -> list[Reason]:
    """Return for each setting its value, the other values that were tried, and a line of text.

    others: for each value stall_percent and cpu_percent, how much more than the recommended one has
    (negative: less), and failure.
    """
    told = [_frontends(search, best)]
    for name, values in search.space.values_near(best.cell).items():
        others = [
            _against(value, search.runs[cell], best)
            for value in values
            if (cell := replace(best.cell, **{name: value})) in search.runs and cell != best.cell
        ]
        if others:
            told.append(_reason(name, getattr(best.cell, name), others))
    return told


def _frontends(search: Search, best: Run) -> Reason:
    others = []
    for frontend in search.space.frontends:
        run = search.best_of(frontend)
        if frontend != best.cell.frontend and run is not None:
            others.append({**_against(frontend, run, best), "name": run.cell.name})
    return _reason("frontend", best.cell.frontend, others)


def _against(value: Any, run: Run, best: Run) -> Reason:
    return {
        "value": value,
        "stall_percent": _more(run.stall, best.stall),
        "cpu_percent": _more(run.cpu, best.cpu),
        "failure": run.failure,
    }


def _more(value: float, than: float) -> float | None:
    return round(100 * value / than - 100, 2) if than else None


def _reason(name: str, value: Any, others: list[Reason]) -> Reason:
    differs = [abs(other["stall_percent"] or 0) >= EQUAL_PERCENT for other in others]
    return {
        "setting": name,
        "value": value,
        "others": others,
        "matters": any(differs) or any(other["failure"] for other in others),
        "says": ", ".join(_said(other) for other in others) or "nothing else was tried",
    }


def _said(other: Reason) -> str:
    label = other.get("name") or _word(other["value"])
    if other["failure"]:
        return f"{label} fails: {other['failure']}"
    return f"{label} {waits(other['stall_percent'])}"


def waits(percent: float | None) -> str:
    """Return what a difference in waiting is called."""
    if percent is None or abs(percent) < EQUAL_PERCENT:
        return "the same"
    if percent < 0:
        return f"waits {-percent:.0f} % less"
    if percent >= 200:
        return f"waits {1 + percent / 100:.1f} times as long"
    return f"waits {percent:.0f} % longer"


def _word(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
