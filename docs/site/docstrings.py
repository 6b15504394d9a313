# SPDX-License-Identifier: GPL-2.0-only
"""Docstrings are plain text: what is indented is shown as it stands, and no sign is markup."""

import re
from collections.abc import Iterable, Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sphinx.application import Sphinx


def as_text(
    app: "Sphinx", what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Turn a docstring's lines into those of reStructuredText that shows them."""
    lines[:] = markup(lines)


def markup(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines of reStructuredText."""
    literal = False
    before = ""
    for line in lines:
        if line.strip():
            indented = line.startswith("  ")
            if indented and not literal and not before.strip():
                yield from ("::", "")
            literal = indented and (literal or not before.strip())
        yield line if literal else _escaped(line)
        before = line


def _escaped(line: str) -> str:
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\*|])|(?<=\w)(_)(?!\w)", r"\\\g<0>", part)
        for part in parts
    )
