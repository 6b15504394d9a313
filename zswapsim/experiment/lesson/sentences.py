# SPDX-License-Identifier: GPL-2.0-only
"""A sentence for each tracepoint: what was decided, in the field's terms, and why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from zswapsim.engine.tracepoint import TRACEPOINTS
from zswapsim.errors import EAGAIN, EEXIST, EINVAL, ENOENT
from zswapsim.experiment.by_hand import REASONS, reason_of
from zswapsim.experiment.lesson import pool_sentences as pools
from zswapsim.experiment.lesson import zram_sentences as zram
from zswapsim.machine.zswap import state as z
from zswapsim.profiles import (
    ANY_WORD,
    GO_ON,
    POOL_FIRST,
    POOL_PAGE,
    QUEUE,
    REACHED,
    RETEST,
    SECOND_CHANCE,
    Profile,
)

Values = dict[str, Any]
Events = list[tuple[str, Values]]


@dataclass(slots=True)
class About:
    """What a sentence may look at besides its values.

    row: of the kernel; header_bytes: before the data of an object; policy: of reclaim; told: the
    events of the step; pool_pages: of the pool before it, if known; at: which event it is.
    """

    row: Profile
    header_bytes: int = 0
    policy: str = "lru"
    told: Events = field(default_factory=list)
    pool_pages: int | None = None
    at: int = 0

    def before(self, *names: str) -> Values | None:
        """Return the values of the newest earlier event with one of these names."""
        earlier = self.told[: self.at]
        return next((values for name, values in reversed(earlier) if name in names), None)

    @property
    def following(self) -> str:
        """The name of the event after."""
        return self.told[self.at + 1][0] if self.at + 1 < len(self.told) else ""

    def within(self, begin: str, end: str) -> bool:
        """Say whether the event is between these two."""
        names = [name for name, _ in self.told[: self.at] if name in (begin, end)]
        return bool(names) and names[-1] == begin


def sentences(
    told: Events, row: Profile, header_bytes: int, policy: str, pool_pages: int | None = None
) -> list[str]:
    """Return a sentence for each event of a step; the rest is as About has it."""
    about = About(row, header_bytes, policy, told, pool_pages)
    said = []
    for about.at, (name, values) in enumerate(told):
        say = SENTENCES.get(name)
        said.append(_unknown(name, values) if say is None else say(values, about))
    return said


def _unknown(name: str, values: Values) -> str:
    """Say what a tracepoint of a plug-in says of itself."""
    points = {point.__name__.removeprefix("trace_"): point for point in TRACEPOINTS}
    doc = (points[name].__doc__ or "").strip().partition("\n")[0] if name in points else ""
    numbers = ", ".join(f"{key} {value}" for key, value in values.items())
    return f"{doc or name} ({numbers})"


def _fault(values: Values, about: About) -> str:
    does = "writes to" if values["write"] else "reads"
    if values["swapped"]:
        return (
            f"The program {does} page {values['page']}, which is swapped out: a major fault, as "
            "the page has to come from its slot."
        )
    return (
        f"The program {does} page {values['page']}, which is not in memory and has no slot: a "
        "minor fault, it gets a page without any read."
    )


_POLICIES = {
    "lru": "the page that was not used for the longest time",
    "clock": "the oldest page that was not referenced since the clock's hand passed it",
    "two-list": "the oldest page of the inactive list that was not referenced",
}


def _victim(values: Values, about: About) -> str:
    why = _POLICIES.get(about.policy, f"as the policy {about.policy} says")
    start = f"Memory is at its limit, so reclaim takes page {values['page']}, {why}"
    if values["clean"]:
        return (
            f"{start}. Slot {values['slot']} still holds the same bytes, so the page is just "
            "dropped."
        )
    return f"{start}. Its bytes are nowhere else, so they have to be swapped out."


def _swap_full(values: Values, about: About) -> str:
    return f"No slot of the swap file is free, so page {values['page']} has to stay in memory."


def _store(values: Values, about: About) -> str:
    start = f"zswap is offered the page of slot {values['slot']}"
    if values["same_filled"] and about.row.same_filled == ANY_WORD:
        return f"{start}, whose 512 words are all the same."
    if values["length"] < 0:
        return f"{start}, which the compressor cannot make smaller than a page."
    header = ""
    if about.header_bytes:
        header = f"; with the header of {about.header_bytes} bytes that says whose it is, "
        header += f"{values['length'] + about.header_bytes:,}"
    return f"{start}, which compresses from 4,096 to {values['length']:,} bytes{header}."


def _limit_hit(values: Values, about: About) -> str:
    row = about.row
    test = "that is not below the limit" if row.full_test == REACHED else "that is over the limit"
    then = {
        GO_ON: "One page of it is to come free, then the store goes on.",
        RETEST: "One page of it is to come free, then the store asks again.",
        QUEUE: "The store is refused, and a shrink is queued that runs right after it.",
    }[row.full_action]
    return (
        f"The pool has {_pages(values['used_pages'])} of {values['max_pages']:,} allowed, {test}: "
        f"it is full, and pool_limit_hit counts it. {_miscounted(values, about)}{then}"
    )


def _miscounted(values: Values, about: About) -> str:
    """Say that zswap's count of the pool's pages is an old one, if it is."""
    nothing_happened = all(name == "store" for name, _ in about.told[: about.at])
    if about.pool_pages in (None, values["used_pages"]) or not nothing_happened:
        return ""
    return (
        f"(That is zswap's own count, taken anew after a store or a free; the pool has "
        f"{about.pool_pages:,} by now.) "
    )


def _hysteresis(values: Values, about: About) -> str:
    used, accept = _pages(values["used_pages"]), f"{values['accept_pages']:,}"
    if values["accepted"]:
        test = "not above" if about.row.accept_level == POOL_FIRST else "below"
        return (
            f"The pool was full, but its {used} are {test} the accept threshold of {accept} by "
            "now, so it takes pages again."
        )
    test = "still above" if about.row.accept_level == POOL_FIRST else "not yet below"
    return (
        f"The pool was full, and its {used} are {test} the accept threshold of {accept}: it goes "
        "on refusing, so that it does not swing about its limit with every store."
    )


def _same_filled(values: Values, about: About) -> str:
    return (
        f"zswap keeps the one word of slot {values['slot']} in the entry itself: no object, no "
        "room in the pool."
    )


def _store_end(values: Values, about: About) -> str:
    slot, outcome = values["slot"], values["outcome"]
    if outcome == 0:
        return f"The store succeeded: slot {slot} has an entry in zswap."
    return f"zswap refuses the page of slot {slot}: {why_refused(outcome, about)}."


def why_refused(outcome: int, about: About) -> str:
    """Say why a store failed, from what was told before it."""
    offered = about.before("store") or {}
    hysteresis = about.before("hysteresis")
    if about.before("limit_hit"):
        shrunk = about.before("shrink_end")
        if shrunk and shrunk["outcome"] != 0:
            return "the pool is full, and none of its pages came free"
        if shrunk:
            return (
                "the pool is full still, as the size that zswap keeps is taken anew only after the "
                "next store or free"
            )
        return "the pool is full"
    if hysteresis and not hysteresis["accepted"]:
        return "the pool waits for its accept threshold"
    if outcome in REASONS and outcome == -12:
        return "the pool has no memory for it"
    return reason_of(outcome, offered.get("length", 0))


def _load(values: Values, about: About) -> str:
    slot, kind = values["slot"], values["kind"]
    if kind == z.NONE:
        return f"zswap has no entry of slot {slot}, so the page has to come from the swap file."
    what = "it fills a page with the one word" if kind == z.SAME_FILLED else "it decompresses it"
    start = f"zswap has an entry of slot {slot}: {what}"
    if values["exclusive"]:
        return f"{start}, and the entry goes, so that the page is not held twice."
    newest = "" if about.row.shrink in (POOL_PAGE, SECOND_CHANCE) else ", as the newest,"
    return f"{start}. The entry stays{newest} for as long as the slot is in use."


def _invalidate(values: Values, about: About) -> str:
    slot, kind = values["slot"], values["kind"]
    if about.before("store") and not about.before("store_end"):
        start = f"Slot {slot} is stored anew"
    else:
        start = f"Slot {slot} is free"
    if kind == z.NONE:
        return f"{start}; zswap had nothing of it."
    return f"{start}, so its entry goes{', and its object' if kind == z.COMPRESSED else ''}."


def _shrink(values: Values, about: About) -> str:
    return "zswap asks the pool to give one of its pages back."


_SHRINK_ERRORS = {
    -EINVAL: "it is empty, or a pool that cannot be shrunk",
    -EAGAIN: "no page came free in all its tries",
    -ENOENT: "there is no pool",
}


def _shrink_end(values: Values, about: About) -> str:
    outcome = values["outcome"]
    if outcome == 0:
        return "The pool gave a page back."
    why = _SHRINK_ERRORS.get(outcome, f"errno {-outcome}")
    return f"The pool gave no page back: {why}. reject_reclaim_fail counts it."


def _second_chance(values: Values, about: About) -> str:
    return (
        f"The oldest entry, slot {values['slot']}, has its second chance left: it loses it and is "
        "the newest now."
    )


def _writeback(values: Values, about: About) -> str:
    slot, outcome = values["slot"], values["outcome"]
    oldest = "" if about.row.shrink == POOL_PAGE else ", the oldest of zswap's LRU,"
    if outcome == -EEXIST:
        return (
            f"The entry of slot {slot}{oldest} cannot be written back: its page is in the swap "
            "cache, so somebody is using it."
        )
    if outcome != 0:
        return f"The entry of slot {slot}{oldest} cannot be written back: the slot is free already."
    return (
        f"The entry of slot {slot}{oldest} is decompressed and written to the swap file; "
        "written_back_pages counts it."
    )


def _swap_write(values: Values, about: About) -> str:
    return f"The page of slot {values['slot']} goes to the swap file as it is, all 4,096 bytes."


def _swap_read(values: Values, about: About) -> str:
    return (
        f"The page of slot {values['slot']} is read from the swap file, which is what costs time."
    )


def _swap_zero(values: Values, about: About) -> str:
    if values["stored"]:
        return (
            f"The page of slot {values['slot']} is all zeros: the swap core notes it in one bit, "
            "and zswap never sees it."
        )
    return f"The swap core knows that slot {values['slot']} is all zeros and fills the page itself."


def _pages(count: int) -> str:
    return f"{count:,} page" if count == 1 else f"{count:,} pages"


SENTENCES: dict[str, Callable[[Values, Any], str]] = {
    "fault": _fault,
    "victim": _victim,
    "swap_full": _swap_full,
    "store": _store,
    "limit_hit": _limit_hit,
    "hysteresis": _hysteresis,
    "same_filled": _same_filled,
    "store_end": _store_end,
    "load": _load,
    "invalidate": _invalidate,
    "shrink": _shrink,
    "shrink_end": _shrink_end,
    "second_chance": _second_chance,
    "writeback": _writeback,
    "swap_write": _swap_write,
    "swap_read": _swap_read,
    "swap_zero": _swap_zero,
    **pools.SENTENCES,
    **zram.SENTENCES,
}
"""By the name of the tracepoint: what makes the sentence of values and About."""
