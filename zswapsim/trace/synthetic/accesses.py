# SPDX-License-Identifier: GPL-2.0-only
"""Made-up accesses over any set of pages, in blocks: endless ones cost no more memory than few."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zswapsim.errors import InvalidArgument
from zswapsim.trace.counts import U32
from zswapsim.trace.synthetic.random import popularity, random_state
from zswapsim.trace.trace import WRITE
from zswapsim.units import parse_pages

GENERATED_ACCESSES = 1 << 18
"""Accesses made at a time. The trace does not depend on it."""

WRITE_PERCENT = 30.0
"""Share of writes unless said."""

MAX_ACCESSES = 1 << 60

PHASES = 16
"""Phases of a trace whose phases have no length of their own."""

_PAGE_STREAM, _ORDER_STREAM, _WRITE_STREAM = 0, 1, 2

Pages = npt.NDArray[np.int64]
KINDS = {
    "zipf": "zipf[:ALPHA]: the k-th most popular page in proportion to k ** -ALPHA, 1 unless said",
    "scan": "scan: one page after the other, each several times in a row and then never again",
    "loop": "loop: all pages in order, over and over",
    "phases": "phases[:PAGES[:LENGTH]]: at random among PAGES pages, a fresh set every LENGTH "
    "accesses; an eighth of the pages and 16 phases unless said",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKind:
    """What accesses are to be made. alpha: of zipf; set_pages, length: of phases, 0 for default."""

    kind: str
    alpha: float = 1.0
    set_pages: int = 0
    length: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidArgument(f"no accesses {self.kind!r}; there are {', '.join(KINDS)}")
        if not 0 <= self.alpha <= 10:
            raise InvalidArgument(f"alpha is {self.alpha}; allowed are 0..10")
        for field, value in (("set_pages", self.set_pages), ("length", self.length)):
            if not 0 <= value <= MAX_ACCESSES:
                raise InvalidArgument(f"{field} is {value}; allowed are 1..{MAX_ACCESSES}")

    def __str__(self) -> str:
        if self.kind == "zipf":
            return f"zipf:{self.alpha:g}"
        if self.kind == "phases" and self.set_pages:
            return f"phases:{self.set_pages}p" + (f":{self.length}" if self.length else "")
        return self.kind


def parse_accesses(spec: str) -> AccessKind:
    """Return what a text such as "zipf:0.9", "scan", "loop" or "phases:64M:100000" asks for.

    InvalidArgument says what is allowed.
    """
    kind, *settings = spec.strip().split(":")
    if kind not in KINDS:
        raise InvalidArgument(f"no accesses {spec!r}; there are {', '.join(KINDS)}")
    if len(settings) > {"zipf": 1, "phases": 2}.get(kind, 0):
        raise InvalidArgument(f"accesses {spec!r} say too much; allowed is {KINDS[kind]}")
    try:
        if kind == "zipf":
            return AccessKind(kind=kind, alpha=float(settings[0]) if settings else 1.0)
        return AccessKind(
            kind=kind,
            set_pages=parse_pages(settings[0]) if settings else 0,
            length=int(settings[1]) if len(settings) > 1 else 0,
        )
    except InvalidArgument as error:
        raise InvalidArgument(f"accesses {spec!r}: {error}") from None
    except ValueError:
        raise InvalidArgument(f"accesses {spec!r}: no number; allowed is {KINDS[kind]}") from None


def synthetic_accesses(
    spec: str | AccessKind,
    accesses: int,
    pages: int,
    seed: int = 0,
    write_percent: float = WRITE_PERCENT,
    block_accesses: int = GENERATED_ACCESSES,
) -> Iterator[U32]:
    """Yield made-up accesses to pages 0 .. pages - 1, encoded as in a trace: uint32 blocks.

    The same arguments give the same accesses; block_accesses says only how many come at a time.
    InvalidArgument, at once, names what is wrong.
    """
    kind = parse_accesses(spec) if isinstance(spec, str) else spec
    for field, value, low, high in (
        ("accesses", accesses, 0, MAX_ACCESSES),
        ("pages", pages, 1, WRITE),
        ("write_percent", write_percent, 0, 100),
        ("block_accesses", block_accesses, 1, 1 << 30),
    ):
        if not low <= value <= high:
            raise InvalidArgument(f"{field} is {value}; allowed are {low}..{high}")
    make_page = _MAKERS[kind.kind](kind, accesses, pages, seed)
    return _blocks(make_page, accesses, write_percent, seed, block_accesses)


MakePages = Callable[[int, int], Pages]
"""make_pages(first, count): the pages of accesses first .. first + count - 1, asked in order."""


def _blocks(
    make_pages: MakePages, accesses: int, write_percent: float, seed: int, block_accesses: int
) -> Iterator[U32]:
    writes = random_state(seed, _WRITE_STREAM)
    for first in range(0, accesses, block_accesses):
        count = min(block_accesses, accesses - first)
        block = make_pages(first, count).astype(np.uint32)
        block[writes.random_sample(count) * 100 < write_percent] |= np.uint32(WRITE)
        yield block


def _zipf(kind: AccessKind, accesses: int, pages: int, seed: int) -> MakePages:
    random = random_state(seed, _PAGE_STREAM)
    share = popularity(pages, kind.alpha)
    page_of: Pages = random_state(seed, _ORDER_STREAM).permutation(pages)

    def make_pages(first: int, count: int) -> Pages:
        drawn = random.random_sample(count) * share[-1]
        rank: Pages = np.searchsorted(share, drawn, side="right")
        return page_of.take(np.minimum(rank, pages - 1))

    return make_pages


def _scan(kind: AccessKind, accesses: int, pages: int, seed: int) -> MakePages:
    repeat, rest = divmod(accesses, pages)
    longer = rest * (repeat + 1)  # accesses to the first `rest` pages, which get one more each

    def make_pages(first: int, count: int) -> Pages:
        number = np.arange(first, first + count)
        return np.where(
            number < longer, number // (repeat + 1), rest + (number - longer) // max(repeat, 1)
        )

    return make_pages


def _loop(kind: AccessKind, accesses: int, pages: int, seed: int) -> MakePages:
    return lambda first, count: np.arange(first, first + count) % pages


def _phases(kind: AccessKind, accesses: int, pages: int, seed: int) -> MakePages:
    set_pages = kind.set_pages or max(1, pages // 8)
    if set_pages > pages:
        raise InvalidArgument(f"a phase has {set_pages} pages; allowed are 1..{pages}")
    length = kind.length or max(1, -(-accesses // PHASES))
    random = random_state(seed, _PAGE_STREAM)
    order = random_state(seed, _ORDER_STREAM)
    page_of: Pages = order.permutation(pages)
    # A set is a stretch of the shuffled pages; latest: the number and the start of the last one.
    latest = (-1, 0)

    def make_pages(first: int, count: int) -> Pages:
        nonlocal latest
        number = np.arange(first, first + count) // length
        begun = order.random_sample(int(number[-1]) - latest[0]) * pages
        starts = np.append(np.int64(latest[1]), begun.astype(np.int64))
        start = starts[number - latest[0]]
        latest = (int(number[-1]), int(start[-1]))
        member = (random.random_sample(count) * set_pages).astype(np.int64)
        return page_of.take((start + member) % pages)

    return make_pages


_MAKERS = {"zipf": _zipf, "scan": _scan, "loop": _loop, "phases": _phases}
