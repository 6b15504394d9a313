# SPDX-License-Identifier: GPL-2.0-only
"""Plain data as JSON that a person can read as well."""

import json
import re
from typing import Any

_NUMBERS = re.compile(r"\[\n((?:\s+(?:-?\d[\d.eE+-]*|null),?\n)+)\s*\]")
"""A list of numbers in indented JSON. A string has no line end in it, so this is never in one."""


def json_text(data: Any) -> str:
    """Return data as indented JSON with sorted keys, a list of numbers on one line."""
    text = json.dumps(data, indent=2, sort_keys=True)
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
