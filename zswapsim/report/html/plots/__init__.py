# SPDX-License-Identifier: GPL-2.0-only
"""The plots of each kind of result, in their order.

A plot is a function from a result to a Plot, or None where there is nothing to show: one file here,
and one line in PLOTS.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from zswapsim.report.html.document import Plot

PLOTS: dict[str, dict[str, tuple[str, ...]]] = {
    "replay": {
        "Over time": (
            "over_time:pool_plot",
            "over_time:faults_plot",
            "over_time:writes_plot",
            "heat_map:heat_map_plot",
        ),
        "In all": (
            "faults:faults_bar",
            "occupancy:occupancy_plot",
            "lengths:replay_lengths",
        ),
    },
    "ratio": {
        "Pages": ("ratio_bars:ratio_plot", "speeds:speeds_plot", "lengths:ratio_lengths"),
        "Pools": ("ratio_bars:holds_plot", "memory_use:memory_use_plot"),
    },
    "sweep": {
        "Over the settings": ("sweep_map:map_plot", "sweep_lines:lines_plot"),
        "What to trade": ("sweep_front:front_plot",),
    },
    "recommend": {
        "What was tried": (
            "sweep_front:front_plot",
            "sweep_map:map_plot",
            "sweep_lines:lines_plot",
        ),
    },
    "compare": {
        "Side by side": ("compare:stall_plot", "compare:device_plot", "compare:memory_plot"),
        "If costs were others": ("sensitivity:sensitivity_plot",),
        "Over time": ("compare:pool_plot", "compare:majors_plot", "compare:writes_plot"),
    },
    "curve": {"Over memory": ("curve:curve_plot",)},
}
"""Kind -> heading -> module:function of its plots."""

Maker = Callable[[Mapping[str, Any]], Plot | None]


def plots_of(kind: str, result: Mapping[str, Any]) -> dict[str, list[Plot]]:
    """Return the plots of a result by their headings, those that have something to show."""
    drawn = {}
    for heading, targets in PLOTS[kind].items():
        made = [_maker(target)(result) for target in targets]
        if there := [plot for plot in made if plot is not None]:
            drawn[heading] = there
    return drawn


def _maker(target: str) -> Maker:
    module, _, name = target.partition(":")
    maker: Maker = getattr(import_module(f"{__name__}.{module}"), name)
    return maker
