# SPDX-License-Identifier: GPL-2.0-only
"""The pages of a pool as bars with their objects, for a terminal.

A bar is a page from its first byte to its last: the header, what objects hold, what they were given
and do not use, what is free. The slot of an object stands in its middle.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.text import Text

Page = Mapping[str, Any]

FREE, HEADER, USED, ROUNDED = range(4)
_BLOCKS = "·▒█░"
_ASCII = ".H#+"
STYLES = ("dim", "dim", "", "yellow")
NEW_STYLE = "bold green"


class Bar(NamedTuple):
    """A drawn page: one character a column, and a style each."""

    text: str
    styles: tuple[str, ...]

    def styled(self) -> Text:
        """Return it for a console."""
        text = Text()
        for letter, style in zip(self.text, self.styles, strict=True):
            text.append(letter, style=style)
        return text


def page_bar(
    page: Page,
    width: int,
    *,
    header_bytes: int = 0,
    new: Sequence[Any] = (),
    ascii_only: bool = False,
) -> Bar:
    """Return a page of so many columns. header_bytes: of zswap, in an object; new: slots that are

    to stand out.
    """
    letters = _ASCII if ascii_only else _BLOCKS
    kinds = [FREE] * width
    styles = [STYLES[FREE]] * width
    labels = list(" " * width)
    capacity = page["capacity_bytes"]
    objects = page["objects"]
    has_header = not page.get("size_class") and all(one["place"] != "HEADLESS" for one in objects)
    if has_header:
        kinds[0], styles[0] = HEADER, STYLES[HEADER]
    for one in objects:
        first, end = _span(one["offset_bytes"], one["size_bytes"], capacity, width)
        first = max(first, int(has_header))
        length = one["size_bytes"]
        if one["length_bytes"] is not None:
            length = min(length, one["length_bytes"] + header_bytes)
        used = first + max(1, round((end - first) * length / one["size_bytes"]))
        is_new = one["slot"] in new
        for column in range(first, end):
            kinds[column] = USED if column < used else ROUNDED
            styles[column] = NEW_STYLE if is_new else STYLES[kinds[column]]
        _put_label(labels, "?" if one["slot"] is None else str(one["slot"]), first, end)
    text = "".join(
        label if label != " " else letters[kind] for label, kind in zip(labels, kinds, strict=True)
    )
    return Bar(text.replace("_", " "), tuple(styles))


def _span(offset: int, size: int, capacity: int, width: int) -> tuple[int, int]:
    """Return the columns of an object: one at least, none that are another's by rounding alone."""
    first = min(width - 1, offset * width // capacity)
    return first, max(first + 1, (offset + size) * width // capacity)


def _put_label(labels: list[str], word: str, first: int, end: int) -> None:
    """Write a word into the middle of its columns if these are enough, with a blank around it."""
    room = end - first
    padded = f"_{word}_" if room >= len(word) + 4 else word
    if room < len(word) + 2:
        return
    at = first + (room - len(padded)) // 2
    labels[at : at + len(padded)] = padded


def legend(*, ascii_only: bool = False) -> str:
    """Return what the letters of a bar mean."""
    free, header, used, rounded = tuple(_ASCII if ascii_only else _BLOCKS)
    return f"{header} header  {used} object, with its slot  {rounded} given, not used  {free} free"
