# SPDX-License-Identifier: GPL-2.0-only
"""Simple pictures as SVG text: boxes, words and arrows, in colours that follow light and dark.

Lengths are in pixels of a picture that is 720 wide. Shapes name a class, the class a colour.
"""

from html import escape

WIDTH = 720
LIGHT = {
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#8c959f",
    "paper": "#f6f8fa",
    "memory": "#ddf4ff",
    "pool": "#c8f0d0",
    "second": "#fbefff",
    "third": "#fff1b8",
    "disk": "#ffe3d3",
    "alert": "#cf222e",
    "good": "#1a7f37",
}
DARK = {
    "ink": "#e6edf3",
    "muted": "#9ea7b3",
    "line": "#7d8590",
    "paper": "#1b2028",
    "memory": "#12385c",
    "pool": "#14502a",
    "second": "#482a68",
    "third": "#574400",
    "disk": "#6b3416",
    "alert": "#ff7b72",
    "good": "#56d364",
}


def _values(colours: dict[str, str]) -> str:
    return "".join(f"--pic-{name}:{value};" for name, value in colours.items())


OWN_COLOURS = (
    f"<style>svg{{{_values(LIGHT)}}}"
    f"@media (prefers-color-scheme:dark){{svg{{{_values(DARK)}}}}}</style>\n"
)
"""What a picture brings for itself; in a page, the page has it."""
FILLED = ("paper", "memory", "pool", "second", "third", "disk")
SHAPES = (
    "<style>.picture text{font:14px system-ui,sans-serif;fill:var(--pic-ink)}"
    ".picture .small{font-size:12px;fill:var(--pic-muted)}.picture .bold{font-weight:600}"
    ".picture .tiny{font-size:11px}"
    ".picture .alert{fill:var(--pic-alert)}.picture .good{fill:var(--pic-good)}"
    ".picture .line{fill:none;stroke:var(--pic-line);stroke-width:1.5}"
    ".picture .alert-line{fill:none;stroke:var(--pic-alert);stroke-width:1.5}"
    ".picture .curve{fill:none;stroke:var(--pic-good);stroke-width:2.5}"
    ".picture .dash{stroke-dasharray:5 4}.picture .head{fill:var(--pic-line)}"
    + "".join(
        f".picture .{name}{{fill:var(--pic-{name});stroke:var(--pic-line)}}" for name in FILLED
    )
    + "</style>\n"
)


class Picture:
    """A picture that grows by calls; svg() returns it."""

    def __init__(self, height: int, title: str) -> None:
        self.height = height
        self.title = title
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, kind: str = "paper") -> None:
        """Draw a box of a class of FILLED, or `line dash` for one without colour."""
        self._parts.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
            ' rx="3"/>'
        )

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Write words with their baseline at y; kind: small, tiny, bold, alert, good."""
        named = f' class="{kind}"' if kind else ""
        held = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._parts.append(f'<text{named}{held} x="{x:g}" y="{y:g}">{escape(words)}</text>')

    def middle(self, x: float, y: float, words: str, kind: str = "") -> None:
        """Write words around x."""
        self.text(x, y, words, kind, "middle")

    def labelled(
        self, x: float, y: float, width: float, height: float, kind: str, *lines: str
    ) -> None:
        """Draw a box with lines of words in its middle, the first in bold if there are more."""
        self.box(x, y, width, height, kind)
        top = y + height / 2 + 5 - 9 * (len(lines) - 1)
        for at, line in enumerate(lines):
            weight = "bold" if len(lines) > 1 and at == 0 else "small" if at else ""
            self.middle(x + width / 2, top + 18 * at, line, weight)

    def path(self, points: list[tuple[float, float]], kind: str = "line") -> None:
        """Draw a line through points."""
        ends = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._parts.append(f'<polyline class="{kind}" points="{ends}"/>')

    def arrow(self, *points: tuple[float, float]) -> None:
        """Draw a line through points with a head at its end; its last piece is straight."""
        self.path(list(points))
        (from_x, from_y), (x, y) = points[-2:]
        along = 1 if x + y > from_x + from_y else -1
        if y == from_y:
            corners = f"{x:g},{y:g} {x - 8 * along:g},{y - 4:g} {x - 8 * along:g},{y + 4:g}"
        else:
            corners = f"{x:g},{y:g} {x - 4:g},{y - 8 * along:g} {x + 4:g},{y - 8 * along:g}"
        self._parts.append(f'<polygon class="head" points="{corners}"/>')

    def svg(self) -> str:
        """Return the whole file."""
        return (
            "<!-- SPDX-License-Identifier: GPL-2.0-only -->\n"
            '<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img"'
            f' viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" height="{self.height}">\n'
            f"<title>{escape(self.title)}</title>\n"
            + OWN_COLOURS
            + SHAPES
            + "\n".join(self._parts)
            + "\n</svg>\n"
        )
