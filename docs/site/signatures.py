# SPDX-License-Identifier: GPL-2.0-only
"""Signatures name a type as the code does, where Sphinx would spell out what it stands for."""

from numpy.typing import ArrayLike
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

ALIASES = {
    stringify_annotation(ArrayLike, mode): "ArrayLike"
    for mode in ("fully-qualified-except-typing", "fully-qualified", "smart")
}


def short(
    app: Sphinx, what: str, name: str, thing: object, options: object, arguments: str, returns: str
) -> tuple[str, str]:
    """Return arguments and result with the names of aliases."""
    for spelled, alias in ALIASES.items():
        arguments = arguments and arguments.replace(spelled, alias)
        returns = returns and returns.replace(spelled, alias)
    return arguments, returns
