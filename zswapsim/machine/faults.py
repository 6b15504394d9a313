# SPDX-License-Identifier: GPL-2.0-only
"""Fault injection: what fails although nothing is wrong with it, decided in integers.

A plan is a row of numbers: what is to fail, of which slots, how often. Names and order of the
decision are those of Linux's fault injection, Documentation/fault-injection (space, interval,
probability, times). Where something may fail it asks should_fail, which without plans of its kind
looks at one integer. Chance is a generator of each plan's own, modulo a prime, so that both engines
draw the same; what fails by nature of a page, or of a slot, is drawn from that page's number.
"""

from collections.abc import Sequence
from typing import NamedTuple

from zswapsim.engine.simulated import Ints, Zeros, simulated

(
    READ_ERROR,  # the device does not give a page
    WRITE_ERROR,  # the device does not take a page
    ALLOC_FAIL,  # the pool's allocator gets no page of memory
    ENTRY_FAIL,  # zswap gets no memory for an entry
    COMPRESS_ERROR,  # the compressor fails
    WRITEBACK_EXISTS,  # a writeback finds its page in the swap cache
    WRITEBACK_NOMEM,  # a writeback gets no page of memory
    BAD_SLOTS,  # a slot is never handed out
    KINDS,
) = range(9)

(
    KIND,
    FIRST_SLOT,  # slots outside of these are not asked about
    LAST_SLOT,
    SPACE,  # times that are spared before anything else
    INTERVAL,  # then every so manieth time
    THRESHOLD,  # of these, where a draw from 1 .. PRIME - 1 is not above it
    TIMES,  # times that it strikes at most
    BY_KEY,  # 1: what is drawn goes by the page or slot, not by the time
    STATE,  # of the generator; with BY_KEY, its seed
    ASKED,
    STRUCK,
    FIELDS,
) = range(12)

PRIME = (1 << 31) - 1
MULTIPLIER = 48271
"""Of Park and Miller's generator; products stay below 2 ** 47, squares below 2 ** 62."""

FOREVER = 1 << 60

FIRST_LOST = 8
LOST_PAGES, REDIRTIED_NR, LOST_SLOTS = range(3)
"""Places in counts. LOST_SLOTS: the first of FIRST_LOST slots whose page was lost."""


class Faults(NamedTuple):
    """plans_of: int64, shape (KINDS,), plans of each kind; plans: shape (plans * FIELDS,).

    counts: pages lost, pages in redirtied, the first slots of lost pages; redirtied: slots whose
    writeback was begun and failed, so that their pages are to be taken into memory again.
    """

    plans_of: Ints
    plans: Ints
    counts: Ints
    redirtied: Ints


class Row(NamedTuple):
    """A plan for make_faults; seed: any integer. The other fields are as the places of a plan."""

    kind: int
    first_slot: int = 0
    last_slot: int = FOREVER
    space: int = 0
    interval: int = 1
    threshold: int = PRIME
    times: int = FOREVER
    by_key: int = 0
    seed: int = 0


def make_faults(rows: Sequence[Row], slots: int, zeros: Zeros) -> Faults:
    """Return plans none of which was asked yet. slots: of the swap file, the header included."""
    writes = any(row.kind == WRITE_ERROR for row in rows)
    faults = Faults(
        plans_of=zeros(KINDS),
        plans=zeros(FIELDS * len(rows)),
        counts=zeros(LOST_SLOTS + FIRST_LOST),
        redirtied=zeros(slots if writes else 1),
    )
    for number, row in enumerate(rows):
        faults.plans_of[row.kind] += 1
        at = number * FIELDS
        for field, value in enumerate(row[:STATE]):
            faults.plans[at + field] = value
        faults.plans[at + STATE] = _first_state(row.seed, row.kind)
    return faults


def _first_state(seed: int, kind: int) -> int:
    """Return where a generator begins, 1 .. PRIME - 1, far apart for seeds that are close."""
    mixed = (seed * 1_000_003 + kind + 1) * 0x9E3779B97F4A7C15 & ((1 << 64) - 1)
    mixed = (mixed ^ mixed >> 31) * 0xBF58476D1CE4E5B9 & ((1 << 64) - 1)
    return 1 + (mixed >> 20) % (PRIME - 1)


@simulated
def draw_of_key(seed: int, key: int) -> int:
    """Return a number from 1 .. PRIME - 1 that is always the same for a key >= 0."""
    mixed = (key % PRIME * MULTIPLIER + seed) % PRIME
    mixed = (mixed * mixed + seed) % PRIME
    mixed = (mixed * MULTIPLIER + key) % PRIME
    return 1 + mixed * mixed % (PRIME - 1)


@simulated
def plan_strikes(plans: Ints, at: int, key: int) -> bool:
    """Ask the plan whose row begins at `at`; count that it was asked, and if so that it struck.

    The order of the tests is that of Linux 6.1 lib/fault-inject.c should_fail.
    """
    plans[at + ASKED] += 1
    if plans[at + STRUCK] >= plans[at + TIMES]:
        return False
    asked = plans[at + ASKED] - plans[at + SPACE]
    if asked <= 0 or asked % plans[at + INTERVAL] != 0:
        return False
    if plans[at + THRESHOLD] < PRIME:
        if plans[at + BY_KEY] == 1:
            draw = draw_of_key(plans[at + STATE], key)
        else:
            draw = plans[at + STATE] * MULTIPLIER % PRIME
            plans[at + STATE] = draw
        if draw > plans[at + THRESHOLD]:
            return False
    plans[at + STRUCK] += 1
    return True


@simulated
def ask_plans(faults: Faults, kind: int, slot: int, key: int) -> bool:
    """Ask all plans of a kind, so that the counts of none depend on those of another."""
    plans = faults.plans
    struck = False
    for at in range(0, len(plans), FIELDS):
        if (
            plans[at + KIND] == kind
            and plans[at + FIRST_SLOT] <= slot
            and slot <= plans[at + LAST_SLOT]
            and plan_strikes(plans, at, key)
        ):
            struck = True
    return struck


@simulated
def should_fail(faults: Faults, kind: int, slot: int, key: int) -> bool:
    """Say whether something fails now. key: number >= 0 of what it is about, a content or slot."""
    if faults.plans_of[kind] == 0:
        return False
    return ask_plans(faults, kind, slot, key)


@simulated
def note_lost(faults: Faults, slot: int) -> None:
    """Count a page that is gone for good, and remember the slots of the first few."""
    counts = faults.counts
    if counts[LOST_PAGES] < FIRST_LOST:
        counts[LOST_SLOTS + counts[LOST_PAGES]] = slot
    counts[LOST_PAGES] += 1


@simulated
def note_redirtied(faults: Faults, slot: int) -> None:
    """Remember a slot whose writeback failed after it was begun: its page goes back to memory."""
    faults.redirtied[faults.counts[REDIRTIED_NR]] = slot
    faults.counts[REDIRTIED_NR] += 1
