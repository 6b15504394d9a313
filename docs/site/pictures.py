# SPDX-License-Identifier: GPL-2.0-only
"""Pictures become part of their page, so that they follow its light or dark.

As a file of its own, which is what GitHub shows, a picture goes by the reader's system.
"""

import html
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from docs.pictures.draw import DARK, LIGHT, OWN_COLOURS

FOLDER = Path(__file__).parents[1] / "pictures"
IMAGE = re.compile(r'<img\b[^>]*\bsrc="[^"]*/([\w-]+)\.svg"[^>]*>')
ALT = re.compile(r'\balt="([^"]*)"')


def put_in(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Replace the references to our pictures by the pictures."""
    if "body" in context:
        context["body"] = IMAGE.sub(_picture, context["body"])


def _picture(image: re.Match[str]) -> str:
    path = FOLDER / f"{image[1]}.svg"
    if not path.exists():
        return image[0]
    svg = re.sub(r"^<\?xml.*?\?>\s*|<!--.*?-->\s*", "", path.read_text(), flags=re.S)
    alt = ALT.search(image[0])
    label = html.escape(html.unescape(alt[1])) if alt else ""
    svg = svg.replace(OWN_COLOURS, "").replace("<svg ", f'<svg aria-label="{label}" ', 1)
    return f'<div class="picture-scroll">{svg}</div>'


def write_colours(app: Sphinx) -> None:
    """Write the style sheet that gives pictures the colours of the page."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pictures.css").write_text(_colours())


def _colours() -> str:
    light = "".join(f"--pic-{name}:{value};" for name, value in LIGHT.items())
    dark = "".join(f"--pic-{name}:{value};" for name, value in DARK.items())
    return (
        f"body{{{light}}}body[data-theme=dark]{{{dark}}}"
        f"@media (prefers-color-scheme:dark){{body:not([data-theme=light]){{{dark}}}}}"
        f"@media print{{body{{{light}}}}}"
    )
