# SPDX-License-Identifier: GPL-2.0-only
"""How long compressors take, against how small they make pages."""

from typing import Any

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import BLUE, ORANGE, axis, figure, labels

WAYS = (
    ("compress", ORANGE, "square", "bottom center"),
    ("decompress", BLUE, "circle", "top center"),
)
TICKS = [digit * 10**power for power in range(5) for digit in (1, 2, 5)]


def speeds_plot(result: Facts) -> Plot | None:
    """Draw the median time for a page, its range, and the ratio, if times were measured."""
    told = [codec for codec in result["compressors"] if codec["speed"] and codec["ratio"]]
    if not told:
        return None
    quick = min(told, key=lambda codec: codec["speed"]["decompress"]["median_us"])
    says = (
        f"Quickest to bring back: {quick['name']}, {quick['speed']['decompress']['median_us']:.1f} "
        "µs a page. Up and to the left is better; bars reach from the fastest round to the slowest."
    )
    ratios = [codec["ratio"] for codec in told]
    lowest, highest = min(ratios), max(ratios)
    room = (highest - lowest) or 1
    drawn = figure(
        [_way(told, *way) for way in WAYS],
        axis("µs a page", type="log", tickvals=TICKS),
        axis("compression ratio", range=[lowest - 0.2 * room, highest + 0.2 * room]),
    )
    return Plot(title="Time against ratio", says=says, figures=[("", drawn)])


def _way(told: list[Facts], way: str, colour: str, symbol: str, above: str) -> dict[str, Any]:
    speeds = [codec["speed"][way] for codec in told]
    medians = [speed["median_us"] for speed in speeds]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": way,
        "x": medians,
        "y": [codec["ratio"] for codec in told],
        "text": labels([codec["name"] for codec in told]),
        "textposition": above,
        "cliponaxis": False,
        "marker": {"color": colour, "symbol": symbol, "size": 10},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [speed["max_us"] - speed["median_us"] for speed in speeds],
            "arrayminus": [speed["median_us"] - speed["min_us"] for speed in speeds],
            "color": colour,
            "thickness": 1.2,
            "width": 4,
        },
        "hovertemplate": "%{text}: %{x:.1f} µs, ratio %{y:.2f}",
    }
