# SPDX-License-Identifier: GPL-2.0-only
"""What the site does beyond Sphinx: pages made at build, pictures in the page, nothing fetched.

A line `<!-- made at build: NAME -->` in a page stands for text that a maker returns.
"""

import re
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

from . import commands, docstrings, notebook, offline, pictures, signatures

MAKERS: dict[str, Callable[[], str]] = {
    "commands": commands.markdown,
    "notebook": notebook.markdown,
}
MARK = re.compile(r"^<!-- made at build: (\w+) -->$", re.M)
PATTERN = re.compile(r"^([\w/]+\*)\n", re.M)
EMPTY_TOCTREE = re.compile(r"^```\{toctree\}\n(?::.*\n)*\n?```\n", re.M)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", make)
    app.connect("autodoc-process-docstring", docstrings.as_text)
    app.connect("autodoc-process-signature", signatures.short)
    app.connect("html-page-context", pictures.put_in)
    app.connect("build-finished", offline.check)
    app.connect("builder-inited", pictures.write_colours)
    app.add_css_file("pictures.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def make(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put made text where a page asks for it; KeyError names what nothing makes."""
    source[0] = MARK.sub(lambda mark: MAKERS[mark[1]](), source[0])
    if docname == app.config.root_doc:
        source[0] = without_absent(source[0], Path(app.srcdir) / "docs")


def without_absent(text: str, folder: Path) -> str:
    """Return the text without patterns of pages that match none, and without the emptied lists.

    Sphinx warns of such a pattern, in a way that cannot be told to be as it should.
    """
    kept = PATTERN.sub(lambda line: line[0] if any(folder.glob(f"{line[1]}.md")) else "", text)
    return EMPTY_TOCTREE.sub("", kept)
