# SPDX-License-Identifier: GPL-2.0-only
"""Kernel profiles: how zswap differs from version to version, as a table of switches.

The machine reads the switches as integers and never asks for a version (specification section 9).
A new version is a new row.
"""

from dataclasses import dataclass, fields

from zswapsim.errors import NoEntry

RETEST, QUEUE = range(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row. The integers are the machine's switches, the rest is for people.

    full_action: a store that finds the pool full shrinks it by a page at once and tests again
    (RETEST), or is refused and queues a one-page shrink (QUEUE);
    hysteresis: 1 if zswap then refuses until the pool is below the accept threshold;
    header_bytes: what zswap puts before the data of an object in a pool that can be shrunk;
    frontswap: 1 if storing a slot again first invalidates the old entry;
    has_zswp_events: 1 if this kernel's vmstat has zswpin and zswpout.
    """

    kernel: str
    source: str
    zpools: tuple[str, ...]
    default_zpool: str = "zbud"
    default_compressor: str = "lzo"
    max_pool_percent: int = 20
    accept_threshold_percent: int = 90
    full_action: int
    hysteresis: int
    header_bytes: int = 8
    frontswap: int = 1
    non_same_filled_knob: int
    has_zswp_events: int


PROFILES = {
    row.kernel: row
    for row in (
        Profile(
            kernel="5.4",
            source="5.4.273",
            zpools=("zbud", "z3fold", "zsmalloc"),
            full_action=RETEST,
            hysteresis=0,
            non_same_filled_knob=0,
            has_zswp_events=0,
        ),
        Profile(
            kernel="6.1",
            source="6.1.170",
            zpools=("zbud", "z3fold", "zsmalloc"),
            full_action=QUEUE,
            hysteresis=1,
            non_same_filled_knob=1,
            has_zswp_events=1,
        ),
    )
}
DEFAULT_KERNEL = "5.4"

SWITCHES = tuple(
    field.name for field in fields(Profile) if field.type == "int" or field.type is int
)
FULL_ACTION = SWITCHES.index("full_action")
HYSTERESIS = SWITCHES.index("hysteresis")
FRONTSWAP = SWITCHES.index("frontswap")


def profile(kernel: str) -> Profile:
    """Return the row of a kernel version; NoEntry lists the versions there are."""
    if kernel not in PROFILES:
        raise NoEntry(f"no kernel profile {kernel!r}; there are {', '.join(PROFILES)}")
    return PROFILES[kernel]


def table_rows() -> list[tuple[str, ...]]:
    """Return the table turned: (switch, value of each kernel), as people read it."""
    words = {"full_action": {RETEST: "shrink, test again", QUEUE: "refuse, queue a shrink"}}
    rows = []
    for field in fields(Profile):
        if field.name == "kernel":
            continue
        values = (getattr(row, field.name) for row in PROFILES.values())
        rows.append((field.name, *(_say(words.get(field.name, {}), value) for value in values)))
    return rows


def _say(words: dict[int, str], value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return words.get(value, str(value)) if isinstance(value, int) else str(value)
