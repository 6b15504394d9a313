# SPDX-License-Identifier: GPL-2.0-only
"""The kept figures of the benchmarks as a picture: how each stands to what is aimed at."""

import math

from benchmarks.figures import kept
from benchmarks.measure import Figure
from docs.pictures.draw import Picture

LEFT, SCALE = 400, 70
"""Pixels to the line of the aim, and of a doubling."""
ROW = 22


def speed() -> str:
    """Draw a bar for each figure that has an aim: to the right of the line it is reached."""
    aimed = [(figure, figure.times_better) for figure in kept()]
    figures = [(figure, better) for figure, better in aimed if better is not None]
    picture = Picture(60 + ROW * len(figures), "Measured figures against what is aimed at")
    picture.text(20, 22, "How many times better than aimed at", "bold")
    for power in range(-1, 4):
        x = LEFT + power * SCALE
        picture.path([(x, 34), (x, 40 + ROW * len(figures))], "line" if power == 0 else "line dash")
        picture.middle(x, 30, f"{2.0**power:g}", "tiny")
    for row, (figure, better) in enumerate(figures):
        _bar(picture, 40 + ROW * row, figure, better)
    return picture.svg()


def _bar(picture: Picture, top: float, figure: Figure, better: float) -> None:
    length = round(max(-1.2, min(3.4, math.log2(better))) * SCALE, 1)
    text = figure.text if len(figure.text) < 62 else figure.text[:60] + "…"
    is_reached = length >= 0
    picture.text(LEFT - 90, top + 14, text, "tiny" if is_reached else "tiny alert", "end")
    picture.box(LEFT + min(0, length), top + 3, abs(length), 14, "pool" if is_reached else "disk")
    picture.text(LEFT + max(0, length) + 6, top + 14, f"{figure.median:.2f}", "tiny")
