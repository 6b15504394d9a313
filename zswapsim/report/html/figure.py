# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of figures: colours, axes, lines and bars, as the plain dictionaries that plotly takes.

The colours are Okabe and Ito's, which people with any colour vision tell apart; each has a lighter
twin for a dark page, put in its place by the script. Lines differ by dashes as well.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from zswapsim.printable import printable
from zswapsim.report.html.document import Figure

Columns = Sequence[Any]

BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#b8548f"
SKY, AMBER, GREY = "#56b4e9", "#e69f00", "#8b929c"
INK, FAINT, GRID, CLEAR = "#1f2328", "#59616b", "#e3e6ea", "rgba(0,0,0,0)"
REFUSED = "rgba(213,94,0,0.14)"
STEP, STEP_TOO = "#7d8792", "#c4cbd3"
SERIES = (BLUE, ORANGE, GREEN, PINK, SKY, AMBER, GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
RAMP = ("#edf4fa", "#c3daee", "#8dbddd", "#4c97c8", "#196ca6", "#0a406f")

DARK = {
    BLUE: "#4dabe6",
    ORANGE: "#ff8f52",
    GREEN: "#33c79b",
    PINK: "#e592c4",
    SKY: "#9bd5f8",
    AMBER: "#ffc64d",
    GREY: "#9aa1ab",
    INK: "#e7ebf0",
    FAINT: "#a3abb5",
    GRID: "#323942",
    REFUSED: "rgba(255,143,82,0.2)",
    STEP: "#8d97a3",
    STEP_TOO: "#47505b",
    **dict(
        zip(RAMP, ("#16212c", "#173a5a", "#1c5b8d", "#3583be", "#70b4e3", "#d2eafc"), strict=True)
    ),
}
"""Of each colour, its twin on a dark page."""

SCALE = [[at / (len(RAMP) - 1), colour] for at, colour in enumerate(RAMP)]
HEIGHT = 340
MOST_LETTERS, MOST_HOVERED = 28, 400
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def label(text: object, most: int = MOST_LETTERS) -> str:
    """Return text that plotly shows as it is: its labels know some tags, and entities.

    most: letters; what is longer is cut, as it would leave no room for the plot.
    """
    plain = printable(str(text))
    return escape(plain if len(plain) <= most else f"{plain[: most - 1]}…", quote=False)


def labels(texts: Sequence[object]) -> list[str]:
    """Return texts that plotly shows as they are; no two different ones are the same when cut."""
    cut: dict[str, str] = {}
    for text in map(str, texts):
        short = label(text)
        same = sum(other != text and told.startswith(short) for other, told in cut.items())
        cut.setdefault(text, f"{short} ({same + 1})" if same else short)
    return [cut[text] for text in map(str, texts)]


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis that is named, with a quiet grid."""
    return {
        "title": {"text": title, "standoff": 8},
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "automargin": True,
        **more,
    }


def figure(
    data: list[dict[str, Any]],
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    *,
    height: int = HEIGHT,
    **more: Any,
) -> Figure:
    """Return a figure; more: of its layout."""
    return {
        "data": data,
        "layout": {
            "height": height,
            "margin": {"l": 8, "r": 22, "t": 12, "b": 8},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "font": {"family": FONT, "size": 13, "color": INK},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
                "traceorder": "normal",
            },
            "hoverlabel": {"namelength": -1},
            "xaxis": dict(x),
            "yaxis": dict(y),
            **more,
        },
    }


def line(x: Columns, y: Columns, name: str, colour: str, **more: Any) -> dict[str, Any]:
    """Return a line; what it is of, and its value, show where it is pointed at."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "name": name,
        "line": {"color": colour, "width": 2, "dash": more.pop("dash", "solid")},
        "hovertemplate": "%{y:,}",
        **more,
    }


def level(x: Columns, height: float, name: str, colour: str, dash: str) -> dict[str, Any]:
    """Return a horizontal line from the first x to the last."""
    return line([x[0], x[-1]], [height, height], name, colour, dash=dash)


def bars(x: Columns, y: Columns, name: str, colour: str, **more: Any) -> dict[str, Any]:
    """Return bars; more may lay them down (orientation="h")."""
    return {
        "type": "bar",
        "x": list(x),
        "y": list(y),
        "name": name,
        "marker": {"color": colour},
        **more,
    }


def percent(part: float, whole: float) -> str:
    """Return a share as a person reads it."""
    return f"{100 * part / whole:.1f} %" if whole else "-"
