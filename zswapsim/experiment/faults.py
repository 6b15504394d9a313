# SPDX-License-Identifier: GPL-2.0-only
"""Fault plans in words, as a person types them: "read-error:1%,seed=3", "bad-slots:5-20".

    plan   = kind [: option {, option}]
    option = NAME=VALUE, or a value that needs no name: 1% (probability), 5-20 (slots), x4 (factor)

Where a comma means something else already, + stands for it; several plans have blanks between.
probability, interval, times and space are as in Linux's fault injection; every and after are other
names of interval and space.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zswapsim.engine.simulated import Zeros
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.machine import faults as f
from zswapsim.printable import printable

MAX_DIGITS = 15
MAX_PLANS = 100
MOST_CHARACTERS = 200
MAX_FACTOR = 1e6

_OFTEN = ("probability", "interval", "times", "space", "seed")
_EACH = (*_OFTEN, "slot")
_OTHER_NAMES = {"every": "interval", "after": "space", "slots": "slot"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What can fail. number: of the machine, None where it is none of its; options: their names.

    frontends: that have it; by_key: chance goes by the page or slot, not by the time.
    """

    name: str
    summary: str
    number: int | None
    options: tuple[str, ...] = _EACH
    example: str = "1%,seed=3"
    frontends: tuple[str, ...] = ("zswap", "zram", "none")
    by_key: bool = False
    needs_one: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("read-error", "the device does not give a page: it is lost", f.READ_ERROR),
        Kind(
            "write-error",
            "the device does not take a page, which stays in memory",
            f.WRITE_ERROR,
            example="slot=17",
        ),
        Kind(
            "slow",
            "the device takes longer; changes what costs say, and no counter",
            None,
            options=("factor",),
            example="x4",
            needs_one=True,
        ),
        Kind(
            "bad-slots",
            "slots are never handed out, as swapon finds them in the header",
            f.BAD_SLOTS,
            options=("slot", "probability", "seed"),
            example="5-20",
            by_key=True,
            needs_one=True,
        ),
        Kind(
            "swap-full",
            "the swap file ends early: size=N slots are left, or fewer=N are gone",
            f.BAD_SLOTS,
            options=("size", "fewer"),
            example="size=500",
            needs_one=True,
        ),
        Kind(
            "alloc-fail",
            "the pool gets no page of memory",
            f.ALLOC_FAIL,
            example="every=100",
            frontends=("zswap", "zram"),
        ),
        Kind(
            "entry-fail",
            "zswap gets no memory for an entry",
            f.ENTRY_FAIL,
            example="every=100",
            frontends=("zswap",),
        ),
        Kind(
            "compress-error",
            "the compressor fails; a probability is of contents, which then fail each time",
            f.COMPRESS_ERROR,
            example="5%",
            frontends=("zswap", "zram"),
            by_key=True,
        ),
        Kind(
            "writeback-exists",
            "a writeback finds its page in the swap cache",
            f.WRITEBACK_EXISTS,
            example="every=2",
            frontends=("zswap",),
        ),
        Kind(
            "writeback-nomem",
            "a writeback gets no page of memory",
            f.WRITEBACK_NOMEM,
            example="10%",
            frontends=("zswap",),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A parsed plan. text: as it was given; options: values by name."""

    text: str
    kind: Kind
    options: Mapping[str, Any] = field(default_factory=dict)

    def row(self, slots: int) -> f.Row | None:
        """Return the plan for a machine whose swap file has so many slots, the header included."""
        if self.kind.number is None:
            return None
        said = self.options
        first, last = said.get("slot", (0, f.FOREVER))
        if "size" in said:
            first = said["size"] + 1
        if "fewer" in said:
            first = max(slots - said["fewer"], 1)
        return f.Row(
            kind=self.kind.number,
            first_slot=first,
            last_slot=last,
            space=said.get("space", 0),
            interval=said.get("interval", 1),
            threshold=int(f.PRIME * said.get("probability", 100) / 100),
            times=said.get("times", f.FOREVER),
            by_key=int(self.kind.by_key),
            seed=said.get("seed", 0),
        )


def parse_fault(text: str) -> FaultPlan:
    """Return the plan that a text means. InvalidArgument or NoEntry says what is allowed."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidArgument(f"{text[:40]!r}...: longer than {MOST_CHARACTERS} characters")
    name, colon, words = text.strip().partition(":")
    kind = KINDS.get(name)
    if kind is None:
        raise NoEntry(f"no fault {printable(repr(name[:40]))}; there are {', '.join(KINDS)}")
    said: dict[str, Any] = {}
    for word in re.split("[,+]", words) if colon else ():
        option, value = _option(kind, text, word.strip())
        if option in said:
            raise InvalidArgument(f"{text!r}: {option} is said twice")
        said[option] = value
    if kind.needs_one and not said.keys() - {"seed"}:
        raise _refuse(kind, text, "says nothing")
    if len(said) > 1 and kind.name == "swap-full":
        raise _refuse(kind, text, "size and fewer exclude each other")
    return FaultPlan(text.strip(), kind, said)


def texts_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of plans, which may be one text with blanks between."""
    return tuple(given.split() if isinstance(given, str) else given)


def parse_faults(texts: Sequence[str]) -> list[FaultPlan]:
    """Return the plans of one run. InvalidArgument or NoEntry says what is allowed."""
    if len(texts) > MAX_PLANS:
        raise InvalidArgument(f"{len(texts):,} faults; allowed are {MAX_PLANS}")
    return [parse_fault(text) for text in texts]


def check_faults(texts: Sequence[str], frontend: str, *, has_device: bool) -> None:
    """Refuse what a frontend does not have. has_device: there is one that pages are written to."""
    for plan in parse_faults(texts):
        if problem := _unfit(plan, frontend, has_device=has_device):
            raise InvalidArgument(f"fault {plan.text!r}: {problem}")


def fitting(texts: Sequence[str], frontend: str, *, has_device: bool) -> tuple[str, ...]:
    """Return the plans that check_faults does not refuse."""
    plans = parse_faults(texts)
    return tuple(p.text for p in plans if not _unfit(p, frontend, has_device=has_device))


def _unfit(plan: "FaultPlan", frontend: str, *, has_device: bool) -> str:
    if frontend not in plan.kind.frontends:
        allowed = " and ".join(plan.kind.frontends)
        return f"goes with the frontend {allowed}, not with {frontend}"
    if plan.kind.name in ("read-error", "write-error", "slow") and not has_device:
        return "zram has no device but with zram_writeback"
    return ""


def faults_of(texts: Sequence[str], slots: int, zeros: Zeros) -> f.Faults:
    """Return plans for a machine whose swap file has so many slots, the header included."""
    rows = [row for plan in parse_faults(texts) if (row := plan.row(slots)) is not None]
    return f.make_faults(rows, slots, zeros)


def slowness(texts: Sequence[str]) -> float:
    """Return how many times as long the device takes."""
    factor = 1.0
    for plan in parse_faults(texts):
        factor *= plan.options.get("factor", 1)
    return factor


def told(texts: Sequence[str], faults: f.Faults) -> dict[str, Any]:
    """Return what plans did, as a result has it: totals by name, and each plan's own counts."""
    plans = []
    totals = dict.fromkeys(NAMES, 0)
    at = 0
    for plan in parse_faults(texts):
        asked = struck = 0
        if plan.kind.number is not None:
            asked, struck = int(faults.plans[at + f.ASKED]), int(faults.plans[at + f.STRUCK])
            at += f.FIELDS
            totals[struck_name(plan.kind.name)] += struck
        plans.append({"plan": plan.text, "kind": plan.kind.name, "asked": asked, "struck": struck})
    totals["lost_pages"] = lost = int(faults.counts[f.LOST_PAGES])
    first = [int(faults.counts[f.LOST_SLOTS + k]) for k in range(min(lost, f.FIRST_LOST))]
    return {**totals, "plans": plans, "lost_slots": first}


def struck_name(kind: str) -> str:
    """Return the name of the number that tells how often plans of a kind struck."""
    return f"{kind.replace('-', '_')}_struck"


NAMES = (
    "lost_pages",
    *(struck_name(name) for name, kind in KINDS.items() if kind.number is not None),
)
"""Numbers of a result's section of faults, for assertions."""


def allowed_options(kind: Kind) -> str:
    """Return the options of a kind as a person writes them."""
    return ", ".join(_SHOWN[option] for option in kind.options)


def _option(kind: Kind, text: str, word: str) -> tuple[str, Any]:
    """Return the name and the value of an option."""
    name, equals, value = (part.strip() for part in word.partition("="))
    if not equals:
        value = name
        name = next((option for option, looks in _BARE if looks.fullmatch(value)), "")
    name = _OTHER_NAMES.get(name, name)
    if name not in kind.options:
        raise _refuse(kind, text, f"{word!r} is no option of it" if word else "an option is empty")
    try:
        return name, _VALUES[name](value)
    except ValueError as error:
        raise _refuse(kind, text, f"{name} {value!r}: {error}") from None


def _refuse(kind: Kind, text: str, problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"{printable(repr(text))}: {problem}; allowed are {allowed_options(kind)}, as "
        f"{kind.name}:{kind.example}"
    )


def _number(text: str, lowest: int = 0) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_DIGITS or int(text) < lowest:
        raise ValueError(f"is no whole number from {lowest} on")
    return int(text)


def _count(text: str) -> int:
    return _number(text, 1)


def _decimal(text: str, most: float) -> float:
    if re.fullmatch(r"\d{1,15}(\.\d{1,15})?", text, re.ASCII) is None or float(text) > most:
        raise ValueError(f"is no number from 0 to {most:,.0f}")
    return float(text)


def _probability(text: str) -> float:
    return _decimal(text.removesuffix("%").rstrip(), 100)


def _factor(text: str) -> float:
    return _decimal(text.removeprefix("x"), MAX_FACTOR)


def _slots(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    found = _count(first), _count(last or first)
    if found[0] > found[1]:
        raise ValueError("the first slot comes first")
    return found


_BARE = (
    ("probability", re.compile(r"[\d.]+\s*%")),
    ("factor", re.compile(r"x[\d.]+")),
    ("slot", re.compile(r"\d+(-\d+)?")),
)
"""What is an option by its looks, without a name."""

_VALUES: dict[str, Callable[[str], Any]] = {
    "probability": _probability,
    "interval": _count,
    "times": _number,
    "space": _number,
    "seed": _number,
    "slot": _slots,
    "factor": _factor,
    "size": _number,
    "fewer": _number,
}
_SHOWN = {
    "probability": "N%",
    "interval": "every=N",
    "times": "times=N",
    "space": "after=N",
    "seed": "seed=N",
    "slot": "slot=N or slot=N-M",
    "factor": "xN",
    "size": "size=N",
    "fewer": "fewer=N",
}
