# SPDX-License-Identifier: GPL-2.0-only
"""One thing that a machine's files tell, in plain words."""

from typing import NamedTuple

WARNING, NOTE, GOOD = "warning", "note", "good"
LEVELS = (WARNING, NOTE, GOOD)


class Finding(NamedTuple):
    """about: zswap, the name of a zram, swap or kernel; level: one of LEVELS; says: what is;

    helps: what to do, "" for nothing.
    """

    about: str
    level: str
    says: str
    helps: str = ""


def percent(part: float, whole: float) -> str:
    """Return a share as a person reads it."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "less than 0.1 %"
    return f"{share:.0f} %" if share >= 10 or share == 0 else f"{share:.1f} %"
