# SPDX-License-Identifier: GPL-2.0-only
"""What a report is made of, before it is HTML: chapters of parts of tables and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Facts: TypeAlias = Mapping[str, Any]
Figure: TypeAlias = dict[str, Any]
"""A figure as plotly takes it: data, layout. Colours are those of figure.py."""

Cell: TypeAlias = str | int | float | bool | None
"""Numbers are shown in the report's form and sorted by their value."""


MOST_NARROW_COLUMNS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table. names: columns in front that say what a row is of, set to the left as text is.

    texts: further columns of text, by their place. sortable: its headings sort. wide: it takes the
    whole width of a page, as one of many columns does anyway. A label that begins with blanks is
    part of the one above.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    names: int = 1
    texts: Sequence[int] = ()
    notes: Sequence[str] = ()
    sortable: bool = False
    wide: bool = False

    @property
    def is_wide(self) -> bool:
        """Say whether it takes the whole width of a page."""
        return self.wide or len(self.header) > MOST_NARROW_COLUMNS

    def is_text(self, column: int) -> bool:
        """Say whether a column is set to the left."""
        return column < self.names or column in self.texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A picture: says is a sentence with what it shows, for those who do not see it as well.

    figures: what to call each, and the figure; of several one is chosen, under the label choose.
    """

    title: str
    says: str
    figures: Sequence[tuple[str, Figure]]
    choose: str = ""
    wide: bool = False

    @property
    def height(self) -> int:
        """Pixels, so that a page does not jump when its plots are drawn."""
        return max(int(figure["layout"]["height"]) for _, figure in self.figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Text to copy as it is. title says where to."""

    title: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Tables, text to copy, and plots under one heading."""

    title: str
    tables: Sequence[Table] = ()
    snippets: Sequence[Snippet] = ()
    plots: Sequence[Plot] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """All about one result. answers come first; warnings stand out; footer is small."""

    title: str
    kind: str
    about: Sequence[str] = ()
    answers: Sequence[str] = ()
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    parts: Sequence[Part] = field(default_factory=tuple)
    footer: Sequence[str] = ()
    source: str = ""
