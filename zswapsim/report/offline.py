# SPDX-License-Identifier: GPL-2.0-only
"""What our HTML files have in common: each is one file that fetches nothing and runs its own only.

Everything that comes from outside is escaped: by the template where it is text, and in JSON, which
stands in a script element and so may hold no "<".
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from zswapsim.errors import InvalidArgument
from zswapsim.printable import printable

if TYPE_CHECKING:
    from jinja2 import Environment


def embedded_json(data: Any) -> str:
    """Return JSON that can stand in a script element. InvalidArgument if a number is none."""
    try:
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise InvalidArgument(f"a result holds what JSON has no number for: {error}") from None
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def hashes(texts: Iterable[str]) -> str:
    """Return the sources of a Content-Security-Policy that are scripts or styles of the page."""
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)


def environment(load: Callable[[str], str]) -> "Environment":
    """Return jinja2 for such a page. load: from a template's name to its text.

    Filters: ours, for text that is no one else's and HTML already.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        """Escape controls and lone surrogates too, except in what is markup already."""
        return value if isinstance(value, Markup) else printable(str(value))

    made = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ours"] = Markup
    return made
