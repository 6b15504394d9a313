# SPDX-License-Identifier: GPL-2.0-only
"""All accesses, and all faults among them, by where the page was: two bars of 100 %."""

from typing import Any

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import GREEN, PINK, axis, bars, figure, percent
from zswapsim.report.html.plots.over_time import fault_columns, named_faults


def faults_bar(result: Facts) -> Plot | None:
    """Draw the shares of accesses that found their page, and of faults by source."""
    accesses = result["trace"]["accesses_replayed"]
    columns = {key: column[-1] for key, column in fault_columns(result).items()}
    faults = result["series"]["pgfault"][-1]
    if not faults:
        return None
    came_in = sum(columns.values())
    data = [
        _share("accesses", accesses - faults, accesses, "resident", GREEN),
        _share("accesses", faults, accesses, "faults", PINK),
        *(
            _share("faults", columns[key], came_in, name, colour)
            for key, name, colour in named_faults(result)
            if columns[key]
        ),
    ]
    says = (
        f"{percent(accesses - faults, accesses)} of {accesses:,} accesses found their page "
        f"resident; {faults:,} faulted"
    )
    if came_in > faults:
        says += f", and {came_in - faults:,} more pages were read ahead"
    drawn = figure(
        data,
        axis(range=[0, 100], dtick=25, ticksuffix=" %"),
        axis(autorange="reversed", showgrid=False),
        barmode="stack",
        bargap=0.5,
    )
    return Plot(title="Accesses and faults", says=f"{says}.", figures=[("", drawn)])


def _share(row: str, part: int, whole: int, name: str, colour: str) -> dict[str, Any]:
    hover = "%{customdata[0]:,} (%{customdata[1]})"
    shares = [[part, percent(part, whole)]]
    value = [100 * part / whole if whole else 0]
    return bars(value, [row], name, colour, orientation="h", customdata=shares, hovertemplate=hover)
