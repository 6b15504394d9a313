# SPDX-License-Identifier: GPL-2.0-only
"""From a lesson to the text of one HTML file.

The page's policy lets its own scripts and its own style in, known by their hashes, and nothing
else: no style in attributes, no picture, no request. What a lesson says gets into the page in two
ways: by the template, which escapes it, for the list of all steps; and as JSON, which the scripts
put into the page as text only.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from zswapsim.report.lesson.differences import difference
from zswapsim.report.lesson.shape import read_lesson
from zswapsim.report.offline import embedded_json, environment, hashes

SCRIPTS = ("difference.js", "draw.js", "question.js", "player.js")


def lesson_html(lesson: Mapping[str, Any], source: str = "") -> str:
    """Return the HTML file that plays a lesson; the same text for the same lesson.

    source: the name of the file that it comes from, for InvalidArgument, which says what is wrong.
    """
    told = read_lesson(lesson, source)
    style, scripts = _asset("lesson.css"), [_asset(name) for name in SCRIPTS]
    policy = (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes([style])}; "
        "base-uri 'none'; form-action 'none'"
    )
    template = environment(_asset).get_template("template.html")
    return template.render(
        lesson=told,
        settings=[f"{name} {_shown(value)}" for name, value in told["settings"].items()],
        asks=any(step["question"] for step in told["steps"]),
        policy=policy,
        style=style,
        scripts=scripts,
        data=embedded_json(_small(told)),
    )


def _small(lesson: Mapping[str, Any]) -> dict[str, Any]:
    """Return a lesson in which each state is what differs from the one before."""
    states = [lesson["start"], *(step["state"] for step in lesson["steps"])]
    told = [
        {**step, "state": difference(old, new)}
        for step, (old, new) in zip(lesson["steps"], pairwise(states), strict=True)
    ]
    return {**lesson, "steps": told}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else str(value)


@cache
def _asset(name: str) -> str:
    return (files("zswapsim.report.lesson") / "assets" / name).read_text("utf-8")
