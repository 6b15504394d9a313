# SPDX-License-Identifier: GPL-2.0-only
"""A page of the site may link to others, but loads nothing from elsewhere."""

import re
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOADS = re.compile(
    r"""<(?:script|img|iframe|source|embed)\b[^>]*\bsrc=["'](?:https?:)?//[^"']*"""
    r"""|<link\b(?![^>]*rel=["'](?:canonical|search|next|prev))[^>]*\bhref=["'](?:https?:)?//[^"']*"""
    r"""|url\(\s*["']?(?:https?:)?//[^)]*|@import\s+["'](?:https?:)?//[^"']*"""
)


def loads(text: str) -> list[str]:
    """Return what a page or style sheet would load from elsewhere."""
    return LOADS.findall(text)


def check(app: "Sphinx", problem: Exception | None) -> None:
    """Warn of each file that would; a warning fails the build."""
    from sphinx.util import logging

    log = logging.getLogger(__name__)
    if problem is None and app.builder.format == "html":
        for path in sorted(Path(app.outdir).rglob("*")):
            if path.suffix in (".html", ".css"):
                for load in loads(path.read_text(encoding="utf-8")):
                    log.warning("%s loads from elsewhere: %s", path.name, load)
