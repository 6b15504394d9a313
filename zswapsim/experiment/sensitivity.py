# SPDX-License-Identifier: GPL-2.0-only
"""How an answer changes with the values that it rests on: each knob is turned, the others stay.

The stall is a straight line in each knob, so that two points tell all of it, and where two
configurations change places is where their lines cross.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from zswapsim.experiment.costs import Costs, cost_of


class Knob(NamedTuple):
    """turned: the costs at a setting; settings: those that are shown, as factors or percent."""

    name: str
    unit: str
    settings: Sequence[float]
    now: Callable[[Costs], float]
    turned: Callable[[Costs, float], Costs]


_WIDE = (0.1, 0.3, 1, 3, 10)
KNOBS = (
    Knob(
        "device, reads and writes", "times", _WIDE, lambda _: 1,
        lambda costs, factor: costs.scaled(device=factor),
    ),
    Knob(
        "device, reads", "times", _WIDE, lambda _: 1,
        lambda costs, factor: costs.replaced(device=costs.device.scaled(reads=factor)),
    ),
    Knob(
        "device, writes", "times", _WIDE, lambda _: 1,
        lambda costs, factor: costs.replaced(device=costs.device.scaled(writes=factor)),
    ),
    Knob(
        "CPU", "times", (0.25, 0.5, 1, 2, 4), lambda _: 1,
        lambda costs, factor: costs.scaled(cpu=factor),
    ),
    Knob(
        "share of reclaim waited for", "percent", (0, 25, 50, 75, 100),
        lambda costs: costs.reclaim_stall_percent,
        lambda costs, percent: costs.replaced(reclaim_stall_percent=percent),
    ),
)  # fmt: skip


def sensitivity(results: Sequence[Mapping[str, Any]], costs: Costs) -> list[dict[str, Any]]:
    """Return for each knob the stalls at its settings, the rankings, and where they change.

    results: name, result and cost of each. unfit: those that never come first, as they do not fit
    into memory. rows: setting, stall_seconds by name, ranking;
    flips: at, before and after, the rankings; best: whether the first place changes.
    """
    return [_turn(knob, results, costs) for knob in KNOBS]


def _turn(knob: Knob, results: Sequence[Mapping[str, Any]], costs: Costs) -> dict[str, Any]:
    low, high = knob.settings[0], knob.settings[-1]
    ends = [
        {one["name"]: stall(one, knob.turned(costs, setting)) for one in results}
        for setting in (low, high)
    ]
    late = {one["name"]: one["result"]["memory"]["over_limit"] > 0 for one in results}

    def at(setting: float) -> dict[str, float]:
        part = (setting - low) / (high - low)
        return {name: ends[0][name] + part * (ends[1][name] - ends[0][name]) for name in ends[0]}

    def rank(setting: float) -> list[str]:
        stalls = at(setting)
        return sorted(stalls, key=lambda name: (late[name], stalls[name]))

    return {
        "knob": knob.name,
        "unit": knob.unit,
        "now": knob.now(costs),
        "unfit": [name for name, is_late in late.items() if is_late],
        "rows": [
            {"setting": setting, "stall_seconds": at(setting), "ranking": rank(setting)}
            for setting in knob.settings
        ],
        "flips": _flips(low, high, ends, rank),
    }


def _flips(
    low: float,
    high: float,
    ends: Sequence[Mapping[str, float]],
    rank: Callable[[float], list[str]],
) -> list[dict[str, Any]]:
    """Return the settings between low and high at which the ranking changes."""
    crossings = set()
    for first, second in combinations(ends[0], 2):
        before = ends[0][first] - ends[0][second]
        after = ends[1][first] - ends[1][second]
        if before * after < 0:
            crossings.add(low + (high - low) * before / (before - after))
    flips = []
    edges = [low, *sorted(crossings), high]
    for left, here, right in zip(edges, edges[1:], edges[2:], strict=False):
        before_it, after_it = rank((left + here) / 2), rank((here + right) / 2)
        if before_it != after_it:
            flips.append(
                {
                    "at": here,
                    "before": before_it,
                    "after": after_it,
                    "best": before_it[0] != after_it[0],
                }
            )
    return flips


def stall(compared: Mapping[str, Any], costs: Costs) -> float:
    """Return the stall of a result under other costs."""
    seconds: float = cost_of(compared["result"], costs)["stall_seconds"]
    return seconds
